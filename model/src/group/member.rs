//! A member of a group: Kafka's classic consumer, and the application that calls it.
//!
//! Source: 0.11.0.2 `KafkaConsumer`, `AbstractCoordinator`, `ConsumerCoordinator`, `Fetcher`; cooperative rebalancing and
//! static membership as of 2.4.0, reading through a rebalance as of 2.5.0.
//!
//! The application has one thread. It is in `poll`, waits in `commitSync`, or works; a rebalance, fetches and the look-up
//! of offsets go on only while it is in `poll`. Heartbeats have a thread of their own and go on always. An application
//! without a service rate needs no time for its work and so is nearly always in `poll`.

pub(super) mod application;
mod assignment;
mod commits;
mod heartbeat;
mod joining;
mod lookup;
pub(crate) mod processing;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::client::network::{Ask, Network, NetworkSettings};
use crate::config::{AutoOffsetReset, ClusterConfig, CommitPoint, ConsumerConfig, ServiceRate};
use crate::event::Event;
use crate::group::fetcher::Buffered;
use crate::group::member::application::{Application, Work};
use crate::group::member::commits::SyncCommit;
use crate::group::member::heartbeat::Heartbeat;
use crate::group::member::joining::Membership;
use crate::group::member::lookup::Lookup;
use crate::ids::{
    BrokerId, CorrelationId, Generation, GroupId, LeaderEpoch, MemberId, NodeId, Offset, TopicId,
    TopicPartition,
};
use crate::machine::{Command, Effects, Input, Machine};
use crate::message::{Body, Message};
use crate::time::{Instant, Micros};
use crate::view::ClusterView;

/// How much longer than fetch.max.wait.ms a request may stay unanswered before its connection counts as broken.
///
/// Kafka waits for request.timeout.ms, whose default of 305 s is made for a JoinGroup that lasts through
/// max.poll.interval.ms. Here a JoinGroup has a timeout of its own, as from 2.3 on, and a broker that lost power is to hold
/// up everything else no longer than another one needs to be elected: our simplification.
const PATIENCE: Micros = Micros::from_millis(5_000);

/// Requests in flight on a connection. Source: 0.11.0.2 `KafkaConsumer` (a fixed 100).
const MAX_IN_FLIGHT: usize = 100;

/// What a member is made of.
#[derive(Clone, Debug)]
pub struct MemberSetup {
    /// Its own node.
    pub node: NodeId,
    /// How many lives the node has had before.
    pub life: u32,
    /// Its group.
    pub group: GroupId,
    /// `group.instance.id` of a static member: its own node. None for a dynamic one.
    pub instance: Option<NodeId>,
    /// What it reads.
    pub topics: Arc<[TopicId]>,
    /// The cluster that it reads from; all brokers are in bootstrap.servers.
    pub config: Arc<ClusterConfig>,
    /// Its settings.
    pub settings: ConsumerConfig,
    /// When its application commits, if `enable.auto.commit` is off.
    pub commit: CommitPoint,
    /// How fast its application works; none: at once.
    pub service_rate: Option<ServiceRate>,
    /// Whether it works on several partitions at once, on each at that rate.
    pub side_by_side: bool,
}

/// What a member asks besides metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Request {
    FindCoordinator,
    JoinGroup,
    SyncGroup,
    /// In which generation.
    Heartbeat(Generation),
    LeaveGroup,
    OffsetFetch,
    /// A commit that nobody waits for, in which generation.
    AsyncCommit(Generation),
    /// A commit that the application's thread waits for, in which generation.
    SyncCommit(Generation),
    ListOffsets(TopicPartition),
    /// Where epochs end, to validate positions.
    EpochEnds,
    Fetch,
}

/// A request that was sent, and whom it was sent to.
type Asked = (BrokerId, CorrelationId);

/// How far a member has come in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Position {
    /// Its group's committed offset is to be asked for.
    AwaitCommitted,
    /// The log's start or end is to be asked for; `asked` once that has been done.
    AwaitReset { asked: bool },
    /// The leader has changed, and is to say whether the log still holds what was read before `at`; `asked` once it has been
    /// asked. Source: 2.4.0 `SubscriptionState.FetchStates.AWAIT_VALIDATION`.
    AwaitValidation { at: Offset, asked: Option<CorrelationId> },
    /// The next record to return.
    At(Offset),
}

