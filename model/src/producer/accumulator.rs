//! Records that wait to be sent, in batches, one queue a partition.

use crate::config::ProducerConfig;
use crate::ids::TopicPartition;
use crate::producer::queue::{PartitionQueue, Readiness};
use crate::protocol::Protocol;
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
    /// request.timeout.ms; without delivery.timeout.ms also how long a batch may wait before it is given up.
    pub(super) request_timeout: Micros,
    /// delivery.timeout.ms (KIP-91).
    pub(super) delivery_timeout: Option<Micros>,
    /// A partition rests while a batch of it is in flight: max.in.flight.requests.per.connection is 1. The client of 0.9 did
    /// not look: a batch could go to a new leader while an earlier one was on its way to the former leader, and be sent again
    /// after it. Source: 0.11.0.2 `Sender.guaranteeMessageOrder`; KAFKA-3197, 0.9.0.1 `RecordAccumulator.drain`.
    pub(super) one_in_flight: bool,
    /// enable.idempotence.
    pub(super) idempotent: bool,
    /// A lost sequence is mended by a new epoch (KIP-360).
    pub(super) epoch_bump: bool,
    /// A new epoch begins anew also where nothing is in flight (KAFKA-12152).
    pub(super) resets_idle: bool,
}

impl Rules {
    /// The rules that a producer's settings and its era make. A request timeout of 0 counts as 1 ms: else nothing could be sent.
    pub(super) fn new(config: &ProducerConfig, protocol: &Protocol) -> Self {
        Self {
            linger: Micros::from_millis(config.linger_ms),
            batch_size_bytes: config.batch_size_bytes,
            retry_backoff: Micros::from_millis(config.retry_backoff_ms),
            request_timeout: Micros::from_millis(config.request_timeout_ms.max(1)),
            delivery_timeout: config.delivery_timeout_ms.map(Micros::from_millis),
            one_in_flight: config.max_in_flight <= 1 && protocol.retries_hold_up_later,
            idempotent: config.enable_idempotence,
            epoch_bump: protocol.epoch_bump && config.enable_idempotence,
            resets_idle: protocol.epoch_bump_resets_idle,
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

    /// Whether a record would begin a new batch in a partition.
    pub(super) fn opens_batch(&self, partition: TopicPartition, record: &Record) -> bool {
        let size = u64::from(record.size_bytes);
        self.queue(partition).is_none_or(|queue| queue.opens_batch(size, &self.rules))
    }

    /// Whether no batch of a partition waits that has room left.
    pub(super) fn all_batches_full(&self, partition: TopicPartition) -> bool {
        self.queue(partition).is_none_or(|queue| queue.all_batches_full(&self.rules))
    }

    /// How many batches of a partition wait; none if it never had a record.
    pub(super) fn waiting_batches(&self, partition: TopicPartition) -> Option<u32> {
        self.queue(partition)?.waiting_batches()
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
