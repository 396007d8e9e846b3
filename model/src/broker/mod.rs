//! A broker: routes messages and deadlines to its replicas. Source: 0.11.0.2 `KafkaApis`, `ReplicaManager`.
//!
//! A record enters at [`produce`], is fetched by followers through [`fetch`] (the leader's side) and [`fetcher`] (theirs),
//! and leaves to consumers through [`fetch`] again. [`notices`] change roles, [`isr_changes`] and [`eligibility`] say who is in sync, [`ticks`]
//! is what happens by the clock, [`membership`] is the broker's life with the controller, [`groups`] what it has to do with consumer groups, [`clients`] the
//! small requests.

mod clients;
mod eligibility;
mod epochs;
mod fetch;
mod fetcher;
mod groups;
mod isr_changes;
mod membership;
mod notices;
mod produce;
mod service;
mod ticks;
mod transactions;
mod verification;
mod votes;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::config::{ClusterConfig, Topic};
use crate::coordinator::{Asker, Coordinator, Join, Request, TransactionalCommit, Who};
use crate::event::Event;
use crate::ids::{BrokerId, CorrelationId, NodeId, TopicPartition};
use crate::machine::{Command, Effects, Ending, Input, Machine};
use crate::message::{Body, Message, Metadata, ProducedPartition};
use crate::partition::Replica;
use crate::partition::isr_changes::Altered;
use crate::partition::leader::Released;
use crate::partition::pending_acks::{ParkedId, PendingAcks, Then};
use crate::storage::Storage;
use crate::time::{Instant, Micros};
use crate::transactions::{self as coordination, Transactions};
use crate::view::ClusterView;

use fetch::{FetchId, ParkedFetches};
use fetcher::Fetcher;
use membership::Membership;
use produce::{Muted, ProduceRequest};
use service::Service;
use ticks::Ticks;
use verification::Verifications;

/// A request that waits for its time to run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Parked {
    Produce(ParkedId),
    Fetch(FetchId),
}

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Broker {
    me: BrokerId,
    config: Arc<ClusterConfig>,
    /// Its disk, less the logs: those are with the replicas.
    storage: Storage,
    replicas: BTreeMap<TopicPartition, Replica>,
    /// What the controller last told of the cluster.
    metadata: Arc<Metadata>,
    pending_acks: PendingAcks,
    muted: Muted,
    /// Produces that wait for their turn, where topics have a service rate.
    service: Service,
    /// Connections whose parked produce was answered in this step.
    unmuted: Vec<NodeId>,
    parked_fetches: ParkedFetches,
    /// The consumer groups that it looks after.
    coordinator: Coordinator,
    /// The transactional ids that it looks after.
    transactions: Transactions,
    /// What waits for a coordinator to say that a transaction is open.
    verifications: Verifications,
    /// What the coordinators have not heard of yet in this step: what the broker wrote for them is stored, or could not be.
    stored: VecDeque<(Then, Vec<ProducedPartition>)>,
    /// When parked requests run out of time.
    expiries: BTreeSet<(Instant, Parked)>,
    /// One for each broker that this one follows.
    fetchers: Vec<Fetcher>,
    membership: Membership,
    ticks: Ticks,
    correlation: CorrelationId,
    /// How many PIDs were handed out in this life.
    producer_ids: u64,
    /// Replicas that may have changed since they were last shown.
    changed: Vec<TopicPartition>,
    released: Vec<Released>,
}

impl Broker {
    /// A broker that starts with this disk.
    pub fn new(me: BrokerId, config: Arc<ClusterConfig>, mut storage: Storage) -> Self {
        let replicas: BTreeMap<_, _> = std::mem::take(&mut storage.logs)
            .into_iter()
            .map(|(id, mut log)| {
                if storage.last_ending.is_some_and(|ending| ending != Ending::Clean) {
                    log.recover();
                }
                log.load();
                let high_watermark = storage.loaded_high_watermark(id, &log);
                (id, Replica::new(id, me, log, high_watermark))
            })
            .collect();
        let first_life = storage.last_ending.is_none();
        // Each life has numbers of its own: an answer to an earlier life is not taken for one to this.
        let correlation = CorrelationId(storage.incarnation.wrapping_shl(20));
        Self {
            me,
            coordinator: Coordinator::new(me, Arc::clone(&config), storage.incarnation),
            transactions: Transactions::new(me, Arc::clone(&config), storage.incarnation),
            verifications: Verifications::default(),
            stored: VecDeque::new(),
            storage,
            changed: replicas.keys().copied().collect(),
            replicas,
            metadata: Arc::default(),
            pending_acks: PendingAcks::default(),
            muted: Muted::new(),
            service: Service::new(&config),
            unmuted: Vec::new(),
            parked_fetches: ParkedFetches::default(),
            expiries: BTreeSet::new(),
            fetchers: Vec::new(),
            membership: Membership::new(me, first_life),
            ticks: Ticks::default(),
            correlation,
            producer_ids: 0,
            released: Vec::new(),
            config,
        }
    }

