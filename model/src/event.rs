//! What happened: the facts that judges, anchors and pictures feed on.
//!
//! Any event can anchor a fault (`"when": {"event": "became_leader", ...}`) and be a must-see of a scenario.
//! A fact is about one partition, one broker, one client or one group wherever it can be; the accessors say which.

mod about;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};

use crate::config::Acks;
use crate::ids::{
    BrokerEpoch, BrokerId, BrokerSet, Generation, GroupId, LeaderEpoch, MemberId, NodeId, Offset,
    PartitionEpoch, ProducerEpoch, ProducerId, RecordId, Sequence, TopicPartition, TransactionalId,
};
use crate::machine::Ending;
use crate::message::{ErrorCode, Marker, MessageKind, TransactionState};
use crate::record::{Batch, Record};
use crate::time::{Instant, Micros};

/// The number of a step: one input to one machine. Steps count from 1 in the order in which they happen.
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
    schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct StepId(pub u64);

/// Where and when something happened, and what step it came of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Step {
    /// This step.
    pub id: StepId,
    /// The step that sent the message, set the deadline or struck the fault that this step answers; 0 for none.
    pub cause: StepId,
    /// When.
    pub at: Instant,
    /// Whose step it is. Faults are the controller node's.
    pub node: NodeId,
}

/// Why a log was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TruncationReason {
    /// It became a follower and cuts at its own high watermark. Source: 0.10.2.2 `ReplicaManager.makeFollowers`.
    BecameFollower,
    /// The leader said where the follower's last epoch ends in its log. Source: KIP-101, KIP-279.
    EpochEnd,
    /// It was to ask where its last epoch ends, and it or the leader knew of none: it cuts at its own high watermark.
    /// Source: 0.11.0.2 `ReplicaFetcherThread.maybeTruncate`.
    UnknownEpoch,
    /// The leader's log is another from there on. Source: KIP-595.
    Diverged,
    /// Its end lies beyond the leader's. Source: `AbstractFetcherThread.fetchOffsetAndTruncate`.
    OutOfRange,
    /// The power failed and the disk had no more.
    PowerLoss,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, EnumDiscriminants)]
