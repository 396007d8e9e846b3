//! `committed-durable`, `epoch-order`, `repeatable-read` and `partitions-never-shrink`.

use std::sync::Arc;

use highwater_model::event::Event;
use highwater_model::ids::{BrokerId, GroupId, LeaderEpoch, NodeId, Offset};
use highwater_model::record::Batch;

use crate::property::Property::{CommittedDurable, EpochOrder, PartitionsNeverShrink, RepeatableRead};
use crate::testing::{ORDERS, SHOP, Stage, partition};

fn polled(batch: Arc<Batch>) -> Event {
    Event::RecordsPolled {
        client: NodeId(5),
        group: GroupId(0),
        partition: ORDERS,
        from: batch.base_offset,
        batch,
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
fn a_cluster_that_keeps_what_it_has_is_not_reported() {
    let mut stage = Stage::settled();
    let first = Arc::clone(&stage.replica(1).log[0]);
    let events = stage.elect(2, 1, &[1, 2, 3]);
    stage.look(&events);
    let batch = stage.append(2, &[3]);
    stage.look(&[appended(2, &batch), polled(first)]);
    stage.copy(2, 1);
    stage.look(&[Event::RecordsFetched {
        partition: ORDERS,
        broker: BrokerId(1),
        from: Offset(3),
        to: Offset(4),
    }]);
    for property in [CommittedDurable, EpochOrder, RepeatableRead] {
        stage.assert_held(property);
    }
}

#[test]
fn a_leader_without_an_exposed_record_is_reported_once_until_mended() {
    let mut stage = Stage::settled();
    stage.cut(2, 2);
    let events = stage.elect(2, 1, &[2, 3]);
    stage.look(&events);
    stage.look(&[]);
    stage.assert_broken(
        CommittedDurable,
        "broker 2, leader of orders-0 in epoch 1, holds 2 of the 3 exposed records: offset 2 is missing, where \
         record 2 of shop belongs (exposed by broker 1 in epoch 0)",
    );
    stage.copy(1, 2);
    stage.look(&[]);
    stage.cut(2, 2);
    stage.look(&[]);
    assert_eq!(stage.tally(CommittedDurable).broken, 2);
}

#[test]
fn an_exposed_record_that_nobody_has_is_reported_though_nobody_leads() {
    let mut stage = Stage::settled();
    stage.orders().controller.leader = None;
    for broker in [1, 2, 3] {
        stage.cut(broker, 2);
    }
    stage.look(&[]);
    stage.assert_broken(
        CommittedDurable,
        "no replica of orders-0 holds all exposed records up to offset 2: record 2 of shop (exposed by broker 1 in epoch 0)",
    );
}

#[test]
fn a_poll_that_returns_what_the_leader_has_lost_is_reported_at_once() {
    let mut stage = Stage::settled();
    let lost = stage.append(1, &[3]);
    stage.look(&[]);
    let events = stage.elect(2, 1, &[2, 3]);
    stage.look(&events);
    stage.look(&[polled(lost)]);
    stage.assert_broken(
        RepeatableRead,
        "broker 2, leader of orders-0 in epoch 1, lacks what was read: offset 3 is missing, where record 3 of shop belongs",
    );
}

#[test]
fn a_record_of_an_older_epoch_behind_one_of_a_newer_is_reported() {
    let mut stage = Stage::settled();
    stage.replica(3).leader_epoch = LeaderEpoch(2);
    stage.append(3, &[3]);
    stage.replica(3).leader_epoch = LeaderEpoch(1);
    stage.append(3, &[4]);
    let (partition, broker) = (ORDERS, BrokerId(3));
    stage.look(&[Event::RecordsFetched { partition, broker, from: Offset(3), to: Offset(5) }]);
    stage.assert_broken(
        EpochOrder,
        "broker 3 has offset 4 of orders-0 in epoch 1 behind a record of epoch 2, and epochs should never fall",
    );
}

#[test]
fn a_second_record_of_one_epoch_at_one_offset_is_reported() {
    let mut stage = Stage::settled();
    let batch = stage.append(1, &[3]);
    stage.look(&[appended(1, &batch)]);
    stage.cut(1, 3);
    let batch = stage.append(1, &[4]);
    stage.look(&[appended(1, &batch)]);
    stage.assert_broken(
        EpochOrder,
        "broker 1 wrote offset 3 of orders-0 in epoch 0, in which leaders had written offsets 3 to 3 already",
    );
}

#[test]
fn a_leader_that_lacks_what_was_read_is_reported_once_until_mended() {
    let mut stage = Stage::settled();
    let last = Arc::clone(&stage.replica(1).log[2]);
    stage.look(&[polled(last)]);
    stage.assert_held(RepeatableRead);
    stage.cut(2, 1);
    stage.append(2, &[8]);
    let events = stage.elect(2, 1, &[2, 3]);
    stage.look(&events);
    stage.look(&[]);
    stage.assert_broken(
        RepeatableRead,
        "broker 2, leader of orders-0 in epoch 1, lacks what was read: offset 2 is missing, where record 2 of shop belongs",
    );
    stage.append(2, &[2]);
    stage.look(&[]);
    assert_eq!(stage.tally(RepeatableRead).broken, 1, "what nobody read at offset 1 is of no account");
}

#[test]
fn another_record_at_an_offset_that_was_read_is_reported() {
    let mut stage = Stage::settled();
    let last = Arc::clone(&stage.replica(1).log[2]);
    stage.cut(3, 2);
    let other = stage.append(3, &[9]);
    stage.look(&[polled(last), polled(other)]);
    let findings = &stage.tally(RepeatableRead).findings;
    assert!(
        findings[0].evidence.ends_with(
            "read record 9 of shop at offset 2 of orders-0, where record 2 of shop was read before"
        ),
        "{findings:?}"
    );
}

#[test]
fn a_partition_that_is_gone_is_reported() {
    let mut stage = Stage::settled();
    let mut second = ORDERS;
    second.partition = 1;
    stage.view.partitions.push(partition(second));
    stage.look(&[Event::PartitionsCreated { partition: second, count: 2 }]);
    stage.assert_held(PartitionsNeverShrink);
    stage.view.partitions.pop();
    stage.look(&[]);
    stage.look(&[]);
    stage.assert_broken(PartitionsNeverShrink, "the cluster shows 1 partitions, and it had 2");
}

#[test]
fn a_topic_that_is_given_fewer_partitions_is_reported() {
    let mut stage = Stage::settled();
    stage.look(&[
        Event::PartitionsCreated { partition: ORDERS, count: 4 },
        Event::PartitionsCreated { partition: ORDERS, count: 3 },
    ]);
    stage.assert_broken(
        PartitionsNeverShrink,
        "the topic of orders-0 was given 3 partitions, no more than the 4 that it had",
    );
}

#[test]
fn a_topic_that_is_given_fewer_partitions_than_it_began_with_is_reported() {
    let mut stage = Stage::settled();
    let mut third = ORDERS;
    third.partition = 2;
    stage.look(&[Event::PartitionsCreated { partition: third, count: 1 }]);
    stage.assert_broken(
        PartitionsNeverShrink,
        "the topic of orders-2 was given 1 partitions, no more than the 2 that it had",
    );
}
