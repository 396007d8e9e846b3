//! `atomic-transactions`: of a transaction that was committed readers with `isolation.level=read_committed` are given all records,
//! of any other all or none.
//!
//! Source: I24 of `kafka-behaviour.md`; KIP-98. Where the application was told that it was aborted,
//! [`aborted_read`](super::aborted_read) judges. One that holds a record that was handed over again, after a restart, is not looked
//! at: which copy was read nobody can say. What groups make of what they read belongs here too: [`super::processing`]. Promised
//! where logs last.
//!
//! Looked at: transactions all of whose topics such a group reads from the start, at the end of a run that converged. Broken once
//! for each.

use highwater_model::event::Step;
use highwater_model::ids::RecordId;

use super::transactions::{Ended, Transaction};
use super::{Fate, History, Ledger, located};
use crate::finding::Finding;
use crate::promises::Promises;
use crate::property::Property;

/// Judges the end.
pub(super) fn judge(history: &mut History, step: &Step, promises: &Promises) {
    for place in 0..history.transactions.all.len() {
        let transaction = &history.transactions.all[place];
        let Some(torn) = torn(transaction, &history.records, promises) else { continue };
        history.atomic_transactions.looked();
        let Some((missing, given)) = torn else { continue };
        let promised = transaction.records.iter().all(|(_, it)| promises.is_lasting(it.topic));
        let names = &history.names;
        let located = |value| located(names, value, history.records.place(value));
        let said = match transaction.ended {
            Ended::Committed => "was committed",
            Ended::Unknown | Ended::Aborted => "may have been committed or not",
        };
        let given = given.map_or_else(|| "of it".to_owned(), located);
        let missing = located(missing);
        history.atomic_transactions.broke(promised, || Finding {
            property: Property::AtomicTransactions,
            step: *step,
            partition: None,
            evidence: format!(
                "transaction {} of {} {said}; no reader with isolation.level=read_committed was given {}{}",
                transaction.number,
                names.node(transaction.client),
                missing,
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
