//! Sessions, elections and notices together.

use super::stage::{Stage, set, topic, tp};
use super::*;
use crate::event::Event;
use crate::ids::BrokerEpoch;
use crate::message::ErrorCode;
use crate::view::BrokerView;

fn elected(broker: u8, epoch: u32, isr: &[u8], unclean: bool) -> Event {
    let (partition, broker, epoch) = (tp(0), BrokerId(broker), LeaderEpoch(epoch));
    Event::LeaderElected { partition, broker, epoch, isr: set(isr), unclean }
}

fn shrunk(removed: &[u8], isr: &[u8], version: u32) -> Event {
    let version = PartitionEpoch(version);
    Event::IsrShrunk { partition: tp(0), removed: set(removed), isr: set(isr), version }
}

fn fenced(broker: u8) -> Event {
    Event::BrokerFenced { broker: BrokerId(broker) }
}

/// A view as a driver builds it before the run, for a stage with one topic.
fn initial_view(stage: &Stage) -> ClusterView {
    let partitions = &stage.controller.partitions;
    ClusterView {
        brokers: vec![BrokerView::default(); 3],
        partitions: partitions.iter().map(|known| stage.controller.first_view(&known.state)).collect(),
        ..ClusterView::default()
    }
}

#[test]
fn at_the_start_every_broker_hears_of_its_own_partitions_and_of_the_cluster() {
    let stage = Stage::with_topics(vec![topic(&[&[1, 2], &[2, 3], &[3, 1]], false)]);
    let told: Vec<_> = stage.told(1).expect("told").iter().map(|state| state.partition).collect();
    assert_eq!(told, [tp(0), tp(2)]);
    let (to, metadata) = stage.metadata();
    assert_eq!(to, set(&[1, 2, 3]));
    assert_eq!(metadata.expect("told").live_brokers, set(&[1, 2, 3]));
    assert!(stage.events().is_empty(), "creation is no election");
}

#[test]
fn a_silent_leader_is_fenced_after_the_timeout_and_the_next_in_sync_replica_leads() {
    let mut stage = Stage::new();
    assert_eq!(stage.at(2_000).heartbeat(2, 2), ErrorCode::None);
    assert_eq!(stage.at(2_000).heartbeat(3, 3), ErrorCode::None);
    assert_eq!(stage.controller.next_deadline(), Some(Instant::from_millis(6_000)));
    stage.at(6_000).give(Input::Deadline);
    assert_eq!(stage.events(), [fenced(1), elected(2, 1, &[2, 3], false), shrunk(&[1], &[2, 3], 1)]);
    assert_eq!(stage.told_brokers(), set(&[2, 3]));
    assert_eq!(stage.metadata().0, set(&[2, 3]));
    assert_eq!(stage.metadata().1.expect("told").live_brokers, set(&[2, 3]));
}

#[test]
fn a_dead_follower_leaves_the_isr_under_a_new_leader_epoch() {
    let mut stage = Stage::new();
    stage.kill(&[3]);
    assert_eq!(stage.events(), [fenced(3), shrunk(&[3], &[1, 2], 1)]);
    assert_eq!(stage.summary(), (Some(1), LeaderEpoch(1), set(&[1, 2]), PartitionEpoch(1)));
    assert_eq!(stage.told_brokers(), set(&[1, 2]));
}

#[test]
fn a_dead_broker_that_concerns_no_isr_still_leaves_the_metadata() {
    let mut stage = Stage::with_topics(vec![topic(&[&[1, 2]], false)]);
    stage.kill(&[3]);
    assert_eq!(stage.events(), [fenced(3)]);
    assert!(stage.told_brokers().is_empty());
    assert_eq!(stage.metadata().1.expect("told").live_brokers, set(&[1, 2]));
}

#[test]
fn brokers_that_expire_together_are_all_dead_before_anyone_is_elected() {
    let mut stage = Stage::new();
    stage.kill(&[1, 2]);
    assert_eq!(stage.events(), [fenced(1), fenced(2), elected(3, 1, &[3], false), shrunk(&[1, 2], &[3], 1)]);
}

