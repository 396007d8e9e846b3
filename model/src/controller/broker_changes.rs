//! Brokers come, are heard, go, and are missed.

use super::sessions::Registration;
use super::{Controller, Partition, elections};
use crate::event::Event;
use crate::ids::{BrokerEpoch, BrokerId, BrokerSet, CorrelationId, NodeId};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode};
use crate::time::Instant;

impl Controller {
    /// A broker that has started, or whose session has ended, wants a session.
    pub(super) fn on_registration(
        &mut self,
        now: Instant,
        broker: BrokerId,
        correlation: CorrelationId,
        incarnation: u32,
        out: &mut Effects,
    ) {
        let registration = match self.sessions.register(now, broker, incarnation) {
            Registration::Refused if self.sessions.is_relieved(broker) => {
                // Its earlier life closed its session when it stopped; only the word of it has not come yet.
                self.end_session(now, broker, out);
                self.sessions.register(now, broker, incarnation)
            }
            registration @ (Registration::Opened(_) | Registration::Known(_) | Registration::Refused) => {
                registration
            }
        };
        let (error, epoch) = match registration {
            Registration::Opened(epoch) | Registration::Known(epoch) => (ErrorCode::None, epoch),
            Registration::Refused => (ErrorCode::StaleBrokerEpoch, BrokerEpoch(0)),
        };
        out.send(broker.into(), correlation, Body::BrokerRegistrationReply { error, epoch });
        if let Registration::Opened(epoch) = registration {
            self.on_session_opened(now, broker, epoch, out);
        }
    }

    /// Tells the broker of all its partitions, and gives a leader to those that now can have one.
    ///
    /// Source: 0.11.0.2 `KafkaController.onBrokerStartup`.
    fn on_session_opened(&mut self, now: Instant, broker: BrokerId, epoch: BrokerEpoch, out: &mut Effects) {
        self.changed_brokers = self.changed_brokers.with(broker);
        out.event(Event::BrokerRegistered { broker, epoch });
        self.notices.update_metadata();
        for place in 0..self.partitions.len() {
            if !self.partitions[place].is_new {
                self.tell_replicas(place, BrokerSet::one(broker));
            }
            self.ask_for_votes(now, place, BrokerSet::one(broker), out);
        }
        self.elect_missing_leaders(self.sessions.electable(), out);
    }

    /// A ping of ZooKeeper's client, and what it learns from the answer.
    pub(super) fn on_heartbeat(
        &mut self,
        now: Instant,
        broker: BrokerId,
        correlation: CorrelationId,
        epoch: BrokerEpoch,
        out: &mut Effects,
    ) {
        let known = self.sessions.hear(now, broker, epoch);
        let error = if known { ErrorCode::None } else { ErrorCode::StaleBrokerEpoch };
        out.send(broker.into(), correlation, Body::BrokerHeartbeatReply { error, fenced: false });
    }

    /// A broker's process has ended. One that was told that it leads nothing has stopped in good order and closed its
    /// session (0.11.0.2 `KafkaServer.shutdown`); any other session lasts until it expires.
    ///
    /// 0.11 also closes the session after a controlled shutdown that did not succeed. That is not told apart
    /// from a kill.
    pub(super) fn on_disconnected(&mut self, now: Instant, node: NodeId, out: &mut Effects) {
        let Some(broker) = node.as_broker(self.config.brokers) else { return };
        if self.sessions.is_relieved(broker) {
            self.end_session(now, broker, out);
        }
    }

    /// A broker closed its session as it stopped.
    pub(super) fn on_session_closed(
        &mut self,
        now: Instant,
        broker: BrokerId,
        epoch: BrokerEpoch,
        out: &mut Effects,
    ) {
        if self.sessions.is_current(broker, epoch) {
            self.end_session(now, broker, out);
        }
    }

    fn end_session(&mut self, now: Instant, broker: BrokerId, out: &mut Effects) {
        let ended = BrokerSet::one(broker);
        self.sessions.end(ended);
        self.on_sessions_ended(now, ended, out);
    }

    /// Elects leaders where these brokers led, then takes them out of the other ISRs. Their sessions have ended.
    ///
    /// Source: 0.11.0.2 `KafkaController.onBrokerFailure`.
    pub(super) fn on_sessions_ended(&mut self, now: Instant, dead: BrokerSet, out: &mut Effects) {
        if dead.is_empty() {
            return;
        }
        self.changed_brokers = self.changed_brokers.union(dead);
        for broker in dead.iter() {
            out.event(Event::BrokerFenced { broker });
        }
        self.notices.update_metadata();
        self.elect_missing_leaders(self.sessions.registered(), out);
        self.on_voters_gone(now, dead, out);
        for broker in dead.iter() {
            for place in 0..self.partitions.len() {
                self.remove_from_isr(place, broker, out);
            }
        }
    }

