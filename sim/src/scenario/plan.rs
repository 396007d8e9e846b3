//! What a run needs, made once from a valid scenario and shared by all seeds: names turned into ids,
//! milliseconds into microseconds, defaults filled in.

use std::sync::Arc;

use highwater_model::config::{ClusterConfig, CommitPoint, ConsumerConfig, ProducerConfig, ServiceRate};
use highwater_model::event::EventKind;
use highwater_model::ids::{GroupId, NodeId, TopicId, TopicPartition, TransactionalId};
use highwater_model::machine::Ending;
use highwater_model::message::MessageKind;
use highwater_model::names::Names;
use highwater_model::protocol::Switches;
use highwater_model::time::{Instant, Micros};
use highwater_reports::expect::Expect;

use super::format::RandomFaults;

/// A scenario, ready to be run on any seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The scenario's name: its file's, without the extension.
    pub name: String,
    /// What happens, in prose.
    pub story: String,
    /// The overrides as they were given, `KEY=VALUE`, in order; a run that is played again needs them.
    pub overrides: Vec<String>,
    /// What topics, groups and nodes are called.
    pub names: Names,
    /// What every machine knows.
    pub config: Arc<ClusterConfig>,
    /// The protocol's switches that the scenario set itself.
    pub switches: Switches,
    /// Each message takes at least the first and at most the second, drawn evenly.
    pub latency: (Micros, Micros),
    /// In file order; so are their nodes.
    pub producers: Vec<PlannedProducer>,
    /// In file order, by [`GroupId`].
    pub groups: Vec<PlannedGroup>,
    /// In file order.
    pub faults: Vec<PlannedFault>,
    /// What goes wrong by chance.
    pub random: Option<RandomFaults>,
    /// The same plan under each combination of the settings that seeds draw; empty if they draw none.
    pub variants: Vec<Variant>,
    /// When the fault phase ends and everything is mended.
    pub duration: Instant,
    /// How long the cluster may take to converge from then on.
    pub liveness: Micros,
    /// A run that takes more steps than this is stopped.
    pub events_max: u64,
    /// A run that holds more bytes than this, as they are estimated, is stopped.
    pub memory_max: Option<u64>,
    /// What must come of it.
    pub expect: Expect,
}

/// A plan under settings that some seeds draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// `KEY=VALUE`, in the order of keys.
    pub settings: Arc<[String]>,
    /// The plan under these.
    pub plan: Arc<Plan>,
}

/// A producer and what it is asked to send.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedProducer {
    /// Its node.
    pub node: NodeId,
    /// Where it writes.
    pub topic: TopicId,
    /// Its settings, with the defaults that depend on other settings filled in.
    pub settings: ProducerConfig,
    /// How many records it is asked to send.
    pub records: u32,
    /// The time between two of them; nothing: all at once.
    pub every: Micros,
    /// When it is asked for the first.
    pub start: Instant,
    /// Every record goes to this partition; otherwise the partitioner chooses.
    pub partition: Option<u16>,
    /// Records take this many keys in turn; otherwise they have none.
    pub keys: Option<u32>,
    /// The size of each record.
    pub record_bytes: u32,
    /// Its transactions, if it is a transactional producer.
    pub transactions: Option<PlannedTransactions>,
}

/// The transactions of a producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedTransactions {
    /// The number of its `transactional.id`.
    pub id: TransactionalId,
    /// How many records a transaction has.
    pub records: u32,
    /// Every so many transactions the application aborts; none: never.
    pub abort_every: Option<u32>,
}

/// A consumer group.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedGroup {
    /// Its id.
    pub group: GroupId,
    /// What it reads, ascending.
    pub topics: Vec<TopicId>,
    /// Its members' nodes, the member with index 0 first; those that join later are the last.
    pub members: Vec<NodeId>,
    /// How many of them come only when a fault says so.
    pub joining: u16,
    /// Whether they are static members.
    pub static_membership: bool,
    /// When their application commits by itself.
    pub commit: CommitPoint,
    /// How fast a member works; none: at once.
    pub service_rate: Option<ServiceRate>,
    /// Whether it works on several partitions at once, on each at that rate.
    pub side_by_side: bool,
    /// How far it may lag, in records a partition, if the scenario says so.
    pub max_lag: Option<u64>,
    /// The settings of all members.
    pub settings: ConsumerConfig,
    /// What its members write of what they read.
    pub output: Option<PlannedOutput>,
}

/// What the members of a group write, each with a transactional producer of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedOutput {
    /// Where.
    pub topic: TopicId,
    /// The size of each record.
    pub record_bytes: u32,
    /// By member: the number of its `transactional.id`, its name.
    pub ids: Vec<TransactionalId>,
    /// The settings of all their producers.
    pub settings: ProducerConfig,
}

