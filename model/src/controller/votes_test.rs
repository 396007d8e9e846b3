//! Votes: who is asked, which count, who wins.

use super::*;
use crate::config::{AckStrategy, Topic};
use crate::controller::stage::{Stage, set, topic, tp};
use crate::machine::{Input, Machine};
use crate::message::{ErrorCode, Message};

fn by_majority(assignment: &[&[u8]]) -> Topic {
    Topic { ack_strategy: AckStrategy::Majority, ..topic(assignment, false) }
}

/// One partition on brokers 1, 2, 3, or on 1 to 5; broker 1 leads.
fn three() -> Stage {
    Stage::with_topics(vec![by_majority(&[&[1, 2, 3]])])
}

fn five() -> Stage {
    Stage::with_brokers(5, vec![by_majority(&[&[1, 2, 3, 4, 5]])])
}

impl Stage {
    fn vote(&mut self, broker: u8, epoch: u32, last_epoch: u32, end: u64) -> &mut Self {
        let body = Body::VoteReply {
            partition: tp(0),
            leader_epoch: LeaderEpoch(epoch),
            last_epoch: LeaderEpoch(last_epoch),
            end_offset: Offset(end),
        };
        let message = Message { correlation: CorrelationId(0), body };
        self.give(Input::Message { from: BrokerId(broker).into(), message });
        self
    }

    /// Whom the latest step asked for a vote, and for which epoch.
    fn asked(&self) -> Vec<(u8, u32)> {
        let asked = self.out.sends.iter().filter_map(|sent| {
            let Body::VoteRequest { leader_epoch, .. } = sent.message.body else { return None };
            Some((sent.to.as_broker(5)?.0, leader_epoch.0))
        });
        asked.collect()
    }

    fn elected(&self) -> Option<u8> {
        self.events().iter().find_map(|event| {
            let Event::LeaderElected { broker, .. } = event else { return None };
            Some(broker.0)
        })
    }

    fn offline(&self) -> usize {
        self.events().iter().filter(|event| matches!(event, Event::PartitionOffline { .. })).count()
    }
}

#[test]
fn a_lost_leader_is_followed_by_the_one_that_is_furthest_of_a_majority() {
    let mut stage = three();
    stage.kill(&[1]);
    assert_eq!(stage.asked(), [(2, 1), (3, 1)]);
    assert_eq!(stage.events(), [Event::BrokerFenced { broker: BrokerId(1) }], "the ISR stays whole");
    assert_eq!(stage.summary(), (None, LeaderEpoch(1), set(&[1, 2, 3]), PartitionEpoch(1)));
    assert_eq!(stage.metadata().0, set(&[2, 3]), "clients learn that nobody leads");
    assert_eq!(stage.vote(2, 1, 0, 5).elected(), None);
    assert_eq!(stage.vote(3, 1, 0, 7).elected(), Some(3));
    assert_eq!(stage.summary(), (Some(3), LeaderEpoch(1), set(&[1, 2, 3]), PartitionEpoch(2)));
    assert_eq!(stage.told_brokers(), set(&[2, 3]));
    assert!(stage.vote(2, 1, 0, 9).is_quiet(), "the election is over");
}

#[test]
fn a_later_last_epoch_counts_for_more_than_a_longer_log() {
    let mut stage = three();
    stage.kill(&[1]);
    assert_eq!(stage.vote(2, 1, 0, 50).vote(3, 1, 1, 4).elected(), Some(3));
}

#[test]
fn of_equals_the_first_in_assignment_order_leads() {
    let mut stage = Stage::with_topics(vec![by_majority(&[&[1, 3, 2]])]);
    stage.kill(&[1]);
    assert_eq!(stage.vote(2, 1, 0, 5).vote(3, 1, 0, 5).elected(), Some(3));
}

#[test]
fn five_replicas_need_three_votes() {
    let mut stage = five();
    stage.kill(&[1]);
    assert_eq!(
        stage.vote(2, 1, 0, 5).vote(2, 1, 0, 5).vote(4, 1, 0, 6).elected(),
        None,
        "two, one of them twice"
    );
    assert_eq!(stage.vote(3, 1, 0, 1).elected(), Some(4));
}

#[test]
fn without_a_majority_there_is_no_leader_and_that_is_told_once() {
    let mut stage = three();
    stage.kill(&[1, 2]);
    assert_eq!((stage.asked(), stage.offline()), (vec![(3, 1)], 1));
    assert!(stage.vote(3, 1, 0, 5).is_quiet());
    stage.kill(&[3]);
    assert_eq!(stage.offline(), 0);
    stage.register(2, 1).expect("the old session has ended");
    assert_eq!((stage.asked(), stage.offline()), (vec![(2, 1)], 0));
    stage.vote(2, 1, 0, 3);
    stage.register(3, 1).expect("the old session has ended");
    assert_eq!(stage.asked(), [(3, 1)], "what it voted before it died counts no more");
    assert_eq!(stage.vote(3, 1, 0, 2).elected(), Some(2));
}

