//! `high-watermark-bound`: no high watermark lies beyond its own log's end, and the leader's lies at or below the log
//! end of every member of the controller's ISR.
//!
//! Source: I11 of `kafka-behaviour.md`, which says for which versions each half is promised. The leader is the one in
//! the controller's epoch. A replica that is down is not asked: what it will show is read from its checkpoint.
//!
//! With ack strategy `majority` there is no ISR to ask: more than half of all replicas reach up to the leader's high
//! watermark, Raft's commit rule.
//!
//! Looked at: changes after which a running replica shows a high watermark above 0. Broken once for each replica and
//! half, until it is in order again.

use highwater_model::config::AckStrategy;
use highwater_model::ids::BrokerSet;
use highwater_model::view::Role;

use super::scene::Scene;
use super::slots::BySlot;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct HighWatermarkBound {
    pub(crate) tally: Tally,
    partitions: BySlot<Reported>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Reported {
    /// Replicas whose high watermark lies beyond their own end.
    beyond_own: BrokerSet,
    /// ISR members whose log ends below the leader's high watermark; without an ISR, all replicas if too many do.
    below_leader: BrokerSet,
}

impl HighWatermarkBound {
    pub(crate) fn look(&mut self, scene: &Scene<'_>, strategy: AckStrategy) {
        let before = *self.partitions.at(scene.slot);
        let mut now = Reported::default();
        let leader = scene.partition.true_leader();
        let by_majority = strategy == AckStrategy::Majority;
        let mut any = false;
        for replica in &scene.partition.replicas {
            let up = replica.role != Role::Offline;
            any |= up && replica.high_watermark.0 > 0;
            if up && replica.high_watermark > replica.log_end {
                now.beyond_own = now.beyond_own.with(replica.broker);
            }
            let bound = by_majority || scene.partition.controller.isr.contains(replica.broker);
            if bound && leader.is_some_and(|leader| leader.high_watermark > replica.log_end) {
                now.below_leader = now.below_leader.with(replica.broker);
            }
        }
        if by_majority && now.below_leader.len() * 2 < scene.partition.replicas.len() {
            now.below_leader = BrokerSet::EMPTY;
        }
        self.tally.looked += u64::from(any);
        *self.partitions.at(scene.slot) = now;
        self.report(scene, now.beyond_own.difference(before.beyond_own), false);
        if by_majority {
            self.report_minority(scene, now.below_leader.difference(before.below_leader));
        } else {
            self.report(scene, now.below_leader.difference(before.below_leader), true);
        }
    }

    fn report_minority(&mut self, scene: &Scene<'_>, below: BrokerSet) {
        let Some(leader) = scene.partition.true_leader().filter(|_| !below.is_empty()) else { return };
        self.tally.broke(|| {
            let evidence = format!(
                "broker {}, leader of {} in epoch {}, has high watermark {}, and of its {} replicas {below} have logs \
                 that end below it",
                leader.broker,
                scene.name(),
                leader.leader_epoch,
                leader.high_watermark,
                scene.partition.replicas.len()
            );
            scene.finding(Property::HighWatermarkBound, evidence)
        });
    }

    fn report(&mut self, scene: &Scene<'_>, brokers: BrokerSet, against_leader: bool) {
        for broker in brokers.iter() {
            self.tally.broke(|| {
                let bound = if against_leader { scene.partition.true_leader() } else { None };
                let end = scene.replica(broker).map_or_else(String::new, |(_, it)| it.log_end.to_string());
                let own = scene.replica(broker).map_or_else(String::new, |(_, it)| it.high_watermark.to_string());
                let name = scene.name();
                let evidence = match bound {
                    Some(leader) => format!(
                        "broker {}, leader of {name} in epoch {}, has high watermark {}, and broker {broker} in the \
                         ISR {} has a log that ends at {end}",
                        leader.broker,
                        leader.leader_epoch,
                        leader.high_watermark,
                        scene.partition.controller.isr
                    ),
                    None => format!("broker {broker} has high watermark {own} on {name}, beyond its own log, which ends at {end}"),
                };
                scene.finding(Property::HighWatermarkBound, evidence)
            });
        }
    }
}
