//! What an idempotent producer does when a sequence is lost: it asks for another PID (0.11 to 2.4), or raises its epoch
//! and counts from 0 again (2.5 and later, KIP-360).

use crate::event::Event;
use crate::ids::{ProducerEpoch, ProducerId, Sequence, TopicPartition};
use crate::machine::Effects;
use crate::message::ErrorCode;
use crate::producer::Producer;
use crate::producer::accumulator::Accumulator;
use crate::producer::batch::ProducerBatch;
use crate::producer::idempotence::Session;
use crate::producer::in_flight::InFlightBatches;
use crate::producer::queue::PartitionQueue;
use crate::producer::sequences::Sequences;
use crate::record::ProducerStamp;
use crate::time::Instant;

/// Whether the broker misses earlier sequences of the producer.
pub(super) fn sequence_is_lost(error: ErrorCode) -> bool {
    matches!(error, ErrorCode::OutOfOrderSequenceNumber | ErrorCode::UnknownProducerId)
}

impl Producer {
    /// Whether a stamp is of the sequences that its partition counts now. Where epochs are raised, batches of an older one
    /// go on beside it in the other partitions.
    pub(super) fn is_counted(&self, stamp: ProducerStamp) -> bool {
        self.accumulator.rules.epoch_bump || self.session.made(stamp)
    }

    /// The sequences of a partition have to begin anew; [`recover`](Self::recover) does it at the end of the step.
    /// Source: 2.5.0 `TransactionManager.requestEpochBumpForPartition`.
    pub(super) fn request_restart(&mut self, partition: TopicPartition) {
        self.accumulator.queue_mut(partition).sequences.restart = true;
        self.unsettled = true;
    }

    /// A batch was given up and its PID goes on. In 0.11 only a success uses sequences up, so the next batch takes those
    /// of this one, though it may have been written: the broker then takes the next batch for a duplicate and
    /// acknowledges records that it never wrote. Source: 0.11.0.2 `Sender.completeBatch`, which alone calls
    /// `TransactionManager.incrementSequenceNumber`.
    ///
    /// If later batches have left already, their sequences cannot be mended and the producer asks for another PID, as
    /// 1.0 does. Source: 1.0 `TransactionManager.shouldResetProducerStateAfterResolvingSequences`.
    pub(super) fn free_sequences(&mut self, batch: &ProducerBatch, now: Instant) {
        let Some(stamp) = batch.producer else { return };
        let sequences = &mut self.accumulator.queue_mut(batch.partition).sequences;
        if Some(sequences.next) == batch.end_sequence() {
            sequences.next = stamp.base_sequence;
        } else {
            self.reset_session(now);
        }
    }

    /// A batch expired; told apart by whether it was sent again before, as in Kafka: one that expires on its first way
    /// leaves a gap that nobody looks for, and the next batch is sent in vain until it expires too.
    /// Source: 0.11.0.2 `Sender.sendProducerData`, which asks for another PID at once; 2.4.0 `Sender.sendProducerData`,
    /// `TransactionManager.markSequenceUnresolved`.
    pub(super) fn sequences_of_expired(&mut self, batch: &ProducerBatch) {
        if self.transactions.is_some() {
            return;
        }
        let Some(end) = batch.end_sequence().filter(|_| batch.in_retry()) else { return };
        let rules = self.accumulator.rules;
        let at_once = rules.delivery_timeout.is_none() && !rules.epoch_bump;
        if at_once {
            self.request_restart(batch.partition);
        } else if batch.producer.is_some_and(|stamp| self.is_counted(stamp)) {
            self.accumulator.queue_mut(batch.partition).sequences.leave_unresolved(end);
            self.unsettled = true;
        }
    }

    /// Looks at the partitions whose sequences are unresolved, and begins anew where they are lost. Runs when all that came
    /// in with a step was dealt with. True if batches may leave that could not before.
    /// Source: 2.5.0 `Sender.runOnce`, `TransactionManager.maybeResolveSequences`.
    pub(super) fn recover(&mut self, now: Instant, out: &mut Effects) -> bool {
        if !self.unsettled || !self.session.may_send() {
            return false;
        }
        self.unsettled = false;
        let (mut restart, mut resolved) = (false, false);
        for (_, queue) in self.accumulator.queues_mut() {
            if queue.sequences.unresolved.is_some() {
                if queue.has_stamped() {
                    self.unsettled = true;
                } else {
                    queue.sequences.resolve();
                    resolved = true;
                }
            }
            restart |= queue.sequences.restart;
        }
        if restart && self.accumulator.rules.epoch_bump {
            self.bump_epoch(now, out);
        } else if restart {
            self.reset_session(now);
        }
        restart || resolved
    }

