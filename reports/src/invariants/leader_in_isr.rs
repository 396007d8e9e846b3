//! `leader-in-isr`: the controller's leader is none or in the controller's ISR; the ISR is never empty and holds only
//! assigned replicas. With eligible leader replicas it may be empty; those are outside of it, and there are none while it has
//! min.insync.replicas members.
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
    state: Option<(Option<BrokerId>, BrokerSet, BrokerSet, PartitionEpoch)>,
    broken: bool,
    /// It has had an ISR.
    begun: bool,
}

impl LeaderInIsr {
    pub(crate) fn look(&mut self, scene: &Scene<'_>) {
        let controller = &scene.partition.controller;
        let state = Some((controller.leader, controller.isr, controller.elr, controller.partition_epoch));
        let rules = Rules::of(scene);
        let latest = self.latest.at(scene.slot);
        if latest.state == state {
            return;
        }
        let begun = latest.begun || controller.leader.is_some() || !controller.isr.is_empty();
        let wrong = wrong(controller, rules).filter(|_| begun);
        self.tally.looked += u64::from(latest.state.is_some() || wrong.is_some());
        if let Some(wrong) = wrong.filter(|_| !latest.broken) {
            self.tally.broke(|| {
                let elr = controller.elr;
                let elr = if elr.is_empty() { String::new() } else { format!(", ELR {elr}") };
                let evidence = format!(
                    "{wrong}: {} has ISR {}{elr} and leader {} in epoch {}",
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

/// What the settings allow.
#[derive(Clone, Copy)]
struct Rules {
    unclean_election: bool,
    /// Whether there may be eligible leader replicas.
    elr: bool,
    /// `min.insync.replicas`, at most as many as there are replicas.
    min_insync: usize,
}

impl Rules {
    fn of(scene: &Scene<'_>) -> Self {
        let partition = scene.partition;
        Self {
            unclean_election: partition.unclean_election,
            elr: scene.config.protocol.eligible_leader_replicas,
            min_insync: partition.replicas.len().min(partition.min_insync_replicas as usize),
        }
    }
}

fn wrong(controller: &PartitionState, rules: Rules) -> Option<&'static str> {
    let replicas: BrokerSet = controller.replicas.iter().copied().collect();
    let may_be_empty = (rules.unclean_election || rules.elr) && controller.leader.is_none();
    if controller.isr.is_empty() && !may_be_empty {
        Some("the controller's ISR is empty")
    } else if !controller.isr.is_subset(replicas) {
        Some("the controller's ISR has a broker without a replica")
    } else if controller.leader.is_some_and(|leader| !controller.isr.contains(leader)) {
        Some("the controller's leader is not in the controller's ISR")
    } else if !controller.elr.intersection(controller.isr).is_empty() {
        Some("a replica is in the controller's ISR and eligible besides")
    } else if !controller.elr.is_subset(replicas) || (!rules.elr && !controller.elr.is_empty()) {
        Some("a broker is eligible that cannot be")
    } else if !controller.elr.is_empty() && controller.isr.len() >= rules.min_insync {
        Some("replicas are eligible though the controller's ISR is large enough")
    } else {
        None
    }
}
