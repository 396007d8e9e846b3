//! The ghost of exposed records, and what each replica's log was before the step.
//!
//! A record is exposed once it lies below the high watermark of a replica that takes itself for the leader: from then on
//! consumers may have read it. Source: `kafka-behaviour.md` section 11, `TrueHW`; the TLA+ specifications' `Committed`.

use std::sync::Arc;

use highwater_model::ids::{BrokerId, BrokerSet, LeaderEpoch, Offset, PartitionEpoch, RecordId};
use highwater_model::message::PartitionState;
use highwater_model::record::Batch;
use highwater_model::view::{PartitionView, ReplicaView, Role};

use super::batches;

/// A stretch of one batch that a leader exposed.
#[derive(Clone, Debug)]
pub(crate) struct Exposure {
    from: Offset,
    to: Offset,
    batch: Arc<Batch>,
    /// Who exposed it.
    pub(crate) by: BrokerId,
    /// In which epoch it led.
    pub(crate) epoch: LeaderEpoch,
}

/// A replica as it was after the latest step that was judged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shadow {
    /// Its log.
    pub(crate) log: Vec<Arc<Batch>>,
    /// What it took itself for.
    pub(crate) role: Role,
    /// In which epoch.
    pub(crate) leader_epoch: LeaderEpoch,
    /// Its high watermark.
    pub(crate) high_watermark: Offset,
    /// The ISR that it believes in, if it leads.
    isr: BrokerSet,
    /// One past the last offset of its log.
    end: Offset,
    /// Its log up to here is equal to what was exposed.
    pub(crate) verified: Offset,
    /// Where its log was cut, if it was, since the latest [`Ghost::settle`].
    pub(crate) cut: Option<Offset>,
    near_exposure: usize,
    near_batch: usize,
}

/// What was exposed on one partition, and by how much each replica agrees with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ghost {
    exposures: Vec<Exposure>,
    /// In assignment order.
    pub(crate) shadows: Vec<Shadow>,
    /// The place of the true leader, the one in the controller's epoch, if it has taken office.
    pub(crate) leader: Option<usize>,
    /// What the controller had decided; none before the first look.
    decided: Option<Decision>,
}

/// The controller's state of a partition, as far as it changes.
type Decision = (Option<BrokerId>, LeaderEpoch, BrokerSet, BrokerSet, PartitionEpoch);

impl Ghost {
    /// Of a partition with this many replicas.
    pub(crate) fn new(replicas: usize) -> Self {
        Self { shadows: vec![Shadow::default(); replicas], ..Self::default() }
    }

    /// One past the last exposed offset.
    pub(crate) fn end(&self) -> Offset {
        self.exposures.last().map_or(Offset::ZERO, |exposure| exposure.to)
    }

    /// Whether the replica at this place holds all that was exposed.
    pub(crate) fn is_held_by(&self, place: usize) -> bool {
        self.shadows[place].verified >= self.end()
    }

    /// The record that was exposed at an offset, and the exposure that it was part of.
    pub(crate) fn exposed_at(&self, offset: Offset) -> Option<(RecordId, &Exposure)> {
        let place = self.exposures.partition_point(|exposure| exposure.to <= offset);
        let exposure = self.exposures.get(place)?;
        Some((exposure.batch.record_at(offset)?.value, exposure))
    }

    /// How many exposed records a log holds from an offset on, and the first of them. A log that parted from what was exposed may
    /// meet it again.
    pub(crate) fn exposed_in(&self, place: usize, from: Offset) -> Option<(u64, Offset)> {
        let log = &self.shadows[place].log;
        let (mut near, mut count, mut first) = ([0, 0], 0, None);
        for offset in (from.0..self.end().min(self.shadows[place].end).0).map(Offset) {
            near = [exposure_at(&self.exposures, near[0], offset)?, batches::place_of(log, near[1], offset)?];
            let (exposure, batch) = (&self.exposures[near[0]], &log[near[1]]);
            if batches::agree_to(&exposure.batch, batch, offset, offset.plus(1)) > offset {
                count += 1;
                first = first.or(Some(offset));
            }
        }
        first.map(|first| (count, first))
    }