    /// Ends this life and hands over the disk. After [`Ending::Power`], [`Storage::lose_power`] says what is left of it.
    pub fn stop(mut self, ending: Ending) -> Storage {
        if ending == Ending::Clean {
            self.checkpoint_high_watermarks();
        }
        let mut storage = self.storage;
        storage.previous_epoch = self.membership.epoch().filter(|_| ending == Ending::Clean);
        storage.incarnation += 1;
        storage.last_ending = Some(ending);
        storage.logs = self
            .replicas
            .into_iter()
            .map(|(id, replica)| {
                let mut log = replica.log;
                if ending == Ending::Clean {
                    log.flush();
                }
                (id, log)
            })
            .collect();
        storage
    }

    fn topic(&self, partition: TopicPartition) -> &Topic {
        &self.config.topics[usize::from(partition.topic.0)]
    }

    fn next_correlation(&mut self) -> CorrelationId {
        self.correlation.0 += 1;
        self.correlation
    }

    /// Asks another node and returns the number of the request.
    fn ask(&mut self, to: impl Into<NodeId>, body: Body, out: &mut Effects) -> CorrelationId {
        let correlation = self.next_correlation();
        out.send(to.into(), correlation, body);
        correlation
    }

    /// The only way to a replica that may change: it will be shown.
    fn replica_mut(&mut self, partition: TopicPartition) -> Option<&mut Replica> {
        touch(&mut self.replicas, &mut self.changed, partition)
    }

