//! `truncation-to-high-watermark`: a replica that becomes a follower cuts its log exactly at its own high watermark.
//!
//! Source: R11 and R12 of the requirements; 0.10.2.2 `ReplicaManager.makeFollowers`, `Log.truncateTo`. Only where the
//! protocol truncates so ([`TruncationRule::OwnHighWatermark`]). Batches are cut whole: where the high watermark lies
//! inside one, the log ends at that batch's base, never below.
//!
//! Looked at: replicas that became followers with records beyond their high watermark, and cuts made for that reason.
//! Broken at each that cuts elsewhere, or not at all.

use highwater_model::event::{Event, TruncationReason};
use highwater_model::ids::{BrokerId, Offset};
use highwater_model::protocol::TruncationRule;

use super::ghosts::Ghost;
use super::scene::Scene;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct TruncationToHighWatermark {
    pub(crate) tally: Tally,
}

/// What is said of one cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    /// Whose log.
    pub(crate) broker: BrokerId,
    /// Where it ended.
    pub(crate) from: Offset,
    /// Where it ends.
    pub(crate) to: Offset,
    /// The replica's high watermark.
    pub(crate) high_watermark: Offset,
    /// Why.
    pub(crate) reason: TruncationReason,
}

impl TruncationToHighWatermark {
    /// A replica was told to follow; `later` are the step's events after that one.
    pub(crate) fn followed(
        &mut self,
        scene: &Scene<'_>,
        broker: BrokerId,
        high_watermark: Offset,
        end: Offset,
        later: &[Event],
    ) {
        if !applies(scene) || end <= high_watermark {
            return;
        }
        let partition = scene.partition.id();
        let cuts = |event: &Event| matches!(event, Event::LogTruncated { partition: its, broker: on, .. } if *its == partition && *on == broker);
        if later.iter().any(cuts) {
            return;
        }
        self.tally.looked += 1;
        self.tally.broke(|| {
            let evidence = format!(
                "broker {broker} became a follower of {} and kept its log to {end}, beyond its own high watermark \
                 {high_watermark}",
                scene.name()
            );
            scene.finding(Property::TruncationToHighWatermark, evidence)
        });
    }

    /// A log was cut. `before` is the ghost that has not yet taken over this step.
    pub(crate) fn truncated(&mut self, scene: &Scene<'_>, before: &Ghost, cut: Cut) {
        if !applies(scene) || cut.reason != TruncationReason::BecameFollower {
            return;
        }
        self.tally.looked += 1;
        if cut.to == cut.high_watermark || ends_before_its_batch(scene, before, cut) {
            return;
        }
        self.tally.broke(|| {
            let evidence = format!(
                "broker {} became a follower of {} and cut its log from {} to {}, and not at its own high watermark {}",
                cut.broker,
                scene.name(),
                cut.from,
                cut.to,
                cut.high_watermark
            );
            scene.finding(Property::TruncationToHighWatermark, evidence)
        });
    }
}

fn applies(scene: &Scene<'_>) -> bool {
    match scene.config.protocol.truncation {
        TruncationRule::OwnHighWatermark => true,
    }
}

/// Whether the log now ends at the base of the batch in whose middle the high watermark lies.
fn ends_before_its_batch(scene: &Scene<'_>, before: &Ghost, cut: Cut) -> bool {
    let Some(place) = scene.place_of(cut.broker) else { return false };
    let log = &before.shadows[place].log;
    let holding = log.partition_point(|batch| batch.end_offset() <= cut.high_watermark);
    log.get(holding).is_some_and(|batch| batch.base_offset == cut.to && cut.to < cut.high_watermark)
}
