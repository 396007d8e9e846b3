//! What clients ask of a coordinator, and how they are answered.

use crate::config::Assignor;
use crate::ids::{CorrelationId, Generation, MemberId, NodeId, Offset, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, Subscription};
use crate::time::Micros;

use super::transactional::TransactionalCommit;

/// Whom an answer is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Asker {
    /// Who asked.
    pub node: NodeId,
    /// Under which number.
    pub correlation: CorrelationId,
}

/// As whom a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Who {
    /// What a coordinator called it.
    pub member: MemberId,
    /// `group.instance.id` of a static member.
    pub instance: Option<NodeId>,
    /// The generation that it takes itself to be in.
    pub generation: Generation,
}

/// A request to join; see [`Body::JoinGroupRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Join {
    /// Itself; none at first.
    pub member: Option<MemberId>,
    /// `group.instance.id` of a static member.
    pub instance: Option<NodeId>,
    /// How long it may be silent.
    pub session_timeout: Micros,
    /// How long the next rebalance may wait for it.
    pub rebalance_timeout: Micros,
    /// By which rule it would share partitions out.
    pub assignor: Assignor,
    /// What it wants.
    pub subscription: Subscription,
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// To be in the next generation.
    Join(Join),
    /// For its share.
    Sync {
        /// As whom.
        who: Who,
        /// From the leader: everyone's share.
        assignments: Vec<(MemberId, Vec<TopicPartition>)>,
    },
    /// Whether it is still in.
    Heartbeat(Who),
    /// To be let out.
    Leave(MemberId),
    /// To write down how far it has come.
    Commit {
        /// As whom.
        who: Who,
        /// The next offset to read, by partition.
        offsets: Vec<(TopicPartition, Offset)>,
    },
    /// To write down how far it will have come once a transaction is committed.
    TransactionalCommit(TransactionalCommit),
    /// How far the group has come.
    Offsets {
        /// In these partitions.
        partitions: Vec<TopicPartition>,
        /// Whether to refuse while a transaction has others pending.
        require_stable: bool,
    },
}

impl Request {
    /// Refuses it.
    pub fn refuse(&self, asker: Asker, error: ErrorCode, out: &mut Effects) {
        match self {
            Self::Join(join) => asker.refuse_join(join.member, error, out),
            Self::Sync { .. } => asker.answer_sync(error, Vec::new(), out),
            Self::Heartbeat(_) => asker.send(Body::HeartbeatReply { error }, out),
            Self::Leave(_) => asker.send(Body::LeaveGroupReply { error }, out),
            Self::Commit { .. } => asker.send(Body::OffsetCommitReply { error }, out),
            Self::TransactionalCommit(_) => asker.send(Body::TxnOffsetCommitReply { error }, out),
            Self::Offsets { .. } => asker.send(Body::OffsetFetchReply { error, offsets: Vec::new() }, out),
        }
    }
}

impl Asker {
    /// Sends the answer.
    pub fn send(self, body: Body, out: &mut Effects) {
        out.send(self.node, self.correlation, body);
    }

    pub(super) fn refuse_join(self, member: Option<MemberId>, error: ErrorCode, out: &mut Effects) {
        let (generation, leader) = (Generation(0), MemberId::default());
        let (member, members) = (member.unwrap_or_default(), Vec::new());
        self.send(Body::JoinGroupReply { error, generation, member, leader, members }, out);
    }

    pub(super) fn answer_sync(self, error: ErrorCode, assignment: Vec<TopicPartition>, out: &mut Effects) {
        self.send(Body::SyncGroupReply { error, assignment }, out);
    }
}
