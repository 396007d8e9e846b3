//! `idempotent-dedup`: one (PID, epoch, partition, sequence) at most once in a leader's log.
//!
//! Source: R13 of the requirements; I17 of `kafka-behaviour.md`; KIP-98. What another leader appended counts only
//! while it is still in the log of the one that appends. Sequences are compared without their wrap at 2³¹, which no
//! run reaches.
//!
//! Looked at: batches with a producer's stamp that leaders appended. Broken at each that repeats a sequence.

use std::collections::BTreeMap;

use highwater_model::ids::{BrokerId, Offset, ProducerEpoch, ProducerId};
use highwater_model::record::{Batch, ProducerStamp};
use highwater_model::view::ReplicaView;

use super::scene::Scene;
use super::slots::BySlot;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct IdempotentDedup {
    pub(crate) tally: Tally,
    partitions: BySlot<BTreeMap<(ProducerId, ProducerEpoch), Session>>,
}

/// All that leaders have appended of one session of a producer.
#[derive(Clone, Debug, Default)]
struct Session {
    /// Ascending by first sequence.
    runs: Vec<Run>,
    /// One past the largest sequence.
    end: u64,
    /// The most records in a run.
    longest: u64,
}

/// A batch that was appended: sequences `[first, first + count)` at offsets from `base`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    first: u64,
    count: u64,
    base: Offset,
}

impl IdempotentDedup {
    /// A leader appended a batch, which its log in the view holds.
    pub(crate) fn appended(&mut self, scene: &Scene<'_>, broker: BrokerId, batch: &Batch) {
        let Some(stamp) = batch.producer.filter(|_| batch.is_sequenced()) else { return };
        self.tally.looked += 1;
        let run = Run {
            first: u64::from(stamp.base_sequence.0),
            count: batch.records.len() as u64,
            base: batch.base_offset,
        };
        let session = self.partitions.at(scene.slot).entry((stamp.id, stamp.epoch)).or_default();
        let older = scene.replica(broker).and_then(|(_, leader)| session.older(leader, stamp, run));
        session.add(run);
        if let Some((sequence, offset)) = older {
            self.tally.broke(|| {
                let repeated = run.base.0 + (sequence - run.first);
                let evidence = format!(
                    "broker {broker}, a leader of {}, appended sequence {sequence} of PID {} epoch {} at offset \
                     {repeated}; its log still has it at offset {offset}",
                    scene.name(),
                    stamp.id,
                    stamp.epoch
                );
                scene.finding(Property::IdempotentDedup, evidence)
            });
        }
    }
}

impl Session {
    /// The first sequence of `new` that the log also holds at another offset, and that offset.
    fn older(&self, leader: &ReplicaView, stamp: ProducerStamp, new: Run) -> Option<(u64, Offset)> {
        if new.first >= self.end {
            return None;
        }
        let behind = self.runs.partition_point(|run| run.first < new.first + new.count);
        let near = self.runs[..behind].iter().rev().take_while(|run| run.first + self.longest > new.first);
        near.filter_map(|run| run.still_held(leader, stamp, new)).min()
    }

    fn add(&mut self, run: Run) {
        let place = if run.first >= self.end {
            self.runs.len()
        } else {
            self.runs.partition_point(|other| other.first <= run.first)
        };
        self.end = self.end.max(run.first + run.count);
        self.longest = self.longest.max(run.count);
        let same = |other: &Run| *other == run;
        let twins = self.runs[..place].iter().rev().take_while(|other| other.first == run.first);
        if !twins.into_iter().any(same) {
            self.runs.insert(place, run);
        }
    }
}

impl Run {
    /// The first sequence that this run shares with `new` and that the log holds where this run put it.
    fn still_held(&self, leader: &ReplicaView, stamp: ProducerStamp, new: Self) -> Option<(u64, Offset)> {
        let shared = self.first.max(new.first)..(self.first + self.count).min(new.first + new.count);
        shared
            .map(|sequence| (sequence, self.base.plus(sequence - self.first)))
            .filter(|(sequence, offset)| *offset != new.base.plus(sequence - new.first))
            .find(|(sequence, offset)| holds(leader, stamp, *sequence, *offset))
    }
}

/// Whether a log has this sequence of a session at an offset.
fn holds(replica: &ReplicaView, stamp: ProducerStamp, sequence: u64, offset: Offset) -> bool {
    replica.batch_at(offset).is_some_and(|batch| {
        batch.producer.filter(|_| batch.is_sequenced()).is_some_and(|other| {
            let place = offset.0 - batch.base_offset.0;
            (other.id, other.epoch) == (stamp.id, stamp.epoch)
                && u64::from(other.base_sequence.0) + place == sequence
        })
    })
}
