//! Brokers come, are heard, and go, as a KRaft controller sees it.
//!
//! Source: 3.3.2 and 3.9.0 `ClusterControlManager`, `BrokerHeartbeatManager`, `ReplicationControlManager`.
//!
//! # What differs from ZooKeeper
//!
//! - A restarted broker is refused with DUPLICATE_BROKER_REGISTRATION while the session of its earlier life is valid.
//!   Afterwards it is registered, fenced: it leads nothing and is in no ISR that it was not in before. Its first heartbeat after it
//!   has heard of the cluster unfences it.
//! - A broker that was silent for broker.session.timeout.ms is fenced. It is not told; if it was merely cut off it serves on,
//!   and the next of its heartbeats to arrive unfences it under the same epoch.
//! - Stale brokers are fenced one by one. The first may make another one leader that is fenced next.
//! - A broker that wants to shut down leaves all ISRs and leads nothing more, and is fenced as it is allowed to stop.
//! - Every broker hears of every change at once, fenced ones too: all read the metadata log.
//!
//! # Left out
//!
//! - The quorum: the controller is one node, does not fail over, and what it decides is committed at once.
//! - Offsets of the metadata log: a broker has caught up when it sends a heartbeat after it was told of the cluster, and the others
//!   have heard of a shutdown when each has sent a heartbeat since.
//! - `unclean.leader.election.interval.ms` (3.9): settings do not change here, so there is nothing to find later.
//! - New partitions get their leader by the rule of ZooKeeper: a partition none of whose replicas lives is created, and led later;
//!   Kafka refuses to create it.

use super::partition_change::{Change, ElectionType};
use super::sessions::Registration;
use super::{Controller, Partition};
use crate::event::Event;
use crate::ids::{BrokerEpoch, BrokerId, BrokerSet, CorrelationId};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode};
use crate::time::Instant;

impl Controller {
    /// A broker that has started wants to be known. `life` is its incarnation, and the epoch of its latest life that ended well.
    ///
    /// Source: 3.3.2 `ClusterControlManager.registerBroker`.
    pub(super) fn on_kraft_registration(
        &mut self,
        now: Instant,
        broker: BrokerId,
        correlation: CorrelationId,
        life: (u32, Option<BrokerEpoch>),
        out: &mut Effects,
    ) {
        let (incarnation, previous_epoch) = life;
        let known_epoch = self.sessions.epoch(broker);
        let registration = self.sessions.admit(now, broker, incarnation);
        let (error, epoch) = match registration {
            Registration::Opened(epoch) | Registration::Known(epoch) => (ErrorCode::None, epoch),
            Registration::Refused => (ErrorCode::DuplicateBrokerRegistration, BrokerEpoch(0)),
        };
        out.send(broker.into(), correlation, Body::BrokerRegistrationReply { error, epoch });
        if !matches!(registration, Registration::Opened(_)) {
            return;
        }
        self.changed_brokers = self.changed_brokers.with(broker);
        out.event(Event::BrokerRegistered { broker, epoch });
        if self.config.protocol.unclean_shutdown_detected && previous_epoch != Some(known_epoch) {
            self.on_unclean_shutdown(broker, out);
        }
        self.notices.update_metadata();
        for place in 0..self.partitions.len() {
            if !self.partitions[place].is_new {
                self.tell_replicas(place, BrokerSet::one(broker));
            }
        }
    }

    /// The broker's logs may have lost their ends: it is neither in sync nor eligible anywhere.
    ///
    /// Source: 3.9.0 `ReplicationControlManager.handleBrokerUncleanShutdown`; by the epoch of the last clean shutdown KIP-966,
    /// KAFKA-15586.
    fn on_unclean_shutdown(&mut self, broker: BrokerId, out: &mut Effects) {
        out.event(Event::UncleanShutdownDetected { broker });
        let lost = BrokerSet::one(broker);
        for place in 0..self.partitions.len() {
            let state = &self.partitions[place].state;
            if state.isr.union(state.elr).contains(broker) && !self.by_majority(place) {
                let change = self.any_change(place).without(broker);
                self.change(place, &Change { lost, ..change }, out);
            }
        }
    }

    /// A broker shows that it lives, and has heard of the cluster.
    ///
    /// Source: 3.3.2 `ReplicationControlManager.processBrokerHeartbeat`, `BrokerHeartbeatManager.calculateNextBrokerState`.
    pub(super) fn on_kraft_heartbeat(
        &mut self,
        now: Instant,
        broker: BrokerId,
        correlation: CorrelationId,
        epoch: BrokerEpoch,
        out: &mut Effects,
    ) {
        let known = self.sessions.hear(now, broker, epoch);
        let error = if known { ErrorCode::None } else { ErrorCode::StaleBrokerEpoch };
        if known && self.sessions.fenced().contains(broker) {
            self.unfence(now, broker, out);
        }
        let fenced = self.sessions.fenced().contains(broker);
        out.send(broker.into(), correlation, Body::BrokerHeartbeatReply { error, fenced });
    }

    /// The broker may lead again; partitions without a leader are looked at. It is told all once more: had it missed a notice, it
    /// would have read it by now in the metadata log.
    ///
    /// Source: 3.3.2 `ReplicationControlManager.handleBrokerUnfenced`.
    fn unfence(&mut self, now: Instant, broker: BrokerId, out: &mut Effects) {
        self.sessions.unfence(broker);
        self.changed_brokers = self.changed_brokers.with(broker);
        out.event(Event::BrokerUnfenced { broker });
        self.notices.update_metadata();
        for place in 0..self.partitions.len() {
            let Partition { state, is_new, .. } = &self.partitions[place];
            if *is_new {
                self.bring_online(place, out);
                continue;
            }
            if self.by_majority(place) {
                self.ask_for_votes(now, place, BrokerSet::one(broker), out);
            } else if state.leader.is_none() {
                self.change(place, &self.any_change(place), out);
            }
            self.tell_replicas(place, BrokerSet::one(broker));
        }
    }