#[test]
fn the_last_isr_member_is_kept_and_leads_when_it_returns() {
    let mut stage = Stage::new();
    stage.propose_isr(1, &[1]).expect("valid");
    stage.kill(&[1]);
    let offline = Event::PartitionOffline { partition: tp(0), epoch: LeaderEpoch(1), isr: set(&[1]) };
    assert_eq!(stage.events(), [fenced(1), offline]);
    assert_eq!(stage.summary(), (None, LeaderEpoch(1), set(&[1]), PartitionEpoch(2)));
    assert_eq!(stage.told_brokers(), set(&[2, 3]), "the others learn that nobody leads");

    stage.register(1, 1).expect("the old session has ended");
    assert_eq!(stage.events()[1..], [elected(1, 2, &[1], false)]);
    assert_eq!(stage.told(1).expect("told")[0].leader, Some(BrokerId(1)));
}

#[test]
fn a_replica_outside_the_isr_that_comes_up_leads_only_where_unclean_elections_are_allowed() {
    for (mut stage, events) in [
        (Stage::new(), vec![]),
        (
            Stage::unclean(),
            vec![
                elected(2, 4, &[2], true),
                Event::IsrExpanded {
                    partition: tp(0),
                    added: set(&[2]),
                    isr: set(&[2]),
                    version: PartitionEpoch(4),
                },
            ],
        ),
    ] {
        stage.kill(&[2, 3]);
        stage.kill(&[1]);
        assert_eq!(stage.state(0).leader, None);
        stage.register(2, 1).expect("the old session has ended");
        assert_eq!(stage.events()[1..], events);
    }
}

#[test]
fn a_living_replica_outside_the_isr_leads_at_once_where_unclean_elections_are_allowed() {
    let mut stage = Stage::unclean();
    stage.propose_isr(1, &[1]).expect("valid");
    stage.kill(&[1]);
    assert_eq!(stage.events()[..2], [fenced(1), elected(2, 1, &[2], true)]);
    assert_eq!(stage.summary(), (Some(2), LeaderEpoch(1), set(&[2]), PartitionEpoch(2)));
}

#[test]
fn with_unclean_elections_the_isr_ends_up_empty_when_all_are_dead() {
    let mut stage = Stage::unclean();
    stage.kill(&[1, 2, 3]);
    assert_eq!(stage.state(0).isr, BrokerSet::EMPTY);
    assert_eq!(stage.state(0).leader, None);
}

#[test]
fn a_broker_that_was_cut_off_is_told_so_and_registers_again() {
    let mut stage = Stage::new();
    stage.kill(&[3]);
    assert_eq!(stage.heartbeat(3, 3), ErrorCode::StaleBrokerEpoch);
    assert_eq!(stage.register(3, 0), Ok(BrokerEpoch(4)));
    let registered = Event::BrokerRegistered { broker: BrokerId(3), epoch: BrokerEpoch(4) };
    assert_eq!(stage.events(), [registered]);
    assert_eq!(stage.told_brokers(), set(&[3]), "it hears what holds; nothing has changed for the others");
    assert_eq!(stage.metadata().0, set(&[1, 2, 3]));
    assert_eq!(stage.heartbeat(3, 3), ErrorCode::StaleBrokerEpoch);
    assert_eq!(stage.heartbeat(3, 4), ErrorCode::None);
    assert!(stage.is_quiet());
}

#[test]
fn a_bounce_within_the_session_is_refused_until_the_old_session_has_expired() {
    let mut stage = Stage::new();
    assert_eq!(stage.at(500).register(1, 1), Err(ErrorCode::StaleBrokerEpoch));
    assert!(stage.is_quiet());
    stage.kill(&[1]);
    assert_eq!(stage.register(1, 1), Ok(BrokerEpoch(4)));
    assert_eq!(stage.register(1, 1), Ok(BrokerEpoch(4)), "a repetition");
    assert!(stage.is_quiet());
}

