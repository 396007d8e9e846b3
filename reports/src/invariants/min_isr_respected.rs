//! `min-isr-respected`: no success is answered to acks=all with fewer in-sync replicas than `min.insync.replicas`.
//!
//! Source: I20 of `kafka-behaviour.md`; 0.11.0.2 `Partition.checkEnoughReplicasReachOffset`. What counts is the ISR that
//! the leader believed in, with members whose joining was on its way, when it decided to answer. Since 3.7 no more is
//! asked for than there are replicas (3.7.0 `Partition.effectiveMinIsr`).
//!
//! Looked at: acknowledgements to acks=all where `min.insync.replicas` is above 1. Broken at each.

use super::acked::Acknowledged;
use super::decisions::Decision;
use super::scene::Scene;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct MinIsrRespected {
    pub(crate) tally: Tally,
}

impl MinIsrRespected {
    /// A leader answered success to acks=all.
    pub(crate) fn acknowledged(&mut self, scene: &Scene<'_>, entry: &Acknowledged, decision: &Decision) {
        let set = scene.partition.min_insync_replicas;
        let replicas = scene.partition.replicas.len() as u32;
        let min = if scene.config.protocol.min_isr_capped { set.min(replicas) } else { set };
        if min < 2 || !decision.leads {
            return;
        }
        self.tally.looked += 1;
        if decision.isr.len() < min as usize {
            self.tally.broke(|| {
                let evidence = format!(
                    "broker {}, leader of {} in epoch {}, answered success to acks=-1 for {} records at offset {} with \
                     ISR {} while min.insync.replicas is {min}",
                    entry.by,
                    scene.name(),
                    decision.epoch,
                    entry.records.len(),
                    entry.base,
                    decision.isr
                );
                scene.finding(Property::MinIsrRespected, evidence)
            });
        }
    }
}