    fn on_message(&mut self, now: Instant, from: NodeId, message: Message, out: &mut Effects) {
        let Message { correlation, body } = message;
        let asker = Asker { node: from, correlation };
        match body {
            Body::ProduceRequest { acks, timeout, transactional, partitions } => {
                let request = ProduceRequest { correlation, acks, timeout, transactional, partitions };
                self.on_produce(now, from, request, out);
            }
            Body::FetchRequest { fetcher, broker_epoch, max_wait, min_bytes, isolation, partitions } => {
                let request =
                    fetch::ParkedFetch { from, correlation, fetcher, min_bytes, isolation, partitions };
                self.on_fetch(now, max_wait, broker_epoch, request, out);
            }
            Body::FetchReply { partitions } => self.on_fetch_reply(now, from, correlation, &partitions, out),
            Body::OffsetForLeaderEpochRequest { partitions, .. } => {
                self.on_epoch_queries(from, correlation, &partitions, out);
            }
            Body::OffsetForLeaderEpochReply { partitions } => {
                self.on_epoch_ends(now, from, correlation, &partitions, out);
            }
            Body::ListOffsetsRequest { fetcher, partition, position, isolation, current_epoch } => {
                let reader = (fetcher, isolation);
                let asked = fetch::ListOffsets { reader, partition, position, current_epoch };
                self.on_list_offsets(from, correlation, asked, out);
            }
            Body::ListOffsetsReply { partition, error, offset } => {
                self.on_list_offsets_reply(now, correlation, partition, error.result().map(|()| offset), out);
            }
            Body::LeaderAndIsrRequest { .. } | Body::UpdateMetadataRequest(_) if !self.obeys_notices() => {}
            Body::LeaderAndIsrRequest { partitions } => self.on_leader_and_isr(now, partitions, out),
            Body::UpdateMetadataRequest(metadata) => {
                self.metadata = metadata;
                self.has_caught_up(now);
            }
            Body::AlterPartitionReply { partition, error, leader_epoch, isr, partition_epoch } => {
                let answer = error.result().map(|()| Altered { leader_epoch, isr, partition_epoch });
                self.on_alter_partition_reply(now, correlation, partition, answer, out);
            }
            Body::BrokerRegistrationReply { error, epoch } => self.on_registered(now, error, epoch),
            Body::BrokerHeartbeatReply { error, fenced } => self.on_heartbeat_reply(now, error, fenced),
            Body::ControlledShutdownReply { error, remaining } => {
                self.on_controlled_shutdown_reply(now, error, remaining, out);
            }
            Body::MetadataRequest => {
                out.send(from, correlation, Body::MetadataReply(Arc::clone(&self.metadata)));
            }
            Body::InitProducerIdRequest { transactional: None } => {
                self.on_init_producer_id(from, correlation, out);
            }
            Body::InitProducerIdRequest { transactional: Some(init) } => {
                self.on_transaction_request(now, asker, coordination::Request::Init(init), out);
            }
            Body::AddPartitionsToTxnRequest { producer, partitions, verify_only } => {
                let request = coordination::Request::AddPartitions { producer, partitions, verify_only };
                self.on_transaction_request(now, asker, request, out);
            }
            Body::AddPartitionsToTxnReply { error } => self.on_verified(now, correlation, error, out),
            Body::AddOffsetsToTxnRequest { producer, group } => {
                self.on_add_offsets(now, asker, producer, group, out);
            }
            Body::EndTxnRequest { producer, commit } => {
                let request = coordination::Request::End { producer, commit };
                self.on_transaction_request(now, asker, request, out);
            }
            Body::TxnOffsetCommitRequest { producer, group, member, offsets } => {
                let commit = TransactionalCommit { group, producer, member, offsets };
                self.verify_offsets(now, asker, commit, out);
            }
            Body::WriteTxnMarkersRequest { marker, partitions } => {
                self.on_write_markers(now, asker, marker, partitions, out);
            }
            Body::WriteTxnMarkersReply { errors } => {
                self.transactions.on_markers_written(now, correlation, &errors);
            }
            Body::FindCoordinatorRequest { key } => self.on_find_coordinator(asker, key, out),
            Body::JoinGroupRequest {
                group,
                member,
                instance,
                session_timeout,
                rebalance_timeout,
                assignor,
                subscription,
            } => {
                let subscription = *subscription;
                let join =
                    Join { member, instance, session_timeout, rebalance_timeout, assignor, subscription };
                self.on_group_request(now, asker, group, Request::Join(join), out);
            }
            Body::SyncGroupRequest { group, generation, member, instance, assignments } => {
                let request = Request::Sync { who: Who { member, instance, generation }, assignments };
                self.on_group_request(now, asker, group, request, out);
            }
            Body::HeartbeatRequest { group, generation, member, instance } => {
                let request = Request::Heartbeat(Who { member, instance, generation });
                self.on_group_request(now, asker, group, request, out);
            }
            Body::LeaveGroupRequest { group, member } => {
                self.on_group_request(now, asker, group, Request::Leave(member), out);
            }
            Body::OffsetCommitRequest { group, generation, member, instance, offsets } => {
                let request = Request::Commit { who: Who { member, instance, generation }, offsets };
                self.on_group_request(now, asker, group, request, out);
            }
            Body::OffsetFetchRequest { group, partitions, require_stable } => {
                let request = Request::Offsets { partitions, require_stable };
                self.on_group_request(now, asker, group, request, out);
            }
            Body::VoteRequest { partition, leader_epoch } => {
                self.on_vote_request(correlation, partition, leader_epoch, out);
            }
            Body::MetadataReply(_)
            | Body::AddOffsetsToTxnReply { .. }
            | Body::TxnOffsetCommitReply { .. }
            | Body::EndTxnReply { .. }
            | Body::FindCoordinatorReply { .. }
            | Body::JoinGroupReply { .. }
            | Body::SyncGroupReply { .. }
            | Body::HeartbeatReply { .. }
            | Body::LeaveGroupReply { .. }
            | Body::VoteReply { .. }
            | Body::InitProducerIdReply { .. }
            | Body::ProduceReply { .. }
            | Body::OffsetCommitReply { .. }
            | Body::OffsetFetchReply { .. }
            | Body::BrokerRegistrationRequest { .. }
            | Body::BrokerHeartbeatRequest { .. }
            | Body::ControlledShutdownRequest { .. }
            | Body::SessionClosed { .. }
            | Body::AlterPartitionRequest { .. } => {
                unreachable!("a broker is never sent this: {body:?}")
            }
        }
    }

