//! `precommitted-read`: a reader with `isolation.level=read_committed` is given a record before anyone has decided that its
//! transaction is committed. Source: Jepsen's Kafka workload, `precommitted-read`.
//!
//! Any decision to commit of the same transactional id since the record was handed over counts as its own, and so does the marker of
//! a commit behind the record in its partition. But an application that hands
//! over another record for the same transaction has not asked for the commit yet, whatever its coordinator thinks. Promised
//! where logs last.
//!
//! Looked at: records of transactions that such a reader is given. Broken at each that comes too early, and once more for a
//! transaction that goes on after it was read.

use highwater_model::event::Step;
use highwater_model::ids::{NodeId, TopicPartition};

use super::transactions::at_mut;
use super::{History, Report, aborted_read, record_name};
use crate::finding::Finding;
use crate::promises::Promises;
use crate::property::Property;

/// A reader with `read_committed` was given a record of a transaction.
#[cold]
pub(super) fn read(history: &mut History, step: &Step, client: NodeId, report: Report, promises: &Promises) {
    let Report { partition, offset, value, .. } = report;
    let entry = *history.records.entry(value);
    if history.transactions.was_aborted(&entry) {
        aborted_read::aborted(history, step, partition, value, promises);
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
    let evidence = || {
        format!(
            "{} is given {} at offset {offset} of {}, of transaction {} of {}, and nobody has decided that it is committed",
            names.node(client),
            record_name(names, value),
            names.partition(partition),
            transaction.number,
            names.node(transaction.client)
        )
    };
    history.precommitted_read.broke(promised, || finding(step, partition, evidence()));
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
    let evidence = || {
        format!(
            "{} of transaction {} of {} was read with isolation.level=read_committed, and its application goes on with {}",
            record_name(names, given),
            transaction.number,
            names.node(transaction.client),
            record_name(names, next)
        )
    };
    history.precommitted_read.broke(promised, || finding(step, partition, evidence()));
}

fn finding(step: &Step, partition: TopicPartition, evidence: String) -> Finding {
    Finding { property: Property::PrecommittedRead, step: *step, partition: Some(partition), evidence }
}
