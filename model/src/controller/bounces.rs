//! Sessions that brokers close as they stop, and the look of the controller that may come too late.
//!
//! In ZooKeeper the node of a broker that closes its session goes at once; the controller is told that something has changed,
//! and then looks which brokers there are. Until 2.1 it compares their ids only: one that was stopped and is back before the
//! look has never been away (KAFKA-1120), and hears nothing of what it should lead and follow. From 2.2 on it compares
//! their epochs, too (KIP-380), and takes such a broker for dead first and then for new.
//! Source: 0.11.0.2 `KafkaController.BrokerChange`; 2.2.0 the same.
//!
//! Here the controller looks [`LOOK_AFTER`] after a session was closed. A scenario that wants the look to come too late has
//! the broker back sooner, or pauses the controller meanwhile: then it finds both pieces of news at once. A session that
//! expires, and one whose broker was relieved of all leaderships first, ends for ZooKeeper and for the controller at one time.

use super::Controller;
use crate::event::Event;
use crate::ids::{BrokerEpoch, BrokerId, BrokerSet};
use crate::machine::Effects;
use crate::time::{Instant, Micros};

/// How long it takes from the end of a session to the controller's look.
const LOOK_AFTER: Micros = Micros::from_millis(50);

/// Closed sessions that the controller takes to last still.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Closed {
    brokers: BrokerSet,
    look_at: Option<Instant>,
}

impl Closed {
    /// When the controller looks.
    pub(super) fn due(&self) -> Option<Instant> {
        self.look_at
    }

    /// The controller has learned of these otherwise.
    pub(super) fn forget(&mut self, brokers: BrokerSet) {
        self.brokers = self.brokers.difference(brokers);
        if self.brokers.is_empty() {
            self.look_at = None;
        }
    }
}

impl Controller {
    /// A broker closed its session as it stopped.
    pub(super) fn on_session_closed(&mut self, now: Instant, broker: BrokerId, epoch: BrokerEpoch) {
        if !self.is_kraft() && self.sessions.is_current(broker, epoch) {
            self.closed.brokers = self.closed.brokers.with(broker);
            self.closed.look_at = Instant::first(self.closed.look_at, Some(now + LOOK_AFTER));
        }
    }

    /// The controller looks which sessions there are.
    pub(super) fn look_for_closed_sessions(&mut self, now: Instant, out: &mut Effects) {
        if self.closed.look_at.is_some_and(|at| at <= now) {
            let Closed { brokers, .. } = std::mem::take(&mut self.closed);
            self.sessions.end(brokers);
            self.on_sessions_ended(now, brokers, out);
        }
    }

    /// If the broker closed its session and the controller has not looked yet: the new session of this life. The controller
    /// notices nothing.
    pub(super) fn overlook_bounce(
        &mut self,
        now: Instant,
        broker: BrokerId,
        incarnation: u32,
        out: &mut Effects,
    ) -> Option<BrokerEpoch> {
        if !self.closed.brokers.contains(broker) {
            return None;
        }
        if self.config.protocol.broker_epochs {
            self.end_session(now, broker, out);
            return None;
        }
        self.closed.forget(BrokerSet::one(broker));
        self.changed_brokers = self.changed_brokers.with(broker);
        out.event(Event::BounceOverlooked { broker });
        Some(self.sessions.reopen(now, broker, incarnation))
    }
}
