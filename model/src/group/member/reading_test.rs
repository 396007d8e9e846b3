//! What a member does with the partitions that it owns.

use super::bench_test::*;
use super::*;
use crate::message::{ErrorCode, ListOffset};
use crate::record::Batch;

#[test]
fn without_a_committed_offset_it_begins_where_the_policy_says() {
    let mut bench = Bench::new(&[Some(TWO)], plainly);
    bench.listed = Offset(3);
    bench = bench.started();
    assert_eq!(bench.resets(), [(0, 3)]);
    let (broker, _, what) = bench.fetch();
    assert_eq!((broker, what), (TWO, vec![(0, 3)]));
}

#[test]
fn with_a_committed_offset_it_begins_there() {
    let mut bench =
        Bench::new(&[Some(ONE)], |setup| setup.settings.auto_offset_reset = AutoOffsetReset::None);
    bench.committed = Some(Offset(8));
    bench = bench.started();
    assert_eq!(bench.resets(), [(0, 8)]);
    assert_eq!(bench.fetch().2, [(0, 8)]);
}

#[test]
fn without_offset_and_policy_it_stops() {
    let mut bench =
        Bench::new(&[Some(ONE)], |setup| setup.settings.auto_offset_reset = AutoOffsetReset::None).started();
    assert!(bench.fetches().is_empty());
    assert_eq!(bench.member.next_deadline(), None);
}

#[test]
fn one_fetch_a_broker_carries_all_partitions_owned_there() {
    let mut bench = Bench::new(&[Some(ONE), Some(TWO), Some(ONE), Some(ONE)], plainly);
    bench.committed = Some(Offset::ZERO);
    bench.share = Some(vec![0, 1]);
    bench = bench.started();
    let fetches: Vec<_> = bench.fetches().into_iter().map(|(broker, _, what)| (broker, what)).collect();
    assert_eq!(fetches, [(ONE, vec![(0, 0)]), (TWO, vec![(1, 0)])], "the other member owns 2 and 3");
}

#[test]
fn markers_and_aborted_records_are_passed_over_and_the_position_moves_on() {
    let mut bench = Bench::new(&[Some(ONE)], |setup| {
        plainly(setup);
        setup.settings.isolation_level = crate::config::IsolationLevel::ReadCommitted;
    });
    bench.committed = Some(Offset::ZERO);
    bench = bench.started();
    let in_transaction = |batch: Arc<Batch>, producer| {
        let (id, epoch) = (crate::ids::ProducerId(producer), Default::default());
        let stamp = crate::record::ProducerStamp {
            id,
            epoch,
            base_sequence: Default::default(),
            transactional: true,
        };
        Arc::new(Batch { producer: Some(stamp), ..Batch::clone(&batch) })
    };
    let (broker, correlation, _) = bench.fetch();
    let mut body =
        fetched(0, ErrorCode::None, vec![in_transaction(batch(0, 2), 1), in_transaction(batch(2, 3), 2)]);
    if let Body::FetchReply { partitions } = &mut body {
        let producer = crate::ids::ProducerId(2);
        let first_offset = Offset(2);
        partitions[0].aborted = vec![crate::message::AbortedTransaction { producer, first_offset }];
    }
    bench.answer(broker, correlation, body);
    assert_eq!(bench.polled(), [(0, 0, 1)]);
    assert_eq!(bench.fetch().2, [(0, 5)]);
}

#[test]
fn records_below_the_position_are_not_returned() {
    let mut bench = Bench::new(&[Some(ONE)], plainly);
    bench.committed = Some(Offset(3));
    bench = bench.started();
    bench.deliver(vec![batch(0, 3), batch(3, 1), batch(4, 2)]);
    assert_eq!(bench.polled(), [(0, 3, 3), (0, 4, 5)]);
    assert_eq!(bench.fetch().2, [(0, 6)]);
    let mut bench = Bench::new(&[Some(ONE)], plainly);
    bench.committed = Some(Offset(1));
    bench = bench.started();
    bench.deliver(vec![batch(0, 4)]);
    assert_eq!(bench.polled(), [(0, 1, 3)], "the first batch begins before the position");
}

