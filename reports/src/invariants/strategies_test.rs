//! What is asked where an acknowledgement waits for the leader alone, or for a majority.

use highwater_model::config::{AckStrategy, Acks};
use highwater_model::event::{Event, TruncationReason};
use highwater_model::ids::{BrokerId, Offset};

use crate::property::Property::{
    AckHonesty, AckedDurable, HighWatermarkBound, IsrEvictionTimely, IsrRejoin, LeaderInIsr, LogMatching,
    MinIsrRespected, StrongIsr, TruncationToHighWatermark, WeakIsr,
};
use crate::testing::{ORDERS, Stage, acknowledged, set};

#[test]
fn where_the_leader_alone_answers_acks_all_is_asked_no_more_than_acks_1() {
    let mut stage = Stage::settled();
    stage.with_strategy(AckStrategy::Leader);
    stage.append(1, &[3]);
    stage.look(&[acknowledged(1, Acks::All, 3, &[3])]);
    stage.assert_held(AckHonesty);
    stage.cut(1, 3);
    stage.look(&[]);
    for property in [AckedDurable, MinIsrRespected] {
        assert_eq!(stage.tally(property).looked, 0, "{}", property.name());
    }
    stage.look(&[acknowledged(1, Acks::All, 3, &[9])]);
    assert_eq!(stage.tally(AckHonesty).broken, 1, "what was not appended is a lie all the same");
}

#[test]
fn where_a_majority_decides_nothing_is_asked_of_the_isr() {
    let mut stage = Stage::settled();
    stage.with_strategy(AckStrategy::Majority);
    let cut = Event::LogTruncated {
        partition: ORDERS,
        broker: BrokerId(3),
        from: Offset(3),
        to: Offset(2),
        high_watermark: Offset(3),
        reason: TruncationReason::BecameFollower,
    };
    let shrink = Event::IsrShrinkProposed {
        partition: ORDERS,
        broker: BrokerId(1),
        removed: set(&[3]),
        isr: set(&[1, 2]),
    };
    stage.cut(3, 2);
    stage.replica(3).high_watermark = Offset(2);
    stage.replica(1).maximal_isr = set(&[1]);
    stage.orders().controller.isr = set(&[2]);
    stage.look(&[cut, shrink, acknowledged(1, Acks::All, 2, &[2])]);
    stage.wait(60_000);
    stage.look(&[]);
    let of_isr = [
        WeakIsr,
        StrongIsr,
        LeaderInIsr,
        IsrEvictionTimely,
        IsrRejoin,
        MinIsrRespected,
        TruncationToHighWatermark,
    ];
    for property in of_isr {
        assert_eq!(stage.tally(property).looked, 0, "{}", property.name());
    }
    for property in [HighWatermarkBound, AckedDurable, AckHonesty, LogMatching] {
        stage.assert_held(property);
    }
}

#[test]
fn a_high_watermark_that_no_majority_has_reached_is_reported() {
    let mut stage = Stage::settled();
    stage.with_strategy(AckStrategy::Majority);
    for broker in [2, 3] {
        stage.cut(broker, 2);
        stage.replica(broker).high_watermark = Offset(2);
        stage.look(&[]);
    }
    stage.assert_broken(
        HighWatermarkBound,
        "broker 1, leader of orders-0 in epoch 0, has high watermark 3, and of its 3 replicas {2,3} have logs that end \
         below it",
    );
}

#[test]
fn what_a_majority_acknowledged_must_stay() {
    let mut stage = Stage::settled();
    stage.with_strategy(AckStrategy::Majority);
    stage.look(&[acknowledged(1, Acks::All, 2, &[2])]);
    stage.cut(1, 2);
    stage.look(&[]);
    assert_eq!(stage.tally(AckedDurable).broken, 1);
}
