//! What applications know of their transactions, and whether readers with `read_committed` were given them whole.
//!
//! - [`precommitted_read`](Property::PrecommittedRead): such a reader is given a record before anyone has decided that its
//!   transaction is committed. Jepsen's Kafka workload knows it by this name. The decision is the coordinator's record of
//!   it ([`Event::TransactionMoved`](highwater_model::event::Event::TransactionMoved)), or, behind the record in its partition, the
//!   marker that another coordinator has written after it found that record; any such decision on the same transactional id since
//!   the record was handed over counts as its own. What completes the transaction before does not: it may come late. But an application that hands over another record
//!   for the same transaction has not asked for the commit yet, whatever its coordinator thinks. Looked at: records of
//!   transactions that such a reader is given. Broken at each that comes too early, and once more for a transaction that
//!   goes on after it was read.
//! - [`atomic_transactions`](Property::AtomicTransactions), I24 of `kafka-behaviour.md`: of a transaction that was committed
//!   these readers see all records, of any other all or none. Where the application was told that it was aborted,
//!   [`aborted_read`](super::aborted_read) judges. Looked at: transactions all of whose topics such a group reads from the
//!   start, at the end of a run that converged. Broken once for each.
//!
//! A transaction of which the application heard nothing more, because its producer died or was fenced, may be either. One that
//! holds a record that was handed over again, after a restart, is not looked at: which copy was read nobody can say.

use std::collections::BTreeMap;

use highwater_model::event::Step;
use highwater_model::ids::{NodeId, Offset, ProducerId, RecordId, TopicPartition, TransactionalId};
use highwater_model::message::{Marker, TransactionState};
use highwater_model::time::Instant;

use super::{Entry, Fate, History, Ledger, record_name};
use crate::finding::Finding;
use crate::promises::Promises;
use crate::property::Property;

/// How a transaction ended, as far as its application was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// It has not been told, or it was told that nobody knows.
    Unknown,
    Committed,
    Aborted,
}

#[derive(Clone, Debug)]
struct Transaction {
    client: NodeId,
    id: TransactionalId,
    number: u32,
    ended: Ended,
    records: Vec<(RecordId, TopicPartition)>,
    /// The first of them that a reader with `read_committed` was given while it was open.
    given: Option<RecordId>,
}

/// All transactions that applications began.
#[derive(Clone, Debug, Default)]
pub(super) struct Transactions {
    all: Vec<Transaction>,
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
    fn is_decided(
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
    fn was_aborted(&self, entry: &Entry) -> bool {
        !entry.resent && self.of(entry).is_some_and(|transaction| transaction.ended == Ended::Aborted)
    }

    fn of(&self, entry: &Entry) -> Option<&Transaction> {
        self.all.get((entry.transaction as usize).checked_sub(1)?)
    }
}

fn at_mut(all: &mut [Transaction], place: u32) -> Option<&mut Transaction> {
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
            aborted(history, step, partition, value, promises);
        }
    }
}

/// A reader with `read_committed` was given a record of a transaction.
#[cold]
pub(super) fn read(
    history: &mut History,
    step: &Step,
    client: NodeId,
    (partition, offset): (TopicPartition, Offset),
    value: RecordId,
    promises: &Promises,
) {
    let entry = *history.records.entry(value);
    if history.transactions.was_aborted(&entry) {
        aborted(history, step, partition, value, promises);
    }
    if let Some(transaction) = at_mut(&mut history.transactions.all, entry.transaction) {
        transaction.given.get_or_insert(value);
    }
    let Some(transaction) = history.transactions.of(&entry) else { return };
    history.precommitted_read.looked();
    if history.transactions.is_decided(transaction.id, entry.sent_at, (partition, offset)) {
        return;
    }
    let (names, promised) = (&history.names, promises.is_lasting(partition.topic));
    history.precommitted_read.broke(promised, || Finding {
        property: Property::PrecommittedRead,
        step: *step,
        partition: Some(partition),
        evidence: format!(
            "{} is given {} of transaction {} of {}, and nobody has decided that it is committed",
            names.node(client),
            record_name(names, value),
            transaction.number,
            names.node(transaction.client)
        ),
    });
}