#[test]
fn a_vote_that_does_not_come_is_asked_for_again_every_second() {
    let mut stage = three();
    stage.kill(&[1]);
    let asked = stage.now;
    stage.vote(3, 1, 0, 7);
    for second in 1..=3 {
        stage.now = asked + Micros::from_millis(1_000 * second);
        assert_eq!(stage.controller.next_deadline(), Some(stage.now));
        stage.give(Input::Deadline);
        assert_eq!(stage.asked(), [(2, 1)]);
        assert_eq!(stage.offline(), usize::from(second == 1));
    }
    assert_eq!(stage.vote(2, 1, 0, 5).elected(), Some(3));
}

#[test]
fn with_nobody_left_to_ask_the_controller_does_not_wake_for_votes() {
    let mut stage = three();
    stage.kill(&[1, 2]);
    stage.vote(3, 1, 0, 5);
    stage.now += Micros::from_millis(1_000);
    stage.give(Input::Deadline);
    assert_eq!(stage.controller.votes_due, None);
}

#[test]
fn the_vote_of_a_broker_that_died_meanwhile_does_not_count() {
    let mut stage = five();
    stage.kill(&[1]);
    stage.vote(2, 1, 0, 99);
    stage.kill(&[2]);
    assert_eq!(stage.vote(3, 1, 0, 5).vote(4, 1, 0, 6).elected(), None);
    assert_eq!(stage.vote(2, 1, 0, 99).elected(), None, "a late word of the dead");
    assert_eq!(stage.vote(5, 1, 0, 1).elected(), Some(4));
}

#[test]
fn a_vote_for_another_epoch_does_not_count() {
    let mut stage = three();
    stage.kill(&[1]);
    assert_eq!(stage.vote(2, 0, 0, 5).vote(3, 1, 0, 5).elected(), None);
}

#[test]
fn a_follower_that_dies_or_returns_changes_nothing() {
    let mut stage = three();
    stage.kill(&[3]);
    assert_eq!(stage.events(), [Event::BrokerFenced { broker: BrokerId(3) }]);
    stage.register(3, 1).expect("the old session has ended");
    assert_eq!(stage.asked(), []);
    assert_eq!(stage.shut_down(2, 2), Ok(0));
    assert_eq!(stage.summary(), (Some(1), LeaderEpoch(0), set(&[1, 2, 3]), PartitionEpoch(0)));
}

#[test]
fn no_leader_changes_the_isr() {
    assert_eq!(three().propose_isr(1, &[1, 2]), Err(ErrorCode::InvalidRequest));
}

#[test]
fn a_leader_that_shuts_down_promises_but_neither_counts_nor_is_elected() {
    let mut stage = three();
    assert_eq!(stage.shut_down(1, 1), Ok(0));
    assert_eq!(stage.asked(), [(1, 1), (2, 1), (3, 1)]);
    assert_eq!(stage.vote(1, 1, 0, 9).vote(2, 1, 0, 7).elected(), None);
    assert_eq!(stage.vote(3, 1, 0, 8).elected(), Some(3));
}

#[test]
fn a_leader_without_which_there_is_no_majority_leads_on() {
    let mut stage = three();
    stage.kill(&[3]);
    assert_eq!(stage.shut_down(1, 1), Ok(1));
    assert_eq!(stage.state(0).leader, Some(BrokerId(1)));
}

/// Broker 2 leads in epoch 1, and broker 1 is back.
fn led_by_the_second() -> Stage {
    let mut stage = three();
    stage.kill(&[1]);
    stage.vote(2, 1, 0, 5).vote(3, 1, 0, 5);
    stage.register(1, 1).expect("the old session has ended");
    stage
}

#[test]
fn the_preferred_replica_leads_if_a_majority_goes_no_further() {
    let mut stage = led_by_the_second();
    stage.prefer(0);
    assert_eq!(stage.asked(), [(1, 2), (2, 2), (3, 2)]);
    assert_eq!(stage.vote(2, 2, 1, 10).vote(3, 2, 1, 8).elected(), None, "its vote is waited for");
    assert_eq!(stage.vote(1, 2, 1, 9).elected(), Some(1), "the tenth record was on one replica alone");
}

#[test]
fn a_preferred_replica_that_is_behind_does_not_lead() {
    let mut stage = led_by_the_second();
    stage.prefer(0);
    assert_eq!(stage.vote(2, 2, 1, 10).vote(1, 2, 1, 8).elected(), None);
    assert_eq!(stage.vote(3, 2, 1, 9).elected(), Some(2));
}

#[test]
fn a_preferred_replica_that_does_not_vote_is_waited_for_a_second() {
    let mut stage = led_by_the_second();
    stage.prefer(0);
    stage.vote(2, 2, 1, 10).vote(3, 2, 1, 10);
    stage.now += Micros::from_millis(1_000);
    stage.give(Input::Deadline);
    assert_eq!((stage.elected(), stage.offline()), (Some(2), 0));
}

#[test]
fn a_preferred_election_that_could_not_end_is_not_begun() {
    let mut stage = led_by_the_second();
    stage.kill(&[1]);
    stage.prefer(0);
    assert!(stage.is_quiet(), "the preferred replica is dead");
    let mut stage = three();
    stage.prefer(0);
    assert!(stage.is_quiet(), "it leads already");
}

#[test]
fn a_new_partition_counts_its_dead_replicas_too() {
    let mut stage = three();
    stage.kill(&[2]);
    stage.create_partitions(0, 2);
    assert_eq!(stage.state(1).leader, Some(BrokerId(3)));
    assert_eq!(stage.state(1).isr, set(&[1, 2, 3]));
}
