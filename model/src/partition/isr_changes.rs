//! How a leader changes its ISR: it proposes, goes on meanwhile, and hears what came of it.
//!
//! Up to 2.6 a proposal is a conditional write to ZooKeeper under the partition's lock: what is refused leaves the ISR as it was
//! (0.11.0.2 `Partition.updateIsr`). From 2.7 on it is a request to the controller, and the partition does not wait for it: there
//! is one at a time, and until it is decided the larger of both ISRs counts (KIP-497; 2.7.0 `Partition.expandIsr`, `shrinkIsr`,
//! `handleAlterIsrResponse`; 3.3.0 `prepareIsrExpand`, `submitAlterPartition`, `handleAlterPartitionError`).

use crate::config::AckStrategy;
use crate::defects::Defect;
use crate::event::Event;
use crate::ids::{BrokerEpoch, BrokerId, BrokerSet, CorrelationId, LeaderEpoch, PartitionEpoch};
use crate::machine::Effects;
use crate::message::{ErrorCode, PartitionState};
use crate::partition::{Leader, Replica, isr};
use crate::time::{Instant, Micros};

/// How long a leader waits before it repeats a request that the controller refused for the moment.
/// Source: 2.7.0 `AlterIsrManagerImpl.sendRequest`.
const RETRY_BACKOFF: Micros = Micros::from_millis(50);

/// Refusals after which a leader does not know what is in force and waits for the next notice.
/// Source: 3.3.0 `Partition.handleAlterPartitionError`.
const UNSETTLING: [ErrorCode; 5] = [
    ErrorCode::UnknownTopicOrPartition,
    ErrorCode::FencedLeaderEpoch,
    ErrorCode::InvalidUpdateVersion,
    ErrorCode::InvalidRequest,
    ErrorCode::NewLeaderElected,
];

/// An ISR that was proposed to the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IsrChange {
    /// The proposal.
    pub isr: BrokerSet,
    /// Under which number it was sent; none once it was answered, or if it never was.
    pub correlation: Option<CorrelationId>,
    /// When to propose it again, if it is not decided by then; none to wait for a notice.
    pub again_at: Option<Instant>,
}

/// The controller's success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Altered {
    /// In which leader epoch.
    pub leader_epoch: LeaderEpoch,
    /// The ISR in force.
    pub isr: BrokerSet,
    /// Its version.
    pub partition_epoch: PartitionEpoch,
}

/// What came of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It was about something else than the latest proposal.
    Ignored,
    /// The proposal is decided, for or against.
    Decided,
    /// Nothing is known; the leader goes on with the proposal on its mind.
    Pending,
}

impl Leader {
    /// Whether nothing stands in the way of a new proposal.
    ///
    /// A request that a notice has overtaken stands in the way of all later ones until it is answered: 3.0.0
    /// `DefaultAlterIsrManager.submit` refuses them. 2.7 and 2.8 forget it with the notice, take the next proposal, and forget that
    /// one as the old answer comes (2.8.0 `AlterIsrManager.clearPending`, `handleAlterIsrResponse`; KAFKA-12686).
    pub(super) fn may_propose(&self, now: Instant) -> bool {
        self.isr_change.is_none() && !(self.asks_controller && self.checks_replies && self.waits_for_old(now))
    }

    /// Whether the answer to a request that a notice has overtaken is still to come.
    pub fn waits_for_old(&self, now: Instant) -> bool {
        self.overtaken.is_some_and(|(_, until)| now < until)
    }

    /// A notice tells what is in force: a proposal from before is void, though its request may be on its way.
    pub(super) fn drop_proposal(&mut self) {
        let Some(change) = self.isr_change.take().filter(|_| self.asks_controller) else { return };
        self.overtaken = change.correlation.zip(change.again_at).or(self.overtaken);
    }
}

impl Replica {
    /// The ISR with one more member, to be proposed.
    pub fn propose_expand(&mut self, added: BrokerId, out: &mut Effects) -> Option<BrokerSet> {
        let (partition, broker, high_watermark) = (self.id, self.me, self.high_watermark);
        let leader = self.as_leader_mut().filter(|_| !Defect::NeverExpands.is_on())?;
        let end_offset = leader.remote_mut(added)?.log_end?;
        let isr = leader.isr.with(added);
        out.event(Event::IsrExpandProposed { partition, broker, added, isr, end_offset, high_watermark });
        Some(isr)
    }

    /// The ISR less those that have not caught up for `lag_max`, to be proposed; none if all have, or if a proposal
    /// is on its way. `spares_level`: nor those whose log ends where this one does. Source: 0.11.0.2 `Partition.maybeShrinkIsr`.
    pub fn propose_shrink(
        &mut self,
        now: Instant,
        lag_max: Micros,
        spares_level: bool,
        out: &mut Effects,
    ) -> Option<BrokerSet> {
        let (partition, broker) = (self.id, self.me);
        let spared = spares_level.then(|| self.log.end_offset());
        let leader = self.as_leader().filter(|leader| leader.ack_strategy != AckStrategy::Majority)?;
        let lag_max = if Defect::EvictsWithoutClock.is_on() { Micros::ZERO } else { lag_max };
        let removed = isr::out_of_sync(leader.isr, &leader.remotes, now, lag_max, spared);
        if Defect::NeverEvicts.is_on() || removed.is_empty() || !leader.may_propose(now) {
            return None;
        }
        let isr = leader.isr.difference(removed);
        out.event(Event::IsrShrinkProposed { partition, broker, removed, isr });
        Some(isr)
    }

