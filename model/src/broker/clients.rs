//! The small requests of clients: PIDs.

use crate::ids::{CorrelationId, NodeId, ProducerEpoch, ProducerId};
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
}
