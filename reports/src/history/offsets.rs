//! What clients were told of each offset.

use std::collections::BTreeMap;

use highwater_model::ids::{Offset, RecordId, TopicPartition};

use super::by_partition::ByPartition;

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
    partitions: ByPartition<Partition>,
    /// Where the latest firm acknowledgement was of another value than the one that the cluster stood by.
    rewritten: BTreeMap<(TopicPartition, Offset), RecordId>,
}

impl Offsets {
    /// What was said of an offset; the place to say it first.
    pub(super) fn said(&mut self, id: TopicPartition, offset: Offset) -> &mut Option<Said> {
        let said = &mut self.partitions.at(id).said;
        let place = offset.0 as usize;
        if place >= said.len() {
            said.resize(place + 1, None);
        }
        &mut said[place]
    }

    /// The value that was reported for an offset, if anyone has told of it.
    pub(super) fn value(&self, id: TopicPartition, offset: Offset) -> Option<RecordId> {
        self.partitions.get(id)?.said.get(offset.0 as usize)?.map(|said| said.value)
    }

    /// A value was acknowledged at an offset, and the cluster stands by it. `other` if it stood by another.
    #[inline]
    pub(super) fn acknowledged(&mut self, place: (TopicPartition, Offset), value: RecordId, other: bool) {
        if other {
            self.rewritten.insert(place, value);
        } else if !self.rewritten.is_empty() {
            self.rewritten.remove(&place);
        }
    }

    /// The value that was acknowledged at an offset after the cluster had stood by another.
    pub(super) fn rewritten(&self, id: TopicPartition, offset: Offset) -> Option<RecordId> {
        self.rewritten.get(&(id, offset)).copied()
    }

    /// The offsets of `[from, to)` that were rewritten.
    pub(super) fn all_rewritten(
        &self,
        id: TopicPartition,
        (from, to): (Offset, Offset),
    ) -> impl Iterator<Item = (Offset, RecordId)> {
        let range = (id, from)..(id, to.max(from));
        self.rewritten.range(range).map(|((_, offset), value)| (*offset, *value))
    }

    /// The first offset of `[from, to)` of which anyone has told, and the value; only of values that count.
    pub(super) fn first_known(
        &self,
        id: TopicPartition,
        (from, to): (Offset, Offset),
        counts: impl Fn(RecordId) -> bool,
    ) -> Option<(Offset, RecordId)> {
        let known = (from.0..to.0).map(Offset).filter_map(|offset| Some((offset, self.value(id, offset)?)));
        known.into_iter().find(|(_, value)| counts(*value))
    }

    /// Says that someone read up to here, exclusive.
    pub(super) fn read_up_to(&mut self, id: TopicPartition, end: Offset) {
        let partition = self.partitions.at(id);
        partition.read_end = partition.read_end.max(end);
    }

    /// One past the highest offset that anyone read.
    pub(super) fn read_end(&self, id: TopicPartition) -> Offset {
        self.partitions.get(id).map_or(Offset::ZERO, |partition| partition.read_end)
    }
}
