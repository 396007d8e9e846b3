//! What a log remembers of each idempotent producer: its epoch and its last batches.
//!
//! Followers keep the same state as they append, so a new leader needs none from elsewhere; it follows the log through
//! truncation and restart. Source: KIP-98; 1.1.1 `ProducerStateManager`, `ProducerIdEntry`.

use std::collections::BTreeMap;

use crate::ids::{Offset, ProducerEpoch, ProducerId, Sequence};
use crate::message::ErrorCode;
use crate::protocol::{DedupWindow, Protocol, UnknownProducer};
use crate::record::ProducerStamp;

/// By which rules of its era a log judges sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SequenceRules {
    /// How many batches of a producer it remembers.
    pub window: DedupWindow,
    /// What it makes of a sequence other than 0 from a producer that it does not know.
    pub unknown: UnknownProducer,
}

impl SequenceRules {
    /// Those of a protocol.
    pub fn new(protocol: &Protocol) -> Self {
        Self { window: protocol.dedup_window, unknown: protocol.unknown_producer }
    }
}

impl Default for SequenceRules {
    /// Five batches, and an unknown producer begins at 0.
    fn default() -> Self {
        Self { window: DedupWindow::FiveBatches, unknown: UnknownProducer::OutOfOrder }
    }
}

impl DedupWindow {
    /// How many batches that is.
    fn batches(self) -> usize {
        match self {
            Self::LastBatch => 1,
            Self::FiveBatches => 5,
        }
    }
}

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
    rules: SequenceRules,
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
    /// No producers.
    pub fn new(rules: SequenceRules) -> Self {
        Self { rules, known: BTreeMap::new() }
    }

    /// Forgets all producers.
    pub fn clear(&mut self) {
        self.known.clear();
    }

    /// Whether `count` records with this stamp may be appended. Source: 1.1.1 `Log.analyzeAndValidateProducerState`,
    /// `ProducerAppendInfo.checkSequence`; for an unknown PID 0.11.0.2 `ProducerAppendInfo.validateAppend`, 1.0.0 and 2.5.0
    /// `ProducerAppendInfo.checkSequence`.
    pub fn check(&self, stamp: &ProducerStamp, count: usize) -> Verdict {
        let (first, last) = (stamp.base_sequence, stamp.last_sequence(count));
        let Some(state) = self.known.get(&stamp.id) else {
            return self.begin(first);
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

    /// An unknown producer begins.
    fn begin(&self, first: Sequence) -> Verdict {
        match self.rules.unknown {
            UnknownProducer::OutOfOrder => in_order(first == Sequence(0)),
            UnknownProducer::UnknownProducerId if first == Sequence(0) => Verdict::Append,
            UnknownProducer::UnknownProducerId => Verdict::Refuse(ErrorCode::UnknownProducerId),
            UnknownProducer::AnySequence => Verdict::Append,
        }
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
        let window = self.rules.window.batches();
        let state = self
            .known
            .entry(stamp.id)
            .or_insert_with(|| ProducerState { epoch: stamp.epoch, batches: Vec::with_capacity(window) });
        if stamp.epoch != state.epoch {
            state.epoch = stamp.epoch;
            state.batches.clear();
        }
        if state.batches.len() == window {
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
