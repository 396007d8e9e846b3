//! `nonmonotonic-poll`: a member's next poll of a partition goes back. Source: Jepsen's Kafka workload, `nonmonotonic-poll`; I16
//! of `kafka-behaviour.md`.
//!
//! Asked within one assignment ([`super::poll_order`]). Across assignments a group may go back to its last commit: what it is then
//! delivered again is [`reprocessed`](super::reprocessed). Promised always.
//!
//! Looked at: polls of a partition of which the member had polled before. Broken at each that begins below where the one before
//! ended.

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
        property: Property::NonmonotonicPoll,
        step,
        partition: Some(partition),
        evidence: format!(
            "{} polled {} from offset {to} after it had come to {from}, where it should have gone on",
            names.node(client),
            names.partition(partition)
        ),
    });
}
