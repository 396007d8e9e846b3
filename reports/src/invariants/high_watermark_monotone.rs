//! `high-watermark-monotone`: a leader's high watermark never falls within its term.
//!
//! Source: `MonotonicHighWatermark`; I12 of `kafka-behaviour.md`; 0.11.0.2 `Partition.maybeIncrementLeaderHW`. A term is
//! the time in which one broker takes itself for the leader in one epoch without a break. A follower's may fall.
//!
//! Looked at: moves of a leader's high watermark within a term. Broken at each fall.

use highwater_model::view::Role;

use super::ghosts::Ghost;
use super::scene::Scene;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct HighWatermarkMonotone {
    pub(crate) tally: Tally,
}

impl HighWatermarkMonotone {
    /// `before` is the ghost that has not yet taken over this step.
    pub(crate) fn look(&mut self, scene: &Scene<'_>, before: &Ghost) {
        for (replica, shadow) in scene.partition.replicas.iter().zip(&before.shadows) {
            let led = shadow.role == Role::Leader && replica.role == Role::Leader;
            if !led
                || shadow.leader_epoch != replica.leader_epoch
                || shadow.high_watermark == replica.high_watermark
            {
                continue;
            }
            self.tally.looked += 1;
            if replica.high_watermark < shadow.high_watermark {
                self.tally.broke(|| {
                    let evidence = format!(
                        "the high watermark of broker {}, leader of {} in epoch {}, fell from {} to {}",
                        replica.broker,
                        scene.name(),
                        replica.leader_epoch,
                        shadow.high_watermark,
                        replica.high_watermark
                    );
                    scene.finding(Property::HighWatermarkMonotone, evidence)
                });
            }
        }
    }
}
