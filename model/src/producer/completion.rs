//! What becomes of a batch that left.

use crate::defects::Defect;
use crate::event::Event;
use crate::ids::{BrokerId, CorrelationId, Offset, Sequence};
use crate::machine::Effects;
use crate::message::{ErrorCode, ProducedPartition};
use crate::producer::Producer;
use crate::producer::batch::{Meaning, ProducerBatch, meaning};
use crate::producer::idempotence::Session;
use crate::producer::recovery::sequence_is_lost;
use crate::record::ProducerStamp;
use crate::time::Instant;

/// What follows from an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cure {
    /// The batch is sent again as it is.
    Retry,
    /// The partition's sequences begin anew under the next epoch, and the batch is sent again.
    Renumber,
    /// The same under the present epoch, at once.
    StartOver,
    /// The application is told.
    GiveUp(ErrorCode),
}

/// Whether a producer with a defect takes this error for a success.
fn is_mistaken(error: ErrorCode, meaning: Meaning) -> bool {
    let silence = matches!(error, ErrorCode::NetworkException | ErrorCode::RequestTimedOut);
    Defect::TakesRefusalsForSuccess.is_on() && meaning.unwritten
        || Defect::TakesSilenceForSuccess.is_on() && silence
}

impl Producer {
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
        self.recover(now, out);
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
        let queue = self.accumulator.queue_mut(batch.partition);
        queue.in_flight -= 1;
        queue.given_up -= u32::from(batch.given_up);
        let meaning = meaning(error);
        if meaning.stale_metadata {
            self.net.metadata.want();
        }
        if error == ErrorCode::None || is_mistaken(error, meaning) {
            self.succeed(batch, base_offset, out);
        } else if !batch.given_up {
            batch.doubtful |= !meaning.unwritten;
            match self.cure(&batch, error, meaning, now) {
                Cure::Retry => self.retry(batch, now),
                Cure::Renumber => {
                    self.request_restart(batch.partition);
                    self.retry(batch, now);
                }
                Cure::StartOver => {
                    let partition = batch.partition;
                    self.retry(batch, now);
                    self.start_over(partition);
                }
                Cure::GiveUp(error) => self.fail(batch, error, now, out),
            }
        }
    }

    /// What is to be done about an error. Source: 0.11.0.2 `Sender.canRetry`, `Sender.completeBatch`; 2.5.0
    /// `Sender.canRetry`. Until 2.4 a batch of an earlier PID is not sent again: the broker would take it for a new one.
    fn cure(&self, batch: &ProducerBatch, error: ErrorCode, meaning: Meaning, now: Instant) -> Cure {
        let rules = &self.accumulator.rules;
        let overdue = rules.delivery_timeout.is_some_and(|timeout| batch.created + timeout <= now);
        if overdue || batch.attempts >= self.retries {
            return Cure::GiveUp(error);
        }
        match batch.producer {
            Some(stamp) if sequence_is_lost(error) && rules.epoch_bump => {
                self.cure_by_epoch(batch, stamp, error)
            }
            Some(stamp) if error == ErrorCode::UnknownProducerId && self.is_counted(stamp) => {
                self.cure_unknown(batch)
            }
            Some(stamp) if self.runs_ahead(batch, stamp, error) => Cure::Retry,
            Some(stamp) if meaning.retriable && !self.is_counted(stamp) => {
                Cure::GiveUp(ErrorCode::OutOfOrderSequenceNumber)
            }
            Some(_) | None if meaning.retriable => Cure::Retry,
            Some(_) | None => Cure::GiveUp(error),
        }
    }

    /// The leader knows nothing of the producer: nothing of it was ever written there, or it is gone. Kafka tells that apart by
    /// whether the log begins behind the last record that was acknowledged; a log begins at 0 here, so only a partition that
    /// has acknowledged nothing yet starts over. Source: 2.0.0 `TransactionManager.canRetry`.
    fn cure_unknown(&self, batch: &ProducerBatch) -> Cure {
        let queue = self.accumulator.queue(batch.partition);
        if batch.renumbered {
            Cure::Retry
        } else if queue.is_some_and(|queue| queue.sequences.acknowledged_to == Sequence(0)) {
            Cure::StartOver
        } else {
            Cure::GiveUp(ErrorCode::UnknownProducerId)
        }
    }

    /// Whether a batch is out of order only because earlier ones are still to be retried. That needs more than one
    /// request in flight, which idempotence allows from 1.0. Source: 1.0 `TransactionManager.canRetry`.
    ///
    /// A batch of before the last acknowledged one is not: it was written, its acknowledgement got lost while later ones
    /// came, and more than five batches on the broker no longer knows it. To repeat it would never end, unless
    /// delivery.timeout.ms ends it.
    fn runs_ahead(&self, batch: &ProducerBatch, stamp: ProducerStamp, error: ErrorCode) -> bool {
        let Some(queue) = self.accumulator.queue(batch.partition) else { return false };
        let (sequences, first) = (&queue.sequences, stamp.base_sequence);
        let ends = self.accumulator.rules.delivery_timeout.is_some();
        error == ErrorCode::OutOfOrderSequenceNumber
            && self.is_counted(stamp)
            && sequences.unresolved.is_none()
            && (batch.renumbered
                || first.follows(sequences.acknowledged_to)
                || ends && first != sequences.acknowledged_to)
    }

    /// The same where a producer may raise its epoch: it does if no earlier batch explains the error.
    /// Source: 2.5.0 `TransactionManager.canRetry`.
    fn cure_by_epoch(&self, batch: &ProducerBatch, stamp: ProducerStamp, error: ErrorCode) -> Cure {
        let queue = self.accumulator.queue(batch.partition);
        let Some(sequences) = queue.map(|queue| queue.sequences) else { return Cure::GiveUp(error) };
        if error == ErrorCode::UnknownProducerId {
            return if batch.renumbered { Cure::Retry } else { Cure::Renumber };
        }
        match sequences.unresolved {
            None if self.runs_ahead(batch, stamp, error) => Cure::Retry,
            None if sequences.acknowledged_to.follows(stamp.base_sequence) => Cure::GiveUp(error),
            Some(end) if end != stamp.base_sequence => Cure::Retry,
            Some(_) | None => Cure::Renumber,
        }
    }

    fn retry(&mut self, mut batch: ProducerBatch, now: Instant) {
        if Defect::DropsRetries.is_on() {
            return;
        }
        if Defect::RenumbersRetries.is_on() {
            batch.producer = None;
        }
        batch.attempts += 1;
        batch.last_attempt = now;
        let rules = self.accumulator.rules;
        self.accumulator.queue_mut(batch.partition).put_back(batch, &rules);
    }

    /// The batch is in the log. One that was given up meanwhile stays so; its sequences count as acknowledged.
    /// Source: 2.4.0 `TransactionManager.handleCompletedBatch`, `ProducerBatch.done`.
    pub(super) fn succeed(&mut self, batch: ProducerBatch, base_offset: Option<Offset>, out: &mut Effects) {
        let end = batch.end_sequence();
        let counted = |stamp| if batch.given_up { self.session.made(stamp) } else { self.is_counted(stamp) };
        if let Some(end) = end.filter(|_| batch.producer.is_some_and(counted)) {
            self.accumulator.queue_mut(batch.partition).sequences.acknowledge(end);
        }
        if batch.given_up {
            return;
        }
        self.settled(&batch);
        let ProducerBatch { partition, records, .. } = batch;
        out.event(Event::SendAcknowledged { client: self.node, partition, base_offset, records });
    }

    /// Gives a batch up. Source: 0.11.0.2 `Sender.failBatch`; with a new epoch 2.5.0 `TransactionManager.handleFailedBatch`:
    /// a batch whose retries are used up may have been written, and its sequences stay as they are.
    fn fail(&mut self, batch: ProducerBatch, error: ErrorCode, now: Instant, out: &mut Effects) {
        if self.transactions.is_some() {
            self.batch_of_transaction_failed(error, out);
        } else if batch.producer.is_some_and(|stamp| self.is_counted(stamp)) {
            if error == ErrorCode::InvalidProducerEpoch {
                self.session = Session::Fenced(error);
            } else if self.accumulator.rules.epoch_bump {
                if sequence_is_lost(error) || batch.attempts < self.retries {
                    self.request_restart(batch.partition);
                } else if !self.accumulator.rules.resets_idle {
                    self.forget_staleness(&batch);
                }
            } else if sequence_is_lost(error) {
                self.reset_session(now);
            } else {
                self.free_sequences(&batch, now);
            }
        }
        self.tell_failed(batch, error, out);
    }

    /// Until 2.7.0 sequences of an older epoch begin anew only behind a success. Source: KAFKA-12152, 2.7.0
    /// `TransactionManager.handleFailedBatch`.
    fn forget_staleness(&mut self, batch: &ProducerBatch) {
        let queue = self.accumulator.queue_mut(batch.partition);
        if !queue.has_stamped() {
            queue.sequences.stale = false;
        }
    }

    /// Tells the application that a batch was given up.
    pub(super) fn tell_failed(&mut self, batch: ProducerBatch, error: ErrorCode, out: &mut Effects) {
        self.settled(&batch);
        let ProducerBatch { partition, records, producer, doubtful, .. } = batch;
        let stamped = producer.is_some();
        let definite = !doubtful || Defect::CallsFailuresDefinite.is_on();
        out.event(Event::SendFailed { client: self.node, partition, records, error, definite });
        self.transaction_failed(error, stamped, out);
    }

    fn settled(&mut self, batch: &ProducerBatch) {
        self.pending -= u64::from(batch.count());
        self.unseen = true;
    }
}
