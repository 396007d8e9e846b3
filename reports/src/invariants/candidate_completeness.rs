//! `candidate-completeness`: whoever may be elected cleanly holds all that lies below the true high watermark, but for replicas
//! whose disk lost its end since.
//!
//! Source: `LeaderCandidateCompleteness` of the KIP-966 specification; I4 of `kafka-behaviour.md`. Candidates are the members of the
//! controller's ISR and the eligible leader replicas. The true high watermark is the largest that a leader of the controller's latest epoch
//! ever had; `strong-isr` also counts what deposed leaders exposed.
//!
//! A replica that lost its disk's end is not asked again until it holds everything: before KIP-966 the controller cannot know
//! of it, and after it the replica is a candidate only until it registers.
//!
//! Looked at: changes after which there are two candidates or more, and those that break it. Broken once for each candidate, until it has
//! caught up.

use highwater_model::ids::{BrokerId, BrokerSet, Offset};

use super::ghosts::Ghost;
use super::scene::Scene;
use super::slots::BySlot;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct CandidateCompleteness {
    pub(crate) tally: Tally,
    latest: BySlot<Latest>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Latest {
    /// The true high watermark.
    end: Offset,
    /// Whose disks lost their ends, and who have not caught up since.
    lossy: BrokerSet,
    /// Candidates that were reported and still lack something.
    lacking: BrokerSet,
}

impl CandidateCompleteness {
    /// The power failed, and a replica's disk has lost records.
    pub(crate) fn lost(&mut self, scene: &Scene<'_>, broker: BrokerId) {
        let latest = self.latest.at(scene.slot);
        latest.lossy = latest.lossy.with(broker);
    }

    pub(crate) fn look(&mut self, scene: &Scene<'_>, ghost: &Ghost) {
        let controller = &scene.partition.controller;
        let latest = self.latest.at(scene.slot);
        if let Some(leader) = ghost.leader.map(|place| &scene.partition.replicas[place]) {
            latest.end = latest.end.max(leader.high_watermark.min(ghost.end()));
        }
        if latest.end == Offset::ZERO {
            latest.lossy = BrokerSet::EMPTY;
            return;
        }
        let candidates = controller.isr.union(controller.elr);
        let broken_before = self.tally.broken;
        latest.lacking = latest.lacking.intersection(candidates);
        for (place, replica) in scene.partition.replicas.iter().enumerate() {
            let broker = replica.broker;
            if ghost.shadows[place].verified >= latest.end {
                latest.lossy = latest.lossy.without(broker);
                latest.lacking = latest.lacking.without(broker);
            } else if candidates.contains(broker)
                && !latest.lossy.contains(broker)
                && !latest.lacking.contains(broker)
            {
                latest.lacking = latest.lacking.with(broker);
                self.tally.broke(|| {
                    scene.finding(Property::CandidateCompleteness, evidence(scene, ghost, place, latest.end))
                });
            }
        }
        self.tally.looked += u64::from(candidates.len() > 1 || self.tally.broken > broken_before);
    }
}

fn evidence(scene: &Scene<'_>, ghost: &Ghost, place: usize, end: Offset) -> String {
    let controller = &scene.partition.controller;
    format!(
        "broker {}, a candidate of {} with ISR {} and ELR {}, lacks some of what lies below the true high watermark {end}: it {}",
        scene.partition.replicas[place].broker,
        scene.name(),
        controller.isr,
        controller.elr,
        scene.shortfall(ghost, place)
    )
}
