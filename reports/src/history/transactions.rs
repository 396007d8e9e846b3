//! What applications know of their transactions: what [`precommitted_read`](super::precommitted_read),
//! [`atomic_transactions`](super::atomic_transactions) and, where a transaction was aborted, [`aborted_read`]
//! are asked of.
//!
//! The decision to commit is the coordinator's record of it
//! ([`Event::TransactionMoved`](highwater_model::event::Event::TransactionMoved)), or, behind the record in its partition, the
//! marker that another coordinator has written after it found that record. What completes the transaction before does not count: it
//! may come late. A transaction of which the application heard nothing more, because its producer died or
//! was fenced, may be committed or not.

use std::collections::BTreeMap;

use highwater_model::event::Step;
use highwater_model::ids::{NodeId, Offset, ProducerId, RecordId, TopicPartition, TransactionalId};
use highwater_model::message::{Marker, TransactionState};
use highwater_model::time::Instant;

use super::{Entry, History, aborted_read};
use crate::promises::Promises;

/// How a transaction ended, as far as its application was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It has not been told, or it was told that nobody knows.
    Unknown,
    Committed,
    Aborted,
}

#[derive(Clone, Debug)]
pub(super) struct Transaction {
    pub(super) client: NodeId,
    pub(super) id: TransactionalId,
    pub(super) number: u32,
    pub(super) ended: Ended,
    pub(super) records: Vec<(RecordId, TopicPartition)>,
    /// The first of them that a reader with `read_committed` was given while it was open.
    pub(super) given: Option<RecordId>,
}

/// All transactions that applications began.
#[derive(Clone, Debug, Default)]
pub(super) struct Transactions {
    pub(super) all: Vec<Transaction>,
    /// By node: the place of the one that is open, and one more; 0 for none.
    open: Vec<u32>,
    /// By transactional id: the last step at which its coordinator decided to commit.
    decided: Vec<Option<Step>>,
    /// Behind the last marker of a commit of each transactional id.
    marked: BTreeMap<(TransactionalId, TopicPartition), Offset>,
    /// Whose PIDs are whose.
    producers: Vec<(ProducerId, TransactionalId)>,
}

impl Transactions {
    /// An application began one.
    pub(super) fn begun(&mut self, client: NodeId, id: TransactionalId, number: u32) {
        self.all.push(Transaction {
            client,
            id,
            number,
            ended: Ended::Unknown,
            records: Vec::new(),
            given: None,
        });
        let place = usize::from(client.0);
        if place >= self.open.len() {
            self.open.resize(place + 1, 0);
        }
        self.open[place] = self.all.len() as u32;
    }

    /// A record was handed over: the number of the transaction that it belongs to, and one more; 0 for none.
    #[inline]
    pub(super) fn joined(&mut self, client: NodeId, value: RecordId, partition: TopicPartition) -> u32 {
        if self.all.is_empty() {
            return 0;
        }
        let open = self.open.get(usize::from(client.0)).copied().unwrap_or_default();
        if let Some(transaction) = at_mut(&mut self.all, open) {
            transaction.records.push((value, partition));
        }
        open
    }

    /// A process died, or its producer was fenced: it has no transaction that could go on.
    pub(super) fn lost(&mut self, client: NodeId) {
        if let Some(open) = self.open.get_mut(usize::from(client.0)) {
            *open = 0;
        }
    }

    /// A coordinator gave a transactional id a session.
    pub(super) fn initialized(&mut self, id: TransactionalId, producer: ProducerId) {
        if !self.producers.contains(&(producer, id)) {
            self.producers.push((producer, id));
        }
    }

    /// A coordinator's log has a new state.
    pub(super) fn moved(&mut self, step: &Step, id: TransactionalId, state: TransactionState) {
        if state != TransactionState::PrepareCommit {
            return;
        }
        let place = usize::from(id.0);
        if place >= self.decided.len() {
            self.decided.resize(place + 1, None);
        }
        self.decided[place] = Some(*step);
    }

    /// A leader wrote how a transaction ended. A coordinator that finds the decision in its log has not made it itself.
    pub(super) fn marked(&mut self, marker: &Marker, partition: TopicPartition, offset: Offset) {
        let known = self.producers.iter().find(|(producer, _)| *producer == marker.producer);
        if let Some(&(_, id)) = known.filter(|_| marker.commit) {
            let end = self.marked.entry((id, partition)).or_default();
            *end = (*end).max(offset.plus(1));
        }
    }

    /// Whether somebody has decided since then that what this transactional id has here is committed.
    pub(super) fn is_decided(
        &self,
        id: TransactionalId,
        since: Instant,
        (partition, offset): (TopicPartition, Offset),
    ) -> bool {
        let decided = self.decided.get(usize::from(id.0)).copied().flatten();
        decided.is_some_and(|decided| decided.at >= since)
            || self.marked.get(&(id, partition)).is_some_and(|end| *end > offset)
    }

    /// Whether a reader with `read_committed` that comes past this record must have been given it.
    pub(super) fn must_be_given(&self, entry: &Entry) -> bool {
        match self.of(entry) {
            None => entry.transaction == 0,
            Some(transaction) => transaction.ended == Ended::Committed && !entry.resent,
        }
    }

    /// Whether the record's transaction was aborted for certain, and the record belongs to no other.
    pub(super) fn was_aborted(&self, entry: &Entry) -> bool {
        !entry.resent && self.of(entry).is_some_and(|transaction| transaction.ended == Ended::Aborted)
    }

    pub(super) fn of(&self, entry: &Entry) -> Option<&Transaction> {
        self.all.get((entry.transaction as usize).checked_sub(1)?)
    }
}

/// The transaction of this number, counted from 1.
pub(super) fn at_mut(all: &mut [Transaction], place: u32) -> Option<&mut Transaction> {
    all.get_mut((place as usize).checked_sub(1)?)
}

/// An application was told how its transaction ended.
pub(super) fn ended(history: &mut History, step: &Step, client: NodeId, commit: bool, promises: &Promises) {
    let Some(open) = history.transactions.open.get_mut(usize::from(client.0)) else { return };
    let place = std::mem::take(open);
    let Some(transaction) = at_mut(&mut history.transactions.all, place) else { return };
    transaction.ended = if commit { Ended::Committed } else { Ended::Aborted };
    if commit {
        return;
    }
    for (value, partition) in transaction.records.clone() {
        let entry = *history.records.entry(value);
        history.aborted_read.looked();
        if entry.read_committed && history.transactions.was_aborted(&entry) {
            aborted_read::aborted(history, step, partition, value, promises);
        }
    }
}

#[cfg(test)]
#[path = "transactions_test.rs"]
mod transactions_test;
