//! What a leader's proposal leads to, and when the others hear of it.

use super::*;
use crate::controller::stage::{Stage, set, topic, tp};
use crate::event::Event;
use crate::ids::LeaderEpoch;
use crate::machine::{Input, Machine};
use crate::protocol::{Preset, Protocol};

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

#[test]
fn an_accepted_proposal_raises_the_version_and_not_the_leader_epoch() {
    let mut stage = Stage::new();
    assert_eq!(stage.propose_isr(1, &[1, 3]), Ok(PartitionEpoch(1)));
    assert_eq!(stage.summary(), (Some(1), LeaderEpoch(0), set(&[1, 3]), PartitionEpoch(1)));
    let shrunk = Event::IsrShrunk {
        partition: tp(0),
        removed: set(&[2]),
        isr: set(&[1, 3]),
        version: PartitionEpoch(1),
    };
    assert_eq!(stage.events(), [shrunk]);
    assert_eq!(stage.propose_isr(1, &[1, 2, 3]), Ok(PartitionEpoch(2)));
    let expanded = Event::IsrExpanded {
        partition: tp(0),
        added: set(&[2]),
        isr: set(&[1, 2, 3]),
        version: PartitionEpoch(2),
    };
    assert_eq!(stage.events(), [expanded]);
}

#[test]
fn a_proposal_from_an_older_version_is_refused() {
    let mut stage = Stage::new();
    let old = PartitionState { isr: set(&[1, 2]), ..stage.state(0).clone() };
    stage.propose_isr(1, &[1]).expect("a proposal from the latest version");
    assert_eq!(stage.propose(1, old), Err(ErrorCode::InvalidUpdateVersion));
    assert_eq!(stage.state(0).isr, set(&[1]));
    assert!(stage.is_quiet());
}

#[test]
fn a_repeated_proposal_whose_answer_was_lost_succeeds_and_changes_nothing() {
    let mut stage = Stage::new();
    let proposed = PartitionState { isr: set(&[1, 2]), ..stage.state(0).clone() };
    assert_eq!(stage.propose(1, proposed.clone()), Ok(PartitionEpoch(1)));
    assert_eq!(stage.propose(1, proposed), Ok(PartitionEpoch(1)));
    assert!(stage.is_quiet());
}

#[test]
fn a_deposed_leader_is_fenced() {
    let mut stage = Stage::new();
    let old = PartitionState { isr: set(&[1]), ..stage.state(0).clone() };
    stage.kill(&[1]);
    assert_eq!(stage.propose(1, old), Err(ErrorCode::FencedLeaderEpoch));
    assert_eq!(stage.summary(), (Some(2), LeaderEpoch(1), set(&[2, 3]), PartitionEpoch(1)));
}

#[test]
fn only_the_leader_may_propose() {
    let mut stage = Stage::new();
    assert_eq!(stage.propose_isr(2, &[1, 2]), Err(ErrorCode::InvalidRequest));
    let ahead = PartitionState { leader_epoch: LeaderEpoch(1), ..stage.state(0).clone() };
    assert_eq!(stage.propose(1, ahead), Err(ErrorCode::InvalidRequest));
}

#[test]
fn an_isr_without_the_leader_or_beyond_the_replicas_is_refused() {
    let mut stage = Stage::new();
    assert_eq!(stage.propose_isr(1, &[2, 3]), Err(ErrorCode::InvalidRequest));
    assert_eq!(stage.propose_isr(1, &[1, 4]), Err(ErrorCode::InvalidRequest));
    assert_eq!(stage.propose_isr(1, &[]), Err(ErrorCode::InvalidRequest));
}

#[test]
fn a_partition_that_nobody_knows_is_named_in_the_refusal() {
    let mut stage = Stage::new();
    let unknown = PartitionState { partition: tp(9), ..stage.state(0).clone() };
    assert_eq!(stage.propose(1, unknown), Err(ErrorCode::UnknownTopicOrPartition));
}

#[test]
fn a_dead_replica_may_be_taken_into_the_isr_in_this_era() {
    let mut stage = Stage::new();
    stage.kill(&[3]);
    assert_eq!(stage.propose_isr(1, &[1, 2, 3]), Ok(PartitionEpoch(2)));
}

