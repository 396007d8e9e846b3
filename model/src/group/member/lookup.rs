//! Who coordinates the group.

use crate::client::network::Ask;
use crate::group::member::{Member, Request};
use crate::ids::{BrokerId, CorrelationId};
use crate::machine::Effects;
use crate::message::{Body, CoordinatorKey, ErrorCode};
use crate::time::Instant;

/// What a member knows of its coordinator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::group) struct Lookup {
    /// The coordinator; none while it is unknown or taken for dead.
    coordinator: Option<BrokerId>,
    /// A FindCoordinator is in flight.
    asked: bool,
    /// No FindCoordinator before this moment.
    not_before: Instant,
}

impl Lookup {
    /// Whether the coordinator is known.
    pub(in crate::group) fn is_known(&self) -> bool {
        self.coordinator.is_some()
    }
}

impl Member {
    /// Asks any broker for the coordinator if that is unknown; after a failure retry.backoff.ms later.
    /// Source: 0.11.0.2 `AbstractCoordinator.lookupCoordinator`, `ensureCoordinatorReady`.
    pub(super) fn find_coordinator(&mut self, now: Instant, out: &mut Effects) {
        if self.lookup.is_known() || self.lookup.asked || self.stopped {
            return;
        }
        if self.lookup.not_before > now {
            self.net.wake.by(self.lookup.not_before);
            return;
        }
        let body = Body::FindCoordinatorRequest { key: CoordinatorKey::Group(self.group) };
        if self.net.ask_anyone(now, Ask::Own(Request::FindCoordinator), body, out) {
            self.lookup.asked = true;
        }
    }

    /// The session begins anew, as seen from here.
    /// Source: 0.11.0.2 `AbstractCoordinator.GroupCoordinatorResponseHandler`.
    pub(super) fn on_found(&mut self, error: ErrorCode, coordinator: Option<BrokerId>, now: Instant) {
        self.lookup.asked = false;
        self.lookup.coordinator = coordinator.filter(|_| error == ErrorCode::None);
        if self.lookup.is_known() {
            self.restart_session(now);
        } else {
            self.lookup_failed(now);
        }
    }

    /// Nobody knows it yet. Kafka waits for newer metadata; that takes retry.backoff.ms at least.
    pub(super) fn lookup_failed(&mut self, now: Instant) {
        self.lookup.asked = false;
        self.lookup.not_before = now + self.retry_backoff;
        self.net.metadata.want();
    }

    /// Another look-up is needed; the membership stays. Source: 0.11.0.2 `AbstractCoordinator.coordinatorDead`.
    pub(in crate::group) fn coordinator_dead(&mut self) {
        self.lookup.coordinator = None;
    }

    /// The connection to a broker broke, which may be the coordinator, or may have been.
    pub(super) fn coordinator_disconnected(&mut self, broker: BrokerId, now: Instant) {
        if self.lookup.coordinator == Some(broker) {
            self.coordinator_dead();
        }
        self.rebalance_disconnected(broker, now);
        self.sync_commit_disconnected(broker, now);
    }

    /// The coordinator, if it is known and a request may leave for it now.
    pub(in crate::group) fn ready_coordinator(
        &mut self,
        now: Instant,
        out: &mut Effects,
    ) -> Option<BrokerId> {
        let coordinator = self.lookup.coordinator?;
        self.net.ready(coordinator, now, out).then_some(coordinator)
    }

    /// Sends the coordinator a request, if it is known and the connection is open.
    pub(in crate::group) fn ask_coordinator(
        &mut self,
        request: Request,
        body: Body,
        now: Instant,
        out: &mut Effects,
    ) -> Option<(BrokerId, CorrelationId)> {
        let coordinator = self.ready_coordinator(now, out)?;
        Some((coordinator, self.net.send(coordinator, now, Ask::Own(request), body, out)))
    }
}
