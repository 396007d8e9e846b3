//! The controller: ZooKeeper and the elected controller broker as one machine, or the quorum of KRaft as one machine.
//!
//! It keeps the brokers' sessions, is the only place where a partition's leader and ISR are decided, and tells the
//! brokers. Source: 0.11.0.2 `KafkaController`, `PartitionStateMachine`, `ReplicaStateMachine`,
//! `PartitionLeaderSelector`, `ReplicationUtils`; 3.3.2 and 3.9.0 `ReplicationControlManager`; `kafka-behaviour.md` sections 3
//! and 4.
//!
//! # What arrives, and where it is answered
//!
//! - Registrations, heartbeats, sessions that end, controlled shutdowns: `broker_changes` with ZooKeeper, `kraft` under
//!   KRaft, both on `sessions`. Sessions that are closed, and whether that is noticed in time: `bounces`.
//! - A leader's proposal of another ISR: `isr_changes`.
//! - Votes, where the ack strategy is `majority`: `votes`. There is no ISR to choose from there: it is all replicas for ever.
//! - [`Command::PreferredElection`]: here. [`Command::CreatePartitions`]: `growth`.
//! - Who is to lead is computed in `elections` with ZooKeeper and in `partition_change` under KRaft, and comes into force in
//!   `decisions`; what the brokers are told is gathered in `notices`.
//!
//! # Epochs
//!
//! With ZooKeeper every decision of the controller raises a partition's leader epoch and its partition epoch by one; an ISR
//! that a leader wrote raises the partition epoch only. Source: 0.11.0.2 `LeaderAndIsr.newLeaderAndIsr`,
//! `Partition.updateIsr`. KRaft's rule stands in `partition_change`. Whenever an ISR loses or gains members there is an [`Event::IsrShrunk`](crate::event::Event::IsrShrunk) or
//! [`Event::IsrExpanded`](crate::event::Event::IsrExpanded), in an election after the [`Event::LeaderElected`](crate::event::Event::LeaderElected).
//!
//! # A broker that comes back within its old session
//!
//! The ephemeral node of a killed broker lasts until its session expires, and nobody else may create it
//! meanwhile: 0.11.0.2 `ZkUtils.registerBrokerInZk` and `ZKCheckedEphemeral` give up if another session owns
//! the node, and the starting process ends. Whoever supervises it starts it again, until the node is gone. So
//! here: a registration is refused with STALE_BROKER_EPOCH while the session of an earlier life lasts, and
//! the broker asks again. The controller therefore always sees the death before the return. A broker that
//! stops in good order closes its session itself (0.11.0.2 `KafkaServer.shutdown`); a repetition of one
//! life's request is answered with the same epoch.
//!
//! # Left out
//!
//! - Fail-over: the controller is never replaced, so there is no controller epoch; a crash of its node is no
//!   model of a ZooKeeper ensemble. While it stands still, no session expires (`Sessions::expire`).
//! - The delay between a change in ZooKeeper and the watch that tells the controller, but for sessions that are closed
//!   (`bounces`): it acts at once.
//! - Topic deletion, reassignment, `auto.leader.rebalance.enable` (a scenario asks for preferred elections),
//!   and `StopReplicaRequest`: a follower that shuts down goes on fetching until it stops.
//! - The retries of 0.11.0.2 `RequestSendThread`: a notice is sent once. A broker that lost one to a broken
//!   connection was dead, and hears all again when it registers.
//! - UpdateMetadata carries the whole cluster, not only the partitions that changed.

mod bounces;
#[cfg(test)]
mod bounces_test;
mod broker_changes;
mod decisions;
mod elections;
mod growth;
mod isr_changes;
mod kraft;
#[cfg(test)]
mod kraft_test;
mod notices;
mod partition_change;
mod sessions;
#[cfg(test)]
mod stage;
mod votes;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::{AckStrategy, ClusterConfig};
use crate::defects::Defect;
use crate::ids::{
    BrokerId, BrokerSet, CorrelationId, LeaderEpoch, NodeId, PartitionEpoch, TopicId, TopicPartition,
};
use crate::machine::{Command, Effects, Input, Machine};
use crate::message::{Body, Message, Metadata, PartitionState};
use crate::protocol::{ControllerKind, IsrEligibility};
use crate::time::{Instant, Micros};
use crate::view::{ClusterView, PartitionView, ReplicaView};
use bounces::Closed;
use isr_changes::{Propagation, Proposal};
use notices::Notices;
use sessions::Sessions;
use votes::Election;

