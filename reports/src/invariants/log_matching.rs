//! `log-matching`: two replicas agree below the smaller of their high watermarks.
//!
//! Source: `LogMatching` of kafka-specification; I5 of `kafka-behaviour.md`. Where a log ends below its own high
//! watermark, the logs are compared as far as both reach. A replica that is down is read by nobody and not compared.
//!
//! Looked at: steps in which the smaller high watermark of two replicas rose. Broken once for each pair, until it agrees.

use highwater_model::ids::Offset;
use highwater_model::view::{ReplicaView, Role};

use super::agreement::Agreement;
use super::scene::Scene;
use super::slots::BySlot;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct LogMatching {
    pub(crate) tally: Tally,
    pairs: BySlot<Vec<Pair>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    /// The largest that the smaller of the two high watermarks has been.
    compared: Offset,
    reported: bool,
}

impl LogMatching {
    pub(crate) fn look(&mut self, scene: &Scene<'_>, agreement: &mut Agreement) {
        let replicas = &scene.partition.replicas;
        let pairs = self.pairs.at(scene.slot);
        pairs.resize(replicas.len() * replicas.len(), Pair::default());
        let mut rose = false;
        for (place, one) in replicas.iter().enumerate() {
            for (other_place, other) in replicas.iter().enumerate().skip(place + 1) {
                let pair = &mut pairs[place * replicas.len() + other_place];
                let limit = reach(one).min(reach(other));
                if one.role == Role::Offline || other.role == Role::Offline {
                    pair.reported = false;
                    continue;
                }
                if limit > pair.compared {
                    pair.compared = limit;
                    rose = true;
                }
                let agreed = agreement.agree_to(replicas, place, other_place, limit);
                let differ = agreed < limit;
                if differ && !pair.reported {
                    self.tally
                        .broke(|| scene.finding(Property::LogMatching, evidence(scene, one, other, agreed)));
                }
                pair.reported = differ;
            }
        }
        self.tally.looked += u64::from(rose);
    }
}

/// How far a replica claims that its records are committed, and has them.
fn reach(replica: &ReplicaView) -> Offset {
    replica.high_watermark.min(replica.log_end)
}

fn evidence(scene: &Scene<'_>, one: &ReplicaView, other: &ReplicaView, offset: Offset) -> String {
    let held = |replica: &ReplicaView| match replica.batch_at(offset) {
        Some(batch) => format!(
            "broker {} (high watermark {}) has {}, written in epoch {}",
            replica.broker,
            replica.high_watermark,
            batch.record_at(offset).map_or_else(String::new, |record| scene.record(record.value)),
            batch.leader_epoch
        ),
        None => format!("broker {} (high watermark {}) has nothing", replica.broker, replica.high_watermark),
    };
    format!("offset {offset} of {}: {}; {}", scene.name(), held(one), held(other))
}
