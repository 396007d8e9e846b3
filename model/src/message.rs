//! Every request and reply, in the order in which a record meets them. Names are Kafka's.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};

use crate::config::Acks;
use crate::ids::{
    BrokerEpoch, BrokerId, BrokerSet, CorrelationId, Generation, GroupId, LeaderEpoch, NodeId, Offset,
    PartitionEpoch, ProducerEpoch, ProducerId, TopicPartition,
};
use crate::record::{Batch, RecordBatch};
use crate::time::Micros;

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

/// Kafka's error codes, as far as the model needs them. Source: `org.apache.kafka.common.protocol.Errors`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, EnumIter, IntoStaticStr,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// Success.
    #[default]
    None,
    /// The fetch offset is below the log's start or above its end.
    OffsetOutOfRange,
    /// The partition is not known here.
    UnknownTopicOrPartition,
    /// There is no leader at the moment.
    LeaderNotAvailable,
    /// This broker does not lead the partition.
    NotLeaderForPartition,
    /// The purgatory's timeout passed before enough replicas had it. The record may commit later.
    RequestTimedOut,
    /// The connection broke before an answer came. Raised by the client itself.
    NetworkException,
    /// Fewer in-sync replicas than min.insync.replicas before the append: nothing was written.
    NotEnoughReplicas,
    /// The same after the append: the record stays in the log.
    NotEnoughReplicasAfterAppend,
    /// A sequence that does not follow the last one.
    OutOfOrderSequenceNumber,
    /// An older session of this PID.
    InvalidProducerEpoch,
    /// Raised in place of out-of-order where the broker knows nothing of the PID (1.0 to 2.4).
    UnknownProducerId,
    /// The partition state's version has moved on; ZooKeeper says BadVersion.
    InvalidUpdateVersion,
    /// The asker's leader epoch is too old.
    FencedLeaderEpoch,
    /// The request contradicts the partition's state.
    InvalidRequest,
    /// The broker is not registered, or under a later epoch.
    StaleBrokerEpoch,
    /// Partition counts only grow.
    InvalidPartitions,
    /// The group's coordinator is elsewhere or not ready.
    NotCoordinator,
    /// The commit's generation is not the group's.
    IllegalGeneration,
    /// No preferred or eligible leader could be elected.
    PreferredLeaderNotAvailable,
}

impl ErrorCode {
    /// Success, or this error.
    ///
    /// # Errors
    /// Itself, unless it is [`ErrorCode::None`].
    pub fn result(self) -> Result<(), Self> {
        if self == Self::None { Ok(()) } else { Err(self) }
    }

    /// `NOT_ENOUGH_REPLICAS`.
    pub fn name(self) -> &'static str {
        self.into()
    }
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
    /// A member commits how far it has come.
    OffsetCommitRequest {
        /// Its group.
        group: GroupId,
        /// Its generation.
        generation: Generation,
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