/// ZooKeeper and the controller broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Controller {
    config: Arc<ClusterConfig>,
    sessions: Sessions,
    closed: Closed,
    /// Ascending by partition.
    partitions: Vec<Partition>,
    propagation: Propagation,
    /// When to ask for missing votes again.
    votes_due: Option<Instant>,
    /// Gathered during a step.
    notices: Notices,
    /// Not yet shown to the judges.
    changed_partitions: BTreeSet<TopicPartition>,
    changed_brokers: BrokerSet,
}

/// A partition as ZooKeeper has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Partition {
    state: PartitionState,
    /// It never had a leader: no assigned replica has lived since it was created. Brokers do not hear of it yet.
    /// Source: 0.11.0.2 `NewPartition`.
    is_new: bool,
    /// Where a majority decides and there is no leader: the votes for the next one.
    election: Option<Election>,
}

impl Controller {
    /// The controller of a formed cluster: all brokers registered, each partition led by its first replica, all
    /// replicas in sync, all epochs 0.
    pub fn new(config: Arc<ClusterConfig>) -> Self {
        let timeout = Micros::from_millis(match config.protocol.controller {
            ControllerKind::Zookeeper => config.broker.zookeeper_session_timeout_ms,
            ControllerKind::Kraft => config.broker.broker_session_timeout_ms,
        });
        let partitions = formed_partitions(&config);
        Self {
            sessions: Sessions::formed(config.brokers, timeout),
            closed: Closed::default(),
            partitions,
            propagation: Propagation::default(),
            votes_due: None,
            notices: Notices::default(),
            changed_partitions: BTreeSet::new(),
            changed_brokers: BrokerSet::EMPTY,
            config,
        }
    }

    fn on_start(&mut self, now: Instant) {
        self.sessions.renew_all(now);
        self.changed_brokers = self.sessions.registered();
        for place in 0..self.partitions.len() {
            self.tell_replicas(place, self.sessions.registered());
            self.changed_partitions.insert(self.partitions[place].state.partition);
        }
        self.notices.update_metadata();
    }

