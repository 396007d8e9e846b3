//! The scenario file, exactly. JSON; unknown keys are errors.

mod faults;
mod millis;
mod museum;

use highwater_model::config::{
    AckStrategy, BrokerConfig, CommitPoint, ConsumerConfig, ProducerConfig, ServiceRate, TopicConfig,
};
use highwater_model::protocol::{Preset, Switches};
use highwater_reports::expect::Expect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::faults::{
    Action, Before, Crash, CreatePartitions, Cut, Degrade, Drop, ElectPreferred, Fault, Join, Lag, Leave,
    Link, Partition, Pause, RandomFault, RandomFaults, Shutdown, When,
};
pub use self::millis::Millis;
pub use self::museum::Museum;

/// A cluster, its clients and its misfortunes, and what is expected to come of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// For editors: where the JSON Schema lies.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// What happens, in a few sentences of prose.
    pub story: String,
    /// The Kafka version.
    #[serde(default)]
    pub protocol: Preset,
    /// Single switches of the protocol that differ from that version's.
    #[serde(default, skip_serializing_if = "Switches::is_empty")]
    pub switches: Switches,
    /// In the museum: which bug of Kafka's this is, and which version mended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub museum: Option<Museum>,
    /// The brokers.
    pub cluster: Cluster,
    /// The network between all nodes.
    #[serde(default)]
    pub network: Network,
    /// At least one.
    #[schemars(length(min = 1))]
    pub topics: Vec<TopicSpec>,
    /// Who writes.
    #[serde(default)]
    pub producers: Vec<ProducerSpec>,
    /// Who reads.
    #[serde(default)]
    pub groups: Vec<GroupSpec>,
    /// What goes wrong, at set times or upon events.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// What goes wrong by chance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random_faults: Option<RandomFaults>,
    /// How long the fault phase lasts, in simulated milliseconds. Then everything is mended.
    #[schemars(range(min = 1, max = 86_400_000))]
    pub duration_ms: u64,
    /// How long the cluster may take to converge after the heal, in simulated milliseconds.
    #[serde(default = "default_liveness_ms")]
    #[schemars(range(min = 1, max = 86_400_000))]
    pub liveness_ms: u64,
    /// A run that takes more steps than this is stopped and reported.
    #[serde(default = "default_events_max")]
    #[schemars(range(min = 1))]
    pub events_max: u64,
    /// A run that holds more memory than this, as it is estimated from its logs, its messages on their way and what judges remember
    /// of them, is stopped and reported. Unless it is said, memory is not bounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub memory_max_bytes: Option<u64>,
    /// What must come of it.
    #[serde(default)]
    pub expect: Expect,
}

fn default_liveness_ms() -> u64 {
    60_000
}

fn default_events_max() -> u64 {
    20_000_000
}

/// The brokers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// How many, 1 to 63; their ids are 1, 2, ...
    #[schemars(range(min = 1, max = 63))]
    pub brokers: u8,
    /// Settings of all brokers, by Kafka's names.
    #[serde(default)]
    pub config: BrokerConfig,
}

/// The network between all nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Each message takes between these two, drawn evenly. Messages on a link stay in order.
    #[schemars(inner(range(min = 0, max = 86_400_000)))]
    pub latency_ms: [f64; 2],
}

