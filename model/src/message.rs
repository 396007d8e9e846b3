//! Every request and reply, in the order in which a record meets them. Names are Kafka's.

mod error;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};

use crate::config::{Acks, Assignor};
use crate::ids::{
    BrokerEpoch, BrokerId, BrokerSet, CorrelationId, Generation, GroupId, LeaderEpoch, MemberId, NodeId,
    Offset, PartitionEpoch, ProducerEpoch, ProducerId, TopicId, TopicPartition,
};
use crate::record::{Batch, RecordBatch};
use crate::time::Micros;

pub use error::ErrorCode;

/// A message on its way out of a machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Envelope {
    /// Whom it is for.
    pub to: NodeId,
    /// What it says.
    pub message: Message,
}

/// A request or a reply with the number that joins them. One-way notices carry 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// Chosen by the asker; a reply repeats it.
    pub correlation: CorrelationId,
    /// What is asked or answered.
    pub body: Body,
}

/// One partition's part of a produce request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProducePartition {
    /// Where to append.
    pub partition: TopicPartition,
    /// What to append.
    pub batch: RecordBatch,
}

/// One partition's part of a produce reply.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProducedPartition {
    /// Which.
    pub partition: TopicPartition,
    /// How it went.
    pub error: ErrorCode,
    /// The first record's offset on success. A discarded duplicate gets the original's.
    pub base_offset: Option<Offset>,
}

/// Who fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fetcher {
    /// A follower: may read up to the log's end, and its offset tells the leader how far it is.
    Replica(BrokerId),
    /// A consumer: may read up to the high watermark.
    Consumer,
}

/// One partition's part of a fetch request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FetchPartition {
    /// Which.
    pub partition: TopicPartition,
    /// The first offset wanted; a follower's own log end offset.
    pub offset: Offset,
    /// At most this many bytes, but always one whole batch.
    pub max_bytes: u64,
    /// The epoch of the last record before `offset`, or a later one that the log has reached, from a follower that truncates as its fetches are answered; see
    /// [`FetchedPartition::diverging`].
    pub last_epoch: Option<LeaderEpoch>,
}

/// One partition's part of a fetch reply.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FetchedPartition {
    /// Which.
    pub partition: TopicPartition,
    /// How it went.
    pub error: ErrorCode,
    /// The leader's high watermark when it read.
    pub high_watermark: Offset,
    /// The leader's log start offset.
    pub log_start: Offset,
    /// Whole batches; the first may begin before the offset that a consumer asked for.
    pub batches: Vec<Arc<Batch>>,
    /// The follower's log is another from here on: the leader's largest epoch that is not above the follower's, and where it
    /// ends. Only on topics whose ack strategy is `majority` so far. Source: KIP-595 `DivergingEpoch`.
    pub diverging: Option<(LeaderEpoch, Offset)>,
}

/// What a member wants, and what it has. Source: 39 `ConsumerPartitionAssignor.Subscription`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Subscription {
    /// What it reads, ascending.
    pub topics: Arc<[TopicId]>,
    /// What it owned last, for the sticky assignors; ascending.
    pub owned: Vec<TopicPartition>,
    /// In which generation it did.
    pub generation: Generation,
}

/// A member as its group's leader learns of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JoinedMember {
    /// Which.
    pub member: MemberId,
    /// Its `group.instance.id`, if it is a static member: its client.
    pub instance: Option<NodeId>,
    /// What it wants.
    pub subscription: Subscription,
}

/// What ListOffsets asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListOffset {
    /// The log's start.
    Earliest,
    /// The high watermark for a consumer, the log's end for a replica.
    Latest,
}

/// A partition's state as the controller decides it. Source: `LeaderAndIsr`, `PartitionRegistration`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct PartitionState {
    /// Which.
    pub partition: TopicPartition,
    /// None while no replica may lead.
    pub leader: Option<BrokerId>,
    /// Grows with each decision of the controller.
    pub leader_epoch: LeaderEpoch,
    /// The in-sync replicas.
    pub isr: BrokerSet,
    /// Grows with each change of this state, also of the ISR alone. ZooKeeper: zkVersion.
    pub partition_epoch: PartitionEpoch,
    /// All assigned replicas, in order of preference.
    pub replicas: Vec<BrokerId>,
}

/// The cluster as a broker or client sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Metadata {
    /// Brokers that the controller takes for alive.
    pub live_brokers: BrokerSet,
    /// Ascending by partition.
    pub partitions: Vec<PartitionState>,
}

