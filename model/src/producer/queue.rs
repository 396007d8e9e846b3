//! The records of one partition that wait to be sent.

use std::collections::VecDeque;

use crate::defects::Defect;
use crate::ids::TopicPartition;
use crate::producer::accumulator::Rules;
use crate::producer::batch::ProducerBatch;
use crate::producer::sequences::Sequences;
use crate::record::Record;
use crate::time::Instant;

/// Whether a queue's first batch may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    /// There is none.
    Empty,
    /// At once.
    Ready,
    /// Not before this moment, for linger.ms or retry.backoff.ms.
    At(Instant),
    /// Not while other batches of the partition are in flight.
    Muted,
}

/// The records of one partition. The last batch is open while there is room in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct PartitionQueue {
    closed: VecDeque<ProducerBatch>,
    open: Vec<Record>,
    open_bytes: u64,
    open_created: Instant,
    open_last_append: Instant,
    /// Whether it ever had a record.
    used: bool,
    /// How many batches are in flight.
    pub(super) in_flight: u32,
    /// How many of them were given up meanwhile: the application has its answer and the broker has not given one.
    pub(super) given_up: u32,
    /// How far its sequences have come.
    pub(super) sequences: Sequences,
}

impl PartitionQueue {
    /// Adds a record behind the others, in a new batch if the open one has no room.
    /// Source: 0.11.0.2 `RecordAccumulator.append`, `MemoryRecordsBuilder.hasRoomFor`.
    pub(super) fn append(&mut self, partition: TopicPartition, record: Record, rules: &Rules, now: Instant) {
        let size = u64::from(record.size_bytes);
        if self.opens_batch(size, rules) {
            if !self.open.is_empty() {
                let batch = self.close(partition);
                self.closed.push_back(batch);
            }
            self.open_created = now;
        }
        self.used = true;
        self.open_last_append = now;
        self.open_bytes += size;
        self.open.push(record);
    }

    /// Whether a record of this size would begin a new batch. Source: 2.4.0 `RecordAccumulator.append`, `abortOnNewBatch`.
    pub(super) fn opens_batch(&self, size: u64, rules: &Rules) -> bool {
        self.open.is_empty() || self.open_bytes + size > rules.batch_size_bytes
    }

    /// Whether no batch waits that has room left. Source: 3.9.0 `RecordAccumulator.allBatchesFull`.
    pub(super) fn all_batches_full(&self, rules: &Rules) -> bool {
        self.open.is_empty() || self.open_bytes >= rules.batch_size_bytes
    }

    /// How many batches wait; none if the queue was never used.
    pub(super) fn waiting_batches(&self) -> Option<u32> {
        self.used.then(|| self.closed.len() as u32 + u32::from(!self.open.is_empty()))
    }

    /// How many batches in flight somebody still waits for.
    pub(super) fn outstanding(&self) -> u32 {
        self.in_flight - self.given_up
    }

    /// Whether batches with a sequence are in flight or wait to be sent again.
    /// Source: 2.5.0 `TransactionManager.hasInflightBatches`.
    pub(super) fn has_stamped(&self) -> bool {
        self.outstanding() > 0 || self.closed.front().is_some_and(|first| first.producer.is_some())
    }

    /// Waiting batches that have a sequence.
    pub(super) fn stamped_mut(&mut self) -> impl Iterator<Item = &mut ProducerBatch> {
        self.closed.iter_mut().filter(|batch| batch.producer.is_some())
    }

    /// Whether a batch that has never left has to wait for the fate of those before it.
    /// Source: 2.5.0 `RecordAccumulator.shouldStopDrainBatchesForPartition`.
    fn holds_new_batches(&self) -> bool {
        self.sequences.unresolved.is_some() || self.sequences.stale && self.outstanding() > 0
    }

    /// Whether the first batch may leave. Source: 0.11.0.2 `RecordAccumulator.ready`, `drain`.
    ///
    /// A batch that was put back holds the later ones up while it backs off. With idempotence it also waits until no
    /// batch of the partition is in flight, so that it never runs behind one that follows it.
    pub(super) fn readiness(&self, rules: &Rules, now: Instant) -> Readiness {
        if self.is_empty() {
            return Readiness::Empty;
        }
        if rules.one_in_flight && self.in_flight > 0 {
            return Readiness::Muted;
        }
        let at = match self.closed.front() {
            Some(first) if first.in_retry() => {
                if rules.idempotent && self.outstanding() > 0 {
                    return Readiness::Muted;
                }
                first.last_attempt + rules.retry_backoff
            }
            Some(_) | None if self.holds_new_batches() => return Readiness::Muted,
            Some(_) => return Readiness::Ready,
            None if self.open_bytes >= rules.batch_size_bytes => return Readiness::Ready,
            None => self.open_created + rules.linger,
        };
        if at <= now { Readiness::Ready } else { Readiness::At(at) }
    }

