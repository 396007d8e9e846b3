//! What a client knows of the cluster, and when it asks again.

use crate::ids::{BrokerId, LeaderEpoch, TopicId, TopicPartition};
use crate::message::Metadata;
use crate::time::{Instant, Micros};

/// The leaders of one topic's partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct TopicLeaders {
    /// By partition.
    leaders: Vec<Option<BrokerId>>,
    /// By partition: the epoch of that leader, or of there being none.
    epochs: Vec<LeaderEpoch>,
    /// Partitions that have a leader, ascending.
    available: Vec<u16>,
}

/// The cluster as of the latest reply. Source: 0.11.0.2 `Metadata`, `Cluster`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClusterMetadata {
    /// By topic.
    topics: Vec<TopicLeaders>,
    /// By broker less one: the partitions that it leads, ascending.
    led: Vec<Vec<TopicPartition>>,
    /// How many replies were taken.
    version: u32,
    /// Somebody needs newer metadata.
    wanted: bool,
    /// A request is on its way.
    in_flight: bool,
    /// When the latest reply came, useful or not.
    refreshed: Option<Instant>,
    /// When the latest useful one came.
    succeeded: Option<Instant>,
    backoff: Micros,
    max_age: Micros,
    /// Of a partition, nothing older is believed than what is known.
    keeps_newer: bool,
}

impl ClusterMetadata {
    /// Nothing is known yet. `backoff` is retry.backoff.ms, `max_age` is metadata.max.age.ms; `keeps_newer`: a broker that is
    /// behind is not believed what it says of a partition. Source: KAFKA-7738, 2.2.0 `Metadata.updateLastSeenEpoch`.
    pub(crate) fn new(brokers: u8, backoff: Micros, max_age: Micros, keeps_newer: bool) -> Self {
        Self {
            topics: Vec::new(),
            led: vec![Vec::new(); usize::from(brokers)],
            version: 0,
            wanted: true,
            in_flight: false,
            refreshed: None,
            succeeded: None,
            backoff,
            max_age,
            keeps_newer,
        }
    }

    /// How many replies were taken.
    pub(crate) fn version(&self) -> u32 {
        self.version
    }

    /// How many partitions a topic has; 0 while it is unknown.
    pub(crate) fn partition_count(&self, topic: TopicId) -> u16 {
        self.topic(topic).map_or(0, |topic| topic.leaders.len() as u16)
    }

    /// The partitions of a topic that have a leader.
    pub(crate) fn available(&self, topic: TopicId) -> &[u16] {
        self.topic(topic).map_or(&[], |topic| &topic.available)
    }

    /// Who leads a partition.
    pub(crate) fn leader(&self, partition: TopicPartition) -> Option<BrokerId> {
        *self.topic(partition.topic)?.leaders.get(usize::from(partition.partition))?
    }

    /// Who leads a partition, and in which epoch.
    pub(crate) fn leader_and_epoch(&self, partition: TopicPartition) -> Option<(BrokerId, LeaderEpoch)> {
        let (topic, place) = (self.topic(partition.topic)?, usize::from(partition.partition));
        Some(((*topic.leaders.get(place)?)?, *topic.epochs.get(place)?))
    }

    /// The partitions that a broker leads.
    pub(crate) fn led_by(&self, broker: BrokerId) -> &[TopicPartition] {
        &self.led[usize::from(broker.0) - 1]
    }

    /// Asks for newer metadata as soon as the back-off allows.
    pub(crate) fn want(&mut self) {
        self.wanted = true;
    }

    /// Whether nobody has asked for newer metadata, and it is not too old. Source: 0.11.0.2
    /// `ConsumerNetworkClient.ensureFreshMetadata`.
    pub(crate) fn is_fresh(&self, now: Instant) -> bool {
        !self.wanted && self.succeeded.is_some_and(|at| at + self.max_age > now)
    }

    /// When to ask; none while a request is on its way. Source: 0.11.0.2 `Metadata.timeToNextUpdate`.
    pub(crate) fn due_at(&self) -> Option<Instant> {
        if self.in_flight {
            return None;
        }
        let allowed = self.refreshed.map_or(Instant::START, |at| at + self.backoff);
        let expires = self.succeeded.map_or(Instant::START, |at| at + self.max_age);
        Some(if self.wanted { allowed } else { allowed.max(expires) })
    }

    /// A request left.
    pub(super) fn asked(&mut self) {
        self.in_flight = true;
    }

    /// The request will stay unanswered; another broker may be asked at once.
    /// Source: 0.11.0.2 `NetworkClient.DefaultMetadataUpdater.handleDisconnection`.
    pub(super) fn failed(&mut self) {
        self.in_flight = false;
        self.wanted = true;
    }

    /// Takes a reply. One that knows no broker changes nothing: the broker that sent it has just started and has not
    /// heard from the controller. Source: 0.11.0.2 `DefaultMetadataUpdater.handleCompletedMetadataResponse`.
    pub(crate) fn take(&mut self, metadata: &Metadata, now: Instant) -> bool {
        self.in_flight = false;
        self.refreshed = Some(now);
        if metadata.live_brokers.is_empty() {
            self.wanted = true;
            return false;
        }
        self.succeeded = Some(now);
        self.wanted = false;
        self.version += 1;
        self.fill(metadata);
        true
    }

    fn fill(&mut self, metadata: &Metadata) {
        let before = if self.keeps_newer { self.topics.clone() } else { Vec::new() };
        for topic in &mut self.topics {
            topic.leaders.clear();
            topic.epochs.clear();
            topic.available.clear();
        }
        self.led.iter_mut().for_each(Vec::clear);
        for state in &metadata.partitions {
            let TopicPartition { topic, partition } = state.partition;
            let (place, number) = (usize::from(topic.0), usize::from(partition));
            if self.topics.len() <= place {
                self.topics.resize_with(place + 1, TopicLeaders::default);
            }
            let known = before.get(place).and_then(|topic| topic.epochs.get(number));
            let (leader, epoch) = match known {
                Some(&epoch) if epoch > state.leader_epoch => (before[place].leaders[number], epoch),
                Some(_) | None => (state.leader, state.leader_epoch),
            };
            let topic = &mut self.topics[place];
            topic.leaders.resize(number, None);
            topic.leaders.push(leader);
            topic.epochs.resize(number, LeaderEpoch::default());
            topic.epochs.push(epoch);
            if let Some(leader) = leader {
                topic.available.push(partition);
                self.led[usize::from(leader.0) - 1].push(state.partition);
            }
        }
    }

    fn topic(&self, topic: TopicId) -> Option<&TopicLeaders> {
        self.topics.get(usize::from(topic.0))
    }
}