/// A partition that the member owns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Owned {
    pub(super) partition: TopicPartition,
    pub(super) position: Position,
    /// The epoch of the last record before the position; none if the member has not read it.
    pub(super) epoch: Option<LeaderEpoch>,
    /// The leader for which the position stands, where that is looked at (KIP-320).
    pub(super) leader: Option<(BrokerId, LeaderEpoch)>,
    /// What was last committed; none if the latest commit failed.
    pub(super) committed: Option<Offset>,
    /// The fetch that may move the position; an answer to an older one is passed over.
    pub(super) fetch: Option<CorrelationId>,
    /// Something that was fetched waits for a poll; until then nothing more is fetched.
    pub(super) buffered: bool,
    /// After an error, nothing is asked before this moment.
    pub(super) retry_at: Instant,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    pub(super) node: NodeId,
    pub(super) group: GroupId,
    instance: Option<NodeId>,
    /// Ascending.
    topics: Arc<[TopicId]>,
    pub(super) settings: ConsumerConfig,
    pub(super) retry_backoff: Micros,
    pub(super) net: Network<Request>,
    pub(super) lookup: Lookup,
    pub(super) membership: Membership,
    heartbeat: Heartbeat,
    /// How many partitions each topic of the group has at least.
    counts: BTreeMap<TopicId, u16>,
    /// The same when this member last shared them out, if it leads its generation.
    counted: Option<BTreeMap<TopicId, u16>>,
    /// Ascending by partition.
    pub(super) owned: Vec<Owned>,
    /// Whether a poll commits also what it is about to return (KAFKA-2942).
    pub(super) commits_fetched: bool,
    /// Whether it reads no more while it commits before it gives everything away (KAFKA-14196).
    pub(super) revoking_stops_reading: bool,
    /// Whether it notices that the commit before a rebalance is done (KAFKA-14024).
    pub(super) joins_after_commit: bool,
    /// Whether positions carry epochs and are validated (KIP-320).
    pub(super) validates: bool,
    /// The metadata by which positions were last looked at.
    pub(super) validated_by: u32,
    /// Whether positions may wait for that.
    pub(super) validating: bool,
    /// The fetch in flight to each broker; broker `b` is at `b - 1`.
    pub(super) fetches: Vec<Option<CorrelationId>>,
    /// What was fetched and not yet returned by a poll, in the order in which it came.
    pub(super) buffer: VecDeque<Buffered>,
    /// The OffsetFetch in flight whose answer counts.
    pub(super) fetching_offsets: Option<CorrelationId>,
    /// No OffsetFetch before this moment.
    pub(super) offsets_retry_at: Instant,
    /// The next poll commits from this moment on.
    pub(super) commit_at: Instant,
    /// Polls return at once what a fetch brought, and work and commits take no time.
    pub(super) direct: bool,
    /// When the application commits by itself; `Never` with auto commit.
    commit_point: CommitPoint,
    service_rate: Option<ServiceRate>,
    side_by_side: bool,
    application: Application,
    /// What the latest poll returned, while the application is not done with it. Empties but keeps its memory.
    pub(super) work: Vec<Work>,
    /// What the latest poll returned to an application that hands it over to a producer of its own; none for others.
    hands_over: Option<Vec<(TopicPartition, Offset)>>,
    /// Who it was in its group when the latest poll returned.
    polled_as: Option<(MemberId, Generation)>,
    /// The commit that the application's thread waits for.
    sync_commit: Option<SyncCommit>,
    /// When the latest poll returned.
    polled_at: Instant,
    /// The application has got an exception and polls no more: there is no offset and auto.offset.reset is none, its
    /// group.instance.id was taken by another, or its group will not have it.
    pub(super) stopped: bool,
    /// Whether something has changed since it was shown.
    pub(super) unseen: bool,
}