    /// Tries to give a leader to every partition that has none, or whose leader has no session any more, and
    /// tells its replicas among `receivers`.
    ///
    /// Source: 0.11.0.2 `PartitionStateMachine.triggerOnlinePartitionStateChange`.
    fn elect_missing_leaders(&mut self, receivers: BrokerSet, out: &mut Effects) {
        let registered = self.sessions.registered();
        for place in 0..self.partitions.len() {
            let partition = &self.partitions[place];
            if partition.is_new {
                self.bring_online(place, out);
                continue;
            }
            let state = &partition.state;
            let is_led = state.leader.is_some_and(|leader| registered.contains(leader));
            if is_led || self.by_majority(place) {
                continue;
            }
            let unclean_allowed = self.unclean_allowed(state.partition.topic);
            let choice = elections::offline_partition(state, self.sessions.electable(), unclean_allowed);
            if let Some(choice) = choice {
                self.decide(place, choice, receivers, out);
            }
        }
    }

    /// Takes the broker out of the partition's ISR, if it is there, and tells the other replicas.
    ///
    /// Source: 0.11.0.2 `ReplicaStateMachine.handleStateChange` to `OfflineReplica`. It also tells them when
    /// nothing has changed; brokers ignore that, for the leader epoch is the one that they know.
    fn remove_from_isr(&mut self, place: usize, broker: BrokerId, out: &mut Effects) {
        if self.by_majority(place) {
            return;
        }
        let state = &self.partitions[place].state;
        let unclean_allowed = self.unclean_allowed(state.partition.topic);
        if let Some(choice) = elections::without_replica(state, broker, unclean_allowed) {
            self.decide(place, choice, self.sessions.registered().without(broker), out);
        }
    }

    /// A broker wants to lead nothing any more: its leaderships move, and it leaves the other ISRs. Partitions with a
    /// single replica are let be and not counted.
    ///
    /// The notices leave before the reply, so that the broker has heard of its successors when it stops.
    /// Source: 0.11.0.2 `KafkaController.ControlledShutdown.doControlledShutdown`; the check of the epoch is that of
    /// KIP-380, here in place of a connection that belongs to one life of the broker.
    pub(super) fn on_controlled_shutdown(
        &mut self,
        now: Instant,
        broker: BrokerId,
        correlation: CorrelationId,
        epoch: BrokerEpoch,
        out: &mut Effects,
    ) {
        if !self.sessions.is_current(broker, epoch) {
            let error = ErrorCode::StaleBrokerEpoch;
            out.send(broker.into(), correlation, Body::ControlledShutdownReply { error, remaining: 0 });
            return;
        }
        self.sessions.begin_shutdown(broker);
        for place in 0..self.partitions.len() {
            self.relieve(now, place, broker, out);
        }
        let remaining = self.count_replicated_led_by(broker);
        self.sessions.set_relieved(broker, remaining == 0);
        self.send_notices(now, out);
        let error = ErrorCode::None;
        out.send(broker.into(), correlation, Body::ControlledShutdownReply { error, remaining });
    }

    /// Moves the partition's leadership away from a broker that shuts down, or takes it out of the ISR.
    fn relieve(&mut self, now: Instant, place: usize, broker: BrokerId, out: &mut Effects) {
        let state = &self.partitions[place].state;
        if state.replicas.len() < 2 {
            return;
        }
        if self.by_majority(place) {
            return self.relieve_by_vote(now, place, broker, out);
        }
        if state.leader != Some(broker) {
            self.remove_from_isr(place, broker, out);
            return;
        }
        let registered = self.sessions.registered();
        let choice = elections::controlled_shutdown(state, registered, self.sessions.shutting_down());
        if let Some(choice) = choice {
            self.decide(place, choice, registered, out);
        }
    }

    fn count_replicated_led_by(&self, broker: BrokerId) -> u32 {
        let is_led =
            |Partition { state, .. }: &&Partition| state.leader == Some(broker) && state.replicas.len() > 1;
        self.partitions.iter().filter(is_led).count() as u32
    }
}
