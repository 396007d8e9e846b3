//! Who is in the group and still there: heartbeats, members that leave, sessions that run out.
//! Source: 0.11.0.2 `GroupCoordinator.handleHeartbeat`, `handleLeaveGroup`, `onExpireHeartbeat`.

use crate::event::Event;
use crate::ids::{GroupId, MemberId};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode};
use crate::time::Instant;

use super::Coordinator;
use super::group::{Context, Group, State};
use super::request::{Asker, Who};
use super::timers::Timer;

impl Coordinator {
    pub(super) fn on_heartbeat(
        &mut self,
        now: Instant,
        asker: Asker,
        id: GroupId,
        who: Who,
        out: &mut Effects,
    ) {
        let error = match self.group(now, id, out) {
            Some((group, mut cx)) => group.heartbeat(who, &mut cx),
            None => ErrorCode::UnknownMemberId,
        };
        asker.send(Body::HeartbeatReply { error }, out);
    }

    pub(super) fn on_leave(
        &mut self,
        now: Instant,
        asker: Asker,
        id: GroupId,
        member: MemberId,
        out: &mut Effects,
    ) {
        let error = match self.group(now, id, out) {
            Some((group, mut cx)) => group.leave(member, &mut cx),
            None => ErrorCode::UnknownMemberId,
        };
        asker.send(Body::LeaveGroupReply { error }, out);
    }
}

impl Group {
    /// Whether somebody may speak as this member in this generation. The order is 2.4.0's; in 0.11.0.2 a group in
    /// CompletingRebalance says REBALANCE_IN_PROGRESS before it looks at the generation (and, of a commit, at the member).
    pub(super) fn check(&self, who: Who) -> Result<(), ErrorCode> {
        if self.is_fenced(who.member, who.instance) {
            Err(ErrorCode::FencedInstanceId)
        } else if !self.members.contains_key(&who.member) {
            Err(ErrorCode::UnknownMemberId)
        } else if who.generation != self.generation {
            Err(ErrorCode::IllegalGeneration)
        } else {
            Ok(())
        }
    }

    /// In CompletingRebalance a heartbeat does not count: the member is to ask for its share. From 2.7 on it counts as any
    /// other. Source: 2.6.0 and 2.7.0 `GroupCoordinator.handleHeartbeat`.
    fn heartbeat(&mut self, who: Who, cx: &mut Context<'_>) -> ErrorCode {
        if let Err(error) = self.check(who) {
            return error;
        }
        match self.state {
            State::Empty => ErrorCode::UnknownMemberId,
            State::CompletingRebalance if cx.heartbeat_refused_in_sync => ErrorCode::RebalanceInProgress,
            State::PreparingRebalance(_) => {
                self.renew_session(who.member, cx);
                ErrorCode::RebalanceInProgress
            }
            State::CompletingRebalance | State::Stable => {
                self.renew_session(who.member, cx);
                ErrorCode::None
            }
        }
    }

    fn leave(&mut self, id: MemberId, cx: &mut Context<'_>) -> ErrorCode {
        let Some(member) = self.take_out(id, cx) else { return ErrorCode::UnknownMemberId };
        // Source: 2.4.0 `GroupCoordinator.removeMemberAndUpdateGroup`; 0.11.0.2 left the request unanswered.
        if let Some(asker) = member.join {
            asker.refuse_join(None, ErrorCode::UnknownMemberId, cx.out);
        }
        let (broker, group) = (cx.broker, self.id);
        cx.out.event(Event::MemberLeft { broker, group, client: id.client, member: id });
        self.go_on_without(cx);
        ErrorCode::None
    }

    /// The member was heard of: it has another session timeout from now. While an answer is owed to it, it has for ever.
    /// Source: 0.11.0.2 `GroupCoordinator.completeAndScheduleNextHeartbeatExpiration`, `shouldKeepMemberAlive`.
    pub(super) fn renew_session(&mut self, id: MemberId, cx: &mut Context<'_>) {
        let Some(member) = self.members.get_mut(&id) else { return };
        let at = (!member.is_awaiting()).then(|| cx.now + member.session_timeout);
        cx.timers.set(Timer::Session(self.id, id), &mut member.expires, at);
    }

    /// Nothing was heard of the member for its session timeout. While an answer is owed to it that does not matter; the answer
    /// begins another session.
    pub(super) fn session_over(&mut self, id: MemberId, cx: &mut Context<'_>) {
        let Some(member) = self.members.get_mut(&id) else { return };
        member.expires = None;
        if member.is_awaiting() {
            return;
        }
        self.take_out(id, cx);
        self.say_expired(id, cx);
        self.go_on_without(cx);
    }

    pub(super) fn say_expired(&self, id: MemberId, cx: &mut Context<'_>) {
        let (broker, group) = (cx.broker, self.id);
        cx.out.event(Event::MemberExpired { broker, group, client: id.client, member: id });
    }

    /// Source: 0.11.0.2 `GroupCoordinator.removeMemberAndUpdateGroup`.
    fn go_on_without(&mut self, cx: &mut Context<'_>) {
        match self.state {
            State::Empty => {}
            State::PreparingRebalance(_) => self.complete_join_if_all_came(cx),
            State::CompletingRebalance | State::Stable => self.prepare_rebalance_if_possible(cx),
        }
    }
}
