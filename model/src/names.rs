//! What the numbers are called, for people.

use crate::ids::{BrokerId, GroupId, NodeId, TopicId, TopicPartition};

/// The names of a run's topics, groups and nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// By [`TopicId`].
    pub topics: Vec<String>,
    /// By [`GroupId`].
    pub groups: Vec<String>,
    /// By [`NodeId`]: `controller`, `broker-1`, ..., then producers as `shop` and members as `billing-0`.
    pub nodes: Vec<String>,
    /// How many brokers there are.
    pub brokers: u8,
}

impl Names {
    /// `orders`.
    pub fn topic(&self, topic: TopicId) -> &str {
        self.topics.get(usize::from(topic.0)).map_or("?", String::as_str)
    }
    /// `billing`.
    pub fn group(&self, group: GroupId) -> &str {
        self.groups.get(usize::from(group.0)).map_or("?", String::as_str)
    }
    /// `broker-1`, `shop`, `billing-0`.
    pub fn node(&self, node: NodeId) -> &str {
        self.nodes.get(usize::from(node.0)).map_or("?", String::as_str)
    }
    /// `orders-0`.
    pub fn partition(&self, partition: TopicPartition) -> String {
        format!("{}-{}", self.topic(partition.topic), partition.partition)
    }
    /// The brokers' ids.
    pub fn broker_ids(&self) -> impl Iterator<Item = BrokerId> + use<> {
        (1..=self.brokers).map(BrokerId)
    }
}
