//! Records stick to one partition until it has had batch.size bytes (KIP-794).

use crate::client::metadata::ClusterMetadata;
use crate::ids::{TopicId, TopicPartition};
use crate::producer::accumulator::Accumulator;
use crate::producer::chance::Chance;

/// The partition that each topic's records stick to, and how much it has had of them. Source: 3.9.0 `BuiltInPartitioner`.
///
/// Kafka's sender counts the queues on each of its rounds, and the next draw goes by the latest count; here they are
/// counted at the draw.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct UniformSticky {
    chance: Chance,
    /// By topic; none before the first record.
    current: Vec<Option<Current>>,
}

/// Source: 3.9.0 `BuiltInPartitioner.StickyPartitionInfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Current {
    partition: u16,
    produced_bytes: u64,
}

impl UniformSticky {
    pub(super) fn new(chance: Chance) -> Self {
        Self { chance, current: Vec::new() }
    }

    /// The partition of a topic's next record. A change that had to wait for a batch to fill is made up for.
    /// Source: 3.9.0 `RecordAccumulator.partitionChanged`.
    pub(super) fn partition(
        &mut self,
        topic: TopicId,
        metadata: &ClusterMetadata,
        queues: &Accumulator,
    ) -> u16 {
        match *self.current(topic) {
            None => self.change(topic, metadata, queues),
            Some(Current { partition, .. }) => {
                self.count(TopicPartition { topic, partition }, 0, metadata, queues)
            }
        }
    }

    /// A record of `bytes` that this one placed was put into its queue. Source: 3.9.0 `RecordAccumulator.append`.
    pub(super) fn appended(
        &mut self,
        partition: TopicPartition,
        bytes: u64,
        metadata: &ClusterMetadata,
        queues: &Accumulator,
    ) {
        self.count(partition, bytes, metadata, queues);
    }

    /// Counts bytes and changes partition when there are enough: batch.size if no batch would be left half full, twice
    /// that in any case. Source: 3.9.0 `BuiltInPartitioner.updatePartitionInfo`.
    fn count(
        &mut self,
        partition: TopicPartition,
        bytes: u64,
        metadata: &ClusterMetadata,
        queues: &Accumulator,
    ) -> u16 {
        let topic = partition.topic;
        let Some(current) = self.current(topic) else { return partition.partition };
        current.produced_bytes += bytes;
        let (produced, enough) = (current.produced_bytes, queues.rules.batch_size_bytes);
        let whole = queues.all_batches_full(partition);
        if produced >= enough && whole || produced >= enough.saturating_mul(2) {
            return self.change(topic, metadata, queues);
        }
        partition.partition
    }

    fn change(&mut self, topic: TopicId, metadata: &ClusterMetadata, queues: &Accumulator) -> u16 {
        let partition = self.draw(topic, metadata, queues);
        *self.current(topic) = Some(Current { partition, produced_bytes: 0 });
        partition
    }

    /// An available partition, the likelier the fewer batches wait for it; any of all if none is available.
    /// Source: 3.9.0 `BuiltInPartitioner.nextPartition`, `updatePartitionLoadStats`.
    fn draw(&mut self, topic: TopicId, metadata: &ClusterMetadata, queues: &Accumulator) -> u16 {
        let (count, available) = (metadata.partition_count(topic), metadata.available(topic));
        if available.is_empty() {
            return self.chance.below(u32::from(count)) as u16;
        }
        let length = |partition| queues.waiting_batches(TopicPartition { topic, partition });
        // Until every partition has had a batch, all are equal. Source: 3.9.0 `RecordAccumulator.partitionReady`.
        let all_used = (0..count).all(|partition| length(partition).is_some());
        let longest = if all_used {
            available.iter().filter_map(|&partition| length(partition)).max().unwrap_or(0)
        } else {
            0
        };
        let weight = |partition| if all_used { longest + 1 - length(partition).unwrap_or(0) } else { 1 };
        let mut left = self.chance.below(available.iter().map(|&partition| weight(partition)).sum());
        for &partition in available {
            match left.checked_sub(weight(partition)) {
                Some(rest) => left = rest,
                None => return partition,
            }
        }
        unreachable!("what is drawn is below the sum of all weights")
    }

    fn current(&mut self, topic: TopicId) -> &mut Option<Current> {
        let place = usize::from(topic.0);
        if self.current.len() <= place {
            self.current.resize(place + 1, None);
        }
        &mut self.current[place]
    }
}
