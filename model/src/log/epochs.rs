//! Which leader epochs a log has seen, and where each begins: Kafka's leader-epoch cache.
//!
//! It survives as the log does: Kafka writes each new entry to a file beside the log and flushes it. Source: KIP-101; 0.11.0.2,
//! 2.0.1 and 2.8.0 `LeaderEpochFileCache`. Left out: entries are never removed from the front, as logs begin at 0 for ever.

use std::sync::Arc;

use crate::ids::{LeaderEpoch, Offset};
use crate::protocol::Protocol;
use crate::record::Batch;

/// How a log keeps its epochs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EpochRules {
    /// See [`Protocol::epoch_cached_at_election`].
    pub cached_at_election: bool,
    /// See [`Protocol::stale_epochs_dropped`].
    pub stale_dropped: bool,
    /// The topic's ack strategy is `majority`: that the log has reached an epoch counts as an entry without length would, and
    /// goes only with what lies below it.
    pub majority: bool,
}

impl EpochRules {
    /// Those of an era.
    pub fn new(protocol: &Protocol, majority: bool) -> Self {
        let Protocol { epoch_cached_at_election, stale_epochs_dropped, .. } = *protocol;
        Self { cached_at_election: epoch_cached_at_election, stale_dropped: stale_epochs_dropped, majority }
    }
}

/// The epochs of one log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Epochs {
    pub(super) rules: EpochRules,
    /// Ascending by epoch; starts never fall.
    begun: Vec<Begun>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Begun {
    epoch: LeaderEpoch,
    start: Offset,
    /// It was noted before there was a record of it.
    noted: bool,
}

impl Epochs {
    pub(super) fn latest(&self) -> Option<LeaderEpoch> {
        self.begun.last().map(|last| last.epoch)
    }

    /// A record of `epoch` is appended at `start`.
    ///
    /// Until 2.0.0 what does not follow the last entry is not entered; later, entries that contradict it go. Source: 2.0.0
    /// `LeaderEpochFileCache.assign`; 2.0.1 the same, `truncateAndAppend`.
    pub(super) fn append(&mut self, epoch: LeaderEpoch, start: Offset) {
        if self.latest() != Some(epoch) {
            self.enter(Begun { epoch, start, noted: false });
        }
    }

    /// A leader of `epoch` takes office while its log ends at `end`. Source: KAFKA-7415, 2.0.1 `Partition.makeLeader`.
    pub(super) fn elected(&mut self, epoch: LeaderEpoch, end: Offset) {
        if self.rules.cached_at_election && self.latest() != Some(epoch) {
            self.enter(Begun { epoch, start: end, noted: true });
        }
    }

    /// The log has reached `epoch`, even if there is no record of it.
    pub(super) fn note(&mut self, epoch: LeaderEpoch, end: Offset) {
        if self.latest().is_none_or(|latest| latest < epoch) {
            self.begun.push(Begun { epoch, start: end, noted: true });
        }
    }

    fn enter(&mut self, new: Begun) {
        let follows = |last: &Begun| last.epoch < new.epoch && last.start <= new.start;
        if self.rules.cached_at_election && !self.rules.majority {
            self.begun.retain(|entry| entry.epoch < new.epoch && entry.start < new.start);
        } else if !self.begun.last().is_none_or(follows) {
            return;
        }
        self.begun.push(new);
    }

    /// The largest epoch that is not above `epoch`, and where it ends: where the next begins, or at the log's end. None if that
    /// is not known: `epoch` is above all here, or, until 2.0.0, below all. From 2.0.1 on an epoch below all ends where the
    /// oldest begins.
    ///
    /// Source: 2.0.0, 2.0.1 `LeaderEpochFileCache.endOffsetFor`.
    pub(super) fn end_of(&self, epoch: LeaderEpoch, log_end: Offset) -> Option<(LeaderEpoch, Offset)> {
        if self.latest() == Some(epoch) {
            return Some((epoch, log_end));
        }
        let next = self.begun.partition_point(|entry| entry.epoch <= epoch);
        let known = next.checked_sub(1).map(|place| self.begun[place].epoch);
        let below_all = self.rules.cached_at_election || self.rules.majority;
        match (known, self.begun.get(next)) {
            (Some(known), Some(after)) => Some((known, after.start)),
            (None, Some(first)) => below_all.then_some((epoch, first.start)),
            // Where a majority decides, a log that has not come so far says how far it has.
            (known, None) => self.rules.majority.then(|| (known.unwrap_or(epoch), log_end)),
        }
    }

    pub(super) fn start_of(&self, epoch: LeaderEpoch) -> Option<Offset> {
        self.begun.iter().rev().find(|entry| entry.epoch == epoch).map(|entry| entry.start)
    }

    /// The log was cut, and ends at `end` now; or, if it was not, there was nothing to cut.
    ///
    /// Until 2.6.0 a cut beyond the log's end forgets nothing, so that an epoch in which this broker led and wrote nothing stays.
    /// Source: KAFKA-10706, 2.6.1 `Log.truncateTo`.
    pub(super) fn cut(&mut self, end: Offset, shorter: bool) {
        if self.rules.majority {
            if shorter {
                self.begun.retain(|entry| entry.start < end || (entry.noted && entry.start == end));
            }
        } else if shorter || self.rules.stale_dropped {
            self.begin_below(end);
        }
    }

    /// The log was looked through after an unclean end. Source: 2.0.1 `LogSegment.recover`.
    pub(super) fn recovered(&mut self, batches: &[Arc<Batch>]) {
        if self.rules.majority {
            return;
        }
        for batch in batches {
            if self.latest().is_none_or(|latest| latest < batch.leader_epoch) {
                self.append(batch.leader_epoch, batch.base_offset);
            }
        }
    }

    /// The log is loaded: of epochs without a record nothing stays. Source: 0.11.0.2 and later, `Log.loadSegments` and what
    /// follows it: `clearAndFlushLatest`, `truncateFromEnd`.
    pub(super) fn loaded(&mut self, end: Offset) {
        if !self.rules.majority {
            self.begin_below(end);
        }
    }

    fn begin_below(&mut self, end: Offset) {
        let kept = self.begun.partition_point(|entry| entry.start < end);
        self.begun.truncate(kept);
    }

    /// Forgets epochs above `epoch`, and those that begin beyond `end`.
    pub(super) fn forget(&mut self, epoch: LeaderEpoch, end: Offset) {
        self.begun.retain(|entry| entry.epoch <= epoch && entry.start <= end);
    }
}

#[cfg(test)]
#[path = "epochs_test.rs"]
mod epochs_test;
