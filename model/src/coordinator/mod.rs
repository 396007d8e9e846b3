//! The coordinator of consumer groups, a part of a broker: it looks after the groups whose partition of `__consumer_offsets`
//! the broker leads.
//!
//! Members find it by asking any broker, and it knows them by what they send: [`join`] gathers them into a generation, [`sync`]
//! gives each its share, [`sessions`] notices who is gone, and [`commit`] writes down how far they have come. What must
//! outlive the broker is written to `__consumer_offsets` ([`store`]) and acted on once the in-sync replicas have it; the next
//! leader of that partition reads it back ([`load`]).
//!
//! Source: 0.11.0.2 `GroupCoordinator`, `GroupMetadataManager`, `GroupMetadata`; static members are those of 2.7.0.
//!
//! Left out: COORDINATOR_LOAD_IN_PROGRESS (loading takes one step here); that offsets and groups expire; MEMBER_ID_REQUIRED
//! (KIP-394); commits from outside of a group (generation -1).

mod commit;
mod group;
mod join;
mod load;
mod request;
mod sessions;
mod static_members;
mod store;
mod sync;
mod timers;
mod transactional;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::config::ClusterConfig;
use crate::ids::{BrokerId, GroupId};
use crate::machine::Effects;
use crate::message::ErrorCode;
use crate::time::{Instant, Micros};

use group::{Context, Group};
use store::Write;
use timers::{Timer, Timers};

pub use request::{Asker, Join, Request, Who};
pub use store::Stored;
pub use transactional::TransactionalCommit;

/// A broker's coordinator of groups.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Coordinator {
    me: BrokerId,
    config: Arc<ClusterConfig>,
    groups: BTreeMap<GroupId, Group>,
    timers: Timers,
    /// What is to be written to `__consumer_offsets`, in order.
    writes: VecDeque<Write>,
    /// The last number that was given to a member.
    member_numbers: u64,
    /// The next number of a record.
    record_numbers: u32,
}

impl Coordinator {
    /// The coordinator of a broker that has been started `incarnation` times before. It looks after no group yet.
    ///
    /// Numbers of members and records are packed so that no two coordinators, and no two lives of one, give out the same.
    pub fn new(me: BrokerId, config: Arc<ClusterConfig>, incarnation: u32) -> Self {
        Self {
            me,
            config,
            groups: BTreeMap::new(),
            timers: Timers::default(),
            writes: VecDeque::new(),
            member_numbers: u64::from(incarnation) << 26 | u64::from(me.0) << 20,
            record_numbers: incarnation.wrapping_shl(20),
        }
    }

    /// Takes a request of a client about a group that it coordinates.
    pub fn handle(
        &mut self,
        now: Instant,
        asker: Asker,
        group: GroupId,
        request: Request,
        out: &mut Effects,
    ) {
        match request {
            Request::Join(join) => self.on_join(now, asker, group, join, out),
            Request::Sync { who, assignments } => self.on_sync(now, asker, group, who, assignments, out),
            Request::Heartbeat(who) => self.on_heartbeat(now, asker, group, who, out),
            Request::Leave(member) => self.on_leave(now, asker, group, member, out),
            Request::Commit { who, offsets } => self.on_commit(now, asker, group, who, offsets, out),
            Request::TransactionalCommit(commit) => self.on_transactional_commit(now, asker, commit, out),
            Request::Offsets { partitions, require_stable } => {
                self.on_offset_fetch(asker, group, partitions, require_stable, out);
            }
        }
    }

    /// When it wants to be called next though nothing comes in.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.first()
    }

    /// Whatever is due by now: sessions that have run out, rebalances that wait no longer.
    pub fn on_time(&mut self, now: Instant, out: &mut Effects) {
        while let Some(timer) = self.timers.take_due(now) {
            let (Timer::Rebalance(id) | Timer::Session(id, _)) = timer;
            let Some((group, mut cx)) = self.group(now, id, out) else { continue };
            match timer {
                Timer::Rebalance(_) => group.rebalance_delay_over(&mut cx),
                Timer::Session(_, member) => group.session_over(member, &mut cx),
            }
        }
    }

    /// What was to be stored is in all in-sync replicas, or could not be stored.
    pub fn stored(&mut self, now: Instant, what: Stored, error: ErrorCode, out: &mut Effects) {
        match what {
            Stored::Commit(commit) => self.commit_stored(commit, error, out),
            Stored::TransactionalCommit(producer, commit) => {
                self.transactional_commit_stored(producer, &commit, error, out);
            }
            Stored::Assignment { group, generation, assignment } => {
                if let Some((group, mut cx)) = self.group(now, group, out) {
                    group.assignment_stored(generation, &assignment, store::metadata_error(error), &mut cx);
                }
            }
            Stored::StaticMember { group, member, old, leader } => {
                if let Some((group, mut cx)) = self.group(now, group, out) {
                    group.static_member_stored(member, old, leader, store::metadata_error(error), &mut cx);
                }
            }
            // If it failed and the broker ends before another rebalance, the generation before becomes the group's again; its
            // members will not be heard of. Source: 0.11.0.2 `GroupCoordinator.onCompleteJoin`.
            Stored::Empty => {}
        }
    }

    /// A group that it looks after, and what its handlers need besides.
    fn group<'a>(
        &'a mut self,
        now: Instant,
        id: GroupId,
        out: &'a mut Effects,
    ) -> Option<(&'a mut Group, Context<'a>)> {
        let group = self.groups.get_mut(&id)?;
        let cx = Context {
            now,
            broker: self.me,
            initial_delay: Micros::from_millis(self.config.broker.group_initial_rebalance_delay_ms),
            heartbeat_refused_in_sync: self.config.protocol.heartbeat_refused_in_sync,
            timers: &mut self.timers,
            writes: &mut self.writes,
            member_numbers: &mut self.member_numbers,
            out,
        };
        Some((group, cx))
    }
}

#[cfg(test)]
mod tests;
