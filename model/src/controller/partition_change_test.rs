//! The next state of a partition, rule by rule.

use super::*;
use crate::ids::TopicPartition;
use crate::protocol::{Preset, Switches};

fn set(ids: &[u8]) -> BrokerSet {
    ids.iter().copied().map(BrokerId).collect()
}

/// Replicas 3, 1, 2 in this order; leader epoch 4, partition epoch 9.
fn partition(leader: Option<u8>, isr: &[u8], elr: &[u8]) -> PartitionState {
    PartitionState {
        partition: TopicPartition::default(),
        leader: leader.map(BrokerId),
        leader_epoch: LeaderEpoch(4),
        isr: set(isr),
        partition_epoch: PartitionEpoch(9),
        replicas: vec![BrokerId(3), BrokerId(1), BrokerId(2)],
        elr: set(elr),
        ..PartitionState::default()
    }
}

fn change(isr: &[u8], acceptable: &[u8]) -> Change {
    Change {
        isr: set(isr),
        acceptable: set(acceptable),
        lost: BrokerSet::EMPTY,
        election: ElectionType::Online,
        recovering: false,
    }
}

/// Leader, leader epoch, ISR, ELR.
type Summary = (Option<u8>, u32, BrokerSet, BrokerSet);

fn summary(state: &PartitionState) -> Summary {
    (state.leader.map(|leader| leader.0), state.leader_epoch.0, state.isr, state.elr)
}

fn of(change: &Change, state: &PartitionState, preset: Preset) -> Option<Summary> {
    let changed = change.of(state, &preset.protocol(), 2)?;
    assert_eq!(changed.next.partition_epoch, PartitionEpoch(10), "any change raises it by one");
    Some(summary(&changed.next))
}

const NONE: BrokerSet = BrokerSet::EMPTY;

#[test]
fn a_valid_leader_stays_though_another_replica_comes_first() {
    let state = partition(Some(1), &[1, 2, 3], &[]);
    assert_eq!(of(&change(&[1, 2, 3], &[1, 2, 3]), &state, Preset::V3_7), None);
}

#[test]
fn the_first_valid_replica_by_assignment_leads_in_the_next_epoch() {
    let state = partition(Some(3), &[1, 2, 3], &[]);
    assert_eq!(of(&change(&[1, 2], &[1, 2]), &state, Preset::V3_3), Some((Some(1), 5, set(&[1, 2]), NONE)));
    assert_eq!(of(&change(&[1, 2], &[2]), &state, Preset::V3_3), Some((Some(2), 5, set(&[1, 2]), NONE)));
}

#[test]
fn a_lost_follower_raises_the_leader_epoch_before_3_6_only() {
    let state = partition(Some(3), &[1, 2, 3], &[]);
    let shrunk = change(&[1, 3], &[1, 3]);
    assert_eq!(of(&shrunk, &state, Preset::V3_5), Some((Some(3), 5, set(&[1, 3]), NONE)));
    assert_eq!(of(&shrunk, &state, Preset::V3_7), Some((Some(3), 4, set(&[1, 3]), NONE)));
    let state = partition(Some(3), &[1, 3], &[]);
    let grown = change(&[1, 2, 3], &[1, 2, 3]);
    assert_eq!(of(&grown, &state, Preset::V3_5), Some((Some(3), 4, set(&[1, 2, 3]), NONE)));
}

#[test]
fn without_eligible_leader_replicas_the_last_isr_member_stays_in_the_isr() {
    for election in [ElectionType::Online, ElectionType::Unclean] {
        let state = partition(Some(3), &[3], &[]);
        let emptied = Change { election, ..change(&[], &[]) };
        assert_eq!(of(&emptied, &state, Preset::V3_7), Some((None, 5, set(&[3]), NONE)));
    }
}

#[test]
fn an_unclean_leader_is_the_first_living_replica_alone_and_recovering() {
    let state = partition(Some(3), &[3], &[]);
    let change = Change { election: ElectionType::Unclean, ..change(&[], &[1, 2]) };
    let changed = change.of(&state, &Preset::V3_7.protocol(), 2).expect("it changes");
    assert!(changed.unclean && changed.next.recovering);
    assert_eq!(summary(&changed.next), (Some(1), 5, set(&[1]), NONE));
    let recovered = Change { recovering: false, election: ElectionType::Online, ..change };
    let recovered = Change { isr: set(&[1]), ..recovered };
    let changed = recovered.of(&changed.next, &Preset::V3_7.protocol(), 2).expect("it recovered");
    assert!(!changed.next.recovering && !changed.unclean);
    assert_eq!(changed.next.leader_epoch, LeaderEpoch(5));
}

