//! `unseen`: acknowledged, and read by nobody at the end. Source: Jepsen's Kafka workload, `unseen`.
//!
//! Looked at for every record that its producer takes for done, on topics that some group reads from the start. One that
//! readers have come past is a [lost write](super::lost_write) instead. Promised to acks=-1.

use highwater_model::event::Step;

use super::claims::Claim;
use super::{History, record_name};
use crate::finding::Finding;
use crate::promises::Promises;
use crate::property::Property;

pub(super) fn judge(history: &mut History, claim: &Claim, step: &Step, promises: &Promises) {
    history.unseen.looked();
    if claim.read || claim.passed {
        return;
    }
    let (names, partition) = (&history.names, claim.partition);
    let promised = promises.covers(Property::Unseen, claim.value.client(), partition.topic);
    let read_end = history.offsets.read_end(partition);
    history.unseen.broke(promised, || Finding {
        property: Property::Unseen,
        step: *step,
        partition: Some(partition),
        evidence: format!(
            "{} {claim} and read by nobody; readers came to offset {read_end}",
            record_name(names, claim.value),
        ),
    });
}
