//! A leader proposes another ISR, and how the others hear of it: up to 2.6 by a conditional write to ZooKeeper, then by a request
//! that the controller weighs (KIP-497).

use super::Controller;
use super::decisions::tell_isr_change;
use crate::ids::{BrokerEpoch, BrokerId, BrokerSet, CorrelationId, LeaderEpoch, PartitionEpoch};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, PartitionState};
use crate::protocol::{IsrEligibility, IsrWrite};
use crate::time::{Instant, Micros};

/// What becomes of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It comes into force under the next partition epoch.
    Accepted,
    /// It is what holds already: the repetition of a proposal whose answer was lost.
    InForce,
    /// Nothing changes.
    Refused(ErrorCode),
}

/// A leader's request for another ISR.
#[derive(Clone, Copy, Debug)]
pub(super) struct Proposal<'a> {
    /// Who asks.
    pub(super) sender: BrokerId,
    /// Its view, with the ISR that it proposes.
    pub(super) state: &'a PartitionState,
    /// Its registration, where it tells.
    pub(super) broker_epoch: Option<BrokerEpoch>,
    /// The registrations of proposed members, where it tells.
    pub(super) isr_epochs: &'a [(BrokerId, BrokerEpoch)],
}

/// Weighs a write to ZooKeeper against the state in force.
///
/// The order is that of 39 `ReplicationControlManager.validateAlterPartitionData`. What decides in this era
/// is the comparison of versions (0.11.0.2 `ReplicationUtils.updateLeaderAndIsr`); there a version that has
/// moved on still is a success if leader, leader epoch and ISR are the proposed ones
/// (`checkLeaderAndIsrZkData`). So it is in 2.7, where the controller writes (2.7.0 `KafkaController.processAlterIsr`,
/// `LeaderAndIsr.equalsIgnoreZk`). Whether a proposed member lives is not asked.
fn weigh(state: &PartitionState, sender: BrokerId, proposed: &PartitionState) -> Verdict {
    if proposed.leader_epoch < state.leader_epoch {
        return Verdict::Refused(ErrorCode::FencedLeaderEpoch);
    }
    let is_leader = state.leader == Some(sender) && proposed.leader == Some(sender);
    if !is_leader || proposed.leader_epoch > state.leader_epoch {
        return Verdict::Refused(ErrorCode::InvalidRequest);
    }
    if proposed.isr == state.isr {
        return Verdict::InForce;
    }
    if proposed.partition_epoch != state.partition_epoch {
        return Verdict::Refused(ErrorCode::InvalidUpdateVersion);
    }
    if is_impossible(state, sender, proposed.isr) {
        return Verdict::Refused(ErrorCode::InvalidRequest);
    }
    Verdict::Accepted
}

fn is_impossible(state: &PartitionState, leader: BrokerId, isr: BrokerSet) -> bool {
    let replicas: BrokerSet = state.replicas.iter().copied().collect();
    !isr.is_subset(replicas) || !isr.contains(leader)
}

/// Weighs a request to a KRaft controller. What asks for nothing new is a success that changes nothing, but only from the version
/// in force. `ineligible` are those that may not be in an ISR.
///
/// Source: 3.7.0 `ReplicationControlManager.validateAlterPartitionData`.
fn weigh_kraft(
    state: &PartitionState,
    sender: BrokerId,
    proposed: &PartitionState,
    ineligible: BrokerSet,
) -> Verdict {
    let ahead =
        proposed.leader_epoch > state.leader_epoch || proposed.partition_epoch > state.partition_epoch;
    let is_leader = state.leader == Some(sender);
    let recovers_wrongly = proposed.recovering && (proposed.isr.len() > 1 || !state.recovering);
    let refusals = [
        (ahead, ErrorCode::NotController),
        (proposed.leader_epoch < state.leader_epoch, ErrorCode::FencedLeaderEpoch),
        (!is_leader, ErrorCode::InvalidRequest),
        (proposed.partition_epoch < state.partition_epoch, ErrorCode::InvalidUpdateVersion),
        (is_impossible(state, sender, proposed.isr) || recovers_wrongly, ErrorCode::InvalidRequest),
        (!proposed.isr.intersection(ineligible).is_empty(), ErrorCode::IneligibleReplica),
    ];
    if let Some((_, error)) = refusals.into_iter().find(|(refused, _)| *refused) {
        return Verdict::Refused(error);
    }
    let changes = proposed.isr != state.isr || proposed.recovering != state.recovering;
    if changes { Verdict::Accepted } else { Verdict::InForce }
}

