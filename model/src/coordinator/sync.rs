//! The leader shares the partitions out, and each member gets its share: SyncGroup.
//! Source: 0.11.0.2 `GroupCoordinator.doSyncGroup`, `propagateAssignment`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::defects::Defect;
use crate::event::Event;
use crate::ids::{Generation, GroupId, MemberId, TopicPartition};
use crate::machine::Effects;
use crate::message::ErrorCode;
use crate::time::Instant;

use super::Coordinator;
use super::group::{Context, Group, State};
use super::request::{Asker, Who};
use super::store::Write;

impl Coordinator {
    pub(super) fn on_sync(
        &mut self,
        now: Instant,
        asker: Asker,
        id: GroupId,
        who: Who,
        assignments: Vec<(MemberId, Vec<TopicPartition>)>,
        out: &mut Effects,
    ) {
        let result = match self.group(now, id, out) {
            Some((group, mut cx)) => group.sync(asker, who, assignments, &mut cx),
            None => Err(ErrorCode::UnknownMemberId),
        };
        if let Err(error) = result {
            asker.answer_sync(error, Vec::new(), out);
        }
    }
}

impl Group {
    fn sync(
        &mut self,
        asker: Asker,
        who: Who,
        assignments: Vec<(MemberId, Vec<TopicPartition>)>,
        cx: &mut Context<'_>,
    ) -> Result<(), ErrorCode> {
        self.check(who)?;
        let is_leader = self.is_leader(who.member);
        let Some(member) = self.members.get_mut(&who.member) else { return Err(ErrorCode::UnknownMemberId) };
        match self.state {
            State::Empty => return Err(ErrorCode::UnknownMemberId),
            State::PreparingRebalance(_) => return Err(ErrorCode::RebalanceInProgress),
            State::CompletingRebalance => {
                member.sync = Some(asker);
                if is_leader {
                    self.store_assignment(assignments, cx);
                }
            }
            State::Stable => {
                asker.answer_sync(ErrorCode::None, member.assignment.clone(), cx.out);
                self.renew_session(who.member, cx);
            }
        }
        Ok(())
    }

    /// Members that the leader has left out get nothing; what it gives to others is dropped.
    fn store_assignment(&self, assignments: Vec<(MemberId, Vec<TopicPartition>)>, cx: &mut Context<'_>) {
        let mut shares: BTreeMap<MemberId, Vec<TopicPartition>> = assignments.into_iter().collect();
        let assignment: Arc<[_]> = self
            .members
            .keys()
            .map(|&id| {
                let mut share = shares.remove(&id).unwrap_or_default();
                share.sort_unstable();
                (id, share)
            })
            .collect();
        cx.writes.push_back(Write::assignment(self, assignment));
    }

    /// The shares are stored: everyone may have theirs. If they could not be, everyone is to join again.
    ///
    /// Nothing happens if the group has gone on since.
    pub(super) fn assignment_stored(
        &mut self,
        generation: Generation,
        assignment: &Arc<[(MemberId, Vec<TopicPartition>)]>,
        error: ErrorCode,
        cx: &mut Context<'_>,
    ) {
        if self.state != State::CompletingRebalance || generation != self.generation {
            return;
        }
        if error != ErrorCode::None {
            self.refuse_syncs(error, cx);
            self.prepare_rebalance_if_possible(cx);
            return;
        }
        self.state = State::Stable;
        let (broker, group) = (cx.broker, self.id);
        let assignment = Arc::clone(assignment);
        for (id, share) in assignment.iter() {
            if let Some(member) = self.members.get_mut(id) {
                member.assignment.clone_from(share);
            }
        }
        cx.out.event(Event::GroupStabilized { broker, group, generation, assignment });
        self.answer_syncs(ErrorCode::None, cx);
    }

    /// Nobody owns anything, and whoever waits for a share hears why.
    pub(super) fn refuse_syncs(&mut self, error: ErrorCode, cx: &mut Context<'_>) {
        for member in self.members.values_mut() {
            member.assignment.clear();
        }
        self.answer_syncs(error, cx);
    }

    /// Their sessions begin anew: they may have run out while the members waited.
    fn answer_syncs(&mut self, error: ErrorCode, cx: &mut Context<'_>) {
        let ids: Vec<MemberId> = self.members.keys().copied().collect();
        for id in ids {
            if Defect::TellsOnlyTheLeader.is_on() && !self.is_leader(id) {
                continue;
            }
            let Some(member) = self.members.get_mut(&id) else { continue };
            if let Some(asker) = member.sync.take() {
                asker.answer_sync(error, member.assignment.clone(), cx.out);
                self.renew_session(id, cx);
            }
        }
    }
}
