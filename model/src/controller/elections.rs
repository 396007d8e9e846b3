//! Who is to lead, with ZooKeeper: 0.11's leader selectors as functions from a partition's state to a choice. For KRaft see
//! `partition_change`.
//!
//! Every choice, once taken, raises the leader epoch and the partition epoch by one, even one that only takes a replica
//! out of the ISR. Source: 0.11.0.2 `LeaderAndIsr.newLeaderAndIsr`.

use crate::ids::{BrokerId, BrokerSet};
use crate::message::PartitionState;

/// A leader and an ISR for a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) leader: Option<BrokerId>,
    pub(super) isr: BrokerSet,
    /// The leader was not in the ISR.
    pub(super) unclean: bool,
}

impl Choice {
    fn clean(leader: BrokerId, isr: BrokerSet) -> Self {
        Self { leader: Some(leader), isr, unclean: false }
    }
}

/// For a partition without a living leader: the first electable replica that is in the ISR, and of the ISR what is
/// electable. If there is none and the topic allows it, the first electable replica, alone.
///
/// Source: 0.11.0.2 `OfflinePartitionLeaderSelector.selectLeader`.
pub(super) fn offline_partition(
    state: &PartitionState,
    electable: BrokerSet,
    unclean_allowed: bool,
) -> Option<Choice> {
    let isr = state.isr.intersection(electable);
    if let Some(leader) = first_of(&state.replicas, isr) {
        return Some(Choice::clean(leader, isr));
    }
    let leader = first_of(&state.replicas, electable).filter(|_| unclean_allowed)?;
    Some(Choice { leader: Some(leader), isr: BrokerSet::one(leader), unclean: true })
}

/// For a partition that its preferred replica does not lead: that replica, if it is electable and in the ISR.
///
/// Source: 0.11.0.2 `PreferredReplicaPartitionLeaderSelector.selectLeader`.
pub(super) fn preferred_replica(state: &PartitionState, electable: BrokerSet) -> Option<Choice> {
    let preferred = *state.replicas.first()?;
    let may_lead = electable.contains(preferred) && state.isr.contains(preferred);
    (may_lead && state.leader != Some(preferred)).then(|| Choice::clean(preferred, state.isr))
}

/// For a partition whose leader wants to stop: the first registered replica in the ISR that is not shutting down, and
/// of the ISR what is not shutting down.
///
/// Source: 0.11.0.2 `ControlledShutdownLeaderSelector.selectLeader`.
pub(super) fn controlled_shutdown(
    state: &PartitionState,
    registered: BrokerSet,
    shutting_down: BrokerSet,
) -> Option<Choice> {
    let isr = state.isr.difference(shutting_down);
    let leader = first_of(&state.replicas, isr.intersection(registered))?;
    Some(Choice::clean(leader, isr))
}

/// The same partition without a replica that is in its ISR; without a leader if that was the one. Nothing to do if the
/// replica is not in the ISR. The last member stays, so that it may lead when it comes back, unless the ISR is to end up empty
/// then (`empties`).
///
/// Source: 0.11.0.2 `KafkaController.removeReplicaFromIsr`, 1.1.1 `ReplicaStateMachine.doRemoveReplicasFromIsr`.
pub(super) fn without_replica(state: &PartitionState, replica: BrokerId, empties: bool) -> Option<Choice> {
    if !state.isr.contains(replica) {
        return None;
    }
    let rest = state.isr.without(replica);
    let isr = if rest.is_empty() && !empties { state.isr } else { rest };
    let leader = state.leader.filter(|leader| *leader != replica);
    Some(Choice { leader, isr, unclean: false })
}

/// For a partition that never had a leader: the first electable replica, and all electable replicas as ISR.
///
/// Source: 0.11.0.2 `PartitionStateMachine.initializeLeaderAndIsrForPartition`.
pub(super) fn new_partition(replicas: &[BrokerId], electable: BrokerSet) -> Option<Choice> {
    let isr: BrokerSet = replicas.iter().copied().filter(|replica| electable.contains(*replica)).collect();
    first_of(replicas, isr).map(|leader| Choice::clean(leader, isr))
}

