//! `reprocessed`: a group is delivered a record that it was delivered before.
//!
//! Source: I23 of `kafka-behaviour.md`: it is what at-least-once means. Jepsen's Kafka workload has no word for it. Never promised
//! away, and counted: a member that takes a partition over begins at the group's last commit.
//!
//! Looked at: what polls return to groups. Broken at each record that the group had been delivered at the same offset. After a loss
//! another record may stand there, which the group has not had.

use highwater_model::event::Step;
use highwater_model::ids::Offset;

use super::groups::{Delivery, group};
use super::spans::Span;
use super::{History, record_name};
use crate::finding::Finding;
use crate::property::Property;

/// A poll returned offsets that the group had been delivered.
#[cold]
pub(super) fn had_before(history: &mut History, step: &Step, delivery: &Delivery<'_>, again: &[Span]) {
    let Delivery { client, group: id, partition, batch, .. } = *delivery;
    for offset in again.iter().flat_map(|(from, to)| from.0..to.0).map(Offset) {
        let Some(value) = batch.record_at(offset).map(|record| record.value) else { continue };
        if history.offsets.value(partition, offset).is_some_and(|before| before != value) {
            continue;
        }
        group(&mut history.groups, id).told.reprocessed += 1;
        let names = &history.names;
        history.reprocessed.broke(false, || Finding {
            property: Property::Reprocessed,
            step: *step,
            partition: Some(partition),
            evidence: format!(
                "{} at offset {offset} was delivered to group {} again, now to {}",
                record_name(names, value),
                names.group(id),
                names.node(client)
            ),
        });
    }
}
