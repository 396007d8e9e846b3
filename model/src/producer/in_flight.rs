//! Batches that left and whose answer is outstanding.

use std::collections::VecDeque;

use crate::ids::{BrokerId, CorrelationId};
use crate::producer::batch::ProducerBatch;

/// Batches in flight, by broker, in the order in which they left. Those of one request stand side by side.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct InFlightBatches {
    /// Broker `b` is at `b - 1`.
    brokers: Vec<VecDeque<(CorrelationId, ProducerBatch)>>,
}

impl InFlightBatches {
    pub(super) fn new(brokers: u8) -> Self {
        Self { brokers: vec![VecDeque::new(); usize::from(brokers)] }
    }

    /// A batch left in the request of this correlation.
    pub(super) fn push(&mut self, broker: BrokerId, correlation: CorrelationId, batch: ProducerBatch) {
        self.brokers[place(broker)].push_back((correlation, batch));
    }

    /// Moves the batches of one request to `taken`, in the request's order.
    pub(super) fn take(
        &mut self,
        broker: BrokerId,
        correlation: CorrelationId,
        taken: &mut Vec<ProducerBatch>,
    ) {
        let batches = &mut self.brokers[place(broker)];
        let Some(first) = batches.iter().position(|(of, _)| *of == correlation) else { return };
        let count = batches.iter().skip(first).take_while(|(of, _)| *of == correlation).count();
        taken.extend(batches.drain(first..first + count).map(|(_, batch)| batch));
    }

    /// Moves all batches that are in flight to one broker to `taken`, the newest first: put back one by one at the front
    /// of their queues, they keep their order. Source: 0.11.0.2 `InFlightRequests.clearAll`, `RecordAccumulator.reenqueue`.
    pub(super) fn take_all(&mut self, broker: BrokerId, taken: &mut Vec<ProducerBatch>) {
        taken.extend(self.brokers[place(broker)].drain(..).rev().map(|(_, batch)| batch));
    }

    /// All batches in flight.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut ProducerBatch> {
        self.brokers.iter_mut().flatten().map(|(_, batch)| batch)
    }
}

fn place(broker: BrokerId) -> usize {
    usize::from(broker.0) - 1
}
