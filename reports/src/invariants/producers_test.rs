//! `producer-order`, `routing`.

use std::sync::Arc;

use highwater_model::config::PartitionerClass;
use highwater_model::event::Event;
use highwater_model::ids::{BrokerId, NodeId, RecordId, TopicPartition};
use highwater_model::message::ErrorCode;
use highwater_model::murmur2::{murmur2, to_positive};
use highwater_model::record::{Batch, Content, Record};

use crate::clients::Writer;
use crate::clients_for_tests::idempotent;
use crate::property::Property::{ProducerOrder, Routing};
use crate::testing::{ORDERS, SHOP, Stage, partition};

fn appended(batch: &Arc<Batch>) -> Event {
    Event::RecordsAppended { partition: ORDERS, broker: BrokerId(1), client: SHOP, batch: Arc::clone(batch) }
}

/// Broker 1 appends each of these batches, one a step.
fn append(stage: &mut Stage, batches: &[&[u32]]) {
    for numbers in batches {
        let batch = stage.append(1, numbers);
        stage.look(&[appended(&batch)]);
    }
}

fn orderly() -> Stage {
    let mut stage = Stage::new();
    stage.change(|setup| *setup = idempotent(setup.clone()));
    stage
}

/// How often the order was looked at, broken where promised, and elsewhere.
fn judged(stage: &Stage) -> (u64, u64, u64) {
    let anomaly = stage.anomaly(ProducerOrder);
    (anomaly.looked, anomaly.promised.broken, anomaly.unpromised.broken)
}

#[test]
fn records_in_the_order_of_their_numbers_are_not_reported_and_neither_are_copies() {
    let mut stage = orderly();
    append(&mut stage, &[&[0, 1], &[2], &[0, 1], &[4], &[2, 4], &[5]]);
    assert_eq!(judged(&stage), (5, 0, 0));
}

#[test]
fn a_first_copy_behind_a_later_record_is_reported() {
    let mut stage = orderly();
    append(&mut stage, &[&[0], &[2, 3], &[1]]);
    assert_eq!(judged(&stage), (2, 1, 0));
    assert_eq!(
        stage.anomaly(ProducerOrder).promised.findings[0].evidence,
        "broker 1, leader of orders-0, has record 1 of shop at offset 3, behind record 2, which was sent later and is \
         at offset 1"
    );
}

#[test]
fn with_several_requests_in_flight_and_no_sequences_nothing_is_promised() {
    let mut stage = Stage::new();
    append(&mut stage, &[&[0], &[2], &[1]]);
    assert_eq!(judged(&stage), (2, 0, 1));
}

#[test]
fn what_a_cut_has_taken_away_may_come_again() {
    let mut stage = orderly();
    append(&mut stage, &[&[0], &[1], &[2], &[3]]);
    stage.cut(1, 1);
    append(&mut stage, &[&[1], &[2], &[3]]);
    assert_eq!(judged(&stage), (6, 0, 0));
}

#[test]
fn a_producer_that_was_restarted_is_judged_anew() {
    let mut stage = orderly();
    append(&mut stage, &[&[0], &[1], &[3]]);
    stage.look(&[Event::NodeRestarted { node: SHOP }]);
    append(&mut stage, &[&[2], &[3]]);
    assert_eq!(judged(&stage), (3, 0, 0));
    append(&mut stage, &[&[1]]);
    assert_eq!(judged(&stage), (4, 0, 1), "its first life's requests may still come in");
}

fn record(key: Option<&[u8]>) -> Record {
    Record {
        value: RecordId::new(SHOP, 7),
        content: key.map(|key| Arc::new(Content::Key(key.into()))),
        size_bytes: 10,
    }
}

fn sent(number: u16, key: Option<&[u8]>) -> Event {
    sent_by(SHOP, number, key)
}

fn sent_by(client: NodeId, number: u16, key: Option<&[u8]>) -> Event {
    Event::RecordSent {
        client,
        partition: TopicPartition { partition: number, ..ORDERS },
        record: record(key),
    }
}

/// With this many partitions, all of them there from the start, and a producer as changed.
fn routed(partitions: u16, change: impl Fn(&mut Writer)) -> Stage {
    let mut stage = Stage::new();
    stage.view.partitions =
        (0..partitions).map(|number| partition(TopicPartition { partition: number, ..ORDERS })).collect();
    stage.change(|setup| {
        let assignment = &mut Arc::make_mut(&mut setup.config).topics[0].assignment;
        assignment.resize(usize::from(partitions), assignment[0].clone());
        let mut producers = setup.producers.to_vec();
        change(&mut producers[0]);
        setup.producers = producers.into();
    });
    stage
}

fn by_hash(key: &[u8], count: u32) -> u16 {
    (to_positive(murmur2(key)) % count) as u16
}

#[test]
fn a_named_partition_wins() {
    let mut stage = routed(3, |writer| writer.partition = Some(1));
    stage.look(&[sent(1, Some(b"a")), sent(1, None)]);
    stage.assert_held(Routing);
    stage.look(&[sent(2, None)]);
    stage.assert_broken(
        Routing,
        "shop sent record 7 of shop to orders-2, but its application names partition 1",
    );
}

