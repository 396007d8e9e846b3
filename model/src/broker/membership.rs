//! A broker's life with the controller: registration, heartbeats, shutdown in good order.
//!
//! Source: 0.11.0.2 `KafkaHealthcheck` (its ZooKeeper session), `KafkaServer.controlledShutdown`.

use crate::event::Event;
use crate::ids::{BrokerEpoch, BrokerId, NodeId};
use crate::machine::{Effects, Ending};
use crate::message::{Body, ErrorCode};
use crate::protocol::ControllerKind;
use crate::time::{Instant, Micros};

use super::{Broker, socket_timeout};

/// How long a broker waits before it tries again to register.
const REGISTRATION_BACKOFF: Micros = Micros::from_millis(500);

/// Where a broker stands with the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Membership {
    /// From its registration; none while it is not registered.
    epoch: Option<BrokerEpoch>,
    /// When to send the next heartbeat, or to register again.
    next: Option<Instant>,
    shutdown: Option<Shutdown>,
}

/// A controlled shutdown under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Shutdown {
    retries_left: u32,
    /// When to ask again.
    next: Instant,
}

impl Membership {
    /// In its first life a broker is part of the cluster that was formed before the run.
    pub(super) fn new(me: BrokerId, first_life: bool) -> Self {
        let epoch = first_life.then_some(BrokerEpoch(u64::from(me.0)));
        Self { epoch, next: None, shutdown: None }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.next.into_iter().chain(self.shutdown.map(|shutdown| shutdown.next)).min()
    }

    pub(super) fn epoch(&self) -> Option<BrokerEpoch> {
        self.epoch
    }
}

impl Broker {
    fn heartbeat_interval(&self) -> Micros {
        Micros(Micros::from_millis(self.config.broker.zookeeper_session_timeout_ms).0 / 3)
    }

    pub(super) fn start_membership(&mut self, now: Instant, out: &mut Effects) {
        if self.membership.epoch.is_some() {
            self.membership.next = Some(now + self.heartbeat_interval());
        } else {
            self.register(now, out);
        }
    }

    fn register(&mut self, now: Instant, out: &mut Effects) {
        let incarnation = self.storage.incarnation;
        self.ask(
            NodeId::CONTROLLER,
            Body::BrokerRegistrationRequest { incarnation, previous_epoch: None },
            out,
        );
        // An answer that does not come within a session is not waited for.
        self.membership.next = Some(
            now + socket_timeout(&self.config)
                .min(Micros::from_millis(self.config.broker.zookeeper_session_timeout_ms)),
        );
    }

    pub(super) fn on_registered(&mut self, now: Instant, error: ErrorCode, epoch: BrokerEpoch) {
        if error == ErrorCode::None {
            self.membership.epoch = Some(epoch);
            self.membership.next = Some(now + self.heartbeat_interval());
        } else {
            self.membership.next = Some(now + REGISTRATION_BACKOFF);
        }
    }

    /// The controller took the broker for dead, and says so: it registers again at once.
    pub(super) fn on_heartbeat_reply(&mut self, now: Instant, error: ErrorCode) {
        if error != ErrorCode::None {
            self.membership.epoch = None;
            self.membership.next = Some(now);
        }
    }

    pub(super) fn on_controller_lost(&mut self, now: Instant) {
        if self.membership.epoch.is_none() {
            self.membership.next = Some(now + REGISTRATION_BACKOFF);
        }
        self.repropose_at(now + REGISTRATION_BACKOFF);
    }

    pub(super) fn membership_on_time(&mut self, now: Instant, out: &mut Effects) {
        if self.membership.next.is_some_and(|at| at <= now) {
            match self.membership.epoch {
                Some(epoch) => {
                    self.ask(NodeId::CONTROLLER, Body::BrokerHeartbeatRequest { epoch }, out);
                    self.membership.next = Some(now + self.heartbeat_interval());
                }
                None => self.register(now, out),
            }
        }
        if self.membership.shutdown.is_some_and(|shutdown| shutdown.next <= now) {
            self.ask_for_shutdown(now, out);
        }
    }

    pub(super) fn is_shutting_down(&self) -> bool {
        self.membership.shutdown.is_some()
    }

    pub(super) fn start_controlled_shutdown(&mut self, now: Instant, out: &mut Effects) {
        if self.membership.shutdown.is_none() {
            out.event(Event::ControlledShutdownStarted { broker: self.me });
            let retries_left = self.config.broker.controlled_shutdown_max_retries;
            self.membership.shutdown = Some(Shutdown { retries_left, next: now });
        }
    }

    /// Stops with `controlled.shutdown.enable=false`: the controller is not asked to move leaderships, and learns of it as the
    /// session in ZooKeeper ends. A KRaft broker has none: it is fenced when its heartbeats have been missed for long enough.
    ///
    /// Source: 0.11.0.2 `KafkaServer.shutdown`; 3.3.0 `BrokerServer.shutdown`.
    pub(super) fn shut_down_unasked(&mut self, out: &mut Effects) {
        let session =
            self.membership.epoch.filter(|_| self.config.protocol.controller == ControllerKind::Zookeeper);
        if let Some(epoch) = session {
            self.ask(NodeId::CONTROLLER, Body::SessionClosed { epoch }, out);
        }
        out.stop = Some(Ending::Clean);
    }

    fn ask_for_shutdown(&mut self, now: Instant, out: &mut Effects) {
        // The answer is awaited first; an answer that leaves partitions brings the next attempt forward.
        let backoff = Micros::from_millis(self.config.broker.controlled_shutdown_retry_backoff_ms);
        let patience = socket_timeout(&self.config) + backoff;
        let Some(shutdown) = &mut self.membership.shutdown else { return };
        match (shutdown.retries_left.checked_sub(1), self.membership.epoch) {
            (Some(left), Some(epoch)) => {
                *shutdown = Shutdown { retries_left: left, next: now + patience };
                self.ask(NodeId::CONTROLLER, Body::ControlledShutdownRequest { epoch }, out);
            }
            // Nobody relieves it: it stops as it is, its log in good order.
            (None, _) | (_, None) => self.finish_shutdown(out),
        }
    }

    pub(super) fn on_controlled_shutdown_reply(
        &mut self,
        now: Instant,
        error: ErrorCode,
        remaining: u32,
        out: &mut Effects,
    ) {
        if self.membership.shutdown.is_none() {
            return;
        }
        if error == ErrorCode::None && remaining == 0 {
            self.finish_shutdown(out);
        } else if let Some(shutdown) = &mut self.membership.shutdown {
            shutdown.next =
                now + Micros::from_millis(self.config.broker.controlled_shutdown_retry_backoff_ms);
        }
    }

    fn finish_shutdown(&mut self, out: &mut Effects) {
        out.event(Event::ControlledShutdownCompleted { broker: self.me });
        out.stop = Some(Ending::Clean);
    }
}
