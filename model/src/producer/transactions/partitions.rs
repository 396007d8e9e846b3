//! Which partitions belong to a transaction.

use crate::ids::TopicPartition;

/// The partitions of a transaction. Source: 0.11.0.2 `TransactionManager.newPartitionsInTransaction`,
/// `pendingPartitionsInTransaction`, `partitionsInTransaction`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Partitions {
    /// Those that the coordinator knows of; ascending.
    added: Vec<TopicPartition>,
    /// Those that it is to be told of; ascending.
    new: Vec<TopicPartition>,
    /// Those of them that it was asked to add; ascending.
    asked: Vec<TopicPartition>,
}

impl Partitions {
    /// A record goes to a partition.
    pub(super) fn want(&mut self, partition: TopicPartition) {
        if self.holds(partition) {
            return;
        }
        if let Err(place) = self.new.binary_search(&partition) {
            self.new.insert(place, partition);
        }
    }

    /// Whether batches may leave for a partition.
    pub(super) fn holds(&self, partition: TopicPartition) -> bool {
        self.added.binary_search(&partition).is_ok()
    }

    /// Whether the coordinator knows of any.
    pub(super) fn is_started(&self) -> bool {
        !self.added.is_empty()
    }

    /// Whether the coordinator has yet to be told of any.
    pub(super) fn has_new(&self) -> bool {
        !self.new.is_empty()
    }

    /// Those that the coordinator is to be told of, which it now is.
    pub(super) fn ask(&mut self) -> Vec<TopicPartition> {
        self.asked.clone_from(&self.new);
        self.new.clone()
    }

    /// The coordinator has added what it was asked to.
    pub(super) fn take_added(&mut self) {
        let Self { added, new, asked } = self;
        new.retain(|partition| asked.binary_search(partition).is_err());
        added.append(asked);
        added.sort_unstable();
        added.dedup();
    }

    /// Nothing more is added: the transaction will be aborted. What was asked for may belong to it all the same.
    pub(super) fn forget_new(&mut self) {
        self.new.clear();
    }
}
