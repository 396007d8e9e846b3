//! What clients were told of each offset.

use highwater_model::ids::{Offset, RecordId, TopicPartition};

/// The value that was reported for an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) value: RecordId,
    /// Whether the cluster stands by it.
    pub(super) firm: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Partition {
    /// By offset.
    said: Vec<Option<Said>>,
    /// One past the highest offset that anyone read.
    read_end: Offset,
}

/// All offsets. Flat vectors, by topic, partition and offset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Offsets {
    topics: Vec<Vec<Partition>>,
}

impl Offsets {
    fn partition(&mut self, id: TopicPartition) -> &mut Partition {
        let (topic, partition) = (usize::from(id.topic.0), usize::from(id.partition));
        if topic >= self.topics.len() {
            self.topics.resize(topic + 1, Vec::new());
        }
        let partitions = &mut self.topics[topic];
        if partition >= partitions.len() {
            partitions.resize(partition + 1, Partition::default());
        }
        &mut partitions[partition]
    }

    /// What was said of an offset; the place to say it first.
    pub(super) fn said(&mut self, id: TopicPartition, offset: Offset) -> &mut Option<Said> {
        let said = &mut self.partition(id).said;
        let place = offset.0 as usize;
        if place >= said.len() {
            said.resize(place + 1, None);
        }
        &mut said[place]
    }

    /// Says that someone read up to here, exclusive.
    pub(super) fn read_up_to(&mut self, id: TopicPartition, end: Offset) {
        let partition = self.partition(id);
        partition.read_end = partition.read_end.max(end);
    }

    /// One past the highest offset that anyone read.
    pub(super) fn read_end(&self, id: TopicPartition) -> Offset {
        let partitions = self.topics.get(usize::from(id.topic.0));
        let partition = partitions.and_then(|partitions| partitions.get(usize::from(id.partition)));
        partition.map_or(Offset::ZERO, |partition| partition.read_end)
    }
}
