//! Registrations, fencing and shutdowns under KRaft.

use super::stage::{Stage, set, topic, tp};
use super::*;
use crate::event::Event;
use crate::ids::BrokerEpoch;
use crate::message::ErrorCode;
use crate::protocol::{Preset, Protocol, Switches};

fn stage(preset: Preset) -> Stage {
    under(preset.protocol(), false)
}

/// One partition on 1, 2, 3 with min.insync.replicas=2.
fn under(protocol: Protocol, unclean: bool) -> Stage {
    let topic = crate::config::Topic { min_insync_replicas: 2, ..topic(&[&[1, 2, 3]], unclean) };
    Stage::with_protocol(protocol, 3, vec![topic])
}

fn fenced(broker: u8) -> Event {
    Event::BrokerFenced { broker: BrokerId(broker) }
}

fn unfenced(broker: u8) -> Event {
    Event::BrokerUnfenced { broker: BrokerId(broker) }
}

fn elected(broker: u8, epoch: u32, isr: &[u8], unclean: bool) -> Event {
    let (partition, broker, epoch) = (tp(0), BrokerId(broker), LeaderEpoch(epoch));
    Event::LeaderElected { partition, broker, epoch, isr: set(isr), unclean }
}

#[test]
fn a_restarted_broker_is_refused_while_its_old_session_is_valid_and_then_registered_fenced() {
    let mut stage = stage(Preset::V3_7);
    assert_eq!(stage.at(500).register(1, 1), Err(ErrorCode::DuplicateBrokerRegistration));
    stage.kill(&[1]);
    assert_eq!(stage.register(1, 1), Ok(BrokerEpoch(4)));
    assert_eq!(stage.events(), [Event::BrokerRegistered { broker: BrokerId(1), epoch: BrokerEpoch(4) }]);
    assert!(stage.told(1).is_some(), "it hears of its partitions");
    let metadata = stage.metadata().1.expect("told");
    assert_eq!(metadata.live_brokers, set(&[2, 3]));
    assert_eq!(metadata.broker_epoch(BrokerId(1)), Some(BrokerEpoch(4)));
    assert_eq!(stage.register(1, 1), Ok(BrokerEpoch(4)), "a repetition");
    assert!(stage.is_quiet());
}

#[test]
fn a_heartbeat_unfences_a_broker_and_the_judges_see_it_alive() {
    let mut stage = stage(Preset::V3_7);
    stage.kill(&[3]);
    stage.register(3, 1).expect("its session is over");
    assert_eq!(stage.heartbeat(3, 4), ErrorCode::None);
    assert_eq!(stage.events(), [unfenced(3)]);
    assert_eq!(stage.metadata().1.expect("told").live_brokers, set(&[1, 2, 3]));
    assert_eq!(stage.heartbeat(3, 3), ErrorCode::StaleBrokerEpoch, "of its earlier life");
}

#[test]
fn a_broker_that_was_only_silent_is_unfenced_under_the_same_epoch() {
    let mut stage = stage(Preset::V3_7);
    stage.kill(&[3]);
    assert_eq!(stage.state(0).isr, set(&[1, 2]));
    assert_eq!(stage.heartbeat(3, 3), ErrorCode::None);
    assert_eq!(stage.events(), [unfenced(3)]);
    assert!(stage.told(3).is_some(), "it hears what it may have missed");
    assert_eq!(stage.state(0).isr, set(&[1, 2]), "only the leader takes it in");
}

#[test]
fn a_silent_follower_leaves_the_isr_and_everybody_hears_of_it() {
    let mut stage = stage(Preset::V3_7);
    stage.kill(&[3]);
    assert_eq!(stage.summary(), (Some(1), LeaderEpoch(0), set(&[1, 2]), PartitionEpoch(1)));
    assert_eq!(stage.told_brokers(), set(&[1, 2, 3]), "also the one that is fenced");
}

