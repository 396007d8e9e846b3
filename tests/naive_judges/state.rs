//! Predicates on what is there after a step.

use highwater_model::config::ClusterConfig;
use highwater_model::event::Event;
use highwater_model::ids::{BrokerSet, RecordId};
use highwater_model::view::{PartitionView, ReplicaView, Role};
use highwater_reports::property::Property;

use super::ghosts::{Ghosts, Held, committed, records};

struct State<'a> {
    ghosts: &'a Ghosts,
    config: &'a ClusterConfig,
    now: &'a PartitionView,
    /// By the replica's place.
    logs: Vec<Vec<Held>>,
}

/// What is broken in this state.
pub(super) fn broken(
    ghosts: &Ghosts,
    config: &ClusterConfig,
    said: &[&Event],
    now: &PartitionView,
) -> Vec<Property> {
    let logs = now.replicas.iter().map(records).collect();
    let state = State { ghosts, config, now, logs };
    let holds = [
        (Property::WeakIsr, state.weak_isr()),
        (Property::StrongIsr, state.strong_isr()),
        (Property::LeaderInIsr, state.leader_in_isr()),
        (Property::MaximalIsr, state.maximal_isr()),
        (Property::OneLeaderPerEpoch, state.one_leader_per_epoch()),
        (Property::LogMatching, state.log_matching()),
        (Property::CandidateCompleteness, state.candidate_completeness()),
        (Property::LeaderCompleteness, state.leader_completeness(said)),
        (Property::AckedDurable, state.acked_durable()),
        (Property::HighWatermarkBound, state.high_watermark_bound()),
        (Property::HighWatermarkMonotone, state.high_watermark_monotone()),
        (Property::CommittedDurable, state.committed_durable()),
        (Property::EpochOrder, state.epoch_order()),
        (Property::RepeatableRead, state.repeatable_read()),
    ];
    holds.into_iter().filter(|(_, holds)| !holds).map(|(property, _)| property).collect()
}

