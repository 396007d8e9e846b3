//! Every request and reply, in the order in which a record meets them. Names are Kafka's.

mod cluster;
mod error;
mod groups;
mod records;
mod told;
mod transactions;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};

use crate::config::{Acks, Assignor, IsolationLevel};
use crate::ids::{
    BrokerEpoch, BrokerId, BrokerSet, CorrelationId, Generation, GroupId, LeaderEpoch, MemberId, NodeId,
    Offset, PartitionEpoch, ProducerEpoch, ProducerId, TopicPartition, TransactionalId,
};
use crate::time::Micros;

pub use cluster::{Metadata, PartitionState};
pub use error::ErrorCode;
pub use groups::{JoinedMember, Subscription};
pub use records::{
    EpochEnd, EpochQuery, FetchPartition, FetchedPartition, Fetcher, ListOffset, ProducePartition,
    ProducedPartition,
};
pub use transactions::{
    AbortedTransaction, CoordinatorKey, Marker, PendingOffset, TransactionRecord, TransactionState,
    TransactionalInit, TransactionalProducer,
};

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
    /// An idempotent producer asks any broker for a PID; a transactional one asks its coordinator.
    InitProducerIdRequest {
        /// From a transactional producer.
        transactional: Option<TransactionalInit>,
    },
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
        /// `transactional.id`, if the batches belong to a transaction.
        transactional: Option<TransactionalId>,
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
        /// The registration of a follower's broker, from one that knows that leaders look at it. Source: KIP-903.
        broker_epoch: Option<BrokerEpoch>,
        /// How long to hold it while fewer than `min_bytes` are there.
        max_wait: Micros,
        /// When to answer at once.
        min_bytes: u64,
        /// Whether a consumer wants records of open and aborted transactions.
        isolation: IsolationLevel,
        /// What to read.
        partitions: Vec<FetchPartition>,
    },
    /// What was read.
    FetchReply {
        /// One for each in the request, in its order.
        partitions: Vec<FetchedPartition>,
    },
    /// A follower or a consumer asks a leader where epochs end in its log. Source: KIP-101, KIP-320.
    OffsetForLeaderEpochRequest {
        /// Who asks.
        fetcher: Fetcher,
        /// About what.
        partitions: Vec<EpochQuery>,
    },
    /// Where they end.
    OffsetForLeaderEpochReply {
        /// One for each in the request, in its order.
        partitions: Vec<EpochEnd>,
    },
    /// Where does the log begin or end?
    ListOffsetsRequest {
        /// Who asks.
        fetcher: Fetcher,
        /// Which partition.
        partition: TopicPartition,
        /// Which end.
        position: ListOffset,
        /// For a consumer, which end is the last.
        isolation: IsolationLevel,
        /// The leader epoch that the asker knows of, from one that is to be fenced by it. Source: KIP-320.
        current_epoch: Option<LeaderEpoch>,
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
    /// A client asks any broker who coordinates its group, or its transactions.
    FindCoordinatorRequest {
        /// What is to be coordinated.
        key: CoordinatorKey,
    },
    /// The leader of the group's partition of `__consumer_offsets`, or of the id's of `__transaction_state`, as far as that
    /// broker knows.
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
        subscription: Box<Subscription>,
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
        /// Whether to refuse while a transaction has offsets of them pending. Source: KIP-447.
        require_stable: bool,
    },
    /// How far the group has come.
    OffsetFetchReply {
        /// How it went.
        error: ErrorCode,
        /// None where nothing was committed.
        offsets: Vec<(TopicPartition, Option<Offset>)>,
    },
    /// A transactional producer is about to write to partitions; or a leader asks whether it may.
    AddPartitionsToTxnRequest {
        /// Whose transaction.
        producer: TransactionalProducer,
        /// Which partitions, ascending.
        partitions: Vec<TopicPartition>,
        /// A leader that asks whether they belong to the open transaction already. Source: KIP-890.
        verify_only: bool,
    },
    /// They belong to the transaction now.
    AddPartitionsToTxnReply {
        /// How it went.
        error: ErrorCode,
    },
    /// A transactional producer is about to commit a group's offsets.
    AddOffsetsToTxnRequest {
        /// Whose transaction.
        producer: TransactionalProducer,
        /// Which group.
        group: GroupId,
    },
    /// The group's partition of `__consumer_offsets` belongs to the transaction now.
    AddOffsetsToTxnReply {
        /// How it went.
        error: ErrorCode,
    },
    /// A transactional producer commits a group's offsets, to hold once its transaction is committed.
    TxnOffsetCommitRequest {
        /// Whose transaction.
        producer: TransactionalProducer,
        /// Which group.
        group: GroupId,
        /// The member that read them, and its generation; none from a producer that knows of no group. Source: KIP-447.
        member: Option<(MemberId, Generation)>,
        /// The next offset to read, by partition.
        offsets: Vec<PendingOffset>,
    },
    /// They are written, and pending.
    TxnOffsetCommitReply {
        /// How it went.
        error: ErrorCode,
    },
    /// A transactional producer ends its transaction.
    EndTxnRequest {
        /// Whose transaction.
        producer: TransactionalProducer,
        /// Whether it is to be committed.
        commit: bool,
    },
    /// It is decided and durable.
    EndTxnReply {
        /// How it went.
        error: ErrorCode,
        /// With what the producer goes on, from a coordinator that ends the epoch with the transaction. Source: KIP-890.
        next: Option<(ProducerId, ProducerEpoch)>,
    },
    /// A coordinator has a leader write how a transaction ended.
    WriteTxnMarkersRequest {
        /// What to write.
        marker: Marker,
        /// Where, ascending.
        partitions: Vec<TopicPartition>,
    },
    /// The markers are replicated, or not.
    WriteTxnMarkersReply {
        /// One for each in the request, in its order.
        errors: Vec<(TopicPartition, ErrorCode)>,
    },
    /// A broker that has started makes itself known to the controller.
    BrokerRegistrationRequest {
        /// How often this broker has been started before: tells its lives apart.
        incarnation: u32,
        /// The epoch under which its last life stopped in good order, from its disk; none after any other end, and before its
        /// first. Source: KIP-966, 3.9.0 `CleanShutdownFileHandler`.
        previous_epoch: Option<BrokerEpoch>,
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
        /// Whether the controller takes the broker for dead still, or again. KRaft only.
        fenced: bool,
    },
    /// A broker asks to be relieved of all leaderships before it stops.
    ControlledShutdownRequest {
        /// From its registration.
        epoch: BrokerEpoch,
    },
    /// A broker that stops in good order ends its session, so that nobody waits until it expires. Notice without a reply.
    /// Source: 0.11.0.2 `KafkaServer.shutdown`, `ZkClient.close`.
    SessionClosed {
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
        proposed: Box<PartitionState>,
        /// The asker's registration, where the controller checks it. Source: KIP-497.
        broker_epoch: Option<BrokerEpoch>,
        /// The registrations under which the leader knows the members that it proposes, where the controller checks them.
        /// Source: KIP-903.
        isr_epochs: Vec<(BrokerId, BrokerEpoch)>,
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
        /// Who leads, on success. Source: KIP-497.
        leader_epoch: LeaderEpoch,
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
