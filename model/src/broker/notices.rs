//! What the controller decides. Source: 0.11.0.2 `ReplicaManager.becomeLeaderOrFollower`.

use std::sync::Arc;

use crate::ids::{BrokerId, Offset, TopicPartition};
use crate::log::{EpochRules, Log};
use crate::machine::Effects;
use crate::message::PartitionState;
use crate::partition::{Replica, Role};
use crate::producer_state::SequenceRules;
use crate::time::Instant;

use super::Broker;
use super::fetcher::Stage;

impl Broker {
    /// Obeys each partition's state that is newer than what it knows. Leaders first, then followers, as Kafka does.
    pub(super) fn on_leader_and_isr(
        &mut self,
        now: Instant,
        partitions: Vec<PartitionState>,
        out: &mut Effects,
    ) {
        let me = self.me;
        let (mine, others): (Vec<_>, Vec<_>) = partitions
            .into_iter()
            .filter(|state| self.is_news(state))
            .partition(|state| state.leader == Some(me));
        for state in &mine {
            self.lead(now, state, out);
        }
        for state in &others {
            match state.leader {
                Some(leader) => self.obey(now, state, leader, out),
                None => self.lose_leader(state, out),
            }
        }
    }

    fn is_news(&self, state: &PartitionState) -> bool {
        let Some(replica) = self.replicas.get(&state.partition) else { return true };
        // A replica that voted knows the epoch before it has a leader.
        let undecided = replica.role == Role::Offline && replica.leader_epoch == Some(state.leader_epoch);
        undecided
            || replica.leader_epoch.is_none_or(|known| state.leader_epoch > known)
            || self.is_newer_isr(replica, state)
    }

    pub(super) fn ensure_replica(&mut self, partition: TopicPartition) {
        if !self.replicas.contains_key(&partition) {
            let protocol = &self.config.protocol;
            let epochs = EpochRules::new(protocol, self.by_majority(partition));
            let log = Log::new(SequenceRules::new(protocol)).with_epochs(epochs);
            let replica = Replica::new(partition, self.me, log, Offset::ZERO);
            self.replicas.insert(partition, replica);
            self.changed.push(partition);
        }
    }

    /// Whether transactions are loaded, too: with ZooKeeper if the broker did not lead before (2.0.0 `ReplicaManager.makeLeaders`);
    /// under KRaft also in a new epoch, and until 3.7 as the ISR changes (3.7.0 and 3.8.0 `TopicDelta.localChanges`).
    fn lead(&mut self, now: Instant, state: &PartitionState, out: &mut Effects) {
        let partition = state.partition;
        self.ensure_replica(partition);
        self.stop_fetching(partition);
        let config = Arc::clone(&self.config);
        let topic = &config.topics[usize::from(partition.topic.0)];
        let Some(replica) = self.replica_mut(partition) else { return };
        let is_new = !replica.leads();
        let is_elected = replica.leader_epoch != Some(state.leader_epoch);
        replica.make_leader(now, state, topic, &config.protocol, out);
        if is_new {
            self.load_groups(now, partition, out);
        }
        if is_new || self.is_kraft() && (is_elected || config.protocol.transactions_reloaded) {
            self.load_transactions(now, partition, out);
        }
        self.high_watermark_may_rise(now, partition, out);
    }

    fn obey(&mut self, now: Instant, state: &PartitionState, leader: BrokerId, out: &mut Effects) {
        let partition = state.partition;
        self.ensure_replica(partition);
        self.refuse_waiting(partition, out);
        self.unload_groups(partition, out);
        self.transactions.unload(partition);
        let when = self.config.protocol.truncate_when;
        let Some(replica) = self.replica_mut(partition) else { return };
        let is_new = replica.make_follower(leader, state.leader_epoch, when, out);
        if is_new {
            self.truncate_on_notice(partition, out);
        }
        if self.is_shutting_down() {
            // Source: 0.11.0.2 `ReplicaManager.makeFollowers` adds no fetcher then; what the broker follows already the
            // controller stops with a StopReplicaRequest, for which this notice stands.
            self.stop_fetching(partition);
        } else if is_new {
            let stage = self.first_stage(partition);
            self.follow(now, partition, leader, stage);
        } else if self.config.protocol.fetches_fenced && !self.is_fetching(partition) {
            // It was given up until there is news, and this is.
            self.follow(now, partition, leader, Stage::Fetching);
        }
        if is_new {
            self.wake_fetches(partition, out);
        }
    }

    /// A partition has no leader. With ZooKeeper such a notice changes nothing (0.11.0.2 `ReplicaManager.makeFollowers` wants a
    /// leader that lives). Under KRaft a replica that led steps down, and no replica fetches (3.3.2
    /// `ReplicaManager.applyLocalFollowersDelta`). Where a majority decides, the request for a vote has done that.
    fn lose_leader(&mut self, state: &PartitionState, out: &mut Effects) {
        let partition = state.partition;
        if !self.is_kraft() || self.by_majority(partition) {
            return;
        }
        self.ensure_replica(partition);
        self.stop_fetching(partition);
        self.refuse_waiting(partition, out);
        self.unload_groups(partition, out);
        self.transactions.unload(partition);
        if let Some(replica) = self.replica_mut(partition) {
            replica.lose_leader(state.leader_epoch);
        }
        self.wake_fetches(partition, out);
    }
}

#[cfg(test)]
#[path = "notices_test.rs"]
mod notices_test;