impl Member {
    /// A member that has not been started.
    pub fn new(setup: MemberSetup) -> Self {
        let MemberSetup {
            node,
            life,
            group,
            instance,
            mut topics,
            config,
            settings,
            commit,
            service_rate,
            side_by_side,
        } = setup;
        if !topics.is_sorted() {
            let mut ascending = topics.to_vec();
            ascending.sort_unstable();
            topics = ascending.into();
        }
        let patience = Micros::from_millis(settings.fetch_max_wait_ms) + PATIENCE;
        let retry_backoff = Micros::from_millis(settings.retry_backoff_ms.max(1));
        let commit_point = if settings.enable_auto_commit { CommitPoint::Never } else { commit };
        Self {
            node,
            group,
            instance,
            retry_backoff,
            net: Network::new(NetworkSettings {
                life,
                brokers: config.brokers,
                keeps_newer: config.protocol.positions_validated,
                request_timeout: patience.min(Micros::from_millis(settings.request_timeout_ms.max(1))),
                retry_backoff,
                metadata_max_age: Micros::from_millis(settings.metadata_max_age_ms),
                max_in_flight: MAX_IN_FLIGHT,
            }),
            settings,
            lookup: Lookup::default(),
            membership: Membership::default(),
            heartbeat: Heartbeat::default(),
            counts: topics.iter().map(|&topic| (topic, 0)).collect(),
            counted: None,
            topics,
            owned: Vec::new(),
            commits_fetched: config.protocol.auto_commits_fetched,
            revoking_stops_reading: config.protocol.revoking_stops_reading,
            joins_after_commit: config.protocol.joins_after_commit,
            validates: config.protocol.positions_validated,
            validated_by: 0,
            validating: false,
            fetches: vec![None; usize::from(config.brokers)],
            buffer: VecDeque::new(),
            fetching_offsets: None,
            offsets_retry_at: Instant::START,
            commit_at: Instant::START,
            direct: service_rate.is_none() && commit_point == CommitPoint::Never,
            commit_point,
            service_rate,
            side_by_side,
            application: Application::Polling,
            work: Vec::new(),
            hands_over: None,
            polled_as: None,
            sync_commit: None,
            polled_at: Instant::START,
            stopped: false,
            unseen: true,
        }
    }

    fn on_message(&mut self, now: Instant, from: NodeId, message: Message, out: &mut Effects) {
        let Message { correlation, body } = message;
        let Some(broker) = self.net.broker(from) else { return };
        let Some(ask) = self.net.answered(broker, correlation) else { return };
        match ask {
            Ask::Handshake => {}
            Ask::Metadata => {
                let Body::MetadataReply(metadata) = body else { return };
                if self.net.take_metadata(broker, &metadata, now) {
                    self.on_new_metadata(now, out);
                }
            }
            Ask::Own(Request::Fetch) => {
                let Body::FetchReply { partitions } = body else { return };
                self.on_fetch_reply(broker, correlation, partitions, now, out);
                return;
            }
            Ask::Own(request) => self.on_reply(request, (broker, correlation), body, now, out),
        }
        self.sweep(now, out);
    }

    /// Takes every answer but those to fetches.
    fn on_reply(&mut self, request: Request, asked: Asked, body: Body, now: Instant, out: &mut Effects) {
        match (request, body) {
            (Request::FindCoordinator, Body::FindCoordinatorReply { error, coordinator }) => {
                self.on_found(error, coordinator, now);
            }
            (Request::JoinGroup, Body::JoinGroupReply { error, generation, member, leader, members }) => {
                let joined = error.result().map(|()| (generation, member));
                let members = if leader == member { Some(members) } else { None };
                self.on_joined(asked, joined, members, now, out);
            }
            (Request::SyncGroup, Body::SyncGroupReply { error, assignment }) => {
                self.on_synced(asked, error, assignment, now, out);
            }
            (Request::Heartbeat(generation), Body::HeartbeatReply { error }) => {
                self.on_heartbeat_reply(generation, error, now, out);
            }
            (Request::OffsetFetch, Body::OffsetFetchReply { error, offsets }) => {
                self.on_committed_offsets(asked.1, error, &offsets, now, out);
            }
            (Request::AsyncCommit(generation), Body::OffsetCommitReply { error }) => {
                self.on_async_commit_reply(generation, error, now, out);
            }
            (Request::SyncCommit(generation), Body::OffsetCommitReply { error }) => {
                self.on_sync_commit_reply(asked, generation, error, now, out);
            }
            (Request::ListOffsets(_), Body::ListOffsetsReply { partition, error, offset }) => {
                self.on_listed_offset(partition, error, offset, now, out);
            }
            (Request::EpochEnds, Body::OffsetForLeaderEpochReply { partitions }) => {
                self.on_epoch_ends(asked.1, &partitions, now, out);
            }
            // A LeaveGroup's answer changes nothing, and nobody answers anything else than was asked.
            _ => {}
        }
    }