#[test]
fn an_isr_change_is_told_to_all_at_the_first_look_after_five_quiet_seconds() {
    let mut stage = Stage::new();
    stage.at(400).propose_isr(1, &[1, 2]).expect("valid");
    assert!(stage.metadata().0.is_empty(), "not at once");
    stage.at(1_000).propose_isr(1, &[1]).expect("valid");
    for broker in 1..=3 {
        stage.at(4_000).heartbeat(broker, u64::from(broker));
    }
    assert_eq!(stage.controller.next_deadline(), Some(at(7_500)));
    stage.at(7_500).give(Input::Deadline);
    let (to, metadata) = stage.metadata();
    assert_eq!(to, set(&[1, 2, 3]));
    assert_eq!(metadata.expect("told").partitions[0].isr, set(&[1]));
    assert!(stage.told_brokers().is_empty(), "an ISR change is no order to the replicas");
    assert_eq!(stage.controller.propagation.due(), None);
}

#[test]
fn an_unceasing_churn_is_told_a_minute_after_the_last_telling() {
    let mut clock = Propagation::default();
    clock.told(at(1_000));
    for second in 2..62 {
        clock.note(at(second * 1_000));
    }
    assert_eq!(clock.due(), Some(at(62_500)));
}

#[test]
fn a_change_after_a_quiet_minute_is_told_at_the_next_look() {
    let mut clock = Propagation::default();
    clock.note(at(100_000));
    assert_eq!(clock.due(), Some(at(102_500)));
}

#[test]
fn other_metadata_that_goes_out_carries_the_isr_changes_along() {
    let mut stage = Stage::new();
    stage.at(400).propose_isr(1, &[1, 2]).expect("valid");
    stage.kill(&[3]);
    assert_eq!(stage.controller.propagation.due(), None);
}

/// One partition on brokers 1, 2, 3 by the rules of this version.
fn of(protocol: Protocol) -> Stage {
    Stage::with_protocol(protocol, 3, vec![topic(&[&[1, 2, 3]], false)])
}

impl Stage {
    /// Broker 1 proposes under its registration, and says under which it knows these members.
    fn request(&mut self, proposed: PartitionState, isr_epochs: &[(u8, u64)]) -> Result<Body, ErrorCode> {
        let epoch = self.controller.sessions.epoch(BrokerId(1));
        self.request_as(epoch, proposed, isr_epochs)
    }

    fn request_as(
        &mut self,
        epoch: BrokerEpoch,
        proposed: PartitionState,
        isr_epochs: &[(u8, u64)],
    ) -> Result<Body, ErrorCode> {
        let isr_epochs = isr_epochs.iter().map(|(id, epoch)| (BrokerId(*id), BrokerEpoch(*epoch))).collect();
        let (proposed, broker_epoch) = (Box::new(proposed), Some(epoch));
        let reply = self.ask(1, Body::AlterPartitionRequest { proposed, broker_epoch, isr_epochs });
        let Body::AlterPartitionReply { error, .. } = reply else { panic!("{reply:?}") };
        if error == ErrorCode::None { Ok(reply) } else { Err(error) }
    }

    fn with_isr(&self, isr: &[u8]) -> PartitionState {
        PartitionState { isr: set(isr), ..self.state(0).clone() }
    }

    fn refusal(&mut self, proposed: PartitionState) -> Option<ErrorCode> {
        self.request(proposed, &[]).err()
    }
}

#[test]
fn in_2_7_all_brokers_get_the_metadata_at_once_and_no_order() {
    let mut stage = of(Preset::V2_7.protocol());
    stage.request(stage.with_isr(&[1, 2]), &[]).expect("valid");
    assert_eq!(stage.metadata().0, set(&[1, 2, 3]));
    assert!(stage.told_brokers().is_empty());
    assert_eq!(stage.controller.propagation.due(), None);
}

#[test]
fn under_kraft_all_replicas_hear_of_another_isr_at_once() {
    let mut stage = of(Preset::V3_7.protocol());
    stage.request(stage.with_isr(&[1, 2]), &[]).expect("valid");
    assert_eq!(stage.told_brokers(), set(&[1, 2, 3]));
    assert_eq!(stage.told(2).expect("told")[0].isr, set(&[1, 2]));
    assert_eq!(stage.summary(), (Some(1), LeaderEpoch(0), set(&[1, 2]), PartitionEpoch(1)));
}

