//! `lag-bounded`: a group never stands further behind than its scenario says.
//!
//! Source: R4 of the requirements: consumers keep up with the partitions that `highwater size` computes for them, and
//! fall behind below. The lag of a group in a partition is the high watermark of the true leader less the position of
//! the member that owns it; less the group's committed offset where nobody owns it or the owner does not know its
//! position yet; less 0 if there is none and the group reads from the start. Kafka's `kafka-consumer-groups` shows the
//! same with the committed offset.
//!
//! Looked at: rises of the high watermark on topics that a group with `max_lag` reads, until the faults are over. Broken
//! when the lag comes to lie above the bound, and again only after it was back.

use std::sync::Arc;

use highwater_model::config::AutoOffsetReset;
use highwater_model::ids::{BrokerId, GroupId, Offset, TopicPartition};
use highwater_model::view::{ClusterView, ConsumerView};

use super::scene::Scene;
use super::slots::BySlot;
use crate::clients::Reader;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct LagBounded {
    pub(crate) tally: Tally,
    readers: Arc<[Reader]>,
    /// By topic: the places in `readers` of the groups that read it.
    by_topic: Vec<Vec<usize>>,
    /// By the place of the group among those that read the topic.
    partitions: BySlot<Vec<Followed>>,
    /// By the group's place in `readers`.
    groups: Vec<Lag>,
    over: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Lag {
    largest: u64,
    /// How often partitions were shared out.
    shares: u32,
}

/// How far a group has come in a partition.
#[derive(Clone, Copy, Debug, Default)]
struct Followed {
    committed: Option<Offset>,
    /// The owner's place in the view and the partition's among its positions, as of `shares`.
    owner: Option<(usize, usize)>,
    shares: u32,
    behind: bool,
}

impl LagBounded {
    pub(crate) fn new(readers: Arc<[Reader]>) -> Self {
        let mut by_topic: Vec<Vec<usize>> = Vec::new();
        for (place, reader) in readers.iter().enumerate() {
            for topic in &reader.topics {
                let topic = usize::from(topic.0);
                by_topic.resize(by_topic.len().max(topic + 1), Vec::new());
                by_topic[topic].push(place);
            }
        }
        let groups = vec![Lag::default(); readers.len()];
        Self { readers, by_topic, groups, ..Self::default() }
    }

    /// The largest lag of a group in a partition.
    pub(crate) fn largest(&self, group: GroupId) -> u64 {
        let known = self.readers.iter().zip(&self.groups).find(|(reader, _)| reader.group == group);
        known.map_or(0, |(_, lag)| lag.largest)
    }

    /// The faults are over.
    pub(crate) fn heal_started(&mut self) {
        self.over = true;
    }

    /// Members of the group own other partitions than before.
    pub(crate) fn shared_out(&mut self, group: GroupId) {
        for (reader, lag) in self.readers.iter().zip(&mut self.groups) {
            lag.shares += u32::from(reader.group == group);
        }
    }

    /// A group's progress was stored.
    pub(crate) fn committed(&mut self, scene: &Scene<'_>, group: GroupId, offset: Offset) {
        let Some(reading) = self.by_topic.get(usize::from(scene.partition.id().topic.0)) else { return };
        let followed = self.partitions.at(scene.slot);
        followed.resize(reading.len(), Followed::default());
        for (place, reader) in reading.iter().enumerate() {
            if self.readers[*reader].group == group {
                followed[place].committed = Some(offset);
            }
        }
    }

    /// A leader's high watermark rose.
    #[inline]
    pub(crate) fn advanced(&mut self, scene: &Scene<'_>, broker: BrokerId, to: Offset) {
        let partition = scene.partition.id();
        let Some(reading) = self.by_topic.get(usize::from(partition.topic.0)) else { return };
        if self.over || reading.is_empty() {
            return;
        }
        if scene.partition.true_leader().is_none_or(|leader| leader.broker != broker) {
            return;
        }
        let followed = self.partitions.at(scene.slot);
        if followed.len() < reading.len() {
            followed.resize(reading.len(), Followed::default());
        }
        for (&place, followed) in reading.iter().zip(followed) {
            let (reader, lag) = (&self.readers[place], &mut self.groups[place]);
            let Some(at) = followed.stands(scene.view, reader, partition, lag.shares) else { continue };
            let records = to.0.saturating_sub(at.0);
            lag.largest = lag.largest.max(records);
            let Some(max) = reader.max_lag else { continue };
            self.tally.looked += 1;
            let before = std::mem::replace(&mut followed.behind, records > max);
            if followed.behind && !before {
                self.tally.broke(|| {
                    let evidence = format!(
                        "group {} stands at {at} in {}, {records} records behind the high watermark {to}; max_lag is \
                         {max}",
                        scene.names.group(reader.group),
                        scene.name()
                    );
                    scene.finding(Property::LagBounded, evidence)
                });
            }
        }
    }
}

impl Followed {
    /// Where the group stands; none where it reads only what is new and nobody knows yet what that is.
    fn stands(
        &mut self,
        view: &ClusterView,
        reader: &Reader,
        partition: TopicPartition,
        shares: u32,
    ) -> Option<Offset> {
        if self.shares != shares || self.position(view, partition).is_none() {
            self.shares = shares;
            self.owner = owner(view, reader.group, partition);
        }
        let from_start = reader.settings.auto_offset_reset == AutoOffsetReset::Earliest;
        let position = self.position(view, partition).and_then(|(_, position)| *position);
        position.or(self.committed).or(from_start.then_some(Offset::ZERO))
    }

    /// The owner's entry of the partition, if it is still where it was.
    fn position<'a>(
        &self,
        view: &'a ClusterView,
        partition: TopicPartition,
    ) -> Option<&'a (TopicPartition, Option<Offset>)> {
        let (consumer, place) = self.owner?;
        view.consumers.get(consumer)?.positions.get(place).filter(|(owned, _)| *owned == partition)
    }
}

/// The member of the latest generation that owns the partition, by its place in the view, and its entry of it.
fn owner(view: &ClusterView, group: GroupId, partition: TopicPartition) -> Option<(usize, usize)> {
    let owned = |(place, consumer): (usize, &ConsumerView)| {
        let entry = consumer.positions.binary_search_by_key(&partition, |(id, _)| *id).ok()?;
        (consumer.group == group).then_some((consumer.generation, place, entry))
    };
    let owners = view.consumers.iter().enumerate().filter_map(owned);
    owners.max().map(|(_, place, entry)| (place, entry))
}
