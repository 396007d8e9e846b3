//! Topics that grow, and those that may not.

use super::*;
use crate::controller::stage::{Stage, set, topic, tp};

fn brokers(ids: &[u8]) -> Vec<BrokerId> {
    ids.iter().copied().map(BrokerId).collect()
}

#[test]
fn replicas_go_round_from_the_broker_of_the_partitions_number() {
    assert_eq!(assign(0, 3, 3), brokers(&[1, 2, 3]));
    assert_eq!(assign(1, 2, 3), brokers(&[2, 3]));
    assert_eq!(assign(5, 3, 5), brokers(&[1, 2, 3]));
    assert_eq!(assign(u16::MAX, 1, 1), brokers(&[1]));
}

#[test]
fn a_topic_grows_and_the_new_replicas_are_told() {
    let mut stage = Stage::new();
    stage.create_partitions(0, 3);
    assert_eq!(stage.events(), [Event::PartitionsCreated { partition: tp(1), count: 3 }]);
    assert_eq!(stage.state(1).replicas, brokers(&[2, 3, 1]));
    assert_eq!(stage.state(1).leader, Some(BrokerId(2)));
    assert_eq!(stage.state(1).leader_epoch, LeaderEpoch(0));
    assert_eq!(stage.state(2).isr, set(&[1, 2, 3]));
    let told: Vec<_> = stage.told(1).expect("told").iter().map(|state| state.partition).collect();
    assert_eq!(told, [tp(1), tp(2)], "only what is new");
    assert_eq!(stage.metadata().1.expect("told").partitions.len(), 3);
}

#[test]
fn a_topic_before_the_last_grows_in_its_place() {
    let mut stage = Stage::with_topics(vec![topic(&[&[1]], false), topic(&[&[2]], false)]);
    stage.create_partitions(0, 2);
    let order: Vec<_> = stage.controller.partitions.iter().map(|known| known.state.partition).collect();
    let second = TopicPartition { topic: TopicId(1), partition: 0 };
    assert_eq!(order, [tp(0), tp(1), second]);
}

#[test]
fn a_count_that_is_not_larger_is_refused() {
    let mut stage = Stage::new();
    for count in [0, 1] {
        stage.create_partitions(0, count);
        let error = ErrorCode::InvalidPartitions;
        assert_eq!(stage.events(), [Event::PartitionsRefused { partition: tp(0), count, error }]);
    }
    assert!(stage.out.sends.is_empty());
}

#[test]
fn a_topic_that_nobody_knows_does_not_grow() {
    let mut stage = Stage::new();
    stage.create_partitions(7, 2);
    let partition = TopicPartition { topic: TopicId(7), partition: 0 };
    let error = ErrorCode::UnknownTopicOrPartition;
    assert_eq!(stage.events(), [Event::PartitionsRefused { partition, count: 2, error }]);
}

#[test]
fn only_living_replicas_of_a_new_partition_are_in_sync() {
    let mut stage = Stage::new();
    stage.kill(&[2]);
    stage.create_partitions(0, 2);
    assert_eq!(stage.state(1).leader, Some(BrokerId(3)));
    assert_eq!(stage.state(1).isr, set(&[1, 3]));
}

#[test]
fn a_new_partition_without_a_living_replica_waits_for_one_and_is_not_told_of() {
    let mut stage = Stage::with_topics(vec![topic(&[&[1]], false)]);
    stage.kill(&[2]);
    stage.create_partitions(0, 2);
    let created = Event::PartitionsCreated { partition: tp(1), count: 2 };
    let offline = Event::PartitionOffline { partition: tp(1), epoch: LeaderEpoch(0), isr: BrokerSet::EMPTY };
    assert_eq!(stage.events(), [created, offline]);
    assert!(stage.out.sends.is_empty());

    stage.register(2, 1).expect("the old session has ended");
    let isr = set(&[2]);
    let (partition, broker, epoch) = (tp(1), BrokerId(2), LeaderEpoch(0));
    let elected = Event::LeaderElected { partition, broker, epoch, isr, unclean: false };
    assert_eq!(stage.events().last(), Some(&elected));
    assert_eq!(stage.told(2).expect("told")[0].leader, Some(broker));
}