impl Default for Network {
    fn default() -> Self {
        Self { latency_ms: [1.0, 10.0] }
    }
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicSpec {
    /// Unique; letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// How many partitions.
    #[serde(default = "one_u16")]
    #[schemars(range(min = 1, max = 10_000))]
    pub partitions: u16,
    /// How many replicas each has; not more than there are brokers.
    #[serde(default = "one_u8")]
    #[schemars(range(min = 1, max = 63))]
    pub replication: u8,
    /// The brokers of each partition's replicas, the preferred leader first.
    /// Unless given, partition p begins at broker 1 + p mod brokers and goes round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignment: Option<Vec<Vec<u8>>>,
    /// What an acknowledgement with acks=-1 waits for.
    #[serde(default)]
    pub ack_strategy: AckStrategy,
    /// How fast a leader writes each partition. Unless given, at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_rate: Option<ServiceRate>,
    /// Settings of this topic that differ from the brokers'.
    #[serde(default)]
    pub config: TopicConfig,
}

fn one_u8() -> u8 {
    1
}

fn one_u16() -> u16 {
    1
}

/// A producer and what it is asked to send.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProducerSpec {
    /// Unique among producers and groups.
    pub name: String,
    /// Where it writes.
    pub topic: String,
    /// How many records it is asked to send.
    #[schemars(range(max = 10_000_000))]
    pub records: u32,
    /// The time between two records, in milliseconds. 0: all at once.
    #[schemars(range(min = 0, max = 86_400_000))]
    pub every_ms: f64,
    /// When it sends the first, in milliseconds.
    #[serde(default = "default_start_ms")]
    pub start_ms: u64,
    /// Sends every record to this partition. Otherwise the partitioner chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<u16>,
    /// Gives each record one of this many keys, in turn. Otherwise records have no key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub keys: Option<u32>,
    /// The size of each record, in bytes.
    #[serde(default = "default_record_bytes")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub record_bytes: u32,
    /// How the records of a producer with a `transactional.id` are put into transactions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transactions: Option<TransactionsSpec>,
    /// Settings, by Kafka's names.
    #[serde(default)]
    pub config: ProducerConfig,
}

/// How an application puts its records into transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransactionsSpec {
    /// How many records a transaction has; the last one has what is left. The application commits once it has handed over
    /// the last of them.
    #[schemars(range(min = 1))]
    pub records: u32,
    /// Every so many transactions the application aborts instead. Unless given, it never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub abort_every: Option<u32>,
}

/// By then a newly formed cluster has settled: a follower that asked before its leader had taken office has backed off
/// for `replica.fetch.backoff.ms` and come back.
fn default_start_ms() -> u64 {
    1_500
}

fn default_record_bytes() -> u32 {
    100
}

/// A consumer group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupSpec {
    /// Unique among producers and groups; its members are `name-0`, `name-1`, ...
    pub name: String,
    /// What it reads.
    #[schemars(length(min = 1))]
    pub topics: Vec<String>,
    /// How many members share the partitions from the start.
    #[serde(default = "one_u16")]
    #[schemars(range(min = 0, max = 1_000))]
    pub members: u16,
    /// How many more there are that come only when a fault says `join`. They are numbered on from `members`.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(max = 1_000))]
    pub joining: u16,
    /// Static membership: each member's `group.instance.id` is its name, and a restart within its session goes unnoticed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub static_membership: bool,
    /// When the application commits by itself: only with `enable.auto.commit` false. Unless given, `after_processing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitPoint>,
    /// How fast a member works: on one record after another, and it polls again when all are done. Unless given, records
    /// take no time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_rate: Option<ServiceRate>,
    /// A member works on its partitions side by side, on each at `service_rate`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub side_by_side: bool,
    /// The group is never to lag further behind the high watermark than this many records a partition: judged as
    /// `lag-bounded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_lag: Option<u64>,
    /// Each member's application writes a record for each that it reads, and commits the group's offsets with them, within one
    /// transaction for each poll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputSpec>,
    /// Settings, by Kafka's names.
    #[serde(default)]
    pub config: ConsumerConfig,
}

/// What a group's members write, each with a transactional producer whose `transactional.id` is the member's name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputSpec {
    /// Where they write; no topic that the group reads.
    pub topic: String,
    /// The size of each record, in bytes.
    #[serde(default = "default_record_bytes")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub record_bytes: u32,
    /// Settings of their producers, by Kafka's names.
    #[serde(default)]
    pub config: ProducerConfig,
}

impl GroupSpec {
    /// `billing-0`, `billing-1`, ..., those that join later last.
    pub fn member_names(&self) -> impl Iterator<Item = String> {
        (0..self.members + self.joining).map(|index| format!("{}-{index}", self.name))
    }
}

fn is_zero(number: &u16) -> bool {
    *number == 0
}

fn is_false(it: &bool) -> bool {
    !it
}
