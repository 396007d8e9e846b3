//! What a leader's proposal leads to, and when the others hear of it.

use super::*;
use crate::controller::stage::{Stage, set, tp};
use crate::event::Event;
use crate::ids::LeaderEpoch;
use crate::machine::{Input, Machine};

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
