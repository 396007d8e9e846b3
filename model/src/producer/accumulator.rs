//! Records that wait to be sent, in batches, one queue a partition.

use std::collections::VecDeque;

use crate::config::ProducerConfig;
use crate::ids::{Sequence, TopicPartition};
use crate::producer::batch::ProducerBatch;
use crate::record::Record;
use crate::time::{Instant, Micros};

/// The settings that decide when a batch may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Rules {
    /// linger.ms.
    pub(super) linger: Micros,
    /// batch.size, in bytes.
    pub(super) batch_size_bytes: u64,
    /// retry.backoff.ms.
    pub(super) retry_backoff: Micros,
    /// request.timeout.ms; in 0.11 also how long a batch may wait before it is given up.
    pub(super) request_timeout: Micros,
    /// A partition rests while a batch of it is in flight: max.in.flight.requests.per.connection is 1.
    /// Source: 0.11.0.2 `Sender.guaranteeMessageOrder`.
    pub(super) one_in_flight: bool,
    /// enable.idempotence.
    pub(super) idempotent: bool,
}

impl Rules {
    /// The rules that a producer's settings make. A request timeout of 0 counts as 1 ms: else nothing could be sent.
    pub(super) fn new(config: &ProducerConfig, idempotent: bool) -> Self {
        Self {
            linger: Micros::from_millis(config.linger_ms),
            batch_size_bytes: config.batch_size_bytes,
            retry_backoff: Micros::from_millis(config.retry_backoff_ms),
            request_timeout: Micros::from_millis(config.request_timeout_ms.max(1)),
            one_in_flight: config.max_in_flight <= 1,
            idempotent,
        }
    }
}

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
    /// How many batches are in flight.
    pub(super) in_flight: u32,
    /// The sequence of the next batch that leaves for the first time.
    pub(super) next_sequence: Sequence,
    /// The sequence after the last acknowledged record.
    pub(super) acknowledged_to: Sequence,
}

impl PartitionQueue {
    /// Adds a record behind the others, in a new batch if the open one has no room.
    /// Source: 0.11.0.2 `RecordAccumulator.append`, `MemoryRecordsBuilder.hasRoomFor`.
    fn append(&mut self, partition: TopicPartition, record: Record, rules: &Rules, now: Instant) {
        let size = u64::from(record.size_bytes);
        if !self.open.is_empty() && self.open_bytes + size > rules.batch_size_bytes {
            let batch = self.close(partition);
            self.closed.push_back(batch);
        }
        if self.open.is_empty() {
            self.open_created = now;
        }
        self.open_last_append = now;
        self.open_bytes += size;
        self.open.push(record);
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
                if rules.idempotent && self.in_flight > 0 {
                    return Readiness::Muted;
                }
                first.last_attempt + rules.retry_backoff
            }
            Some(_) => return Readiness::Ready,
            None if self.open_bytes >= rules.batch_size_bytes => return Readiness::Ready,
            None => self.open_created + rules.linger,
        };
        if at <= now { Readiness::Ready } else { Readiness::At(at) }
    }

    /// When the first batch is given up, unless it leaves before; none while an earlier one is in flight and keeps the
    /// partition muted. Source: 0.11.0.2 `ProducerBatch.maybeExpire`, `RecordAccumulator.expiredBatches`.
    pub(super) fn expires_at(&self, rules: &Rules) -> Option<Instant> {
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

    /// Puts a batch back that has failed. Without idempotence it becomes the first: of two that failed together the
    /// later one then leads. Source: 0.11.0.2 `RecordAccumulator.reenqueue`; with idempotence by sequence:
    /// 1.0 `RecordAccumulator.insertInSequenceOrder`.
    pub(super) fn put_back(&mut self, batch: ProducerBatch, rules: &Rules) {
        let place = if rules.idempotent {
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
        }
    }
}

/// All queues. Source: 0.11.0.2 `RecordAccumulator`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Accumulator {
    /// The settings that decide when a batch may leave.
    pub(super) rules: Rules,
    /// By topic, then by partition.
    queues: Vec<Vec<PartitionQueue>>,
}

impl Accumulator {
    pub(super) fn new(rules: Rules) -> Self {
        Self { rules, queues: Vec::new() }
    }

    /// Adds a record behind the others of its partition.
    pub(super) fn append(&mut self, partition: TopicPartition, record: Record, now: Instant) {
        let rules = self.rules;
        self.queue_mut(partition).append(partition, record, &rules, now);
    }

    /// A partition's queue, if it ever had a record.
    pub(super) fn queue(&self, partition: TopicPartition) -> Option<&PartitionQueue> {
        self.queues.get(usize::from(partition.topic.0))?.get(usize::from(partition.partition))
    }

    /// A partition's queue, made if need be.
    pub(super) fn queue_mut(&mut self, partition: TopicPartition) -> &mut PartitionQueue {
        let (topic, place) = (usize::from(partition.topic.0), usize::from(partition.partition));
        if self.queues.len() <= topic {
            self.queues.resize_with(topic + 1, Vec::new);
        }
        let queues = &mut self.queues[topic];
        if queues.len() <= place {
            queues.resize_with(place + 1, PartitionQueue::default);
        }
        &mut queues[place]
    }

    /// Whether a partition's first batch may leave.
    pub(super) fn readiness(&self, partition: TopicPartition, now: Instant) -> Readiness {
        self.queue(partition).map_or(Readiness::Empty, |queue| queue.readiness(&self.rules, now))
    }

    /// All queues with their partitions, ascending.
    pub(super) fn queues_mut(&mut self) -> impl Iterator<Item = (TopicPartition, &mut PartitionQueue)> {
        self.queues.iter_mut().enumerate().flat_map(|(topic, queues)| {
            queues.iter_mut().enumerate().map(move |(partition, queue)| (name(topic, partition), queue))
        })
    }
}

fn name(topic: usize, partition: usize) -> TopicPartition {
    TopicPartition { topic: crate::ids::TopicId(topic as u16), partition: partition as u16 }
}
