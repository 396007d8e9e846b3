//! `inconsistent-offsets`: one offset, two values. Source: Jepsen's Kafka workload, `inconsistent-offsets`.
//!
//! Looked at whenever an offset is reported that was reported before. Promised where both reports are firm: an offset
//! that acks=1 reported may go to another record when its leader dies, as acks=1 allows.

use highwater_model::event::Step;

use super::offsets::Said;
use super::{History, Report, record_name};
use crate::finding::Finding;
use crate::promises::Promises;
use crate::property::Property;

/// Whether the cluster stands by another value there, and now is said to stand by this one.
pub(super) fn look(history: &mut History, step: &Step, report: Report, promises: &Promises) -> bool {
    let Report { partition, offset, value, firm } = report;
    let slot = history.offsets.said(partition, offset);
    let Some(before) = *slot else {
        *slot = Some(Said { value, firm });
        return false;
    };
    history.inconsistent_offsets.looked();
    // A firm report outweighs one that is not, and the later one is then measured against it.
    if firm && !before.firm {
        *slot = Some(Said { value, firm });
    }
    if before.value == value {
        return false;
    }
    let both_firm = firm && before.firm;
    let promised =
        both_firm && promises.covers(Property::InconsistentOffsets, value.client(), partition.topic);
    let names = &history.names;
    history.inconsistent_offsets.broke(promised, || Finding {
        property: Property::InconsistentOffsets,
        step: *step,
        partition: Some(partition),
        evidence: format!(
            "offset {offset} is {} as {} is told; before, it was {}",
            record_name(names, value),
            names.node(step.node),
            record_name(names, before.value),
        ),
    });
    both_firm
}