    fn on_message(&mut self, now: Instant, from: NodeId, message: &Message, out: &mut Effects) {
        let Some(broker) = from.as_broker(self.config.brokers) else {
            unreachable!("only brokers speak to the controller, not node {from}");
        };
        let correlation = message.correlation;
        match &message.body {
            Body::BrokerRegistrationRequest { incarnation, previous_epoch } if self.is_kraft() => {
                self.on_kraft_registration(now, broker, correlation, (*incarnation, *previous_epoch), out);
            }
            Body::BrokerHeartbeatRequest { epoch } if self.is_kraft() => {
                self.on_kraft_heartbeat(now, broker, correlation, *epoch, out);
            }
            Body::ControlledShutdownRequest { epoch } if self.is_kraft() => {
                self.on_shutdown_wanted(now, broker, correlation, *epoch, out);
            }
            Body::BrokerRegistrationRequest { incarnation, .. } => {
                self.on_registration(now, broker, correlation, *incarnation, out);
            }
            Body::BrokerHeartbeatRequest { epoch } => {
                self.on_heartbeat(now, broker, correlation, *epoch, out);
            }
            Body::ControlledShutdownRequest { epoch } => {
                self.on_controlled_shutdown(now, broker, correlation, *epoch, out);
            }
            Body::SessionClosed { epoch } => self.on_session_closed(now, broker, *epoch),
            Body::AlterPartitionRequest { proposed, broker_epoch, isr_epochs } => {
                let (sender, broker_epoch) = (broker, *broker_epoch);
                let proposal = Proposal { sender, state: proposed, broker_epoch, isr_epochs };
                self.on_alter_partition(now, correlation, &proposal, out);
            }
            Body::VoteReply { partition, leader_epoch, last_epoch, end_offset } => {
                self.on_vote(broker, *partition, *leader_epoch, (*last_epoch, *end_offset), out);
            }
            Body::MetadataRequest
            | Body::OffsetForLeaderEpochRequest { .. }
            | Body::OffsetForLeaderEpochReply { .. }
            | Body::FindCoordinatorRequest { .. }
            | Body::FindCoordinatorReply { .. }
            | Body::JoinGroupRequest { .. }
            | Body::JoinGroupReply { .. }
            | Body::SyncGroupRequest { .. }
            | Body::SyncGroupReply { .. }
            | Body::HeartbeatRequest { .. }
            | Body::HeartbeatReply { .. }
            | Body::LeaveGroupRequest { .. }
            | Body::LeaveGroupReply { .. }
            | Body::VoteRequest { .. }
            | Body::MetadataReply(_)
            | Body::InitProducerIdRequest { .. }
            | Body::AddPartitionsToTxnRequest { .. }
            | Body::AddOffsetsToTxnRequest { .. }
            | Body::TxnOffsetCommitRequest { .. }
            | Body::EndTxnRequest { .. }
            | Body::WriteTxnMarkersRequest { .. }
            | Body::AddPartitionsToTxnReply { .. }
            | Body::AddOffsetsToTxnReply { .. }
            | Body::TxnOffsetCommitReply { .. }
            | Body::EndTxnReply { .. }
            | Body::WriteTxnMarkersReply { .. }
            | Body::InitProducerIdReply { .. }
            | Body::ProduceRequest { .. }
            | Body::ProduceReply { .. }
            | Body::FetchRequest { .. }
            | Body::FetchReply { .. }
            | Body::ListOffsetsRequest { .. }
            | Body::ListOffsetsReply { .. }
            | Body::OffsetCommitRequest { .. }
            | Body::OffsetCommitReply { .. }
            | Body::OffsetFetchRequest { .. }
            | Body::OffsetFetchReply { .. }
            | Body::BrokerRegistrationReply { .. }
            | Body::BrokerHeartbeatReply { .. }
            | Body::ControlledShutdownReply { .. }
            | Body::LeaderAndIsrRequest { .. }
            | Body::UpdateMetadataRequest(_)
            | Body::AlterPartitionReply { .. } => {
                unreachable!(
                    "broker {broker} sent the controller what it does not answer: {:?}",
                    message.body
                )
            }
        }
    }

    fn on_deadline(&mut self, now: Instant, out: &mut Effects) {
        if self.is_kraft() {
            self.fence_stale_brokers(now, out);
        } else {
            self.look_for_closed_sessions(now, out);
            let ended = self.sessions.expire(now);
            self.on_sessions_ended(now, ended, out);
        }
        self.ask_again(now, out);
        if self.propagation.due().is_some_and(|due| due <= now) {
            self.notices.update_metadata();
        }
    }

    fn on_command(&mut self, now: Instant, command: &Command, out: &mut Effects) {
        match command {
            Command::PreferredElection(partition) => self.on_preferred_election(now, *partition, out),
            Command::CreatePartitions { topic, count } => self.on_create_partitions(*topic, *count, out),
            Command::Send { .. }
            | Command::BeginTransaction
            | Command::CommitTransaction
            | Command::AbortTransaction
            | Command::Close
            | Command::Shutdown
            | Command::ControlledShutdown => {
                unreachable!("not a command for the controller: {command:?}")
            }
        }
    }

    /// Gives the partition to its preferred replica, or does nothing if that one may not lead or does so already.
    fn on_preferred_election(&mut self, now: Instant, partition: TopicPartition, out: &mut Effects) {
        let Some(place) = self.place(partition) else { return };
        if self.by_majority(place) {
            return self.prefer_by_vote(now, place, out);
        }
        if self.is_kraft() {
            return self.prefer_in_kraft(place, out);
        }
        let choice = elections::preferred_replica(&self.partitions[place].state, self.sessions.electable());
        if let Some(choice) = choice {
            self.decide(place, choice, self.sessions.registered(), out);
        }
    }

