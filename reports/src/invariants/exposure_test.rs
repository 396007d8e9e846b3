//! `weak-isr`, `strong-isr`, `log-matching`, `leader-completeness`, `acked-durable` and the ghosts behind them.

use std::sync::Arc;

use highwater_model::config::Acks;
use highwater_model::event::{Event, TruncationReason};
use highwater_model::ids::{BrokerId, LeaderEpoch, Offset, TopicId, TopicPartition};
use highwater_model::view::Role;

use crate::property::Property::{
    AckedDurable, CandidateCompleteness, HighWatermarkMonotone, LeaderCompleteness, LogMatching, StrongIsr,
    WeakIsr,
};
use crate::testing::{ORDERS, Stage, acknowledged, partition, records, set};

#[test]
fn a_cluster_in_order_is_not_reported() {
    let mut stage = Stage::settled();
    stage.look(&[acknowledged(1, Acks::All, 0, &[0]), acknowledged(1, Acks::All, 1, &[1])]);
    let events = stage.elect(2, 1, &[2, 3]);
    stage.look(&events);
    stage.append(2, &[3]);
    stage.copy(2, 1);
    stage.copy(2, 3);
    stage.high_watermarks(4);
    stage.look(&[acknowledged(2, Acks::All, 3, &[3])]);
    for property in [StrongIsr, WeakIsr, LogMatching, LeaderCompleteness, AckedDurable] {
        stage.assert_held(property);
    }
}

#[test]
fn an_isr_member_without_an_exposed_record_is_reported_once_until_mended() {
    let mut stage = Stage::settled();
    stage.cut(2, 2);
    stage.look(&[]);
    stage.look(&[]);
    stage.assert_broken(
        StrongIsr,
        "broker 2, in the ISR {1,2,3} of orders-0, holds 2 of the 3 exposed records: offset 2 is missing, where \
         record 2 of shop belongs (exposed by broker 1 in epoch 0)",
    );
    assert_eq!(stage.tally(WeakIsr).broken, 1);
    stage.copy(1, 2);
    stage.look(&[]);
    stage.cut(2, 1);
    stage.look(&[]);
    assert_eq!(stage.tally(StrongIsr).broken, 2);
    assert_eq!(stage.tally(WeakIsr).broken, 2);
}

#[test]
fn an_isr_member_that_rewrote_an_exposed_record_unannounced_is_reported() {
    let mut stage = Stage::settled();
    stage.cut(3, 1);
    stage.append(3, &[8, 9]);
    stage.look(&[]);
    stage.assert_broken(
        StrongIsr,
        "broker 3, in the ISR {1,2,3} of orders-0, holds 1 of the 3 exposed records: at offset 1 it has record 8 of \
         shop, written in epoch 0, where record 1 of shop belongs (exposed by broker 1 in epoch 0)",
    );
}

#[test]
fn what_a_deposed_leader_exposes_counts_too() {
    let mut stage = Stage::settled();
    stage.append(1, &[3]);
    let events = stage.elect(2, 1, &[2, 3]);
    stage.replica(1).role = Role::Leader;
    stage.replica(1).leader_epoch = LeaderEpoch(0);
    stage.replica(1).isr = set(&[1]);
    stage.look(&events);
    stage.assert_held(StrongIsr);
    stage.replica(1).high_watermark = Offset(4);
    stage.look(&[]);
    assert_eq!(stage.tally(StrongIsr).broken, 2, "brokers 2 and 3 lack it");
    stage.assert_held(WeakIsr);
}

#[test]
fn a_member_that_differs_below_the_leaders_high_watermark_is_reported() {
    let mut stage = Stage::settled();
    stage.replica(1).isr = set(&[1, 3]);
    stage.orders().controller.isr = set(&[1, 3]);
    stage.look(&[]);
    stage.cut(2, 0);
    stage.look(&[]);
    stage.assert_held(WeakIsr);
    stage.cut(3, 2);
    stage.look(&[]);
    stage.assert_broken(
        WeakIsr,
        "broker 3, in the ISR {1,3} that broker 1 believes in as leader of orders-0 in epoch 0, differs from it below \
         its high watermark 3: offset 2 is missing, where record 2 of shop belongs",
    );
}

