//! `committed-durable`: the true leader holds every record that was ever exposed, and some replica does.
//!
//! Source: `NoCommittedLoss` and `NoCommittedRecordLostGlobally` of kafka-specification; I1 and I2 of `kafka-behaviour.md` for
//! what consumers may have seen. The leader is the one in the controller's epoch; while there is none, only "some replica" is
//! asked.
//!
//! Looked at: steps in which more was exposed. Broken once when the leader lacks an exposed record, until a leader has them all
//! again; and the same for all replicas.

use highwater_model::ids::Offset;

use super::ghosts::Ghost;
use super::scene::Scene;
use super::slots::BySlot;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct CommittedDurable {
    pub(crate) tally: Tally,
    partitions: BySlot<Known>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// How much was exposed at the last look.
    end: Offset,
    /// Whether a leader was reported and still lacks something.
    lacking: bool,
    /// Whether something was reported to be nowhere, and still is.
    gone: bool,
}

impl CommittedDurable {
    pub(crate) fn look(&mut self, scene: &Scene<'_>, ghost: &Ghost) {
        let (known, end) = (self.partitions.at(scene.slot), ghost.end());
        self.tally.looked += u64::from(end > known.end);
        known.end = end;
        if let Some(place) = ghost.leader {
            let lacks = !ghost.is_held_by(place);
            if lacks && !known.lacking {
                self.tally.broke(|| {
                    let leader = &scene.partition.replicas[place];
                    let evidence = format!(
                        "broker {}, leader of {} in epoch {}, {}",
                        leader.broker,
                        scene.name(),
                        leader.leader_epoch,
                        scene.shortfall(ghost, place)
                    );
                    scene.finding(Property::CommittedDurable, evidence)
                });
            }
            known.lacking = lacks;
        }
        let held = ghost.shadows.iter().map(|shadow| shadow.verified).max().unwrap_or_default();
        if held < end && !known.gone {
            self.tally.broke(|| {
                let first = ghost.exposed_at(held).map_or_else(String::new, |(record, exposure)| {
                    format!(
                        ": {} (exposed by broker {} in epoch {})",
                        scene.record(record),
                        exposure.by,
                        exposure.epoch
                    )
                });
                let evidence = format!(
                    "no replica of {} holds all exposed records up to offset {held}{first}",
                    scene.name()
                );
                scene.finding(Property::CommittedDurable, evidence)
            });
        }
        known.gone = held < end;
    }
}
