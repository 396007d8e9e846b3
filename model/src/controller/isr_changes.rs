//! A leader proposes another ISR: a conditional write to ZooKeeper, and how the others hear of it.

use super::{Controller, tell_isr_change};
use crate::ids::{BrokerId, BrokerSet, CorrelationId, PartitionEpoch};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, PartitionState};
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

/// Weighs a proposal of `sender` against the state in force.
///
/// The order is that of 39 `ReplicationControlManager.validateAlterPartitionData`. What decides in this era
/// is the comparison of versions (0.11.0.2 `ReplicationUtils.updateLeaderAndIsr`); there a version that has
/// moved on still is a success if leader, leader epoch and ISR are the proposed ones
/// (`checkLeaderAndIsrZkData`). Whether a proposed member lives is not asked.
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
    let replicas: BrokerSet = state.replicas.iter().copied().collect();
    if !proposed.isr.is_subset(replicas) || !proposed.isr.contains(sender) {
        return Verdict::Refused(ErrorCode::InvalidRequest);
    }
    Verdict::Accepted
}

impl Controller {
    /// Answers a leader's proposal. The others hear of a new ISR later: [`Propagation`].
    pub(super) fn on_alter_partition(
        &mut self,
        now: Instant,
        sender: BrokerId,
        correlation: CorrelationId,
        proposed: &PartitionState,
        out: &mut Effects,
    ) {
        let partition = proposed.partition;
        let place = self.place(partition);
        let verdict = place.map_or(Verdict::Refused(ErrorCode::UnknownTopicOrPartition), |place| {
            if self.by_majority(place) {
                return Verdict::Refused(ErrorCode::InvalidRequest);
            }
            weigh(&self.partitions[place].state, sender, proposed)
        });
        if let (Verdict::Accepted, Some(place)) = (verdict, place) {
            if self.is_kraft() {
                self.change_as_leader(place, proposed.isr, proposed.recovering, out);
            } else {
                self.accept_isr(now, place, proposed.isr, out);
            }
        }
        let (error, isr, partition_epoch) = match verdict {
            Verdict::Accepted | Verdict::InForce => {
                let state = self.state(partition);
                (ErrorCode::None, state.isr, state.partition_epoch)
            }
            Verdict::Refused(error) => (error, BrokerSet::EMPTY, PartitionEpoch(0)),
        };
        let reply = Body::AlterPartitionReply {
            partition,
            error,
            isr,
            partition_epoch,
            leader_epoch: proposed.leader_epoch,
        };
        out.send(sender.into(), correlation, reply);
    }

    fn accept_isr(&mut self, now: Instant, place: usize, isr: BrokerSet, out: &mut Effects) {
        let state = &mut self.partitions[place].state;
        let old_isr = std::mem::replace(&mut state.isr, isr);
        state.partition_epoch = PartitionEpoch(state.partition_epoch.0 + 1);
        tell_isr_change(state, old_isr, out);
        self.changed_partitions.insert(state.partition);
        self.propagation.note(now);
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
