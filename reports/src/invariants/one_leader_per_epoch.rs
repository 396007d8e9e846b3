//! `one-leader-per-epoch`: the leader epochs that the controller decides grow with each change of leader, and no two
//! brokers take office in the same epoch.
//!
//! Source: I8 of `kafka-behaviour.md`; 0.11.0.2 `PartitionStateMachine.electLeaderForPartition`. Two brokers may both
//! believe that they lead, in different epochs. A new partition gets its first leader in the epoch that it begins with, however
//! long none of its replicas lives (0.11.0.2 `PartitionStateMachine.initializeLeaderAndIsrForPartition`).
//!
//! Looked at: elections, and brokers that take office where one did before. Broken once for each decision or office.

use std::collections::BTreeMap;

use highwater_model::config::AckStrategy;
use highwater_model::ids::{BrokerId, LeaderEpoch};

use super::scene::Scene;
use super::slots::BySlot;
use crate::finding::Tally;
use crate::property::Property;
use crate::strategies;

#[derive(Clone, Debug, Default)]
pub(crate) struct OneLeaderPerEpoch {
    pub(crate) tally: Tally,
    partitions: BySlot<Terms>,
}

#[derive(Clone, Debug, Default)]
struct Terms {
    /// The latest decision; none before the first was seen.
    decided: Option<(Option<BrokerId>, LeaderEpoch)>,
    /// The controller has chosen a leader before.
    begun: bool,
    offices: BTreeMap<LeaderEpoch, BrokerId>,
}

impl OneLeaderPerEpoch {
    /// The controller's state after a step that touched it.
    pub(crate) fn look(&mut self, scene: &Scene<'_>) {
        let controller = &scene.partition.controller;
        self.decided(scene, controller.leader, controller.leader_epoch);
    }

    /// The controller chose a leader.
    pub(crate) fn elected(&mut self, scene: &Scene<'_>, leader: BrokerId, epoch: LeaderEpoch) {
        self.tally.looked += 1;
        self.decided(scene, Some(leader), epoch);
    }

    /// A broker took office.
    pub(crate) fn took_office(&mut self, scene: &Scene<'_>, broker: BrokerId, epoch: LeaderEpoch) {
        let offices = &mut self.partitions.at(scene.slot).offices;
        self.tally.looked += u64::from(!offices.is_empty());
        let holder = *offices.entry(epoch).or_insert(broker);
        if holder != broker {
            self.tally.broke(|| {
                let name = scene.name();
                let evidence = format!(
                    "broker {broker} took office as leader of {name} in epoch {epoch}, in which broker {holder} had \
                     taken office before"
                );
                scene.finding(Property::OneLeaderPerEpoch, evidence)
            });
        }
    }

    fn decided(&mut self, scene: &Scene<'_>, leader: Option<BrokerId>, epoch: LeaderEpoch) {
        let decision = (leader, epoch);
        let terms = self.partitions.at(scene.slot);
        let begun = terms.begun;
        terms.begun |= leader.is_some();
        let Some((before, epoch_before)) = terms.decided.replace(decision) else { return };
        // Where a majority votes, the epoch begins with the vote and has its leader later.
        let voted = || {
            epoch == epoch_before
                && before.is_none()
                && strategies::of(scene.config, scene.partition.id().topic) == AckStrategy::Majority
        };
        let is_first = !begun && epoch == epoch_before;
        if epoch > epoch_before || decision == (before, epoch_before) || is_first || voted() {
            return;
        }
        self.tally.broke(|| {
            let called = |leader: Option<BrokerId>| {
                leader.map_or_else(|| String::from("nobody"), |it| format!("broker {it}"))
            };
            let evidence = format!(
                "the controller gave {} to {} in epoch {epoch}, after {} in epoch {epoch_before}: a later epoch was due",
                scene.name(),
                called(leader),
                called(before)
            );
            scene.finding(Property::OneLeaderPerEpoch, evidence)
        });
    }
}
