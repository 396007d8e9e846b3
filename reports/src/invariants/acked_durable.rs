//! `acked-durable`: a record that was acknowledged to acks=all is on the leader, and on some replica.
//!
//! Source: `NoCommittedLoss` and `NoCommittedRecordLostGlobally`; I1 and I2 of `kafka-behaviour.md`. The leader is the
//! one in the controller's epoch; while there is none, only "some replica" is asked.
//!
//! Looked at: acknowledgements to acks=all. Broken once when the leader lacks a record, until a leader has them all
//! again; and once more when one is on no replica.

use super::acked::{Acked, Acknowledged};
use super::ghosts::Ghost;
use super::scene::Scene;
use super::slots::BySlot;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct AckedDurable {
    pub(crate) tally: Tally,
    /// Whether the leader was reported and still lacks something.
    lacking: BySlot<bool>,
}

impl AckedDurable {
    /// Something was acknowledged to acks=all.
    pub(crate) fn acknowledged(&mut self) {
        self.tally.looked += 1;
    }

    pub(crate) fn look(&mut self, scene: &Scene<'_>, ghost: &Ghost, acked: &mut Acked) {
        if acked.is_empty() {
            return;
        }
        self.on_the_leader(scene, acked);
        if let Some(entry) = acked.vanished(ghost, &scene.partition.replicas) {
            self.tally.broke(|| {
                let evidence =
                    format!("{} is in full on no replica of {}", called(scene, entry), scene.name());
                scene.finding(Property::AckedDurable, evidence)
            });
        }
    }

    fn on_the_leader(&mut self, scene: &Scene<'_>, acked: &mut Acked) {
        // The ghost's may be older: it follows only what was touched.
        let Some(place) = scene.partition.true_leader_place() else { return };
        let leader = &scene.partition.replicas[place];
        let lacking = self.lacking.at(scene.slot);
        let missing = acked.missing(&scene.partition.replicas, place);
        if let Some((entry, offset, value)) = missing.filter(|_| !*lacking) {
            self.tally.broke(|| {
                let evidence = format!(
                    "{} is not on broker {}, leader of {} in epoch {}: {}",
                    called(scene, entry),
                    leader.broker,
                    scene.name(),
                    leader.leader_epoch,
                    scene.instead(leader, offset, value)
                );
                scene.finding(Property::AckedDurable, evidence)
            });
        }
        *lacking = missing.is_some();
    }
}

/// `what broker 1 acknowledged to acks=all at offset 7 (record 3 of shop, 1 in all)`.
fn called(scene: &Scene<'_>, entry: &Acknowledged) -> String {
    let first = entry.records.first().map_or_else(String::new, |record| scene.record(record.value));
    format!(
        "what broker {} acknowledged to acks=all at offset {} ({first}, {} in all)",
        entry.by,
        entry.base,
        entry.records.len()
    )
}
