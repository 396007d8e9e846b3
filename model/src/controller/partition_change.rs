//! What becomes of a partition's state under KRaft: a function from the state and what is to change to the next state.
//!
//! # Elections
//!
//! The current leader stays if it is valid: alive and in the ISR. Otherwise the first valid replica in the order of
//! assignment leads, otherwise nobody; if an unclean election is allowed, the first replica that is alive, alone in the ISR.
//! Without eligible leader replicas an ISR never becomes empty: its last member stays in it though it is fenced.
//! Source: 3.3.2 `PartitionChangeBuilder.electAnyLeader`, `build`.
//!
//! # Eligible leader replicas (KIP-966)
//!
//! While the ISR is smaller than min.insync.replicas, who leaves it stays eligible, unless its disk may have lost its end. The ISR
//! may become empty; then an eligible replica is valid too, and leads alone in the ISR. If nobody is eligible either, whoever
//! led last does, which is an unclean election. Source: 3.9.0 `PartitionChangeBuilder.maybePopulateTargetElr`,
//! `isValidNewLeader`, `canElectLastKnownLeader`, `maybeUpdateLastKnownLeader`.
//!
//! # Epochs
//!
//! The partition epoch grows by one with each change, the leader epoch if the leader changes; before 3.6 also if the ISR loses
//! a member. Source: 3.3.2 `triggerLeaderEpochBumpIfNeeded`, 3.9.0 `triggerLeaderEpochBumpForIsrShrinkIfNeeded`,
//! `PartitionRegistration.merge`.

use crate::defects::Defect;
use crate::ids::{BrokerId, BrokerSet, LeaderEpoch, PartitionEpoch};
use crate::message::PartitionState;
use crate::protocol::Protocol;

/// Who is preferred, and whether a leader from outside the ISR will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ElectionType {
    /// The first replica, though another one leads well.
    Preferred,
    /// Whoever is valid.
    Online,
    /// The same, or if there is none anyone who is alive.
    Unclean,
}

/// What is to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// The ISR to be. If it is empty and there are no eligible leader replicas, the old one stays.
    pub(super) isr: BrokerSet,
    /// Who may lead: alive, and not about to go.
    pub(super) acceptable: BrokerSet,
    /// Whose disks may have lost their ends.
    pub(super) lost: BrokerSet,
    /// How a leader is chosen.
    pub(super) election: ElectionType,
    /// Whether the leader is still recovering from an unclean election.
    pub(super) recovering: bool,
}

/// What comes of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Changed {
    pub(super) next: PartitionState,
    /// The leader was elected uncleanly.
    pub(super) unclean: bool,
}

/// The ISR and the eligible leader replicas that an election chooses from.
#[derive(Clone, Copy)]
struct Candidates {
    isr: BrokerSet,
    elr: BrokerSet,
}

impl Change {
    /// The next state, under its epochs; none if nothing changes.
    pub(super) fn of(
        &self,
        state: &PartitionState,
        protocol: &Protocol,
        min_insync_replicas: u32,
    ) -> Option<Changed> {
        let elr = if protocol.eligible_leader_replicas {
            self.eligible(state, min_insync_replicas)
        } else {
            BrokerSet::EMPTY
        };
        let candidates = Candidates { isr: self.isr, elr };
        let (leader, unclean) = self.elect(state, candidates, protocol);
        let mut next = state.clone();
        next.leader = leader;
        (next.isr, next.elr) = self.members(state, candidates, leader, unclean, protocol);
        if Defect::IsrForgetsLeader.is_on() && leader != state.leader {
            next.isr = leader.map_or(next.isr, |leader| next.isr.without(leader));
        }
        next.recovering = if unclean { protocol.leader_recovery_state } else { self.recovering };
        if protocol.eligible_leader_replicas {
            next.last_known_leader = last_known_leader(state, &next);
        }
        if next == *state {
            return None;
        }
        let loses_member = !state.isr.is_subset(next.isr);
        let keeps_epoch = Defect::KeepsEpochAtElection.is_on();
        if leader != state.leader && !keeps_epoch || (loses_member && protocol.leader_epoch_bumped_on_shrink)
        {
            next.leader_epoch = LeaderEpoch(state.leader_epoch.0 + 1);
        }
        next.partition_epoch = PartitionEpoch(state.partition_epoch.0 + 1);
        Some(Changed { next, unclean })
    }