#[serde(tag = "event", rename_all = "snake_case")]
#[strum_discriminants(
    name(EventKind),
    doc = "The kind of an event, by the name that scenario files use.",
    derive(PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema, EnumIter, IntoStaticStr),
    serde(rename_all = "snake_case"),
    strum(serialize_all = "snake_case")
)]
#[expect(missing_docs, reason = "each variant's sentence names its fields")]
pub enum Event {
    // ---- the walk of a record ----
    /// A producer was handed a record.
    RecordSent { client: NodeId, partition: TopicPartition, record: Record },
    /// A producer sent a batch for the first time.
    ProduceSent { client: NodeId, partition: TopicPartition, broker: BrokerId, first: RecordId, count: u32 },
    /// A producer sent a batch again; `attempt` counts from 1.
    ProduceRetried {
        client: NodeId,
        partition: TopicPartition,
        broker: BrokerId,
        first: RecordId,
        count: u32,
        attempt: u32,
    },
    /// A leader wrote a batch to its log.
    RecordsAppended { partition: TopicPartition, broker: BrokerId, client: NodeId, batch: Arc<Batch> },
    /// A leader found the batch among the producer's last five and wrote nothing.
    DuplicateDiscarded {
        partition: TopicPartition,
        broker: BrokerId,
        client: NodeId,
        producer: ProducerId,
        base_sequence: Sequence,
        offset: Offset,
    },
    /// A leader refused a produce before it wrote anything.
    ProduceRefused { partition: TopicPartition, broker: BrokerId, client: NodeId, error: ErrorCode },
    /// A leader answered a fetch of a follower that thereby showed its log end. `leader_end` as the fetch came in.
    FollowerFetched {
        partition: TopicPartition,
        broker: BrokerId,
        replica: BrokerId,
        offset: Offset,
        leader_end: Offset,
    },
    /// A follower wrote what it fetched.
    RecordsFetched { partition: TopicPartition, broker: BrokerId, from: Offset, to: Offset },
    /// Every in-sync replica has the records of a produce with acks=-1; the leader is about to answer it.
    Replicated {
        partition: TopicPartition,
        broker: BrokerId,
        client: NodeId,
        base_offset: Offset,
        end_offset: Offset,
    },
    /// A leader's high watermark rose.
    HighWatermarkAdvanced { partition: TopicPartition, broker: BrokerId, from: Offset, to: Offset },
    /// A follower took over another high watermark from its leader. It may fall.
    HighWatermarkLearned { partition: TopicPartition, broker: BrokerId, from: Offset, to: Offset },
    /// A leader answered a produce with success. For acks=1 and -1.
    ProduceAcknowledged {
        partition: TopicPartition,
        broker: BrokerId,
        client: NodeId,
        acks: Acks,
        base_offset: Offset,
        records: Arc<[Record]>,
    },
    /// A leader answered a produce that it had written with an error.
    ProduceFailed {
        partition: TopicPartition,
        broker: BrokerId,
        client: NodeId,
        base_offset: Offset,
        error: ErrorCode,
    },
    /// A producer learned that its records are safe. With acks=0 it only hopes so and knows no offset.
    SendAcknowledged {
        client: NodeId,
        partition: TopicPartition,
        base_offset: Option<Offset>,
        records: Arc<[Record]>,
    },
    /// An idempotent producer raised its epoch, to go on after a sequence was lost. Source: KIP-360.
    ProducerEpochBumped { client: NodeId, producer: ProducerId, epoch: ProducerEpoch },
    /// A producer gave records up. `definite`: surely not written by any of the attempts.
    SendFailed {
        client: NodeId,
        partition: TopicPartition,
        records: Arc<[Record]>,
        error: ErrorCode,
        definite: bool,
    },
    /// A leader sent records `[from, to)` to a consumer while its high watermark was `high_watermark`.
    RecordsServed {
        partition: TopicPartition,
        broker: BrokerId,
        client: NodeId,
        from: Offset,
        to: Offset,
        high_watermark: Offset,
    },
    /// A consumer returned the records from offset `from` to the batch's end to its application.
    RecordsPolled {
        client: NodeId,
        group: GroupId,
        partition: TopicPartition,
        from: Offset,
        batch: Arc<Batch>,
    },
    /// A group's progress was stored.
    OffsetCommitted {
        partition: TopicPartition,
        broker: BrokerId,
        client: NodeId,
        group: GroupId,
        offset: Offset,
    },
    /// A consumer begins at an offset: committed, by its reset policy, or after it was out of range.
    PositionReset { client: NodeId, group: GroupId, partition: TopicPartition, to: Offset },

