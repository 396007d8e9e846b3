//! Votes: how a replica of a partition with ack strategy `majority` takes part in the choice of its leader.

use crate::config::AckStrategy;
use crate::ids::{CorrelationId, LeaderEpoch, NodeId, TopicPartition};
use crate::machine::Effects;
use crate::message::Body;
use crate::partition::Replica;

use super::Broker;

impl Broker {
    /// Whether a majority of all replicas decides over this partition.
    pub(super) fn by_majority(&self, partition: TopicPartition) -> bool {
        self.topic(partition).ack_strategy == AckStrategy::Majority
    }

    /// The controller looks for a leader of `epoch`. From now on this replica neither fetches from an older one nor is one
    /// itself: what waits for it is answered NOT_LEADER_FOR_PARTITION.
    pub(super) fn on_vote_request(
        &mut self,
        correlation: CorrelationId,
        partition: TopicPartition,
        epoch: LeaderEpoch,
        out: &mut Effects,
    ) {
        self.ensure_replica(partition);
        if !self.replicas.get(&partition).is_some_and(|replica| replica.may_vote(epoch)) {
            return;
        }
        self.stop_fetching(partition);
        self.refuse_waiting(partition, out);
        let vote = |replica: &mut Replica| replica.vote(epoch, out);
        let Some((last_epoch, end_offset)) = self.replica_mut(partition).map(vote) else { return };
        let reply = Body::VoteReply { partition, leader_epoch: epoch, last_epoch, end_offset };
        out.send(NodeId::CONTROLLER, correlation, reply);
        self.wake_fetches(partition, out);
    }
}