    /// Sends what was gathered: to each registered broker its partitions, ascending, then to all the same metadata. Under KRaft
    /// the metadata comes first, so that a leader that hears of another ISR knows why: 3.3.2 `BrokerMetadataPublisher.publish`
    /// lets the replicas change when the cluster's image is in place.
    fn send_notices(&mut self, now: Instant, out: &mut Effects) {
        let Some(leader_and_isr) = self.notices.take() else { return };
        if self.is_kraft() {
            self.send_metadata(out);
        }
        for broker in self.sessions.registered().iter() {
            let concerns_it = leader_and_isr.iter().filter(|(_, receivers)| receivers.contains(broker));
            let partitions: Vec<_> =
                concerns_it.map(|(partition, _)| self.state(*partition).clone()).collect();
            if !partitions.is_empty() {
                out.send(broker.into(), CorrelationId(0), Body::LeaderAndIsrRequest { partitions });
            }
        }
        if !self.is_kraft() {
            self.send_metadata(out);
        }
        self.propagation.told(now);
    }

    fn send_metadata(&self, out: &mut Effects) {
        let metadata = Arc::new(self.metadata());
        for broker in self.sessions.registered().iter() {
            out.send(broker.into(), CorrelationId(0), Body::UpdateMetadataRequest(Arc::clone(&metadata)));
        }
    }

    /// The cluster as brokers are told. Shutting down is no reason to be left out; being fenced is.
    /// Source: 0.11.0.2 `ControllerBrokerRequestBatch.sendRequestsToBrokers`, 3.3.2 `ClusterImage`.
    fn metadata(&self) -> Metadata {
        let had_leader = self.partitions.iter().filter(|partition| !partition.is_new);
        Metadata {
            live_brokers: self.sessions.live(),
            partitions: had_leader.map(|partition| partition.state.clone()).collect(),
            broker_epochs: if self.is_kraft() { self.sessions.epochs() } else { Vec::new() },
            shutting_down: if self.is_kraft() { self.sessions.shutting_down() } else { BrokerSet::EMPTY },
        }
    }

    fn place(&self, partition: TopicPartition) -> Option<usize> {
        self.partitions.binary_search_by_key(&partition, |known| known.state.partition).ok()
    }

    fn state(&self, partition: TopicPartition) -> &PartitionState {
        let place = self.place(partition).expect("no partition is ever removed");
        &self.partitions[place].state
    }

    pub(super) fn is_kraft(&self) -> bool {
        self.config.protocol.controller == ControllerKind::Kraft
    }

    /// Whether what a broker's shutdown means for the others is kept and told. Source: KIP-841.
    fn keeps_shutdowns(&self) -> bool {
        self.config.protocol.isr_eligibility != IsrEligibility::Anyone
    }

    /// Whether a majority of all replicas decides over the partition at this place.
    fn by_majority(&self, place: usize) -> bool {
        let topic = usize::from(self.partitions[place].state.partition.topic.0);
        self.config.topics[topic].ack_strategy == AckStrategy::Majority
    }

    fn unclean_allowed(&self, topic: TopicId) -> bool {
        self.config.topics[usize::from(topic.0)].unclean_leader_election_enable
    }

    /// With ZooKeeper: whether the last member leaves an ISR, too, when it dies. Source: 0.11.0.2
    /// `KafkaController.removeReplicaFromIsr`; 1.1.1 `ReplicaStateMachine.doRemoveReplicasFromIsr` always keeps it.
    fn empties_isrs(&self, topic: TopicId) -> bool {
        self.unclean_allowed(topic) && !self.config.protocol.last_isr_member_kept
    }

    /// Looks at what is not yet shown, and at all leaders when a broker came or went.
    fn assert_invariants(&self) {
        self.sessions.assert_invariants();
        for partition in &self.changed_partitions {
            let place = self.place(*partition).expect("no partition is ever removed");
            self.assert_partition(&self.partitions[place], self.by_majority(place));
        }
        if !self.changed_brokers.is_empty() {
            let protocol = &self.config.protocol;
            let may_be_dead = protocol.eligible_leader_replicas && !protocol.last_known_leader_checked;
            let live = self.sessions.live();
            let mut leaders = self.partitions.iter().filter_map(|partition| partition.state.leader);
            assert!(may_be_dead || leaders.all(|leader| live.contains(leader)), "a dead broker leads");
        }
    }

