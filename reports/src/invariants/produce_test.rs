//! `min-isr-respected`, `visible-below-high-watermark`, `idempotent-dedup`, `ack-honesty`.

use std::sync::Arc;

use highwater_model::config::Acks;
use highwater_model::event::Event;
use highwater_model::ids::{BrokerId, NodeId, Offset};
use highwater_model::record::Batch;

use crate::property::Property::{AckHonesty, IdempotentDedup, MinIsrRespected, VisibleBelowHighWatermark};
use crate::testing::{ORDERS, SHOP, Stage, acknowledged, set};

fn served(from: u64, to: u64, high_watermark: u64) -> Event {
    Event::RecordsServed {
        partition: ORDERS,
        broker: BrokerId(1),
        client: NodeId(5),
        from: Offset(from),
        to: Offset(to),
        high_watermark: Offset(high_watermark),
    }
}

fn appended(broker: u8, batch: &Arc<Batch>) -> Event {
    Event::RecordsAppended {
        partition: ORDERS,
        broker: BrokerId(broker),
        client: SHOP,
        batch: Arc::clone(batch),
    }
}

#[test]
fn an_honest_success_is_not_reported() {
    let mut stage = Stage::settled();
    stage.look(&[acknowledged(1, Acks::All, 1, &[1]), served(0, 3, 3)]);
    stage.append(1, &[3]);
    stage.look(&[acknowledged(1, Acks::Leader, 3, &[3])]);
    for property in [AckHonesty, MinIsrRespected, VisibleBelowHighWatermark] {
        stage.assert_held(property);
    }
}

#[test]
fn a_success_to_all_below_the_minimum_isr_is_reported() {
    let mut stage = Stage::settled();
    stage.replica(1).maximal_isr = set(&[1]);
    stage.look(&[acknowledged(1, Acks::Leader, 1, &[1])]);
    assert_eq!(stage.tally(MinIsrRespected).looked, 0, "the minimum is not asked of acks=1");
    stage.look(&[acknowledged(1, Acks::All, 1, &[1])]);
    stage.assert_broken(
        MinIsrRespected,
        "broker 1, leader of orders-0 in epoch 0, answered success to acks=-1 for 1 records at offset 1 with ISR {1} \
         while min.insync.replicas is 2",
    );
}

#[test]
fn a_success_that_was_decided_while_the_isr_was_large_enough_may_be_answered_later() {
    let mut stage = Stage::settled();
    let decided = Event::Replicated {
        partition: ORDERS,
        broker: BrokerId(1),
        client: SHOP,
        base_offset: Offset(2),
        end_offset: Offset(3),
    };
    stage.look(&[decided]);
    stage.replica(1).maximal_isr = set(&[1]);
    stage.cut(1, 2);
    stage.look(&[acknowledged(1, Acks::All, 2, &[2])]);
    stage.assert_held(MinIsrRespected);
    stage.assert_held(AckHonesty);
    stage.look(&[acknowledged(1, Acks::All, 2, &[2])]);
    assert_eq!(stage.tally(MinIsrRespected).broken, 1, "one decision bears one answer");
    assert_eq!(stage.tally(AckHonesty).broken, 1);
}

#[test]
fn a_consumer_served_at_the_high_watermark_is_reported() {
    let mut stage = Stage::settled();
    stage.append(1, &[3]);
    stage.look(&[served(2, 4, 4)]);
    stage.assert_broken(
        VisibleBelowHighWatermark,
        "broker 1 sent records 2 to 3 of orders-0 to billing-0 while its high watermark was 3",
    );
}

#[test]
fn a_success_for_records_that_are_not_in_the_log_is_reported() {
    let mut stage = Stage::settled();
    stage.look(&[acknowledged(1, Acks::Leader, 2, &[7])]);
    stage.assert_broken(
        AckHonesty,
        "broker 1 answered success to acks=1 for 1 records at offset 2 of orders-0, but at offset 2 it has record 2 of \
         shop, written in epoch 0, where record 7 of shop belongs",
    );
}

#[test]
fn a_success_to_all_above_the_high_watermark_is_reported() {
    let mut stage = Stage::settled();
    stage.append(1, &[3, 4]);
    stage.replica(1).high_watermark = Offset(4);
    stage.look(&[acknowledged(1, Acks::All, 3, &[3, 4])]);
    stage.assert_broken(
        AckHonesty,
        "broker 1 answered success to acks=-1 for 2 records at offset 3 of orders-0, but its high watermark was 4 \
         and should have reached 5",
    );
}

#[test]
fn sequences_that_follow_each_other_are_not_reported() {
    let mut stage = Stage::new();
    for (place, sequence) in [0, 2, 4].into_iter().enumerate() {
        let numbers = [place as u32 * 2, place as u32 * 2 + 1];
        let batch = stage.append_stamped(1, &numbers, Some(sequence));
        stage.look(&[appended(1, &batch)]);
    }
    stage.assert_held(IdempotentDedup);
    assert_eq!(stage.tally(IdempotentDedup).looked, 3);
}

#[test]
fn a_sequence_that_another_leader_appended_to_a_lost_log_may_come_again() {
    let mut stage = Stage::new();
    let batch = stage.append_stamped(1, &[0, 1], Some(0));
    stage.look(&[appended(1, &batch)]);
    let events = stage.elect(2, 1, &[2, 3]);
    stage.look(&events);
    let other = stage.append_stamped(2, &[9], None);
    let again = stage.append_stamped(2, &[0, 1], Some(0));
    stage.look(&[appended(2, &other), appended(2, &again)]);
    stage.assert_held(IdempotentDedup);
}

#[test]
fn a_sequence_that_is_still_in_the_log_and_comes_again_is_reported() {
    let mut stage = Stage::new();
    let batch = stage.append_stamped(1, &[0, 1], Some(0));
    stage.look(&[appended(1, &batch)]);
    let batch = stage.append_stamped(1, &[2], Some(2));
    stage.look(&[appended(1, &batch)]);
    let again = stage.append_stamped(1, &[1, 2], Some(1));
    stage.look(&[appended(1, &again)]);
    stage.assert_broken(
        IdempotentDedup,
        "broker 1, a leader of orders-0, appended sequence 1 of PID 7 epoch 0 at offset 3; its log still has it at \
         offset 1",
    );
}
