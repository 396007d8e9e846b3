//! Elections by vote, for partitions whose ack strategy is `majority`.
//!
//! Not Kafka's; the votes are those of Raft and KRaft, counted by the one controller instead of by candidates. What they
//! are for stands in [`partition::majority`](crate::partition::majority).
//!
//! # Rules
//!
//! - A lost leader leaves the partition without one, under the next leader epoch. Every registered replica is asked for its
//!   vote, and again each second until it answers.
//! - Only brokers that may be elected count: one that shuts down gives its promise, but neither leads nor makes up a majority.
//!   The end of a session takes a broker's vote away; when it registers it is asked anew.
//! - Once more than half of all replicas count, the one whose log goes furthest leads in that epoch: the largest (last epoch,
//!   end), and of equals the first in assignment order. Until then there is no leader. That no majority is to be had is told once
//!   an election, by [`Event::PartitionOffline`]: at once if too few brokers are left, otherwise when a second has passed.
//! - A preferred election is such an election in which the preferred replica leads if its log goes as far as those of more
//!   than half of all replicas, itself included, even if another goes further: what only that one has was never acknowledged. Others
//!   lead only when every vote is in, or a second has passed. It is not begun unless a majority may be had.

use super::{Controller, Partition};
use crate::event::Event;
use crate::ids::{BrokerId, BrokerSet, CorrelationId, LeaderEpoch, Offset, PartitionEpoch, TopicPartition};
use crate::machine::Effects;
use crate::message::Body;
use crate::time::{Instant, Micros};

/// How long a vote is waited for before it is asked for again.
const PATIENCE: Micros = Micros::from_millis(1_000);

/// How far a replica's log goes: the epoch of its last record, or a later one that it reached, and its end.
type Reach = (LeaderEpoch, Offset);

/// An election that is not decided.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Election {
    /// At most one a broker.
    votes: Vec<(BrokerId, Reach)>,
    /// Who leads if its log goes far enough.
    preferred: Option<BrokerId>,
    /// When those are asked again who have not answered.
    again_at: Instant,
    /// That nobody may lead was told.
    told_offline: bool,
}

impl Election {
    fn has_vote_of(&self, broker: BrokerId) -> bool {
        self.votes.iter().any(|(voter, _)| *voter == broker)
    }

    /// Who leads by the votes of `electable`, if they suffice; `complete` if no other vote is waited for.
    fn winner(&self, replicas: &[BrokerId], electable: BrokerSet, complete: bool) -> Option<BrokerId> {
        let votes: Vec<_> = self.votes.iter().filter(|(voter, _)| electable.contains(*voter)).collect();
        let is_majority = |count: usize| 2 * count > replicas.len();
        let reach_of = |broker| votes.iter().find(|(voter, _)| *voter == broker).map(|(_, reach)| *reach);
        if let Some(preferred) = self.preferred {
            let reach = reach_of(preferred);
            if reach.is_some() && is_majority(votes.iter().filter(|(_, other)| Some(*other) <= reach).count())
            {
                return Some(preferred);
            }
            if !complete {
                return None;
            }
        }
        if !is_majority(votes.len()) {
            return None;
        }
        let furthest = votes.iter().map(|(_, reach)| *reach).max();
        replicas.iter().copied().find(|replica| reach_of(*replica) == furthest)
    }
}

impl Controller {
    /// The partition has no leader any more: its replicas are asked how far they are.
    fn call_election(&mut self, now: Instant, place: usize, preferred: Option<BrokerId>, out: &mut Effects) {
        let Partition { state, election, .. } = &mut self.partitions[place];
        state.leader = None;
        state.leader_epoch = LeaderEpoch(state.leader_epoch.0 + 1);
        state.partition_epoch = PartitionEpoch(state.partition_epoch.0 + 1);
        *election = Some(Election { votes: Vec::new(), preferred, again_at: now, told_offline: false });
        self.changed_partitions.insert(state.partition);
        self.notices.update_metadata();
        self.ask_for_votes(now, place, self.sessions.live(), out);
        if !self.may_reach_majority(place) {
            self.tell_offline(place, out);
        }
    }

    /// If the partition's leader is being chosen: asks those replicas among `brokers` that have not voted.
    pub(super) fn ask_for_votes(
        &mut self,
        now: Instant,
        place: usize,
        brokers: BrokerSet,
        out: &mut Effects,
    ) {
        let Partition { state, election: Some(election), .. } = &mut self.partitions[place] else { return };
        let asked = |voter: &BrokerId| brokers.contains(*voter) && !election.has_vote_of(*voter);
        let silent: BrokerSet = state.replicas.iter().copied().filter(asked).collect();
        for voter in silent.iter() {
            let (partition, leader_epoch) = (state.partition, state.leader_epoch);
            out.send(voter.into(), CorrelationId(0), Body::VoteRequest { partition, leader_epoch });
        }
        election.again_at = now + PATIENCE;
        if !silent.is_empty() {
            self.votes_due = Instant::first(self.votes_due, Some(now + PATIENCE));
        }
    }

    /// A replica says how far it is. That of a finished election, or of a broker without a session, counts no more.
    pub(super) fn on_vote(
        &mut self,
        voter: BrokerId,
        partition: TopicPartition,
        epoch: LeaderEpoch,
        reach: Reach,
        out: &mut Effects,
    ) {
        let Some(place) = self.place(partition).filter(|_| self.sessions.live().contains(voter)) else {
            return;
        };
        let Partition { state, election: Some(election), .. } = &mut self.partitions[place] else { return };
        if state.leader_epoch != epoch {
            return;
        }
        election.votes.retain(|(other, _)| *other != voter);
        election.votes.push((voter, reach));
        self.conclude(place, self.is_complete(place), out);
    }

