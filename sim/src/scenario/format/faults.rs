//! Faults in a scenario file: when they strike, what they do, and what comes by chance.

use std::collections::BTreeMap;

use highwater_model::event::EventKind;
use highwater_model::machine::Ending;
use highwater_model::message::MessageKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Millis;
use crate::scenario::target::Target;

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
    pub at_ms: Option<Millis>,
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

/// What a fault does. Each has one key that says which one it is, its verb: see [`crate::scenario::verbs`].
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
    /// With `power`: how many of the batches that were not flushed survive, of each log the oldest; all of them if there are
    /// fewer. Without it, chance decides for each log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeps: Option<u64>,
    /// When it starts again. Without it, it stays down until the heal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 86_400_000))]
    pub restart_after_ms: Option<Millis>,
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
    /// Of a broker: false if it stops without asking the controller first, `controlled.shutdown.enable=false`. Its log is
    /// flushed and its session closed all the same.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub controlled: bool,
    /// When it starts again, after it was asked to stop. Without it, it stays down until the heal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 86_400_000))]
    pub restart_after_ms: Option<Millis>,
}

fn yes() -> bool {
    true
}

fn is_true(it: &bool) -> bool {
    *it
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
    pub for_ms: Option<Millis>,
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
    pub for_ms: Option<Millis>,
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
    pub for_ms: Option<Millis>,
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
    pub for_ms: Option<Millis>,
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
    pub for_ms: Option<Millis>,
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
    /// Whether each seed draws which of these kinds are on, each by a coin of its own; a seed that draws none has all.
    #[serde(default, skip_serializing_if = "is_off")]
    pub swarm: bool,
    /// Settings of which each seed draws one value each, `"min.insync.replicas": [1, 2]`; keys and values are those of
    /// `--set`, which leaves nothing to draw where it sets the same key. At most 64 combinations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub swarm_settings: BTreeMap<String, Vec<serde_json::Value>>,
}

fn is_off(swarm: &bool) -> bool {
    !swarm
}

/// The kinds of random faults. Targets are drawn evenly.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::EnumIter,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
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

impl RandomFault {
    /// `crash_process`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}
