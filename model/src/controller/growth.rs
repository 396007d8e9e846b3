//! Topics grow.

use super::{Controller, Partition, elections};
use crate::defects::Defect;
use crate::event::Event;
use crate::ids::{BrokerId, BrokerSet, LeaderEpoch, PartitionEpoch, TopicId, TopicPartition};
use crate::machine::Effects;
use crate::message::{ErrorCode, PartitionState};

/// The replicas of partition number `partition`, in order of preference: from broker 1 + `partition` mod `brokers` on
/// and round, as many as `replication`. Whether they live is not asked.
///
/// Source: 0.11.0.2 `AdminUtils.assignReplicasToBrokers` with a fixed start and no shift between the rounds.
fn assign(partition: u16, replication: usize, brokers: u8) -> Vec<BrokerId> {
    let places = (usize::from(partition)..).take(replication);
    places.map(|place| BrokerId(1 + (place % usize::from(brokers)) as u8)).collect()
}

impl Controller {
    /// Lets the topic have `count` partitions, or refuses if it has as many already or is not known. The event names
    /// the first new partition; a refusal names the topic's partition 0.
    ///
    /// Source: 0.11.0.2 `AdminUtils.addPartitions`; the error code is that of 39
    /// `ReplicationControlManager.createPartitions`.
    pub(super) fn on_create_partitions(&mut self, topic: TopicId, count: u16, out: &mut Effects) {
        let have = self.partitions_of(topic);
        if have.is_empty() {
            return refuse(topic, count, ErrorCode::UnknownTopicOrPartition, out);
        }
        let old_count = have.len() as u16;
        if count <= old_count {
            return refuse(topic, count, ErrorCode::InvalidPartitions, out);
        }
        let count = if Defect::CountsNewPartitionsOnly.is_on() { count - old_count } else { count };
        let replication = self.partitions[have.start].state.replicas.len();
        let created = TopicPartition { topic, partition: old_count };
        out.event(Event::PartitionsCreated { partition: created, count });
        for partition in old_count..count {
            let place = have.start + usize::from(partition);
            let replicas = assign(partition, replication, self.config.brokers);
            self.create(place, TopicPartition { topic, partition }, replicas, out);
        }
    }

    /// The places of the topic's partitions.
    fn partitions_of(&self, topic: TopicId) -> std::ops::Range<usize> {
        let start = self.partitions.partition_point(|known| known.state.partition.topic < topic);
        let end = self.partitions.partition_point(|known| known.state.partition.topic <= topic);
        start..end
    }

    /// Adds a partition and gives it a leader. That is no election; only if no replica may lead there is an event.
    ///
    /// Source: 0.11.0.2 `KafkaController.onNewPartitionCreation`.
    fn create(
        &mut self,
        place: usize,
        partition: TopicPartition,
        replicas: Vec<BrokerId>,
        out: &mut Effects,
    ) {
        let (epoch, isr) = (LeaderEpoch(0), BrokerSet::EMPTY);
        let state = PartitionState {
            partition,
            leader: None,
            leader_epoch: epoch,
            isr,
            partition_epoch: PartitionEpoch(0),
            replicas,
            ..PartitionState::default()
        };
        self.partitions.insert(place, Partition { state, is_new: true, election: None });
        self.changed_partitions.insert(partition);
        if self.give_first_leader(place).is_none() {
            out.event(Event::PartitionOffline { partition, epoch, isr });
        }
    }

    /// Gives a leader to a partition that found none when it was created, if now one of its replicas may lead.
    pub(super) fn bring_online(&mut self, place: usize, out: &mut Effects) {
        if let Some(broker) = self.give_first_leader(place) {
            let state = &self.partitions[place].state;
            let (partition, epoch, isr) = (state.partition, state.leader_epoch, state.isr);
            out.event(Event::LeaderElected { partition, broker, epoch, isr, unclean: false });
        }
    }

    /// A new partition's first leader, in epoch 0, with the electable replicas in sync.
    fn give_first_leader(&mut self, place: usize) -> Option<BrokerId> {
        let electable = self.sessions.electable();
        let by_majority = self.by_majority(place);
        let Partition { state, is_new, .. } = &mut self.partitions[place];
        let choice = elections::new_partition(&state.replicas, electable)?;
        state.leader = choice.leader;
        state.isr = if by_majority { state.replicas.iter().copied().collect() } else { choice.isr };
        *is_new = false;
        self.changed_partitions.insert(state.partition);
        // Under KRaft all brokers read of it.
        let receivers = if self.is_kraft() { self.sessions.registered() } else { electable };
        self.tell_replicas(place, receivers);
        choice.leader
    }
}

fn refuse(topic: TopicId, count: u16, error: ErrorCode, out: &mut Effects) {
    out.event(Event::PartitionsRefused { partition: TopicPartition { topic, partition: 0 }, count, error });
}

#[cfg(test)]
#[path = "growth_test.rs"]
mod growth_test;
