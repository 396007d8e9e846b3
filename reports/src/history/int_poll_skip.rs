//! `int-poll-skip`: what one poll returns of a partition jumps over records. Source: Jepsen's Kafka workload, `int-poll-skip`.
//!
//! What counts as left out is the same as from poll to poll: see [`super::poll_skip`]. Promised always.
//!
//! Looked at: batches of a partition behind the first that one poll returned of it. Broken at each before which a record is left
//! out.

use highwater_model::ids::{Offset, RecordId};
use highwater_model::names::Names;

use super::anomaly::Anomaly;
use super::poll_order::Jump;
use super::record_name;
use crate::finding::Finding;
use crate::property::Property;

/// A jump is known to have left a record out.
#[cold]
pub(super) fn broke(anomaly: &mut Anomaly, jump: &Jump, (offset, value): (Offset, RecordId), names: &Names) {
    let Jump { step, client, partition, from, to, .. } = *jump;
    anomaly.broke(true, || Finding {
        property: Property::IntPollSkip,
        step,
        partition: Some(partition),
        evidence: format!(
            "one poll of {} goes on at offset {to} of {} after it had come to {from}: {} at offset {offset} is left out",
            names.node(client),
            names.partition(partition),
            record_name(names, value)
        ),
    });
}