#[test]
fn a_shrink_raises_the_leader_epoch_under_kraft_until_3_5_and_an_expansion_never() {
    let mut stage = of(Preset::V3_5.protocol());
    let reply = stage.request(stage.with_isr(&[1, 2]), &[]).expect("valid");
    let Body::AlterPartitionReply { leader_epoch, .. } = reply else { panic!("{reply:?}") };
    assert_eq!(leader_epoch, LeaderEpoch(1), "the answer says so");
    stage.request(stage.with_isr(&[1, 2, 3]), &[]).expect("valid");
    assert_eq!(stage.summary(), (Some(1), LeaderEpoch(1), set(&[1, 2, 3]), PartitionEpoch(2)));
}

#[test]
fn a_request_under_another_registration_than_the_latest_is_stale_since_2_7() {
    for preset in [Preset::V2_7, Preset::V3_7] {
        let mut stage = of(preset.protocol());
        let proposed = stage.with_isr(&[1, 2]);
        assert_eq!(stage.request_as(BrokerEpoch(99), proposed, &[]), Err(ErrorCode::StaleBrokerEpoch));
        assert!(stage.is_quiet());
    }
}

#[test]
fn a_kraft_controller_that_knows_less_than_the_leader_says_so() {
    let mut stage = of(Preset::V3_3.protocol());
    let epoch_ahead = PartitionState { leader_epoch: LeaderEpoch(1), ..stage.with_isr(&[1]) };
    assert_eq!(stage.refusal(epoch_ahead), Some(ErrorCode::NotController));
    let version_ahead = PartitionState { partition_epoch: PartitionEpoch(1), ..stage.with_isr(&[1]) };
    assert_eq!(stage.refusal(version_ahead), Some(ErrorCode::NotController));
}

#[test]
fn a_kraft_controller_takes_a_repetition_from_an_older_version_for_out_of_date() {
    let mut stage = of(Preset::V3_7.protocol());
    let proposed = stage.with_isr(&[1, 2]);
    stage.request(proposed.clone(), &[]).expect("valid");
    assert_eq!(stage.refusal(proposed), Some(ErrorCode::InvalidUpdateVersion));
    let same = stage.with_isr(&[1, 2]);
    assert_eq!(stage.refusal(same), None, "what holds already is a success from its own version");
    assert!(stage.is_quiet());
}

#[test]
fn a_zookeeper_controller_takes_a_repetition_for_a_success() {
    let mut stage = of(Preset::V2_7.protocol());
    let proposed = stage.with_isr(&[1, 2]);
    stage.request(proposed.clone(), &[]).expect("valid");
    assert_eq!(stage.refusal(proposed), None);
}

#[test]
fn a_member_that_shuts_down_is_ineligible_since_3_3() {
    for (preset, refused) in [(Preset::V2_8, None), (Preset::V3_3, Some(ErrorCode::IneligibleReplica))] {
        let mut stage = of(preset.protocol());
        stage.request(stage.with_isr(&[1, 3]), &[]).expect("valid");
        stage.controller.sessions.begin_shutdown(BrokerId(2));
        let proposed = stage.with_isr(&[1, 2, 3]);
        assert_eq!(stage.refusal(proposed), refused, "{preset:?}");
    }
}

#[test]
fn a_member_that_was_restarted_since_the_leader_heard_it_is_ineligible_since_3_5() {
    for (preset, refused) in [(Preset::V3_3, None), (Preset::V3_5, Some(ErrorCode::IneligibleReplica))] {
        let mut stage = of(preset.protocol());
        stage.request(stage.with_isr(&[1, 3]), &[]).expect("valid");
        let proposed = stage.with_isr(&[1, 2, 3]);
        assert_eq!(stage.request(proposed.clone(), &[(2, 1)]).err(), refused, "{preset:?}");
        if refused.is_some() {
            assert!(stage.request(proposed, &[(2, 2)]).is_ok());
        }
    }
}

#[test]
fn a_leader_that_recovers_is_alone_in_the_isr_and_never_begins_to_recover_again() {
    let mut stage = of(Preset::V3_7.protocol());
    stage.controller.partitions[0].state.recovering = true;
    let several = PartitionState { recovering: true, ..stage.with_isr(&[1, 2]) };
    assert_eq!(stage.refusal(several), Some(ErrorCode::InvalidRequest));
    let recovered = PartitionState { recovering: false, ..stage.with_isr(&[1, 2]) };
    assert_eq!(stage.refusal(recovered), None);
    assert!(!stage.state(0).recovering);
    let again = PartitionState { recovering: true, ..stage.with_isr(&[1]) };
    assert_eq!(stage.refusal(again), Some(ErrorCode::InvalidRequest));
}
