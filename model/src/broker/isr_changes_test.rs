//! A leader that asks the controller for another ISR, version by version.

use super::*;
use crate::broker::broker_test::{Bench, ORDERS, config_of, records};
use crate::config::{Acks, BrokerConfig};
use crate::event::{Event, EventKind};
use crate::ids::{BrokerEpoch, LeaderEpoch, Offset, PartitionEpoch};
use crate::message::{ErrorCode, FetchPartition, Fetcher, Metadata};
use crate::protocol::{Preset, Protocol};
use std::sync::Arc;

fn set(ids: &[u8]) -> BrokerSet {
    ids.iter().copied().map(BrokerId).collect()
}

fn state(leader_epoch: u32, partition_epoch: u32, isr: &[u8]) -> PartitionState {
    PartitionState {
        partition: ORDERS,
        leader: Some(BrokerId(1)),
        leader_epoch: LeaderEpoch(leader_epoch),
        isr: set(isr),
        partition_epoch: PartitionEpoch(partition_epoch),
        replicas: vec![BrokerId(1), BrokerId(2), BrokerId(3)],
        ..PartitionState::default()
    }
}

/// Everyone lives, and broker `b` is registered under epoch `b`.
fn all_alive() -> Metadata {
    let broker_epochs = vec![BrokerEpoch(1), BrokerEpoch(2), BrokerEpoch(3)];
    Metadata { live_brokers: set(&[1, 2, 3]), broker_epochs, ..Metadata::default() }
}

impl Bench {
    /// Broker 1 of this version leads in epoch 0; its followers are at 0.
    fn leads(protocol: Protocol, min_isr: u32, isr: &[u8]) -> Self {
        let mut bench = Self::of(1, config_of(protocol, min_isr, BrokerConfig::default()));
        bench.hear_of(all_alive());
        bench.tell(state(0, 0, isr));
        bench.fetches_as(2, 0, None);
        bench.fetches_as(3, 0, None);
        bench
    }

    fn hear_of(&mut self, metadata: Metadata) {
        let body = Body::UpdateMetadataRequest(Arc::new(metadata));
        self.hear(NodeId::CONTROLLER, CorrelationId(0), body);
    }

    fn fetches_as(&mut self, follower: u8, offset: u64, broker_epoch: Option<u64>) {
        self.fetches_after(follower, offset, broker_epoch, None);
    }

    fn fetches_after(
        &mut self,
        follower: u8,
        offset: u64,
        broker_epoch: Option<u64>,
        last_epoch: Option<LeaderEpoch>,
    ) {
        let partitions = vec![FetchPartition {
            partition: ORDERS,
            offset: Offset(offset),
            max_bytes: 1 << 20,
            last_epoch,
            current_epoch: None,
        }];
        let request = Body::FetchRequest {
            fetcher: Fetcher::Replica(BrokerId(follower)),
            broker_epoch: broker_epoch.map(BrokerEpoch),
            max_wait: Micros::from_millis(500),
            min_bytes: 1,
            partitions,
            isolation: crate::config::IsolationLevel::ReadUncommitted,
        };
        self.hear(BrokerId(follower), CorrelationId(5), request);
    }

    /// Broker 2 falls silent and broker 3 goes on; at 15 s the leader proposes to drop broker 2.
    fn drops_2(&mut self) -> CorrelationId {
        self.produce(Acks::Leader, records(0, 1));
        self.now = Instant::from_millis(9_000);
        self.fetches_as(3, 1, None);
        self.at(15_000);
        self.proposed().expect("broker 2 is late").1
    }

    /// What the latest step proposed.
    fn proposed(&self) -> Option<(BrokerSet, CorrelationId)> {
        self.out.sends.iter().find_map(|sent| {
            let Body::AlterPartitionRequest { proposed, .. } = &sent.message.body else { return None };
            Some((proposed.isr, sent.message.correlation))
        })
    }

    fn answer(&mut self, correlation: CorrelationId, error: ErrorCode, in_force: &PartitionState) {
        let PartitionState { leader_epoch, isr, partition_epoch, .. } = *in_force;
        let partition = ORDERS;
        let reply = Body::AlterPartitionReply { partition, error, leader_epoch, isr, partition_epoch };
        self.hear(NodeId::CONTROLLER, correlation, reply);
    }

