//! What members and their coordinator tell each other of members.

use std::sync::Arc;

use serde::Serialize;

use crate::ids::{Generation, MemberId, NodeId, TopicId, TopicPartition};

/// What a member wants, and what it has. Source: 39 `ConsumerPartitionAssignor.Subscription`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Subscription {
    /// What it reads, ascending.
    pub topics: Arc<[TopicId]>,
    /// What it owned last, for the sticky assignors; ascending.
    pub owned: Vec<TopicPartition>,
    /// In which generation it did.
    pub generation: Generation,
}

/// A member as its group's leader learns of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JoinedMember {
    /// Which.
    pub member: MemberId,
    /// Its `group.instance.id`, if it is a static member: its client.
    pub instance: Option<NodeId>,
    /// What it wants.
    pub subscription: Subscription,
}
