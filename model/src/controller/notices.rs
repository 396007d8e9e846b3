//! What the brokers are to be told after a step, gathered so that each broker gets at most one message of a kind.

use std::collections::BTreeMap;

use crate::ids::{BrokerSet, TopicPartition};

/// Source: 0.11.0.2 `ControllerBrokerRequestBatch`. Empty between steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Notices {
    /// Partitions whose state goes out with LeaderAndIsr, and to which brokers.
    leader_and_isr: BTreeMap<TopicPartition, BrokerSet>,
    /// Whether every broker gets the cluster's state.
    update_metadata: bool,
}

impl Notices {
    /// Tells these brokers of the partition's state, and all brokers of the cluster's.
    ///
    /// Source: 0.11.0.2 `ControllerBrokerRequestBatch.addLeaderAndIsrRequestForBrokers` also adds the metadata.
    pub(super) fn leader_and_isr(&mut self, partition: TopicPartition, to: BrokerSet) {
        let receivers = self.leader_and_isr.entry(partition).or_default();
        *receivers = receivers.union(to);
        self.update_metadata = true;
    }

    /// Tells all brokers of the cluster's state.
    pub(super) fn update_metadata(&mut self) {
        self.update_metadata = true;
    }

    /// Hands over what was gathered and is empty again; nothing if there is nothing to tell.
    pub(super) fn take(&mut self) -> Option<BTreeMap<TopicPartition, BrokerSet>> {
        let told = std::mem::take(&mut self.update_metadata);
        assert!(told || self.leader_and_isr.is_empty(), "LeaderAndIsr without UpdateMetadata");
        told.then(|| std::mem::take(&mut self.leader_and_isr))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::BrokerId;

    #[test]
    fn receivers_of_one_partition_add_up_and_are_handed_over_once() {
        let mut notices = Notices::default();
        let partition = TopicPartition::default();
        notices.leader_and_isr(partition, BrokerSet::one(BrokerId(1)));
        notices.leader_and_isr(partition, BrokerSet::one(BrokerId(3)));
        let told = notices.take().expect("there is something to tell");
        assert_eq!(told[&partition], [BrokerId(1), BrokerId(3)].into_iter().collect());
        assert_eq!(notices.take(), None);
    }

    #[test]
    fn metadata_alone_can_go_out() {
        let mut notices = Notices::default();
        notices.update_metadata();
        assert_eq!(notices.take(), Some(BTreeMap::new()));
    }
}