    /// When the first batch is given up, unless it leaves before. With delivery.timeout.ms its age alone decides.
    /// Source: 2.4.0 `RecordAccumulator.expiredBatches`, `ProducerBatch.hasReachedDeliveryTimeout`.
    ///
    /// In 0.11 request.timeout.ms counts, and not while an earlier batch is in flight and keeps the partition muted.
    /// Source: 0.11.0.2 `ProducerBatch.maybeExpire`, `RecordAccumulator.expiredBatches`.
    pub(super) fn expires_at(&self, rules: &Rules) -> Option<Instant> {
        if let Some(timeout) = rules.delivery_timeout {
            let open = (!self.open.is_empty()).then_some(self.open_created);
            return self.closed.front().map(|first| first.created).or(open).map(|created| created + timeout);
        }
        if rules.one_in_flight && self.in_flight > 0 {
            return None;
        }
        let whole = |created: Instant, last_append: Instant| (created + rules.linger).min(last_append);
        let from = match self.closed.front() {
            Some(first) if first.in_retry() => first.last_attempt + rules.retry_backoff,
            Some(first) => whole(first.created, first.last_append),
            None if self.open.is_empty() => return None,
            None if self.open_bytes >= rules.batch_size_bytes => {
                whole(self.open_created, self.open_last_append)
            }
            None => self.open_created + rules.linger,
        };
        Some(from + rules.request_timeout)
    }

    /// When to look again though nothing comes in.
    pub(super) fn look_at(&self, rules: &Rules, now: Instant) -> Option<Instant> {
        match self.readiness(rules, now) {
            Readiness::Empty => None,
            Readiness::At(at) if rules.delivery_timeout.is_some() => {
                Instant::first(Some(at), self.expires_at(rules))
            }
            Readiness::At(at) => Some(at),
            Readiness::Ready | Readiness::Muted => self.expires_at(rules),
        }
    }

    /// Takes the first batch, whether it is ready or not.
    pub(super) fn take_first(&mut self, partition: TopicPartition) -> Option<ProducerBatch> {
        match self.closed.pop_front() {
            Some(first) => Some(first),
            None if self.open.is_empty() => None,
            None => Some(self.close(partition)),
        }
    }

    /// Takes all batches that have never left.
    pub(super) fn take_unstamped(&mut self, partition: TopicPartition, taken: &mut Vec<ProducerBatch>) {
        let from = self.closed.iter().position(|batch| batch.producer.is_none());
        taken.extend(self.closed.drain(from.unwrap_or(self.closed.len())..));
        if !self.open.is_empty() {
            taken.push(self.close(partition));
        }
    }

    /// Puts a batch back that has failed. Without idempotence it becomes the first: of two that failed together the
    /// later one then leads. Source: 0.11.0.2 `RecordAccumulator.reenqueue`; with idempotence by sequence:
    /// 1.0 `RecordAccumulator.insertInSequenceOrder`.
    pub(super) fn put_back(&mut self, batch: ProducerBatch, rules: &Rules) {
        let place = if Defect::RetriesLast.is_on() {
            self.closed.len()
        } else if rules.idempotent {
            let order = batch.order();
            self.closed
                .iter()
                .take_while(|waiting| waiting.order().is_some() && waiting.order() < order)
                .count()
        } else {
            0
        };
        self.closed.insert(place, batch);
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.closed.is_empty() && self.open.is_empty()
    }

    fn close(&mut self, partition: TopicPartition) -> ProducerBatch {
        self.open_bytes = 0;
        ProducerBatch {
            partition,
            records: self.open.drain(..).collect(),
            producer: None,
            attempts: 0,
            created: self.open_created,
            last_append: self.open_last_append,
            last_attempt: self.open_created,
            doubtful: false,
            renumbered: false,
            given_up: false,
        }
    }
}
