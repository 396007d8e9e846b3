//! `leader-in-isr`, `one-leader-per-epoch`, `high-watermark-bound`.

use std::sync::Arc;

use highwater_model::event::Event;
use highwater_model::ids::{BrokerId, LeaderEpoch, Offset};
use highwater_model::protocol::Preset;
use highwater_model::view::Role;

use crate::property::Property::{HighWatermarkBound, LeaderInIsr, OneLeaderPerEpoch};
use crate::testing::{ORDERS, Stage, set};

fn took_office(broker: u8, epoch: u32) -> Event {
    Event::BecameLeader {
        partition: ORDERS,
        broker: BrokerId(broker),
        epoch: LeaderEpoch(epoch),
        high_watermark: Offset::ZERO,
        end_offset: Offset::ZERO,
    }
}

#[test]
fn an_election_from_the_isr_in_a_new_epoch_is_not_reported() {
    let mut stage = Stage::settled();
    let events = stage.elect(2, 1, &[2, 3]);
    stage.look(&events);
    for property in [LeaderInIsr, OneLeaderPerEpoch, HighWatermarkBound] {
        stage.assert_held(property);
    }
}

#[test]
fn a_leader_outside_the_isr_is_reported_once() {
    let mut stage = Stage::settled();
    let events = stage.elect(2, 1, &[1, 3]);
    stage.look(&events);
    stage.look(&[]);
    stage.assert_broken(
        LeaderInIsr,
        "the controller's leader is not in the controller's ISR: orders-0 has ISR {1,3} and leader 2 in epoch 1",
    );
}

#[test]
fn an_empty_isr_is_reported() {
    let mut stage = Stage::settled();
    stage.orders().controller.isr = set(&[]);
    stage.orders().controller.leader = None;
    stage.look(&[]);
    stage.assert_broken(
        LeaderInIsr,
        "the controller's ISR is empty: orders-0 has ISR {} and leader none in epoch 0",
    );
}

#[test]
fn a_new_partition_without_a_live_replica_gets_its_isr_and_its_first_leader_later_in_its_first_epoch() {
    let mut stage = Stage::new();
    (stage.orders().controller.leader, stage.orders().controller.isr) = (None, set(&[]));
    stage.change(|_| ());
    let events = stage.elect(2, 0, &[1, 2, 3]);
    stage.look(&events);
    stage.assert_held(LeaderInIsr);
    stage.assert_held(OneLeaderPerEpoch);
}

#[test]
fn with_unclean_election_the_last_member_may_leave_the_isr() {
    let mut stage = Stage::settled();
    stage.orders().unclean_election = true;
    stage.orders().controller.isr = set(&[]);
    stage.orders().controller.leader = None;
    stage.look(&[]);
    assert_eq!(stage.tally(LeaderInIsr).broken, 0);
}

#[test]
fn a_change_of_the_elr_alone_is_looked_at() {
    let mut stage = Stage::settled();
    stage.orders().controller.isr = set(&[1, 2]);
    stage.look(&[]);
    stage.orders().controller.elr = set(&[3]);
    stage.look(&[]);
    stage.assert_broken(
        LeaderInIsr,
        "a broker is eligible that cannot be: orders-0 has ISR {1,2}, ELR {3} and leader 1 in epoch 0",
    );
}

/// Lies about the eligible leader replicas; min.insync.replicas is 2.
fn with_elr(leader: Option<u8>, isr: &[u8], elr: &[u8]) -> Stage {
    let mut stage = Stage::settled();
    stage.change(|setup| Arc::make_mut(&mut setup.config).protocol = Preset::V4_0Elr.protocol());
    let controller = &mut stage.orders().controller;
    (controller.leader, controller.isr, controller.elr) = (leader.map(BrokerId), set(isr), set(elr));
    controller.partition_epoch.0 += 1;
    stage.look(&[]);
    stage
}

#[test]
fn with_eligible_leader_replicas_the_isr_may_be_empty_while_nobody_leads() {
    assert_eq!(with_elr(None, &[], &[1, 2]).tally(LeaderInIsr).broken, 0);
    assert_eq!(with_elr(Some(1), &[1], &[2]).tally(LeaderInIsr).broken, 0);
    assert_eq!(with_elr(Some(1), &[], &[1, 2]).tally(LeaderInIsr).broken, 1);
}

#[test]
fn replicas_that_are_eligible_and_in_sync_at_once_or_for_no_reason_are_reported() {
    with_elr(Some(1), &[1], &[1, 2]).assert_broken(
        LeaderInIsr,
        "a replica is in the controller's ISR and eligible besides: orders-0 has ISR {1}, ELR {1,2} and leader 1 in epoch 0",
    );
    with_elr(Some(1), &[1, 2], &[3]).assert_broken(
        LeaderInIsr,
        "replicas are eligible though the controller's ISR is large enough: orders-0 has ISR {1,2}, ELR {3} and leader 1 in epoch 0",
    );
}

#[test]
fn an_isr_member_without_a_replica_is_reported() {
    let mut stage = Stage::settled();
    stage.orders().controller.isr = set(&[1, 2, 9]);
    stage.look(&[]);
    assert_eq!(stage.tally(LeaderInIsr).broken, 1);
}

#[test]
fn a_change_of_leader_within_an_epoch_is_reported_once() {
    let mut stage = Stage::settled();
    let mut events = stage.elect(2, 0, &[2, 3]);
    events.pop();
    stage.look(&events);
    stage.assert_broken(
        OneLeaderPerEpoch,
        "the controller gave orders-0 to broker 2 in epoch 0, after broker 1 in epoch 0: a later epoch was due",
    );
}

#[test]
fn two_brokers_that_take_office_in_one_epoch_are_reported() {
    let mut stage = Stage::settled();
    stage.look(&[took_office(1, 0)]);
    stage.look(&[took_office(1, 0)]);
    stage.assert_held(OneLeaderPerEpoch);
    stage.look(&[took_office(3, 0)]);
    stage.assert_broken(
        OneLeaderPerEpoch,
        "broker 3 took office as leader of orders-0 in epoch 0, in which broker 1 had taken office before",
    );
}

#[test]
fn a_high_watermark_beyond_its_own_log_is_reported() {
    let mut stage = Stage::settled();
    stage.replica(3).high_watermark = Offset(4);
    stage.look(&[]);
    stage.look(&[]);
    stage.assert_broken(
        HighWatermarkBound,
        "broker 3 has high watermark 4 on orders-0, beyond its own log, which ends at 3",
    );
}

#[test]
fn a_replica_that_is_down_is_not_asked_for_its_high_watermark() {
    let mut stage = Stage::settled();
    stage.elect(1, 1, &[1, 2]);
    stage.replica(3).role = Role::Offline;
    stage.cut(3, 1);
    stage.look(&[]);
    stage.assert_held(HighWatermarkBound);
}

#[test]
fn a_leaders_high_watermark_beyond_a_members_log_is_reported() {
    let mut stage = Stage::settled();
    stage.replica(2).high_watermark = Offset(2);
    stage.cut(2, 2);
    stage.look(&[]);
    stage.assert_broken(
        HighWatermarkBound,
        "broker 1, leader of orders-0 in epoch 0, has high watermark 3, and broker 2 in the ISR {1,2,3} has a log that \
         ends at 2",
    );
}
