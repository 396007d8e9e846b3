//! A leader's ISR and the controller: proposals, repetitions, answers. What they mean for a partition stands in
//! [`isr_changes`](crate::partition::isr_changes).

use crate::ids::{BrokerId, BrokerSet, CorrelationId, NodeId, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, PartitionState};
use crate::partition::isr_changes::{Altered, IsrChange, Settled};
use crate::partition::{Leader, Replica};
use crate::protocol::{ControllerKind, IsrEligibility, IsrWrite};
use crate::time::{Instant, Micros};

use super::{Broker, socket_timeout};

impl Broker {
    /// Drops the followers that have not caught up for `replica.lag.time.max.ms` from the ISRs.
    pub(super) fn shrink_isrs(&mut self, now: Instant, out: &mut Effects) {
        let lag_max = Micros::from_millis(self.config.broker.replica_lag_time_max_ms);
        let spares_level = self.config.protocol.isr_shrink_spares_level;
        for partition in self.led() {
            let Some(replica) = self.replica_mut(partition) else { continue };
            if let Some(isr) = replica.propose_shrink(now, lag_max, spares_level, out) {
                self.propose_isr(now, partition, isr, out);
            }
        }
    }

    /// Takes a follower into the ISR.
    pub(super) fn take_in(
        &mut self,
        now: Instant,
        partition: TopicPartition,
        follower: BrokerId,
        out: &mut Effects,
    ) {
        let expanded = self.replica_mut(partition).and_then(|replica| replica.propose_expand(follower, out));
        if let Some(isr) = expanded {
            self.propose_isr(now, partition, isr, out);
        }
    }

    /// Proposes an ISR to the controller and remembers that it did. Source: 0.11.0.2 `Partition.updateIsr`; 2.7.0
    /// `Partition.sendAlterIsrRequest`.
    ///
    /// While an older request is unanswered that a notice has overtaken, the proposal is taken and never sent: it is forgotten as
    /// the old answer comes (2.7 and 2.8, KAFKA-12686).
    pub(super) fn propose_isr(
        &mut self,
        now: Instant,
        partition: TopicPartition,
        isr: BrokerSet,
        out: &mut Effects,
    ) {
        let Some(leader) = self.replica_mut(partition).and_then(Replica::as_leader_mut) else { return };
        if leader.asks_controller && leader.waits_for_old(now) {
            leader.isr_change = Some(IsrChange { isr, correlation: None, again_at: None });
            return;
        }
        let Some(request) = self.alter_partition(partition, isr) else { return };
        let correlation = Some(self.ask(NodeId::CONTROLLER, request, out));
        let again_at = now + socket_timeout(&self.config);
        if let Some(leader) = self.replica_mut(partition).and_then(Replica::as_leader_mut) {
            leader.isr_change = Some(IsrChange { isr, correlation, again_at: Some(again_at) });
        }
        self.ticks.repropose_by(again_at);
    }

    /// The request for another ISR, with what the controller is to check in this era.
    fn alter_partition(&self, partition: TopicPartition, isr: BrokerSet) -> Option<Body> {
        let replica = self.replicas.get(&partition)?;
        let proposed = Box::new(replica.proposal(isr)?);
        let own = self.membership.epoch();
        let broker_epoch = match self.config.protocol.isr_write {
            IsrWrite::Zookeeper => None,
            IsrWrite::AlterPartition => own,
        };
        let isr_epochs = match self.config.protocol.isr_eligibility {
            IsrEligibility::Anyone | IsrEligibility::Unfenced => Vec::new(),
            IsrEligibility::BrokerEpoch => replica.isr_epochs(isr, own),
        };
        Some(Body::AlterPartitionRequest { proposed, broker_epoch, isr_epochs })
    }

    /// The controller answered a proposal. Before 2.7 the change itself lets the high watermark rise; from 3.1 on the leader looks
    /// once it is in force; in between nobody does (KAFKA-13091).
    pub(super) fn on_alter_partition_reply(
        &mut self,
        now: Instant,
        correlation: CorrelationId,
        partition: TopicPartition,
        answer: Result<Altered, ErrorCode>,
        out: &mut Effects,
    ) {
        let Some(replica) = self.replica_mut(partition) else { return };
        match replica.isr_change_answered(now, correlation, answer, out) {
            Settled::Ignored => {}
            Settled::Decided => {
                if self.config.protocol.high_watermark_retried {
                    self.high_watermark_may_rise(now, partition, out);
                }
            }
            Settled::Pending => {
                let change = replica.as_leader().and_then(|leader| leader.isr_change);
                if let Some(at) = change.and_then(|change| change.again_at) {
                    self.ticks.repropose_by(at);
                }
            }
        }
    }

    /// Whether a leader hears of another ISR within its epoch. A KRaft broker takes every change of a partition from the metadata
    /// log (3.3.0 `ReplicaManager.applyDelta`); a ZooKeeper controller's request within the epoch is passed over (2.7.0
    /// `ReplicaManager.becomeLeaderOrFollower`).
    pub(super) fn is_newer_isr(&self, replica: &Replica, state: &PartitionState) -> bool {
        let newer = |leader: &Leader| state.partition_epoch > leader.partition_epoch;
        self.config.protocol.controller == ControllerKind::Kraft
            && state.leader == Some(self.me)
            && replica.leader_epoch == Some(state.leader_epoch)
            && replica.as_leader().is_some_and(newer)
    }

    /// The connection to the controller broke: a proposal may or may not have been written. It is made again until it is
    /// answered; the controller takes a repetition of what is already in force for a success, or tells of it.
    pub(super) fn repropose_at(&mut self, at: Instant) {
        for leader in self.replicas.values_mut().filter_map(Replica::as_leader_mut) {
            leader.overtaken = None;
            if let Some(change) = leader.isr_change.as_mut().filter(|change| change.again_at.is_some()) {
                change.again_at = Some(at);
                self.ticks.repropose_by(at);
            }
        }
    }

    /// Sends the proposals again that are due.
    pub(super) fn propose_again(&mut self, now: Instant, out: &mut Effects) {
        for partition in self.led() {
            let change = self.replicas[&partition].as_leader().and_then(|leader| leader.isr_change);
            let Some((isr, at)) = change.and_then(|change| Some((change.isr, change.again_at?))) else {
                continue;
            };
            if at <= now {
                self.propose_isr(now, partition, isr, out);
            } else {
                self.ticks.repropose_by(at);
            }
        }
    }
}

#[cfg(test)]
#[path = "isr_changes_test.rs"]
mod isr_changes_test;
