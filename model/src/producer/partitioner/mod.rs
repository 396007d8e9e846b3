//! Which partition a record goes to.
//!
//! Where a partitioner goes by what lies in the queues, it is asked once more when the record would open a new batch
//! (2.4 to 3.2), or told of every record that it placed (3.3 and later).

mod round_robin;
mod sticky;
mod uniform_sticky;

use crate::client::metadata::ClusterMetadata;
use crate::config::PartitionerClass;
use crate::defects::Defect;
use crate::ids::{TopicId, TopicPartition};
use crate::murmur2::{murmur2, to_positive};
use crate::producer::accumulator::Accumulator;
use crate::producer::chance::Chance;
use crate::producer::partitioner::round_robin::RoundRobin;
use crate::producer::partitioner::sticky::Sticky;
use crate::producer::partitioner::uniform_sticky::UniformSticky;
use crate::protocol::{Protocol, UnkeyedRule};
use crate::record::Record;

/// Chooses partitions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Partitioner {
    keys: KeyRule,
    rest: Rest,
}

/// What a record's key decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum KeyRule {
    /// Nothing.
    Ignored,
    /// The partition, of all: a key stays where it is when leaders come and go.
    /// Source: 0.11.0.2 `DefaultPartitioner.partition`.
    OverAll,
    /// The partition, of those that have a leader, or of all if none has. No client of Kafka's does so.
    OverAvailable,
}

/// Where the records go for which no key decides.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Rest {
    /// Round and round. Source: 0.11.0.2 `DefaultPartitioner`.
    RoundRobin(RoundRobin),
    /// The same, but asked twice for a record that opens a batch: it skips a partition (KAFKA-9965).
    /// Source: 2.4.0 `RoundRobinPartitioner`, `KafkaProducer.doSend`.
    SkippingRoundRobin(RoundRobin),
    /// To one until a batch of it is complete. Source: 2.4.0 `DefaultPartitioner`, `UniformStickyPartitioner`.
    Sticky(Sticky),
    /// To one until it has had enough bytes. Source: 3.9.0 `BuiltInPartitioner`.
    UniformSticky(UniformSticky),
}

impl Partitioner {
    /// The partitioner of a class; where the class leaves it open, records without a key go as the protocol says.
    /// `counter_start` is where the round begins, which Kafka's default draws at random.
    pub(super) fn new(
        class: PartitionerClass,
        protocol: &Protocol,
        counter_start: u32,
        chance: Chance,
    ) -> Self {
        let keys = match class {
            PartitionerClass::DefaultPartitioner => KeyRule::OverAll,
            PartitionerClass::KeysOverAvailablePartitioner => KeyRule::OverAvailable,
            PartitionerClass::RoundRobinPartitioner | PartitionerClass::UniformStickyPartitioner => {
                KeyRule::Ignored
            }
        };
        let rest = match (class, protocol.partitioner) {
            (PartitionerClass::RoundRobinPartitioner, _) if protocol.round_robin_skips => {
                Rest::SkippingRoundRobin(RoundRobin::new(0))
            }
            (PartitionerClass::RoundRobinPartitioner, _) => Rest::RoundRobin(RoundRobin::new(0)),
            (PartitionerClass::UniformStickyPartitioner, _) | (_, UnkeyedRule::Sticky) => {
                Rest::Sticky(Sticky::new(chance))
            }
            (_, UnkeyedRule::RoundRobin) => Rest::RoundRobin(RoundRobin::new(counter_start)),
            (_, UnkeyedRule::UniformSticky) => Rest::UniformSticky(UniformSticky::new(chance)),
        };
        Self { keys, rest }
    }

    /// The partition of a record; none while its topic is unknown or has not the partition that its sender `named`.
    /// Source: 0.11.0.2 `KafkaProducer.partition`; 2.4.0 `KafkaProducer.doSend`, where a record that would open a batch is
    /// placed anew, whoever chose its partition.
    pub(super) fn choose(
        &mut self,
        topic: TopicId,
        named: Option<u16>,
        record: &Record,
        metadata: &ClusterMetadata,
        queues: &Accumulator,
    ) -> Option<u16> {
        let first = self.partition(topic, named, record, metadata, queues)?;
        match &mut self.rest {
            Rest::RoundRobin(_) | Rest::UniformSticky(_) => return Some(first),
            Rest::SkippingRoundRobin(_) | Rest::Sticky(_)
                if !queues.opens_batch(TopicPartition { topic, partition: first }, record) =>
            {
                return Some(first);
            }
            Rest::SkippingRoundRobin(_) => {}
            Rest::Sticky(sticky) => {
                sticky.on_new_batch(topic, first, u32::from(metadata.partition_count(topic)), metadata);
            }
        }
        self.partition(topic, named, record, metadata, queues)
    }

    fn partition(
        &mut self,
        topic: TopicId,
        named: Option<u16>,
        record: &Record,
        metadata: &ClusterMetadata,
        queues: &Accumulator,
    ) -> Option<u16> {
        let count = u32::from(metadata.partition_count(topic));
        if count == 0 {
            return None;
        }
        if named.is_some() {
            if Defect::OverridesNamedPartitions.is_on() {
                return named.map(|named| (u32::from(named) + 1).rem_euclid(count) as u16);
            }
            return named.filter(|&named| u32::from(named) < count);
        }
        if let Some(key) = record.key().filter(|_| self.keys != KeyRule::Ignored) {
            return Some(self.for_key(key, count, metadata.available(topic)));
        }
        Some(match &mut self.rest {
            Rest::RoundRobin(round) | Rest::SkippingRoundRobin(round) => round.next(topic, count, metadata),
            Rest::Sticky(sticky) => sticky.partition(topic, count, metadata),
            Rest::UniformSticky(sticky) => sticky.partition(topic, metadata, queues),
        })
    }

    fn for_key(&self, key: &[u8], count: u32, available: &[u16]) -> u16 {
        let hash = murmur2(key);
        let hash = to_positive(if Defect::HashesOtherwise.is_on() { hash.rotate_left(16) } else { hash });
        if self.keys == KeyRule::OverAvailable && !available.is_empty() {
            return available[hash as usize % available.len()];
        }
        (hash % count) as u16
    }

    /// Whether this partitioner wants to know that the record was put into its queue.
    pub(super) fn follows(&self, named: Option<u16>, record: &Record) -> bool {
        matches!(self.rest, Rest::UniformSticky(_)) && named.is_none() && record.key().is_none()
    }

    /// A record that this one [follows](Self::follows) was put into its queue.
    pub(super) fn appended(
        &mut self,
        partition: TopicPartition,
        bytes: u64,
        metadata: &ClusterMetadata,
        queues: &Accumulator,
    ) {
        if let Rest::UniformSticky(sticky) = &mut self.rest {
            sticky.appended(partition, bytes, metadata, queues);
        }
    }
}

#[cfg(test)]
#[path = "partitioner_test.rs"]
mod partitioner_test;
