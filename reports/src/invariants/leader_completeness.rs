//! `leader-completeness`: a new leader holds everything that was exposed and everything acknowledged to acks=all.
//!
//! Source: `LeaderCompleteness` of kafka-specification and Raft; I3 of `kafka-behaviour.md`. Only a leader in the
//! controller's latest epoch counts: an older notice may still put a deposed one into office.
//!
//! Looked at: leaders that took office after something was exposed or acknowledged. Broken when one lacks a record,
//! and again only when a later one lacks an earlier record or one that the leaders between had.

use highwater_model::ids::{BrokerId, LeaderEpoch, Offset};

use super::acked::Acked;
use super::ghosts::Ghost;
use super::scene::Scene;
use super::slots::BySlot;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct LeaderCompleteness {
    pub(crate) tally: Tally,
    /// The first offset that the latest leader lacked, of what was exposed and of what was acknowledged.
    lacked: BySlot<[Option<Offset>; 2]>,
}

impl LeaderCompleteness {
    /// A broker took office. The ghosts already know what it has exposed in this step.
    pub(crate) fn took_office(
        &mut self,
        scene: &Scene<'_>,
        ghost: &Ghost,
        acked: &mut Acked,
        broker: BrokerId,
        epoch: LeaderEpoch,
    ) {
        let controller = &scene.partition.controller;
        if controller.leader != Some(broker) || controller.leader_epoch != epoch {
            return;
        }
        let Some(place) = scene.place_of(broker) else { return };
        if ghost.end().0 == 0 && acked.is_empty() {
            return;
        }
        self.tally.looked += 1;
        let unexposed = (!ghost.is_held_by(place)).then(|| ghost.shadows[place].verified);
        let missing = acked.missing(&scene.partition.replicas, place);
        let lacks = [unexposed, missing.map(|(_, offset, _)| offset)];
        let before = std::mem::replace(self.lacked.at(scene.slot), lacks);
        let newly = |kind: usize| lacks[kind].is_some_and(|now| before[kind].is_none_or(|was| now < was));
        if !newly(0) && !newly(1) {
            return;
        }
        self.tally.broke(|| {
            let what = match missing {
                Some((entry, offset, value)) if !newly(0) => format!(
                    "lacks what broker {} acknowledged to acks=all: {}",
                    entry.by,
                    scene.instead(&scene.partition.replicas[place], offset, value)
                ),
                Some(_) | None => scene.shortfall(ghost, place),
            };
            let evidence =
                format!("broker {broker}, new leader of {} in epoch {epoch}, {what}", scene.name());
            scene.finding(Property::LeaderCompleteness, evidence)
        });
    }
}