#[test]
fn stale_brokers_are_fenced_one_by_one() {
    let mut stage = stage(Preset::V3_7);
    stage.kill(&[1, 2]);
    let is_election = |event: &&Event| matches!(event, Event::LeaderElected { .. });
    let leaders: Vec<_> = stage.events().iter().filter(is_election).collect();
    assert_eq!(leaders, [&elected(2, 1, &[2, 3], false), &elected(3, 2, &[3], false)]);
}

#[test]
fn the_last_isr_member_leads_as_soon_as_it_is_unfenced_and_not_before() {
    let mut stage = stage(Preset::V3_7);
    stage.kill(&[1, 2, 3]);
    let (leader, epoch, isr, _) = stage.summary();
    assert_eq!((leader, isr), (None, set(&[3])));
    stage.register(3, 1).expect("its session is over");
    assert_eq!(stage.state(0).leader, None);
    stage.heartbeat(3, 4);
    assert_eq!(stage.events(), [unfenced(3), elected(3, epoch.0 + 1, &[3], false)]);
}

#[test]
fn where_unclean_elections_are_allowed_a_living_replica_leads_alone_and_is_recovering() {
    let mut stage = under(Preset::V3_7.protocol(), true);
    stage.propose_isr(1, &[1]).expect("valid");
    stage.kill(&[1]);
    assert!(stage.events().contains(&elected(2, 1, &[2], true)));
    assert!(stage.state(0).recovering);
}

#[test]
fn a_controller_that_stood_still_fences_nobody() {
    let mut stage = stage(Preset::V3_7);
    stage.at(60_000).give(Input::Deadline);
    assert!(stage.is_quiet());
}

#[test]
fn a_broker_that_shuts_down_leaves_isrs_first_and_is_fenced_once_the_others_have_heard() {
    let mut stage = stage(Preset::V3_7);
    assert_eq!(stage.at(1_000).shut_down(1, 1), Ok(1));
    assert_eq!(stage.summary(), (Some(2), LeaderEpoch(1), set(&[2, 3]), PartitionEpoch(1)));
    let metadata = stage.metadata().1.expect("told");
    assert_eq!(metadata.shutting_down, set(&[1]));
    assert!(metadata.live_brokers.contains(BrokerId(1)));
    assert_eq!(stage.at(1_050).shut_down(1, 1), Ok(1), "the others may not have heard");
    assert!(stage.is_quiet());
    stage.at(2_000).heartbeat(2, 2);
    stage.at(2_000).heartbeat(3, 3);
    assert_eq!(stage.at(3_050).shut_down(1, 1), Ok(0));
    assert_eq!(stage.events(), [fenced(1)]);
    assert_eq!(stage.shut_down(1, 1), Ok(0), "a repetition");
    assert_eq!(stage.register_after(1, 1, Some(1)), Ok(BrokerEpoch(4)), "no session is in its way");
}

#[test]
fn a_broker_that_leads_nothing_may_stop_at_once() {
    let mut stage = stage(Preset::V3_7);
    assert_eq!(stage.shut_down(3, 3), Ok(0));
    assert_eq!(stage.events()[0], fenced(3));
    assert_eq!(stage.state(0).isr, set(&[1, 2]));
}

#[test]
fn a_broker_that_is_alone_in_an_isr_takes_the_partition_offline_as_it_shuts_down() {
    let mut stage = stage(Preset::V3_7);
    stage.propose_isr(1, &[1]).expect("valid");
    assert_eq!(stage.at(1_000).shut_down(1, 1), Ok(1));
    assert_eq!(stage.summary().0, None);
    assert_eq!(stage.state(0).isr, set(&[1]));
}

#[test]
fn before_kip_841_nobody_is_told_that_a_broker_shuts_down() {
    let anyone = Switches { isr_eligibility: Some(IsrEligibility::Anyone), ..Switches::default() };
    let mut stage = under(Preset::V3_3.protocol().with(anyone), false);
    stage.at(1_000).shut_down(1, 1).expect("current");
    assert_eq!(stage.metadata().1.expect("told").shutting_down, set(&[]));
    assert!(stage.controller.sessions.electable().contains(BrokerId(1)));
}

