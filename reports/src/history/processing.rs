//! What members of groups write of what they read: part of [`atomic_transactions`](Property::AtomicTransactions), I24 of
//! `kafka-behaviour.md`.
//!
//! Who reads with `read_committed` what they wrote sees one record for each that was delivered to the group below its committed
//! offset, and none for any at or above it: what they write and how far the group has come hold together. Looked at: records
//! that were delivered to such a group, at the end of a run that converged, if a group with `read_committed` reads what it writes
//! from the start. Broken once for each that has too many or too few.
//!
//! Promised to groups that read with `isolation.level=read_committed` themselves (without, they are told of offsets while a
//! transaction has others pending: KIP-447), where no log loses what was committed.

use std::collections::BTreeMap;

use highwater_model::event::Step;
use highwater_model::ids::RecordId;
use highwater_model::record::{Content, Origin, Record};

use super::{History, record_name};
use crate::finding::Finding;
use crate::promises::Promises;
use crate::property::Property;

/// What was written, by what it was made of.
#[derive(Clone, Debug, Default)]
pub(super) struct Processing {
    outputs: BTreeMap<Origin, Vec<RecordId>>,
}

impl Processing {
    /// A record was handed over.
    #[inline]
    pub(super) fn sent(&mut self, record: &Record) {
        if let Some(Content::Output(origin)) = record.content.as_deref() {
            self.outputs.entry(*origin).or_default().push(record.value);
        }
    }
}

/// Judges the end.
pub(super) fn judge(history: &mut History, step: &Step, promises: &Promises) {
    for (origin, outputs) in std::mem::take(&mut history.processing.outputs) {
        let entries = || outputs.iter().filter_map(|&value| history.records.get(value));
        let judged = entries().all(|entry| promises.committed_read_from_start(entry.partition.topic));
        if !judged {
            continue;
        }
        let lasting = promises.coordinators_last()
            && promises.is_lasting(origin.partition.topic)
            && entries().all(|entry| promises.is_lasting(entry.partition.topic));
        let promised = lasting && promises.committed_only(origin.group);
        let seen = entries().filter(|entry| entry.read_committed).count();
        let group = history.groups.get(usize::from(origin.group.0));
        let committed = group.and_then(|group| group.committed.get(origin.partition)).copied();
        let is_committed = committed.is_some_and(|committed| origin.offset < committed);
        history.atomic_transactions.looked();
        if seen == usize::from(is_committed) {
            continue;
        }
        let names = &history.names;
        let input = history.offsets.value(origin.partition, origin.offset);
        history.atomic_transactions.broke(promised, || Finding {
            property: Property::AtomicTransactions,
            step: *step,
            partition: Some(origin.partition),
            evidence: format!(
                "of {} at offset {} group {} made {seen} records that readers with isolation.level=read_committed were given, \
                 and the offset {}",
                input.map_or_else(|| "the record".to_owned(), |input| record_name(names, input)),
                origin.offset,
                names.group(origin.group),
                if is_committed { "is committed" } else { "is not committed" }
            ),
        });
    }
}

#[cfg(test)]
#[path = "processing_test.rs"]
mod processing_test;