    /// Source: 2.5.0 `TransactionManager.bumpIdempotentProducerEpoch`.
    fn bump_epoch(&mut self, now: Instant, out: &mut Effects) {
        let Session::Open { id, epoch } = self.session else { return };
        if epoch == LAST_EPOCH {
            self.reset_session(now);
            return;
        }
        let epoch = ProducerEpoch(epoch.0 + 1);
        out.event(Event::ProducerEpochBumped { client: self.node, producer: id, epoch });
        self.begin_session(id, epoch);
    }

    /// The producer has a PID, or a new epoch of it. Where sequences have to begin anew they do, with all batches that were
    /// sent before; elsewhere as soon as the batches of before are answered. Until 2.7.0 that is never where no batch was on
    /// its way: the next one is refused, and raises the epoch once more.
    /// Source: KAFKA-12152, 2.7.0 `TransactionManager.bumpIdempotentProducerEpoch`, `handleCompletedBatch`.
    pub(super) fn begin_session(&mut self, id: ProducerId, epoch: ProducerEpoch) {
        self.session = Session::Open { id, epoch };
        if !self.accumulator.rules.epoch_bump {
            return;
        }
        let Self { accumulator, in_flight, .. } = self;
        let resets_idle = accumulator.rules.resets_idle;
        for (partition, queue) in accumulator.queues_mut() {
            if queue.sequences.restart || resets_idle && !queue.has_stamped() {
                renumber(partition, queue, in_flight, id, epoch);
            } else {
                queue.sequences.stale = resets_idle || queue.has_stamped();
            }
        }
        self.unsettled = self.has_unresolved();
    }

    /// Counts a partition's batches that were sent before from 0 again, under the same epoch.
    pub(super) fn start_over(&mut self, partition: TopicPartition) {
        let Session::Open { id, epoch } = self.session else { return };
        let Self { accumulator, in_flight, .. } = self;
        renumber(partition, accumulator.queue_mut(partition), in_flight, id, epoch);
    }

    fn has_unresolved(&mut self) -> bool {
        self.accumulator.queues_mut().any(|(_, queue)| queue.sequences.unresolved.is_some())
    }

    /// Forgets the PID and asks for another one. Sequences begin anew at once, or where an epoch may be raised: when the
    /// PID is there, with the batches that were sent under the old one.
    /// Source: 0.11.0.2 `TransactionManager.resetProducerId`; 2.5.0 `TransactionManager.resetIdempotentProducerId`.
    pub(super) fn reset_session(&mut self, now: Instant) {
        self.session = Session::Missing { ask_at: now };
        if !self.accumulator.rules.epoch_bump {
            forget_sequences(&mut self.accumulator);
            self.unsettled = false;
        }
    }
}

/// Kafka's epoch is a signed number of 16 bits.
const LAST_EPOCH: ProducerEpoch = ProducerEpoch(i16::MAX as u16);

pub(super) fn forget_sequences(accumulator: &mut Accumulator) {
    for (_, queue) in accumulator.queues_mut() {
        queue.sequences = Sequences::default();
    }
}

/// Stamps a partition's batches that were sent before, in flight or waiting, anew from sequence 0 and in their order.
/// Source: 2.5.0 `TransactionManager.TopicPartitionBookkeeper.startSequencesAtBeginning`.
///
/// A batch that was written all the same is then written once more: nothing tells the broker that it is the same.
fn renumber(
    partition: TopicPartition,
    queue: &mut PartitionQueue,
    in_flight: &mut InFlightBatches,
    id: ProducerId,
    epoch: ProducerEpoch,
) {
    let mut next = Sequence(0);
    let outstanding = in_flight.all_mut().filter(|batch| batch.partition == partition && !batch.given_up);
    let mut batches: Vec<_> = outstanding.chain(queue.stamped_mut()).collect();
    batches.sort_by_key(|batch| batch.order());
    for batch in batches {
        batch.producer = Some(ProducerStamp { id, epoch, base_sequence: next, transactional: false });
        batch.renumbered = true;
        next = next.plus(batch.count());
    }
    queue.sequences = Sequences { next, ..Sequences::default() };
}
