//! `int-nonmonotonic-poll`: what one poll returns of a partition goes back. Source: Jepsen's Kafka workload,
//! `int-nonmonotonic-poll`.
//!
//! Promised always.
//!
//! Looked at: batches of a partition behind the first that one poll returned of it. Broken at each that begins below where the
//! one before ended.

use highwater_model::names::Names;

use super::anomaly::Anomaly;
use super::poll_order::Jump;
use crate::finding::Finding;
use crate::property::Property;

/// A member went back.
#[cold]
pub(super) fn broke(anomaly: &mut Anomaly, jump: &Jump, names: &Names) {
    let Jump { step, client, partition, from, to, .. } = *jump;
    anomaly.broke(true, || Finding {
        property: Property::IntNonmonotonicPoll,
        step,
        partition: Some(partition),
        evidence: format!(
            "one poll of {} goes back to offset {to} of {} after it had come to {from}, where it should have gone on",
            names.node(client),
            names.partition(partition)
        ),
    });
}
