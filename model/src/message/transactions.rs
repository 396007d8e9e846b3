//! What transactional producers, their coordinators and the leaders of their partitions tell each other.
//!
//! Source: KIP-98, 0.11.0.2 `TransactionCoordinator`, `TransactionMetadata`.

use serde::Serialize;

use crate::ids::{
    CoordinatorEpoch, GroupId, Offset, ProducerEpoch, ProducerId, TopicPartition, TransactionalId,
};
use crate::time::{Instant, Micros};

/// Whose coordinator is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum CoordinatorKey {
    /// A group's.
    Group(GroupId),
    /// A transactional id's.
    Transaction(TransactionalId),
}

/// How a transactional producer asks for its PID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TransactionalInit {
    /// `transactional.id`.
    pub id: TransactionalId,
    /// `transaction.timeout.ms`.
    pub timeout: Micros,
    /// What it has, from one that recovers by raising its epoch. Source: KIP-360.
    pub current: Option<(ProducerId, ProducerEpoch)>,
}

/// Which session of which transactional producer asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TransactionalProducer {
    /// `transactional.id`.
    pub id: TransactionalId,
    /// Its PID.
    pub producer: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
}

/// How a transaction ended, as its coordinator has it written to each partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Marker {
    /// Whose transaction.
    pub producer: ProducerId,
    /// In which session.
    pub epoch: ProducerEpoch,
    /// Whether it was committed.
    pub commit: bool,
    /// Grows with each coordinator of the id: an older one's marker is refused.
    pub coordinator_epoch: CoordinatorEpoch,
}

/// A transaction that was aborted, in the answer to a fetch of a `read_committed` consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct AbortedTransaction {
    /// Whose.
    pub producer: ProducerId,
    /// Its first record in this partition.
    pub first_offset: Offset,
}

/// Where a transactional id stands with its coordinator. Source: 39 `TransactionState`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "PascalCase")]
pub enum TransactionState {
    /// No transaction, or none since the producer's last init.
    #[default]
    Empty,
    /// Partitions or offsets belong to it.
    Ongoing,
    /// It is decided, and durable, that it commits; markers are on their way.
    PrepareCommit,
    /// It is decided, and durable, that it aborts; markers are on their way.
    PrepareAbort,
    /// All markers of a commit are written.
    CompleteCommit,
    /// All markers of an abort are written.
    CompleteAbort,
    /// A newer session fences this one, whose transaction is about to be aborted.
    PrepareEpochFence,
}

/// What a transaction coordinator writes to `__transaction_state`. Source: 0.11.0.2 `TransactionLog`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct TransactionRecord {
    /// Which id.
    pub id: TransactionalId,
    /// Its PID.
    pub producer: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
    /// `transaction.timeout.ms`.
    pub timeout: Micros,
    /// Where it stands.
    pub state: TransactionState,
    /// What belongs to the transaction, ascending.
    pub partitions: Vec<TopicPartition>,
    /// Since when the transaction is open.
    pub started: Option<Instant>,
}

/// A topic-partition and an offset that a transaction commits for a group.
pub type PendingOffset = (TopicPartition, Offset);
