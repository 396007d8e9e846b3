//! What a log knows of transactions: which are open, how far it is stable, and which were aborted where.
//!
//! Followers keep the same state as they append, and it is learned from the log again on load and after a truncation; Kafka keeps
//! the aborted ones in a file beside each segment. A log that no transaction has touched has none of this.
//!
//! Source: KIP-98; 0.11.0.2 `ProducerStateManager` (`ongoingTxns`, `unreplicatedTxns`), `TransactionIndex`; 3.9.0
//! `ProducerAppendInfo`, `VerificationStateEntry`.

use std::collections::BTreeMap;

use crate::ids::{CoordinatorEpoch, Offset, ProducerEpoch, ProducerId, Sequence};
use crate::message::{AbortedTransaction, ErrorCode, Marker};
use crate::producer_state::{ProducerStates, Verdict};
use crate::record::{Batch, Content, ProducerStamp, RecordBatch};

/// The transactions of one log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OpenTransactions {
    /// The first offset of each producer's open transaction.
    open: BTreeMap<ProducerId, Offset>,
    /// Those that have ended and whose marker the high watermark had not passed when it was last told; by marker.
    unreplicated: Vec<Ended>,
    /// Those that were aborted; ascending by marker.
    aborted: Vec<Aborted>,
    /// Who wrote the last marker of each producer.
    coordinators: BTreeMap<ProducerId, CoordinatorEpoch>,
    /// Which producers are about to begin a transaction, once its coordinator has said that it is open. Only in memory.
    verifying: BTreeMap<ProducerId, Verification>,
    /// How many guards were given out.
    guards: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Ended {
    first: Offset,
    marker: Offset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Aborted {
    producer: ProducerId,
    first: Offset,
    marker: Offset,
    /// Where the first transaction began that was open behind it, or one past the marker: no later entry matters below.
    stable: Offset,
}

/// Names one attempt to begin a transaction: after an append or a marker it counts for nothing. Source: 3.9.0
/// `VerificationGuard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guard(u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Verification {
    guard: Guard,
    /// Nothing behind it may be written first. Source: 3.9.0 `VerificationStateEntry.maybeUpdateLowestSequenceAndEpoch`.
    lowest: Sequence,
    epoch: ProducerEpoch,
}

impl OpenTransactions {
    /// Takes note of an appended batch: of a marker what it ends, of another transactional batch what it begins.
    /// Source: 3.9.0 `ProducerAppendInfo.append`, `ProducerStateManager.completeTxn`.
    pub fn note(&mut self, producers: &mut ProducerStates, stamp: &ProducerStamp, batch: &Batch) {
        self.verifying.remove(&stamp.id);
        let Some(marker) = batch.marker() else {
            self.open.entry(stamp.id).or_insert(batch.base_offset);
            producers.record(stamp, batch.base_offset, batch.records.len());
            return;
        };
        producers.raise_epoch(marker.producer, marker.epoch);
        self.coordinators.insert(marker.producer, marker.coordinator_epoch);
        let Some(first) = self.open.remove(&marker.producer) else { return };
        let at = batch.base_offset;
        self.unreplicated.push(Ended { first, marker: at });
        if !marker.commit {
            let stable = self.open.values().copied().min().unwrap_or_else(|| at.plus(1));
            self.aborted.push(Aborted { producer: marker.producer, first, marker: at, stable });
        }
    }

    /// Up to where no transaction is open, and of none that has ended the marker is unreplicated.
    /// Source: 3.9.0 `UnifiedLog.lastStableOffset`, `ProducerStateManager.firstUnstableOffset`.
    pub fn last_stable_offset(&self, high_watermark: Offset) -> Offset {
        let open = self.open.values().copied();
        let unreplicated = self.unreplicated.iter().filter(|ended| ended.marker >= high_watermark);
        open.chain(unreplicated.map(|ended| ended.first)).fold(high_watermark, Offset::min)
    }

    /// Forgets what has ended and is replicated. Source: 3.9.0 `ProducerStateManager.onHighWatermarkUpdated`.
    pub fn replicated_up_to(&mut self, high_watermark: Offset) {
        let passed = self.unreplicated.partition_point(|ended| ended.marker < high_watermark);
        self.unreplicated.drain(..passed);
    }

