//! `unseen`: acknowledged, and read by nobody at the end. Source: Jepsen's Kafka workload, `unseen`.
//!
//! Looked at for every acknowledged record on topics that some group reads from the start. One that readers passed is a
//! [lost write](super::lost_write) instead. Promised to acks=-1.

use highwater_model::event::Step;

use super::{Fate, History, record_name};
use crate::finding::Finding;
use crate::promises::Promises;
use crate::property::Property;

pub(super) fn judge(history: &mut History, step: &Step, promises: &Promises) {
    let names = &history.names;
    for (value, entry) in history.records.iter().filter(|(_, entry)| entry.fate == Fate::Acknowledged) {
        let partition = entry.first.map_or(entry.partition, |(partition, _)| partition);
        if !promises.read_from_start(partition.topic) {
            continue;
        }
        history.unseen.looked();
        let read_end = history.offsets.read_end(partition);
        let passed = entry.first.is_some_and(|(_, offset)| offset < read_end);
        if entry.read || passed {
            continue;
        }
        let promised = promises.covers(Property::Unseen, value.client(), partition.topic);
        history.unseen.broke(promised, || Finding {
            property: Property::Unseen,
            step: *step,
            partition: Some(partition),
            evidence: format!(
                "{} was acknowledged{} ({} ms, step {}) and read by nobody; readers came to offset {read_end}",
                record_name(names, value),
                entry.first.map_or_else(String::new, |(_, offset)| format!(" at offset {offset}")),
                entry.answered.at,
                entry.answered.id.0,
            ),
        });
    }
}