impl State<'_> {
    fn replicas(&self) -> impl Iterator<Item = (&ReplicaView, &Vec<Held>)> {
        self.now.replicas.iter().zip(&self.logs)
    }

    fn true_leader(&self) -> Option<(&ReplicaView, &Vec<Held>)> {
        let leader = self.now.true_leader()?;
        self.replicas().find(|(replica, _)| replica.broker == leader.broker)
    }

    fn holds_all_exposed(&self, log: &[Held]) -> bool {
        log.starts_with(&self.ghosts.exposed)
    }

    fn weak_isr(&self) -> bool {
        self.replicas().filter(|(leader, _)| leader.role == Role::Leader).all(|(leader, log)| {
            let mut members = self.replicas().filter(|(member, _)| leader.isr.contains(member.broker));
            members.all(|(_, other)| other.starts_with(&log[..committed(leader)]))
        })
    }

    fn strong_isr(&self) -> bool {
        let isr = self.now.controller.isr;
        self.replicas().filter(|(it, _)| isr.contains(it.broker)).all(|(_, log)| self.holds_all_exposed(log))
    }

    fn leader_in_isr(&self) -> bool {
        let controller = &self.now.controller;
        let assigned: BrokerSet = controller.replicas.iter().copied().collect();
        let may_have_elr = self.config.protocol.eligible_leader_replicas;
        let min = (self.now.min_insync_replicas as usize).min(self.now.replicas.len());
        let may_be_empty = controller.leader.is_none() && (self.now.unclean_election || may_have_elr);
        let (isr, elr) = (controller.isr, controller.elr);
        !self.ghosts.begun
            || (controller.leader.is_none_or(|leader| isr.contains(leader))
                && (!isr.is_empty() || may_be_empty)
                && isr.union(elr).is_subset(assigned)
                && isr.intersection(elr).is_empty()
                && (elr.is_empty() || (may_have_elr && isr.len() < min)))
    }

    fn maximal_isr(&self) -> bool {
        self.true_leader().is_none_or(|(leader, _)| self.now.controller.isr.is_subset(leader.maximal_isr))
    }

    /// Each decision that differs from the one before is of a later epoch, but for the first leader of all; and an epoch
    /// has one broker that takes office in it.
    fn one_leader_per_epoch(&self) -> bool {
        let decisions = &self.ghosts.decisions;
        let grow = (1..decisions.len()).all(|place| {
            let ((before, epoch_before), (leader, epoch)) = (decisions[place - 1], decisions[place]);
            let nobody_led = decisions[..place].iter().all(|(leader, _)| leader.is_none());
            (leader, epoch) == (before, epoch_before)
                || epoch > epoch_before
                || (epoch == epoch_before && nobody_led)
        });
        let offices = &self.ghosts.offices;
        let rivals =
            |&(epoch, broker)| offices.iter().any(|&(other, rival)| other == epoch && rival != broker);
        grow && !offices.iter().any(rivals)
    }

    fn log_matching(&self) -> bool {
        let up = || self.replicas().filter(|(replica, _)| replica.role != Role::Offline);
        up().all(|(one, log)| {
            up().all(|(other, other_log)| {
                let to = committed(one).min(committed(other));
                log[..to] == other_log[..to]
            })
        })
    }

    fn candidate_completeness(&self) -> bool {
        let controller = &self.now.controller;
        let candidates = controller.isr.union(controller.elr).difference(self.ghosts.lossy);
        let committed = &self.ghosts.exposed[..self.ghosts.true_high_watermark];
        self.replicas()
            .filter(|(it, _)| candidates.contains(it.broker))
            .all(|(_, log)| log.starts_with(committed))
    }

    fn leader_completeness(&self, said: &[&Event]) -> bool {
        let controller = &self.now.controller;
        said.iter().all(|event| {
            let Event::BecameLeader { broker, epoch, .. } = event else { return true };
            let of_now = controller.leader == Some(*broker) && controller.leader_epoch == *epoch;
            let mut elected = self.replicas().filter(|(it, _)| of_now && it.broker == *broker);
            elected.all(|(_, log)| self.holds_all_exposed(log) && self.holds_all_acked(log))
        })
    }

    fn holds_all_acked(&self, log: &[Held]) -> bool {
        self.ghosts.acked.iter().all(|&(offset, value)| holds(log, offset, value))
    }

    fn acked_durable(&self) -> bool {
        self.true_leader().is_none_or(|(_, log)| self.holds_all_acked(log))
            && self
                .ghosts
                .acked
                .iter()
                .all(|&(offset, value)| self.logs.iter().any(|log| holds(log, offset, value)))
    }

    fn high_watermark_bound(&self) -> bool {
        let isr = self.now.controller.isr;
        let own = self.replicas().all(|(it, _)| it.role == Role::Offline || it.high_watermark <= it.log_end);
        let below = |high_watermark| {
            self.replicas().all(|(it, _)| !isr.contains(it.broker) || high_watermark <= it.log_end)
        };
        own && self.true_leader().is_none_or(|(leader, _)| below(leader.high_watermark))
    }

    fn high_watermark_monotone(&self) -> bool {
        self.now.replicas.iter().zip(&self.ghosts.before.replicas).all(|(now, before)| {
            let same_term = now.role == Role::Leader
                && before.role == Role::Leader
                && now.leader_epoch == before.leader_epoch;
            !same_term || now.high_watermark >= before.high_watermark
        })
    }

    fn committed_durable(&self) -> bool {
        self.true_leader().is_none_or(|(_, log)| self.holds_all_exposed(log))
            && self.logs.iter().any(|log| self.holds_all_exposed(log))
    }

    fn epoch_order(&self) -> bool {
        self.logs.iter().all(|log| log.is_sorted_by_key(|(_, epoch)| *epoch))
    }

    fn repeatable_read(&self) -> bool {
        self.true_leader()
            .is_none_or(|(_, log)| self.ghosts.read.iter().all(|(&offset, &value)| holds(log, offset, value)))
    }
}

fn holds(log: &[Held], offset: usize, value: RecordId) -> bool {
    log.get(offset).is_some_and(|(held, _)| *held == value)
}