    fn isrs(&self) -> (BrokerSet, BrokerSet, bool) {
        let leader = self.replica().as_leader().expect("broker 1 leads");
        (leader.isr, leader.maximal_isr(), leader.isr_change.is_some())
    }

    fn high_watermark(&self) -> u64 {
        self.replica().high_watermark.0
    }
}

#[test]
fn who_is_to_leave_counts_until_the_controller_has_confirmed_it() {
    let mut bench = Bench::leads(Preset::V3_3.protocol(), 1, &[1, 2, 3]);
    let correlation = bench.drops_2();
    assert_eq!(bench.isrs(), (set(&[1, 2, 3]), set(&[1, 2, 3]), true));
    bench.produce(Acks::Leader, records(1, 1));
    assert_eq!(bench.high_watermark(), 0);
    bench.answer(correlation, ErrorCode::None, &state(0, 1, &[1, 3]));
    assert!(bench.saw(EventKind::IsrUpdated));
    assert_eq!(bench.isrs(), (set(&[1, 3]), set(&[1, 3]), false));
    assert_eq!(bench.high_watermark(), 1);
}

#[test]
fn a_shrink_that_is_confirmed_in_2_7_leaves_the_high_watermark_where_it_is_until_something_else_moves_it() {
    let mut bench = Bench::leads(Preset::V2_7.protocol(), 1, &[1, 2, 3]);
    let correlation = bench.drops_2();
    bench.answer(correlation, ErrorCode::None, &state(0, 1, &[1, 3]));
    assert_eq!((bench.isrs().0, bench.high_watermark()), (set(&[1, 3]), 0));
    bench.fetches_as(3, 1, None);
    assert_eq!(bench.high_watermark(), 0, "its log ends where it ended");
    bench.produce(Acks::Leader, records(1, 1));
    assert_eq!(bench.high_watermark(), 1);
}

#[test]
fn who_is_to_join_counts_at_once_and_appends_and_the_high_watermark_go_on() {
    let mut bench = Bench::leads(Preset::V3_3.protocol(), 2, &[1, 3]);
    assert_eq!(bench.isrs(), (set(&[1, 3]), set(&[1, 2, 3]), true));
    bench.produce(Acks::All, records(0, 1));
    bench.fetches_as(3, 1, None);
    assert_eq!(bench.high_watermark(), 0, "broker 2 counts already");
    bench.fetches_as(2, 1, None);
    assert_eq!(bench.high_watermark(), 1, "a request does not hold the partition up");
    assert_eq!(bench.produce_answer(), Some((ErrorCode::None, Some(Offset(0)))));
}

#[test]
fn acks_all_needs_the_committed_isr_to_append_and_the_maximal_one_to_be_answered() {
    let mut bench = Bench::leads(Preset::V3_3.protocol(), 2, &[1, 2, 3]);
    bench.produce(Acks::All, records(0, 1));
    bench.tell(state(0, 5, &[1]));
    bench.fetches_as(2, 0, None);
    assert_eq!(bench.isrs(), (set(&[1]), set(&[1, 2]), true));
    bench.produce_from(NodeId(6), Acks::All, records(1, 1));
    assert_eq!(bench.replica().log.end_offset(), Offset(1), "one member is too few to append");
    bench.fetches_as(2, 1, None);
    bench.fetches_as(3, 1, None);
    assert_eq!(bench.produce_answer(), Some((ErrorCode::None, Some(Offset(0)))));
}

#[test]
fn an_ineligible_replica_makes_the_leader_go_back_to_what_was_committed() {
    let mut bench = Bench::leads(Preset::V3_3.protocol(), 1, &[1, 3]);
    bench.at(30_000);
    let (_, correlation) = bench.proposed().expect("the proposal is repeated");
    bench.answer(correlation, ErrorCode::IneligibleReplica, &PartitionState::default());
    assert!(bench.saw(EventKind::IsrUpdateRefused));
    assert_eq!(bench.isrs(), (set(&[1, 3]), set(&[1, 3]), false));
}

