//! A decision comes into force: epochs rise, events tell it, and the partition's replicas hear of it.

use super::elections::Choice;
use super::partition_change::{Change, Changed};
use super::{Controller, Partition};
use crate::event::Event;
use crate::ids::{BrokerId, BrokerSet, LeaderEpoch, PartitionEpoch};
use crate::machine::Effects;
use crate::message::PartitionState;

impl Controller {
    /// With ZooKeeper: puts a choice into force under the next epochs and tells the partition's replicas among `receivers`.
    pub(super) fn decide(&mut self, place: usize, choice: Choice, receivers: BrokerSet, out: &mut Effects) {
        let recovers = self.config.protocol.leader_recovery_state;
        let state = &mut self.partitions[place].state;
        let (old_leader, old_isr) = (state.leader, state.isr);
        state.leader = choice.leader;
        state.isr = choice.isr;
        state.recovering |= choice.unclean && recovers;
        state.leader_epoch = LeaderEpoch(state.leader_epoch.0 + 1);
        state.partition_epoch = PartitionEpoch(state.partition_epoch.0 + 1);
        if let Some(event) = leader_event(state, old_leader, choice.unclean) {
            out.event(event);
        }
        tell_isr_change(state, old_isr, out);
        self.changed_partitions.insert(state.partition);
        self.tell_replicas(place, receivers);
    }

    /// Under KRaft: puts what comes of a change into force, if that is anything, and tells all replicas.
    pub(super) fn change(&mut self, place: usize, change: &Change, out: &mut Effects) {
        let config = &self.config;
        let state = &mut self.partitions[place].state;
        let topic = &config.topics[usize::from(state.partition.topic.0)];
        let Some(Changed { next, unclean }) = change.of(state, &config.protocol, topic.min_insync_replicas)
        else {
            return;
        };
        let old = std::mem::replace(state, next);
        if let Some(event) = leader_event(state, old.leader, unclean) {
            out.event(event);
        }
        tell_isr_change(state, old.isr, out);
        if state.elr != old.elr {
            out.event(Event::ElrChanged { partition: state.partition, elr: state.elr });
        }
        self.changed_partitions.insert(state.partition);
        self.tell_replicas(place, self.sessions.registered());
    }

    /// Has the partition's state sent to those of its replicas that are in `receivers`.
    pub(super) fn tell_replicas(&mut self, place: usize, receivers: BrokerSet) {
        let Partition { state, is_new, .. } = &self.partitions[place];
        assert!(!is_new, "brokers do not hear of a partition that never had a leader");
        let replicas: BrokerSet = state.replicas.iter().copied().collect();
        self.notices.leader_and_isr(state.partition, replicas.intersection(receivers));
    }
}

/// That another broker leads than before, or nobody any more.
fn leader_event(state: &PartitionState, old_leader: Option<BrokerId>, unclean: bool) -> Option<Event> {
    if state.leader == old_leader {
        return None;
    }
    let (partition, epoch, isr) = (state.partition, state.leader_epoch, state.isr);
    Some(match state.leader {
        Some(broker) => Event::LeaderElected { partition, broker, epoch, isr, unclean },
        None => Event::PartitionOffline { partition, epoch, isr },
    })
}

/// Whom the ISR lost and gained.
pub(super) fn tell_isr_change(state: &PartitionState, old_isr: BrokerSet, out: &mut Effects) {
    let (partition, isr, version) = (state.partition, state.isr, state.partition_epoch);
    let removed = old_isr.difference(isr);
    if !removed.is_empty() {
        out.event(Event::IsrShrunk { partition, removed, isr, version });
    }
    let added = isr.difference(old_isr);
    if !added.is_empty() {
        out.event(Event::IsrExpanded { partition, added, isr, version });
    }
}