#[test]
fn the_reply_to_a_registration_leaves_before_the_notices() {
    let mut stage = Stage::new();
    stage.kill(&[1]);
    stage.register(1, 1).expect("the old session has ended");
    let first = &stage.out.sends[0].message.body;
    assert!(matches!(first, Body::BrokerRegistrationReply { .. }), "{first:?}");
}

#[test]
fn a_killed_broker_keeps_its_session_until_it_expires() {
    let mut stage = Stage::new();
    stage.give(Input::Disconnected(BrokerId(1).into()));
    stage.give(Input::Disconnected(NodeId(9)));
    assert!(stage.is_quiet());
    assert_eq!(stage.state(0).leader, Some(BrokerId(1)));
}

#[test]
fn a_controlled_shutdown_moves_leaderships_and_isr_memberships_before_it_is_answered() {
    let mut stage = Stage::with_topics(vec![topic(&[&[1, 2, 3], &[2, 1, 3], &[1]], false)]);
    assert_eq!(stage.shut_down(1, 1), Ok(0), "a partition with one replica does not count");
    assert_eq!(stage.summary(), (Some(2), LeaderEpoch(1), set(&[2, 3]), PartitionEpoch(1)));
    assert_eq!(stage.state(1).leader, Some(BrokerId(2)));
    assert_eq!(stage.state(1).isr, set(&[2, 3]));
    assert_eq!(stage.state(1).leader_epoch, LeaderEpoch(1));
    assert_eq!(stage.state(2).leader, Some(BrokerId(1)));
    let told: Vec<_> = stage.told(1).expect("told").iter().map(|state| state.partition).collect();
    assert_eq!(told, [tp(0)], "its successor, but not the partition that it leaves as a follower");
    let last = &stage.out.sends.last().expect("sent").message.body;
    assert!(matches!(last, Body::ControlledShutdownReply { .. }), "{last:?}");
    assert!(stage.metadata().1.expect("told").live_brokers.contains(BrokerId(1)), "it still serves");
}

#[test]
fn a_repeated_controlled_shutdown_tells_nobody_anything_new() {
    let mut stage = Stage::new();
    assert_eq!(stage.shut_down(1, 1), Ok(0));
    assert_eq!(stage.shut_down(1, 1), Ok(0));
    assert!(stage.is_quiet());
}

#[test]
fn a_broker_that_is_alone_in_an_isr_cannot_be_relieved() {
    let mut stage = Stage::new();
    stage.propose_isr(1, &[1]).expect("valid");
    assert_eq!(stage.shut_down(1, 1), Ok(1));
    assert_eq!(stage.state(0).leader, Some(BrokerId(1)));
    stage.give(Input::Disconnected(BrokerId(1).into()));
    assert!(stage.is_quiet(), "it did not stop in good order");
}

#[test]
fn a_controlled_shutdown_under_a_stale_epoch_is_refused() {
    let mut stage = Stage::new();
    assert_eq!(stage.shut_down(1, 9), Err(ErrorCode::StaleBrokerEpoch));
    assert!(stage.is_quiet());
}

#[test]
fn a_relieved_broker_that_stops_closes_its_session_at_once() {
    let mut stage = Stage::with_topics(vec![topic(&[&[1, 2, 3], &[1]], false)]);
    assert_eq!(stage.shut_down(1, 1), Ok(0));
    stage.give(Input::Disconnected(BrokerId(1).into()));
    let partition = tp(1);
    let offline = Event::PartitionOffline { partition, epoch: LeaderEpoch(1), isr: set(&[1]) };
    assert_eq!(stage.events(), [fenced(1), offline]);
    assert_eq!(stage.register(1, 1), Ok(BrokerEpoch(4)));
}

#[test]
fn a_relieved_broker_may_return_before_the_controller_heard_that_it_stopped() {
    let mut stage = Stage::new();
    stage.shut_down(1, 1).expect("current");
    assert_eq!(stage.register(1, 1), Ok(BrokerEpoch(4)));
    let registered = Event::BrokerRegistered { broker: BrokerId(1), epoch: BrokerEpoch(4) };
    assert_eq!(stage.events(), [fenced(1), registered]);
    stage.give(Input::Disconnected(BrokerId(1).into()));
    assert!(stage.is_quiet(), "the late word is about its earlier life");
}