    /// The partition's state with a proposed ISR, as it is sent to the controller.
    pub fn proposal(&self, isr: BrokerSet) -> Option<PartitionState> {
        let leader = self.as_leader()?;
        Some(PartitionState {
            partition: self.id,
            leader: Some(self.me),
            leader_epoch: self.leader_epoch?,
            isr,
            partition_epoch: leader.partition_epoch,
            replicas: leader.replicas.clone(),
            ..PartitionState::default()
        })
    }

    /// The registrations under which the members of a proposed ISR have fetched. One that is not known is not told, and not
    /// checked. Source: KIP-903, 3.5.0 `Partition.addBrokerEpochToIsr`.
    pub fn isr_epochs(&self, isr: BrokerSet, own: Option<BrokerEpoch>) -> Vec<(BrokerId, BrokerEpoch)> {
        let remotes = self.as_leader().map_or(&[][..], |leader| &leader.remotes);
        let members = remotes.iter().filter(|remote| isr.contains(remote.broker));
        let known = members.filter_map(|remote| Some((remote.broker, remote.broker_epoch?)));
        own.map(|epoch| (self.me, epoch)).into_iter().chain(known).collect()
    }

    /// The controller's answer to the proposal numbered `correlation`.
    pub fn isr_change_answered(
        &mut self,
        now: Instant,
        correlation: CorrelationId,
        answer: Result<Altered, ErrorCode>,
        out: &mut Effects,
    ) -> Settled {
        let Some(leader) = self.as_leader_mut() else { return Settled::Ignored };
        if leader.overtaken.is_some_and(|(overtaken, _)| overtaken == correlation) {
            leader.overtaken = None;
        }
        if leader.isr_change.is_none_or(|change| change.correlation != Some(correlation)) {
            return Settled::Ignored;
        }
        if leader.asks_controller {
            self.alter_partition_answered(now, answer, out)
        } else {
            self.write_answered(answer, out)
        }
    }

    /// A write to ZooKeeper was answered. A refusal leaves the ISR as it was: the version is out of date, and a notice with the
    /// current one is on its way. Source: 0.11.0.2 `Partition.updateIsr`.
    fn write_answered(&mut self, answer: Result<Altered, ErrorCode>, out: &mut Effects) -> Settled {
        let (partition, broker) = (self.id, self.me);
        let Some(leader) = self.as_leader_mut() else { return Settled::Ignored };
        leader.isr_change = None;
        match answer {
            Ok(Altered { isr, partition_epoch, .. }) => {
                leader.isr = isr;
                leader.partition_epoch = partition_epoch;
            }
            Err(error) => out.event(Event::IsrUpdateRefused { partition, broker, error }),
        }
        Settled::Decided
    }

    /// A request was answered. What does not tell for certain what is in force leaves the proposal pending.
    ///
    /// Source: 3.3.0 `Partition.handleAlterPartitionUpdate`, `handleAlterPartitionError`.
    fn alter_partition_answered(
        &mut self,
        now: Instant,
        answer: Result<Altered, ErrorCode>,
        out: &mut Effects,
    ) -> Settled {
        let (partition, broker, leader_epoch) = (self.id, self.me, self.leader_epoch);
        let Some(leader) = self.as_leader_mut() else { return Settled::Ignored };
        let Some(change) = &mut leader.isr_change else { return Settled::Ignored };
        change.correlation = None;
        change.again_at = None;
        match answer {
            Ok(altered) => {
                let stale = altered.partition_epoch < leader.partition_epoch;
                if leader_epoch != Some(altered.leader_epoch) || stale {
                    return Settled::Pending;
                }
                leader.isr_change = None;
                leader.isr = altered.isr;
                leader.partition_epoch = altered.partition_epoch;
                let (isr, version) = (altered.isr, altered.partition_epoch);
                out.event(Event::IsrUpdated { partition, broker, isr, version });
                Settled::Decided
            }
            Err(error) => {
                out.event(Event::IsrUpdateRefused { partition, broker, error });
                // Only this refusal tells that the version is right and the proposal is not in force.
                if error == ErrorCode::IneligibleReplica {
                    leader.isr_change = None;
                    return Settled::Decided;
                }
                if !UNSETTLING.contains(&error) {
                    change.again_at = Some(now + RETRY_BACKOFF);
                }
                Settled::Pending
            }
        }
    }

    /// A notice of this leader's own epoch brings another ISR. Source: 3.3.0 `Partition.makeLeader`, where KRaft's controller
    /// changed the ISR without a new leader epoch, or its log overtakes the answer to a proposal.
    pub(super) fn hear_of_isr(&mut self, state: &PartitionState, out: &mut Effects) {
        let (partition, broker) = (self.id, self.me);
        let Some(leader) = self.as_leader_mut() else { return };
        if state.partition_epoch <= leader.partition_epoch {
            return;
        }
        leader.drop_proposal();
        leader.isr = state.isr;
        leader.partition_epoch = state.partition_epoch;
        let (isr, version) = (state.isr, state.partition_epoch);
        out.event(Event::IsrUpdated { partition, broker, isr, version });
    }
}
