//! Batches that are given up though nobody refused them.

use crate::machine::Effects;
use crate::message::ErrorCode;
use crate::producer::Producer;
use crate::producer::batch::ProducerBatch;
use crate::time::{Instant, Micros};

impl Producer {
    /// Gives up the batches that have waited too long, and adds up when the others are to be looked at. True if there were
    /// any, so that others may leave.
    /// Source: 0.11.0.2 `Sender.sendProducerData`: a batch that has left before takes the PID with it when it expires.
    pub(super) fn expire(&mut self, now: Instant, out: &mut Effects) -> bool {
        if !self.session.may_send() {
            return false;
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
        if let Some(timeout) = rules.delivery_timeout {
            self.expire_in_flight(timeout, now, &mut expired);
        }
        let any = !expired.is_empty();
        for batch in expired.drain(..) {
            self.sequences_of_expired(&batch);
            self.tell_failed(batch, ErrorCode::RequestTimedOut, out);
        }
        self.scratch = expired;
        any
    }

    /// Gives up the batches in flight that are as old as delivery.timeout.ms. Their requests go on; a partition that only
    /// one of them may be in flight to stays muted until they are answered.
    /// Source: 2.4.0 `Sender.getExpiredInflightBatches`.
    fn expire_in_flight(&mut self, timeout: Micros, now: Instant, expired: &mut Vec<ProducerBatch>) {
        for batch in self.in_flight.all_mut().filter(|batch| !batch.given_up) {
            let at = batch.created + timeout;
            if at > now {
                self.net.wake.by(at);
                continue;
            }
            batch.doubtful = true;
            expired.push(batch.clone());
            batch.given_up = true;
            self.accumulator.queue_mut(batch.partition).given_up += 1;
        }
    }

    /// Gives everything up: the producer is fenced. Source: 0.11.0.2 `RecordAccumulator.abortBatches`.
    pub(super) fn abort_all(&mut self, error: ErrorCode, out: &mut Effects) {
        let mut batches = std::mem::take(&mut self.scratch);
        for broker in self.net.brokers() {
            self.in_flight.take_all(broker, &mut batches);
        }
        batches.retain(|batch| !batch.given_up);
        for batch in &mut batches {
            batch.doubtful = true;
        }
        for (partition, queue) in self.accumulator.queues_mut() {
            (queue.in_flight, queue.given_up) = (0, 0);
            while let Some(batch) = queue.take_first(partition) {
                batches.push(batch);
            }
        }
        for batch in batches.drain(..) {
            self.tell_failed(batch, error, out);
        }
        self.scratch = batches;
    }
}
