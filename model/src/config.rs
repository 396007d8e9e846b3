//! Settings under Kafka's own names, units and defaults (those of 0.11, `kafka-behaviour.md` section 10).
//!
//! Each struct is strict when read: a setting that Highwater does not model is refused.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A broker's settings, `server.properties`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BrokerConfig {
    /// A follower that has not caught up for this long leaves the ISR.
    #[serde(rename = "replica.lag.time.max.ms")]
    pub replica_lag_time_max_ms: u64,
    /// How long a leader may hold a follower's fetch that finds nothing.
    #[serde(rename = "replica.fetch.wait.max.ms")]
    pub replica_fetch_wait_max_ms: u64,
    /// A follower's fetch is answered once this many bytes are there.
    #[serde(rename = "replica.fetch.min.bytes")]
    pub replica_fetch_min_bytes: u64,
    /// At most this many bytes a partition in a follower's fetch (at least one batch is always sent).
    #[serde(rename = "replica.fetch.max.bytes")]
    pub replica_fetch_max_bytes: u64,
    /// How long a follower waits after a fetch error.
    #[serde(rename = "replica.fetch.backoff.ms")]
    pub replica_fetch_backoff_ms: u64,
    /// A follower gives up a fetch that was not answered for this long.
    #[serde(rename = "replica.socket.timeout.ms")]
    pub replica_socket_timeout_ms: u64,
    /// How often each broker writes its high watermarks to disk.
    #[serde(rename = "replica.high.watermark.checkpoint.interval.ms")]
    pub high_watermark_checkpoint_interval_ms: u64,
    /// How small the ISR may be for acks=all. A topic may set its own.
    #[serde(rename = "min.insync.replicas")]
    pub min_insync_replicas: u32,
    /// Whether a replica outside the ISR may be elected. A topic may set its own.
    #[serde(rename = "unclean.leader.election.enable")]
    pub unclean_leader_election_enable: bool,
    /// A log is flushed whenever this many records were appended since; 9223372036854775807 is never.
    #[serde(rename = "log.flush.interval.messages")]
    pub log_flush_interval_messages: u64,
    /// The controller takes a broker for dead when it has heard nothing for this long.
    /// A broker sends a heartbeat every third of it, as ZooKeeper's client does.
    #[serde(rename = "zookeeper.session.timeout.ms")]
    pub zookeeper_session_timeout_ms: u64,
    /// How long a broker waits before it asks again for a controlled shutdown.
    #[serde(rename = "controlled.shutdown.retry.backoff.ms")]
    pub controlled_shutdown_retry_backoff_ms: u64,
    /// How often a broker asks for a controlled shutdown again before it stops uncleanly.
    #[serde(rename = "controlled.shutdown.max.retries")]
    pub controlled_shutdown_max_retries: u32,
}

impl Default for BrokerConfig {
    fn default() -> Self {
        Self {
            replica_lag_time_max_ms: 10_000,
            replica_fetch_wait_max_ms: 500,
            replica_fetch_min_bytes: 1,
            replica_fetch_max_bytes: 1_048_576,
            replica_fetch_backoff_ms: 1_000,
            replica_socket_timeout_ms: 30_000,
            high_watermark_checkpoint_interval_ms: 5_000,
            min_insync_replicas: 1,
            unclean_leader_election_enable: false,
            log_flush_interval_messages: i64::MAX as u64,
            zookeeper_session_timeout_ms: 6_000,
            controlled_shutdown_retry_backoff_ms: 5_000,
            controlled_shutdown_max_retries: 3,
        }
    }
}

/// What a topic may set for itself; the rest comes from the broker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TopicConfig {
    /// Overrides the broker's.
    #[serde(rename = "min.insync.replicas", skip_serializing_if = "Option::is_none")]
    pub min_insync_replicas: Option<u32>,
    /// Overrides the broker's.
    #[serde(rename = "unclean.leader.election.enable", skip_serializing_if = "Option::is_none")]
    pub unclean_leader_election_enable: Option<bool>,
}

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

/// A producer's settings.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProducerConfig {
    /// When a send counts as done.
    #[serde(rename = "acks")]
    pub acks: Acks,
    /// Whether batches carry a PID and sequences.
    #[serde(rename = "enable.idempotence")]
    pub enable_idempotence: bool,
    /// How often a failed batch is sent again. With idempotence, unless set: 2147483647.
    #[serde(rename = "retries")]
    pub retries: u32,
    /// How many requests may be unanswered on one connection.
    #[serde(rename = "max.in.flight.requests.per.connection")]
    pub max_in_flight: u32,
    /// How long a batch waits for company.
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
        }
    }
}

/// Where a consumer starts that has no committed offset, or whose offset is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AutoOffsetReset {
    /// At the log's start.
    Earliest,
    /// At the high watermark.
    Latest,
    /// Nowhere: the consumer stops with an error.
    None,
}

/// A consumer's settings.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConsumerConfig {
    /// Where to start without a valid offset.
    #[serde(rename = "auto.offset.reset")]
    pub auto_offset_reset: AutoOffsetReset,
    /// How long a broker may hold a fetch that finds nothing.
    #[serde(rename = "fetch.max.wait.ms")]
    pub fetch_max_wait_ms: u64,
    /// A fetch is answered once this many bytes are there.
    #[serde(rename = "fetch.min.bytes")]
    pub fetch_min_bytes: u64,
    /// At most this many bytes a partition (at least one batch is always sent).
    #[serde(rename = "max.partition.fetch.bytes")]
    pub max_partition_fetch_bytes: u64,
    /// Whether polls commit what earlier polls returned.
    #[serde(rename = "enable.auto.commit")]
    pub enable_auto_commit: bool,
    /// How often they do.
    #[serde(rename = "auto.commit.interval.ms")]
    pub auto_commit_interval_ms: u64,
    /// A request is given up after this long.
    #[serde(rename = "request.timeout.ms")]
    pub request_timeout_ms: u64,
    /// How long to wait after an error.
    #[serde(rename = "retry.backoff.ms")]
    pub retry_backoff_ms: u64,
    /// Metadata older than this is fetched again; until then new partitions are not noticed.
    #[serde(rename = "metadata.max.age.ms")]
    pub metadata_max_age_ms: u64,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        Self {
            auto_offset_reset: AutoOffsetReset::Latest,
            fetch_max_wait_ms: 500,
            fetch_min_bytes: 1,
            max_partition_fetch_bytes: 1_048_576,
            enable_auto_commit: true,
            auto_commit_interval_ms: 5_000,
            request_timeout_ms: 305_000,
            retry_backoff_ms: 100,
            metadata_max_age_ms: 300_000,
        }
    }
}

/// A topic as the cluster knows it, with the broker's settings where it set none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Topic {
    /// `min.insync.replicas`.
    pub min_insync_replicas: u32,
    /// `unclean.leader.election.enable`.
    pub unclean_leader_election_enable: bool,
    /// The assigned replicas of each partition, in order of preference.
    pub assignment: Vec<Vec<crate::ids::BrokerId>>,
}

/// All that is fixed before a run begins; every machine shares it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClusterConfig {
    /// The protocol's switches.
    pub protocol: crate::protocol::Protocol,
    /// How many brokers; their ids are 1 to this.
    pub brokers: u8,
    /// The settings of all brokers.
    pub broker: BrokerConfig,
    /// By [`crate::ids::TopicId`].
    pub topics: Vec<Topic>,
}