/// The first replica in the order of assignment that is in `set`.
fn first_of(replicas: &[BrokerId], set: BrokerSet) -> Option<BrokerId> {
    replicas.iter().copied().find(|replica| set.contains(*replica))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{LeaderEpoch, PartitionEpoch, TopicPartition};

    fn set(ids: &[u8]) -> BrokerSet {
        ids.iter().copied().map(BrokerId).collect()
    }

    /// Replicas 3, 1, 2 in this order.
    fn partition(leader: Option<u8>, isr: &[u8]) -> PartitionState {
        PartitionState {
            partition: TopicPartition::default(),
            leader: leader.map(BrokerId),
            leader_epoch: LeaderEpoch(4),
            isr: set(isr),
            partition_epoch: PartitionEpoch(9),
            replicas: vec![BrokerId(3), BrokerId(1), BrokerId(2)],
            ..PartitionState::default()
        }
    }

    fn choice(leader: u8, isr: &[u8]) -> Option<Choice> {
        Some(Choice::clean(BrokerId(leader), set(isr)))
    }

    #[test]
    fn the_first_living_in_sync_replica_by_assignment_leads_and_the_dead_leave_the_isr() {
        let state = partition(Some(3), &[1, 2, 3]);
        assert_eq!(offline_partition(&state, set(&[1, 2]), false), choice(1, &[1, 2]));
    }

    #[test]
    fn assignment_order_decides_and_not_the_smallest_id() {
        let state = partition(Some(2), &[1, 2, 3]);
        assert_eq!(offline_partition(&state, set(&[1, 3]), false), choice(3, &[1, 3]));
    }

    #[test]
    fn a_living_replica_outside_the_isr_is_passed_over() {
        let state = partition(Some(3), &[2, 3]);
        assert_eq!(offline_partition(&state, set(&[1, 2]), true), choice(2, &[2]));
    }

    #[test]
    fn without_a_living_isr_member_nobody_leads_unless_unclean_elections_are_allowed() {
        let state = partition(Some(3), &[3]);
        assert_eq!(offline_partition(&state, set(&[1, 2]), false), None);
        let unclean = Choice { leader: Some(BrokerId(1)), isr: set(&[1]), unclean: true };
        assert_eq!(offline_partition(&state, set(&[1, 2]), true), Some(unclean));
    }

    #[test]
    fn without_a_living_replica_nobody_leads_at_all() {
        assert_eq!(offline_partition(&partition(Some(3), &[3]), set(&[4]), true), None);
    }

    #[test]
    fn the_preferred_replica_leads_with_the_isr_as_it_is() {
        let state = partition(Some(1), &[1, 3]);
        assert_eq!(preferred_replica(&state, set(&[1, 2, 3])), choice(3, &[1, 3]));
    }

    #[test]
    fn the_preferred_replica_must_live_and_be_in_sync_and_not_lead_already() {
        assert_eq!(preferred_replica(&partition(Some(1), &[1, 3]), set(&[1, 2])), None);
        assert_eq!(preferred_replica(&partition(Some(1), &[1, 2]), set(&[1, 2, 3])), None);
        assert_eq!(preferred_replica(&partition(Some(3), &[1, 3]), set(&[1, 2, 3])), None);
    }

    #[test]
    fn a_controlled_shutdown_passes_over_every_broker_that_shuts_down() {
        let state = partition(Some(3), &[1, 2, 3]);
        assert_eq!(controlled_shutdown(&state, set(&[1, 2, 3]), set(&[3])), choice(1, &[1, 2]));
        assert_eq!(controlled_shutdown(&state, set(&[1, 2, 3]), set(&[1, 3])), choice(2, &[2]));
    }

    #[test]
    fn a_controlled_shutdown_keeps_a_dead_isr_member_but_does_not_elect_it() {
        let state = partition(Some(3), &[1, 2, 3]);
        assert_eq!(controlled_shutdown(&state, set(&[2, 3]), set(&[3])), choice(2, &[1, 2]));
    }

    #[test]
    fn a_controlled_shutdown_finds_nobody_when_the_leader_is_alone_in_the_isr() {
        assert_eq!(controlled_shutdown(&partition(Some(3), &[3]), set(&[1, 2, 3]), set(&[3])), None);
    }

    #[test]
    fn a_follower_leaves_the_isr_and_the_leader_stays() {
        assert_eq!(without_replica(&partition(Some(3), &[1, 3]), BrokerId(1), false), choice(3, &[3]));
    }

    #[test]
    fn a_replica_outside_the_isr_changes_nothing() {
        assert_eq!(without_replica(&partition(Some(3), &[1, 3]), BrokerId(2), false), None);
    }

    #[test]
    fn the_last_isr_member_stays_when_unclean_elections_are_forbidden() {
        let kept = Choice { leader: None, isr: set(&[3]), unclean: false };
        assert_eq!(without_replica(&partition(Some(3), &[3]), BrokerId(3), false), Some(kept));
    }

    #[test]
    fn the_last_isr_member_goes_when_unclean_elections_are_allowed() {
        let emptied = Choice { leader: None, isr: BrokerSet::EMPTY, unclean: false };
        assert_eq!(without_replica(&partition(Some(3), &[3]), BrokerId(3), true), Some(emptied));
    }

    #[test]
    fn a_new_partition_is_led_by_its_first_living_replica_with_all_living_ones_in_sync() {
        let replicas = [BrokerId(3), BrokerId(1), BrokerId(2)];
        assert_eq!(new_partition(&replicas, set(&[1, 2])), choice(1, &[1, 2]));
        assert_eq!(new_partition(&replicas, set(&[4])), None);
    }
}
