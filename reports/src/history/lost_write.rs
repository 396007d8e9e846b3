//! `lost-write`: acknowledged, below the highest offset that anyone read, and read by nobody.
//! Source: Jepsen's Kafka workload, `lost-write`.
//!
//! Looked at for every record acknowledged at an offset that readers have passed, on topics that some group reads from
//! the start. Promised to acks=-1.

use highwater_model::event::Step;

use super::{Fate, History, record_name};
use crate::finding::Finding;
use crate::promises::Promises;
use crate::property::Property;

pub(super) fn judge(history: &mut History, step: &Step, promises: &Promises) {
    let names = &history.names;
    for (value, entry) in history.records.iter().filter(|(_, entry)| entry.fate == Fate::Acknowledged) {
        let Some((partition, offset)) = entry.first else { continue };
        let read_end = history.offsets.read_end(partition);
        if !promises.read_from_start(partition.topic) || offset >= read_end {
            continue;
        }
        history.lost_write.looked();
        if entry.read {
            continue;
        }
        let promised = promises.covers(Property::LostWrite, value.client(), partition.topic);
        history.lost_write.broke(promised, || Finding {
            property: Property::LostWrite,
            step: *step,
            partition: Some(partition),
            evidence: format!(
                "{} was acknowledged at offset {offset} ({} ms, step {}) and read by nobody, though readers went on to offset {read_end}",
                record_name(names, value),
                entry.answered.at,
                entry.answered.id.0,
            ),
        });
    }
}
