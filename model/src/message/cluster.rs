//! The cluster's state, as the controller decides it and everybody else hears of it.

use serde::Serialize;

use crate::ids::{BrokerEpoch, BrokerId, BrokerSet, LeaderEpoch, PartitionEpoch, TopicPartition};

/// A partition's state as the controller decides it. Source: `LeaderAndIsr`, `PartitionRegistration`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
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
    /// Eligible leader replicas: no members of the ISR, and yet sure to have all that was committed. Source: KIP-966.
    pub elr: BrokerSet,
    /// Who led last, while the ISR and the ELR are empty. Source: KIP-966.
    pub last_known_leader: Option<BrokerId>,
    /// The leader was elected uncleanly and has not said yet that it has recovered. Source: KIP-704 `LeaderRecoveryState`.
    pub recovering: bool,
}

/// The cluster as a broker or client sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Metadata {
    /// Brokers that the controller takes for alive: under KRaft those that are registered and not fenced.
    pub live_brokers: BrokerSet,
    /// Those of them that have asked to shut down. Source: KIP-841.
    pub shutting_down: BrokerSet,
    /// Each broker's registration; broker `b` at `b - 1`. Only a KRaft controller tells. Source: KIP-903.
    pub broker_epochs: Vec<BrokerEpoch>,
    /// Ascending by partition.
    pub partitions: Vec<PartitionState>,
}

impl Metadata {
    /// The registration of a broker, as far as it was told.
    pub fn broker_epoch(&self, broker: BrokerId) -> Option<BrokerEpoch> {
        self.broker_epochs.get(usize::from(broker.0).checked_sub(1)?).copied()
    }

    /// The state of one partition.
    pub fn partition(&self, partition: TopicPartition) -> Option<&PartitionState> {
        let place = self.partitions.binary_search_by_key(&partition, |state| state.partition).ok()?;
        self.partitions.get(place)
    }
}