impl Controller {
    /// Answers a leader's proposal. How the others hear of a new ISR: [`Self::accept_isr`].
    pub(super) fn on_alter_partition(
        &mut self,
        now: Instant,
        correlation: CorrelationId,
        proposal: &Proposal<'_>,
        out: &mut Effects,
    ) {
        let (sender, partition) = (proposal.sender, proposal.state.partition);
        let place = self.place(partition);
        let verdict = match place {
            _ if self.is_stale(proposal) => Verdict::Refused(ErrorCode::StaleBrokerEpoch),
            None => Verdict::Refused(ErrorCode::UnknownTopicOrPartition),
            Some(place) if self.by_majority(place) => Verdict::Refused(ErrorCode::InvalidRequest),
            Some(place) => self.weigh(&self.partitions[place].state, proposal),
        };
        if let (Verdict::Accepted, Some(place)) = (verdict, place) {
            let proposed = proposal.state;
            if self.is_kraft() {
                self.change_as_leader(place, proposed.isr, proposed.recovering, out);
            } else {
                self.accept_isr(now, place, proposed.isr, out);
            }
        }
        let led_on = |state: &PartitionState| state.leader == Some(sender);
        let (error, leader_epoch, isr, partition_epoch) = match verdict {
            // It is in force, and another leads by it. Source: 3.3.0 `ReplicationControlManager.alterPartition`.
            Verdict::Accepted if !led_on(self.state(partition)) => {
                (ErrorCode::NewLeaderElected, LeaderEpoch(0), BrokerSet::EMPTY, PartitionEpoch(0))
            }
            Verdict::Accepted | Verdict::InForce => {
                let state = self.state(partition);
                (ErrorCode::None, state.leader_epoch, state.isr, state.partition_epoch)
            }
            Verdict::Refused(error) => (error, LeaderEpoch(0), BrokerSet::EMPTY, PartitionEpoch(0)),
        };
        let reply = Body::AlterPartitionReply { partition, error, isr, partition_epoch, leader_epoch };
        out.send(sender.into(), correlation, reply);
    }

    /// Whether the sender is not registered under the epoch that it tells; ZooKeeper, to which it writes itself, does not ask.
    /// Source: 2.7.0 `KafkaController.processAlterIsr`, 3.3.0 `ClusterControlManager.checkBrokerEpoch`.
    fn is_stale(&self, proposal: &Proposal<'_>) -> bool {
        let registered = self.is_kraft() || self.sessions.registered().contains(proposal.sender);
        let current = proposal.broker_epoch == Some(self.sessions.epoch(proposal.sender));
        self.config.protocol.isr_write == IsrWrite::AlterPartition && !(registered && current)
    }

    fn weigh(&self, state: &PartitionState, proposal: &Proposal<'_>) -> Verdict {
        if self.is_kraft() {
            weigh_kraft(state, proposal.sender, proposal.state, self.ineligible(state, proposal.isr_epochs))
        } else {
            weigh(state, proposal.sender, proposal.state)
        }
    }

    /// The replicas that may not be in an ISR: of brokers that are fenced or shut down, or that are not registered under the epoch
    /// under which the leader knows them. Source: 3.3.0 and 3.5.0 `ReplicationControlManager.ineligibleReplicasForIsr`.
    fn ineligible(&self, state: &PartitionState, told: &[(BrokerId, BrokerEpoch)]) -> BrokerSet {
        let replicas: BrokerSet = state.replicas.iter().copied().collect();
        let absent = replicas.difference(self.sessions.electable());
        let restarted = told.iter().filter(|(broker, epoch)| self.sessions.epoch(*broker) != *epoch);
        match self.config.protocol.isr_eligibility {
            IsrEligibility::Anyone => BrokerSet::EMPTY,
            IsrEligibility::Unfenced => absent,
            IsrEligibility::BrokerEpoch => absent.union(restarted.map(|(broker, _)| *broker).collect()),
        }
    }

    /// Puts a proposed ISR into force. Who wrote to ZooKeeper itself has the others told later: [`Propagation`]. From 2.7 on the
    /// controller sends the metadata at once, but no order to the replicas (2.7.0 `KafkaController.processAlterIsr`).
    fn accept_isr(&mut self, now: Instant, place: usize, isr: BrokerSet, out: &mut Effects) {
        let state = &mut self.partitions[place].state;
        let old_isr = std::mem::replace(&mut state.isr, isr);
        state.partition_epoch = PartitionEpoch(state.partition_epoch.0 + 1);
        tell_isr_change(state, old_isr, out);
        self.changed_partitions.insert(state.partition);
        match self.config.protocol.isr_write {
            IsrWrite::AlterPartition => self.notices.update_metadata(),
            IsrWrite::Zookeeper => self.propagation.note(now),
        }
    }
}

/// When all brokers are told of ISRs that leaders changed: at the first of the regular looks by which there
/// was no change for [`Self::BLACKOUT`], or the last telling lies [`Self::INTERVAL`] back.
///
/// Source: 0.11.0.2 `ReplicaManager.maybePropagateIsrChanges`, `KafkaController.IsrChangeNotification`. There
/// each leader has such a clock, looks since it started, and only its own notices reset it; here is one for
/// the cluster, it looks since the run began, and every UpdateMetadata resets it, since each carries all
/// ISRs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Propagation {
    last_told: Instant,
    due: Option<Instant>,
}

impl Propagation {
    const LOOK_EVERY: Micros = Micros::from_millis(2_500);
    const BLACKOUT: Micros = Micros::from_millis(5_000);
    const INTERVAL: Micros = Micros::from_millis(60_000);

    /// When to tell; none if there is nothing to tell.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// An ISR changed.
    fn note(&mut self, now: Instant) {
        let ripe = (now + Self::BLACKOUT).min(self.last_told + Self::INTERVAL).max(now);
        self.due = Some(look_after(ripe));
    }

    /// All brokers were told.
    pub(super) fn told(&mut self, now: Instant) {
        self.last_told = now;
        self.due = None;
    }
}

/// The first regular look after `time`.
fn look_after(time: Instant) -> Instant {
    let every = Propagation::LOOK_EVERY.0;
    Instant((time.0 / every + 1) * every)
}

#[cfg(test)]
#[path = "isr_changes_test.rs"]
mod isr_changes_test;
