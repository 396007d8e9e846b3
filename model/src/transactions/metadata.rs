//! One transactional id's state, as its coordinator keeps it. Source: 2.0.0 and 3.9.0 `TransactionMetadata`.

use std::collections::BTreeSet;

use crate::ids::{ProducerEpoch, ProducerId, TopicPartition, TransactionalId};
use crate::message::{TransactionRecord, TransactionState};
use crate::time::{Instant, Micros};

/// The largest epoch that a producer is given; then it gets another PID. Source: 3.9.0 `TransactionMetadata.isEpochExhausted`.
const LAST_EPOCH: u16 = i16::MAX as u16 - 1;

/// A transactional id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Metadata {
    /// Where it is stored.
    pub stored_in: TopicPartition,
    /// How it stands, as far as that is safely stored. While markers are written, partitions that have theirs are taken out.
    pub standing: Standing,
    /// What is being written.
    pub pending: Option<TransactionState>,
    /// The epoch was raised to fence a producer, and that could not be stored: it is not raised again.
    pub failed_fence: bool,
}

/// How a transactional id stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Standing {
    pub producer: ProducerId,
    /// None before the first session.
    pub epoch: Option<ProducerEpoch>,
    /// From what the epoch was raised by its own producer; forgotten with the coordinator. Source: KIP-360.
    pub last_epoch: Option<ProducerEpoch>,
    pub timeout: Micros,
    pub state: TransactionState,
    pub partitions: BTreeSet<TopicPartition>,
    /// Since when the transaction is open.
    pub started: Option<Instant>,
}

impl Metadata {
    /// An id of which nobody has heard.
    pub(super) fn new(stored_in: TopicPartition, producer: ProducerId, timeout: Micros) -> Self {
        let standing = Standing {
            producer,
            epoch: None,
            last_epoch: None,
            timeout,
            state: TransactionState::Empty,
            partitions: BTreeSet::new(),
            started: None,
        };
        Self { stored_in, standing, pending: None, failed_fence: false }
    }

    /// An id as it was stored.
    pub(super) fn loaded(stored_in: TopicPartition, record: &TransactionRecord) -> Self {
        let standing = Standing {
            producer: record.producer,
            epoch: Some(record.epoch),
            last_epoch: None,
            timeout: record.timeout,
            state: record.state,
            partitions: record.partitions.iter().copied().collect(),
            started: record.started,
        };
        Self { stored_in, standing, pending: None, failed_fence: false }
    }

    /// Its PID and epoch.
    pub(super) fn session(&self) -> Option<(ProducerId, ProducerEpoch)> {
        Some((self.standing.producer, self.standing.epoch?))
    }

    /// Whether its PID has no epoch left.
    pub(super) fn is_exhausted(&self) -> bool {
        self.standing.epoch.is_some_and(|epoch| epoch.0 >= LAST_EPOCH)
    }

    /// The epoch of the next session.
    pub(super) fn next_epoch(&self) -> ProducerEpoch {
        ProducerEpoch(self.standing.epoch.map_or(0, |epoch| epoch.0 + 1))
    }
}

impl Standing {
    /// What is written.
    pub(super) fn record(&self, id: TransactionalId) -> TransactionRecord {
        TransactionRecord {
            id,
            producer: self.producer,
            epoch: self.epoch.unwrap_or_default(),
            timeout: self.timeout,
            state: self.state,
            partitions: self.partitions.iter().copied().collect(),
            started: self.started,
        }
    }
}
