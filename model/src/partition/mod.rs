//! One replica of one partition. Files follow roles; in `leader.rs` the handlers stand in the order in which a record
//! meets them.

pub mod follower;
pub mod high_watermark;
pub mod isr;
pub mod isr_changes;
pub mod leader;
pub mod majority;
pub mod pending_acks;
pub mod stable;
pub mod truncation;

use crate::ids::{BrokerId, BrokerSet, LeaderEpoch, Offset, TopicPartition};
use crate::log::Log;
use crate::view::{self, ReplicaView};

pub use leader::Leader;

/// A replica: its log, its high watermark, and what the controller last made of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Replica {
    /// Which partition.
    pub id: TopicPartition,
    /// On which broker.
    pub me: BrokerId,
    /// Its log.
    pub log: Log,
    /// Records below are committed, as far as this replica knows. Exclusive.
    pub high_watermark: Offset,
    /// The epoch of the last notice that it obeyed; none in this life so far.
    pub leader_epoch: Option<LeaderEpoch>,
    /// What it is.
    pub role: Role,
    /// Whether it may have changed since it was last shown.
    pub changed: bool,
}

/// What a replica is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// It has not been told in this life, or since it voted.
    Offline,
    /// It was told that nobody leads, and follows nobody. Under KRaft only.
    Leaderless,
    /// It follows this broker.
    Follower(BrokerId),
    /// It leads.
    Leader(Leader),
}

impl Replica {
    /// A replica as its broker starts: not yet told what it is.
    pub fn new(id: TopicPartition, me: BrokerId, log: Log, high_watermark: Offset) -> Self {
        Self { id, me, log, high_watermark, leader_epoch: None, role: Role::Offline, changed: true }
    }

    /// Whom it takes for the leader.
    pub fn leader(&self) -> Option<BrokerId> {
        match &self.role {
            Role::Offline | Role::Leaderless => None,
            Role::Follower(leader) => Some(*leader),
            Role::Leader(_) => Some(self.me),
        }
    }

    /// Whether it leads.
    pub fn leads(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// What must hold of every replica after every step.
    pub fn assert_invariants(&self) {
        if let Role::Leader(leader) = &self.role {
            assert!(leader.isr.contains(self.me), "a leader is in its own ISR");
            assert!(
                self.high_watermark <= self.log.end_offset(),
                "a leader's high watermark is within its log"
            );
        }
        assert!(self.log.flushed_offset() <= self.log.end_offset(), "only what was written is flushed");
    }

    /// Copies what changed into the judge's view.
    pub fn show(&mut self, view: &mut ReplicaView) {
        self.changed = false;
        view.leader = self.leader();
        view.leader_epoch = self.leader_epoch.unwrap_or_default();
        view.high_watermark = self.high_watermark;
        view.last_stable_offset = self.last_stable_offset();
        view.log_start = self.log.start_offset();
        view.log_end = self.log.end_offset();
        (view.role, view.isr, view.maximal_isr, view.isr_change_pending) = match &self.role {
            Role::Offline => (view::Role::Offline, BrokerSet::EMPTY, BrokerSet::EMPTY, false),
            Role::Leaderless | Role::Follower(_) => {
                (view::Role::Follower, BrokerSet::EMPTY, BrokerSet::EMPTY, false)
            }
            Role::Leader(leader) => {
                (view::Role::Leader, leader.isr, leader.maximal_isr(), leader.isr_change.is_some())
            }
        };
        self.log.show(&mut view.log);
    }
}
