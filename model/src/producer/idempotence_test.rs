//! PIDs, sequences and the order of retries.

use super::bench_test::*;

#[test]
fn an_idempotent_producer_sends_nothing_before_it_has_a_pid() {
    let mut bench = Bench::started(settings(idempotent));
    assert!(matches!(
        bench.requests[..],
        [(ONE, _, Body::MetadataRequest), (TWO, _, Body::InitProducerIdRequest { .. })]
    ));
    let (broker, correlation, _) = bench.requests.remove(0);
    bench.answer(broker, correlation, led_by(&[Some(ONE)]));
    bench.send(0);
    assert!(bench.produces().is_empty());
    bench.answer_clerks(&[Some(ONE)]);
    assert_eq!(bench.produce().stamp().map(|(_, sequence)| sequence), Some(Sequence(0)));
}

#[test]
fn a_retry_keeps_its_stamp_and_sequences_count_records() {
    let mut bench = Bench::ready(settings(idempotent), &[Some(ONE), Some(ONE)]);
    bench.send(0);
    let first = bench.produce();
    bench.send(0);
    bench.send(0);
    bench.reply(&first, ErrorCode::NotEnoughReplicas);
    bench.pass(100);
    let again = bench.produce();
    assert_eq!(again.stamp(), first.stamp());
    assert!(Arc::ptr_eq(&again.partitions[0].batch.records, &first.partitions[0].batch.records));
    bench.reply(&again, ErrorCode::None);
    let second = bench.produce();
    assert_eq!((second.stamp().unwrap().1, second.records()), (Sequence(1), vec![(0, vec![1, 2])]));
    bench.reply(&second, ErrorCode::None);
    bench.send(1);
    assert_eq!(bench.produce().stamp().unwrap().1, Sequence(0), "each partition counts for itself");
}

#[test]
fn with_idempotence_and_more_in_flight_batches_come_back_in_sequence() {
    let five = settings(|s| {
        idempotent(s);
        s.max_in_flight = 5;
    });
    let mut bench = Bench::ready(five, &[Some(ONE)]);
    bench.send(0);
    bench.send(0);
    let [first, second] = &bench.produces()[..] else { panic!("two requests") };
    bench.reply(first, ErrorCode::NotEnoughReplicas);
    bench.send(0);
    bench.pass(100);
    assert!(bench.produces().is_empty(), "the second is still in flight");
    bench.reply(second, ErrorCode::OutOfOrderSequenceNumber);
    bench.pass(100);
    let again = bench.produce();
    assert_eq!((again.stamp(), again.records()), (first.stamp(), first.records()));
    bench.reply(&again, ErrorCode::None);
    let rest = bench.produces();
    let records: Vec<_> = rest.iter().flat_map(Produce::records).collect();
    assert_eq!(records, [(0, vec![1]), (0, vec![2])]);
    assert_eq!(rest[0].stamp(), second.stamp());
    rest.iter().for_each(|produce| bench.reply(produce, ErrorCode::None));
    assert_eq!(bench.outcomes().len(), 3);
}

#[test]
fn out_of_order_fails_the_batch_and_the_producer_begins_anew_under_another_pid() {
    let mut bench = Bench::ready(settings(idempotent), &[Some(ONE)]);
    bench.send(0);
    let first = bench.produce();
    bench.reply(&first, ErrorCode::None);
    bench.send(0);
    let second = bench.produce();
    bench.send(0);
    bench.reply(&second, ErrorCode::OutOfOrderSequenceNumber);
    assert!(bench.produces().is_empty());
    assert_eq!(
        bench.outcomes(),
        [acknowledged(&[0]), failed(&[1], ErrorCode::OutOfOrderSequenceNumber, true)]
    );
    bench.answer_clerks(&[Some(ONE)]);
    let third = bench.produce();
    let (id, sequence) = third.stamp().unwrap();
    assert_ne!(id, first.stamp().unwrap().0);
    assert_eq!((sequence, third.records()), (Sequence(0), vec![(0, vec![2])]));
}

