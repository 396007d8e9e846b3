//! Offsets of a group that a transaction commits.
//!
//! Source: KIP-98, KIP-447; 2.5.0 `TransactionManager.sendOffsetsToTransaction`, `AddOffsetsToTxnHandler`,
//! `TxnOffsetCommitHandler`.

use crate::ids::{BrokerId, Generation, GroupId, MemberId};
use crate::message::{Body, CoordinatorKey, PendingOffset, TransactionalProducer};
use crate::producer::Producer;

use super::requests::Asked;

/// What is to be committed, and how far that is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Offsets {
    /// Whose.
    pub(crate) group: GroupId,
    /// The member that read them, and its generation. Source: KIP-447.
    pub(crate) member: Option<(MemberId, Generation)>,
    /// The next offset to read, by partition.
    pub(crate) offsets: Vec<PendingOffset>,
}

/// How far the offsets of the open transaction are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct OffsetsOfTransaction {
    what: Option<Offsets>,
    /// The group's coordinator.
    pub(super) coordinator: Option<BrokerId>,
    /// The transaction's coordinator knows that offsets of the group belong to it.
    pub(super) added: bool,
    /// The group's coordinator has them, pending.
    pub(super) pending: bool,
}

impl OffsetsOfTransaction {
    /// What is to be asked next.
    pub(super) fn next(&self) -> Option<Asked> {
        self.what.as_ref().filter(|_| !self.pending)?;
        Some(match (self.added, self.coordinator) {
            (false, _) => Asked::AddOffsets,
            (true, None) => Asked::FindGroupCoordinator,
            (true, Some(_)) => Asked::CommitOffsets,
        })
    }

    /// Where that one is looked for.
    pub(super) fn key(&self) -> Option<CoordinatorKey> {
        self.what.as_ref().map(|offsets| CoordinatorKey::Group(offsets.group))
    }

    pub(super) fn add_request(&self, producer: TransactionalProducer) -> Option<Body> {
        let group = self.what.as_ref()?.group;
        Some(Body::AddOffsetsToTxnRequest { producer, group })
    }

    pub(super) fn commit_request(&self, producer: TransactionalProducer) -> Option<Body> {
        let Offsets { group, member, offsets } = self.what.clone()?;
        Some(Body::TxnOffsetCommitRequest { producer, group, member, offsets })
    }

    /// Nothing more is asked for the group: the transaction will be aborted, or is over.
    pub(super) fn forget(&mut self) {
        self.what = None;
    }

    /// The transaction is over. Who coordinates the group is still known.
    pub(super) fn clear(&mut self) {
        *self = Self { coordinator: self.coordinator, ..Self::default() };
    }
}

/// How the application's latest transaction went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    /// It was committed.
    Committed,
    /// It was aborted.
    Aborted,
    /// The producer can do nothing any more, and nobody knows.
    Over,
}

impl Producer {
    /// The next transaction is to commit these offsets with its records.
    pub(crate) fn commit_with_next(&mut self, offsets: Offsets) {
        if let Some(transactions) = &mut self.transactions {
            transactions.offsets.what = Some(offsets);
        }
    }

    /// How a transaction went that has ended since this was last asked.
    pub(crate) fn take_outcome(&mut self) -> Option<Outcome> {
        self.transactions.as_mut()?.outcome.take()
    }
}