    /// The member reads on at `to`.
    pub(super) fn start_at(&mut self, place: usize, to: Offset, out: &mut Effects) {
        let owned = &mut self.owned[place];
        owned.position = Position::At(to);
        owned.epoch = None;
        if self.validates {
            owned.leader = self.net.metadata.leader_and_epoch(owned.partition);
        }
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
        self.coordinator_disconnected(broker, now);
        for request in failed {
            match request {
                Request::FindCoordinator => self.lookup_failed(now),
                Request::OffsetFetch => self.offset_fetch_failed(now),
                Request::AsyncCommit(_) => self.commit_failed(now),
                Request::ListOffsets(partition) => self.list_offsets_failed(partition, now),
                Request::EpochEnds => self.epoch_ends_failed(broker, now),
                Request::Fetch => self.fetches[usize::from(broker.0) - 1] = None,
                // What waits for these knows whom it asked.
                Request::JoinGroup | Request::SyncGroup | Request::SyncCommit(_) => {}
                Request::Heartbeat(_) | Request::LeaveGroup => {}
            }
        }
    }

    /// Does all that is due and adds up the deadlines: the application first, as far as its thread is free, then what goes
    /// on beside it.
    pub(super) fn sweep(&mut self, now: Instant, out: &mut Effects) {
        self.net.wake.clear();
        if self.stopped {
            return;
        }
        while let Some(broker) = self.net.timed_out(now) {
            self.break_connection(broker, now);
        }
        self.run_application(now, out);
        self.keep_alive(now, out);
        self.find_coordinator(now, out);
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
        if self.stopped {
            // The application may still close it.
            if input == Input::Command(Command::Close) {
                self.close(now, out);
            }
            return;
        }
        match input {
            Input::Start => self.sweep(now, out),
            Input::Message { from, message } => self.on_message(now, from, message, out),
            Input::Disconnected(node) => {
                if let Some(broker) = self.net.broker(node) {
                    self.break_connection(broker, now);
                    self.sweep(now, out);
                }
            }
            Input::Command(Command::Close) => self.close(now, out),
            Input::Deadline | Input::Command(_) => {}
        }
        if self.net.wake.is_due(now) {
            self.sweep(now, out);
        }
        if self.stopped {
            self.net.wake.clear();
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
        let shown = &mut view.consumers[place];
        shown.stable = self.membership.is_stable() && !self.stopped;
        shown.busy = !self.work.is_empty();
        shown.generation = self.membership.generation;
        shown.positions.clear();
        shown.positions.extend(self.owned.iter().map(|owned| {
            let position = match owned.position {
                Position::At(offset) => Some(offset),
                Position::AwaitCommitted | Position::AwaitReset { .. } | Position::AwaitValidation { .. } => {
                    None
                }
            };
            (owned.partition, position)
        }));
        self.unseen = false;
    }
}

#[cfg(test)]
mod bench_test;
#[cfg(test)]
mod committing_test;
#[cfg(test)]
mod joining_test;
#[cfg(test)]
mod polling_test;
#[cfg(test)]
mod reading_test;
#[cfg(test)]
mod rebalancing_test;
#[cfg(test)]
mod validating_test;
