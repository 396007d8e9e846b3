//! The scenario file, exactly. JSON; unknown keys are errors.

use std::collections::BTreeMap;

use highwater_model::config::{
    AckStrategy, BrokerConfig, CommitPoint, ConsumerConfig, ProducerConfig, ServiceRate, TopicConfig,
};
use highwater_model::event::EventKind;
use highwater_model::machine::Ending;
use highwater_model::message::MessageKind;
use highwater_model::protocol::{Preset, Switches};
use highwater_reports::expect::Expect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::target::Target;

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
    /// Settings, by Kafka's names.
    #[serde(default)]
    pub config: ProducerConfig,
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
    /// How fast a member works on the records of each partition that it owns; several are worked on side by side, and it
    /// polls again when all are done. Unless given, records take no time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_rate: Option<ServiceRate>,
    /// The group is never to lag further behind the high watermark than this many records a partition: judged as
    /// `lag-bounded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_lag: Option<u64>,
    /// Settings, by Kafka's names.
    #[serde(default)]
    pub config: ConsumerConfig,
}

fn is_zero(number: &u16) -> bool {
    *number == 0
}

fn is_false(it: &bool) -> bool {
    !it
}

/// A fault: when it strikes, and what it does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// A time, or an event.
    pub when: When,
    /// What happens then.
    #[serde(rename = "do")]
    pub action: Action,
}

/// A time (`at_ms`), or an event with filters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// At this time, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<u64>,
    /// Upon an event of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventKind>,
    /// Only an event about this partition, `orders-0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Only an event on this broker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker: Option<Target>,
    /// Only an event about this client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Only an event about this group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Only from this time on, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<u64>,
    /// Only the n-th such event, from 1; by default the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub occurrence: Option<u32>,
    /// Not at once but this much later, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 86_400_000))]
    pub delay_ms: Option<f64>,
    /// `ack`: before anything that the event's step sends has left the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
}

/// What has not happened yet when a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Before {
    /// The messages of the event's step have not left the node, the acknowledgement among them.
    Ack,
}

/// What a fault does. Each has one key that says which one it is, its verb: see [`super::verbs`].
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Action {
    /// A broker's or a client's process dies, or a broker's power fails.
    Crash(Crash),
    /// A broker or a group's member stops in good order.
    Shutdown(Shutdown),
    /// A group's member leaves and stays away.
    Leave(Leave),
    /// A group's member that is not running starts.
    Join(Join),
    /// A node stands still, and goes on.
    Pause(Pause),
    /// Groups of nodes cannot reach one another.
    Partition(Partition),
    /// Messages from one node do not reach another; the way back is open.
    Cut(Cut),
    /// A link gets slower, loses, duplicates or reorders.
    Degrade(Degrade),
    /// A follower's fetches are slowed or stopped.
    Lag(Lag),
    /// The next messages of a kind vanish.
    Drop(Drop),
    /// The preferred replica becomes leader, if it may.
    ElectPreferred(ElectPreferred),
    /// A topic gets more partitions.
    CreatePartitions(CreatePartitions),
}

/// A broker's or a client's process dies, or a broker's power fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// Which broker, producer or member.
    pub crash: Target,
    /// `process` (the log survives; the default) or, of a broker, `power` (what was not flushed may be gone).
    #[serde(default = "process")]
    pub ending: Ending,
    /// When it starts again. Without it, it stays down until the heal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 86_400_000))]
    pub restart_after_ms: Option<u64>,
}

fn process() -> Ending {
    Ending::Process
}

/// A broker or a group's member stops in good order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shutdown {
    /// Which broker or member.
    pub shutdown: Target,
    /// When it starts again, after it was asked to stop. Without it, it stays down until the heal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 86_400_000))]
    pub restart_after_ms: Option<u64>,
}

/// A group's member closes its consumer and stays away, through the heal too, unless it is told to join.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Leave {
    /// Which member, `billing-1`.
    pub leave: Target,
}

/// A group's member that is not running starts: one of those that `joining` adds, or one that left or is down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// Which member, `billing-2`.
    pub join: Target,
}

