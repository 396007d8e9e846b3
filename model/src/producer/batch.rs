//! A batch on its way from the application to the log.

use std::sync::Arc;

use crate::ids::{Sequence, TopicPartition};
use crate::message::ErrorCode;
use crate::record::{ProducerStamp, Record, RecordBatch};
use crate::time::Instant;

/// A batch that takes no more records. Source: 0.11.0.2 `ProducerBatch`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ProducerBatch {
    /// Where it goes.
    pub(super) partition: TopicPartition,
    /// At least one; every attempt sends these very records.
    pub(super) records: Arc<[Record]>,
    /// Set when it first leaves and kept from then on, so that brokers know it again.
    pub(super) producer: Option<ProducerStamp>,
    /// How often it was put back.
    pub(super) attempts: u32,
    /// When its first record came.
    pub(super) created: Instant,
    /// When its last record came.
    pub(super) last_append: Instant,
    /// When it was last put back.
    pub(super) last_attempt: Instant,
    /// An attempt may have been written though no success was heard of.
    pub(super) doubtful: bool,
    /// Its sequences were counted anew since it last left. Source: 2.5.0 `ProducerBatch.sequenceHasBeenReset`.
    pub(super) renumbered: bool,
    /// It was given up in flight: the application has its answer, and the broker's is only of account for sequences.
    pub(super) given_up: bool,
}

impl ProducerBatch {
    /// Whether it has left before. Source: 0.11.0.2 `ProducerBatch.inRetry`.
    pub(super) fn in_retry(&self) -> bool {
        self.attempts > 0
    }

    /// How many records it has.
    pub(super) fn count(&self) -> u32 {
        self.records.len() as u32
    }

    /// What is put into a request.
    pub(super) fn to_send(&self) -> RecordBatch {
        RecordBatch { producer: self.producer, records: Arc::clone(&self.records) }
    }

    /// Where a stamped batch stands among its partition's, by session and then by sequence.
    pub(super) fn order(&self) -> Option<(u64, u16, u32)> {
        self.producer.map(|stamp| (stamp.id.0, stamp.epoch.0, stamp.base_sequence.0))
    }

    /// The sequence after its last record's.
    pub(super) fn end_sequence(&self) -> Option<Sequence> {
        self.producer.map(|stamp| stamp.base_sequence.plus(self.count()))
    }
}

/// What an error in a produce reply means to the producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// The batch may be sent again. Source: the subclasses of 0.11.0.2 `RetriableException`.
    pub(super) retriable: bool,
    /// The producer's metadata may be old. Source: the subclasses of 0.11.0.2 `InvalidMetadataException`.
    pub(super) stale_metadata: bool,
    /// The broker that answered surely wrote nothing.
    pub(super) unwritten: bool,
}

/// What an error means. NOT_LEADER_FOR_PARTITION says nothing about the log: it also answers a produce that was written
/// and then waited for followers while leadership was lost. Source: `kafka-behaviour.md` section 3.
pub(super) fn meaning(error: ErrorCode) -> Meaning {
    let (retriable, stale_metadata, unwritten) = match error {
        ErrorCode::NotLeaderForPartition | ErrorCode::NetworkException => (true, true, false),
        ErrorCode::UnknownTopicOrPartition | ErrorCode::LeaderNotAvailable => (true, true, true),
        ErrorCode::RequestTimedOut | ErrorCode::NotEnoughReplicasAfterAppend => (true, false, false),
        ErrorCode::NotEnoughReplicas => (true, false, true),
        ErrorCode::OutOfOrderSequenceNumber
        | ErrorCode::InvalidProducerEpoch
        | ErrorCode::UnknownProducerId
        | ErrorCode::InvalidRequest => (false, false, true),
        ErrorCode::ProducerFenced
        | ErrorCode::InvalidTxnState
        | ErrorCode::InvalidProducerIdMapping
        | ErrorCode::TransactionAbortable => (false, false, true),
        ErrorCode::None
        | ErrorCode::ConcurrentTransactions
        | ErrorCode::InvalidTransactionTimeout
        | ErrorCode::UnstableOffsetCommit
        | ErrorCode::TransactionCoordinatorFenced
        | ErrorCode::OffsetOutOfRange
        | ErrorCode::InvalidUpdateVersion
        | ErrorCode::FencedLeaderEpoch
        | ErrorCode::UnknownLeaderEpoch
        | ErrorCode::OffsetNotAvailable
        | ErrorCode::IneligibleReplica
        | ErrorCode::NewLeaderElected
        | ErrorCode::NotController
        | ErrorCode::DuplicateBrokerRegistration
        | ErrorCode::StaleBrokerEpoch
        | ErrorCode::InvalidPartitions
        | ErrorCode::NotCoordinator
        | ErrorCode::IllegalGeneration
        | ErrorCode::PreferredLeaderNotAvailable
        | ErrorCode::CoordinatorNotAvailable
        | ErrorCode::UnknownMemberId
        | ErrorCode::RebalanceInProgress
        | ErrorCode::InconsistentGroupProtocol
        | ErrorCode::InvalidSessionTimeout
        | ErrorCode::FencedInstanceId => (false, false, false),
    };
    Meaning { retriable, stale_metadata, unwritten }
}
