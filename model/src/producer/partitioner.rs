//! Which partition a record goes to, as the Java clients of 0.8.2 to 2.3 choose it.

use crate::client::metadata::ClusterMetadata;
use crate::ids::TopicId;
use crate::record::Record;

/// Chooses partitions; remembers how many keyless records each topic has had.
/// Source: 0.11.0.2 `DefaultPartitioner.partition`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Partitioner {
    /// Where each topic's counter begins; Kafka draws it at random.
    counter_start: u32,
    /// By topic.
    counters: Vec<u32>,
}

impl Partitioner {
    pub(super) fn new(counter_start: u32) -> Self {
        Self { counter_start, counters: Vec::new() }
    }

    /// The partition of a record whose sender named none; none while the topic is unknown.
    ///
    /// A key counts over all partitions, so that it stays where it is when leaders come and go; a record without a key
    /// goes round those that have a leader, or all if none has.
    pub(super) fn choose(
        &mut self,
        topic: TopicId,
        record: &Record,
        metadata: &ClusterMetadata,
    ) -> Option<u16> {
        let count = u32::from(metadata.partition_count(topic));
        if count == 0 {
            return None;
        }
        if let Some(key) = record.key() {
            return Some((to_positive(murmur2(key)) % count) as u16);
        }
        let turn = to_positive(self.next(topic).cast_signed());
        let available = metadata.available(topic);
        match available.len() as u32 {
            0 => Some((turn % count) as u16),
            with_leader => Some(available[(turn % with_leader) as usize]),
        }
    }

    fn next(&mut self, topic: TopicId) -> u32 {
        let place = usize::from(topic.0);
        if self.counters.len() <= place {
            self.counters.resize(place + 1, self.counter_start);
        }
        let turn = self.counters[place];
        self.counters[place] = turn.wrapping_add(1);
        turn
    }
}

/// The value without its sign bit, which is not the absolute value. Source: 0.11.0.2 `Utils.toPositive`.
fn to_positive(value: i32) -> u32 {
    value.cast_unsigned() & 0x7fff_ffff
}

/// Austin Appleby's MurmurHash2 for 32 bits with Kafka's seed, as the Java client computes it.
/// Source: 0.11.0.2 `Utils.murmur2`.
pub fn murmur2(data: &[u8]) -> i32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;
    let mut hash = SEED ^ data.len() as u32;
    let (words, tail) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> R;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !tail.is_empty() {
        let mut last = [0; 4];
        last[..tail.len()].copy_from_slice(tail);
        hash = (hash ^ u32::from_le_bytes(last)).wrapping_mul(M);
    }
    hash = (hash ^ hash >> 13).wrapping_mul(M);
    (hash ^ hash >> 15).cast_signed()
}

#[cfg(test)]
#[path = "murmur2_test.rs"]
mod murmur2_test;
#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ids::{BrokerId, BrokerSet, RecordId, TopicPartition};
    use crate::message::{Metadata, PartitionState};
    use crate::record::Content;
    use crate::time::{Instant, Micros};

    const TOPIC: TopicId = TopicId(0);

    fn metadata(leaders: &[Option<u8>]) -> ClusterMetadata {
        let partitions = leaders
            .iter()
            .enumerate()
            .map(|(partition, leader)| PartitionState {
                partition: TopicPartition { topic: TOPIC, partition: partition as u16 },
                leader: leader.map(BrokerId),
                leader_epoch: Default::default(),
                isr: BrokerSet::EMPTY,
                partition_epoch: Default::default(),
                replicas: Vec::new(),
            })
            .collect();
        let mut known = ClusterMetadata::new(3, Micros::ZERO, Micros::ZERO);
        known.take(&Metadata { live_brokers: BrokerSet::one(BrokerId(1)), partitions }, Instant::START);
        known
    }

    fn record(key: Option<&[u8]>) -> Record {
        Record {
            value: RecordId(1),
            content: key.map(|key| Arc::new(Content::Key(key.into()))),
            size_bytes: 10,
        }
    }

    #[test]
    fn murmur2_agrees_with_the_vectors_of_kafkas_own_test() {
        for (text, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(text.as_bytes()), hash, "{text}");
        }
    }

    #[test]
    fn a_key_counts_over_all_partitions_even_those_without_a_leader() {
        let mut partitioner = Partitioner::new(0);
        let hash = to_positive(murmur2(b"abc"));
        let chosen = partitioner.choose(TOPIC, &record(Some(b"abc")), &metadata(&[None, Some(1), None]));
        assert_eq!(chosen, Some((hash % 3) as u16));
    }

    #[test]
    fn records_without_a_key_go_round_the_partitions_that_have_a_leader() {
        let mut partitioner = Partitioner::new(4);
        let known = metadata(&[Some(1), None, Some(2)]);
        let chosen: Vec<_> = (0..4).map(|_| partitioner.choose(TOPIC, &record(None), &known)).collect();
        assert_eq!(chosen, [Some(0), Some(2), Some(0), Some(2)]);
    }

    #[test]
    fn without_any_leader_they_go_round_all_partitions() {
        let mut partitioner = Partitioner::new(u32::MAX);
        let known = metadata(&[None, None, None]);
        let chosen: Vec<_> = (0..3).map(|_| partitioner.choose(TOPIC, &record(None), &known)).collect();
        let highest = 0x7fff_ffff_u32 % 3;
        assert_eq!(chosen, [Some(highest as u16), Some(0), Some(1)], "the counter wraps as Java's int does");
    }

    #[test]
    fn an_unknown_topic_has_no_partition_to_choose() {
        let mut partitioner = Partitioner::new(0);
        assert_eq!(partitioner.choose(TopicId(9), &record(None), &metadata(&[Some(1)])), None);
    }
}
