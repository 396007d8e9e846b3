//! A broker and its [`Coordinator`](crate::coordinator::Coordinator) of groups: whom it answers for, and what the coordinator
//! writes to `__consumer_offsets`. Source: 0.11.0.2 `KafkaApis`, `GroupMetadataManager.appendForGroup`.

use crate::config::Acks;
use crate::coordinator::{Asker, Request, Stored};
use crate::ids::{BrokerId, GroupId, NodeId, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, CoordinatorKey, ErrorCode, ProducePartition};
use crate::partition::Replica;
use crate::partition::pending_acks::Then;
use crate::record::RecordBatch;
use crate::time::{Instant, Micros};

use super::Broker;

impl Broker {
    /// Tells who coordinates a group or a transactional id, as far as this broker knows: the leader of the group's partition of
    /// `__consumer_offsets`, or of the id's of `__transaction_state`, if it is alive. Source: 0.11.0.2 `KafkaApis.handleFindCoordinatorRequest`, `MetadataCache.getPartitionMetadata`.
    pub(super) fn on_find_coordinator(&self, asker: Asker, key: CoordinatorKey, out: &mut Effects) {
        let coordinator = match key {
            CoordinatorKey::Group(group) => {
                self.config.offsets_partition(group).and_then(|id| self.live_leader(id))
            }
            CoordinatorKey::Transaction(id) => self.transactions_coordinator(id),
        };
        let is_asked_too_early = matches!(key, CoordinatorKey::Transaction(_)) && !self.knows_transactions();
        let error = match coordinator {
            _ if is_asked_too_early => ErrorCode::InvalidRequest,
            Some(_) => ErrorCode::None,
            None => ErrorCode::CoordinatorNotAvailable,
        };
        out.send(asker.node, asker.correlation, Body::FindCoordinatorReply { error, coordinator });
    }

    /// Who leads a partition, as far as this broker knows.
    pub(super) fn live_leader(&self, partition: TopicPartition) -> Option<BrokerId> {
        let leader = self.metadata.partition(partition)?.leader?;
        self.metadata.live_brokers.contains(leader).then_some(leader)
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
        if self.config.offsets_topic == Some(partition.topic)
            && let Some(replica) = self.replicas.get(&partition)
        {
            self.coordinator.load(now, partition, &replica.log, out);
        }
    }

    /// A partition that it follows from now on.
    pub(super) fn unload_groups(&mut self, partition: TopicPartition, out: &mut Effects) {
        if self.config.offsets_topic == Some(partition.topic) {
            self.coordinator.unload(partition, out);
        }
    }

    /// Appends what the coordinators have to write, and tells them what has been stored since. Runs at the end of a step: by then
    /// no partition is half changed.
    pub(super) fn serve_coordinators(&mut self, now: Instant, out: &mut Effects) {
        loop {
            if let Some((partition, batch, then)) = self.coordinator.next_write() {
                self.store(now, partition, batch, then, out);
            } else if let Some((what, answers)) = self.stored.pop_front() {
                let failed =
                    answers.iter().map(|answer| answer.error).find(|&error| error != ErrorCode::None);
                let error = failed.unwrap_or_default();
                match what {
                    Then::Groups(what) => self.coordinator.stored(now, what, error, out),
                    Then::Transactions(what) => self.transactions.stored(now, what, error, out),
                    Then::Markers(asker, marker) => self.markers_written(asker, marker, &answers, out),
                }
            } else if !self.store_transaction(now, out) && !self.send_markers(now, out) {
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
        let timeout = Micros::from_millis(self.config.broker.offsets_commit_timeout_ms);
        self.settle_own(now + timeout, vec![part], Then::Groups(then), out);
    }
}