    /// Fences the brokers that were silent for too long, one by one: what follows from one is told before the next.
    ///
    /// Source: 3.3.2 `ReplicationControlManager.maybeFenceOneStaleBroker`.
    pub(super) fn fence_stale_brokers(&mut self, now: Instant, out: &mut Effects) {
        while let Some(broker) = self.sessions.stalest(now) {
            self.fence(now, broker, out);
            self.send_notices(now, out);
        }
    }

    /// The broker is not taken for alive any more: it leaves every ISR and leads nothing.
    ///
    /// Source: 3.3.2 `ReplicationControlManager.handleBrokerFenced`.
    fn fence(&mut self, now: Instant, broker: BrokerId, out: &mut Effects) {
        self.sessions.fence(broker);
        self.changed_brokers = self.changed_brokers.with(broker);
        out.event(Event::BrokerFenced { broker });
        self.notices.update_metadata();
        self.on_voters_gone(now, BrokerSet::one(broker), out);
        self.take_out(broker, out);
    }

    /// Takes the broker out of every ISR; where it led, another one is elected if there is one.
    fn take_out(&mut self, broker: BrokerId, out: &mut Effects) {
        for place in 0..self.partitions.len() {
            if self.partitions[place].state.isr.contains(broker) && !self.by_majority(place) {
                let change = self.any_change(place).without(broker);
                self.change(place, &change, out);
            }
        }
    }

    /// A heartbeat of a broker that wants to shut down. It may once it leads nothing, and the others have heard of that; then it is
    /// fenced. As it asks first it leaves every ISR, also where nobody can lead in its place: under KRaft a partition goes
    /// offline with the last member of its ISR. Since 3.3 the others are told that it is shutting down.
    ///
    /// Source: 3.3.2 `ReplicationControlManager.handleBrokerInControlledShutdown`,
    /// `BrokerHeartbeatManager.calculateNextBrokerState`; KIP-841.
    pub(super) fn on_shutdown_wanted(
        &mut self,
        now: Instant,
        broker: BrokerId,
        correlation: CorrelationId,
        epoch: BrokerEpoch,
        out: &mut Effects,
    ) {
        if !self.sessions.hear(now, broker, epoch) {
            let error = ErrorCode::StaleBrokerEpoch;
            out.send(broker.into(), correlation, Body::ControlledShutdownReply { error, remaining: 0 });
            return;
        }
        let remaining = self.count_led_by(broker);
        let may_stop = match self.sessions.shutdown_began(broker) {
            Some(began) => remaining == 0 && self.sessions.all_heard_since(began),
            None => remaining == 0,
        };
        if self.sessions.live().contains(broker) {
            if may_stop {
                self.fence(now, broker, out);
            } else if self.sessions.shutdown_began(broker).is_none() {
                self.begin_shutdown(now, broker, out);
            }
        }
        self.send_notices(now, out);
        let granted = self.sessions.fenced().contains(broker);
        let remaining = if granted { 0 } else { remaining.max(1) };
        let error = ErrorCode::None;
        out.send(broker.into(), correlation, Body::ControlledShutdownReply { error, remaining });
    }

    fn begin_shutdown(&mut self, now: Instant, broker: BrokerId, out: &mut Effects) {
        self.sessions.note_shutdown(now, broker);
        if self.keeps_shutdowns() {
            self.sessions.begin_shutdown(broker);
            self.notices.update_metadata();
        }
        for place in 0..self.partitions.len() {
            if self.by_majority(place) {
                self.relieve_by_vote(now, place, broker, out);
            }
        }
        self.take_out(broker, out);
    }

    fn count_led_by(&self, broker: BrokerId) -> u32 {
        let is_led = |partition: &&Partition| partition.state.leader == Some(broker);
        self.partitions.iter().filter(is_led).count() as u32
    }

    /// Gives the partition to its preferred replica if that is valid.
    pub(super) fn prefer_in_kraft(&mut self, place: usize, out: &mut Effects) {
        if !self.partitions[place].is_new {
            let change = Change { election: ElectionType::Preferred, ..self.any_change(place) };
            self.change(place, &change, out);
        }
    }

    /// A leader's ISR comes into force, and every broker hears of it at once. `recovering` as the leader has it.
    ///
    /// Source: 3.9.0 `ReplicationControlManager.alterPartition`.
    pub(super) fn change_as_leader(
        &mut self,
        place: usize,
        isr: BrokerSet,
        recovering: bool,
        out: &mut Effects,
    ) {
        let change = Change { isr, recovering, ..self.any_change(place) };
        self.change(place, &change, out);
    }

    /// The change of a partition that keeps its ISR and elects if there is a need.
    fn any_change(&self, place: usize) -> Change {
        let state = &self.partitions[place].state;
        let unclean = self.unclean_allowed(state.partition.topic);
        Change {
            isr: state.isr,
            acceptable: self.sessions.electable(),
            lost: BrokerSet::EMPTY,
            election: if unclean { ElectionType::Unclean } else { ElectionType::Online },
            recovering: state.recovering,
        }
    }
}

impl Change {
    /// The same, and this broker neither leads nor is in the ISR.
    fn without(self, broker: BrokerId) -> Self {
        Self { isr: self.isr.without(broker), acceptable: self.acceptable.without(broker), ..self }
    }
}
