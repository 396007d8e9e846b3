//! `truncation-to-high-watermark` and `truncation-spares-committed`.

use highwater_model::event::{Event, TruncationReason};
use highwater_model::ids::{BrokerId, LeaderEpoch, Offset};

use crate::property::Property::{TruncationSparesCommitted, TruncationToHighWatermark};
use crate::testing::{ORDERS, Stage};

fn truncated(broker: u8, from: u64, to: u64, high_watermark: u64, reason: TruncationReason) -> Event {
    Event::LogTruncated {
        partition: ORDERS,
        broker: BrokerId(broker),
        from: Offset(from),
        to: Offset(to),
        high_watermark: Offset(high_watermark),
        reason,
    }
}

fn follows(broker: u8, high_watermark: u64, end: u64) -> Event {
    Event::BecameFollower {
        partition: ORDERS,
        broker: BrokerId(broker),
        leader: BrokerId(1),
        epoch: LeaderEpoch(1),
        high_watermark: Offset(high_watermark),
        end_offset: Offset(end),
    }
}

/// Broker 2 has records 3 and 4 in one batch beyond the exposed three.
fn with_a_tail() -> Stage {
    let mut stage = Stage::settled();
    stage.append(2, &[3, 4]);
    stage.look(&[]);
    stage
}

#[test]
fn a_cut_at_the_own_high_watermark_is_not_reported() {
    let mut stage = with_a_tail();
    stage.cut(2, 3);
    stage.look(&[follows(2, 3, 5), truncated(2, 5, 3, 3, TruncationReason::BecameFollower)]);
    stage.assert_held(TruncationToHighWatermark);
    stage.assert_held(TruncationSparesCommitted);
    assert_eq!(stage.tally(TruncationToHighWatermark).looked, 1);
}

#[test]
fn a_high_watermark_inside_a_batch_takes_the_whole_batch() {
    let mut stage = with_a_tail();
    stage.cut(2, 3);
    stage.look(&[truncated(2, 5, 3, 4, TruncationReason::BecameFollower)]);
    stage.assert_held(TruncationToHighWatermark);
}

#[test]
fn a_cut_below_the_own_high_watermark_is_reported() {
    let mut stage = with_a_tail();
    stage.cut(2, 2);
    stage.look(&[follows(2, 3, 5), truncated(2, 5, 2, 3, TruncationReason::BecameFollower)]);
    stage.assert_broken(
        TruncationToHighWatermark,
        "broker 2 became a follower of orders-0 and cut its log from 5 to 2, and not at its own high watermark 3",
    );
    stage.assert_broken(
        TruncationSparesCommitted,
        "broker 2 cut its log of orders-0 from 5 to 2 at high watermark 3 and so removed 1 exposed records, the first \
         of them record 2 of shop (exposed by broker 1 in epoch 0)",
    );
}

#[test]
fn a_follower_that_keeps_what_lies_beyond_its_high_watermark_is_reported() {
    let mut stage = with_a_tail();
    stage.look(&[follows(2, 3, 5), truncated(3, 5, 3, 3, TruncationReason::BecameFollower)]);
    stage.assert_held(TruncationToHighWatermark);
    let fetched = |broker| Event::RecordsFetched {
        partition: ORDERS,
        broker: BrokerId(broker),
        from: Offset(5),
        to: Offset(6),
    };
    stage.look(&[fetched(3)]);
    stage.assert_held(TruncationToHighWatermark);
    stage.look(&[fetched(2)]);
    stage.assert_broken(
        TruncationToHighWatermark,
        "broker 2 became a follower of orders-0 and kept its log to 5, beyond its own high watermark 3",
    );
}

#[test]
fn a_follower_that_is_elected_before_it_fetches_owes_no_cut() {
    let mut stage = with_a_tail();
    let office = Event::BecameLeader {
        partition: ORDERS,
        broker: BrokerId(2),
        epoch: LeaderEpoch(9),
        high_watermark: Offset(3),
        end_offset: Offset(5),
    };
    stage.look(&[follows(2, 3, 5), office]);
    stage.look(&[Event::RecordsFetched {
        partition: ORDERS,
        broker: BrokerId(2),
        from: Offset(5),
        to: Offset(6),
    }]);
    assert_eq!(stage.tally(TruncationToHighWatermark).broken, 0);
}

#[test]
fn what_a_disk_lost_with_the_power_is_no_truncation() {
    let mut stage = Stage::settled();
    stage.cut(2, 0);
    stage.look(&[truncated(2, 3, 0, 3, TruncationReason::PowerLoss)]);
    assert_eq!(stage.tally(TruncationSparesCommitted).looked, 0);
    assert_eq!(stage.tally(TruncationToHighWatermark).looked, 0);
}

#[test]
fn a_record_that_differs_from_the_exposed_one_may_go() {
    let mut stage = Stage::settled();
    stage.cut(3, 2);
    stage.append(3, &[9]);
    stage.look(&[]);
    stage.cut(3, 2);
    stage.look(&[truncated(3, 3, 2, 3, TruncationReason::OutOfRange)]);
    stage.assert_held(TruncationSparesCommitted);
}

#[test]
fn an_exposed_record_behind_one_that_differs_may_not_go() {
    let mut stage = Stage::settled();
    stage.cut(3, 1);
    stage.append(3, &[9]);
    stage.append(3, &[2]);
    stage.look(&[]);
    stage.cut(3, 2);
    stage.look(&[truncated(3, 3, 2, 3, TruncationReason::OutOfRange)]);
    stage.assert_broken(
        TruncationSparesCommitted,
        "broker 3 cut its log of orders-0 from 3 to 2 at high watermark 3 and so removed 1 exposed records, the first of them \
         record 2 of shop (exposed by broker 1 in epoch 0)",
    );
}
