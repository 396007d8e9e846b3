//! One group's state, as its coordinator keeps it. Source: 0.11.0.2 `GroupMetadata`, `MemberMetadata`.

use std::collections::{BTreeMap, VecDeque};

use crate::config::Assignor;
use crate::ids::{BrokerId, Generation, GroupId, MemberId, NodeId, Offset, ProducerId, TopicPartition};
use crate::machine::Effects;
use crate::message::{JoinedMember, Subscription};
use crate::time::{Instant, Micros};

use super::request::Asker;
use super::store::Write;
use super::timers::{Timer, Timers};
use super::transactional::Pending;

/// What a group's handlers need besides the group.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub now: Instant,
    pub broker: BrokerId,
    /// `group.initial.rebalance.delay.ms`.
    pub initial_delay: Micros,
    /// Whether a heartbeat in CompletingRebalance is refused.
    pub heartbeat_refused_in_sync: bool,
    pub timers: &'a mut Timers,
    pub writes: &'a mut VecDeque<Write>,
    pub member_numbers: &'a mut u64,
    pub out: &'a mut Effects,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Group {
    pub id: GroupId,
    /// Where it is stored.
    pub partition: TopicPartition,
    pub state: State,
    pub generation: Generation,
    /// All members' rule; of no account while there is none.
    pub assignor: Assignor,
    /// The member that shares partitions out: the first that joined, as long as it stays.
    pub leader: Option<MemberId>,
    pub members: BTreeMap<MemberId, Member>,
    /// The next offset to read, as far as it is safely stored.
    pub committed: BTreeMap<TopicPartition, Offset>,
    /// What open transactions would commit, by producer.
    pub pending: BTreeMap<ProducerId, Pending>,
}

/// Where a group stands. Kafka's fifth state, Dead, is a group that its coordinator has forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum State {
    /// There is no member.
    Empty,
    /// It waits until all members have asked to join.
    PreparingRebalance(DelayedJoin),
    /// There is a new generation; it waits for its leader to share the partitions out, and for that to be stored.
    CompletingRebalance,
    /// Everyone has a share.
    Stable,
}

/// A rebalance that waits for members. Source: 0.11.0.2 `DelayedJoin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct DelayedJoin {
    /// It waits no longer than this.
    pub until: Option<Instant>,
    /// Of a group that was empty.
    pub initial: Option<InitialDelay>,
}

/// A rebalance that waits a while even if all have come. Source: 0.11.0.2 `InitialDelayedJoin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct InitialDelay {
    /// How long it waits this time.
    pub delay: Micros,
    /// How much longer it may wait if more members come.
    pub remaining: Micros,
    /// Whether another member has come since it began to wait. Told only in a group's first rebalance.
    pub member_added: bool,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Member {
    /// `group.instance.id` of a static member.
    pub instance: Option<NodeId>,
    pub session_timeout: Micros,
    pub rebalance_timeout: Micros,
    /// What it wanted when it last joined.
    pub subscription: Subscription,
    /// Its share, ascending.
    pub assignment: Vec<TopicPartition>,
    /// Its request to join, while that is not answered.
    pub join: Option<Asker>,
    /// Its request for its share, while that is not answered.
    pub sync: Option<Asker>,
    /// When its session ends.
    pub expires: Option<Instant>,
}

impl Member {
    /// Whether an answer is owed to it. Its session does not end then.
    pub(super) fn is_awaiting(&self) -> bool {
        self.join.is_some() || self.sync.is_some()
    }
}

impl Group {
    /// A group that nobody has joined yet.
    pub(super) fn new(id: GroupId, partition: TopicPartition) -> Self {
        Self {
            id,
            partition,
            state: State::Empty,
            generation: Generation(0),
            assignor: Assignor::default(),
            leader: None,
            members: BTreeMap::new(),
            committed: BTreeMap::new(),
            pending: BTreeMap::new(),
        }
    }

    pub(super) fn is_leader(&self, member: MemberId) -> bool {
        self.leader == Some(member)
    }

    /// Whether a member with this assignor may come in. Source: 0.11.0.2 `GroupMetadata.supportsProtocols`.
    pub(super) fn supports(&self, assignor: Assignor) -> bool {
        self.members.is_empty() || assignor == self.assignor
    }

    /// How long a rebalance waits. Source: 0.11.0.2 `GroupMetadata.rebalanceTimeoutMs`.
    pub(super) fn rebalance_timeout(&self) -> Micros {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or_default()
    }

    /// Everyone, for the leader.
    pub(super) fn joined_members(&self) -> Vec<JoinedMember> {
        let joined = |(&id, member): (&MemberId, &Member)| JoinedMember {
            member: id,
            instance: member.instance,
            subscription: member.subscription.clone(),
        };
        self.members.iter().map(joined).collect()
    }

    /// Takes a member out; if it led, the first of the others leads. Source: 0.11.0.2 `GroupMetadata.remove` (any of them).
    pub(super) fn take_out(&mut self, id: MemberId, cx: &mut Context<'_>) -> Option<Member> {
        let mut member = self.members.remove(&id)?;
        cx.timers.set(Timer::Session(self.id, id), &mut member.expires, None);
        if self.is_leader(id) {
            self.leader = self.members.keys().next().copied();
        }
        Some(member)
    }
}
