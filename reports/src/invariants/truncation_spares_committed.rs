//! `truncation-spares-committed`: no truncation removes a record that was exposed.
//!
//! Source: `Kip101`, `Kip279` and `Kip320` of kafka-specification, whose truncations differ in just this. What a disk
//! loses with the power is not a truncation by the protocol. A record that differs from the one exposed at its offset
//! may go.
//!
//! Looked at: truncations by the protocol. Broken at each that removes an exposed record.

use highwater_model::event::TruncationReason;

use super::ghosts::Ghost;
use super::scene::Scene;
use super::truncation_to_high_watermark::Cut;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct TruncationSparesCommitted {
    pub(crate) tally: Tally,
}

impl TruncationSparesCommitted {
    /// A log was cut. `before` is the ghost that has not yet taken over this step.
    pub(crate) fn truncated(&mut self, scene: &Scene<'_>, before: &Ghost, cut: Cut) {
        if cut.reason == TruncationReason::PowerLoss || cut.to >= cut.from {
            return;
        }
        let Some(place) = scene.place_of(cut.broker) else { return };
        self.tally.looked += 1;
        let Some((count, first)) = before.exposed_in(place, cut.to) else { return };
        self.tally.broke(|| {
            let first = before.exposed_at(first).map_or_else(String::new, |(record, exposure)| {
                format!(
                    ", the first of them {} (exposed by broker {} in epoch {})",
                    scene.record(record),
                    exposure.by,
                    exposure.epoch
                )
            });
            let evidence = format!(
                "broker {} cut its log of {} from {} to {} at high watermark {} and so removed {count} exposed records{first}",
                cut.broker,
                scene.name(),
                cut.from,
                cut.to,
                cut.high_watermark
            );
            scene.finding(Property::TruncationSparesCommitted, evidence)
        });
    }
}
