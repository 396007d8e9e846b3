//! What leaves, and what becomes of it.

use crate::client::network::Ask;
use crate::config::Acks;
use crate::event::Event;
use crate::ids::{BrokerId, CorrelationId, Offset, Sequence, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, ProducePartition, ProducedPartition};
use crate::producer::accumulator::Readiness;
use crate::producer::batch::{ProducerBatch, meaning};
use crate::producer::idempotence::Session;
use crate::producer::{Producer, Request};
use crate::time::Instant;

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
                if self.accumulator.readiness(partition, now) != Readiness::Ready {
                    continue;
                }
                if partitions.is_empty() && !self.net.ready(broker, now, out) {
                    return;
                }
                let Some(batch) = self.take_stamped(partition) else { continue };
                out.event(self.departure(&batch, broker));
                partitions.push(ProducePartition { partition, batch: batch.to_send() });
                self.departed(broker, correlation, batch, out);
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
        if !batch.in_retry() {
            batch.producer = session.stamp(queue.next_sequence);
            if batch.producer.is_some() {
                queue.next_sequence = queue.next_sequence.plus(batch.count());
            }
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
        out: &mut Effects,
    ) {
        match self.acks {
            Acks::None => self.succeed(batch, None, out),
            Acks::Leader | Acks::All => {
                self.accumulator.queue_mut(batch.partition).in_flight += 1;
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
        let body = Body::ProduceRequest { acks: self.acks, timeout, partitions };
        match self.acks {
            Acks::None => self.net.send_unanswered(broker, body, out),
            Acks::Leader | Acks::All => self.net.send(broker, now, Ask::Own(Request::Produce), body, out),
        };
    }

    /// Takes an answer and uses the room that it makes. A batch that the answer does not mention counts as lost.
    /// Source: 0.11.0.2 `Sender.handleProduceResponse`.
    pub(super) fn on_produce_reply(
        &mut self,
        broker: BrokerId,
        correlation: CorrelationId,
        answers: &[ProducedPartition],
        now: Instant,
        out: &mut Effects,
    ) {
        let mut batches = std::mem::take(&mut self.scratch);
        self.in_flight.take(broker, correlation, &mut batches);
        let all_answered = batches.len() == answers.len();
        for batch in batches.drain(..) {
            match answers.iter().find(|answer| answer.partition == batch.partition) {
                Some(answer) => self.complete(batch, answer.error, answer.base_offset, now, out),
                None => self.complete(batch, ErrorCode::NetworkException, None, now, out),
            }
        }
        self.scratch = batches;
        if !all_answered {
            self.sweep(now, out);
            return;
        }
        self.send_to(broker, now, out);
        for answer in answers {
            if let Some(leader) =
                self.net.metadata.leader(answer.partition).filter(|&leader| leader != broker)
            {
                self.send_to(leader, now, out);
            }
            self.schedule(answer.partition, now);
        }
    }

    /// A batch in flight was answered, or its connection broke. Source: 0.11.0.2 `Sender.completeBatch`.
    pub(super) fn complete(
        &mut self,
        mut batch: ProducerBatch,
        error: ErrorCode,
        base_offset: Option<Offset>,
        now: Instant,
        out: &mut Effects,
    ) {
        self.accumulator.queue_mut(batch.partition).in_flight -= 1;
        if error == ErrorCode::None {
            self.succeed(batch, base_offset, out);
            return;
        }
        let meaning = meaning(error);
        batch.doubtful |= !meaning.unwritten;
        if meaning.stale_metadata {
            self.net.metadata.want();
        }
        let retriable = meaning.retriable || self.runs_ahead(&batch, error);
        if !retriable || batch.attempts >= self.retries {
            self.fail(batch, error, now, out);
        } else if batch.producer.is_some_and(|stamp| !self.session.made(stamp)) {
            self.fail(batch, ErrorCode::OutOfOrderSequenceNumber, now, out);
        } else {
            self.retry(batch, now);
        }
    }

    /// Whether a batch is out of order only because earlier ones are still to be retried. That needs more than one
    /// request in flight, which idempotence allows from 1.0. Source: 1.0 `TransactionManager.canRetry`.
    ///
    /// A batch of before the last acknowledged one is not: it was written, its acknowledgement got lost while later ones
    /// came, and more than five batches on the broker no longer knows it. To repeat it would never end.
    fn runs_ahead(&self, batch: &ProducerBatch, error: ErrorCode) -> bool {
        error == ErrorCode::OutOfOrderSequenceNumber
            && batch.producer.is_some_and(|stamp| {
                let queue = self.accumulator.queue(batch.partition);
                self.session.made(stamp)
                    && queue.is_some_and(|queue| stamp.base_sequence.follows(queue.acknowledged_to))
            })
    }

    fn retry(&mut self, mut batch: ProducerBatch, now: Instant) {
        batch.attempts += 1;
        batch.last_attempt = now;
        let rules = self.accumulator.rules;
        self.accumulator.queue_mut(batch.partition).put_back(batch, &rules);
    }

    fn succeed(&mut self, batch: ProducerBatch, base_offset: Option<Offset>, out: &mut Effects) {
        if let Some(stamp) = batch.producer.filter(|&stamp| self.session.made(stamp)) {
            let end = stamp.base_sequence.plus(batch.count());
            self.accumulator.queue_mut(batch.partition).acknowledged_to = end;
        }
        self.settled(&batch);
        let ProducerBatch { partition, records, .. } = batch;
        out.event(Event::SendAcknowledged { client: self.node, partition, base_offset, records });
    }

    /// Gives a batch up. Source: 0.11.0.2 `Sender.failBatch`.
    fn fail(&mut self, batch: ProducerBatch, error: ErrorCode, now: Instant, out: &mut Effects) {
        if batch.producer.is_some_and(|stamp| self.session.made(stamp)) {
            if matches!(error, ErrorCode::OutOfOrderSequenceNumber | ErrorCode::UnknownProducerId) {
                self.reset_session(now);
            } else if error == ErrorCode::InvalidProducerEpoch {
                self.session = Session::Fenced(error);
            } else {
                self.free_sequences(&batch, now);
            }
        }
        self.tell_failed(batch, error, out);
    }

    /// A batch was given up and its PID goes on. In 0.11 only a success uses sequences up, so the next batch takes those
    /// of this one, though it may have been written: the broker then takes the next batch for a duplicate and
    /// acknowledges records that it never wrote. Source: 0.11.0.2 `Sender.completeBatch`, which alone calls
    /// `TransactionManager.incrementSequenceNumber`.
    ///
    /// If later batches have left already, their sequences cannot be mended and the producer asks for another PID, as
    /// 1.0 does. Source: 1.0 `TransactionManager.shouldResetProducerStateAfterResolvingSequences`.
    fn free_sequences(&mut self, batch: &ProducerBatch, now: Instant) {
        let Some(stamp) = batch.producer else { return };
        let queue = self.accumulator.queue_mut(batch.partition);
        if queue.next_sequence == stamp.base_sequence.plus(batch.count()) {
            queue.next_sequence = stamp.base_sequence;
        } else {
            self.reset_session(now);
        }
    }

    /// Forgets the PID and all sequences, and asks for another PID.
    /// Source: 0.11.0.2 `TransactionManager.resetProducerId`.
    fn reset_session(&mut self, now: Instant) {
        self.session = Session::Missing { ask_at: now };
        for (_, queue) in self.accumulator.queues_mut() {
            queue.next_sequence = Sequence(0);
            queue.acknowledged_to = Sequence(0);
        }
    }

    /// Gives up the batches that have waited too long, and adds up when the others are to be looked at.
    /// Source: 0.11.0.2 `Sender.sendProducerData`: a batch that has left before takes the PID with it when it expires.
    pub(super) fn expire(&mut self, now: Instant, out: &mut Effects) {
        if !self.session.may_send() {
            return;
        }
        let rules = self.accumulator.rules;
        let mut expired = std::mem::take(&mut self.scratch);
        for (partition, queue) in self.accumulator.queues_mut() {
            while queue.expires_at(&rules).is_some_and(|at| at <= now) {
                expired.extend(queue.take_first(partition));
            }
            if let Some(at) = queue.look_at(&rules, now) {
                self.net.wake.by(at);
            }
            if !queue.is_empty() && self.net.metadata.leader(partition).is_none() {
                self.net.metadata.want();
            }
        }
        let reset = expired.iter().any(|batch| batch.in_retry() && batch.producer.is_some());
        for batch in expired.drain(..) {
            self.tell_failed(batch, ErrorCode::RequestTimedOut, out);
        }
        self.scratch = expired;
        if reset {
            self.reset_session(now);
        }
    }

    /// Gives everything up: the producer is fenced. Source: 0.11.0.2 `RecordAccumulator.abortBatches`.
    pub(super) fn abort_all(&mut self, error: ErrorCode, out: &mut Effects) {
        let mut batches = std::mem::take(&mut self.scratch);
        for broker in self.net.brokers() {
            self.in_flight.take_all(broker, &mut batches);
        }
        for batch in &mut batches {
            batch.doubtful = true;
        }
        for (partition, queue) in self.accumulator.queues_mut() {
            queue.in_flight = 0;
            while let Some(batch) = queue.take_first(partition) {
                batches.push(batch);
            }
        }
        for batch in batches.drain(..) {
            self.tell_failed(batch, error, out);
        }
        self.scratch = batches;
    }

    fn tell_failed(&mut self, batch: ProducerBatch, error: ErrorCode, out: &mut Effects) {
        self.settled(&batch);
        let ProducerBatch { partition, records, doubtful, .. } = batch;
        out.event(Event::SendFailed { client: self.node, partition, records, error, definite: !doubtful });
    }

    fn settled(&mut self, batch: &ProducerBatch) {
        self.pending -= u64::from(batch.count());
        self.unseen = true;
    }
}