    fn on_disconnected(&mut self, now: Instant, peer: NodeId, out: &mut Effects) {
        if peer == NodeId::CONTROLLER {
            self.on_controller_lost(now);
        }
        self.on_leader_lost(now, peer);
        self.transactions_lost(now, peer, out);
        self.forget_unread(peer);
    }

    /// Tries to move a led partition's high watermark, and lets go what waited for it.
    fn high_watermark_may_rise(&mut self, now: Instant, partition: TopicPartition, out: &mut Effects) {
        let Self { replicas, changed, config, metadata, .. } = self;
        let Some(replica) = touch(replicas, changed, partition) else { return };
        if replica.advance_high_watermark(now, config, metadata, out) {
            self.release_produces(partition, out);
            self.wake_fetches(partition, out);
            if self.transactions.is_postponed(partition) {
                self.load_transactions(now, partition, out);
            }
        }
    }

    fn assert_invariants(&self) {
        if cfg!(debug_assertions) {
            for partition in &self.changed {
                if let Some(replica) = self.replicas.get(partition) {
                    replica.assert_invariants();
                }
            }
        }
    }
}

impl Machine for Broker {
    fn handle(&mut self, now: Instant, input: Input, out: &mut Effects) {
        match input {
            Input::Start => {
                let unclean = self.storage.last_ending.is_some_and(|ending| ending != Ending::Clean);
                out.event(Event::BrokerStarted { broker: self.me, unclean });
                self.start_ticks(now);
                self.start_membership(now, out);
            }
            Input::Message { from, message } => self.on_message(now, from, message, out),
            Input::Disconnected(peer) => self.on_disconnected(now, peer, out),
            Input::Deadline => {}
            Input::Command(Command::ControlledShutdown) => self.start_controlled_shutdown(now, out),
            Input::Command(Command::Shutdown) => self.shut_down_unasked(out),
            Input::Command(
                command @ (Command::Send { .. }
                | Command::BeginTransaction
                | Command::CommitTransaction
                | Command::AbortTransaction
                | Command::Close
                | Command::PreferredElection(_)
                | Command::CreatePartitions { .. }),
            ) => unreachable!("a broker is never told this: {command:?}"),
        }
        self.on_time(now, out);
        self.serve_coordinators(now, out);
        self.read_on(now, out);
        self.assert_invariants();
    }

    fn next_deadline(&self) -> Option<Instant> {
        let parked = self.expiries.first().map(|&(at, _)| at);
        let parked = Instant::first(parked, self.coordinator.next_deadline());
        let parked = Instant::first(parked, self.transactions.next_deadline());
        let parked = Instant::first(parked, self.verifications.next_deadline());
        let parked = Instant::first(parked, self.service.next_deadline());
        let clock = Instant::first(self.membership.next_deadline(), self.ticks.next_deadline());
        let fetchers = self.fetchers.iter().map(Fetcher::next_deadline);
        fetchers.fold(Instant::first(parked, clock), Instant::first)
    }

    fn show(&mut self, view: &mut ClusterView) {
        for partition in self.changed.drain(..) {
            let Some(replica) = self.replicas.get_mut(&partition) else { continue };
            let Some(place) = view.place(partition) else { continue };
            view.touch(place);
            let shown = view.partitions[place].replicas.iter_mut().find(|shown| shown.broker == self.me);
            if let Some(shown) = shown {
                replica.show(shown);
            }
        }
    }
}

fn touch<'a>(
    replicas: &'a mut BTreeMap<TopicPartition, Replica>,
    changed: &mut Vec<TopicPartition>,
    partition: TopicPartition,
) -> Option<&'a mut Replica> {
    let replica = replicas.get_mut(&partition)?;
    if !replica.changed {
        replica.changed = true;
        changed.push(partition);
    }
    Some(replica)
}

/// How long a request to the controller or a leader may stay unanswered.
fn socket_timeout(config: &ClusterConfig) -> Micros {
    Micros::from_millis(config.broker.replica_socket_timeout_ms)
}

#[cfg(test)]
#[path = "broker_test.rs"]
mod broker_test;