    // ---- groups ----
    /// A member's application has finished with the records from offset `from` to `to`. Told only where that takes time; what
    /// takes none is finished as it is polled.
    RecordsProcessed { client: NodeId, group: GroupId, partition: TopicPartition, from: Offset, to: Offset },
    /// A member has its share of a generation: all that it owns from now on.
    PartitionsAssigned {
        client: NodeId,
        group: GroupId,
        generation: Generation,
        partitions: Arc<[TopicPartition]>,
    },
    /// A member gives partitions away in good order.
    PartitionsRevoked {
        client: NodeId,
        group: GroupId,
        generation: Generation,
        partitions: Arc<[TopicPartition]>,
    },
    /// A member goes into a rebalance, and goes on reading what it owns.
    PartitionsKept {
        client: NodeId,
        group: GroupId,
        generation: Generation,
        partitions: Arc<[TopicPartition]>,
    },
    /// A member learned that its group has gone on without it; what it owned it has lost.
    MemberFenced { client: NodeId, group: GroupId, error: ErrorCode, partitions: Arc<[TopicPartition]> },
    /// A member held its position against the new leader's log, and it stands. Source: KIP-320.
    PositionValidated { client: NodeId, group: GroupId, partition: TopicPartition, offset: Offset },
    /// A member found that records before its position are gone from the log: it parts from what was read at `to`.
    /// Source: KIP-320, 2.4.0 `SubscriptionState.maybeCompleteValidation`.
    TruncationDetected { client: NodeId, group: GroupId, partition: TopicPartition, from: Offset, to: Offset },
    /// A member has not polled for max.poll.interval.ms and leaves. Source: KIP-62.
    PollExpired { client: NodeId, group: GroupId },
    /// A coordinator took a member in.
    MemberJoined { broker: BrokerId, group: GroupId, client: NodeId, member: MemberId },
    /// A member left in good order.
    MemberLeft { broker: BrokerId, group: GroupId, client: NodeId, member: MemberId },
    /// A coordinator has not heard of a member for session.timeout.ms, or it did not come to a rebalance in time.
    MemberExpired { broker: BrokerId, group: GroupId, client: NodeId, member: MemberId },
    /// A group prepares for another generation than `generation`: PreparingRebalance.
    RebalanceStarted { broker: BrokerId, group: GroupId, generation: Generation },
    /// All have come: CompletingRebalance. With no member the group is Empty.
    GenerationStarted { broker: BrokerId, group: GroupId, generation: Generation, members: u32 },
    /// The leader has shared the partitions out: Stable.
    GroupStabilized {
        broker: BrokerId,
        group: GroupId,
        generation: Generation,
        assignment: Arc<[(MemberId, Vec<TopicPartition>)]>,
    },
    /// A broker took a partition of `__consumer_offsets` over and read `groups` groups from it, or so many transactional ids from
    /// one of `__transaction_state`.
    CoordinatorLoaded { partition: TopicPartition, broker: BrokerId, groups: u32 },
    /// A coordinator let a commit in; it is written and waits for its replicas.
    CommitAccepted {
        broker: BrokerId,
        group: GroupId,
        client: NodeId,
        generation: Generation,
        offsets: Arc<[(TopicPartition, Offset)]>,
    },
    /// A coordinator refused a commit.
    CommitRefused {
        broker: BrokerId,
        group: GroupId,
        client: NodeId,
        generation: Generation,
        error: ErrorCode,
    },

    // ---- transactions ----
    /// An application began a transaction; `number` counts its transactions from 0.
    TransactionBegun { client: NodeId, transaction: TransactionalId, number: u32 },
    /// An application was told how its transaction ended: committed, or aborted.
    TransactionEnded { client: NodeId, transaction: TransactionalId, number: u32, commit: bool },
    /// An application was told that its transaction failed: how it ended it does not know unless it was `aborted` then.
    TransactionFailed { client: NodeId, transaction: TransactionalId, number: u32, error: ErrorCode },
    /// A producer learned that a newer session of its transactional id has taken its place.
    ProducerFenced { client: NodeId, transaction: TransactionalId, error: ErrorCode },
    /// A coordinator gave a transactional producer a session.
    ProducerInitialized {
        broker: BrokerId,
        client: NodeId,
        transaction: TransactionalId,
        producer: ProducerId,
        epoch: ProducerEpoch,
    },
    /// A transaction moved on, and the coordinator's log has it.
    TransactionMoved {
        broker: BrokerId,
        transaction: TransactionalId,
        producer: ProducerId,
        epoch: ProducerEpoch,
        state: TransactionState,
    },
    /// A coordinator aborts a transaction that has been open for longer than transaction.timeout.ms.
    TransactionTimedOut { broker: BrokerId, transaction: TransactionalId },
    /// A leader wrote how a transaction ended.
    MarkerAppended { partition: TopicPartition, broker: BrokerId, marker: Marker, offset: Offset },
    /// A leader or a coordinator refused something of a transaction.
    TransactionRefused { broker: BrokerId, client: NodeId, transaction: TransactionalId, error: ErrorCode },
    /// A leader's last stable offset rose.
    LastStableOffsetAdvanced { partition: TopicPartition, broker: BrokerId, from: Offset, to: Offset },

