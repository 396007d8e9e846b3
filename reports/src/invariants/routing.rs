//! `routing`: a record goes to the partition that its sender names, else to the one that its key's hash gives, else to
//! the next in turn.
//!
//! Source: R5 of the requirements; I26 of `kafka-behaviour.md`; 0.11.0.2 `DefaultPartitioner.partition`. A key may count
//! over any number of partitions that its topic has had so far: producers learn late that a topic has grown. The turn of
//! records without a key is held to only while their topic keeps its number of partitions and no partition has
//! changed or lost its leader, because those without a leader are left out of it. What sticky partitioners choose by chance must
//! be a partition of the topic.
//!
//! A record that its producer refuses in the same breath never got a partition: for max.block.ms it knew of none.
//!
//! Looked at: records that producers were handed and did not refuse. Broken at each that goes elsewhere.

use std::sync::Arc;

use highwater_model::config::{ClusterConfig, PartitionerClass};
use highwater_model::event::Event;
use highwater_model::ids::{LeaderEpoch, NodeId, TopicId, TopicPartition};
use highwater_model::murmur2::{murmur2, to_positive};
use highwater_model::protocol::UnkeyedRule;
use highwater_model::record::Record;

use super::scene::Scene;
use crate::clients::Writer;
use crate::finding::Tally;
use crate::property::Property;

/// The largest number of a turn; after it comes 0. Source: 0.11.0.2 `Utils.toPositive`.
const LAST_TURN: u32 = 0x7fff_ffff;

#[derive(Clone, Debug, Default)]
pub(crate) struct Routing {
    pub(crate) tally: Tally,
    writers: Arc<[Writer]>,
    /// By node: its place in `writers`, and how far it has come.
    producers: Vec<Option<Producer>>,
    topics: Vec<Topic>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Producer {
    writer: usize,
    /// Where its latest record without a key went; none if the next may go anywhere.
    latest: Option<u16>,
    /// How many changes of the topic it has seen.
    changes: u32,
    /// Whether its turns have begun again from 0.
    wrapped: bool,
}

#[derive(Clone, Debug, Default)]
struct Topic {
    /// Every number of partitions that it has had, ascending.
    counts: Vec<u16>,
    /// How often leaders or the number of partitions have changed.
    changes: u32,
}

impl Routing {
    pub(crate) fn new(config: &ClusterConfig, writers: Arc<[Writer]>) -> Self {
        let mut producers: Vec<Option<Producer>> = Vec::new();
        for (place, writer) in writers.iter().enumerate() {
            let node = usize::from(writer.node.0);
            producers.resize(producers.len().max(node + 1), None);
            producers[node] = Some(Producer { writer: place, ..Producer::default() });
        }
        let topic = |assigned: usize| Topic { counts: vec![assigned as u16], changes: 0 };
        let topics = config.topics.iter().map(|settings| topic(settings.assignment.len())).collect();
        Self { tally: Tally::default(), writers, producers, topics }
    }

    /// A topic has more partitions than before.
    pub(crate) fn grew(&mut self, topic: TopicId, count: u16) {
        if let Some(topic) = self.topics.get_mut(usize::from(topic.0)) {
            topic.changes += 1;
            if topic.counts.last() != Some(&count) {
                topic.counts.push(count);
            }
        }
    }

    /// Looks at a partition: the controller may take a leader away long before an event says that nobody may lead, as
    /// it does while it asks replicas how far they are. Before the first epoch has a leader there is none to lose.
    #[inline]
    pub(crate) fn look(&mut self, scene: &Scene<'_>) {
        let controller = &scene.partition.controller;
        if controller.leader.is_none() && controller.leader_epoch != LeaderEpoch::default() {
            self.leaders_changed(scene.partition.id().topic);
        }
    }

    /// A partition of the topic was or is without its leader.
    pub(crate) fn leaders_changed(&mut self, topic: TopicId) {
        if let Some(topic) = self.topics.get_mut(usize::from(topic.0)) {
            topic.changes += 1;
        }
    }

    /// A producer begins anew, and with it its turns.
    pub(crate) fn restarted(&mut self, node: NodeId) {
        if let Some(Some(producer)) = self.producers.get_mut(usize::from(node.0)) {
            (producer.latest, producer.wrapped) = (None, false);
        }
    }

