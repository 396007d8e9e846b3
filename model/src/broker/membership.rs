//! A broker's life with the controller: registration, heartbeats, shutdown in good order.
//!
//! Source: 0.11.0.2 `KafkaHealthcheck` (its ZooKeeper session), `KafkaServer.controlledShutdown`. Under KRaft: 3.3.2
//! `BrokerLifecycleManager`, `BrokerServer`. There a broker obeys no notice before it is registered, sends its first heartbeat when
//! it has heard of the cluster, and goes on serving though it is fenced.

use crate::event::Event;
use crate::ids::{BrokerEpoch, BrokerId, NodeId};
use crate::machine::{Effects, Ending};
use crate::message::{Body, ErrorCode};
use crate::protocol::ControllerKind;
use crate::time::{Instant, Micros};

use super::{Broker, socket_timeout};

/// How long a broker waits before it tries again to register.
const REGISTRATION_BACKOFF: Micros = Micros::from_millis(500);

/// Under KRaft, when a broker asks again first whether it may stop; then with each heartbeat.
/// Source: 3.3.2 `BrokerLifecycleManager.BrokerHeartbeatResponseHandler`.
const FIRST_SHUTDOWN_RETRY: Micros = Micros::from_millis(50);

/// Under KRaft, how long a broker waits until it may stop, and then stops as it is. Source: 3.3.2 `BrokerServer.shutdown`.
const SHUTDOWN_PATIENCE: Micros = Micros::from_millis(300_000);

/// Where a broker stands with the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Membership {
    /// From its registration; none while it is not registered.
    epoch: Option<BrokerEpoch>,
    /// KRaft: the controller is not known to take it for alive, nor has it sent a heartbeat since it heard of the cluster.
    catching_up: bool,
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
    /// When it stops unasked. KRaft only.
    give_up: Option<Instant>,
    /// It was told to wait.
    waits: bool,
}

impl Membership {
    /// In its first life a broker is part of the cluster that was formed before the run.
    pub(super) fn new(me: BrokerId, first_life: bool) -> Self {
        let epoch = first_life.then_some(BrokerEpoch(u64::from(me.0)));
        Self { epoch, catching_up: false, next: None, shutdown: None }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.next.into_iter().chain(self.shutdown.map(|shutdown| shutdown.next)).min()
    }

    pub(super) fn epoch(&self) -> Option<BrokerEpoch> {
        self.epoch
    }
}

impl Broker {
    pub(super) fn is_kraft(&self) -> bool {
        self.config.protocol.controller == ControllerKind::Kraft
    }

    fn session_timeout(&self) -> Micros {
        let broker = &self.config.broker;
        Micros::from_millis(match self.config.protocol.controller {
            ControllerKind::Zookeeper => broker.zookeeper_session_timeout_ms,
            ControllerKind::Kraft => broker.broker_session_timeout_ms,
        })
    }

    fn heartbeat_interval(&self) -> Micros {
        match self.config.protocol.controller {
            ControllerKind::Zookeeper => Micros(self.session_timeout().0 / 3),
            ControllerKind::Kraft => Micros::from_millis(self.config.broker.broker_heartbeat_interval_ms),
        }
    }

    /// Under KRaft a broker reads of the cluster, but acts on it only once it is registered.
    pub(super) fn obeys_notices(&self) -> bool {
        !self.is_kraft() || self.membership.epoch.is_some()
    }

    /// The broker has heard of the cluster: under KRaft the controller may take it for alive now.
    pub(super) fn has_caught_up(&mut self, now: Instant) {
        if std::mem::take(&mut self.membership.catching_up) {
            self.membership.next = Some(now);
        }
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
        let previous_epoch = self.storage.previous_epoch;
        self.ask(NodeId::CONTROLLER, Body::BrokerRegistrationRequest { incarnation, previous_epoch }, out);
        // An answer that does not come within a session is not waited for.
        self.membership.next = Some(now + socket_timeout(&self.config).min(self.session_timeout()));
    }

    pub(super) fn on_registered(&mut self, now: Instant, error: ErrorCode, epoch: BrokerEpoch) {
        if error == ErrorCode::None {
            self.membership.epoch = Some(epoch);
            self.membership.catching_up = self.is_kraft();
            self.membership.next = Some(now + self.heartbeat_interval());
        } else {
            self.membership.next = Some(now + REGISTRATION_BACKOFF);
        }
    }

    /// The controller took the broker for dead, and says so: it registers again at once.
    pub(super) fn on_heartbeat_reply(&mut self, now: Instant, error: ErrorCode, fenced: bool) {
        if error != ErrorCode::None {
            self.membership.epoch = None;
            self.membership.next = Some(now);
        }
        self.membership.catching_up &= fenced;
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
            let give_up = self.is_kraft().then_some(now + SHUTDOWN_PATIENCE);
            self.membership.shutdown = Some(Shutdown { retries_left, next: now, give_up, waits: false });
            if self.is_kraft() && self.membership.epoch.is_some() {
                // Each heartbeat says from now on that it wants to stop.
                self.membership.next = None;
            }
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
        let patience =
            if self.is_kraft() { self.heartbeat_interval() } else { socket_timeout(&self.config) + backoff };
        let Some(shutdown) = &mut self.membership.shutdown else { return };
        let left = match shutdown.give_up {
            Some(at) => (now < at).then_some(shutdown.retries_left),
            None => shutdown.retries_left.checked_sub(1),
        };
        match (left, self.membership.epoch) {
            (Some(left), Some(epoch)) => {
                shutdown.retries_left = left;
                shutdown.next = now + patience;
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
        let interval = self.heartbeat_interval();
        let is_kraft = self.is_kraft();
        let Some(shutdown) = &mut self.membership.shutdown else { return };
        if error == ErrorCode::None && remaining == 0 {
            return self.finish_shutdown(out);
        }
        let told_before = std::mem::replace(&mut shutdown.waits, true);
        shutdown.next = now
            + match (is_kraft, told_before) {
                (true, true) => interval,
                (true, false) => FIRST_SHUTDOWN_RETRY,
                (false, _) => Micros::from_millis(self.config.broker.controlled_shutdown_retry_backoff_ms),
            };
    }

    fn finish_shutdown(&mut self, out: &mut Effects) {
        out.event(Event::ControlledShutdownCompleted { broker: self.me });
        out.stop = Some(Ending::Clean);
    }
}
