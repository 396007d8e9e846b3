//! A broker and its [`Coordinator`](crate::coordinator::Coordinator) of groups: whom it answers for, and what the coordinator
//! writes to `__consumer_offsets`. Source: 0.11.0.2 `KafkaApis`, `GroupMetadataManager.appendForGroup`.

use crate::config::Acks;
use crate::coordinator::{Asker, Request, Stored};
use crate::ids::{CorrelationId, GroupId, NodeId, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, ProducePartition};
use crate::partition::Replica;
use crate::partition::pending_acks::Produce;
use crate::record::RecordBatch;
use crate::time::{Instant, Micros};

use super::Broker;

impl Broker {
    /// Tells who coordinates a group, as far as this broker knows: the leader of the group's partition of `__consumer_offsets`,
    /// if it is alive. Source: 0.11.0.2 `KafkaApis.handleFindCoordinatorRequest`, `MetadataCache.getPartitionMetadata`.
    pub(super) fn on_find_coordinator(&self, asker: Asker, group: GroupId, out: &mut Effects) {
        let partition = self.config.offsets_partition(group);
        let leader = partition.and_then(|id| self.metadata.partition(id)).and_then(|state| state.leader);
        let coordinator = leader.filter(|&leader| self.metadata.live_brokers.contains(leader));
        let error = if coordinator.is_some() { ErrorCode::None } else { ErrorCode::CoordinatorNotAvailable };
        out.send(asker.node, asker.correlation, Body::FindCoordinatorReply { error, coordinator });
    }

    /// Only the leader of the group's partition coordinates it.
    pub(super) fn on_group_request(
        &mut self,
        now: Instant,
        asker: Asker,
        group: GroupId,
        request: Request,
        out: &mut Effects,
    ) {
        let partition = self.config.offsets_partition(group);
        let leads = partition.and_then(|id| self.replicas.get(&id)).is_some_and(Replica::leads);
        if leads {
            self.coordinator.handle(now, asker, group, request, out);
        } else {
            request.refuse(asker, ErrorCode::NotCoordinator, out);
        }
    }

    /// A partition that it leads from now on: if groups are kept there, they are its own.
    pub(super) fn load_groups(&mut self, now: Instant, partition: TopicPartition, out: &mut Effects) {
        if self.config.is_internal(partition.topic)
            && let Some(replica) = self.replicas.get(&partition)
        {
            self.coordinator.load(now, partition, &replica.log, out);
        }
    }

    /// A partition that it follows from now on.
    pub(super) fn unload_groups(&mut self, partition: TopicPartition, out: &mut Effects) {
        if self.config.is_internal(partition.topic) {
            self.coordinator.unload(partition, out);
        }
    }

    /// Appends what the coordinator has to write, and tells it what has been stored since. Runs at the end of a step: by then no
    /// partition is half changed.
    pub(super) fn serve_coordinator(&mut self, now: Instant, out: &mut Effects) {
        loop {
            if let Some((partition, batch, then)) = self.coordinator.next_write() {
                self.store(now, partition, batch, then, out);
            } else if let Some((what, error)) = self.stored.pop_front() {
                self.coordinator.stored(now, what, error, out);
            } else {
                return;
            }
        }
    }

    /// Goes the way of a producer's batch with acks=-1, but for `offsets.commit.timeout.ms`; the producer is the broker itself.
    fn store(
        &mut self,
        now: Instant,
        partition: TopicPartition,
        batch: RecordBatch,
        then: Stored,
        out: &mut Effects,
    ) {
        let client = NodeId::from(self.me);
        let part = self.append(now, client, Acks::All, ProducePartition { partition, batch }, out);
        let is_answered = part.answer.is_some();
        let produce = Produce {
            client,
            correlation: CorrelationId(0),
            acks: Acks::All,
            parts: vec![part],
            then: Some(Box::new(then)),
        };
        if is_answered {
            self.answer(produce, out);
        } else {
            let timeout = Micros::from_millis(self.config.broker.offsets_commit_timeout_ms);
            self.park_produce(now + timeout, produce);
        }
    }
}
