//! Kafka's error codes.

use serde::Serialize;
use strum::{EnumIter, IntoStaticStr};

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
    /// The transactional id's coordinator is busy with its last transaction.
    ConcurrentTransactions,
    /// The transaction is not in a state in which this may be asked.
    InvalidTxnState,
    /// The PID is not the transactional id's.
    InvalidProducerIdMapping,
    /// A newer session of the transactional id has taken this one's place.
    ProducerFenced,
    /// transaction.timeout.ms is longer than transaction.max.timeout.ms.
    InvalidTransactionTimeout,
    /// The marker comes from a coordinator that is not the id's any more.
    TransactionCoordinatorFenced,
    /// The transaction cannot go on, and must be aborted. Source: KIP-890.
    TransactionAbortable,
    /// Raised in place of out-of-order where the broker knows nothing of the PID (1.0 to 2.4).
    UnknownProducerId,
    /// The partition state's version has moved on; ZooKeeper says BadVersion.
    InvalidUpdateVersion,
    /// The asker's leader epoch is too old.
    FencedLeaderEpoch,
    /// The asker's leader epoch is newer than this broker's. Source: KIP-320.
    UnknownLeaderEpoch,
    /// The leader's high watermark has not reached the beginning of its epoch yet. Source: KIP-207.
    OffsetNotAvailable,
    /// A proposed member of the ISR is fenced, shutting down or not the one that is registered. Source: KIP-841, KIP-903.
    IneligibleReplica,
    /// Who leads has just changed. Source: 3.9.0 `ReplicationControlManager.alterPartition`.
    NewLeaderElected,
    /// The controller that was asked knows less than the asker. Source: KAFKA-14154.
    NotController,
    /// Another broker of this id is registered. Source: 3.9.0 `ClusterControlManager.registerBroker`.
    DuplicateBrokerRegistration,
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
    /// The group's coordinator cannot write to `__consumer_offsets` at the moment.
    CoordinatorNotAvailable,
    /// The coordinator does not know the member (any more).
    UnknownMemberId,
    /// The group is between two generations: the member is to join again.
    RebalanceInProgress,
    /// The member's assignor is not the group's.
    InconsistentGroupProtocol,
    /// The session timeout is outside of what the broker allows.
    InvalidSessionTimeout,
    /// Another member with the same group.instance.id has taken this one's place.
    FencedInstanceId,
    /// A transaction has offsets of the partition pending. Source: KIP-447.
    UnstableOffsetCommit,
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
