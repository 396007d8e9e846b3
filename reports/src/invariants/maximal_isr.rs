//! `maximal-isr`: the leader's maximal ISR, that is with members whose joining or leaving is not confirmed yet, contains the
//! controller's ISR. So what the leader exposes is on every replica that may be elected.
//!
//! Source: `ReplicationQuorumSuperset` of Vanlightly's kafka-tlaplus; I10 of `kafka-behaviour.md`; KIP-497. Before 2.7, where
//! the write to ZooKeeper is unanswered, the leader holds its high watermark instead; the union of both ISRs is shown then, and it
//! contains the controller's too. The leader is the one in the controller's epoch: a deposed one may believe what it likes.
//!
//! Looked at: changes of the controller's ISR or of what its leader believes. Broken once, until it holds again.

use highwater_model::ids::BrokerSet;

use super::ghosts::Ghost;
use super::scene::Scene;
use super::slots::BySlot;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct MaximalIsr {
    pub(crate) tally: Tally,
    latest: BySlot<Latest>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Latest {
    /// The controller's ISR and the leader's maximal one, while there is a leader.
    isrs: Option<(BrokerSet, BrokerSet)>,
    broken: bool,
}

impl MaximalIsr {
    pub(crate) fn look(&mut self, scene: &Scene<'_>, ghost: &Ghost) {
        let controller = scene.partition.controller.isr;
        let leader = ghost.leader.map(|place| &scene.partition.replicas[place]);
        let isrs = leader.map(|leader| (controller, leader.maximal_isr));
        let latest = self.latest.at(scene.slot);
        if latest.isrs == isrs {
            return;
        }
        let broken = isrs.is_some_and(|(controller, maximal)| !controller.is_subset(maximal));
        let before = std::mem::replace(latest, Latest { isrs, broken });
        let Some(leader) = leader else { return };
        // An ISR of the leader alone could not be larger than what the leader reckons with.
        self.tally.looked += u64::from(controller.len() > 1 || broken);
        if broken && !before.broken {
            self.tally.broke(|| {
                let evidence = format!(
                    "the controller's ISR of {} is {controller}, and broker {}, its leader in epoch {}, reckons with {} only",
                    scene.name(),
                    leader.broker,
                    leader.leader_epoch,
                    leader.maximal_isr
                );
                scene.finding(Property::MaximalIsr, evidence)
            });
        }
    }
}
