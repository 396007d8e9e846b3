//! `strong-isr`: every member of the controller's ISR holds all that any presumed leader exposed.
//!
//! Source: `StrongIsr` of kafka-specification (`KafkaReplication.tla`), with what was exposed kept as a ghost after
//! the exposing leader is gone; I4 of `kafka-behaviour.md`. Elections choose from this set, so a member that lacks a
//! record can lose it for all.
//!
//! Looked at: changes after which an ISR of two or more faces exposed records, and those that break it. Broken once for each member, until it
//! has caught up with all that was exposed.

use highwater_model::ids::{BrokerSet, Offset};

use super::ghosts::Ghost;
use super::scene::Scene;
use super::slots::BySlot;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct StrongIsr {
    pub(crate) tally: Tally,
    /// Members that were reported and still lack something.
    lacking: BySlot<BrokerSet>,
}

impl StrongIsr {
    pub(crate) fn look(&mut self, scene: &Scene<'_>, ghost: &Ghost) {
        let isr = scene.partition.controller.isr;
        if ghost.end() == Offset::ZERO {
            return;
        }
        let broken_before = self.tally.broken;
        let lacking = self.lacking.at(scene.slot);
        *lacking = lacking.intersection(isr);
        for (place, replica) in scene.partition.replicas.iter().enumerate() {
            let member = replica.broker;
            if !isr.contains(member) {
                continue;
            }
            if ghost.is_held_by(place) {
                *lacking = lacking.without(member);
            } else if !lacking.contains(member) {
                *lacking = lacking.with(member);
                self.tally.broke(|| scene.finding(Property::StrongIsr, evidence(scene, ghost, place)));
            }
        }
        self.tally.looked += u64::from(isr.len() > 1 || self.tally.broken > broken_before);
    }
}

fn evidence(scene: &Scene<'_>, ghost: &Ghost, place: usize) -> String {
    let replica = &scene.partition.replicas[place];
    format!(
        "broker {}, in the ISR {} of {}, {}",
        replica.broker,
        scene.partition.controller.isr,
        scene.name(),
        scene.shortfall(ghost, place)
    )
}
