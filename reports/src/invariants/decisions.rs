//! What a leader knew when it decided to answer success.
//!
//! A produce for several partitions is answered once each of them is decided, and a decision stands though the ISR has
//! shrunk or the leader was deposed in between. Source: 0.11.0.2 `DelayedProduce.tryComplete`, which skips partitions
//! that have already been satisfied.

use std::sync::Arc;

use highwater_model::ids::{BrokerId, BrokerSet, LeaderEpoch, NodeId, Offset};
use highwater_model::record::{Batch, Record};
use highwater_model::view::Role;

use super::acked::Acknowledged;
use super::scene::Scene;

/// The replica's state when success was decided.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    /// Whether it took itself for the leader.
    pub(crate) leads: bool,
    /// In which epoch.
    pub(crate) epoch: LeaderEpoch,
    /// The ISR that it believed in, with members whose joining was on its way.
    pub(crate) isr: BrokerSet,
    /// Its high watermark.
    pub(crate) high_watermark: Offset,
    /// The batch at the first record's offset.
    batch: Option<Arc<Batch>>,
}

impl Decision {
    /// By the state after this step; none if the broker has no replica.
    pub(crate) fn now(scene: &Scene<'_>, broker: BrokerId, base: Offset) -> Option<Self> {
        let (_, replica) = scene.replica(broker)?;
        Some(Self {
            leads: replica.role == Role::Leader,
            epoch: replica.leader_epoch,
            isr: replica.maximal_isr,
            high_watermark: replica.high_watermark,
            batch: replica.batch_at(base).cloned(),
        })
    }

    /// Whether the log held just these records in one batch.
    pub(crate) fn held(&self, entry: &Acknowledged) -> bool {
        let Some(batch) = self.batch.as_ref().filter(|batch| batch.base_offset == entry.base) else {
            return false;
        };
        let values = |records: &[Record]| {
            records.len() >= entry.records.len()
                && records.iter().zip(entry.records.iter()).all(|(one, other)| one.value == other.value)
        };
        Arc::ptr_eq(&batch.records, &entry.records) || values(&batch.records)
    }
}

/// Decisions of one partition that were not answered yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decisions(Vec<(BrokerId, NodeId, Offset, Decision)>);

impl Decisions {
    /// A leader decided to answer success to acks=all.
    pub(crate) fn add(&mut self, scene: &Scene<'_>, broker: BrokerId, client: NodeId, base: Offset) {
        if let Some(decision) = Decision::now(scene, broker, base) {
            self.0.push((broker, client, base, decision));
        }
    }

    /// The decision that an answer rests on: an earlier one, or the state after this step.
    pub(crate) fn take(
        &mut self,
        scene: &Scene<'_>,
        broker: BrokerId,
        client: NodeId,
        base: Offset,
    ) -> Option<Decision> {
        let same = |(by, to, at, _): &(BrokerId, NodeId, Offset, Decision)| {
            (*by, *to, *at) == (broker, client, base)
        };
        match self.0.iter().position(same) {
            Some(place) => Some(self.0.remove(place).3),
            None => Decision::now(scene, broker, base),
        }
    }

    /// A broker that is down answers nothing any more.
    pub(crate) fn follow(&mut self, scene: &Scene<'_>) {
        if !self.0.is_empty() {
            let up = |broker| scene.replica(broker).is_some_and(|(_, replica)| replica.role != Role::Offline);
            self.0.retain(|(broker, ..)| up(*broker));
        }
    }
}