impl Metadata {
    /// The state of one partition.
    pub fn partition(&self, partition: TopicPartition) -> Option<&PartitionState> {
        let place = self.partitions.binary_search_by_key(&partition, |state| state.partition).ok()?;
        self.partitions.get(place)
    }
}

/// What is asked or answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EnumDiscriminants)]
#[strum_discriminants(
    name(MessageKind),
    doc = "The kind of a message, by Kafka's name; faults pick messages by it.",
    derive(PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema, EnumIter, IntoStaticStr),
    serde(rename_all = "snake_case"),
    strum(serialize_all = "snake_case")
)]
pub enum Body {
    /// A client asks any broker who leads what.
    MetadataRequest,
    /// What that broker last heard from the controller.
    MetadataReply(Arc<Metadata>),
    /// An idempotent producer asks any broker for a PID.
    InitProducerIdRequest,
    /// Its PID and epoch.
    InitProducerIdReply {
        /// How it went.
        error: ErrorCode,
        /// The PID.
        id: ProducerId,
        /// Its first epoch.
        epoch: ProducerEpoch,
    },
    /// Batches for partitions that the broker leads.
    ProduceRequest {
        /// When to answer.
        acks: Acks,
        /// How long the leader may hold it, as `request.timeout.ms`.
        timeout: Micros,
        /// At most one batch a partition.
        partitions: Vec<ProducePartition>,
    },
    /// Never sent for acks=0.
    ProduceReply {
        /// One for each in the request, in its order.
        partitions: Vec<ProducedPartition>,
    },
    /// A follower or a consumer asks for records.
    FetchRequest {
        /// Who asks.
        fetcher: Fetcher,
        /// How long to hold it while fewer than `min_bytes` are there.
        max_wait: Micros,
        /// When to answer at once.
        min_bytes: u64,
        /// What to read.
        partitions: Vec<FetchPartition>,
    },
    /// What was read.
    FetchReply {
        /// One for each in the request, in its order.
        partitions: Vec<FetchedPartition>,
    },
    /// Where does the log begin or end?
    ListOffsetsRequest {
        /// Who asks.
        fetcher: Fetcher,
        /// Which partition.
        partition: TopicPartition,
        /// Which end.
        position: ListOffset,
    },
    /// The offset asked for.
    ListOffsetsReply {
        /// Which partition.
        partition: TopicPartition,
        /// How it went.
        error: ErrorCode,
        /// The offset, on success.
        offset: Offset,
    },
    /// A member asks any broker who coordinates its group.
    FindCoordinatorRequest {
        /// Its group.
        group: GroupId,
    },
    /// The leader of the group's partition of `__consumer_offsets`, as far as that broker knows.
    FindCoordinatorReply {
        /// How it went.
        error: ErrorCode,
        /// On success.
        coordinator: Option<BrokerId>,
    },
    /// A member wants to be in the next generation. Answered once all have come, or time is up.
    JoinGroupRequest {
        /// Its group.
        group: GroupId,
        /// Itself; none at first.
        member: Option<MemberId>,
        /// `group.instance.id` of a static member: its client.
        instance: Option<NodeId>,
        /// How long it may be silent.
        session_timeout: Micros,
        /// How long the next rebalance may wait for it.
        rebalance_timeout: Micros,
        /// By which rule it would share partitions out.
        assignor: Assignor,
        /// What it wants.
        subscription: Subscription,
    },
    /// The new generation.
    JoinGroupReply {
        /// How it went.
        error: ErrorCode,
        /// Its number.
        generation: Generation,
        /// Who the asker is.
        member: MemberId,
        /// Who shares the partitions out.
        leader: MemberId,
        /// Everyone, ascending; empty unless the asker leads.
        members: Vec<JoinedMember>,
    },
    /// A member asks for its share; the leader brings everyone's.
    SyncGroupRequest {
        /// Its group.
        group: GroupId,
        /// The generation that it joined.
        generation: Generation,
        /// Itself.
        member: MemberId,
        /// `group.instance.id` of a static member: its client.
        instance: Option<NodeId>,
        /// From the leader: everyone's share. Empty from others.
        assignments: Vec<(MemberId, Vec<TopicPartition>)>,
    },
    /// Its share.
    SyncGroupReply {
        /// How it went.
        error: ErrorCode,
        /// Ascending.
        assignment: Vec<TopicPartition>,
    },
    /// A member shows that it lives.
    HeartbeatRequest {
        /// Its group.
        group: GroupId,
        /// Its generation.
        generation: Generation,
        /// Itself.
        member: MemberId,
        /// `group.instance.id` of a static member: its client.
        instance: Option<NodeId>,
    },
    /// Whether it is still in, and whether to join again.
    HeartbeatReply {
        /// How it went.
        error: ErrorCode,
    },
    /// A member leaves in good order.
    LeaveGroupRequest {
        /// Its group.
        group: GroupId,
        /// Itself.
        member: MemberId,
    },
    /// It is out.
    LeaveGroupReply {
        /// How it went.
        error: ErrorCode,
    },
    /// A member commits how far it has come.
    OffsetCommitRequest {
        /// Its group.
        group: GroupId,
        /// Its generation.
        generation: Generation,
        /// Itself.
        member: MemberId,
        /// `group.instance.id` of a static member: its client.
        instance: Option<NodeId>,
        /// The next offset to read, by partition.
        offsets: Vec<(TopicPartition, Offset)>,
    },
    /// How the commit went.
    OffsetCommitReply {
        /// How it went.
        error: ErrorCode,
    },
    /// A member asks how far its group has come.
    OffsetFetchRequest {
        /// Its group.
        group: GroupId,
        /// Of which partitions.
        partitions: Vec<TopicPartition>,
    },
    /// How far the group has come.
    OffsetFetchReply {
        /// How it went.
        error: ErrorCode,
        /// None where nothing was committed.
        offsets: Vec<(TopicPartition, Option<Offset>)>,
    },
    /// A broker that has started makes itself known to the controller.
    BrokerRegistrationRequest {
        /// How often this broker has been started before: tells its lives apart.
        incarnation: u32,
    },
    /// The broker's new epoch.
    BrokerRegistrationReply {
        /// How it went.
        error: ErrorCode,
        /// Unique, growing.
        epoch: BrokerEpoch,
    },
    /// A broker shows that it lives.
    BrokerHeartbeatRequest {
        /// From its registration.
        epoch: BrokerEpoch,
    },
    /// STALE_BROKER_EPOCH makes the broker register again.
    BrokerHeartbeatReply {
        /// How it went.
        error: ErrorCode,
    },
    /// A broker asks to be relieved of all leaderships before it stops.
    ControlledShutdownRequest {
        /// From its registration.
        epoch: BrokerEpoch,
    },
    /// Done when nothing remains.
    ControlledShutdownReply {
        /// How it went.
        error: ErrorCode,
        /// How many partitions it still leads.
        remaining: u32,
    },
    /// The controller tells replicas whom to follow. Notice without a reply. Source: `LeaderAndIsrRequest`.
    LeaderAndIsrRequest {
        /// Only partitions with a replica on the receiver, ascending.
        partitions: Vec<PartitionState>,
    },
    /// The controller tells every broker of the cluster's state. Notice without a reply. Source: `UpdateMetadataRequest`.
    UpdateMetadataRequest(Arc<Metadata>),
    /// A leader proposes another ISR. Source: 0.11 `ReplicationUtils.updateLeaderAndIsr` (a conditional write to
    /// ZooKeeper), KIP-497 `AlterPartition`.
    AlterPartitionRequest {
        /// The asker's view, with the ISR that it proposes; its `partition_epoch` must still be current.
        proposed: PartitionState,
    },
    /// The controller asks a replica of a partition with ack strategy `majority` for its log's end, and to follow nobody of an
    /// older epoch from now on. Not Kafka's; KRaft's `Vote` is the nearest.
    VoteRequest {
        /// Which partition.
        partition: TopicPartition,
        /// The epoch of the leader that is to be elected.
        leader_epoch: LeaderEpoch,
    },
    /// How far the replica's log goes.
    VoteReply {
        /// Which partition.
        partition: TopicPartition,
        /// As asked.
        leader_epoch: LeaderEpoch,
        /// The epoch of its last record, or a later one that its log has reached.
        last_epoch: LeaderEpoch,
        /// One past its last record.
        end_offset: Offset,
    },
    /// How the proposal went.
    AlterPartitionReply {
        /// Which partition.
        partition: TopicPartition,
        /// How it went.
        error: ErrorCode,
        /// The ISR now in force, on success.
        isr: BrokerSet,
        /// Its version, on success.
        partition_epoch: PartitionEpoch,
    },
}

impl MessageKind {
    /// `produce_reply`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}
