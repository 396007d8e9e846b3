//! How a member joins its group, again and again.

use crate::client::network::Ask;
use crate::config::{Assignor, CommitPoint};
use crate::defects::Defect;
use crate::event::Event;
use crate::group::member::commits::Purpose;
use crate::group::member::{Asked, Member, Position, Request};
use crate::ids::{BrokerId, Generation, MemberId, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, JoinedMember, Subscription};
use crate::time::{Instant, Micros};

/// How much longer than a rebalance may last a JoinGroup may stay unanswered.
/// Source: 2.3.0 `AbstractCoordinator.sendJoinGroupRequest`.
const JOIN_GROUP_GRACE: Micros = Micros::from_millis(5_000);

/// How far a member is. Kafka's states are UNJOINED, REBALANCING and STABLE; here stands also what a thread waits for.
/// Source: 0.11.0.2 `AbstractCoordinator.MemberState`, `joinGroupIfNeeded`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// It is in no generation; the next poll joins.
    #[default]
    Unjoined,
    /// It waits for a commit before it goes into a rebalance.
    Preparing,
    /// It asks to be in the next generation, unless `asked` from `retry_at` on.
    Joining { asked: Option<Asked> },
    /// It leads, and shares out partitions once its metadata is newer than this version.
    Assigning { members: Vec<JoinedMember>, version: u32 },
    /// It waits for its share.
    Syncing { asked: Asked },
    /// It has its share, which takes effect at the next poll.
    Synced { assignment: Vec<TopicPartition> },
    /// It waits for a commit before it gives up what is not in its new share.
    Revoking { assignment: Vec<TopicPartition> },
    /// It reads what it owns.
    Stable,
}

/// A member's place in its group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::group) struct Membership {
    /// What the coordinator calls it; none if it is to get a new name.
    pub(super) member: Option<MemberId>,
    /// The generation that it is in, or was in last.
    pub(in crate::group) generation: Generation,
    pub(super) phase: Phase,
    /// It is to join again at the next poll.
    pub(super) rejoin: bool,
    /// After an error, no JoinGroup before this moment.
    retry_at: Instant,
    /// Its latest share and of which generation that was: what the sticky assignors go by.
    pub(super) assigned: (Vec<TopicPartition>, Generation),
}

/// What an error of the coordinator means to a member.
enum Refusal {
    /// It may ask again.
    Transient,
    /// It is to look for the coordinator.
    NoCoordinator,
    /// It is to join again.
    Rebalance,
    /// It is out.
    Fenced,
    /// The application gets an exception and polls no more.
    Fatal,
}

impl Refusal {
    fn of(error: ErrorCode) -> Self {
        use ErrorCode as E;
        if matches!(error, E::NotCoordinator | E::CoordinatorNotAvailable | E::RequestTimedOut) {
            Self::NoCoordinator
        } else if error == E::RebalanceInProgress {
            Self::Rebalance
        } else if matches!(error, E::IllegalGeneration | E::UnknownMemberId | E::FencedInstanceId) {
            Self::Fenced
        } else if matches!(error, E::InconsistentGroupProtocol | E::InvalidSessionTimeout) {
            Self::Fatal
        } else {
            Self::Transient
        }
    }
}

impl Membership {
    /// Whether it is in a generation: it heartbeats, and its commits are let in.
    pub(in crate::group) fn is_in_generation(&self) -> bool {
        match self.phase {
            Phase::Stable | Phase::Preparing | Phase::Synced { .. } | Phase::Revoking { .. } => true,
            Phase::Unjoined | Phase::Joining { .. } | Phase::Assigning { .. } | Phase::Syncing { .. } => {
                false
            }
        }
    }

    /// Whether it has its share of a generation.
    pub(in crate::group) fn is_stable(&self) -> bool {
        self.phase == Phase::Stable
    }
}

impl Member {
    /// Whether a poll gets as far as reading. With an eager assignor it first waits until the coordinator is known and the
    /// group is stable (0.11.0.2 `ConsumerCoordinator.poll`); with a cooperative one only for commits (2.5.0
    /// `KafkaConsumer.poll`, `ConsumerCoordinator.onJoinPrepare`). Between two generations no commit is possible
    /// (2.5.0 `RebalanceInProgressException`): an application that commits first then polls, without taking records, until
    /// the rebalance is over.
    ///
    /// The client of 3.2.0 reads on while it commits before a rebalance. Source: KAFKA-14196, 3.2.0
    /// `ConsumerCoordinator.onJoinPrepare`, `SubscriptionState.isFetchable`.
    pub(in crate::group) fn may_read(&self) -> bool {
        if self.settings.partition_assignment_strategy.is_cooperative() {
            !(matches!(self.membership.phase, Phase::Revoking { .. })
                || self.membership.phase == Phase::Preparing && self.joins_after_commit)
                && (self.commit_point != CommitPoint::BeforeProcessing || self.membership.is_in_generation())
        } else {
            let stays = self.membership.is_stable() && !self.membership.rejoin;
            let revokes = self.membership.phase == Phase::Preparing && !self.revoking_stops_reading;
            (stays || revokes) && self.lookup.is_known()
        }
    }

