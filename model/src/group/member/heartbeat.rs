//! The thread that keeps a member in its group while the application works.

use crate::event::Event;
use crate::group::member::{Member, Request};
use crate::ids::Generation;
use crate::machine::Effects;
use crate::message::{Body, ErrorCode};
use crate::time::{Instant, Micros};

/// When a member was last heard and when it last heard. Source: 0.11.0.2 `Heartbeat`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Heartbeat {
    /// The next one leaves at this moment.
    next_at: Instant,
    /// The coordinator was alive at this moment.
    heard: Instant,
}

impl Member {
    /// Both sides begin to count anew. Source: 0.11.0.2 `Heartbeat.resetTimeouts`.
    pub(super) fn restart_session(&mut self, now: Instant) {
        self.heartbeat = Heartbeat { next_at: now + self.heartbeat_interval(), heard: now };
    }

    fn heartbeat_interval(&self) -> Micros {
        Micros::from_millis(self.settings.heartbeat_interval_ms.max(1))
    }

    /// One round of the heartbeat thread, which sleeps while there is no generation to be in.
    /// Source: 0.11.0.2 `AbstractCoordinator.HeartbeatThread.run`.
    pub(super) fn keep_alive(&mut self, now: Instant, out: &mut Effects) {
        if self.stopped || !self.membership.is_in_generation() || !self.lookup.is_known() {
            return;
        }
        let silent_at = self.heartbeat.heard + Micros::from_millis(self.settings.session_timeout_ms);
        if silent_at <= now {
            self.coordinator_dead();
            return;
        }
        self.net.wake.by(silent_at);
        // While it is in `poll` it is not away.
        if !self.application.is_polling() {
            if self.poll_expires_at() <= now {
                self.poll_expired(now, out);
                return;
            }
            self.net.wake.by(self.poll_expires_at());
        }
        self.send_heartbeat(now, out);
    }

    fn send_heartbeat(&mut self, now: Instant, out: &mut Effects) {
        let generation = self.membership.generation;
        if self.heartbeat.next_at <= now
            && let Some(member) = self.membership.member
        {
            let body =
                Body::HeartbeatRequest { group: self.group, generation, member, instance: self.instance };
            if self.ask_coordinator(Request::Heartbeat(generation), body, now, out).is_none() {
                // As soon as the connection is open.
                return;
            }
            self.heartbeat.next_at = now + self.heartbeat_interval();
        }
        self.net.wake.by(self.heartbeat.next_at);
    }

    /// When the application will have been away from `poll` for too long.
    pub(super) fn poll_expires_at(&self) -> Instant {
        self.polled_at + Micros::from_millis(self.settings.max_poll_interval_ms.max(1))
    }

    /// The application has been away for max.poll.interval.ms: the member leaves, and joins again at the next poll. A
    /// static member only forgets that it was in. Source: 0.11.0.2 `AbstractCoordinator.maybeLeaveGroup`; 2.4.0 for static
    /// members.
    fn poll_expired(&mut self, now: Instant, out: &mut Effects) {
        let (client, group) = (self.node, self.group);
        out.event(Event::PollExpired { client, group });
        self.leave(now, out);
        self.lose_all();
    }

    /// Says good-bye if the member is dynamic and known to a coordinator that can be reached.
    pub(super) fn leave(&mut self, now: Instant, out: &mut Effects) {
        let Some(member) = self.membership.member else { return };
        if self.instance.is_none() {
            let body = Body::LeaveGroupRequest { group: self.group, member };
            self.ask_coordinator(Request::LeaveGroup, body, now, out);
        }
    }

    /// Source: 0.11.0.2 `AbstractCoordinator.HeartbeatResponseHandler`. An answer of an older generation says nothing of
    /// this one, as from 2.6 on.
    pub(super) fn on_heartbeat_reply(
        &mut self,
        generation: Generation,
        error: ErrorCode,
        now: Instant,
        out: &mut Effects,
    ) {
        if !self.membership.is_in_generation() || generation != self.membership.generation {
            return;
        }
        if matches!(error, ErrorCode::None | ErrorCode::RebalanceInProgress) {
            self.heartbeat.heard = now;
        }
        self.take_refusal(error, out);
    }
}
