//! `visible-below-high-watermark`: no consumer reads at or above the serving replica's high watermark.
//!
//! Source: R10 of the requirements; I14 of `kafka-behaviour.md`; 0.11.0.2 `ReplicaManager.readFromLocalLog`.
//!
//! Looked at: answers to consumers that hold records. Broken at each.

use highwater_model::ids::{BrokerId, NodeId, Offset};

use super::scene::Scene;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct VisibleBelowHighWatermark {
    pub(crate) tally: Tally,
}

/// What is said of one answer to a consumer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served {
    /// Who answered.
    pub(crate) broker: BrokerId,
    /// Whom.
    pub(crate) client: NodeId,
    /// The first record's offset.
    pub(crate) from: Offset,
    /// One past the last record's.
    pub(crate) to: Offset,
    /// The high watermark, as the broker says.
    pub(crate) high_watermark: Offset,
}

impl VisibleBelowHighWatermark {
    /// A leader sent records to a consumer.
    pub(crate) fn served(&mut self, scene: &Scene<'_>, served: Served) {
        if served.to <= served.from {
            return;
        }
        self.tally.looked += 1;
        let shown = scene.replica(served.broker).map_or(Offset::ZERO, |(_, replica)| replica.high_watermark);
        let bound = served.high_watermark.min(shown);
        if served.to > bound {
            self.tally.broke(|| {
                let evidence = format!(
                    "broker {} sent records {} to {} of {} to {} while its high watermark was {bound}",
                    served.broker,
                    served.from,
                    served.to.0 - 1,
                    scene.name(),
                    scene.names.node(served.client)
                );
                scene.finding(Property::VisibleBelowHighWatermark, evidence)
            });
        }
    }
}
