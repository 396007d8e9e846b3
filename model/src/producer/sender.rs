//! What leaves.

use crate::client::network::Ask;
use crate::config::Acks;
use crate::event::Event;
use crate::ids::{BrokerId, CorrelationId, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, ProducePartition};
use crate::producer::batch::ProducerBatch;
use crate::producer::queue::Readiness;
use crate::producer::sequences::Sequences;
use crate::producer::{Producer, Request};
use crate::record::ProducerStamp;
use crate::time::{Instant, Micros};

impl Producer {
    /// Sends what is ready for one broker: request after request, each with the first batch of every ready partition,
    /// until nothing is ready or the connection takes no more.
    /// Source: 0.11.0.2 `Sender.sendProducerData`, `RecordAccumulator.drain`.
    pub(super) fn send_to(&mut self, broker: BrokerId, now: Instant, out: &mut Effects) {
        let mut more = self.session.may_send();
        while more {
            more = false;
            let correlation = self.net.next_correlation();
            let mut partitions = Vec::new();
            for place in 0..self.net.metadata.led_by(broker).len() {
                let partition = self.net.metadata.led_by(broker)[place];
                if self.accumulator.readiness(partition, now) != Readiness::Ready
                    || !self.is_in_transaction(partition)
                {
                    continue;
                }
                if partitions.is_empty() && !self.net.ready(broker, now, out) {
                    return;
                }
                let Some(batch) = self.take_stamped(partition) else { continue };
                out.event(self.departure(&batch, broker));
                partitions.push(ProducePartition { partition, batch: batch.to_send() });
                self.departed(broker, correlation, batch, now, out);
                more |= self.accumulator.readiness(partition, now) == Readiness::Ready;
            }
            if !partitions.is_empty() {
                self.send_request(broker, partitions, now, out);
            }
        }
    }

    /// The first batch of a partition, stamped if it has not been. A batch that has left before keeps its stamp even
    /// when the producer has another PID by now: it may have been written under the old one.
    fn take_stamped(&mut self, partition: TopicPartition) -> Option<ProducerBatch> {
        let session = self.session;
        let queue = self.accumulator.queue_mut(partition);
        let mut batch = queue.take_first(partition)?;
        batch.renumbered = false;
        if batch.producer.is_none() {
            if queue.sequences.stale {
                queue.sequences = Sequences::default();
            }
            batch.producer = session
                .stamp(queue.sequences.next)
                .map(|stamp| ProducerStamp { transactional: self.transactions.is_some(), ..stamp });
            queue.sequences.next = batch.end_sequence().unwrap_or_default();
        }
        Some(batch)
    }

    fn departure(&self, batch: &ProducerBatch, broker: BrokerId) -> Event {
        let (client, partition, count) = (self.node, batch.partition, batch.count());
        let first = batch.records[0].value;
        if batch.in_retry() {
            Event::ProduceRetried { client, partition, broker, first, count, attempt: batch.attempts }
        } else {
            Event::ProduceSent { client, partition, broker, first, count }
        }
    }

    /// With acks=0 a batch is done once it has left.
    fn departed(
        &mut self,
        broker: BrokerId,
        correlation: CorrelationId,
        batch: ProducerBatch,
        now: Instant,
        out: &mut Effects,
    ) {
        match self.acks {
            Acks::None => self.succeed(batch, None, out),
            Acks::Leader | Acks::All => {
                self.accumulator.queue_mut(batch.partition).in_flight += 1;
                if let Some(timeout) = self.accumulator.rules.delivery_timeout {
                    // One that is already too old is given up at the next look.
                    self.net.wake.by((batch.created + timeout).max(now + Micros(1)));
                }
                self.in_flight.push(broker, correlation, batch);
            }
        }
    }

    fn send_request(
        &mut self,
        broker: BrokerId,
        partitions: Vec<ProducePartition>,
        now: Instant,
        out: &mut Effects,
    ) {
        let timeout = self.accumulator.rules.request_timeout;
        let body = Body::ProduceRequest {
            acks: self.acks,
            timeout,
            partitions,
            transactional: self.transactional_id(),
        };
        match self.acks {
            Acks::None => self.net.send_unanswered(broker, body, out),
            Acks::Leader | Acks::All => self.net.send(broker, now, Ask::Own(Request::Produce), body, out),
        };
    }
}