#[test]
fn two_replicas_that_differ_below_both_high_watermarks_are_reported() {
    let mut stage = Stage::settled();
    stage.cut(3, 2);
    stage.append(3, &[9]);
    stage.replica(3).high_watermark = Offset(2);
    stage.look(&[]);
    stage.assert_held(LogMatching);
    stage.replica(3).high_watermark = Offset(3);
    stage.look(&[]);
    let tally = stage.tally(LogMatching);
    assert_eq!(tally.broken, 2, "with broker 1 and with broker 2");
    assert_eq!(
        tally.findings[0].evidence,
        "offset 2 of orders-0: broker 1 (high watermark 3) has record 2 of shop, written in epoch 0; broker 3 (high \
         watermark 3) has record 9 of shop, written in epoch 0"
    );
}

#[test]
fn equal_records_in_batches_of_other_make_agree() {
    let mut stage = Stage::settled();
    stage.cut(3, 0);
    stage.append(3, &[0, 1, 2]);
    stage.look(&[]);
    for property in [StrongIsr, WeakIsr, LogMatching] {
        stage.assert_held(property);
    }
}

#[test]
fn a_new_leader_without_an_exposed_record_is_reported() {
    let mut stage = Stage::settled();
    stage.cut(2, 2);
    let events = stage.elect(2, 1, &[2]);
    stage.look(&events);
    let events = stage.elect(2, 2, &[2]);
    stage.look(&events);
    stage.assert_broken(
        LeaderCompleteness,
        "broker 2, new leader of orders-0 in epoch 1, holds 2 of the 3 exposed records: offset 2 is missing, where \
         record 2 of shop belongs (exposed by broker 1 in epoch 0)",
    );
    assert_eq!(stage.tally(LeaderCompleteness).looked, 2);
}

#[test]
fn a_new_leader_without_an_acknowledged_record_is_reported_though_nothing_was_exposed() {
    let mut stage = Stage::new();
    stage.append(1, &[5]);
    stage.look(&[acknowledged(1, Acks::All, 0, &[5])]);
    let events = stage.elect(3, 1, &[3]);
    stage.look(&events);
    stage.assert_broken(
        LeaderCompleteness,
        "broker 3, new leader of orders-0 in epoch 1, lacks what broker 1 acknowledged to acks=all: offset 0 is \
         missing, where record 5 of shop belongs",
    );
}

#[test]
fn an_acknowledged_record_that_the_leader_lost_is_reported() {
    let mut stage = Stage::settled();
    stage.look(&[acknowledged(1, Acks::All, 2, &[2]), acknowledged(1, Acks::Leader, 1, &[1])]);
    stage.cut(2, 2);
    let events = stage.elect(2, 1, &[2]);
    stage.look(&events);
    stage.look(&[]);
    stage.assert_broken(
        AckedDurable,
        "what broker 1 acknowledged to acks=all at offset 2 (record 2 of shop, 1 in all) is not on broker 2, leader of \
         orders-0 in epoch 1: offset 2 is missing, where record 2 of shop belongs",
    );
    assert_eq!(stage.tally(AckedDurable).looked, 1, "acks=1 promises nothing");
}

#[test]
fn an_acknowledged_record_whose_last_copy_is_cut_is_reported_once() {
    let mut stage = Stage::settled();
    stage.look(&[acknowledged(1, Acks::All, 2, &[2])]);
    stage.orders().controller.leader = None;
    for broker in [1, 2] {
        stage.cut(broker, 2);
        stage.look(&[]);
        stage.assert_held(AckedDurable);
    }
    stage.cut(3, 2);
    stage.look(&[]);
    stage.cut(3, 1);
    stage.look(&[]);
    stage.assert_broken(
        AckedDurable,
        "what broker 1 acknowledged to acks=all at offset 2 (record 2 of shop, 1 in all) is in full on no replica of \
         orders-0",
    );
}

#[test]
fn records_acknowledged_out_of_order_and_twice_are_all_kept() {
    let mut stage = Stage::settled();
    for offset in [2, 0, 1, 0] {
        stage.look(&[acknowledged(1, Acks::All, offset, &[offset as u32])]);
    }
    stage.assert_held(AckedDurable);
    stage.cut(1, 1);
    stage.look(&[]);
    assert_eq!(stage.tally(AckedDurable).broken, 1);
}

#[test]
fn what_is_acknowledged_and_nowhere_is_reported_though_nobody_leads() {
    let mut stage = Stage::settled();
    stage.orders().controller.leader = None;
    stage.look(&[]);
    stage.look(&[acknowledged(1, Acks::All, 3, &[3])]);
    stage.assert_broken(
        AckedDurable,
        "what broker 1 acknowledged to acks=all at offset 3 (record 3 of shop, 1 in all) is in full on no replica of orders-0",
    );
}

