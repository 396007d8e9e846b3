//! A member of a group.

use std::sync::Arc;

use crate::client::network::{Ask, Network, NetworkSettings};
use crate::config::{AutoOffsetReset, ClusterConfig, CommitPoint, ConsumerConfig, ServiceRate};
use crate::event::Event;
use crate::group::assignors;
use crate::ids::{BrokerId, CorrelationId, GroupId, NodeId, Offset, TopicId, TopicPartition};
use crate::machine::{Command, Effects, Ending, Input, Machine};
use crate::message::{Body, ErrorCode, Message};
use crate::time::{Instant, Micros};
use crate::view::ClusterView;

/// How much longer than fetch.max.wait.ms a request may stay unanswered before its connection counts as broken.
///
/// Kafka waits for request.timeout.ms, whose default of 305 s is made for a JoinGroup that lasts through
/// max.poll.interval.ms. Members here never wait for a rebalance, and a broker that lost power is to hold them up no
/// longer than another one needs to be elected: our simplification.
const PATIENCE: Micros = Micros::from_millis(5_000);

/// Requests in flight on a connection. Source: 0.11.0.2 `KafkaConsumer` (a fixed 100).
const MAX_IN_FLIGHT: usize = 100;

/// What a member is made of.
#[derive(Clone, Debug)]
pub struct MemberSetup {
    /// Its own node.
    pub node: NodeId,
    /// Its group.
    pub group: GroupId,
    /// `group.instance.id` of a static member: its own node.
    pub instance: Option<NodeId>,
    /// What the group reads, ascending.
    pub topics: Arc<[TopicId]>,
    /// The cluster that it reads from; all brokers are in bootstrap.servers.
    pub config: Arc<ClusterConfig>,
    /// Its settings.
    pub settings: ConsumerConfig,
    /// When its application commits by itself.
    pub commit: CommitPoint,
    /// How fast it works on each partition; none: at once.
    pub service_rate: Option<ServiceRate>,
}

/// What a member asks besides metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Request {
    OffsetFetch,
    OffsetCommit,
    ListOffsets(TopicPartition),
    Fetch,
}

/// How far a member has come in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Position {
    /// Its group's committed offset is to be asked for.
    AwaitCommitted,
    /// The log's start or end is to be asked for; `asked` once that has been done.
    AwaitReset { asked: bool },
    /// The next record to return.
    At(Offset),
}

/// A partition that the member owns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Owned {
    pub(super) partition: TopicPartition,
    pub(super) position: Position,
    /// What was last committed; none if the latest commit failed.
    pub(super) committed: Option<Offset>,
    /// The fetch that may move the position; an answer to an older one is passed over.
    pub(super) fetch: Option<CorrelationId>,
    /// After an error, nothing is asked before this moment.
    pub(super) retry_at: Instant,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    pub(super) node: NodeId,
    pub(super) group: GroupId,
    index: u16,
    members: u16,
    topics: Arc<[TopicId]>,
    pub(super) settings: ConsumerConfig,
    pub(super) retry_backoff: Micros,
    /// The broker that keeps the group's offsets.
    pub(super) coordinator: BrokerId,
    pub(super) net: Network<Request>,
    /// How many partitions each of `topics` was last seen to have.
    counts: Vec<u16>,
    /// Ascending by partition.
    pub(super) owned: Vec<Owned>,
    /// The fetch in flight to each broker; broker `b` is at `b - 1`.
    pub(super) fetches: Vec<Option<CorrelationId>>,
    /// An OffsetFetch is in flight.
    pub(super) fetching_offsets: bool,
    /// No OffsetFetch before this moment.
    pub(super) offsets_retry_at: Instant,
    /// The next poll commits from this moment on.
    pub(super) commit_at: Instant,
    /// It has no offset and auto.offset.reset is none: the application has got an exception and polls no more.
    pub(super) stopped: bool,
    /// Whether something has changed since it was shown.
    pub(super) unseen: bool,
}

