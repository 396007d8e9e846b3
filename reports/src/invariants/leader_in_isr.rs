//! `leader-in-isr`: the controller's leader is none or in the controller's ISR; the ISR is never empty and holds only
//! assigned replicas.
//!
//! Source: `LeaderInIsr` of kafka-specification; I9 of `kafka-behaviour.md`. Before ELR (KIP-966) an ISR never becomes
//! empty, but for one case: with unclean election on, the last member leaves it too when it dies (0.11.0.2
//! `KafkaController.removeReplicaFromIsr`). A new partition none of whose replicas lives has no ISR yet; it gets one with its
//! first leader (0.11.0.2 `PartitionStateMachine.initializeLeaderAndIsrForPartition`).
//!
//! Looked at: changes of a partition's state by the controller. Broken once, by the first state too, until a state is
//! in order again.

use highwater_model::ids::{BrokerId, BrokerSet, PartitionEpoch};
use highwater_model::message::PartitionState;

use super::scene::Scene;
use super::slots::BySlot;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct LeaderInIsr {
    pub(crate) tally: Tally,
    latest: BySlot<Latest>,
}

#[derive(Clone, Debug, Default)]
struct Latest {
    /// None before the first.
    state: Option<(Option<BrokerId>, BrokerSet, PartitionEpoch)>,
    broken: bool,
    /// It has had an ISR.
    begun: bool,
}

impl LeaderInIsr {
    pub(crate) fn look(&mut self, scene: &Scene<'_>) {
        let controller = &scene.partition.controller;
        let state = Some((controller.leader, controller.isr, controller.partition_epoch));
        let latest = self.latest.at(scene.slot);
        if latest.state == state {
            return;
        }
        let begun = latest.begun || controller.leader.is_some() || !controller.isr.is_empty();
        let wrong = wrong(controller, scene.partition.unclean_election).filter(|_| begun);
        self.tally.looked += u64::from(latest.state.is_some() || wrong.is_some());
        if let Some(wrong) = wrong.filter(|_| !latest.broken) {
            self.tally.broke(|| {
                let evidence = format!(
                    "{wrong}: {} has ISR {} and leader {} in epoch {}",
                    scene.name(),
                    controller.isr,
                    controller.leader.map_or_else(|| String::from("none"), |leader| leader.to_string()),
                    controller.leader_epoch
                );
                scene.finding(Property::LeaderInIsr, evidence)
            });
        }
        *latest = Latest { state, broken: wrong.is_some(), begun };
    }
}

fn wrong(controller: &PartitionState, unclean_election: bool) -> Option<&'static str> {
    let replicas: BrokerSet = controller.replicas.iter().copied().collect();
    if controller.isr.is_empty() && !(unclean_election && controller.leader.is_none()) {
        Some("the controller's ISR is empty")
    } else if !controller.isr.is_subset(replicas) {
        Some("the controller's ISR has a broker without a replica")
    } else if controller.leader.is_some_and(|leader| !controller.isr.contains(leader)) {
        Some("the controller's leader is not in the controller's ISR")
    } else {
        None
    }
}
