//! What a broker is set to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A broker's settings, `server.properties`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BrokerConfig {
    /// A follower that has not caught up for this long leaves the ISR. Unless set: 10000, and 30000 since 2.5.
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
    /// Whether a replica outside the ISR may be elected. A topic may set its own. Unless set: false, and true in 0.10.
    #[serde(rename = "unclean.leader.election.enable")]
    pub unclean_leader_election_enable: bool,
    /// A log is flushed whenever this many records were appended since; 9223372036854775807 is never.
    #[serde(rename = "log.flush.interval.messages")]
    pub log_flush_interval_messages: u64,
    /// The controller takes a broker for dead when it has heard nothing for this long.
    /// A broker sends a heartbeat every third of it, as ZooKeeper's client does. Unless set: 6000, and 18000 since 2.5.
    #[serde(rename = "zookeeper.session.timeout.ms")]
    pub zookeeper_session_timeout_ms: u64,
    /// Under KRaft, the controller fences a broker when it has heard nothing for this long.
    #[serde(rename = "broker.session.timeout.ms")]
    pub broker_session_timeout_ms: u64,
    /// Under KRaft, how often a broker sends a heartbeat.
    #[serde(rename = "broker.heartbeat.interval.ms")]
    pub broker_heartbeat_interval_ms: u64,
    /// How long a broker waits before it asks again for a controlled shutdown.
    #[serde(rename = "controlled.shutdown.retry.backoff.ms")]
    pub controlled_shutdown_retry_backoff_ms: u64,
    /// How often a broker asks for a controlled shutdown again before it stops uncleanly.
    #[serde(rename = "controlled.shutdown.max.retries")]
    pub controlled_shutdown_max_retries: u32,
    /// Into how many partitions `__consumer_offsets` is cut. Kafka's default is 50: with it most replicas of a run would be
    /// of partitions that no group uses.
    #[serde(rename = "offsets.topic.num.partitions")]
    #[schemars(range(min = 1, max = 1_000))]
    pub offsets_topic_num_partitions: u16,
    /// How many replicas each of them has; all brokers, if there are fewer.
    #[serde(rename = "offsets.topic.replication.factor")]
    #[schemars(range(min = 1, max = 63))]
    pub offsets_topic_replication_factor: u8,
    /// How long a commit may wait for the replicas of `__consumer_offsets`.
    #[serde(rename = "offsets.commit.timeout.ms")]
    pub offsets_commit_timeout_ms: u64,
    /// Into how many partitions `__transaction_state` is cut. Kafka's default is 50.
    #[serde(rename = "transaction.state.log.num.partitions")]
    #[schemars(range(min = 1, max = 1_000))]
    pub transactions_topic_num_partitions: u16,
    /// How many replicas each of them has; all brokers, if there are fewer.
    #[serde(rename = "transaction.state.log.replication.factor")]
    #[schemars(range(min = 1, max = 63))]
    pub transactions_topic_replication_factor: u8,
    /// How small their ISR may be.
    #[serde(rename = "transaction.state.log.min.isr")]
    pub transactions_topic_min_isr: u32,
    /// No producer may ask for a longer transaction.timeout.ms.
    #[serde(rename = "transaction.max.timeout.ms")]
    pub transaction_max_timeout_ms: u64,
    /// How often a coordinator looks for transactions that have been open for too long.
    #[serde(rename = "transaction.abort.timed.out.transaction.cleanup.interval.ms")]
    pub transaction_cleanup_interval_ms: u64,
    /// No member may ask for a shorter session.timeout.ms.
    #[serde(rename = "group.min.session.timeout.ms")]
    pub group_min_session_timeout_ms: u64,
    /// No member may ask for a longer session.timeout.ms. Unless set: 300000, and 1800000 since 2.3.
    #[serde(rename = "group.max.session.timeout.ms")]
    pub group_max_session_timeout_ms: u64,
    /// How long the first rebalance of an empty group waits for more members. Unless set: 3000, and 0 in 0.10.
    #[serde(rename = "group.initial.rebalance.delay.ms")]
    pub group_initial_rebalance_delay_ms: u64,
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
            broker_session_timeout_ms: 9_000,
            broker_heartbeat_interval_ms: 2_000,
            controlled_shutdown_retry_backoff_ms: 5_000,
            controlled_shutdown_max_retries: 3,
            offsets_topic_num_partitions: 1,
            offsets_topic_replication_factor: 3,
            offsets_commit_timeout_ms: 5_000,
            transactions_topic_num_partitions: 1,
            transactions_topic_replication_factor: 3,
            transactions_topic_min_isr: 2,
            transaction_max_timeout_ms: 900_000,
            transaction_cleanup_interval_ms: 10_000,
            group_min_session_timeout_ms: 6_000,
            group_max_session_timeout_ms: 300_000,
            group_initial_rebalance_delay_ms: 3_000,
        }
    }
}