    /// A log was cut, as an event says.
    pub(crate) fn cut(&mut self, place: usize, to: Offset) {
        if let Some(shadow) = self.shadows.get_mut(place) {
            shadow.keep(shadow.log.partition_point(|batch| batch.end_offset() <= to));
        }
    }

    /// Takes over the state after a step, and says whether the replicas or the controller's decision changed in it.
    pub(crate) fn follow(&mut self, partition: &PartitionView) -> bool {
        let PartitionState { leader, leader_epoch, isr, elr, partition_epoch, .. } = partition.controller;
        let decision = Some((leader, leader_epoch, isr, elr, partition_epoch));
        let mut changed = self.decided != decision;
        self.decided = decision;
        for (shadow, replica) in self.shadows.iter_mut().zip(&partition.replicas) {
            changed |= shadow.follow(replica);
        }
        if changed {
            self.leader = partition.true_leader_place();
            self.expose(partition);
        }
        changed
    }

    fn expose(&mut self, partition: &PartitionView) {
        for replica in &partition.replicas {
            if replica.role == Role::Leader && replica.high_watermark > self.end() {
                self.expose_of(replica);
            }
        }
        let end = self.end();
        for shadow in &mut self.shadows {
            shadow.verify(&self.exposures, end);
        }
    }

    /// The step was judged: cuts are dealt with.
    pub(crate) fn settle(&mut self) {
        for shadow in &mut self.shadows {
            shadow.cut = None;
        }
    }

    fn expose_of(&mut self, leader: &ReplicaView) {
        let to = leader.high_watermark.min(leader.log_end);
        let mut from = self.end();
        for batch in &leader.log[leader.place_of(from)..] {
            if from >= to || batch.base_offset > from {
                break;
            }
            let exposure = Exposure {
                from,
                to: to.min(batch.end_offset()),
                batch: Arc::clone(batch),
                by: leader.broker,
                epoch: leader.leader_epoch,
            };
            from = exposure.to;
            self.exposures.push(exposure);
        }
    }
}

impl Shadow {
    /// Keeps the first `len` batches.
    fn keep(&mut self, len: usize) {
        if len < self.log.len() {
            self.log.truncate(len);
            self.end = self.log.last().map_or(Offset::ZERO, |batch| batch.end_offset());
            self.verified = self.verified.min(self.end);
            self.cut = Some(self.cut.map_or(self.end, |cut| cut.min(self.end)));
        }
    }

    /// Takes over the state after a step, and says whether anything changed.
    fn follow(&mut self, replica: &ReplicaView) -> bool {
        let common = batches::common_len(&self.log, &replica.log);
        let log_changed = self.cut.is_some() || common < self.log.len() || common < replica.log.len();
        if log_changed {
            self.keep(common);
            self.log.extend_from_slice(&replica.log[common..]);
            self.end = self.log.last().map_or(Offset::ZERO, |batch| batch.end_offset());
        }
        let state = (replica.role, replica.leader_epoch, replica.high_watermark, replica.isr);
        let changed = log_changed || state != (self.role, self.leader_epoch, self.high_watermark, self.isr);
        (self.role, self.leader_epoch, self.high_watermark, self.isr) = state;
        changed
    }

    fn verify(&mut self, exposures: &[Exposure], end: Offset) {
        let limit = end.min(self.end);
        while self.verified < limit {
            let Some(place) = exposure_at(exposures, self.near_exposure, self.verified) else { return };
            let Some(near) = batches::place_of(&self.log, self.near_batch, self.verified) else { return };
            (self.near_exposure, self.near_batch) = (place, near);
            let (exposure, batch) = (&exposures[place], &self.log[near]);
            let to = exposure.to.min(batch.end_offset()).min(limit);
            self.verified = batches::agree_to(&exposure.batch, batch, self.verified, to);
            if self.verified < to {
                return;
            }
        }
    }
}

/// The place of the exposure that holds `offset`, looked for at `near` and just behind it first.
fn exposure_at(exposures: &[Exposure], near: usize, offset: Offset) -> Option<usize> {
    let holds = |place: usize| {
        exposures.get(place).is_some_and(|exposure| exposure.from <= offset && offset < exposure.to)
    };
    if holds(near) {
        return Some(near);
    }
    if holds(near + 1) {
        return Some(near + 1);
    }
    let place = exposures.partition_point(|exposure| exposure.to <= offset);
    holds(place).then_some(place)
}
