//! For how long a write with acks=-1 could not have been acknowledged.
//!
//! By the truth, not by what clients tried: with ack strategy `isr` there must be a leader in the controller's epoch
//! whose broker runs and does not stand still, an ISR of at least `min.insync.replicas`, and no member of it down or
//! standing still, because the high watermark waits for each until it is dropped from the ISR; with `leader` the leader
//! is enough; with `majority` more than half of all replicas must run besides. The ISR is the controller's. Counted for
//! each partition of applications' topics, from when it first could have been until the faults are over.
//!
//! What changes any of this is told by an event, so nothing else costs a look. What no state shows is not seen: a
//! follower that lives, but whose fetches are stopped or whose link is cut, holds a write up just as long.

use std::collections::{BTreeMap, BTreeSet};

use highwater_model::config::{AckStrategy, ClusterConfig};
use highwater_model::event::{Event, Step};
use highwater_model::ids::{BrokerId, TopicPartition};
use highwater_model::time::{Instant, Micros};
use highwater_model::view::{ClusterView, PartitionView};

use crate::strategies;

/// Measures one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outages {
    /// Partitions that are out, and since when.
    since: BTreeMap<TopicPartition, Instant>,
    total: Micros,
    /// Partitions that were in reach once: before, the cluster had yet to form.
    formed: BTreeSet<TopicPartition>,
    over: bool,
}

impl Outages {
    /// Hears one event; `view` is as its step left it.
    #[inline]
    pub(crate) fn hear(&mut self, step: &Step, event: &Event, view: &ClusterView, config: &ClusterConfig) {
        if let Event::LeaderElected { partition, .. }
        | Event::PartitionOffline { partition, .. }
        | Event::BecameLeader { partition, .. }
        | Event::BecameFollower { partition, .. }
        | Event::IsrShrunk { partition, .. }
        | Event::IsrExpanded { partition, .. }
        | Event::VoteGiven { partition, .. } = event
        {
            if let Some(partition) = view.partition(*partition) {
                self.look(step.at, partition, view, config);
            }
        } else if let Event::NodeStopped { .. }
        | Event::NodeRestarted { .. }
        | Event::NodePaused { .. }
        | Event::NodeResumed { .. }
        | Event::BrokerStarted { .. }
        | Event::PartitionsCreated { .. } = event
        {
            self.look_at_all(step.at, view, config);
        } else if *event == Event::HealStarted {
            self.end(step.at);
        }
    }

    /// In all, and over all partitions. A run that was cut short before the heal ended at `at`.
    pub(crate) fn millis(mut self, at: Instant) -> u64 {
        self.end(at);
        self.total.0 / 1_000
    }

    fn end(&mut self, at: Instant) {
        for (_, since) in std::mem::take(&mut self.since) {
            self.total.0 += at.since(since).0;
        }
        self.over = true;
    }

    fn look_at_all(&mut self, at: Instant, view: &ClusterView, config: &ClusterConfig) {
        for partition in &view.partitions {
            self.look(at, partition, view, config);
        }
    }

    fn look(&mut self, at: Instant, partition: &PartitionView, view: &ClusterView, config: &ClusterConfig) {
        let id = partition.id();
        if self.over || config.is_internal(id.topic) {
            return;
        }
        if !is_available(partition, view, strategies::of(config, id.topic)) {
            if self.formed.contains(&id) {
                self.since.entry(id).or_insert(at);
            }
            return;
        }
        self.formed.insert(id);
        if let Some(since) = self.since.remove(&id) {
            self.total.0 += at.since(since).0;
        }
    }
}