/// A fault of the scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedFault {
    /// Its place in the file, from 0; events name it by this.
    pub index: u32,
    /// When it strikes.
    pub when: PlannedWhen,
    /// What it does.
    pub action: PlannedAction,
}

/// When a fault strikes.
#[derive(Clone, Debug, PartialEq)]
pub enum PlannedWhen {
    /// At this time.
    At(Instant),
    /// Upon an event that passes all filters.
    Upon {
        /// Its kind.
        event: EventKind,
        /// Only about this partition.
        partition: Option<TopicPartition>,
        /// Only on this broker: a node or a role, resolved as the event happens.
        broker: Option<PlannedTarget>,
        /// Only about this client.
        client: Option<NodeId>,
        /// Only about this group.
        group: Option<GroupId>,
        /// Only from this time on.
        after: Instant,
        /// The n-th event that passes, from 1.
        occurrence: u32,
        /// This much after the event; `None` strikes at once.
        delay: Option<Micros>,
        /// Before the messages of the event's step leave the node.
        before_send: bool,
    },
}

/// What a fault does. A span of `None` lasts until the heal.
#[derive(Clone, Debug, PartialEq)]
pub enum PlannedAction {
    /// A broker's or a client's process dies, or a broker's power fails.
    Crash {
        /// Which broker or client.
        target: PlannedTarget,
        /// [`Ending::Process`] or [`Ending::Power`].
        ending: Ending,
        /// With [`Ending::Power`], how many of each log's unflushed batches survive; `None`: chance decides.
        keeps: Option<u64>,
        /// When it starts again.
        restart_after: Option<Micros>,
    },
    /// A broker or a member is asked to stop in good order.
    Shutdown {
        /// Which broker or member.
        target: PlannedTarget,
        /// Whether a broker asks the controller first.
        controlled: bool,
        /// When it starts again, counted from the request.
        restart_after: Option<Micros>,
    },
    /// A member is asked to stop in good order, and stays away.
    Leave {
        /// Which member.
        target: PlannedTarget,
    },
    /// A member that is not running starts.
    Join {
        /// Which member.
        target: PlannedTarget,
    },
    /// A node stands still.
    Pause {
        /// Which node.
        target: PlannedTarget,
        /// For how long.
        lasts: Option<Micros>,
    },
    /// No node of a group reaches one of another group; nodes in no group reach everyone.
    Partition {
        /// At least two, disjoint.
        groups: Vec<Vec<PlannedTarget>>,
        /// For how long.
        lasts: Option<Micros>,
    },
    /// Messages from one node do not reach another.
    Cut {
        /// The sender.
        from: PlannedTarget,
        /// The receiver.
        to: PlannedTarget,
        /// For how long.
        lasts: Option<Micros>,
    },
    /// A link gets slower, loses, duplicates or reorders.
    Degrade {
        /// The sender.
        from: PlannedTarget,
        /// The receiver.
        to: PlannedTarget,
        /// Instead of [`Plan::latency`].
        latency: Option<(Micros, Micros)>,
        /// The share of messages lost and sent again, 0 to 1.
        loss: f64,
        /// The share that arrives twice, 0 to 1.
        duplicate: f64,
        /// The share that may overtake others, 0 to 1.
        reorder: f64,
        /// For how long.
        lasts: Option<Micros>,
    },
    /// A follower's fetches are slowed or stopped.
    Lag {
        /// Which broker.
        target: PlannedTarget,
        /// Each of its fetches leaves this much later; `None`: none leaves.
        delay: Option<Micros>,
        /// For how long.
        lasts: Option<Micros>,
    },
    /// The next messages of a kind vanish.
    Drop {
        /// Which kind.
        kind: MessageKind,
        /// Only from this node.
        from: Option<PlannedTarget>,
        /// Only to this node.
        to: Option<PlannedTarget>,
        /// How many.
        count: u32,
    },
    /// The preferred replica becomes leader, if it may.
    ElectPreferred {
        /// Of which partition.
        partition: TopicPartition,
    },
    /// A topic gets more partitions.
    CreatePartitions {
        /// Which topic.
        topic: TopicId,
        /// How many it has then, in all.
        count: u16,
    },
}

/// Whom a fault strikes. Roles are resolved as it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedTarget {
    /// The controller, a broker or a client.
    Node(NodeId),
    /// Whom the controller takes for the partition's leader.
    Leader(TopicPartition),
    /// The n-th live in-sync replica, in assignment order, that does not lead; if there are fewer in sync, of all live ones.
    Follower {
        /// From 1.
        number: u8,
        /// Of which partition.
        partition: TopicPartition,
    },
    /// A live broker, by the fault's own draw.
    AnyBroker,
    /// The broker of the event that the fault waited for.
    EventBroker,
    /// The client of the event that the fault waited for.
    EventClient,
    /// Everyone who is named nowhere else in the same fault.
    Rest,
}