#[test]
fn under_elr_the_isr_may_become_empty_and_an_eligible_replica_leads_when_it_is_back() {
    let mut stage = stage(Preset::V4_0Elr);
    stage.kill(&[2]);
    assert_eq!(stage.state(0).elr, set(&[]), "the ISR is large enough");
    stage.kill(&[1]);
    assert!(stage.events().contains(&Event::ElrChanged { partition: tp(0), elr: set(&[1]) }));
    stage.kill(&[3]);
    assert_eq!((stage.state(0).isr, stage.state(0).elr), (set(&[]), set(&[1, 3])));
    stage.register_after(1, 1, Some(1)).expect("its session is over");
    assert_eq!(stage.state(0).elr, set(&[1, 3]), "it stopped in good order");
    stage.heartbeat(1, 4);
    assert_eq!((stage.state(0).leader, stage.state(0).isr), (Some(BrokerId(1)), set(&[1])));
    assert_eq!(stage.state(0).elr, set(&[3]));
}

#[test]
fn a_broker_without_the_word_of_a_clean_shutdown_is_eligible_nowhere() {
    for previous in [None, Some(2)] {
        let mut stage = stage(Preset::V4_0Elr);
        stage.kill(&[2]);
        stage.kill(&[1]);
        stage.kill(&[3]);
        stage.register_after(1, 1, previous).expect("its session is over");
        let detected = Event::UncleanShutdownDetected { broker: BrokerId(1) };
        let changed = Event::ElrChanged { partition: tp(0), elr: set(&[3]) };
        assert_eq!(stage.events()[1..], [detected, changed]);
        stage.heartbeat(1, 4);
        assert_eq!(stage.state(0).leader, None);
    }
}

#[test]
fn the_last_known_leader_leads_when_nobody_is_eligible() {
    let mut stage = stage(Preset::V4_0Elr);
    stage.kill(&[1, 2, 3]);
    stage.register(1, 1).expect("its session is over");
    stage.register(2, 1).expect("its session is over");
    stage.register(3, 1).expect("its session is over");
    assert_eq!((stage.state(0).isr, stage.state(0).elr), (set(&[]), set(&[])));
    assert_eq!(stage.state(0).last_known_leader, Some(BrokerId(3)));
    stage.heartbeat(1, 4);
    assert_eq!(stage.state(0).leader, None, "1 did not lead last");
    stage.heartbeat(3, 6);
    assert_eq!(stage.state(0).leader, Some(BrokerId(3)));
    assert!(stage.state(0).recovering);
}

#[test]
fn an_isr_of_a_leader_comes_into_force_for_everybody_at_once() {
    let mut stage = stage(Preset::V3_5);
    assert_eq!(stage.propose_isr(1, &[1, 2]), Ok(PartitionEpoch(1)));
    assert_eq!(stage.told_brokers(), set(&[1, 2, 3]));
    assert_eq!(stage.state(0).leader_epoch, LeaderEpoch(1), "before 3.6 a shrink raises the leader epoch");
}

#[test]
fn a_broker_hears_of_the_cluster_before_it_hears_of_its_partitions() {
    let is_metadata = |preset: Preset| {
        let mut stage = stage(preset);
        stage.kill(&[3]);
        let told = stage.out.sends.iter().filter(|sent| sent.to == NodeId::from(BrokerId(1)));
        told.map(|sent| matches!(sent.message.body, Body::UpdateMetadataRequest(_))).collect::<Vec<_>>()
    };
    assert_eq!(is_metadata(Preset::V3_3), [true, false]);
    assert_eq!(is_metadata(Preset::V2_8), [false, true], "with ZooKeeper it is the other way round");
}