    /// The part of a poll that deals with the group. Source: 0.11.0.2 `AbstractCoordinator.joinGroupIfNeeded`.
    pub(super) fn coordinate(&mut self, now: Instant, out: &mut Effects) {
        while !self.stopped && self.coordinate_once(now, out) {}
    }

    /// False if that was all for now.
    fn coordinate_once(&mut self, now: Instant, out: &mut Effects) -> bool {
        match self.membership.phase {
            Phase::Preparing | Phase::Revoking { .. } => self.go_on_with_sync_commit(now, out),
            Phase::Unjoined => self.prepare(now, out),
            Phase::Stable => self.membership.rejoin && self.prepare(now, out),
            Phase::Joining { asked: None } => {
                self.join(now, out);
                false
            }
            Phase::Synced { .. } => {
                self.complete(now, out);
                true
            }
            Phase::Joining { asked: Some(_) } | Phase::Assigning { .. } | Phase::Syncing { .. } => false,
        }
    }

    pub(super) fn enter(&mut self, phase: Phase) {
        self.membership.phase = phase;
        self.unseen = true;
    }

    /// Before a rebalance auto commit commits, and waits, for as long as the rebalance may last.
    /// Source: 0.11.0.2 `ConsumerCoordinator.onJoinPrepare`.
    fn prepare(&mut self, now: Instant, out: &mut Effects) -> bool {
        if !self.lookup.is_known() {
            return false;
        }
        if self.settings.enable_auto_commit && self.membership.is_in_generation() {
            self.enter(Phase::Preparing);
            if self.waits_in_vain() {
                self.commit_at = now;
                return false;
            }
            self.begin_sync_commit(Purpose::BeforeRebalance, now, out);
        } else {
            self.give_away(out);
        }
        true
    }

    /// The client of 3.2.0 looks whether its commit is done as soon as it has sent it, and with each poll sends another: a
    /// cooperative member that has anything to commit never joins, until the group goes on without it.
    /// Source: KAFKA-14024, 3.2.0 `ConsumerCoordinator.onJoinPrepare`.
    fn waits_in_vain(&self) -> bool {
        !self.joins_after_commit
            && self.settings.partition_assignment_strategy.is_cooperative()
            && self.owned.iter().any(|owned| matches!(owned.position, Position::At(_)))
    }

    /// With an eager assignor a member gives everything away before it joins; with a cooperative one it keeps everything.
    /// Source: 2.4.0 `ConsumerCoordinator.onJoinPrepare`.
    pub(super) fn give_away(&mut self, out: &mut Effects) {
        let (client, group, generation) = (self.node, self.group, self.membership.generation);
        if !self.owned.is_empty() {
            let partitions = self.owned.iter().map(|owned| owned.partition).collect();
            if self.settings.partition_assignment_strategy.is_cooperative() {
                out.event(Event::PartitionsKept { client, group, generation, partitions });
            } else {
                out.event(Event::PartitionsRevoked { client, group, generation, partitions });
                if !Defect::KeepsWhatItLost.is_on() {
                    self.owned.clear();
                    self.buffer.clear();
                }
            }
        }
        self.enter(Phase::Joining { asked: None });
    }

    fn join(&mut self, now: Instant, out: &mut Effects) {
        if self.membership.retry_at > now {
            self.net.wake.by(self.membership.retry_at);
            return;
        }
        let Some(coordinator) = self.ready_coordinator(now, out) else { return };
        let rebalance_timeout = Micros::from_millis(self.settings.max_poll_interval_ms);
        let body = Body::JoinGroupRequest {
            group: self.group,
            member: self.membership.member,
            instance: self.instance,
            session_timeout: Micros::from_millis(self.settings.session_timeout_ms),
            rebalance_timeout,
            assignor: self.settings.partition_assignment_strategy,
            subscription: Box::new(self.subscription()),
        };
        let (ask, timeout) = (Ask::Own(Request::JoinGroup), rebalance_timeout + JOIN_GROUP_GRACE);
        let correlation = self.net.send_patiently(coordinator, now, timeout, ask, body, out);
        self.enter(Phase::Joining { asked: Some((coordinator, correlation)) });
    }

    /// The sticky assignor is told of the latest share, though that was given away; the cooperative one of what is still
    /// owned. Source: 2.4.0 `StickyAssignor.subscriptionUserData`, `ConsumerCoordinator.metadata`.
    fn subscription(&self) -> Subscription {
        let owned = match self.settings.partition_assignment_strategy {
            Assignor::Range | Assignor::RoundRobin => Vec::new(),
            Assignor::Sticky => self.membership.assigned.0.clone(),
            Assignor::CooperativeSticky => self.owned.iter().map(|owned| owned.partition).collect(),
        };
        Subscription { topics: self.topics.clone(), owned, generation: self.membership.assigned.1 }
    }

