//! What a consumer is set to, and how its application uses it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

/// How a group's leader shares out partitions, `partition.assignment.strategy`.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    EnumIter,
    IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Assignor {
    /// Topic by topic, each member a contiguous stretch. Source: 0.11.0.2 `RangeAssignor`.
    #[default]
    Range,
    /// All partitions of all topics, in turn. Source: 0.11.0.2 `RoundRobinAssignor`.
    #[serde(rename = "roundrobin")]
    #[strum(serialize = "roundrobin")]
    RoundRobin,
    /// As even as can be, and each member keeps what it had as far as that allows. Source: KIP-54, `StickyAssignor`.
    Sticky,
    /// The same, and nobody stops reading what it keeps; what moves is revoked first and given in a second rebalance.
    /// Source: KIP-429, `CooperativeStickyAssignor`.
    CooperativeSticky,
}

impl Assignor {
    /// `cooperative-sticky`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether members keep reading through a rebalance.
    pub fn is_cooperative(self) -> bool {
        self == Self::CooperativeSticky
    }
}

/// When an application commits by itself; of account only with `enable.auto.commit=false`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommitPoint {
    /// It commits what a poll returned, waits for the answer, and then works on it: at most once.
    BeforeProcessing,
    /// It works on what a poll returned, commits that, waits for the answer, and polls again: at least once.
    #[default]
    AfterProcessing,
    /// It never commits.
    Never,
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

/// Whether a consumer sees records of transactions that are open or aborted, `isolation.level`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum IsolationLevel {
    /// It sees everything below the high watermark.
    #[default]
    ReadUncommitted,
    /// It sees what is committed, below the last stable offset.
    ReadCommitted,
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
    /// A request is given up after this long. Unless set: 305000, and 30000 since 2.0.
    #[serde(rename = "request.timeout.ms")]
    pub request_timeout_ms: u64,
    /// How long to wait after an error.
    #[serde(rename = "retry.backoff.ms")]
    pub retry_backoff_ms: u64,
    /// Metadata older than this is fetched again; until then new partitions are not noticed.
    #[serde(rename = "metadata.max.age.ms")]
    pub metadata_max_age_ms: u64,
    /// The coordinator takes a member for dead when it has heard nothing for this long. Unless set: 10000, and 45000 since 3.0.
    #[serde(rename = "session.timeout.ms")]
    pub session_timeout_ms: u64,
    /// How often a member shows that it lives.
    #[serde(rename = "heartbeat.interval.ms")]
    pub heartbeat_interval_ms: u64,
    /// A member that has not polled for this long leaves; also how long a rebalance waits for it.
    #[serde(rename = "max.poll.interval.ms")]
    pub max_poll_interval_ms: u64,
    /// At most this many records a poll.
    #[serde(rename = "max.poll.records")]
    #[schemars(range(min = 1))]
    pub max_poll_records: u64,
    /// Whether records of transactions that are open or aborted are returned.
    #[serde(rename = "isolation.level")]
    pub isolation_level: IsolationLevel,
    /// How partitions are shared out.
    #[serde(rename = "partition.assignment.strategy")]
    pub partition_assignment_strategy: Assignor,
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
            session_timeout_ms: 10_000,
            heartbeat_interval_ms: 3_000,
            max_poll_interval_ms: 300_000,
            max_poll_records: 500,
            isolation_level: IsolationLevel::ReadUncommitted,
            partition_assignment_strategy: Assignor::Range,
        }
    }
}