impl Member {
    /// A member that has not been started.
    pub fn new(setup: MemberSetup) -> Self {
        let MemberSetup { node, group, topics, config, settings, .. } = setup;
        let patience = Micros::from_millis(settings.fetch_max_wait_ms) + PATIENCE;
        let retry_backoff = Micros::from_millis(settings.retry_backoff_ms);
        Self {
            node,
            group,
            index: 0,
            members: 1,
            counts: vec![0; topics.len()],
            topics,
            retry_backoff,
            coordinator: BrokerId((group.0 % u16::from(config.brokers)) as u8 + 1),
            net: Network::new(NetworkSettings {
                brokers: config.brokers,
                request_timeout: patience.min(Micros::from_millis(settings.request_timeout_ms.max(1))),
                retry_backoff,
                metadata_max_age: Micros::from_millis(settings.metadata_max_age_ms),
                max_in_flight: MAX_IN_FLIGHT,
            }),
            settings,
            owned: Vec::new(),
            fetches: vec![None; usize::from(config.brokers)],
            fetching_offsets: false,
            offsets_retry_at: Instant::START,
            commit_at: Instant::START,
            stopped: false,
            unseen: true,
        }
    }

    /// The same member, at place `index` of `members`; unless told it is the only one.
    #[must_use]
    pub fn placed(self, index: u16, members: u16) -> Self {
        Self { index, members, ..self }
    }

    fn on_message(&mut self, now: Instant, from: NodeId, message: Message, out: &mut Effects) {
        let Message { correlation, body } = message;
        let Some(broker) = self.net.broker(from) else { return };
        let Some(ask) = self.net.answered(broker, correlation) else { return };
        match ask {
            Ask::Handshake => self.sweep(now, out),
            Ask::Metadata => {
                let Body::MetadataReply(metadata) = body else { return };
                if self.net.take_metadata(broker, &metadata, now) {
                    self.assign(now, out);
                }
                self.sweep(now, out);
            }
            Ask::Own(Request::OffsetFetch) => {
                let Body::OffsetFetchReply { error, offsets } = body else { return };
                self.on_committed_offsets(error, &offsets, now, out);
                self.sweep(now, out);
            }
            Ask::Own(Request::OffsetCommit) => {
                let Body::OffsetCommitReply { error } = body else { return };
                if error != ErrorCode::None {
                    self.commit_failed(now);
                }
            }
            Ask::Own(Request::ListOffsets(_)) => {
                let Body::ListOffsetsReply { partition, error, offset } = body else { return };
                self.on_listed_offset(partition, error, offset, now, out);
                self.sweep(now, out);
            }
            Ask::Own(Request::Fetch) => {
                let Body::FetchReply { partitions } = body else { return };
                self.on_fetch_reply(broker, correlation, &partitions, now, out);
            }
        }
    }

    /// Takes what this member owns from the number of partitions. A topic that seems to have lost partitions has not:
    /// the broker that says so is behind.
    fn assign(&mut self, now: Instant, out: &mut Effects) {
        let mut changed = false;
        for (topic, count) in self.topics.iter().zip(&mut self.counts) {
            let known = self.net.metadata.partition_count(*topic);
            changed |= known > *count;
            *count = known.max(*count);
        }
        if !changed {
            return;
        }
        let mut partitions: Vec<_> = self
            .topics
            .iter()
            .zip(&self.counts)
            .flat_map(|(&topic, &count)| {
                let mine = assignors::range(self.index, self.members, count);
                mine.map(move |partition| TopicPartition { topic, partition })
            })
            .collect();
        partitions.sort_unstable();
        partitions.dedup();
        self.own(&partitions, now, out);
    }

    /// Owns exactly `partitions`, which ascend. What it gives away it commits first.
    /// Source: 0.11.0.2 `ConsumerCoordinator.onJoinPrepare`.
    fn own(&mut self, partitions: &[TopicPartition], now: Instant, out: &mut Effects) {
        if self.owned.iter().any(|owned| partitions.binary_search(&owned.partition).is_err()) {
            self.commit_before_revocation(now, out);
        }
        let mut before = std::mem::take(&mut self.owned).into_iter().peekable();
        self.owned = partitions
            .iter()
            .map(|&partition| {
                while before.next_if(|owned| owned.partition < partition).is_some() {}
                let kept = before.next_if(|owned| owned.partition == partition);
                kept.unwrap_or(Owned {
                    partition,
                    position: Position::AwaitCommitted,
                    committed: None,
                    fetch: None,
                    retry_at: now,
                })
            })
            .collect();
        self.unseen = true;
    }

