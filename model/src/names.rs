//! What the numbers are called, for people.

use std::sync::Arc;

use crate::ids::{GroupId, NodeId, TopicId, TopicPartition};

/// The names of a run's topics, groups and nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// By [`TopicId`].
    pub topics: Vec<String>,
    /// By [`GroupId`].
    pub groups: Vec<String>,
    /// By [`NodeId`]: `controller`, `broker-1`, ..., then producers as `shop` and members as `billing-0`.
    pub nodes: Vec<String>,
    /// What the scenario's faults do, as it says it; by their place in the file.
    pub faults: Vec<Arc<str>>,
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
    /// What a fault of the scenario does; none for one that came by chance.
    pub fn fault(&self, fault: u32, random: bool) -> Option<&str> {
        self.faults.get(fault as usize).filter(|_| !random).map(AsRef::as_ref)
    }
    /// `orders-0`.
    pub fn partition(&self, partition: TopicPartition) -> String {
        format!("{}-{}", self.topic(partition.topic), partition.partition)
    }
}