    /// The leader gets `members` and shares the partitions out; the others ask for their share at once.
    /// Source: 0.11.0.2 `AbstractCoordinator.JoinGroupResponseHandler`.
    pub(super) fn on_joined(
        &mut self,
        asked: Asked,
        joined: Result<(Generation, MemberId), ErrorCode>,
        members: Option<Vec<JoinedMember>>,
        now: Instant,
        out: &mut Effects,
    ) {
        if self.membership.phase != (Phase::Joining { asked: Some(asked) }) {
            return;
        }
        match joined {
            Err(error) => self.rebalance_refused(error, now, out),
            Ok((generation, member)) => {
                self.membership.generation = generation;
                self.membership.member = Some(member);
                self.counted = None;
                match members {
                    Some(members) => self.lead(members, now, out),
                    None => self.sync(Vec::new(), now, out),
                }
            }
        }
    }

    /// Asks for a share; the leader brings everyone's. If the coordinator has gone in the meantime, all begins anew.
    pub(super) fn sync(
        &mut self,
        assignments: Vec<(MemberId, Vec<TopicPartition>)>,
        now: Instant,
        out: &mut Effects,
    ) {
        let (group, generation, instance) = (self.group, self.membership.generation, self.instance);
        let member = self.membership.member.expect("a member that joined has been given its name");
        let body = Body::SyncGroupRequest { group, generation, member, instance, assignments };
        match self.ask_coordinator(Request::SyncGroup, body, now, out) {
            Some(asked) => self.enter(Phase::Syncing { asked }),
            None => self.join_later(now + self.retry_backoff),
        }
    }

    /// Source: 0.11.0.2 `AbstractCoordinator.SyncGroupResponseHandler`.
    pub(super) fn on_synced(
        &mut self,
        asked: Asked,
        error: ErrorCode,
        mut assignment: Vec<TopicPartition>,
        now: Instant,
        out: &mut Effects,
    ) {
        if self.membership.phase != (Phase::Syncing { asked }) {
            return;
        }
        if error != ErrorCode::None {
            self.rebalance_refused(error, now, out);
            return;
        }
        assignment.sort_unstable();
        self.membership.rejoin = false;
        self.restart_session(now);
        self.enter(Phase::Synced { assignment });
    }

    fn join_later(&mut self, at: Instant) {
        self.membership.retry_at = at;
        self.enter(Phase::Joining { asked: None });
    }

    /// A JoinGroup or SyncGroup was refused. Source: 0.11.0.2 `AbstractCoordinator.joinGroupIfNeeded`: some errors are
    /// answered at once, others after retry.backoff.ms.
    fn rebalance_refused(&mut self, error: ErrorCode, now: Instant, out: &mut Effects) {
        let at_once = matches!(Refusal::of(error), Refusal::Rebalance | Refusal::Fenced);
        self.join_later(if at_once { now } else { now + self.retry_backoff });
        self.take_refusal(error, out);
    }

    /// The connection to a broker broke: a JoinGroup or SyncGroup that was sent there stays unanswered.
    pub(super) fn rebalance_disconnected(&mut self, broker: BrokerId, now: Instant) {
        let (Phase::Joining { asked: Some(asked) } | Phase::Syncing { asked }) = self.membership.phase else {
            return;
        };
        if asked.0 == broker {
            self.join_later(now + self.retry_backoff);
        }
    }

    /// What any error of the coordinator means to the membership.
    pub(super) fn take_refusal(&mut self, error: ErrorCode, out: &mut Effects) {
        match Refusal::of(error) {
            Refusal::Transient => {}
            Refusal::NoCoordinator => self.coordinator_dead(),
            Refusal::Rebalance => self.membership.rejoin = true,
            Refusal::Fenced => self.fenced(error, out),
            Refusal::Fatal => {
                self.stopped = true;
                self.unseen = true;
            }
        }
    }

    /// The group has gone on without this member: what it owned is lost, and it begins anew, under a new name. If another
    /// has its group.instance.id, it ends. Source: 0.11.0.2 `AbstractCoordinator.resetGeneration`; 2.4.0
    /// `ConsumerCoordinator.onJoinPrepare` (`onPartitionsLost`), `FencedInstanceIdException`.
    fn fenced(&mut self, error: ErrorCode, out: &mut Effects) {
        let (client, group) = (self.node, self.group);
        let partitions = self.owned.iter().map(|owned| owned.partition).collect();
        out.event(Event::MemberFenced { client, group, error, partitions });
        self.lose_all();
        self.stopped |= error == ErrorCode::FencedInstanceId;
    }

    /// Forgets that it was in the group, and all that it owned there.
    pub(super) fn lose_all(&mut self) {
        self.owned.clear();
        self.buffer.clear();
        self.membership.member = None;
        self.membership.rejoin = false;
        self.counted = None;
        self.forget_sync_commit_of_rebalance();
        self.enter(Phase::Unjoined);
    }
}