    fn assert_partition(&self, Partition { state, is_new, election }: &Partition, by_majority: bool) {
        let replicas: BrokerSet = state.replicas.iter().copied().collect();
        assert!(state.isr.is_subset(replicas), "the ISR has a member that is no replica: {state:?}");
        let is_outside = |leader| !state.isr.contains(leader) && !Defect::IsrForgetsLeader.is_on();
        assert!(!state.leader.is_some_and(is_outside), "leader not in ISR: {state:?}");
        assert!(state.leader.is_none() || !is_new, "a partition that never had a leader has one: {state:?}");
        let wants_votes = by_majority && !is_new && state.leader.is_none();
        assert_eq!(election.is_some(), wants_votes, "votes are for a missing leader: {state:?}");
        assert!(!by_majority || *is_new || state.isr == replicas, "all replicas count here: {state:?}");
        let protocol = &self.config.protocol;
        let is_emptied = !self.is_kraft() && self.empties_isrs(state.partition.topic);
        let may_be_empty = *is_new || is_emptied || protocol.eligible_leader_replicas;
        assert!(state.isr.intersection(state.elr).is_empty(), "eligible and in sync: {state:?}");
        assert!(state.elr.is_subset(replicas), "eligible without a replica: {state:?}");
        assert!(may_be_empty || !state.isr.is_empty(), "the last ISR member was dropped: {state:?}");
    }

    fn show_partition(&self, partition: TopicPartition, view: &mut ClusterView) {
        let state = self.state(partition);
        let place = match view.partitions.binary_search_by_key(&partition, PartitionView::id) {
            Ok(place) => {
                view.partitions[place].controller.clone_from(state);
                place
            }
            Err(place) => {
                view.partitions.insert(place, self.first_view(state));
                place
            }
        };
        view.touch(place);
    }

    /// A partition that the judges have not seen before.
    fn first_view(&self, state: &PartitionState) -> PartitionView {
        let topic = &self.config.topics[usize::from(state.partition.topic.0)];
        let replica = |broker: &BrokerId| ReplicaView { broker: *broker, ..ReplicaView::default() };
        PartitionView {
            controller: state.clone(),
            min_insync_replicas: topic.min_insync_replicas,
            unclean_election: topic.unclean_leader_election_enable,
            replicas: state.replicas.iter().map(replica).collect(),
        }
    }
}

impl Machine for Controller {
    fn handle(&mut self, now: Instant, input: Input, out: &mut Effects) {
        match input {
            Input::Start => self.on_start(now),
            Input::Message { from, message } => self.on_message(now, from, &message, out),
            // KRaft's brokers have no session that a connection could end.
            Input::Disconnected(_) if self.is_kraft() => {}
            Input::Disconnected(node) => self.on_disconnected(now, node, out),
            Input::Deadline => self.on_deadline(now, out),
            Input::Command(command) => self.on_command(now, &command, out),
        }
        self.send_notices(now, out);
        self.assert_invariants();
    }

    /// When the next session expires, ISR changes are to be told, or votes to be asked for again, whichever comes first.
    fn next_deadline(&self) -> Option<Instant> {
        let due = [self.sessions.next_expiry(), self.closed.due(), self.propagation.due(), self.votes_due];
        due.into_iter().flatten().min()
    }

    /// Partitions are shown in ascending order, so that places noted as touched stay right when new ones go in.
    fn show(&mut self, view: &mut ClusterView) {
        while let Some(partition) = self.changed_partitions.pop_first() {
            self.show_partition(partition, view);
        }
        for broker in std::mem::take(&mut self.changed_brokers).iter() {
            let shown = &mut view.brokers[usize::from(broker.0) - 1];
            shown.registered = self.sessions.live().contains(broker);
            shown.epoch = self.sessions.epoch(broker);
        }
    }
}

fn formed_partitions(config: &ClusterConfig) -> Vec<Partition> {
    let mut partitions = Vec::new();
    for (topic, settings) in (0..).map(TopicId).zip(&config.topics) {
        for (partition, replicas) in (0..).zip(&settings.assignment) {
            let state = PartitionState {
                partition: TopicPartition { topic, partition },
                leader: replicas.first().copied(),
                leader_epoch: LeaderEpoch(0),
                isr: replicas.iter().copied().collect(),
                partition_epoch: PartitionEpoch(0),
                replicas: replicas.clone(),
                ..PartitionState::default()
            };
            partitions.push(Partition { state, is_new: false, election: None });
        }
    }
    partitions
}

#[cfg(test)]
#[path = "controller_test.rs"]
mod controller_test;
