//! Sessions that are closed, and brokers that are back before the controller looks.

use super::stage::{Stage, set, topic};
use super::*;
use crate::event::Event;
use crate::ids::BrokerEpoch;
use crate::protocol::{Preset, Switches};

fn stage(preset: Preset) -> Stage {
    Stage::with_protocol(preset.protocol(), 3, vec![topic(&[&[1, 2, 3]], false)])
}

#[test]
fn a_session_that_is_closed_ends_when_the_controller_looks() {
    let mut stage = stage(Preset::V0_11);
    stage.at(1_000).close_session(1, 1);
    assert!(stage.is_quiet());
    assert_eq!(stage.controller.next_deadline(), Some(Instant::from_millis(1_050)));
    stage.at(1_050).give(Input::Deadline);
    assert_eq!(stage.events()[0], Event::BrokerFenced { broker: BrokerId(1) });
    assert_eq!(stage.state(0).leader, Some(BrokerId(2)));
}

#[test]
fn a_broker_that_is_back_before_the_look_is_overlooked_and_hears_nothing() {
    let mut stage = stage(Preset::V0_11);
    stage.at(1_000).close_session(1, 1);
    assert_eq!(stage.at(1_010).register(1, 1), Ok(BrokerEpoch(4)));
    assert_eq!(stage.events(), [Event::BounceOverlooked { broker: BrokerId(1) }]);
    assert!(stage.told_brokers().is_empty() && stage.metadata().0.is_empty());
    assert_eq!(stage.summary(), (Some(1), LeaderEpoch(0), set(&[1, 2, 3]), PartitionEpoch(0)));
    stage.at(1_100).give(Input::Deadline);
    assert!(stage.is_quiet(), "nothing is left to look at");
    assert_eq!(stage.heartbeat(1, 4), crate::message::ErrorCode::None);
}

#[test]
fn with_broker_epochs_such_a_bounce_is_a_death_and_a_return() {
    let mut stage = stage(Preset::V2_4);
    stage.at(1_000).close_session(1, 1);
    assert_eq!(stage.at(1_010).register(1, 1), Ok(BrokerEpoch(4)));
    let broker = BrokerId(1);
    assert_eq!(stage.events()[0], Event::BrokerFenced { broker });
    let registered = Event::BrokerRegistered { broker, epoch: BrokerEpoch(4) };
    assert_eq!(*stage.events().last().expect("told"), registered);
    assert_eq!(stage.state(0).leader, Some(BrokerId(2)));
    assert!(stage.told_brokers().contains(broker));
}

#[test]
fn a_session_that_is_closed_under_a_stale_epoch_is_none_of_its_brokers() {
    let mut stage = stage(Preset::V0_11);
    stage.close_session(1, 9);
    stage.at(1_000).give(Input::Deadline);
    assert!(stage.is_quiet());
}

#[test]
fn the_last_isr_member_is_kept_from_1_1_on_though_unclean_elections_are_allowed() {
    for (kept, isr) in [(true, set(&[3])), (false, set(&[]))] {
        let switches = Switches { last_isr_member_kept: Some(kept), ..Switches::default() };
        let protocol = Preset::V0_11.protocol().with(switches);
        let mut stage = Stage::with_protocol(protocol, 3, vec![topic(&[&[1, 2, 3]], true)]);
        stage.kill(&[1, 2, 3]);
        assert_eq!(stage.state(0).isr, isr, "brokers leave in the order of their ids");
        assert_eq!(stage.state(0).leader, None);
    }
}