    /// Which aborted transactions have records from `from` on and below `to`; ascending by first offset.
    /// Source: 0.11.0.2 `TransactionIndex.collectAbortedTxns`.
    pub fn aborted(&self, from: Offset, to: Offset) -> Vec<AbortedTransaction> {
        let place = self.aborted.partition_point(|aborted| aborted.marker < from);
        let mut found = Vec::new();
        for aborted in &self.aborted[place..] {
            if aborted.first < to {
                found.push(AbortedTransaction { producer: aborted.producer, first_offset: aborted.first });
            }
            if aborted.stable >= to {
                break;
            }
        }
        found.sort_unstable_by_key(|aborted| aborted.first_offset);
        found
    }

    /// Whether the producer has a transaction open here.
    pub fn is_open(&self, producer: ProducerId) -> bool {
        self.open.contains_key(&producer)
    }

    /// Whether a marker may be written: not by a coordinator that another has followed. Source: 0.11.0.2
    /// `ProducerAppendInfo.appendEndTxnMarker`.
    fn check_coordinator(&self, marker: &Marker) -> Verdict {
        let known = self.coordinators.get(&marker.producer);
        if known.is_some_and(|&known| known > marker.coordinator_epoch) {
            Verdict::Refuse(ErrorCode::TransactionCoordinatorFenced)
        } else {
            Verdict::Append
        }
    }

    /// A producer is about to write, and no transaction of its is open here: the guard that its batch needs. A second batch
    /// that comes meanwhile gets the same. Source: 3.9.0 `UnifiedLog.maybeStartTransactionVerification`.
    pub fn start_verification(&mut self, stamp: &ProducerStamp) -> Option<Guard> {
        if self.is_open(stamp.id) {
            return None;
        }
        let Self { verifying, guards, .. } = self;
        let entry = verifying.entry(stamp.id).or_insert_with(|| {
            *guards += 1;
            Verification { guard: Guard(*guards), lowest: stamp.base_sequence, epoch: stamp.epoch }
        });
        if stamp.epoch > entry.epoch {
            (entry.epoch, entry.lowest) = (stamp.epoch, stamp.base_sequence);
        } else if stamp.epoch == entry.epoch {
            entry.lowest = entry.lowest.min(stamp.base_sequence);
        }
        Some(entry.guard)
    }

    /// Whether a batch may be written under this guard: it belongs to an open transaction, or the guard is still good.
    /// Source: 3.9.0 `UnifiedLog.analyzeAndValidateProducerState`, `ProducerAppendInfo.checkSequence`.
    ///
    /// # Errors
    /// What the producer is told.
    pub fn check_verified(&self, stamp: &ProducerStamp, guard: Option<Guard>) -> Result<(), ErrorCode> {
        if self.is_open(stamp.id) {
            return Ok(());
        }
        let entry = self.verifying.get(&stamp.id).filter(|entry| Some(entry.guard) == guard);
        let entry = entry.ok_or(ErrorCode::InvalidTxnState)?;
        if stamp.base_sequence > entry.lowest {
            return Err(ErrorCode::OutOfOrderSequenceNumber);
        }
        Ok(())
    }
}

/// Whether a leader may append a stamped batch to a log with these producers and transactions.
///
/// What coordinators write for a producer (its markers, and the offsets that it commits) bears no sequence: only its epoch is
/// looked at. Source: 0.11.0.2 `ProducerAppendInfo.validateAppend`; 2.0.0 `ValidationType.EpochOnly`.
pub fn check(
    transactions: Option<&OpenTransactions>,
    producers: &ProducerStates,
    stamp: &ProducerStamp,
    batch: &RecordBatch,
) -> Verdict {
    let content = batch.records.first().and_then(|record| record.content.as_deref());
    match content {
        Some(Content::Marker(marker)) => match producers.check_epoch(stamp) {
            Verdict::Append => transactions.map_or(Verdict::Append, |known| known.check_coordinator(marker)),
            refused @ (Verdict::Duplicate { .. } | Verdict::Refuse(_)) => refused,
        },
        Some(Content::Group(_)) => producers.check_epoch(stamp),
        Some(Content::Key(_) | Content::Transaction(_) | Content::Output(_)) | None => {
            let verdict = producers.check(stamp, batch.records.len());
            let is_open = transactions.is_some_and(|known| known.is_open(stamp.id));
            if verdict == Verdict::Append && is_open && !stamp.transactional {
                return Verdict::Refuse(ErrorCode::InvalidTxnState);
            }
            verdict
        }
    }
}

#[cfg(test)]
#[path = "open_transactions_test.rs"]
mod open_transactions_test;