#[test]
fn a_leader_that_cannot_know_what_is_in_force_waits_for_a_notice() {
    let errors = [
        ErrorCode::FencedLeaderEpoch,
        ErrorCode::InvalidUpdateVersion,
        ErrorCode::InvalidRequest,
        ErrorCode::UnknownTopicOrPartition,
        ErrorCode::NewLeaderElected,
    ];
    for error in errors {
        let mut bench = Bench::leads(Preset::V3_3.protocol(), 1, &[1, 2, 3]);
        let correlation = bench.drops_2();
        bench.answer(correlation, error, &PartitionState::default());
        assert!(bench.isrs().2, "{error:?}");
        bench.at(120_000);
        assert_eq!(bench.proposed(), None, "{error:?}");
        bench.tell(state(0, 3, &[1, 3]));
        assert_eq!(bench.isrs(), (set(&[1, 3]), set(&[1, 3]), false));
    }
}

#[test]
fn another_refusal_is_answered_with_the_same_proposal_a_little_later() {
    let mut bench = Bench::leads(Preset::V3_3.protocol(), 1, &[1, 2, 3]);
    let correlation = bench.drops_2();
    bench.answer(correlation, ErrorCode::StaleBrokerEpoch, &PartitionState::default());
    assert_eq!(bench.proposed(), None);
    bench.at(15_050);
    assert_eq!(bench.proposed().map(|(isr, _)| isr), Some(set(&[1, 3])));
}

#[test]
fn a_success_in_another_leader_epoch_is_left_to_the_notice_that_brings_the_epoch() {
    let mut bench = Bench::leads(Preset::V3_3.protocol(), 1, &[1, 2, 3]);
    let correlation = bench.drops_2();
    bench.answer(correlation, ErrorCode::None, &state(1, 1, &[1, 3]));
    assert_eq!(bench.isrs(), (set(&[1, 2, 3]), set(&[1, 2, 3]), true));
    bench.tell(state(1, 1, &[1, 3]));
    assert!(bench.saw(EventKind::BecameLeader));
    assert_eq!(bench.isrs(), (set(&[1, 3]), set(&[1, 3]), false));
}

#[test]
fn an_answer_that_a_notice_has_overtaken_changes_nothing() {
    let mut bench = Bench::leads(Preset::V3_3.protocol(), 1, &[1, 2, 3]);
    let correlation = bench.drops_2();
    bench.tell(state(0, 4, &[1, 2, 3]));
    bench.answer(correlation, ErrorCode::None, &state(0, 1, &[1, 3]));
    assert_eq!(bench.isrs().0, set(&[1, 2, 3]));
}

#[test]
fn under_zookeeper_a_notice_within_the_epoch_is_passed_over() {
    let mut bench = Bench::leads(Preset::V2_7.protocol(), 1, &[1, 2, 3]);
    bench.tell(state(0, 4, &[1, 3]));
    assert_eq!(bench.isrs().0, set(&[1, 2, 3]));
}

/// A proposal is under way, a notice of a new epoch overtakes it, and the leader has reason for another.
fn overtaken(preset: Preset) -> (Bench, CorrelationId) {
    let mut bench = Bench::leads(preset.protocol(), 1, &[1, 2, 3]);
    let old = bench.drops_2();
    bench.tell(state(1, 1, &[1, 3]));
    bench.fetches_as(2, 1, None);
    (bench, old)
}

#[test]
fn in_2_8_a_proposal_after_a_notice_is_lost_with_the_answer_to_the_older_one() {
    let (mut bench, old) = overtaken(Preset::V2_8);
    assert_eq!((bench.isrs().2, bench.proposed()), (true, None), "it waits behind the older request");
    bench.answer(old, ErrorCode::FencedLeaderEpoch, &PartitionState::default());
    for second in 16..120 {
        bench.at(second * 1_000);
        assert_eq!(bench.proposed(), None, "it is forgotten");
    }
    assert!(bench.isrs().2, "and the leader does not know it");
}

#[test]
fn since_3_0_a_proposal_after_a_notice_is_put_off_until_the_older_one_is_answered() {
    let protocol = Protocol { isr_reply_checked: true, ..Preset::V2_8.protocol() };
    let mut bench = Bench::leads(protocol, 1, &[1, 2, 3]);
    let old = bench.drops_2();
    bench.tell(state(1, 1, &[1, 3]));
    bench.fetches_as(2, 1, None);
    assert!(!bench.isrs().2);
    bench.answer(old, ErrorCode::FencedLeaderEpoch, &PartitionState::default());
    bench.fetches_as(2, 1, None);
    assert_eq!(bench.proposed().map(|(isr, _)| isr), Some(set(&[1, 2, 3])));
}

