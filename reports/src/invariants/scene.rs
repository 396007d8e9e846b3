//! What a property is shown: one partition at one step. As in kafka-specification, a property is a predicate on this
//! state and what is remembered of earlier ones.

use highwater_model::config::ClusterConfig;
use highwater_model::event::Step;
use highwater_model::ids::{BrokerId, Offset, RecordId};
use highwater_model::names::Names;
use highwater_model::view::{ClusterView, PartitionView, ReplicaView};

use super::ghosts::Ghost;
use super::whole::Whole;
use crate::finding::Finding;
use crate::promises::Promises;
use crate::property::Property;

/// One partition after one step.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    /// The step.
    pub(crate) step: &'a Step,
    /// The cluster after it.
    pub(crate) view: &'a ClusterView,
    /// The partition after it.
    pub(crate) partition: &'a PartitionView,
    /// The partition's number in the judge's memory; it stays though partitions are added.
    pub(crate) slot: usize,
    /// The settings.
    pub(crate) config: &'a ClusterConfig,
    /// What the numbers are called.
    pub(crate) names: &'a Names,
    /// What the settings promise to whom.
    pub(crate) promises: &'a Promises,
}

impl<'a> Scene<'a> {
    /// The place of a broker's replica in `partition.replicas`.
    pub(crate) fn place_of(&self, broker: BrokerId) -> Option<usize> {
        self.partition.replicas.iter().position(|replica| replica.broker == broker)
    }

    /// A broker's replica, and its place.
    pub(crate) fn replica(&self, broker: BrokerId) -> Option<(usize, &'a ReplicaView)> {
        let place = self.place_of(broker)?;
        Some((place, &self.partition.replicas[place]))
    }

    /// What is found on this partition at this step.
    pub(crate) fn finding(&self, property: Property, evidence: String) -> Finding {
        Finding { property, step: *self.step, partition: Some(self.partition.id()), evidence }
    }

    /// The cluster at this step.
    pub(crate) fn whole(&self) -> Whole<'a> {
        Whole { step: self.step, config: self.config, names: self.names }
    }

    /// `orders-0`.
    pub(crate) fn name(&self) -> String {
        self.names.partition(self.partition.id())
    }

    /// `record 7 of shop`.
    pub(crate) fn record(&self, record: RecordId) -> String {
        format!("record {} of {}", record.number(), self.names.node(record.client()))
    }

    /// What a replica holds at an offset where it should hold `wanted`: `offset 94 is missing`.
    pub(crate) fn instead(&self, replica: &ReplicaView, offset: Offset, wanted: RecordId) -> String {
        let Some(batch) = replica.batch_at(offset) else {
            return format!("offset {offset} is missing, where {} belongs", self.record(wanted));
        };
        let held = batch.record_at(offset).map_or(wanted, |record| record.value);
        format!(
            "at offset {offset} it has {}, written in epoch {}, where {} belongs",
            self.record(held),
            batch.leader_epoch,
            self.record(wanted)
        )
    }

    /// By how much the replica at a place falls short of what was exposed:
    /// `holds 94 of the 95 exposed records: offset 94 is missing, ...`.
    pub(crate) fn shortfall(&self, ghost: &Ghost, place: usize) -> String {
        let verified = ghost.shadows[place].verified;
        let Some((wanted, exposure)) = ghost.exposed_at(verified) else {
            return String::from("lacks nothing");
        };
        format!(
            "holds {} of the {} exposed records: {} (exposed by broker {} in epoch {})",
            verified,
            ghost.end(),
            self.instead(&self.partition.replicas[place], verified, wanted),
            exposure.by,
            exposure.epoch
        )
    }
}
