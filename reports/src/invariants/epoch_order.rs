//! `epoch-order`: the epochs in a log never fall, and an offset has one record an epoch.
//!
//! Source: I7 of `kafka-behaviour.md`; `LeaderEpochFileCache` of every release assumes it.
//!
//! Looked at: writes of leaders and followers. Broken at each batch that is of an older epoch than the one before it, and at each
//! that a leader writes where one of the same epoch was written before.

use std::ops::Range;
use std::sync::Arc;

use highwater_model::ids::{BrokerId, LeaderEpoch, Offset};
use highwater_model::record::Batch;

use super::scene::Scene;
use super::slots::BySlot;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct EpochOrder {
    pub(crate) tally: Tally,
    /// Each epoch, ascending, and what was written in it. One stretch of offsets, unless its leader was cut and went on.
    written: BySlot<Vec<(LeaderEpoch, Vec<Range<Offset>>)>>,
}

impl EpochOrder {
    /// A leader wrote a batch.
    pub(crate) fn appended(&mut self, scene: &Scene<'_>, broker: BrokerId, batch: &Arc<Batch>) {
        let (epoch, new) = (batch.leader_epoch, batch.base_offset..batch.end_offset());
        let written = self.written.at(scene.slot);
        let place = match written.last() {
            Some(&(last, _)) if last == epoch => written.len() - 1,
            Some(_) | None => written.partition_point(|(known, _)| *known < epoch),
        };
        if written.get(place).is_none_or(|(known, _)| *known != epoch) {
            written.insert(place, (epoch, Vec::new()));
        }
        let stretches = &mut written[place].1;
        if let Some(before) = stretches.iter().find(|it| new.start < it.end && it.start < new.end) {
            self.tally.broke(|| {
                let evidence = format!(
                    "broker {broker} wrote offset {} of {} in epoch {epoch}, in which leaders had written offsets {} to {} \
                     already",
                    new.start.max(before.start),
                    scene.name(),
                    before.start,
                    before.end.0 - 1
                );
                scene.finding(Property::EpochOrder, evidence)
            });
        }
        match stretches.last_mut() {
            Some(last) if last.end == new.start => last.end = new.end,
            Some(_) | None => stretches.push(new),
        }
        self.wrote(scene, broker, batch.base_offset);
    }

    /// A replica wrote what stands in its log from an offset on.
    pub(crate) fn wrote(&mut self, scene: &Scene<'_>, broker: BrokerId, from: Offset) {
        let Some((_, replica)) = scene.replica(broker) else { return };
        self.tally.looked += u64::from(replica.log.len() > 1);
        let first = replica.place_of(from);
        let pairs = replica.log[first.saturating_sub(1)..].windows(2);
        for pair in pairs.filter(|pair| pair[1].leader_epoch < pair[0].leader_epoch) {
            self.tally.broke(|| {
                let evidence = format!(
                    "broker {broker} has offset {} of {} in epoch {} behind a record of epoch {}, and epochs should never fall",
                    pair[1].base_offset,
                    scene.name(),
                    pair[1].leader_epoch,
                    pair[0].leader_epoch
                );
                scene.finding(Property::EpochOrder, evidence)
            });
        }
    }
}