#[test]
fn a_broker_that_shuts_down_is_not_elected() {
    let mut stage = Stage::new();
    stage.shut_down(2, 2).expect("current");
    stage.propose_isr(1, &[1, 2, 3]).expect("it fetches on and may rejoin");
    stage.kill(&[1]);
    assert_eq!(stage.state(0).leader, Some(BrokerId(3)));
    assert_eq!(stage.state(0).isr, set(&[3]));
    assert_eq!(stage.told_brokers(), set(&[2, 3]));
}

#[test]
fn a_preferred_election_changes_the_leader_and_nothing_else() {
    let mut stage = Stage::new();
    stage.kill(&[1]);
    stage.register(1, 1).expect("the old session has ended");
    stage.propose_isr(2, &[1, 2, 3]).expect("valid");
    stage.prefer(0);
    assert_eq!(stage.events(), [elected(1, 2, &[1, 2, 3], false)]);
    assert_eq!(stage.told_brokers(), set(&[1, 2, 3]));
    stage.prefer(0);
    assert!(stage.is_quiet(), "it leads already");
}

#[test]
fn a_preferred_election_waits_for_nobody() {
    let mut stage = Stage::new();
    stage.kill(&[1]);
    stage.prefer(0);
    assert!(stage.is_quiet(), "the preferred replica is dead");
    stage.register(1, 1).expect("the old session has ended");
    stage.prefer(0);
    assert!(stage.is_quiet(), "the preferred replica is not in sync");
    stage.prefer(9);
    assert!(stage.is_quiet(), "nobody knows the partition");
}

#[test]
fn after_a_standstill_no_session_is_taken_for_expired() {
    let mut stage = Stage::new();
    stage.at(20_000).give(Input::Deadline);
    assert!(stage.is_quiet());
    assert_eq!(stage.controller.next_deadline(), Some(Instant::from_millis(26_000)));
}

#[test]
fn the_judges_see_what_changed_and_only_that() {
    let mut stage = Stage::with_topics(vec![topic(&[&[1, 2], &[2, 3]], false)]);
    let mut view = initial_view(&stage);
    stage.controller.show(&mut view);
    assert_eq!(view.touched, [0, 1]);
    assert!(view.brokers.iter().all(|broker| broker.registered));

    view.touched.clear();
    stage.propose_isr(1, &[1]).expect("valid");
    stage.controller.show(&mut view);
    assert_eq!(view.touched, [0]);
    assert_eq!(view.partitions[0].controller, *stage.state(0));

    view.touched.clear();
    stage.kill(&[3]);
    stage.controller.show(&mut view);
    assert_eq!(view.touched, [1]);
    assert!(!view.brokers[2].registered);
    stage.register(3, 1).expect("the old session has ended");
    stage.controller.show(&mut view);
    assert_eq!(
        view.brokers[2],
        BrokerView { registered: true, epoch: BrokerEpoch(4), ..BrokerView::default() }
    );

    view.touched.clear();
    stage.controller.show(&mut view);
    assert!(view.touched.is_empty());
}

#[test]
fn the_judges_see_a_grown_topic_with_empty_replicas_in_the_order_of_assignment() {
    let mut stage = Stage::with_topics(vec![topic(&[&[1, 2]], true), topic(&[&[2, 3]], false)]);
    let mut view = initial_view(&stage);
    stage.controller.show(&mut view);
    view.touched.clear();
    stage.create_partitions(0, 3);
    stage.controller.show(&mut view);
    assert_eq!(view.touched, [1, 2]);
    assert_eq!(view.partitions[2].controller, *stage.state(2));
    assert!(view.partitions[2].unclean_election);
    let on: Vec<_> = view.partitions[1].replicas.iter().map(|replica| replica.broker.0).collect();
    assert_eq!(on, [2, 3]);
    assert_eq!(view.partitions[3].id().topic, TopicId(1));
}
