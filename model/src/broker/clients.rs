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
        let id = self.next_producer_id();
        let error = if id.is_some() { ErrorCode::None } else { ErrorCode::NotCoordinator };
        let (id, epoch) = (id.unwrap_or_default(), ProducerEpoch(0));
        out.send(from, correlation, Body::InitProducerIdReply { error, id, epoch });
    }

    /// A PID that nobody has, if the broker is registered and its block is not used up.
    pub(super) fn next_producer_id(&mut self) -> Option<ProducerId> {
        let epoch = self.membership.epoch().filter(|_| self.producer_ids < PRODUCER_ID_BLOCK)?;
        self.producer_ids += 1;
        Some(ProducerId(epoch.0 * PRODUCER_ID_BLOCK + self.producer_ids - 1))
    }
}
