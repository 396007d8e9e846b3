//! What each presumed leader can know of its followers: where they last fetched, and when they had last caught up.
//!
//! Kept from the fetches alone and apart from the leaders' own books, so that the two can be compared.
//! Source: `kafka-behaviour.md` section 3, *Clock*; 0.11.0.2 `Replica.updateLogReadResult`,
//! `Replica.resetLastCaughtUpTime`, `Partition.makeLeader`.

use highwater_model::ids::{BrokerSet, LeaderEpoch, Offset};
use highwater_model::time::Instant;
use highwater_model::view::{PartitionView, ReplicaView, Role};

/// What a leader can know of one follower.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    /// Where it last fetched: as far as it holds the log. None before its first fetch.
    pub(crate) offset: Option<Offset>,
    /// When it had last caught up; none if never in this term.
    pub(crate) caught_up: Option<Instant>,
    /// When it was first seen in the leader's ISR, of late.
    pub(crate) joined: Instant,
    /// When the leader last proposed to drop it.
    pub(crate) proposed: Instant,
    /// Where the leader spares those that have everything: whether it had everything at the last look, and when last.
    pub(crate) level: bool,
    pub(crate) level_at: Instant,
    /// The leader's log end and the time, as of the last fetch.
    previous: Option<(Offset, Instant)>,
}

/// A broker's latest term as a leader.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Term {
    leads: bool,
    epoch: LeaderEpoch,
    isr: BrokerSet,
    /// When a change of the ISR was last seen to be on its way: until it is decided no other may be proposed.
    pub(crate) change_pending_at: Instant,
    /// Where the leader's log ended as it took office.
    pub(crate) epoch_start: Offset,
}

/// What the presumed leaders of one partition can know.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fetches {
    /// By the leader's place.
    pub(crate) terms: Vec<Term>,
    /// By the leader's place, then the follower's.
    clocks: Vec<Clock>,
}

impl Fetches {
    /// Of a partition with this many replicas.
    pub(crate) fn new(replicas: usize) -> Self {
        Self { terms: vec![Term::default(); replicas], clocks: vec![Clock::default(); replicas * replicas] }
    }

    /// What the leader at one place can know of the follower at another.
    pub(crate) fn clock(&self, leader: usize, follower: usize) -> &Clock {
        &self.clocks[leader * self.terms.len() + follower]
    }

    /// The leader proposed to drop the follower.
    pub(crate) fn proposed(&mut self, leader: usize, follower: usize, now: Instant) {
        self.clock_mut(leader, follower).proposed = now;
    }

    /// A follower fetched from `offset` while the leader's log ended at `leader_end`.
    pub(crate) fn fetched(
        &mut self,
        leader: usize,
        follower: usize,
        offset: Offset,
        leader_end: Offset,
        now: Instant,
    ) {
        let clock = self.clock_mut(leader, follower);
        if offset >= leader_end {
            clock.catch_up(now);
        } else if let Some((_, at)) = clock.previous.filter(|(end, _)| offset >= *end) {
            clock.catch_up(at);
        }
        clock.offset = Some(offset);
        clock.previous = Some((leader_end, now));
    }

    /// A follower fetched outside the log: the leader no longer knows where it stands.
    /// Source: 0.11.0.2 `ReplicaManager.updateFollowerLogReadResults` also takes in failed reads, with unknown offsets;
    /// not so since 2.4 (KAFKA-8400).
    pub(crate) fn out_of_range(&mut self, leader: usize, follower: usize) {
        let clock = self.clock_mut(leader, follower);
        clock.offset = None;
        clock.previous = None;
    }

    /// A leader took office, or a new epoch of its term began.
    pub(crate) fn took_office(&mut self, leader: usize, end: Offset) {
        self.terms[leader].epoch_start = end;
    }

    /// Takes over the state after a step: terms begin and end, ISRs change. Who is level is kept only where it is asked for.
    pub(crate) fn follow(&mut self, partition: &PartitionView, now: Instant, keeps_level: bool) {
        for (place, replica) in partition.replicas.iter().enumerate() {
            let term = &mut self.terms[place];
            if replica.role != Role::Leader {
                term.leads = false;
                continue;
            }
            if replica.isr_change_pending {
                term.change_pending_at = now;
            }
            if !term.leads || term.epoch != replica.leader_epoch {
                self.begin(place, partition, now);
            } else if term.isr != replica.isr {
                self.isr_changed(place, partition, now);
            }
            if keeps_level {
                self.keep_level(place, replica.log_end, now);
            }
        }
    }

    fn keep_level(&mut self, leader: usize, log_end: Offset, now: Instant) {
        let followers = self.terms.len();
        for clock in &mut self.clocks[leader * followers..(leader + 1) * followers] {
            let level = clock.offset == Some(log_end);
            if level || clock.level {
                clock.level_at = now;
            }
            clock.level = level;
        }
    }

    /// The leader's log has grown, in this step and before whatever else it did: nobody is known to have everything.
    pub(crate) fn grew(&mut self, leader: usize, now: Instant) {
        let followers = self.terms.len();
        for clock in &mut self.clocks[leader * followers..(leader + 1) * followers] {
            if clock.level {
                clock.level_at = now;
            }
            clock.level = false;
        }
    }

    /// The clocks start anew. A leader that goes on in a new epoch still knows where its followers stand.
    fn begin(&mut self, leader: usize, partition: &PartitionView, now: Instant) {
        let replica = &partition.replicas[leader];
        let goes_on = self.terms[leader].leads;
        self.terms[leader] = Term {
            leads: true,
            epoch: replica.leader_epoch,
            isr: replica.isr,
            change_pending_at: if replica.isr_change_pending { now } else { Instant::START },
            epoch_start: self.terms[leader].epoch_start,
        };
        for (place, follower) in partition.replicas.iter().enumerate() {
            let clock = self.clock_mut(leader, place);
            *clock = Clock {
                offset: clock.offset.filter(|_| goes_on),
                caught_up: replica.isr.contains(follower.broker).then_some(now),
                joined: now,
                proposed: Instant::START,
                level: false,
                level_at: Instant::START,
                previous: goes_on.then_some((replica.log_end, now)),
            };
        }
    }

    fn isr_changed(&mut self, leader: usize, partition: &PartitionView, now: Instant) {
        let ReplicaView { isr, .. } = partition.replicas[leader];
        let joined = isr.difference(self.terms[leader].isr);
        self.terms[leader].isr = isr;
        for (place, follower) in partition.replicas.iter().enumerate() {
            if joined.contains(follower.broker) {
                self.clock_mut(leader, place).joined = now;
            }
        }
    }

    fn clock_mut(&mut self, leader: usize, follower: usize) -> &mut Clock {
        &mut self.clocks[leader * self.terms.len() + follower]
    }
}

impl Clock {
    fn catch_up(&mut self, at: Instant) {
        self.caught_up = self.caught_up.max(Some(at));
    }
}
