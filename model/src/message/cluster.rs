//! The cluster's state, as the controller decides it and everybody else hears of it.

use serde::Serialize;

use crate::ids::{BrokerId, BrokerSet, LeaderEpoch, PartitionEpoch, TopicPartition};

/// A partition's state as the controller decides it. Source: `LeaderAndIsr`, `PartitionRegistration`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct PartitionState {
    /// Which.
    pub partition: TopicPartition,
    /// None while no replica may lead.
    pub leader: Option<BrokerId>,
    /// Grows with each decision of the controller.
    pub leader_epoch: LeaderEpoch,
    /// The in-sync replicas.
    pub isr: BrokerSet,
    /// Grows with each change of this state, also of the ISR alone. ZooKeeper: zkVersion.
    pub partition_epoch: PartitionEpoch,
    /// All assigned replicas, in order of preference.
    pub replicas: Vec<BrokerId>,
}

/// The cluster as a broker or client sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Metadata {
    /// Brokers that the controller takes for alive.
    pub live_brokers: BrokerSet,
    /// Ascending by partition.
    pub partitions: Vec<PartitionState>,
}

impl Metadata {
    /// The state of one partition.
    pub fn partition(&self, partition: TopicPartition) -> Option<&PartitionState> {
        let place = self.partitions.binary_search_by_key(&partition, |state| state.partition).ok()?;
        self.partitions.get(place)
    }
}