#[test]
fn a_key_goes_where_its_hash_says_for_a_count_that_the_topic_has_had() {
    let mut stage = routed(5, |_| {});
    let right = by_hash(b"abc", 5);
    stage.look(&[sent(right, Some(b"abc"))]);
    stage.assert_held(Routing);
    let wrong = (right + 1) % 5;
    stage.look(&[sent(wrong, Some(b"abc"))]);
    stage.assert_broken(
        Routing,
        &format!(
            "shop sent record 7 of shop to orders-{wrong}, but its key belongs to partition {right} of 5, or to one of \
             an earlier count"
        ),
    );
}

#[test]
fn a_record_that_is_refused_at_once_never_had_a_partition() {
    let mut stage = routed(5, |_| {});
    let wrong = (by_hash(b"abc", 5) + 1) % 5;
    let given_up = |definite| Event::SendFailed {
        client: SHOP,
        partition: TopicPartition { partition: wrong, ..ORDERS },
        records: Arc::from([record(Some(b"abc"))]),
        error: ErrorCode::RequestTimedOut,
        definite,
    };
    stage.look(&[sent(wrong, Some(b"abc")), given_up(true)]);
    assert_eq!(stage.tally(Routing).looked, 0);
    stage.look(&[sent(wrong, Some(b"abc")), given_up(false)]);
    assert_eq!(stage.tally(Routing).broken, 1);
}

#[test]
fn whether_a_record_that_is_refused_at_once_took_a_turn_nobody_knows() {
    let mut stage = routed(4, |_| {});
    let given_up = Event::SendFailed {
        client: SHOP,
        partition: ORDERS,
        records: Arc::from([record(None)]),
        error: ErrorCode::InvalidProducerEpoch,
        definite: true,
    };
    stage.look(&[sent(2, None), sent(0, None), given_up, sent(1, None), sent(2, None)]);
    stage.assert_held(Routing);
}

#[test]
fn after_a_topic_grew_both_counts_are_right() {
    let mut stage = routed(5, |_| {});
    stage.look(&[Event::PartitionsCreated { partition: ORDERS, count: 7 }]);
    for number in [5, 6] {
        stage.view.partitions.push(partition(TopicPartition { partition: number, ..ORDERS }));
    }
    stage.look(&[]);
    stage.look(&[sent(by_hash(b"abc", 5), Some(b"abc")), sent(by_hash(b"abc", 7), Some(b"abc"))]);
    stage.assert_held(Routing);
}

#[test]
fn records_without_a_key_take_turns() {
    let mut stage = routed(4, |_| {});
    stage.look(&[sent(2, None), sent(3, None), sent(0, None), sent(1, None)]);
    stage.assert_held(Routing);
    stage.look(&[sent(3, None)]);
    stage
        .assert_broken(Routing, "shop sent record 7 of shop to orders-3, but it was the turn of partition 2");
}

#[test]
fn once_a_leader_was_lost_or_the_topic_grew_no_turn_is_held_to() {
    let mut stage = routed(4, |_| {});
    let events = stage.elect(2, 1, &[2, 3]);
    stage.look(&events);
    stage.look(&[sent(2, None), sent(2, None)]);
    stage.assert_held(Routing);
}

#[test]
fn a_leader_that_the_controller_took_away_and_told_nobody_of_is_lost() {
    let mut stage = routed(4, |_| {});
    stage.look(&[sent(1, None)]);
    let controller = &mut stage.orders().controller;
    (controller.leader, controller.leader_epoch.0) = (None, 1);
    stage.look(&[]);
    stage.look(&[sent(3, None), sent(1, None)]);
    stage.assert_held(Routing);
}

#[test]
fn a_partition_that_has_yet_to_have_a_leader_has_lost_none() {
    let mut stage = routed(4, |_| {});
    stage.orders().controller.leader = None;
    stage.look(&[]);
    stage.look(&[sent(1, None), sent(3, None)]);
    stage
        .assert_broken(Routing, "shop sent record 7 of shop to orders-3, but it was the turn of partition 2");
}

#[test]
fn a_producer_that_restarts_begins_its_turns_anywhere() {
    let mut stage = routed(4, |_| {});
    stage.look(&[sent(2, None)]);
    stage.look(&[Event::NodeRestarted { node: SHOP }]);
    stage.look(&[sent(0, None)]);
    stage.assert_held(Routing);
}

#[test]
fn other_partitioners_choose_any_partition_of_the_topic() {
    for class in [
        PartitionerClass::KeysOverAvailablePartitioner,
        PartitionerClass::RoundRobinPartitioner,
        PartitionerClass::UniformStickyPartitioner,
    ] {
        let mut stage = routed(3, |writer| writer.settings.partitioner_class = class);
        let wrong = (by_hash(b"abc", 3) + 1) % 3;
        stage.look(&[sent(wrong, Some(b"abc"))]);
        stage.assert_held(Routing);
        stage.view.partitions.push(partition(TopicPartition { partition: 3, ..ORDERS }));
        stage.look(&[sent(3, Some(b"abc"))]);
        stage
            .assert_broken(Routing, "shop sent record 7 of shop to orders-3, but the topic has 3 partitions");
    }
}
