//! `truncation-to-high-watermark`: a replica that becomes a follower cuts its log exactly at its own high watermark.
//!
//! Source: R11 and R12 of the requirements; 0.10.2.2 `ReplicaManager.makeFollowers`, `Log.truncateTo`. Only where the
//! protocol truncates so ([`TruncationRule::OwnHighWatermark`]). Batches are cut whole: where the high watermark lies
//! inside one, the log ends at that batch's base, never below.
//!
//! A follower of 0.10 cuts in the step that tells it; one of 0.11 before it next fetches, which may be later
//! ([`TruncationMoment`](highwater_model::protocol::TruncationMoment)), and not at all if it is elected first. So the cut is owed
//! until the replica writes what it fetched, and then it must have been made.
//!
//! Looked at: cuts made for that reason, and writes for which a cut was owed. Broken at each that cuts elsewhere, or not
//! at all.

use highwater_model::config::AckStrategy;
use highwater_model::event::TruncationReason;
use highwater_model::ids::{BrokerId, Offset, TopicPartition};
use highwater_model::protocol::TruncationRule;

use super::ghosts::Ghost;
use super::scene::Scene;
use crate::finding::Tally;
use crate::property::Property;
use crate::strategies;

#[derive(Clone, Debug, Default)]
pub(crate) struct TruncationToHighWatermark {
    pub(crate) tally: Tally,
    /// Cuts that are owed, and the high watermarks where they belong. Few at any time.
    owed: Vec<(TopicPartition, BrokerId, Offset)>,
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
    /// A replica was told to follow: with records beyond its high watermark it owes a cut.
    pub(crate) fn followed(
        &mut self,
        scene: &Scene<'_>,
        broker: BrokerId,
        high_watermark: Offset,
        end: Offset,
    ) {
        self.settled(scene, broker);
        if applies(scene) && end > high_watermark {
            self.owed.push((scene.partition.id(), broker, high_watermark));
        }
    }

    /// A replica owes nothing any more: it was cut, took office, or is told anew.
    pub(crate) fn settled(&mut self, scene: &Scene<'_>, broker: BrokerId) {
        let partition = scene.partition.id();
        self.owed.retain(|&(its, on, _)| (its, on) != (partition, broker));
    }

    /// A follower wrote what it fetched.
    pub(crate) fn wrote(&mut self, scene: &Scene<'_>, broker: BrokerId, end: Offset) {
        let partition = scene.partition.id();
        let Some(place) = self.owed.iter().position(|&(its, on, _)| (its, on) == (partition, broker)) else {
            return;
        };
        let (_, _, high_watermark) = self.owed.swap_remove(place);
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
        self.settled(scene, cut.broker);
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

/// Where a majority decides, followers cut as their fetches are answered, whatever the protocol does elsewhere.
fn applies(scene: &Scene<'_>) -> bool {
    if strategies::of(scene.config, scene.partition.id().topic) == AckStrategy::Majority {
        return false;
    }
    match scene.config.protocol.truncation {
        TruncationRule::OwnHighWatermark => true,
        TruncationRule::EpochQuery | TruncationRule::EpochQueryIterative | TruncationRule::OnFetch => false,
    }
}

/// Whether the log now ends at the base of the batch in whose middle the high watermark lies.
fn ends_before_its_batch(scene: &Scene<'_>, before: &Ghost, cut: Cut) -> bool {
    let Some(place) = scene.place_of(cut.broker) else { return false };
    let log = &before.shadows[place].log;
    let holding = log.partition_point(|batch| batch.end_offset() <= cut.high_watermark);
    log.get(holding).is_some_and(|batch| batch.base_offset == cut.to && cut.to < cut.high_watermark)
}
