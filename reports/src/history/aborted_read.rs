//! `aborted-read`: a send that surely failed, and that is read. Source: Jepsen's Kafka workload, `G1a`.
//!
//! Only what was refused before it was written failed surely, and only if no attempt ended otherwise; the producer says
//! so. Under `read_committed` also what belongs to a transaction that its application was told is aborted. A producer that was restarted does not know what became of its earlier lives' attempts. Promised always.
//!
//! Looked at: records that surely failed. Broken at each poll that returns one, and at the failure of one that was read.

use highwater_model::event::Step;
use highwater_model::ids::{RecordId, TopicPartition};

use super::{Fate, History, located};
use crate::finding::Finding;
use crate::promises::Promises;
use crate::property::Property;

/// A record surely failed.
pub(super) fn refused(history: &mut History, step: &Step, partition: TopicPartition, value: RecordId) {
    let entry = history.records.entry(value);
    if entry.resent {
        entry.fate = Fate::Failed;
        return;
    }
    entry.fate = Fate::Refused;
    history.aborted_read.looked();
    if history.records.entry(value).read {
        broke(history, step, partition, value, "was read and then given up as surely not written");
    }
}

/// A record that surely failed was read.
#[cold]
pub(super) fn read(history: &mut History, step: &Step, partition: TopicPartition, value: RecordId) {
    broke(history, step, partition, value, "is read though it was given up as surely not written");
}

fn broke(history: &mut History, step: &Step, partition: TopicPartition, value: RecordId, how: &str) {
    let (names, first) = (&history.names, history.records.place(value));
    history.aborted_read.broke(true, || Finding {
        property: Property::AbortedRead,
        step: *step,
        partition: Some(partition),
        evidence: format!("{} {how}", located(names, value, first)),
    });
}

/// A reader with `read_committed` was given a record of a transaction that was aborted.
#[cold]
pub(super) fn aborted(
    history: &mut History,
    step: &Step,
    partition: TopicPartition,
    value: RecordId,
    promises: &Promises,
) {
    let (names, first) = (&history.names, history.records.place(value));
    let promised = promises.is_lasting(partition.topic);
    history.aborted_read.broke(promised, || Finding {
        property: Property::AbortedRead,
        step: *step,
        partition: Some(partition),
        evidence: format!(
            "{} is read with isolation.level=read_committed, and its transaction was aborted",
            located(names, value, first)
        ),
    });
}
