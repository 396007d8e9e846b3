//! What is remembered of each partition, though partitions are added while running.
//!
//! Source: I25 of `kafka-behaviour.md`: they are never removed.

use highwater_model::ids::TopicPartition;
use highwater_model::view::ClusterView;

/// Gives each partition a number that stays, in the order in which they appear.
///
/// Partitions stand in the view in ascending order, so an added one moves those behind it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    known: Vec<(TopicPartition, usize)>,
}

impl Slots {
    /// Takes in what was added, and says at which places of the view, in the order of their new numbers.
    pub(crate) fn follow(&mut self, view: &ClusterView) -> Vec<usize> {
        let mut added = Vec::new();
        for (place, partition) in view.partitions.iter().enumerate() {
            if self.known.get(place).is_none_or(|(known, _)| *known != partition.id()) {
                self.known.insert(place, (partition.id(), self.known.len()));
                added.push(place);
            }
        }
        added
    }

    /// How many partitions are known.
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// The number of the partition at this place of the view.
    pub(crate) fn at(&self, place: usize) -> usize {
        self.known[place].1
    }
}

/// A property's memory of each partition, by slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct BySlot<T>(Vec<T>);

impl<T: Default> BySlot<T> {
    /// The memory of one partition; empty the first time.
    pub(crate) fn at(&mut self, slot: usize) -> &mut T {
        if slot >= self.0.len() {
            self.0.resize_with(slot + 1, T::default);
        }
        &mut self.0[slot]
    }
}