    /// A producer was handed a record and chose a partition.
    #[inline]
    pub(crate) fn sent(&mut self, scene: &Scene<'_>, client: NodeId, record: &Record, next: Option<&Event>) {
        let TopicPartition { topic, partition } = scene.partition.id();
        let Some(Some(producer)) = self.producers.get_mut(usize::from(client.0)) else { return };
        if next.is_some_and(|next| refused(next, record)) {
            // Whether it took a turn nobody but the producer knows.
            producer.latest = None;
            return;
        }
        let Some(known) = self.topics.get(usize::from(topic.0)) else { return };
        let writer = &self.writers[producer.writer];
        self.tally.looked += 1;
        let wrong = if let Some(named) = writer.partition {
            (named != partition).then_some(Wrong::Named(named))
        } else {
            producer.choose(scene, writer.settings.partitioner_class, known, record, partition)
        };
        if let Some(wrong) = wrong {
            self.tally.broke(|| {
                let node = scene.names.node(client);
                let evidence =
                    format!("{node} sent {} to {}, {wrong}", scene.record(record.value), scene.name());
                scene.finding(Property::Routing, evidence)
            });
        }
    }
}

/// Whether this event gives up the record, which surely was not written.
fn refused(event: &Event, record: &Record) -> bool {
    let Event::SendFailed { records, definite: true, .. } = event else { return false };
    records.iter().any(|it| it.value == record.value)
}

impl Producer {
    /// What is wrong with the partition that it chose, if anything.
    fn choose(
        &mut self,
        scene: &Scene<'_>,
        class: PartitionerClass,
        topic: &Topic,
        record: &Record,
        partition: u16,
    ) -> Option<Wrong> {
        let newest = topic.counts.last().copied().unwrap_or_default();
        if partition >= newest {
            return Some(Wrong::OutOfRange(newest));
        }
        match (class, record.key()) {
            (PartitionerClass::DefaultPartitioner, Some(key)) => {
                let hash = to_positive(murmur2(key));
                let by = |count: &u16| (hash % u32::from(*count).max(1)) as u16;
                let may = topic.counts.iter().rev().any(|count| by(count) == partition);
                (!may).then(|| Wrong::Hash(by(&newest), newest))
            }
            (PartitionerClass::DefaultPartitioner | PartitionerClass::KeysOverAvailablePartitioner, None)
                if scene.config.protocol.partitioner == UnkeyedRule::RoundRobin =>
            {
                self.turn(topic, newest, partition)
            }
            (
                PartitionerClass::DefaultPartitioner
                | PartitionerClass::KeysOverAvailablePartitioner
                | PartitionerClass::RoundRobinPartitioner
                | PartitionerClass::UniformStickyPartitioner,
                _,
            ) => None,
        }
    }

    fn turn(&mut self, topic: &Topic, count: u16, partition: u16) -> Option<Wrong> {
        // Which partitions its metadata had with a leader just after a change, nobody but the producer knows.
        let undisturbed = topic.changes == 0 && self.changes == 0;
        self.changes = topic.changes;
        let latest = self.latest.replace(partition).filter(|_| undisturbed)?;
        let next = (latest + 1) % count;
        let from_the_last = LAST_TURN % u32::from(count) == u32::from(latest);
        if partition == next {
            None
        } else if partition == 0 && from_the_last && !self.wrapped {
            self.wrapped = true;
            None
        } else {
            Some(Wrong::Turn(next))
        }
    }
}

/// Why a record should have gone elsewhere.
enum Wrong {
    Named(u16),
    OutOfRange(u16),
    Hash(u16, u16),
    Turn(u16),
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Named(named) => write!(f, "but its application names partition {named}"),
            Self::OutOfRange(count) => write!(f, "but the topic has {count} partitions"),
            Self::Hash(right, count) => {
                write!(
                    f,
                    "but its key belongs to partition {right} of {count}, or to one of an earlier count"
                )
            }
            Self::Turn(next) => write!(f, "but it was the turn of partition {next}"),
        }
    }
}
