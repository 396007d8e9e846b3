//! `weak-isr`: every member of the ISR that a presumed leader believes in agrees with it below its high watermark.
//!
//! Source: `WeakIsr` of kafka-specification (`KafkaReplication.tla`). It can hold while `strong-isr` fails.
//!
//! Looked at: changes after which a presumed leader with a high watermark above 0 believes in an ISR of two or more.
//! Broken once for each leader and member, until they agree again or the leader believes otherwise.

use highwater_model::ids::{BrokerSet, Offset};
use highwater_model::view::{ReplicaView, Role};

use super::agreement::Agreement;
use super::scene::Scene;
use super::slots::BySlot;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct WeakIsr {
    pub(crate) tally: Tally,
    /// By the leader's place: members that were reported and still disagree.
    disagreeing: BySlot<Vec<BrokerSet>>,
}

impl WeakIsr {
    pub(crate) fn look(&mut self, scene: &Scene<'_>, agreement: &mut Agreement) {
        let replicas = &scene.partition.replicas;
        let disagreeing = self.disagreeing.at(scene.slot);
        disagreeing.resize(replicas.len(), BrokerSet::EMPTY);
        let mut faced = false;
        for (place, leader) in replicas.iter().enumerate() {
            let limit = leader.high_watermark.min(leader.log_end);
            if leader.role != Role::Leader || limit.0 == 0 {
                disagreeing[place] = BrokerSet::EMPTY;
                continue;
            }
            faced |= leader.isr.len() > 1;
            for (other, member) in replicas.iter().enumerate() {
                if other == place {
                    continue;
                }
                let believed = leader.isr.contains(member.broker);
                let agreed = if believed { agreement.agree_to(replicas, place, other, limit) } else { limit };
                let reported = &mut disagreeing[place];
                if agreed >= limit {
                    *reported = reported.without(member.broker);
                } else if !reported.contains(member.broker) {
                    *reported = reported.with(member.broker);
                    self.tally
                        .broke(|| scene.finding(Property::WeakIsr, evidence(scene, leader, member, agreed)));
                }
            }
        }
        self.tally.looked += u64::from(faced);
    }
}

fn evidence(scene: &Scene<'_>, leader: &ReplicaView, member: &ReplicaView, agreed: Offset) -> String {
    let what = match leader.record_at(agreed) {
        Some(wanted) => scene.instead(member, agreed, wanted.value),
        None => format!("offset {agreed} is in neither log"),
    };
    format!(
        "broker {}, in the ISR {} that broker {} believes in as leader of {} in epoch {}, differs from it below its \
         high watermark {}: {what}",
        member.broker,
        leader.isr,
        leader.broker,
        scene.name(),
        leader.leader_epoch,
        leader.high_watermark
    )
}
