//! What a producer is set to.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When a leader answers a produce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Acks {
    /// `0`: never; the producer does not wait.
    #[serde(rename = "0")]
    None,
    /// `1`: once the leader has appended.
    #[serde(rename = "1")]
    Leader,
    /// `-1` or `all`: once the whole ISR has it.
    #[serde(rename = "-1", alias = "all")]
    All,
}

impl fmt::Display for Acks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "0",
            Self::Leader => "1",
            Self::All => "-1",
        })
    }
}

/// Who chooses the partition of a record whose sender names none, `partitioner.class`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum PartitionerClass {
    /// A key counts over all partitions; a record without one goes as the protocol's switch `partitioner` says.
    #[default]
    DefaultPartitioner,
    /// Records go round the available partitions from 0, whatever their keys (2.4+). Source: 39 `RoundRobinPartitioner`.
    RoundRobinPartitioner,
    /// Records stick to a partition until a batch of it is full, whatever their keys (2.4 to 3.2).
    /// Source: 24 `UniformStickyPartitioner`.
    UniformStickyPartitioner,
    /// Not Kafka's: as the default, but a key counts over the *available* partitions only, so that it moves when a leader
    /// goes. It is how some descriptions of Kafka have it.
    KeysOverAvailablePartitioner,
}

/// A producer's settings.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProducerConfig {
    /// When a send counts as done. Unless set: `1`; with idempotence, and since 3.0, `-1`.
    #[serde(rename = "acks")]
    pub acks: Acks,
    /// Whether batches carry a PID and sequences. Unless set: false; since 3.0 true, if no other setting contradicts it.
    #[serde(rename = "enable.idempotence")]
    pub enable_idempotence: bool,
    /// How often a failed batch is sent again. Unless set: 0; with idempotence, and since 2.1, 2147483647.
    #[serde(rename = "retries")]
    pub retries: u32,
    /// How many requests may be unanswered on one connection. Unless set: 5; of idempotent producers of 0.11, 1.
    #[serde(rename = "max.in.flight.requests.per.connection")]
    pub max_in_flight: u32,
    /// How long a batch waits for company. Unless set: 0, and 5 since 4.0.
    #[serde(rename = "linger.ms")]
    pub linger_ms: u64,
    /// A batch is closed before it grows beyond this many bytes.
    #[serde(rename = "batch.size")]
    pub batch_size_bytes: u64,
    /// A request is given up after this long; also how long a leader may hold it.
    #[serde(rename = "request.timeout.ms")]
    pub request_timeout_ms: u64,
    /// How long to wait before a batch is sent again.
    #[serde(rename = "retry.backoff.ms")]
    pub retry_backoff_ms: u64,
    /// A record fails when its partition's leader stays unknown for this long before the first send.
    #[serde(rename = "max.block.ms")]
    pub max_block_ms: u64,
    /// Metadata older than this is fetched again.
    #[serde(rename = "metadata.max.age.ms")]
    pub metadata_max_age_ms: u64,
    /// Who chooses partitions.
    #[serde(rename = "partitioner.class")]
    pub partitioner_class: PartitionerClass,
    /// Makes the producer a transactional one. Of two producers with the same id the one that starts later fences the other.
    #[serde(rename = "transactional.id", skip_serializing_if = "Option::is_none")]
    pub transactional_id: Option<Box<str>>,
    /// A transaction that is open for longer is aborted by its coordinator.
    #[serde(rename = "transaction.timeout.ms")]
    pub transaction_timeout_ms: u64,
    /// A record fails when it was not acknowledged this long after it was handed over, retries and all (2.1+, KIP-91).
    /// Unless set: 120000, or linger.ms and request.timeout.ms together if that is more. Before 2.1, unless set, batches expire as
    /// in 0.11: after request.timeout.ms in the queue, or when the retries are used up.
    #[serde(rename = "delivery.timeout.ms", skip_serializing_if = "Option::is_none")]
    pub delivery_timeout_ms: Option<u64>,
}

impl Default for ProducerConfig {
    fn default() -> Self {
        Self {
            acks: Acks::Leader,
            enable_idempotence: false,
            retries: 0,
            max_in_flight: 5,
            linger_ms: 0,
            batch_size_bytes: 16_384,
            request_timeout_ms: 30_000,
            retry_backoff_ms: 100,
            max_block_ms: 60_000,
            metadata_max_age_ms: 300_000,
            partitioner_class: PartitionerClass::DefaultPartitioner,
            transactional_id: None,
            transaction_timeout_ms: 60_000,
            delivery_timeout_ms: None,
        }
    }
}
