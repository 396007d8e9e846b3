//! What each group was delivered, has finished, and has committed: what [`reprocessed`],
//! [`skipped`](super::skipped) and [`key_order`] are asked of.
//!
//! Delivered is what polls returned. Finished is the same where the application needs no time for a record, and what it
//! said it had worked on where it does.

use std::collections::BTreeSet;

use highwater_model::event::Step;
use highwater_model::ids::{GroupId, NodeId, Offset, RecordId, TopicPartition};
use highwater_model::record::Batch;

use super::by_partition::ByPartition;
use super::spans::{Span, Spans};
use super::{History, key_order, reprocessed};
use crate::promises::Promises;

/// What is known of one group.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    delivered: ByPartition<Spans>,
    /// Kept apart only where the application needs time.
    worked_on: ByPartition<Spans>,
    /// What it was delivered at offsets where the cluster had stood by another value.
    others: BTreeSet<(TopicPartition, Offset, RecordId)>,
    /// The largest offset that it has committed.
    pub(super) committed: ByPartition<Offset>,
    /// The first position that it ever had: 0 in partitions that were added to a topic that it read.
    pub(super) first: ByPartition<Option<Offset>>,
    /// By stream: one past the largest number that was finished.
    pub(super) newest: Vec<u32>,
    takes_time: bool,
    pub(super) told: GroupTold,
}

/// How much a group was delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupTold {
    /// Records that polls returned, each as often as it was returned.
    pub delivered: u64,
    /// Those that the group had been delivered before.
    pub reprocessed: u64,
    /// Records below its committed offsets that it never finished, as known at the end.
    pub skipped: u64,
}

/// What a poll returned of a partition.
#[derive(Clone, Copy)]
pub(super) struct Delivery<'a> {
    pub(super) client: NodeId,
    pub(super) group: GroupId,
    pub(super) partition: TopicPartition,
    pub(super) from: Offset,
    pub(super) batch: &'a Batch,
}

impl Group {
    /// What it has finished of each partition.
    pub(super) fn finished(&self) -> &ByPartition<Spans> {
        if self.takes_time { &self.worked_on } else { &self.delivered }
    }

    /// Whether it was delivered this value at an offset where the cluster had stood by another.
    pub(super) fn was_given(&self, partition: TopicPartition, offset: Offset, value: RecordId) -> bool {
        self.others.contains(&(partition, offset, value))
    }

    /// Whether it has finished a record of this partition and offset.
    pub(super) fn has_finished(&self, (partition, offset): (TopicPartition, Offset)) -> bool {
        self.finished().get(partition).is_some_and(|spans| spans.contains(offset))
    }
}

/// The group of this number, made if need be.
pub(super) fn group(groups: &mut Vec<Group>, id: GroupId) -> &mut Group {
    let place = usize::from(id.0);
    if place >= groups.len() {
        groups.resize_with(place + 1, Group::default);
    }
    &mut groups[place]
}

/// A group's member begins at an offset.
pub(super) fn positioned(history: &mut History, id: GroupId, partition: TopicPartition, at: Offset) {
    group(&mut history.groups, id).first.at(partition).get_or_insert(at);
}

/// A topic was given partitions up to `count`, `added` being the first of them. Whoever reads it owes all their records.
pub(super) fn grew(history: &mut History, added: TopicPartition, count: u16) {
    for group in &mut history.groups {
        let reads = group.first.iter().any(|(id, first)| id.topic == added.topic && first.is_some());
        for partition in (added.partition..count).filter(|_| reads) {
            group.first.at(TopicPartition { partition, ..added }).get_or_insert(Offset::ZERO);
        }
    }
}

/// A poll returned a value at an offset where the cluster had stood by another.
#[cold]
pub(super) fn given_another(groups: &mut Vec<Group>, id: GroupId, given: (TopicPartition, Offset, RecordId)) {
    group(groups, id).others.insert(given);
}

/// A poll returned records.
#[inline]
pub(super) fn delivered(history: &mut History, step: &Step, delivery: Delivery<'_>, promises: &Promises) {
    let Delivery { group: id, partition, from, batch, .. } = delivery;
    let group = group(&mut history.groups, id);
    let end = batch.end_offset();
    let again = group.delivered.at(partition).add(from, end);
    group.told.delivered += end.0.saturating_sub(from.0);
    history.reprocessed.looked();
    if !again.is_empty() {
        reprocessed::had_before(history, step, &delivery, &again);
    }
    if history.keys.is_empty() || promises.takes_time(id) {
        return;
    }
    for (place, record) in (0..).zip(batch.records.iter()) {
        let offset = batch.base_offset.plus(place);
        if offset >= from && record.content.is_some() && !within(&again, offset) {
            key_order::finished(history, step, id, (partition, offset, record.value), promises);
        }
    }
}

/// An application has worked on records.
pub(super) fn processed(
    history: &mut History,
    step: &Step,
    id: GroupId,
    (partition, from, to): (TopicPartition, Offset, Offset),
    promises: &Promises,
) {
    let group = group(&mut history.groups, id);
    group.takes_time = true;
    let again = group.worked_on.at(partition).add(from, to);
    if history.keys.is_empty() {
        return;
    }
    for offset in (from.0..to.0).map(Offset).filter(|offset| !within(&again, *offset)) {
        if let Some(value) = history.offsets.value(partition, offset) {
            key_order::finished(history, step, id, (partition, offset, value), promises);
        }
    }
}

fn within(spans: &[Span], offset: Offset) -> bool {
    spans.iter().any(|(from, to)| *from <= offset && offset < *to)
}

/// Whether a group has finished this value at another place than this one.
pub(super) fn finished_elsewhere(
    history: &History,
    id: GroupId,
    value: RecordId,
    here: (TopicPartition, Offset),
) -> bool {
    let Some(group) = history.groups.get(usize::from(id.0)) else { return false };
    let first = history.records.get(value).and_then(|entry| entry.first);
    let lowest = (value, TopicPartition::default(), Offset::ZERO);
    let copies = history.copies.range(lowest..).take_while(|(copy, ..)| *copy == value);
    let places = first.into_iter().chain(copies.map(|(_, partition, offset)| (*partition, *offset)));
    places.into_iter().any(|place| place != here && group.has_finished(place))
}
