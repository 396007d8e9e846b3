//! A member that asks a new leader whether what it has read is still there (KIP-320).

use super::bench_test::*;
use super::*;
use crate::ids::LeaderEpoch;
use crate::message::{EpochEnd, EpochQuery, ErrorCode, MessageKind};
use crate::protocol::Preset;

/// A member of 2.4 that has read five records of epoch 0 from the first broker, with a fetch in flight there; then the second
/// one leads, in epoch 1, and it has heard.
fn five_records_then_another_leader(policy: AutoOffsetReset) -> (Bench, Fetch) {
    let mut bench = Bench::of(Preset::V2_4.protocol(), &[Some(ONE)], |setup| {
        setup.settings.auto_offset_reset = policy;
        setup.settings.metadata_max_age_ms = 500;
    });
    bench.committed = Some(Offset(0));
    bench = bench.started();
    bench.deliver(vec![batch(0, 5)]);
    let late = bench.fetch();
    (bench.leaders, bench.epoch) = (vec![Some(TWO)], 1);
    bench.pass(1_000);
    bench.events.clear();
    (bench, late)
}

impl Bench {
    fn epoch_query(&mut self) -> (BrokerId, CorrelationId, Vec<EpochQuery>) {
        let (broker, correlation, body) = self.take_one(MessageKind::OffsetForLeaderEpochRequest);
        let Body::OffsetForLeaderEpochRequest { partitions, .. } = body else { panic!("{body:?}") };
        (broker, correlation, partitions)
    }

    fn epoch_ends(&mut self, error: ErrorCode, end: Option<u64>) {
        let (broker, correlation, asked) = self.epoch_query();
        let end = EpochEnd {
            partition: asked[0].partition,
            error,
            epoch: end.map(|_| asked[0].epoch),
            end_offset: end.map(Offset),
        };
        self.answer(broker, correlation, Body::OffsetForLeaderEpochReply { partitions: vec![end] });
        self.answer_clerks();
    }

    fn current_epoch(&mut self) -> Option<LeaderEpoch> {
        let (.., body) = self.take_one(MessageKind::FetchRequest);
        let Body::FetchRequest { partitions, .. } = body else { panic!("{body:?}") };
        partitions[0].current_epoch
    }
}

#[test]
fn the_new_leader_is_asked_where_the_epoch_ends_that_was_read_last_before_it_is_fetched_from() {
    let (mut bench, _) = five_records_then_another_leader(AutoOffsetReset::Earliest);
    assert!(bench.fetches().is_empty());
    let (broker, _, asked) = bench.epoch_query();
    let query =
        EpochQuery { partition: partition(0), current_epoch: Some(LeaderEpoch(1)), epoch: LeaderEpoch(0) };
    assert_eq!((broker, asked), (TWO, vec![query]));
}

#[test]
fn a_position_that_the_log_reaches_stands_and_is_read_on_under_the_new_epoch() {
    for end in [5, 9] {
        let (mut bench, _) = five_records_then_another_leader(AutoOffsetReset::Earliest);
        bench.epoch_ends(ErrorCode::None, Some(end));
        assert_eq!(bench.happened(), ["valid 0 5"]);
        assert_eq!(bench.current_epoch(), Some(LeaderEpoch(1)));
    }
}

#[test]
fn truncation_is_told_and_with_any_policy_the_position_moves_to_where_the_logs_part() {
    for policy in [AutoOffsetReset::Earliest, AutoOffsetReset::Latest] {
        let (mut bench, _) = five_records_then_another_leader(policy);
        bench.epoch_ends(ErrorCode::None, Some(3));
        assert_eq!(bench.happened(), ["truncated 0 5 to 3", "at 0 3"]);
        assert_eq!(bench.fetch().2, [(0, 3)]);
    }
}

#[test]
fn without_a_policy_truncation_stops_the_member() {
    let (mut bench, _) = five_records_then_another_leader(AutoOffsetReset::None);
    bench.epoch_ends(ErrorCode::None, Some(3));
    assert_eq!(bench.happened(), ["truncated 0 5 to 3"]);
    assert!(bench.fetches().is_empty());
    assert_eq!(bench.member.next_deadline(), None);
}

#[test]
fn where_the_leader_knows_no_such_epoch_the_policy_decides() {
    let (mut bench, _) = five_records_then_another_leader(AutoOffsetReset::Latest);
    bench.listed = Offset(2);
    bench.epoch_ends(ErrorCode::None, None);
    assert_eq!(bench.happened(), ["truncated 0 5 to 0", "at 0 2"]);
}

