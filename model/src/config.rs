//! Settings under Kafka's own names, units and defaults (those of 0.11, `kafka-behaviour.md` section 10).
//!
//! Each struct is strict when read: a setting that Highwater does not model is refused.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

use crate::ids::{BrokerId, GroupId, TopicId, TopicPartition};
use crate::protocol::Protocol;
use crate::time::Micros;

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
    /// No member may ask for a shorter session.timeout.ms.
    #[serde(rename = "group.min.session.timeout.ms")]
    pub group_min_session_timeout_ms: u64,
    /// No member may ask for a longer session.timeout.ms.
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
            controlled_shutdown_retry_backoff_ms: 5_000,
            controlled_shutdown_max_retries: 3,
            offsets_topic_num_partitions: 1,
            offsets_topic_replication_factor: 3,
            offsets_commit_timeout_ms: 5_000,
            group_min_session_timeout_ms: 6_000,
            group_max_session_timeout_ms: 300_000,
            group_initial_rebalance_delay_ms: 3_000,
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

/// What an acknowledgement of acks=-1 waits for, by topic. Kafka has but `isr`; the others are what it might have been.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AckStrategy {
    /// The leader has it. n + 1 replicas outlive n failures only if the followers had copied it by then.
    Leader,
    /// More than half of all replicas have it; a leader is elected as the most up to date of a majority. 2n + 1 replicas
    /// outlive n failures.
    Majority,
    /// Every in-sync replica has it. n + 1 replicas outlive n failures.
    #[default]
    Isr,
}

impl AckStrategy {
    /// `isr`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::Majority => "majority",
            Self::Isr => "isr",
        }
    }
}

/// How much of one partition can be worked on in a second: by its leader that writes it, or by the member that reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceRate {
    /// So many records.
    RecordsPerSecond(#[schemars(range(min = 1))] u64),
    /// So many bytes.
    BytesPerSecond(#[schemars(range(min = 1))] u64),
}

impl ServiceRate {
    /// How long this much work takes, rounded up to a microsecond. A rate of nothing counts as one a second.
    pub fn time_for(self, records: u64, bytes: u64) -> Micros {
        const SECOND: u64 = 1_000_000;
        let (amount, rate) = match self {
            Self::RecordsPerSecond(rate) => (records, rate),
            Self::BytesPerSecond(rate) => (bytes, rate),
        };
        Micros(amount.saturating_mul(SECOND).div_ceil(rate.max(1)))
    }
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
    /// Who chooses partitions.
    #[serde(rename = "partitioner.class")]
    pub partitioner_class: PartitionerClass,
    /// A record fails when it was not acknowledged this long after it was handed over, retries and all (2.1+, KIP-91).
    /// Unless set, batches expire as in 0.11: after request.timeout.ms in the queue, or when the retries are used up.
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
            delivery_timeout_ms: None,
        }
    }
}

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
    /// The coordinator takes a member for dead when it has heard nothing for this long.
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
            partition_assignment_strategy: Assignor::Range,
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
    /// What acks=-1 waits for.
    pub ack_strategy: AckStrategy,
    /// How fast a leader writes each of its partitions; none: at once.
    pub service_rate: Option<ServiceRate>,
    /// The assigned replicas of each partition, in order of preference.
    pub assignment: Vec<Vec<BrokerId>>,
}

/// All that is fixed before a run begins; every machine shares it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClusterConfig {
    /// The protocol's switches.
    pub protocol: Protocol,
    /// How many brokers; their ids are 1 to this.
    pub brokers: u8,
    /// The settings of all brokers.
    pub broker: BrokerConfig,
    /// By [`TopicId`]. `__consumer_offsets` is the last one, if there is a group.
    pub topics: Vec<Topic>,
    /// `__consumer_offsets`; none without a group.
    pub offsets_topic: Option<TopicId>,
    /// By [`GroupId`]: the partition of `__consumer_offsets` whose leader coordinates the group.
    /// Source: 0.11.0.2 `GroupMetadataManager.partitionFor`.
    pub offsets_partitions: Vec<u16>,
}

impl Topic {
    /// A topic with ack strategy `isr` whose leaders write at once.
    pub fn new(
        min_insync_replicas: u32,
        unclean_leader_election_enable: bool,
        assignment: Vec<Vec<BrokerId>>,
    ) -> Self {
        let (ack_strategy, service_rate) = (AckStrategy::Isr, None);
        Self { min_insync_replicas, unclean_leader_election_enable, ack_strategy, service_rate, assignment }
    }
}

impl ClusterConfig {
    /// A cluster without groups.
    pub fn new(protocol: Protocol, brokers: u8, broker: BrokerConfig, topics: Vec<Topic>) -> Self {
        Self { protocol, brokers, broker, topics, offsets_topic: None, offsets_partitions: Vec::new() }
    }

    /// Where the group's offsets are kept; the leader is its coordinator.
    pub fn offsets_partition(&self, group: GroupId) -> Option<TopicPartition> {
        let partition = *self.offsets_partitions.get(usize::from(group.0))?;
        Some(TopicPartition { topic: self.offsets_topic?, partition })
    }

    /// Whether it is `__consumer_offsets`, to which no application writes.
    pub fn is_internal(&self, topic: TopicId) -> bool {
        self.offsets_topic == Some(topic)
    }
}