    // ---- the replica's roles ----
    /// A replica took office.
    BecameLeader {
        partition: TopicPartition,
        broker: BrokerId,
        epoch: LeaderEpoch,
        high_watermark: Offset,
        end_offset: Offset,
    },
    /// A replica was told to follow another leader than before, or the same in an epoch that makes it look where its log may
    /// differ; before any truncation.
    BecameFollower {
        partition: TopicPartition,
        broker: BrokerId,
        leader: BrokerId,
        epoch: LeaderEpoch,
        high_watermark: Offset,
        end_offset: Offset,
    },
    /// A log was cut from end `from` to end `to`, while the replica's high watermark was `high_watermark`.
    LogTruncated {
        partition: TopicPartition,
        broker: BrokerId,
        from: Offset,
        to: Offset,
        high_watermark: Offset,
        reason: TruncationReason,
    },
    /// A leader said where an epoch ends in its log: its largest epoch that is not above `asked`, if it knows one.
    EpochEndTold {
        partition: TopicPartition,
        broker: BrokerId,
        fetcher: NodeId,
        asked: LeaderEpoch,
        epoch: Option<LeaderEpoch>,
        end_offset: Option<Offset>,
    },
    /// A leader answered a fetch with the place where the logs part: its largest epoch that is not above the asker's, and its end.
    DivergenceTold {
        partition: TopicPartition,
        broker: BrokerId,
        fetcher: NodeId,
        offset: Offset,
        epoch: LeaderEpoch,
        end_offset: Offset,
    },
    /// A leader refused a request because of the asker's leader epoch, or because of the registration of its broker.
    FetchFenced { partition: TopicPartition, broker: BrokerId, fetcher: NodeId, error: ErrorCode },
    /// A fetch offset was outside the log.
    FetchOutOfRange { partition: TopicPartition, broker: BrokerId, fetcher: NodeId, offset: Offset },
    /// A follower was sent a batch that begins below its own log's end: the logs have come apart. The thread that fetches
    /// from that leader dies, for all partitions; from 2.3 on only this partition is given up, until there is news of it.
    /// Source: 0.11.0.2 `Log.append` ("Out of order offsets found"), `AbstractFetcherThread.processFetchRequest`; KIP-461.
    FetcherDied { partition: TopicPartition, broker: BrokerId, leader: BrokerId, offset: Offset },
    /// A leader proposes to drop followers that have not caught up for replica.lag.time.max.ms.
    IsrShrinkProposed { partition: TopicPartition, broker: BrokerId, removed: BrokerSet, isr: BrokerSet },
    /// A leader proposes to take in a follower whose log end has reached its high watermark.
    IsrExpandProposed {
        partition: TopicPartition,
        broker: BrokerId,
        added: BrokerId,
        isr: BrokerSet,
        end_offset: Offset,
        high_watermark: Offset,
    },
    /// A leader has heard that this ISR is in force.
    IsrUpdated { partition: TopicPartition, broker: BrokerId, isr: BrokerSet, version: PartitionEpoch },
    /// A leader that was elected uncleanly takes its log for recovered. Source: KIP-704.
    LeaderRecovered { partition: TopicPartition, broker: BrokerId },
    /// A leader's proposal was refused; its ISR stays.
    IsrUpdateRefused { partition: TopicPartition, broker: BrokerId, error: ErrorCode },

    // ---- the broker ----
    /// A broker's machine started with what its disk held. `unclean` if its last life did not end in good order.
    BrokerStarted { broker: BrokerId, unclean: bool },
    /// A broker wrote its high watermarks to disk.
    HighWatermarksCheckpointed { broker: BrokerId },
    /// A log was flushed to disk up to here.
    LogFlushed { partition: TopicPartition, broker: BrokerId, to: Offset },
    /// A broker stops itself because its log may not be cut. Source: 0.11.0.2 `ReplicaFetcherThread.handleOffsetOutOfRange`.
    BrokerHalted { partition: TopicPartition, broker: BrokerId, leader_end: Offset },
    /// A broker has begun, or finished, to stop in good order.
    ControlledShutdownStarted { broker: BrokerId },
    /// It leads nothing any more and stops.
    ControlledShutdownCompleted { broker: BrokerId },