#[test]
fn an_answer_of_the_former_leader_counts_no_more() {
    let (mut bench, (broker, correlation, _)) = five_records_then_another_leader(AutoOffsetReset::Earliest);
    bench.answer(broker, correlation, fetched(0, ErrorCode::None, vec![batch(5, 2)]));
    assert!(bench.polled().is_empty());
}

#[test]
fn what_awaits_validation_is_not_committed() {
    let (mut bench, _) = five_records_then_another_leader(AutoOffsetReset::Earliest);
    bench.commits();
    bench.pass(4_900);
    assert!(bench.commits().is_empty());
    bench.epoch_ends(ErrorCode::None, Some(5));
    bench.pass(10_000);
    assert_eq!(bench.commits().pop().map(|(.., what)| what), Some(vec![(0, 5)]));
}

#[test]
fn after_an_error_or_a_broken_connection_it_asks_again() {
    let (mut bench, _) = five_records_then_another_leader(AutoOffsetReset::Earliest);
    bench.epoch_ends(ErrorCode::UnknownLeaderEpoch, None);
    bench.pass(1_000);
    bench.epoch_query();
    bench.input(Input::Disconnected(NodeId(2)));
    bench.pass(1_000);
    bench.epoch_ends(ErrorCode::None, Some(5));
    assert_eq!(bench.happened(), ["valid 0 5"]);
}

#[test]
fn a_fenced_fetch_makes_it_look_for_the_leader() {
    let mut bench = Bench::of(Preset::V2_4.protocol(), &[Some(ONE)], plainly).started();
    bench.deliver(vec![batch(0, 2)]);
    let (broker, correlation, _) = bench.fetch();
    bench.epoch = 1;
    bench.now = Instant::from_millis(1_000);
    bench.answer(broker, correlation, fetched(0, ErrorCode::FencedLeaderEpoch, Vec::new()));
    bench.answer_clerks();
    bench.pass(200);
    assert_eq!(bench.epoch_query().2[0].current_epoch, Some(LeaderEpoch(1)));
}

#[test]
fn metadata_of_an_older_epoch_are_not_believed() {
    let (mut bench, _) = five_records_then_another_leader(AutoOffsetReset::Earliest);
    bench.epoch_ends(ErrorCode::None, Some(5));
    bench.fetches();
    (bench.leaders, bench.epoch) = (vec![Some(ONE)], 0);
    bench.pass(1_000);
    assert_eq!(bench.member.net.metadata.leader(partition(0)), Some(TWO));
    assert!(bench.take(MessageKind::OffsetForLeaderEpochRequest).is_empty());
}

#[test]
fn before_kip_320_nobody_is_asked_and_no_epoch_is_told() {
    let mut bench = Bench::of(Preset::V2_1.protocol(), &[Some(ONE)], |setup| {
        setup.settings.metadata_max_age_ms = 500;
    })
    .started();
    bench.deliver(vec![batch(0, 5)]);
    (bench.leaders, bench.epoch) = (vec![Some(TWO)], 1);
    bench.fetches();
    bench.pass(1_000);
    assert!(bench.take(MessageKind::OffsetForLeaderEpochRequest).is_empty());
    assert_eq!(bench.current_epoch(), None);
}

#[test]
fn while_the_leader_cannot_say_where_its_log_ends_it_is_asked_again() {
    let mut bench = Bench::of(Preset::V2_4.protocol(), &[Some(ONE)], plainly)
        .holding(&[MessageKind::ListOffsetsRequest])
        .started();
    for _ in 0..2 {
        let (broker, correlation, _) = bench.take_one(MessageKind::ListOffsetsRequest);
        let (error, offset) = (ErrorCode::OffsetNotAvailable, Offset::ZERO);
        bench.answer(broker, correlation, Body::ListOffsetsReply { partition: partition(0), error, offset });
        bench.answer_clerks();
        assert!(bench.fetches().is_empty());
        bench.pass(200);
    }
    let (broker, correlation, _) = bench.take_one(MessageKind::ListOffsetsRequest);
    let (error, offset) = (ErrorCode::None, Offset(4));
    bench.answer(broker, correlation, Body::ListOffsetsReply { partition: partition(0), error, offset });
    assert_eq!(bench.fetch().2, [(0, 4)]);
}