#[test]
fn out_of_range_resets_the_position() {
    let mut bench = Bench::new(&[Some(ONE)], |setup| {
        setup.settings.auto_offset_reset = AutoOffsetReset::Latest;
    });
    bench.committed = Some(Offset(9));
    bench.listed = Offset(4);
    bench = bench.started();
    bench.events.clear();
    let (broker, correlation, _) = bench.fetch();
    bench.answer(broker, correlation, fetched(0, ErrorCode::OffsetOutOfRange, Vec::new()));
    let asks_latest =
        |body: &Body| matches!(body, Body::ListOffsetsRequest { position: ListOffset::Latest, .. });
    assert!(bench.requests.iter().any(|(.., body)| asks_latest(body)));
    bench.answer_clerks();
    assert_eq!(bench.resets(), [(0, 4)]);
    assert_eq!(bench.fetch().2, [(0, 4)]);
}

#[test]
fn a_leader_that_has_moved_is_found_through_metadata() {
    let mut bench = Bench::new(&[Some(ONE)], plainly).started();
    let (broker, correlation, _) = bench.fetch();
    bench.leaders = vec![Some(TWO)];
    bench.now = Instant::from_millis(1_000);
    bench.answer(broker, correlation, fetched(0, ErrorCode::NotLeaderForPartition, Vec::new()));
    bench.answer_clerks();
    assert!(bench.fetches().is_empty(), "it backs off first");
    bench.pass(100);
    assert_eq!(bench.fetch().0, TWO);
}

#[test]
fn a_broken_connection_is_opened_again_and_the_fetch_repeated() {
    let mut bench = Bench::new(&[Some(ONE)], plainly).started();
    let first = bench.fetch();
    bench.input(Input::Disconnected(NodeId(1)));
    bench.pass(50);
    let second = bench.fetch();
    assert_eq!((second.0, second.2), (first.0, first.2));
    bench.answer(first.0, first.1, fetched(0, ErrorCode::None, vec![batch(0, 1)]));
    assert!(bench.polled().is_empty(), "the old answer is stale");
}

#[test]
fn a_silent_broker_is_given_up_and_its_new_leader_is_fetched_from() {
    let mut bench = Bench::new(&[Some(ONE)], plainly).started();
    assert_eq!(bench.fetch().0, ONE);
    bench.leaders = vec![Some(TWO)];
    bench.pass(5_499);
    assert!(bench.fetches().is_empty());
    bench.pass(1);
    assert_eq!(bench.fetch().0, TWO);
}

#[test]
fn while_a_fetch_is_unanswered_new_metadata_moves_the_partition_at_once() {
    let mut bench = Bench::new(&[Some(ONE), Some(TWO)], plainly).started();
    let fetches = bench.fetches();
    bench.leaders = vec![Some(TWO), Some(TWO)];
    bench.now = Instant::from_millis(400);
    let (broker, correlation, _) = fetches[1];
    bench.answer(broker, correlation, fetched(1, ErrorCode::NotLeaderForPartition, Vec::new()));
    bench.answer_clerks();
    assert_eq!(bench.fetch().2, [(0, 0)], "partition 1 backs off");
    let (broker, correlation, _) = fetches[0];
    bench.answer(broker, correlation, fetched(0, ErrorCode::None, vec![batch(0, 1)]));
    assert!(bench.polled().is_empty(), "the former leader's answer comes too late");
}

#[test]
fn the_view_is_told_of_positions() {
    let mut bench = Bench::new(&[Some(ONE)], plainly);
    let mut view = ClusterView::default();
    view.consumers.push(crate::view::ConsumerView { node: NODE, ..Default::default() });
    bench = bench.started();
    bench.deliver(vec![batch(0, 2)]);
    bench.member.show(&mut view);
    assert_eq!(view.consumers[0].positions, [(partition(0), Some(Offset(2)))]);
}
