//! `repeatable-read`: what was read at an offset never changes or vanishes.
//!
//! Source: `ConsistentRead` of kafka-specification; I15 of `kafka-behaviour.md`. It is held against the log of the true leader,
//! the one in the controller's epoch, while there is one; and each poll against all earlier ones, whoever polled.
//!
//! Looked at: polls that return records. Broken at each that returns another record than an earlier one at the same offset; and
//! once when the leader lacks what was read, until a leader has it all again.

use std::sync::Arc;

use highwater_model::ids::{NodeId, Offset, RecordId};
use highwater_model::record::Batch;

use super::batches;
use super::ghosts::Ghost;
use super::scene::Scene;
use super::slots::BySlot;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct RepeatableRead {
    pub(crate) tally: Tally,
    partitions: BySlot<Read>,
}

/// What was read of one partition.
#[derive(Clone, Debug, Default)]
struct Read {
    /// By offset; none where nobody has read.
    records: Vec<Option<RecordId>>,
    /// By replica: below this its log has what was read, and the place of the batch there.
    held: Vec<(Offset, usize)>,
    /// Whether a leader was reported and still lacks something.
    lacking: bool,
}

impl RepeatableRead {
    /// A poll returned the records of a batch from an offset on.
    pub(crate) fn polled(&mut self, scene: &Scene<'_>, client: NodeId, from: Offset, batch: &Arc<Batch>) {
        let read = self.partitions.at(scene.slot);
        self.tally.looked += 1;
        let end = batch.end_offset().0 as usize;
        if read.records.len() < end {
            read.records.resize(end, None);
        }
        let skipped = from.0.saturating_sub(batch.base_offset.0) as usize;
        for (place, record) in batch.records.iter().enumerate().skip(skipped) {
            let offset = batch.base_offset.plus(place as u64);
            let before = read.records[offset.0 as usize].replace(record.value);
            if before == Some(record.value) {
                continue;
            }
            read.learnt(scene, offset, record.value);
            if let Some(before) = before {
                self.tally.broke(|| {
                    let evidence = format!(
                        "{} read {} at offset {offset} of {}, where {} was read before",
                        scene.names.node(client),
                        scene.record(record.value),
                        scene.name(),
                        scene.record(before)
                    );
                    scene.finding(Property::RepeatableRead, evidence)
                });
            }
        }
        // A poll touches no partition.
        self.on_the_leader(scene);
    }

    /// Holds what was read against the leader's log.
    pub(crate) fn look(&mut self, scene: &Scene<'_>, ghost: &Ghost) {
        let read = self.partitions.at(scene.slot);
        if read.records.is_empty() {
            return;
        }
        read.held.resize(ghost.shadows.len(), Default::default());
        for (held, shadow) in read.held.iter_mut().zip(&ghost.shadows) {
            if let Some(cut) = shadow.cut {
                held.0 = held.0.min(cut);
            }
        }
        self.on_the_leader(scene);
    }

    fn on_the_leader(&mut self, scene: &Scene<'_>) {
        let read = self.partitions.at(scene.slot);
        read.held.resize(scene.partition.replicas.len(), Default::default());
        let Some(leader) = scene.partition.true_leader() else { return };
        let Some(place) = scene.place_of(leader.broker) else { return };
        let missing = read.missing(&leader.log, place);
        if let Some((offset, record)) = missing.filter(|_| !read.lacking) {
            self.tally.broke(|| {
                let evidence = format!(
                    "broker {}, leader of {} in epoch {}, lacks what was read: {}",
                    leader.broker,
                    scene.name(),
                    leader.leader_epoch,
                    scene.instead(leader, offset, record)
                );
                scene.finding(Property::RepeatableRead, evidence)
            });
        }
        read.lacking = missing.is_some();
    }
}

impl Read {
    /// Something was read at an offset for the first time. Below what they were found to hold, replicas are looked at again only
    /// if they do not have it.
    fn learnt(&mut self, scene: &Scene<'_>, offset: Offset, record: RecordId) {
        for (held, replica) in self.held.iter_mut().zip(&scene.partition.replicas) {
            let has = |batch: &Arc<Batch>| batch.record_at(offset).is_some_and(|it| it.value == record);
            if offset < held.0 && !replica.batch_at(offset).is_some_and(has) {
                held.0 = offset;
            }
        }
    }

    /// The first record that was read and that this log, the one at a place, does not have at its offset.
    fn missing(&mut self, log: &[Arc<Batch>], place: usize) -> Option<(Offset, RecordId)> {
        let (mut offset, mut near) = self.held[place];
        while let Some(&read) = self.records.get(offset.0 as usize) {
            if let Some(record) = read {
                let batch = batches::place_of(log, near, offset);
                near = batch.unwrap_or(near);
                let held = batch.and_then(|at| log[at].record_at(offset));
                if held.is_none_or(|held| held.value != record) {
                    self.held[place] = (offset, near);
                    return Some((offset, record));
                }
            }
            offset = offset.plus(1);
        }
        self.held[place] = (offset, near);
        None
    }
}