    /// Who besides the ISR to be has all that was committed. Source: 3.9.0 `ReplicationControlManager.getTopicEffectiveMinIsr`
    /// counts at most as many as there are replicas.
    fn eligible(&self, state: &PartitionState, min_insync_replicas: u32) -> BrokerSet {
        if self.isr.len() >= state.replicas.len().min(min_insync_replicas as usize) {
            return BrokerSet::EMPTY;
        }
        state.elr.union(state.isr).difference(self.isr).difference(self.lost)
    }

    /// Who leads, and whether that may lose what was committed.
    fn elect(
        &self,
        state: &PartitionState,
        candidates: Candidates,
        protocol: &Protocol,
    ) -> (Option<BrokerId>, bool) {
        let Candidates { isr, elr } = candidates;
        let pool = if isr.is_empty() { elr } else { isr };
        let is_valid = |broker: &BrokerId| pool.contains(*broker) && self.acceptable.contains(*broker);
        let preferred = state.replicas.first().filter(|_| self.election == ElectionType::Preferred);
        let stays = state.leader.as_ref().is_some_and(is_valid);
        if Defect::ElectsNobody.is_on() && !stays {
            return (None, false);
        }
        let lives = |broker: &BrokerId| self.acceptable.contains(*broker);
        if let Some(first) = state.replicas.iter().copied().find(lives).filter(|_| !stays)
            && Defect::ElectsFirstReplica.is_on()
        {
            return (Some(first), false);
        }
        let in_order = preferred.into_iter().chain(state.leader.as_ref()).chain(&state.replicas);
        if let Some(leader) = in_order.copied().find(is_valid) {
            return (Some(leader), false);
        }
        let last = state.last_known_leader.filter(|_| protocol.eligible_leader_replicas && pool.is_empty());
        let is_alive =
            |broker: &BrokerId| self.acceptable.contains(*broker) || !protocol.last_known_leader_checked;
        if let Some(leader) = last.filter(is_alive) {
            return (Some(leader), true);
        }
        let mut anyone = state.replicas.iter().copied().filter(|broker| self.acceptable.contains(*broker));
        match self.election {
            ElectionType::Unclean => anyone.next().map_or((None, false), |leader| (Some(leader), true)),
            ElectionType::Preferred | ElectionType::Online => (None, false),
        }
    }

    /// The ISR and the eligible leader replicas under this leader.
    fn members(
        &self,
        state: &PartitionState,
        candidates: Candidates,
        leader: Option<BrokerId>,
        unclean: bool,
        protocol: &Protocol,
    ) -> (BrokerSet, BrokerSet) {
        let Candidates { isr, elr } = candidates;
        match leader {
            Some(leader) if unclean => (BrokerSet::one(leader), BrokerSet::EMPTY),
            Some(leader) if Defect::ElectsFirstReplica.is_on() && !isr.contains(leader) => {
                (BrokerSet::one(leader), elr.without(leader))
            }
            Some(leader) if elr.contains(leader) => (BrokerSet::one(leader), elr.without(leader)),
            Some(_) | None if isr.is_empty() && !protocol.eligible_leader_replicas => (state.isr, elr),
            Some(_) | None => (isr, elr),
        }
    }
}

/// Who led last is noted as the ISR becomes empty, and forgotten once there is a leader.
fn last_known_leader(state: &PartitionState, next: &PartitionState) -> Option<BrokerId> {
    if next.leader.is_some() {
        None
    } else if next.isr.is_empty() && !state.isr.is_empty() {
        state.leader.or(state.last_known_leader)
    } else {
        state.last_known_leader
    }
}

#[cfg(test)]
#[path = "partition_change_test.rs"]
mod partition_change_test;
