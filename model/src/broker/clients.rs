//! The small requests of clients: PIDs and group offsets.

use crate::event::Event;
use crate::ids::{CorrelationId, GroupId, NodeId, Offset, ProducerEpoch, ProducerId, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode};

use super::Broker;

/// PIDs come in blocks; a broker never hands out more than one block in a life here.
/// Source: 0.11.0.2 `ProducerIdManager` (blocks of 1000, kept in ZooKeeper).
const PRODUCER_ID_BLOCK: u64 = 1_000;

impl Broker {
    /// Hands out a PID that nobody else has: broker epochs are unique, and each stands for one block.
    pub(super) fn on_init_producer_id(
        &mut self,
        from: NodeId,
        correlation: CorrelationId,
        out: &mut Effects,
    ) {
        let block = self.membership.epoch().filter(|_| self.producer_ids < PRODUCER_ID_BLOCK);
        let (error, id) = match block {
            None => (ErrorCode::NotCoordinator, 0),
            Some(epoch) => {
                self.producer_ids += 1;
                (ErrorCode::None, epoch.0 * PRODUCER_ID_BLOCK + self.producer_ids - 1)
            }
        };
        let reply = Body::InitProducerIdReply { error, id: ProducerId(id), epoch: ProducerEpoch(0) };
        out.send(from, correlation, reply);
    }

    /// Remembers how far a group has come. Offsets may go back.
    pub(super) fn on_offset_commit(
        &mut self,
        from: NodeId,
        correlation: CorrelationId,
        group: GroupId,
        offsets: Vec<(TopicPartition, Offset)>,
        out: &mut Effects,
    ) {
        for (partition, offset) in offsets {
            self.storage.group_offsets.insert((group, partition), offset);
            out.event(Event::OffsetCommitted { partition, broker: self.me, client: from, group, offset });
        }
        out.send(from, correlation, Body::OffsetCommitReply { error: ErrorCode::None });
    }

    /// Tells how far a group has come.
    pub(super) fn on_offset_fetch(
        &self,
        from: NodeId,
        correlation: CorrelationId,
        group: GroupId,
        partitions: Vec<TopicPartition>,
        out: &mut Effects,
    ) {
        let committed = |partition| self.storage.group_offsets.get(&(group, partition)).copied();
        let offsets = partitions.into_iter().map(|partition| (partition, committed(partition))).collect();
        out.send(from, correlation, Body::OffsetFetchReply { error: ErrorCode::None, offsets });
    }
}