#[test]
fn nobody_joins_before_the_beginning_of_the_epoch_since_2_0_1() {
    for (preset, joins) in [(Preset::V2_0, true), (Preset::V2_0_1, false)] {
        let mut bench = Bench::leads(preset.protocol(), 1, &[1, 2, 3]);
        bench.produce(Acks::Leader, records(0, 2));
        bench.tell(state(1, 1, &[1, 3]));
        bench.fetches_as(2, 1, None);
        assert_eq!(bench.saw(EventKind::IsrExpandProposed), joins, "{preset:?}");
        bench.fetches_as(2, 2, None);
        assert!(bench.isrs().2);
    }
}

#[test]
fn a_silent_follower_that_has_everything_stays_since_2_1() {
    for (preset, leaves) in [(Preset::V2_0_1, true), (Preset::V2_1, false)] {
        let mut bench = Bench::leads(preset.protocol(), 1, &[1, 2, 3]);
        bench.at(15_000);
        assert_eq!(bench.proposed().is_some(), leaves, "{preset:?}");
    }
}

#[test]
fn a_failed_read_leaves_what_is_known_of_a_follower_since_2_4() {
    for (preset, known) in [(Preset::V2_1, 0), (Preset::V2_4, 1)] {
        let mut bench = Bench::leads(preset.protocol(), 1, &[1, 2, 3]);
        bench.produce(Acks::Leader, records(0, 1));
        bench.fetches_as(2, 1, None);
        bench.fetches_as(2, 9, None);
        bench.fetches_as(3, 1, None);
        assert_eq!(bench.high_watermark(), known, "{preset:?}");
    }
}

#[test]
fn below_the_minimum_isr_the_high_watermark_stands_still_since_3_7() {
    for (preset, reached) in [(Preset::V3_5, 1), (Preset::V3_7, 0)] {
        let mut bench = Bench::leads(preset.protocol(), 2, &[1, 2]);
        bench.tell(state(1, 1, &[1]));
        let gone = Metadata { live_brokers: set(&[1]), ..all_alive() };
        bench.hear_of(gone);
        bench.now = Instant::from_millis(10_001);
        bench.produce(Acks::Leader, records(0, 1));
        assert_eq!(bench.high_watermark(), reached, "{preset:?}");
    }
}

#[test]
fn a_pending_expansion_does_not_let_a_frozen_high_watermark_go() {
    let mut bench = Bench::leads(Preset::V3_7.protocol(), 2, &[1]);
    assert_eq!(bench.isrs().1.len(), 2, "one joins at a time");
    bench.produce(Acks::Leader, records(0, 1));
    bench.fetches_as(2, 1, None);
    bench.fetches_as(3, 1, None);
    assert_eq!(bench.high_watermark(), 0);
    bench.at(30_000);
    let (isr, correlation) = bench.proposed().expect("repeated");
    let in_force = PartitionState { isr, ..state(0, 1, &[]) };
    bench.answer(correlation, ErrorCode::None, &in_force);
    assert_eq!(bench.high_watermark(), 1);
}

#[test]
fn the_minimum_is_never_more_than_there_are_replicas_since_3_7() {
    for (preset, error) in [(Preset::V3_5, ErrorCode::NotEnoughReplicas), (Preset::V3_7, ErrorCode::None)] {
        let mut bench = Bench::leads(preset.protocol(), 4, &[1, 2, 3]);
        bench.produce(Acks::All, records(0, 1));
        bench.fetches_as(2, 1, None);
        let refused = bench.produce_answer();
        bench.fetches_as(3, 1, None);
        let answer = refused.or(bench.produce_answer());
        if error == ErrorCode::None {
            assert_eq!(answer.map(|(error, _)| error), Some(error));
        } else {
            assert_eq!(bench.replica().log.end_offset(), Offset(0), "it was refused before it was written");
        }
    }
}

#[test]
fn a_fenced_or_stopping_follower_is_not_proposed_since_3_3() {
    let fenced = Metadata { live_brokers: set(&[1, 3]), ..all_alive() };
    let stopping = Metadata { shutting_down: set(&[2]), ..all_alive() };
    for metadata in [fenced, stopping] {
        for (preset, joins) in [(Preset::V2_8, true), (Preset::V3_3, false)] {
            let mut bench = Bench::leads(preset.protocol(), 1, &[1, 2, 3]);
            bench.hear_of(metadata.clone());
            bench.tell(state(1, 1, &[1, 3]));
            bench.fetches_as(2, 0, None);
            assert_eq!(bench.proposed().is_some(), joins, "{preset:?}");
        }
    }
}