#[test]
fn a_leaders_high_watermark_that_falls_is_reported() {
    let mut stage = Stage::settled();
    stage.replica(2).high_watermark = Offset(1);
    stage.look(&[]);
    stage.assert_held(HighWatermarkMonotone);
    stage.replica(1).high_watermark = Offset(2);
    stage.look(&[]);
    stage.assert_broken(
        HighWatermarkMonotone,
        "the high watermark of broker 1, leader of orders-0 in epoch 0, fell from 3 to 2",
    );
}

#[test]
fn a_partition_that_is_added_does_not_disturb_what_is_known_of_others() {
    let place = |topic, partition| TopicPartition { topic: TopicId(topic), partition };
    let mut stage = Stage::settled();
    let mut other = stage.view.partitions[0].clone();
    other.controller.partition = place(1, 0);
    stage.view.partitions.push(other);
    stage.look(&[]);
    // It comes to stand between the two.
    stage.view.partitions.insert(1, partition(place(0, 1)));
    stage.look(&[]);
    stage.assert_held(StrongIsr);
    let moved = &mut stage.view.partitions[2].replicas[1];
    moved.log.pop();
    moved.log_end = Offset(2);
    stage.look(&[]);
    let tally = stage.tally(StrongIsr);
    assert_eq!(tally.broken, 1);
    assert_eq!(tally.findings[0].partition, Some(place(1, 0)));
}

#[test]
fn what_was_compared_once_is_not_read_again() {
    let mut stage = Stage::settled();
    // A lie that only a second reading could find: the log changes in its middle, and its end stays.
    let mut other = (*stage.replica(3).log[1]).clone();
    other.records = records(&[9]);
    stage.replica(3).log[1] = Arc::new(other);
    stage.append(1, &[3]);
    stage.append(3, &[3]);
    stage.copy(1, 2);
    stage.high_watermarks(4);
    stage.look(&[]);
    for property in [StrongIsr, WeakIsr, LogMatching] {
        stage.assert_held(property);
    }
}

#[test]
fn a_candidate_that_lacks_what_lies_below_the_true_high_watermark_is_reported_in_the_isr_and_in_the_elr() {
    for (isr, elr) in [(&[1, 2][..], &[][..]), (&[1][..], &[2][..])] {
        let mut stage = Stage::settled();
        stage.orders().controller.isr = set(isr);
        stage.orders().controller.elr = set(elr);
        stage.cut(2, 2);
        stage.look(&[]);
        stage.look(&[]);
        stage.assert_broken(
            CandidateCompleteness,
            &format!(
                "broker 2, a candidate of orders-0 with ISR {} and ELR {}, lacks some of what lies below the true high \
                 watermark 3: it holds 2 of the 3 exposed records: offset 2 is missing, where record 2 of shop belongs \
                 (exposed by broker 1 in epoch 0)",
                set(isr),
                set(elr)
            ),
        );
    }
}

#[test]
fn a_replica_that_is_no_candidate_or_lost_its_disks_end_may_lack_records() {
    let mut stage = Stage::settled();
    stage.orders().controller.isr = set(&[1, 3]);
    stage.cut(2, 2);
    stage.look(&[]);
    stage.cut(3, 2);
    stage.look(&[power_loss(3, 3, 2)]);
    stage.assert_held(CandidateCompleteness);
}

#[test]
fn what_a_disk_lost_before_anything_was_committed_excuses_nothing_later() {
    let mut stage = Stage::new();
    stage.append(1, &[0]);
    stage.copy(1, 2);
    stage.copy(1, 3);
    stage.look(&[]);
    stage.cut(3, 0);
    stage.look(&[power_loss(3, 1, 0)]);
    stage.replica(1).high_watermark = Offset(1);
    stage.look(&[]);
    assert_eq!(stage.tally(CandidateCompleteness).broken, 1);
}

fn power_loss(broker: u8, from: u64, to: u64) -> Event {
    Event::LogTruncated {
        partition: ORDERS,
        broker: BrokerId(broker),
        from: Offset(from),
        to: Offset(to),
        high_watermark: Offset(to),
        reason: TruncationReason::PowerLoss,
    }
}
