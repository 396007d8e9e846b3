//! What was acknowledged to acks=all on a partition, and how much of it each replica holds.
//!
//! Source: the ghost `Acked` of `kafka-behaviour.md` section 11.

use std::sync::Arc;

use highwater_model::ids::{BrokerId, Offset, RecordId};
use highwater_model::record::Record;
use highwater_model::view::ReplicaView;

use super::batches;
use super::ghosts::Ghost;

/// One produce that was acknowledged to acks=all.
#[derive(Clone, Debug)]
pub(crate) struct Acknowledged {
    /// The first record's offset.
    pub(crate) base: Offset,
    /// What was acknowledged.
    pub(crate) records: Arc<[Record]>,
    /// Who acknowledged it.
    pub(crate) by: BrokerId,
    /// Whether it was found to be on no replica.
    pub(crate) vanished: bool,
}

/// How much a replica is known to hold.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    /// This many of the entries, from the first.
    entries: usize,
    near: usize,
}

/// All that was acknowledged to acks=all on one partition, ascending by offset.
#[derive(Clone, Debug, Default)]
pub(crate) struct Acked {
    entries: Vec<Acknowledged>,
    /// By the replica's place.
    held: Vec<Held>,
    /// From this entry on, some were never looked for on all replicas.
    unsought: Option<usize>,
}

impl Acknowledged {
    /// One past the last offset.
    pub(crate) fn end(&self) -> Offset {
        self.base.plus(self.records.len() as u64)
    }

    /// The first of its records that is not at its offset in this log, and the offset.
    pub(crate) fn missing_in(&self, replica: &ReplicaView, near: usize) -> Option<(Offset, RecordId)> {
        let batch = batches::place_of(&replica.log, near, self.base).map(|place| &replica.log[place]);
        if batch.is_some_and(|it| it.base_offset == self.base && Arc::ptr_eq(&it.records, &self.records)) {
            return None;
        }
        let offsets = (self.base.0..).map(Offset);
        let wanted = |(offset, record): (Offset, &Record)| (offset, record.value);
        offsets
            .zip(self.records.iter())
            .map(wanted)
            .find(|(offset, value)| replica.record_at(*offset).map(|record| record.value) != Some(*value))
    }
}

impl Acked {
    /// Of a partition with this many replicas.
    pub(crate) fn new(replicas: usize) -> Self {
        Self { entries: Vec::new(), held: vec![Held::default(); replicas], unsought: None }
    }

    /// Whether anything was acknowledged.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A broker acknowledged records. A discarded duplicate is acknowledged again at the same offset.
    pub(crate) fn add(&mut self, acknowledged: Acknowledged) {
        let place = self.entries.partition_point(|entry| entry.base <= acknowledged.base);
        let value = |entry: &Acknowledged| entry.records.first().map(|record| record.value);
        let mut same_base = self.entries[..place].iter().rev().take_while(|it| it.base == acknowledged.base);
        if same_base.any(|entry| value(entry) == value(&acknowledged)) {
            return;
        }
        for held in &mut self.held {
            held.entries = held.entries.min(place);
        }
        self.entries.insert(place, acknowledged);
        self.unsought = Some(self.unsought.map_or(place, |unsought| unsought.min(place)));
    }

    /// Forgets what replicas held where their logs were cut in this step.
    pub(crate) fn follow(&mut self, ghost: &Ghost) {
        for (place, shadow) in ghost.shadows.iter().enumerate() {
            let Some(cut) = shadow.cut else { continue };
            let before = self.before(cut);
            self.held[place].entries = self.held[place].entries.min(before);
        }
    }

    /// How many entries, from the first, end at or before `cut`.
    fn before(&self, cut: Offset) -> usize {
        let starting = self.entries.partition_point(|entry| entry.base < cut);
        let beyond = self.entries[..starting].iter().rev().take_while(|entry| entry.end() > cut).count();
        starting - beyond
    }

    /// The first entry that the replica at a place does not hold, with the offset and record that it lacks.
    pub(crate) fn missing(
        &mut self,
        replicas: &[ReplicaView],
        place: usize,
    ) -> Option<(&Acknowledged, Offset, RecordId)> {
        let (held, replica) = (&mut self.held[place], &replicas[place]);
        while let Some(entry) = self.entries.get(held.entries) {
            if let Some((offset, value)) = entry.missing_in(replica, held.near) {
                return Some((entry, offset, value));
            }
            held.near = batches::place_of(&replica.log, held.near, entry.base).unwrap_or_default();
            held.entries += 1;
        }
        None
    }

    /// The first entry that no replica holds in full, of those that are new and those behind the lowest cut of this step.
    pub(crate) fn vanished(&mut self, ghost: &Ghost, replicas: &[ReplicaView]) -> Option<&Acknowledged> {
        let cut = ghost.shadows.iter().filter_map(|shadow| shadow.cut).min();
        let behind_cut = cut.map(|cut| self.before(cut));
        let first = behind_cut.into_iter().chain(self.unsought.take()).min()?;
        let mut found = None;
        for (place, entry) in self.entries.iter_mut().enumerate().skip(first) {
            let nowhere = || replicas.iter().all(|replica| entry.missing_in(replica, 0).is_some());
            if !entry.vanished && nowhere() {
                entry.vanished = true;
                found = found.or(Some(place));
            }
        }
        found.map(|place| &self.entries[place])
    }
}