/// A node stands still, and goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// Which node.
    pub pause: Target,
    /// For how long. Without it, until the heal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400_000))]
    pub for_ms: Option<u64>,
}

/// Groups of nodes cannot reach one another. Nodes in no group reach everyone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// At least two groups; no node in two of them. `"rest"` stands for all others.
    #[schemars(length(min = 2), inner(length(min = 1)))]
    pub partition: Vec<Vec<Target>>,
    /// For how long. Without it, until the heal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400_000))]
    pub for_ms: Option<u64>,
}

/// Messages from one node do not reach another; the way back is open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// Which link.
    pub cut: Link,
    /// For how long. Without it, until the heal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400_000))]
    pub for_ms: Option<u64>,
}

/// One direction between two nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The sender.
    pub from: Target,
    /// The receiver.
    pub to: Target,
}

/// A link gets slower, loses, duplicates or reorders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Degrade {
    /// Which link.
    pub degrade: Link,
    /// Instead of the network's latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(inner(range(min = 0, max = 86_400_000)))]
    pub latency_ms: Option<[f64; 2]>,
    /// The share of messages, 0 to 1, that are lost and sent again by TCP: each loss costs 200 ms, doubling.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub loss: f64,
    /// The share of messages, 0 to 1, that arrive twice.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub duplicate: f64,
    /// The share of messages, 0 to 1, that may overtake others.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub reorder: f64,
    /// For how long. Without it, until the heal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400_000))]
    pub for_ms: Option<u64>,
}

/// A follower's fetches are slowed or stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lag {
    /// Which follower.
    pub lag: Target,
    /// Each of its fetches leaves this much later. Without it, none leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 86_400_000))]
    pub delay_ms: Option<u64>,
    /// For how long. Without it, until the heal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400_000))]
    pub for_ms: Option<u64>,
}

/// The next messages of a kind vanish; the connection stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drop {
    /// Which kind.
    pub drop: MessageKind,
    /// Only from this node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Target>,
    /// Only to this node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Target>,
    /// How many.
    #[serde(default = "one_u32")]
    #[schemars(range(min = 1))]
    pub count: u32,
}

fn one_u32() -> u32 {
    1
}

/// The preferred replica becomes leader, if it may.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ElectPreferred {
    /// Of which partition, `orders-0`.
    pub elect_preferred: String,
}

/// A topic gets more partitions. The controller assigns their replicas: partition p from broker 1 + p mod brokers round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePartitions {
    /// Which topic.
    pub create_partitions: String,
    /// How many it has then, in all; more than before.
    #[schemars(range(min = 1, max = 10_000))]
    pub count: u16,
}

/// Faults that come by chance, drawn from their own stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RandomFaults {
    /// The average time between two, in milliseconds.
    #[schemars(range(min = 1, max = 86_400_000))]
    pub every_ms: u64,
    /// At most this many in a run.
    pub budget: u32,
    /// How long each lasts at most, in milliseconds; drawn evenly from a tenth of it up.
    #[schemars(range(min = 1, max = 86_400_000))]
    pub lasts_ms: u64,
    /// Kinds and their weights.
    pub weights: BTreeMap<RandomFault, u32>,
}

/// The kinds of random faults. Targets are drawn evenly.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
pub enum RandomFault {
    /// A broker's process dies and restarts.
    CrashProcess,
    /// A broker's power fails and comes back.
    CrashPower,
    /// A broker stops in good order and restarts.
    Shutdown,
    /// A broker stands still and goes on.
    Pause,
    /// One broker is cut off from all nodes.
    Isolate,
    /// Messages from one broker to another are held back.
    Cut,
    /// A link between two brokers loses and slows.
    Degrade,
    /// A broker's fetches are stopped.
    Lag,
    /// A reply to a producer vanishes.
    DropAck,
    /// The preferred replica of a partition is elected.
    ElectPreferred,
    /// The process of a producer or a group's member dies and restarts.
    CrashClient,
    /// A producer or a group's member stands still and goes on.
    PauseClient,
}
