//! `duplicate`: one value at two offsets. Source: Jepsen's Kafka workload, `duplicate`.
//!
//! Looked at with every record that a poll returns. A second offset counts once, however many consumers read it.
//! Promised to the records of idempotent producers, while logs last: a committed record that an unclean election or a
//! disk took away after a consumer read it may be sent again to another offset.

use highwater_model::event::Step;

use super::{History, Report, record_name};
use crate::finding::Finding;
use crate::promises::Promises;
use crate::property::Property;

pub(super) fn look(history: &mut History, step: &Step, report: Report, promises: &Promises) {
    let Report { partition, offset, value, .. } = report;
    let entry = history.records.entry(value);
    let Some(first) = entry.first else {
        entry.first = Some((partition, offset));
        return;
    };
    if first == (partition, offset) || !history.copies.insert((value, partition, offset)) {
        return;
    }
    let promised = promises.covers(Property::Duplicate, value.client(), partition.topic);
    let names = &history.names;
    history.duplicate.broke(promised, || Finding {
        property: Property::Duplicate,
        step: *step,
        partition: Some(partition),
        evidence: if first.0 == partition {
            let (low, high) = (first.1.min(offset), first.1.max(offset));
            format!("{} is at offset {low} and again at offset {high}", record_name(names, value))
        } else {
            let elsewhere = names.partition(first.0);
            format!(
                "{} is at offset {} of {elsewhere} and again at offset {offset}",
                record_name(names, value),
                first.1
            )
        },
    });
}
