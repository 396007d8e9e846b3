//! `lost-write`: acknowledged, below the highest offset that anyone read, and read by nobody.
//! Source: Jepsen's Kafka workload, `lost-write`.
//!
//! Looked at for every record that its producer takes for done and that readers have come past, on topics that some
//! group reads from the start. A producer with acks=0 takes a record for done when it has left, and knows no offset:
//! readers have come past it when they read a later one of the same producer. Promised to acks=-1.

use highwater_model::event::Step;

use super::claims::Claim;
use super::{History, record_name};
use crate::finding::Finding;
use crate::promises::Promises;
use crate::property::Property;

pub(super) fn judge(history: &mut History, claim: &Claim, step: &Step, promises: &Promises) {
    if !claim.passed {
        return;
    }
    history.lost_write.looked();
    if claim.read {
        return;
    }
    let (names, partition) = (&history.names, claim.partition);
    let promised = promises.covers(Property::LostWrite, claim.value.client(), partition.topic);
    let read_end = history.offsets.read_end(partition);
    history.lost_write.broke(promised, || Finding {
        property: Property::LostWrite,
        step: *step,
        partition: Some(partition),
        evidence: format!(
            "{} {claim} and read by nobody, though readers went on to offset {read_end}",
            record_name(names, claim.value),
        ),
    });
}
