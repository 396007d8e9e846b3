//! Settings under Kafka's own names, units and defaults (those of 0.11, `kafka-behaviour.md` section 10).
//!
//! Each struct is strict when read: a setting that Highwater does not model is refused.

mod broker;
mod consumer;
mod producer;
mod topic;

use crate::ids::{GroupId, TopicId, TopicPartition, TransactionalId};
use crate::protocol::Protocol;

pub use broker::BrokerConfig;
pub use consumer::{Assignor, AutoOffsetReset, CommitPoint, ConsumerConfig, IsolationLevel};
pub use producer::{Acks, PartitionerClass, ProducerConfig};
pub use topic::{AckStrategy, ServiceRate, Topic, TopicConfig};

/// All that is fixed before a run begins; every machine shares it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClusterConfig {
    /// The protocol's switches.
    pub protocol: Protocol,
    /// How many brokers; their ids are 1 to this.
    pub brokers: u8,
    /// The settings of all brokers.
    pub broker: BrokerConfig,
    /// By [`TopicId`]. After the scenario's own come `__consumer_offsets`, if there is a group, and `__transaction_state`, if
    /// there is a transactional producer.
    pub topics: Vec<Topic>,
    /// `__consumer_offsets`; none without a group.
    pub offsets_topic: Option<TopicId>,
    /// By [`GroupId`]: the partition of `__consumer_offsets` whose leader coordinates the group.
    /// Source: 0.11.0.2 `GroupMetadataManager.partitionFor`.
    pub offsets_partitions: Vec<u16>,
    /// `__transaction_state`; none without a transactional producer.
    pub transactions_topic: Option<TopicId>,
    /// By [`TransactionalId`]: the partition of `__transaction_state` whose leader coordinates the id's transactions.
    /// Source: 0.11.0.2 `TransactionStateManager.partitionFor`.
    pub transactions_partitions: Vec<u16>,
}

impl ClusterConfig {
    /// A cluster without groups.
    pub fn new(protocol: Protocol, brokers: u8, broker: BrokerConfig, topics: Vec<Topic>) -> Self {
        Self {
            protocol,
            brokers,
            broker,
            topics,
            offsets_topic: None,
            offsets_partitions: Vec::new(),
            transactions_topic: None,
            transactions_partitions: Vec::new(),
        }
    }

    /// Where the group's offsets are kept; the leader is its coordinator.
    pub fn offsets_partition(&self, group: GroupId) -> Option<TopicPartition> {
        let partition = *self.offsets_partitions.get(usize::from(group.0))?;
        Some(TopicPartition { topic: self.offsets_topic?, partition })
    }

    /// Where the transactions of an id are kept; the leader is their coordinator.
    pub fn transactions_partition(&self, id: TransactionalId) -> Option<TopicPartition> {
        let partition = *self.transactions_partitions.get(usize::from(id.0))?;
        Some(TopicPartition { topic: self.transactions_topic?, partition })
    }

    /// Whether it is `__consumer_offsets` or `__transaction_state`, to which no application writes.
    pub fn is_internal(&self, topic: TopicId) -> bool {
        self.offsets_topic == Some(topic) || self.transactions_topic == Some(topic)
    }
}
