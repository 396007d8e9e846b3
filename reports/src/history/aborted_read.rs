//! `aborted-read`: a send that surely failed, and that is read. Source: Jepsen's Kafka workload, `G1a`.
//!
//! Only what was refused before it was written failed surely, and only if no attempt ended otherwise; the producer says
//! so. Under `read_committed` also what belongs to a transaction that its application was told is aborted. A producer that was restarted does not know what became of its earlier lives' attempts. Promised always.
//!
//! Looked at: records that surely failed. Broken at each poll that returns one, and at the failure of one that was read.

use highwater_model::event::Step;
use highwater_model::ids::{Offset, RecordId, TopicPartition};
use highwater_model::names::Names;

use super::{Fate, History, record_name};
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
    let (names, first) = (&history.names, first(history, value));
    history.aborted_read.broke(true, || Finding {
        property: Property::AbortedRead,
        step: *step,
        partition: Some(partition),
        evidence: format!("{} {how}", called(names, value, first)),
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
    let (names, first) = (&history.names, first(history, value));
    let promised = promises.is_lasting(partition.topic);
    history.aborted_read.broke(promised, || Finding {
        property: Property::AbortedRead,
        step: *step,
        partition: Some(partition),
        evidence: format!(
            "{} is read with isolation.level=read_committed, and its transaction was aborted",
            called(names, value, first)
        ),
    });
}

type Place = (TopicPartition, Offset);

/// The first place that anyone was told of for a record.
fn first(history: &History, value: RecordId) -> Option<Place> {
    history.records.get(value)?.first
}

/// `shop#3, at offset 2 of orders-0,`.
fn called(names: &Names, value: RecordId, first: Option<Place>) -> String {
    match first {
        Some((partition, offset)) => {
            format!("{}, at offset {offset} of {},", record_name(names, value), names.partition(partition))
        }
        None => record_name(names, value),
    }
}