#[test]
fn a_follower_that_was_restarted_since_it_fetched_is_not_proposed_since_3_5() {
    for (preset, joins) in [(Preset::V3_3, true), (Preset::V3_5, false)] {
        let mut bench = Bench::leads(preset.protocol(), 1, &[1, 2, 3]);
        bench.tell(state(1, 1, &[1, 3]));
        bench.fetches_as(2, 0, Some(1));
        assert_eq!(bench.proposed().is_some(), joins, "{preset:?}");
    }
}

#[test]
fn a_proposal_carries_the_registrations_under_which_its_members_fetched_since_3_5() {
    let mut bench = Bench::leads(Preset::V3_5.protocol(), 1, &[1, 2, 3]);
    bench.tell(state(1, 1, &[1, 3]));
    bench.fetches_as(2, 0, Some(2));
    let sent = bench.out.sends.iter().find_map(|sent| {
        let Body::AlterPartitionRequest { broker_epoch, isr_epochs, .. } = &sent.message.body else {
            return None;
        };
        Some((*broker_epoch, isr_epochs.clone()))
    });
    let known = vec![(BrokerId(1), BrokerEpoch(1)), (BrokerId(2), BrokerEpoch(2))];
    assert_eq!(sent, Some((Some(BrokerEpoch(1)), known)), "of broker 3 no registration is known");
}

#[test]
fn a_fetch_of_an_earlier_life_is_refused_since_3_7() {
    for (preset, refused) in [(Preset::V3_5, false), (Preset::V3_7, true)] {
        let mut bench = Bench::leads(preset.protocol(), 1, &[1, 2, 3]);
        bench.produce(Acks::Leader, records(0, 1));
        bench.fetches_as(2, 1, Some(1));
        assert_eq!(bench.saw(EventKind::FetchFenced), refused, "{preset:?}");
        assert_eq!(bench.saw(EventKind::FollowerFetched), !refused, "{preset:?}");
        bench.fetches_as(2, 1, Some(2));
        assert!(bench.saw(EventKind::FollowerFetched));
    }
}

#[test]
fn a_fetch_of_an_earlier_life_that_parts_from_the_log_is_told_where() {
    let mut bench = Bench::leads(Preset::V3_7.protocol(), 1, &[1, 2, 3]);
    bench.produce(Acks::Leader, records(0, 1));
    bench.fetches_after(2, 5, Some(1), Some(LeaderEpoch(0)));
    let answer = bench.fetch_answer().expect("it is answered at once");
    assert_eq!((answer.error, answer.diverging), (ErrorCode::None, Some((LeaderEpoch(0), Offset(1)))));
    assert!(!bench.saw(EventKind::FetchFenced));
}

#[test]
fn a_caught_up_follower_that_may_not_join_holds_nothing_since_3_6() {
    for (held, reached) in [(false, 0), (true, 1)] {
        let protocol = Protocol { caught_up_must_be_eligible: held, ..Preset::V3_5.protocol() };
        let mut bench = Bench::leads(protocol, 1, &[1, 2, 3]);
        bench.now = Instant::from_millis(1_000);
        bench.fetches_as(2, 0, Some(2));
        bench.hear_of(Metadata { shutting_down: set(&[2]), ..all_alive() });
        bench.tell(state(0, 1, &[1, 3]));
        bench.produce(Acks::Leader, records(0, 1));
        bench.fetches_as(3, 1, Some(3));
        assert_eq!(bench.high_watermark(), reached);
    }
}

#[test]
fn a_leader_that_was_elected_uncleanly_takes_its_log_for_recovered() {
    let mut bench = Bench::leads(Preset::V3_3.protocol(), 1, &[1, 2, 3]);
    bench.tell(PartitionState { recovering: true, ..state(1, 1, &[1]) });
    assert!(bench.out.events.contains(&Event::LeaderRecovered { partition: ORDERS, broker: BrokerId(1) }));
    bench.fetches_as(2, 0, None);
    let told = bench.out.sends.iter().find_map(|sent| {
        let Body::AlterPartitionRequest { proposed, .. } = &sent.message.body else { return None };
        Some((proposed.isr, proposed.recovering))
    });
    assert_eq!(told, Some((set(&[1, 2]), false)), "the controller hears of it with the next proposal");
}
