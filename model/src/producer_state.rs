//! What a log remembers of each idempotent producer: its epoch and its last five batches.
//!
//! Followers keep the same state as they append, so a new leader needs none from elsewhere; it follows the log through
//! truncation and restart. Source: KIP-98; 1.1.1 `ProducerStateManager`, `ProducerIdEntry`. The window is that of 1.0 and later
//! (five batches; 0.11 remembered one and so allowed only one request in flight, KAFKA-5494).

use std::collections::BTreeMap;

use crate::ids::{Offset, ProducerEpoch, ProducerId, Sequence};
use crate::message::ErrorCode;
use crate::record::ProducerStamp;

/// How many batches of a producer are remembered. Source: 1.1.1 `ProducerIdEntry.NumBatchesToRetain`.
pub const BATCHES_REMEMBERED: usize = 5;

/// What a leader does with a stamped batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is next in line.
    Append,
    /// It was appended before, at this offset.
    Duplicate {
        /// The first record's offset.
        base_offset: Offset,
        /// One past the last record's.
        end_offset: Offset,
    },
    /// It may not be appended.
    Refuse(ErrorCode),
}

/// The producers that wrote to one log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProducerStates {
    any_first_sequence: bool,
    known: BTreeMap<ProducerId, ProducerState>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ProducerState {
    epoch: ProducerEpoch,
    /// Oldest first.
    batches: Vec<Remembered>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Remembered {
    first: Sequence,
    last: Sequence,
    base_offset: Offset,
    end_offset: Offset,
}

impl ProducerStates {
    /// No producers. `any_first_sequence`: one that is not known may begin at any sequence (2.5 and later, KIP-360).
    pub fn new(any_first_sequence: bool) -> Self {
        Self { any_first_sequence, known: BTreeMap::new() }
    }

    /// Forgets all producers.
    pub fn clear(&mut self) {
        self.known.clear();
    }

    /// Whether `count` records with this stamp may be appended. Source: 1.1.1 `Log.analyzeAndValidateProducerState`,
    /// `ProducerAppendInfo.checkSequence`; for an unknown PID 0.11.0.2 `ProducerAppendInfo.validateAppend`, 2.5.0
    /// `ProducerAppendInfo.checkSequence`.
    pub fn check(&self, stamp: &ProducerStamp, count: usize) -> Verdict {
        let (first, last) = (stamp.base_sequence, stamp.last_sequence(count));
        let Some(state) = self.known.get(&stamp.id) else {
            return in_order(self.any_first_sequence || first == Sequence(0));
        };
        if stamp.epoch < state.epoch {
            return Verdict::Refuse(ErrorCode::InvalidProducerEpoch);
        }
        if stamp.epoch > state.epoch {
            return in_order(first == Sequence(0));
        }
        let same = state.batches.iter().find(|batch| batch.first == first && batch.last == last);
        if let Some(&Remembered { base_offset, end_offset, .. }) = same {
            return Verdict::Duplicate { base_offset, end_offset };
        }
        let expected = state.batches.last().map_or(Sequence(0), |batch| batch.last.plus(1));
        in_order(first == expected)
    }

    /// Whether what a coordinator writes for a producer may be appended: it bears no sequence.
    pub fn check_epoch(&self, stamp: &ProducerStamp) -> Verdict {
        match self.known.get(&stamp.id) {
            Some(state) if stamp.epoch < state.epoch => Verdict::Refuse(ErrorCode::InvalidProducerEpoch),
            Some(_) | None => Verdict::Append,
        }
    }

    /// A marker of this epoch was written: older ones are fenced, and a newer one's sequences begin at 0.
    /// Source: 0.11.0.2 `ProducerAppendInfo.appendEndTxnMarker`.
    pub fn raise_epoch(&mut self, producer: ProducerId, epoch: ProducerEpoch) {
        let state =
            self.known.entry(producer).or_insert_with(|| ProducerState { epoch, batches: Vec::new() });
        if epoch != state.epoch {
            state.epoch = epoch;
            state.batches.clear();
        }
    }

    /// Remembers an appended batch, without judging it: the leader has.
    pub fn record(&mut self, stamp: &ProducerStamp, base_offset: Offset, count: usize) {
        let state = self.known.entry(stamp.id).or_insert_with(|| ProducerState {
            epoch: stamp.epoch,
            batches: Vec::with_capacity(BATCHES_REMEMBERED),
        });
        if stamp.epoch != state.epoch {
            state.epoch = stamp.epoch;
            state.batches.clear();
        }
        if state.batches.len() == BATCHES_REMEMBERED {
            state.batches.remove(0);
        }
        state.batches.push(Remembered {
            first: stamp.base_sequence,
            last: stamp.last_sequence(count),
            base_offset,
            end_offset: base_offset.plus(count as u64),
        });
    }
}

fn in_order(in_order: bool) -> Verdict {
    if in_order { Verdict::Append } else { Verdict::Refuse(ErrorCode::OutOfOrderSequenceNumber) }
}

#[cfg(test)]
#[path = "producer_state_test.rs"]
mod producer_state_test;
