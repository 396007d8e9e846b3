//! `poll-skip`: a member's next poll of a partition jumps over records. Source: Jepsen's Kafka workload, `poll-skip`.
//!
//! Asked within one assignment ([`super::poll_order`]). A jump is a skip only if an offset that it left out is known to hold a
//! record, by anyone's poll or acknowledgement, now or at the end. A member with `isolation.level=read_committed` is owed no
//! record of a transaction that is not known to be committed, and nobody is owed the markers of transactions. Promised always.
//!
//! Looked at: polls of a partition of which the member had polled before. Broken at each that leaves a record out.

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
        property: Property::PollSkip,
        step,
        partition: Some(partition),
        evidence: format!(
            "{} polled {} from offset {to} after it had come to {from}: {} at offset {offset} is left out",
            names.node(client),
            names.partition(partition),
            record_name(names, value)
        ),
    });
}