    /// These brokers' sessions have ended: they lead nothing, and their votes count no more.
    pub(super) fn on_voters_gone(&mut self, now: Instant, dead: BrokerSet, out: &mut Effects) {
        for place in 0..self.partitions.len() {
            if !self.by_majority(place) {
                continue;
            }
            let Partition { state, election, .. } = &mut self.partitions[place];
            if state.leader.is_some_and(|leader| dead.contains(leader)) {
                self.call_election(now, place, None, out);
            } else if let Some(election) = election {
                election.votes.retain(|(voter, _)| !dead.contains(*voter));
                self.on_fewer_votes(place, out);
            }
        }
    }

    /// Fewer votes than before count, or are waited for.
    fn on_fewer_votes(&mut self, place: usize, out: &mut Effects) {
        self.conclude(place, self.is_complete(place), out);
        if !self.may_reach_majority(place) {
            self.tell_offline(place, out);
        }
    }

    /// A broker wants to lead nothing any more. It leads on if there is no majority without it.
    pub(super) fn relieve_by_vote(
        &mut self,
        now: Instant,
        place: usize,
        broker: BrokerId,
        out: &mut Effects,
    ) {
        let leads = self.partitions[place].state.leader == Some(broker);
        if leads && self.may_reach_majority(place) {
            self.call_election(now, place, None, out);
        } else if !leads {
            self.on_fewer_votes(place, out);
        }
    }

    /// Gives the partition to its preferred replica, if that one may lead, does not do so already, and is far enough.
    pub(super) fn prefer_by_vote(&mut self, now: Instant, place: usize, out: &mut Effects) {
        let Partition { state, is_new, election } = &self.partitions[place];
        let may_lead = |broker: &BrokerId| self.sessions.electable().contains(*broker);
        let preferred = state.replicas.first().copied().filter(may_lead);
        let is_called = *is_new || election.is_some() || preferred.is_none() || state.leader == preferred;
        if !is_called && self.may_reach_majority(place) {
            self.call_election(now, place, preferred, out);
        }
    }

    /// Time is up: what can be decided is, and who has not answered is asked again.
    pub(super) fn ask_again(&mut self, now: Instant, out: &mut Effects) {
        if self.votes_due.is_none_or(|due| due > now) {
            return;
        }
        for place in 0..self.partitions.len() {
            let is_due = |election: &Election| election.again_at <= now;
            if self.partitions[place].election.as_ref().is_some_and(is_due) {
                self.conclude(place, true, out);
                self.tell_offline(place, out);
                self.ask_for_votes(now, place, self.sessions.live(), out);
            }
        }
        // Only elections with somebody left to ask have a deadline; the others wait for a broker to register.
        let live = self.sessions.live();
        let due = |Partition { state, election, .. }: &Partition| {
            let election = election.as_ref()?;
            let silent = |voter: &BrokerId| live.contains(*voter) && !election.has_vote_of(*voter);
            state.replicas.iter().any(silent).then_some(election.again_at)
        };
        self.votes_due = self.partitions.iter().filter_map(due).min();
    }

    /// Elects, if the votes suffice.
    fn conclude(&mut self, place: usize, complete: bool, out: &mut Effects) {
        let electable = self.sessions.electable();
        let Partition { state, election, .. } = &mut self.partitions[place];
        let winner = election.as_ref().and_then(|votes| votes.winner(&state.replicas, electable, complete));
        let Some(broker) = winner else { return };
        *election = None;
        state.leader = Some(broker);
        state.partition_epoch = PartitionEpoch(state.partition_epoch.0 + 1);
        let (partition, epoch, isr) = (state.partition, state.leader_epoch, state.isr);
        out.event(Event::LeaderElected { partition, broker, epoch, isr, unclean: false });
        self.changed_partitions.insert(partition);
        self.tell_replicas(place, self.sessions.registered());
    }

    /// Says that there is no leader, unless that was said or there is one.
    fn tell_offline(&mut self, place: usize, out: &mut Effects) {
        let Partition { state, election: Some(election), .. } = &mut self.partitions[place] else { return };
        if !std::mem::replace(&mut election.told_offline, true) {
            let (partition, epoch, isr) = (state.partition, state.leader_epoch, state.isr);
            out.event(Event::PartitionOffline { partition, epoch, isr });
        }
    }

    /// Whether enough brokers live whose votes count.
    fn may_reach_majority(&self, place: usize) -> bool {
        let replicas = &self.partitions[place].state.replicas;
        let electable = self.sessions.electable();
        2 * replicas.iter().filter(|replica| electable.contains(**replica)).count() > replicas.len()
    }

    /// Whether every replica that may be elected has voted.
    fn is_complete(&self, place: usize) -> bool {
        let Partition { state, election: Some(election), .. } = &self.partitions[place] else { return true };
        let electable = self.sessions.electable();
        let mut waited_for = state.replicas.iter().filter(|replica| electable.contains(**replica));
        waited_for.all(|replica| election.has_vote_of(*replica))
    }
}

#[cfg(test)]
#[path = "votes_test.rs"]
mod votes_test;