#[test]
fn a_batch_of_an_old_pid_is_not_retried_under_a_new_one() {
    let mut bench = Bench::ready(settings(idempotent), &[Some(ONE), Some(TWO)]);
    bench.send(0);
    bench.send(1);
    let produces = bench.produces();
    bench.reply(&produces[0], ErrorCode::OutOfOrderSequenceNumber);
    bench.answer_clerks(&[Some(ONE), Some(TWO)]);
    bench.reply(&produces[1], ErrorCode::RequestTimedOut);
    assert_eq!(
        bench.outcomes(),
        [
            failed(&[0], ErrorCode::OutOfOrderSequenceNumber, true),
            failed(&[1], ErrorCode::OutOfOrderSequenceNumber, false)
        ]
    );
}

#[test]
fn a_batch_that_is_given_up_leaves_its_sequences_to_the_next_as_in_0_11() {
    let mut bench = Bench::ready(
        settings(|s| {
            idempotent(s);
            s.retries = 0;
        }),
        &[Some(ONE)],
    );
    bench.send(0);
    let first = bench.produce();
    bench.reply(&first, ErrorCode::RequestTimedOut);
    bench.send(0);
    assert_eq!(bench.produce().stamp(), first.stamp());
}

#[test]
fn a_batch_that_expires_in_retry_takes_the_pid_with_it() {
    let mut bench = Bench::ready(settings(idempotent), &[Some(ONE)]);
    bench.send(0);
    let first = bench.produce();
    bench.reply(&first, ErrorCode::NotLeaderForPartition);
    bench.pass(100);
    // The connection to the next broker opens first; meanwhile the batch is sent again.
    bench.answer_clerks(&[None]);
    let again = bench.produce();
    bench.reply(&again, ErrorCode::NotLeaderForPartition);
    bench.pass(100);
    bench.answer_clerks(&[None]);
    bench.pass(30_001);
    assert_eq!(bench.outcomes(), [failed(&[0], ErrorCode::RequestTimedOut, false)]);
    assert!(bench.requests.iter().any(|(.., body)| matches!(body, Body::InitProducerIdRequest { .. })));
}

#[test]
fn a_fenced_producer_fails_everything_from_then_on() {
    let mut bench = Bench::ready(settings(idempotent), &[Some(ONE)]);
    bench.send(0);
    bench.send(0);
    let first = bench.produce();
    bench.reply(&first, ErrorCode::InvalidProducerEpoch);
    bench.send(0);
    let error = ErrorCode::InvalidProducerEpoch;
    assert_eq!(
        bench.outcomes(),
        [failed(&[0], error, true), failed(&[1], error, true), failed(&[2], error, true)]
    );
    assert_eq!(bench.producer.pending, 0);
}

/// From 1.0 to 2.4 leaders say UNKNOWN_PRODUCER_ID.
#[test]
fn where_nothing_was_acknowledged_yet_an_unknown_producer_counts_from_zero_again_under_its_pid() {
    let mut bench = Bench::ready(settings(five_in_flight), &[Some(ONE)]);
    for _ in 0..3 {
        bench.send(0);
    }
    let sent = bench.produces();
    bench.reply(&sent[0], ErrorCode::NotEnoughReplicas);
    bench.reply(&sent[1], ErrorCode::UnknownProducerId);
    bench.reply(&sent[2], ErrorCode::UnknownProducerId);
    for number in 0..3 {
        bench.pass(100);
        let again = bench.produce();
        assert_eq!((again.place(), again.records()), ((0, number), vec![(0, vec![number])]));
        assert_eq!(again.stamp().unwrap().0, sent[0].stamp().unwrap().0, "the PID stays");
        bench.reply(&again, ErrorCode::None);
    }
}

#[test]
fn where_something_was_acknowledged_an_unknown_producer_fails_its_batch_and_asks_for_another_pid() {
    let mut bench = Bench::ready(settings(five_in_flight), &[Some(ONE)]);
    bench.send(0);
    let first = bench.produce();
    bench.reply(&first, ErrorCode::None);
    bench.send(0);
    let second = bench.produce();
    bench.reply(&second, ErrorCode::UnknownProducerId);
    let failed = failed(&[1], ErrorCode::UnknownProducerId, true);
    assert_eq!(bench.outcomes(), [acknowledged(&[0]), failed]);
    assert!(!bench.producer.session.may_send());
}