fn is_available(partition: &PartitionView, view: &ClusterView, strategy: AckStrategy) -> bool {
    let runs = |broker: BrokerId| view.broker(broker).is_some_and(|broker| broker.alive && !broker.paused);
    let led = partition.true_leader().is_some_and(|leader| runs(leader.broker));
    led && match strategy {
        AckStrategy::Leader => true,
        AckStrategy::Isr => {
            let isr = partition.controller.isr;
            isr.len() >= partition.min_insync_replicas as usize && isr.iter().all(runs)
        }
        AckStrategy::Majority => {
            let running = partition.replicas.iter().filter(|replica| runs(replica.broker)).count();
            running * 2 > partition.replicas.len()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients_for_tests::setup;
    use crate::testing::{Stage, at};
    use highwater_model::config::Acks;
    use highwater_model::event::StepId;
    use highwater_model::ids::NodeId;

    type Change = fn(&mut Stage);

    /// What came of these moments: at each, the view is changed and a node of no account is heard of.
    fn measured(strategy: AckStrategy, moments: &[(u64, Change)]) -> u64 {
        let mut config = ClusterConfig::clone(&setup(Acks::All).config);
        config.topics[0].ack_strategy = strategy;
        let (mut stage, mut outages) = (Stage::new(), Outages::default());
        let step = |millis| Step { id: StepId(1), at: at(millis), ..Step::default() };
        for (millis, change) in moments {
            change(&mut stage);
            let resumed = Event::NodeResumed { node: NodeId(9) };
            outages.hear(&step(*millis), &resumed, &stage.view, &config);
        }
        outages.hear(&step(1_000), &Event::HealStarted, &stage.view, &config);
        outages.millis(at(9_000))
    }

    #[test]
    fn a_leader_that_is_gone_or_stands_still_acknowledges_nothing() {
        let dies: Change = |stage| stage.view.brokers[0].alive = false;
        let lives: Change = |stage| stage.view.brokers[0].alive = true;
        let pauses: Change = |stage| stage.view.brokers[0].paused = true;
        for strategy in [AckStrategy::Isr, AckStrategy::Leader, AckStrategy::Majority] {
            assert_eq!(measured(strategy, &[(0, |_| {}), (100, dies), (400, lives)]), 300);
            assert_eq!(measured(strategy, &[(0, |_| {}), (900, pauses)]), 100, "until the heal");
        }
    }

    #[test]
    fn a_cluster_that_has_yet_to_form_is_not_out() {
        let leaderless: Change = |stage| stage.replica(1).role = highwater_model::view::Role::Offline;
        let led: Change = |stage| stage.replica(1).role = highwater_model::view::Role::Leader;
        let moments = [(0, leaderless), (200, led), (300, leaderless), (350, led)];
        assert_eq!(measured(AckStrategy::Isr, &moments), 50);
    }

    #[test]
    fn each_strategy_needs_other_followers() {
        let alone: Change = |stage| {
            stage.orders().controller.isr = crate::testing::set(&[1]);
            (stage.view.brokers[1].alive, stage.view.brokers[2].alive) = (false, false);
        };
        let out = |strategy| measured(strategy, &[(0, |_| {}), (600, alone)]);
        let all = [AckStrategy::Leader, AckStrategy::Isr, AckStrategy::Majority];
        assert_eq!(all.map(out), [0, 400, 400]);
        let one_left: Change = |stage| stage.view.brokers[2].alive = false;
        let out = |strategy| measured(strategy, &[(0, |_| {}), (600, one_left)]);
        assert_eq!(all.map(out), [0, 400, 0]);
    }

    #[test]
    fn a_member_that_is_down_or_stands_still_holds_a_write_up_until_it_is_dropped_from_the_isr() {
        let dies: Change = |stage| stage.view.brokers[2].alive = false;
        let pauses: Change = |stage| stage.view.brokers[2].paused = true;
        let dropped: Change = |stage| stage.orders().controller.isr = crate::testing::set(&[1, 2]);
        for goes in [dies, pauses] {
            assert_eq!(measured(AckStrategy::Isr, &[(0, |_| {}), (100, goes), (350, dropped)]), 250);
        }
    }
}