#[test]
fn a_preferred_election_takes_the_first_replica_only_if_it_is_valid() {
    let prefer = |isr: &[u8], acceptable: &[u8]| Change {
        election: ElectionType::Preferred,
        ..change(isr, acceptable)
    };
    let state = partition(Some(1), &[1, 2, 3], &[]);
    let elected = of(&prefer(&[1, 2, 3], &[1, 2, 3]), &state, Preset::V3_7);
    assert_eq!(elected, Some((Some(3), 5, set(&[1, 2, 3]), NONE)));
    assert_eq!(of(&prefer(&[1, 2, 3], &[1, 2]), &state, Preset::V3_7), None);
    let state = partition(Some(1), &[1, 2], &[]);
    assert_eq!(of(&prefer(&[1, 2], &[1, 2, 3]), &state, Preset::V3_7), None);
}

#[test]
fn who_leaves_an_isr_below_the_minimum_stays_eligible() {
    let state = partition(Some(3), &[2, 3], &[]);
    assert_eq!(of(&change(&[2], &[2]), &state, Preset::V4_0Elr), Some((Some(2), 5, set(&[2]), set(&[3]))));
    let state = partition(Some(3), &[1, 2, 3], &[]);
    let enough = of(&change(&[1, 2], &[1, 2]), &state, Preset::V4_0Elr);
    assert_eq!(enough, Some((Some(1), 5, set(&[1, 2]), NONE)), "the ISR is large enough");
}

#[test]
fn eligible_replicas_are_forgotten_once_the_isr_is_large_enough() {
    let state = partition(Some(2), &[2], &[3]);
    let grown = of(&change(&[1, 2], &[1, 2]), &state, Preset::V4_0Elr);
    assert_eq!(grown, Some((Some(2), 4, set(&[1, 2]), NONE)));
}

#[test]
fn the_minimum_counts_at_most_as_many_as_there_are_replicas() {
    let state = partition(Some(3), &[2, 3], &[]);
    let changed = change(&[1, 2, 3], &[1, 2, 3]).of(&state, &Preset::V4_0Elr.protocol(), 9);
    assert_eq!(changed.expect("it grows").next.elr, NONE);
}

#[test]
fn an_empty_isr_is_led_by_an_eligible_replica_that_lives_and_cleanly() {
    let state = partition(Some(2), &[2], &[3]);
    let offline = change(&[], &[]).of(&state, &Preset::V4_0Elr.protocol(), 2).expect("it changes").next;
    assert_eq!(summary(&offline), (None, 5, NONE, set(&[2, 3])));
    assert_eq!(offline.last_known_leader, Some(BrokerId(2)));
    let changed = change(&[], &[3]).of(&offline, &Preset::V4_0Elr.protocol(), 2).expect("3 is back");
    assert!(!changed.unclean && !changed.next.recovering);
    assert_eq!(summary(&changed.next), (Some(3), 6, set(&[3]), set(&[2])));
    assert_eq!(changed.next.last_known_leader, None);
    assert_eq!(of(&change(&[], &[1]), &offline, Preset::V4_0Elr), None, "1 is not eligible");
}

#[test]
fn a_replica_whose_disk_may_have_lost_its_end_is_not_eligible() {
    let state = partition(None, &[], &[2, 3]);
    let lost = Change { lost: set(&[2]), ..change(&[], &[]) };
    assert_eq!(of(&lost, &state, Preset::V4_0Elr), Some((None, 4, NONE, set(&[3]))));
}

#[test]
fn where_nobody_is_eligible_the_last_known_leader_leads_uncleanly_if_it_lives() {
    let state = PartitionState { last_known_leader: Some(BrokerId(2)), ..partition(None, &[], &[]) };
    let protocol = Preset::V4_0Elr.protocol();
    assert_eq!(change(&[], &[1]).of(&state, &protocol, 2), None);
    let changed = change(&[], &[1, 2]).of(&state, &protocol, 2).expect("it is back");
    assert!(changed.unclean && changed.next.recovering);
    assert_eq!(summary(&changed.next), (Some(2), 5, set(&[2]), NONE));
}

#[test]
fn in_4_0_0_the_last_known_leader_is_elected_though_it_is_fenced() {
    let state = PartitionState { last_known_leader: Some(BrokerId(2)), ..partition(None, &[], &[]) };
    let unchecked = Switches { last_known_leader_checked: Some(false), ..Switches::default() };
    let changed = change(&[], &[1]).of(&state, &Preset::V4_0Elr.protocol().with(unchecked), 2);
    assert_eq!(changed.expect("it is elected").next.leader, Some(BrokerId(2)));
}
