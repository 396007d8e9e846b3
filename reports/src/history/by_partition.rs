//! Something for each partition: flat vectors, by topic and partition.

use highwater_model::ids::{TopicId, TopicPartition};

/// A `T` for each partition that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ByPartition<T> {
    topics: Vec<Vec<T>>,
}

impl<T: Default> ByPartition<T> {
    /// That of one partition; the default the first time.
    #[inline]
    pub(super) fn at(&mut self, id: TopicPartition) -> &mut T {
        let (topic, partition) = (usize::from(id.topic.0), usize::from(id.partition));
        if topic >= self.topics.len() {
            self.topics.resize_with(topic + 1, Vec::new);
        }
        let partitions = &mut self.topics[topic];
        if partition >= partitions.len() {
            partitions.resize_with(partition + 1, T::default);
        }
        &mut partitions[partition]
    }

    /// That of one partition, if it was asked for before.
    pub(super) fn get(&self, id: TopicPartition) -> Option<&T> {
        self.topics.get(usize::from(id.topic.0))?.get(usize::from(id.partition))
    }

    /// All that were asked for, ascending, and some between them that were not.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TopicPartition, &T)> {
        (0..).map(TopicId).zip(&self.topics).flat_map(|(topic, partitions)| {
            (0..).zip(partitions).map(move |(partition, value)| (TopicPartition { topic, partition }, value))
        })
    }

    /// The same, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (TopicPartition, &mut T)> {
        (0..).map(TopicId).zip(&mut self.topics).flat_map(|(topic, partitions)| {
            (0..).zip(partitions).map(move |(partition, value)| (TopicPartition { topic, partition }, value))
        })
    }
}