    // ---- the controller ----
    /// The controller knows a broker, again or for the first time.
    BrokerRegistered { broker: BrokerId, epoch: BrokerEpoch },
    /// The controller takes a broker for dead: it has heard nothing of it for zookeeper.session.timeout.ms, under KRaft for
    /// broker.session.timeout.ms, or it has let it stop.
    BrokerFenced { broker: BrokerId },
    /// A KRaft controller takes a registered broker for alive: it has caught up with the cluster's metadata.
    BrokerUnfenced { broker: BrokerId },
    /// A broker came back without the word of a clean shutdown: its logs may have lost their ends. Source: KIP-966.
    UncleanShutdownDetected { broker: BrokerId },
    /// A broker was stopped and back before the controller looked, and it noticed nothing. Source: KAFKA-1120.
    BounceOverlooked { broker: BrokerId },
    /// Other replicas than before are eligible to lead though not in the ISR. Source: KIP-966.
    ElrChanged { partition: TopicPartition, elr: BrokerSet },
    /// A replica told the controller how far its log goes, and follows nobody of an epoch below this one.
    VoteGiven {
        partition: TopicPartition,
        broker: BrokerId,
        epoch: LeaderEpoch,
        last_epoch: LeaderEpoch,
        end_offset: Offset,
    },
    /// A leader was chosen. `unclean` if it was not in the ISR.
    LeaderElected {
        partition: TopicPartition,
        broker: BrokerId,
        epoch: LeaderEpoch,
        isr: BrokerSet,
        unclean: bool,
    },
    /// No replica may lead.
    PartitionOffline { partition: TopicPartition, epoch: LeaderEpoch, isr: BrokerSet },
    /// The ISR in force lost members.
    IsrShrunk { partition: TopicPartition, removed: BrokerSet, isr: BrokerSet, version: PartitionEpoch },
    /// The ISR in force gained members.
    IsrExpanded { partition: TopicPartition, added: BrokerSet, isr: BrokerSet, version: PartitionEpoch },
    /// A topic has more partitions than before.
    PartitionsCreated { partition: TopicPartition, count: u16 },
    /// A request to create partitions was refused.
    PartitionsRefused { partition: TopicPartition, count: u16, error: ErrorCode },

    // ---- faults, told by the driver ----
    /// A fault of the scenario struck; `fault` is its place in the file, or counts the random ones.
    FaultStruck { fault: u32, random: bool },
    /// A fault was due but had no target: nobody leads, or the node is already down.
    FaultMissed { fault: u32, random: bool },
    /// A node's life ended.
    NodeStopped { node: NodeId, ending: Ending },
    /// A node lives again.
    NodeRestarted { node: NodeId },
    /// A node stands still.
    NodePaused { node: NodeId },
    /// It goes on.
    NodeResumed { node: NodeId },
    /// Messages from one node to another are held back.
    LinkCut { from: NodeId, to: NodeId },
    /// They flow again.
    LinkHealed { from: NodeId, to: NodeId },
    /// A link's latency, loss, duplication or reordering was changed for a while.
    LinkDegraded { from: NodeId, to: NodeId },
    /// A follower's fetches are slowed by this much; none: stopped.
    FollowerLagged { broker: BrokerId, delay: Option<Micros> },
    /// A follower's fetches flow again.
    FollowerLagEnded { broker: BrokerId },
    /// A message was made to vanish.
    MessageDropped { from: NodeId, to: NodeId, kind: MessageKind },
    /// The faults are over: everything is mended and restarted.
    HealStarted,
    /// Replicas, clients and the controller agree that all is well again.
    Converged,
}

impl EventKind {
    /// `leader_elected`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl Event {
    /// Its kind.
    pub fn kind(&self) -> EventKind {
        self.into()
    }
}