/// A record was handed over for a transaction that is open.
#[cold]
pub(super) fn goes_on(history: &mut History, step: &Step, place: u32, promises: &Promises) {
    let Some(transaction) = at_mut(&mut history.transactions.all, place) else { return };
    let (Some(given), Some(&(next, partition))) = (transaction.given.take(), transaction.records.last())
    else {
        return;
    };
    let (names, promised) = (&history.names, promises.is_lasting(partition.topic));
    history.precommitted_read.broke(promised, || Finding {
        property: Property::PrecommittedRead,
        step: *step,
        partition: Some(partition),
        evidence: format!(
            "{} of transaction {} of {} was read with isolation.level=read_committed, and its application goes on with {}",
            record_name(names, given),
            transaction.number,
            names.node(transaction.client),
            record_name(names, next)
        ),
    });
}

fn aborted(
    history: &mut History,
    step: &Step,
    partition: TopicPartition,
    value: RecordId,
    promises: &Promises,
) {
    let (names, promised) = (&history.names, promises.is_lasting(partition.topic));
    history.aborted_read.broke(promised, || Finding {
        property: Property::AbortedRead,
        step: *step,
        partition: Some(partition),
        evidence: format!(
            "{} is read with isolation.level=read_committed, and its transaction was aborted",
            record_name(names, value)
        ),
    });
}

/// Judges the end.
pub(super) fn judge(history: &mut History, step: &Step, promises: &Promises) {
    for place in 0..history.transactions.all.len() {
        let transaction = &history.transactions.all[place];
        let Some(torn) = torn(transaction, &history.records, promises) else { continue };
        history.atomic_transactions.looked();
        let Some((missing, given)) = torn else { continue };
        let promised = transaction.records.iter().all(|(_, it)| promises.is_lasting(it.topic));
        let names = &history.names;
        let said = match transaction.ended {
            Ended::Committed => "was committed",
            Ended::Unknown | Ended::Aborted => "may have been committed or not",
        };
        let given = given.map_or_else(|| "of it".to_owned(), |given| record_name(names, given));
        history.atomic_transactions.broke(promised, || Finding {
            property: Property::AtomicTransactions,
            step: *step,
            partition: None,
            evidence: format!(
                "transaction {} of {} {said}; no reader with isolation.level=read_committed was given {}{}",
                transaction.number,
                names.node(transaction.client),
                record_name(names, missing),
                if transaction.ended == Ended::Committed { String::new() } else { format!(", but {given}") }
            ),
        });
    }
}

/// A record that is missing, and one that was given, if a transaction was not given whole; none if it cannot be judged.
#[expect(clippy::option_option, reason = "the outer one says whether it is judged at all")]
fn torn(
    transaction: &Transaction,
    records: &Ledger,
    promises: &Promises,
) -> Option<Option<(RecordId, Option<RecordId>)>> {
    let entries = || {
        transaction.records.iter().filter_map(|&(value, partition)| {
            let entry = records.get(value).filter(|entry| entry.fate != Fate::Refused)?;
            Some((value, partition, entry))
        })
    };
    let judged = entries()
        .all(|(_, partition, entry)| !entry.resent && promises.committed_read_from_start(partition.topic));
    if !judged || transaction.ended == Ended::Aborted || entries().next().is_none() {
        return None;
    }
    let missing = entries().find(|(.., entry)| !entry.read_committed).map(|(value, ..)| value);
    let given = entries().find(|(.., entry)| entry.read_committed).map(|(value, ..)| value);
    Some(match (missing, given) {
        (Some(missing), given) if given.is_some() || transaction.ended == Ended::Committed => {
            Some((missing, given))
        }
        (Some(_) | None, _) => None,
    })
}

#[cfg(test)]
#[path = "transactions_test.rs"]
mod transactions_test;