    /// The member reads on at `to`.
    pub(super) fn start_at(&mut self, place: usize, to: Offset, out: &mut Effects) {
        let owned = &mut self.owned[place];
        owned.position = Position::At(to);
        owned.fetch = None;
        self.unseen = true;
        let (client, group, partition) = (self.node, self.group, owned.partition);
        out.event(Event::PositionReset { client, group, partition, to });
    }

    /// There is no valid offset: auto.offset.reset decides.
    /// Source: 0.11.0.2 `Fetcher.updateFetchPositions`, `SubscriptionState.needOffsetReset`.
    pub(super) fn reset(&mut self, place: usize) {
        let owned = &mut self.owned[place];
        owned.position = Position::AwaitReset { asked: false };
        owned.fetch = None;
        self.stopped |= self.settings.auto_offset_reset == AutoOffsetReset::None;
        self.unseen = true;
    }

    /// Where a partition stands in `owned`.
    pub(super) fn place(&self, partition: TopicPartition) -> Option<usize> {
        self.owned.binary_search_by_key(&partition, |owned| owned.partition).ok()
    }

    fn break_connection(&mut self, broker: BrokerId, now: Instant) {
        let mut failed = Vec::new();
        self.net.disconnected(broker, now, &mut failed);
        for request in failed {
            match request {
                Request::OffsetFetch => self.offset_fetch_failed(now),
                Request::OffsetCommit => self.commit_failed(now),
                Request::ListOffsets(partition) => self.list_offsets_failed(partition, now),
                Request::Fetch => self.fetches[usize::from(broker.0) - 1] = None,
            }
        }
    }

    /// Does all that is due and adds up the deadlines.
    pub(super) fn sweep(&mut self, now: Instant, out: &mut Effects) {
        self.net.wake.clear();
        if self.stopped {
            return;
        }
        while let Some(broker) = self.net.timed_out(now) {
            self.break_connection(broker, now);
        }
        self.ask_for_committed_offsets(now, out);
        self.ask_for_resets(now, out);
        for broker in self.net.brokers() {
            self.fetch_from(broker, now, out);
        }
        for owned in &self.owned {
            if owned.retry_at > now {
                self.net.wake.by(owned.retry_at);
            }
            if self.net.metadata.leader(owned.partition).is_none() {
                self.net.metadata.want();
            }
        }
        self.net.refresh(now, out);
        self.net.arm();
        assert!(!self.net.wake.is_due(now), "a member must not ask to be called again at the same moment");
    }
}

impl Machine for Member {
    fn handle(&mut self, now: Instant, input: Input, out: &mut Effects) {
        match input {
            Input::Start => {
                self.commit_at = now + Micros::from_millis(self.settings.auto_commit_interval_ms);
                self.sweep(now, out);
            }
            Input::Message { from, message } if !self.stopped => self.on_message(now, from, message, out),
            Input::Disconnected(node) => {
                if let Some(broker) = self.net.broker(node) {
                    self.break_connection(broker, now);
                    self.sweep(now, out);
                }
            }
            Input::Command(Command::Close) => out.stop = Some(Ending::Clean),
            Input::Message { .. } | Input::Deadline | Input::Command(_) => {}
        }
        if self.net.wake.is_due(now) {
            self.sweep(now, out);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.net.wake.at()
    }

    fn show(&mut self, view: &mut ClusterView) {
        if !self.unseen {
            return;
        }
        let Ok(place) = view.consumers.binary_search_by_key(&self.node, |consumer| consumer.node) else {
            return;
        };
        let shown = &mut view.consumers[place].positions;
        shown.clear();
        shown.extend(self.owned.iter().map(|owned| {
            let position = match owned.position {
                Position::At(offset) => Some(offset),
                Position::AwaitCommitted | Position::AwaitReset { .. } => None,
            };
            (owned.partition, position)
        }));
        self.unseen = false;
    }
}

#[cfg(test)]
#[path = "member_test.rs"]
mod member_test;
