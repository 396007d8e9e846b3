//! How records become batches and requests.

use super::bench_test::*;

#[test]
fn a_record_waits_for_metadata_and_then_for_a_connection() {
    let mut bench = Bench::started(settings(|_| {}));
    assert_eq!(bench.requests.len(), 1, "metadata is asked for at the start");
    assert_eq!(bench.requests[0].0, ONE, "of the first broker");
    bench.send(0);
    assert!(bench.produces().is_empty());
    let (broker, correlation, _) = bench.requests.remove(0);
    bench.answer(broker, correlation, led_by(&[Some(TWO)]));
    assert!(matches!(bench.events[0], Event::RecordSent { .. }));
    assert!(bench.produces().is_empty(), "broker 2 has not been spoken to");
    bench.answer_clerks(&[Some(TWO)]);
    let produce = bench.produce();
    assert_eq!((produce.broker, produce.records()), (TWO, vec![(0, vec![0])]));
    bench.reply(&produce, ErrorCode::None);
    assert_eq!(bench.outcomes(), [acknowledged(&[0])]);
    assert_eq!(bench.producer.pending, 0);
}

#[test]
fn records_gather_until_linger_has_passed() {
    let mut bench = Bench::ready(settings(|s| s.linger_ms = 10), &[Some(ONE), Some(ONE)]);
    bench.send(0);
    bench.pass(9);
    bench.send(0);
    bench.send(1);
    assert!(bench.produces().is_empty());
    bench.pass(1);
    assert_eq!(bench.produce().records(), [(0, vec![0, 1])], "partition 1 may still wait");
    bench.pass(9);
    assert_eq!(bench.produce().records(), [(1, vec![2])]);
}

#[test]
fn a_full_batch_does_not_wait_and_one_request_carries_all_partitions_of_a_broker() {
    let full = settings(|s| {
        s.linger_ms = 1_000;
        s.batch_size_bytes = 250;
        s.max_in_flight = 1;
    });
    let mut bench = Bench::ready(full, &[Some(ONE), Some(ONE)]);
    for _ in 0..3 {
        bench.send(0);
    }
    let first = bench.produce();
    assert_eq!(first.records(), [(0, vec![0, 1])], "the third record closed the batch");
    for _ in 0..6 {
        bench.send(1);
    }
    bench.send(0);
    bench.send(0);
    assert!(bench.produces().is_empty(), "one request is in flight");
    bench.reply(&first, ErrorCode::None);
    assert_eq!(bench.produce().records(), [(0, vec![2, 9]), (1, vec![3, 4])]);
}

#[test]
fn sticky_records_fill_a_batch_of_one_partition_after_another() {
    for partitioner in [UnkeyedRule::Sticky, UnkeyedRule::UniformSticky] {
        let switches = Switches { partitioner: Some(partitioner), ..Switches::default() };
        let full = settings(|s| {
            s.linger_ms = 1_000;
            s.batch_size_bytes = 300;
            s.max_in_flight = 20;
        });
        let mut bench = Bench::ready_under(switches, full, &[Some(ONE), Some(ONE), Some(TWO)]);
        for _ in 0..30 {
            bench.send_anywhere();
        }
        bench.pass(1_000);
        let batches: Vec<_> = bench.produces().iter().flat_map(Produce::records).collect();
        assert_eq!(batches.len(), 10, "{batches:?}");
        assert!(batches.iter().all(|(_, records)| records.len() == 3), "{batches:?}");
    }
}

#[test]
fn no_more_requests_leave_than_may_be_in_flight() {
    let mut bench = Bench::ready(settings(|s| s.max_in_flight = 2), &[Some(ONE)]);
    for _ in 0..4 {
        bench.send(0);
    }
    let produces = bench.produces();
    assert_eq!(produces.iter().map(Produce::records).collect::<Vec<_>>(), [[(0, vec![0])], [(0, vec![1])]]);
    bench.reply(&produces[1], ErrorCode::None);
    assert_eq!(bench.produce().records(), [(0, vec![2, 3])], "what waited went into one batch");
}

#[test]
fn acks_0_is_acknowledged_as_it_leaves() {
    let mut bench = Bench::ready(settings(|s| s.acks = Acks::None), &[Some(ONE)]);
    for _ in 0..20 {
        bench.send(0);
    }
    assert_eq!(bench.produces().len(), 20, "nothing counts as in flight");
    assert_eq!(bench.outcomes().len(), 20);
    assert!(bench.producer.net.timed_out(Instant::from_millis(1_000_000)).is_none());
}

#[test]
fn metadata_that_knows_no_broker_is_passed_over() {
    let mut bench = Bench::started(settings(|_| {}));
    let (broker, correlation, _) = bench.requests.remove(0);
    bench.answer(broker, correlation, Body::MetadataReply(Arc::new(Metadata::default())));
    bench.pass(100);
    assert!(matches!(bench.requests[..], [(TWO, _, Body::MetadataRequest)]), "the next broker is asked");
}

#[test]
fn the_view_is_told_of_pending_records() {
    let mut bench = Bench::ready(settings(|_| {}), &[Some(ONE)]);
    bench.send(0);
    let mut view = ClusterView::default();
    view.producers.push(crate::view::ProducerView { node: NODE, pending: 9, transactional: false });
    bench.producer.show(&mut view);
    assert_eq!(view.producers[0].pending, 1);
}

#[test]
fn a_step_without_linger_asks_for_no_deadline_but_the_request_timeout() {
    let mut bench = Bench::ready(settings(|_| {}), &[Some(ONE)]);
    bench.send(0);
    assert_eq!(bench.producer.next_deadline(), Some(Instant::from_millis(30_000)));
}
