//! One replica's log: batches with leader epochs, and what is known of the producers that wrote them.
//!
//! Source: 0.11.0.2 `Log.scala`. Left out: segments, indexes, retention, compaction; a log starts at 0 for ever.

mod epochs;

use std::sync::Arc;

use crate::defects::Defect;
use crate::ids::{LeaderEpoch, Offset};
use crate::message::AbortedTransaction;
use crate::open_transactions::{self, OpenTransactions};
use crate::producer_state::{ProducerStates, SequenceRules, Verdict};
use crate::record::{Batch, RecordBatch, place_of};

use epochs::Epochs;

pub use epochs::EpochRules;

/// A log. Its batches are consecutive: each begins where the one before ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Log {
    batches: Vec<Arc<Batch>>,
    end: Offset,
    flushed: Offset,
    producers: ProducerStates,
    /// None as long as no transaction has touched the log.
    transactions: Option<Box<OpenTransactions>>,
    epochs: Epochs,
    /// How many batches at the front are as they were last shown to a view.
    shown: usize,
}

impl Log {
    /// An empty log.
    pub fn new(rules: SequenceRules) -> Self {
        Self { producers: ProducerStates::new(rules), ..Self::default() }
    }

    /// The same log, with another way to keep its epochs. Before anything is written.
    #[must_use]
    pub fn with_epochs(mut self, rules: EpochRules) -> Self {
        self.epochs.rules = rules;
        self
    }

    /// The first offset. Nothing is ever deleted from the front.
    pub fn start_offset(&self) -> Offset {
        Offset::ZERO
    }

    /// One past the last record's offset (LEO).
    pub fn end_offset(&self) -> Offset {
        self.end
    }

    /// Everything below this is on disk and survives a power failure.
    pub fn flushed_offset(&self) -> Offset {
        self.flushed
    }

    /// Whether a leader may append this batch, by its producer stamp.
    pub fn check(&self, batch: &RecordBatch) -> Verdict {
        if Defect::SkipsDeduplication.is_on() {
            return Verdict::Append;
        }
        let transactions = self.transactions.as_deref();
        let check = |stamp| open_transactions::check(transactions, &self.producers, stamp, batch);
        batch.producer.as_ref().map_or(Verdict::Append, check)
    }

    /// A leader appends what a producer sent. Source: 0.11.0.2 `Log.appendAsLeader`.
    pub fn append_as_leader(&mut self, epoch: LeaderEpoch, sent: &RecordBatch) -> Arc<Batch> {
        let batch = Arc::new(Batch::new(self.end, epoch, sent));
        self.push(Arc::clone(&batch));
        batch
    }

    /// A follower appends what it fetched. Source: 0.11.0.2 `Log.appendAsFollower`.
    ///
    /// # Panics
    /// If the batch does not begin at the log's end: the caller checks.
    pub fn append_as_follower(&mut self, batch: Arc<Batch>) {
        assert_eq!(batch.base_offset, self.end, "a follower appends only at its log's end");
        self.push(batch);
        if Defect::FollowersForgetProducers.is_on() {
            self.producers.clear();
        }
    }

    fn push(&mut self, batch: Arc<Batch>) {
        self.note_producer(&batch);
        self.epochs.append(batch.leader_epoch, batch.base_offset);
        self.end = batch.end_offset();
        self.batches.push(batch);
    }

    /// Whole batches from the one that holds `from` on, all below `bound`, up to `max_bytes` but at least one.
    ///
    /// A batch that reaches to or over the bound is not sent. Source: 0.11.0.2 `LogSegment.read`.
    pub fn read(&self, from: Offset, bound: Offset, max_bytes: u64) -> Vec<Arc<Batch>> {
        let mut bytes = 0;
        self.readable(from, bound)
            .take_while(|batch| {
                let first = bytes == 0;
                bytes += batch.size_bytes();
                first || bytes <= max_bytes
            })
            .cloned()
            .collect()
    }

    /// Bytes that [`read`](Self::read) could send; counts no further than `enough`.
    pub fn readable_bytes(&self, from: Offset, bound: Offset, enough: u64) -> u64 {
        let mut bytes = 0;
        for batch in self.readable(from, bound) {
            bytes += batch.size_bytes();
            if bytes >= enough {
                break;
            }
        }
        bytes
    }

    fn readable(&self, from: Offset, bound: Offset) -> impl Iterator<Item = &Arc<Batch>> {
        self.batches[self.place_of(from)..].iter().take_while(move |batch| batch.end_offset() <= bound)
    }

    /// The place of the batch that holds `from`, or of the next to come.
    fn place_of(&self, from: Offset) -> usize {
        if from >= self.end { self.batches.len() } else { place_of(&self.batches, from) }
    }

    /// Removes every batch that reaches beyond `to`; a batch around it goes whole. Returns the new end.
    ///
    /// Producer state is built again from what is left. Source: 0.11.0.2 `Log.truncateTo`, `LogSegment.truncateTo`.
    pub fn truncate_to(&mut self, to: Offset) -> Offset {
        let shorter = to < self.end;
        if shorter {
            let kept = self.batches.partition_point(|batch| batch.end_offset() <= to);
            self.batches.truncate(kept);
            self.end = self.batches.last().map_or(Offset::ZERO, |batch| batch.end_offset());
            self.flushed = self.flushed.min(self.end);
            self.shown = self.shown.min(kept);
            self.rebuild_producer_states();
        }
        self.epochs.cut(self.end, shorter);
        self.end
    }

    /// A leader of this epoch takes office with this log. Source: KAFKA-7415, 2.0.1 `Partition.makeLeader`.
    pub fn begin_epoch(&mut self, epoch: LeaderEpoch) {
        self.epochs.elected(epoch, self.end);
    }

    /// Notes that the log holds all that there was when the leader of this epoch took office, even if none of the leader's own
    /// records is here yet. Only in topics whose ack strategy is `majority`.
    ///
    /// Source: 3.9.0 `LeaderEpochFileCache.assign`, which a leader calls as it takes office (`Partition.makeLeader`).
    pub fn note_epoch(&mut self, epoch: LeaderEpoch) {
        self.epochs.note(epoch, self.end);
    }

    /// The epoch of the last record, or a later one that was noted. Source: 3.9.0 `UnifiedLog.latestEpoch`.
    pub fn last_epoch(&self) -> Option<LeaderEpoch> {
        self.epochs.latest()
    }

    /// The largest epoch of this log that is not above `epoch`, and where it ends; none if the log cannot tell.
    ///
    /// Source: 3.9.0 `UnifiedLog.endOffsetForEpoch`, `LeaderEpochFileCache.endOffsetFor`.
    pub fn end_of_epoch(&self, epoch: LeaderEpoch) -> Option<(LeaderEpoch, Offset)> {
        self.epochs.end_of(epoch, self.end)
    }

    /// Where an epoch begins that the log has reached.
    pub fn start_of_epoch(&self, epoch: LeaderEpoch) -> Option<Offset> {
        self.epochs.start_of(epoch)
    }

    /// Removes what a leader does not have whose largest epoch up to the last one here is `epoch`, and ends at `end` there. If
    /// this log knows another epoch below, that may have to be asked about again. Returns the new end. Only in topics whose ack
    /// strategy is `majority`.
    ///
    /// Source: 3.9.0 `AbstractFetcherThread.getOffsetTruncationState`.
    pub fn truncate_to_epoch(&mut self, epoch: LeaderEpoch, end: Offset) -> Offset {
        let (mine, my_end) = self.end_of_epoch(epoch).unwrap_or((epoch, self.end));
        let to = if mine == epoch { my_end.min(end) } else { my_end };
        self.epochs.forget(epoch, to);
        self.truncate_to(to)
    }

    /// Looks through the batches after an unclean end, and enters again what epochs the cache has lost.
    ///
    /// Kafka looks through those segments that may not be on disk, and the last one always is. Source: 0.11.0.2, 2.0.1
    /// `Log.recoverLog`, `LogSegment.recover`.
    pub fn recover(&mut self) {
        self.epochs.recovered(&self.batches);
    }

    /// As it is found on disk: learns the producers' state from the batches, and forgets epochs that were noted and never
    /// written in. Source: 0.11.0.2 `Log.loadSegments`, `loadProducerState`.
    pub fn load(&mut self) {
        self.epochs.loaded(self.end);
        self.rebuild_producer_states();
    }

    /// Learns the producers' state from the log. Source: 0.11.0.2 `Log.loadProducerState`.
    fn rebuild_producer_states(&mut self) {
        self.producers.clear();
        self.transactions = None;
        let batches = std::mem::take(&mut self.batches);
        for batch in &batches {
            self.note_producer(batch);
        }
        self.batches = batches;
    }

    fn note_producer(&mut self, batch: &Batch) {
        let Some(stamp) = &batch.producer else { return };
        if stamp.transactional {
            self.transactions.get_or_insert_default().note(&mut self.producers, stamp, batch);
        } else {
            self.producers.record(stamp, batch.base_offset, batch.records.len());
        }
    }

    /// What is known of transactions; none as long as none has touched the log.
    pub fn transactions(&self) -> Option<&OpenTransactions> {
        self.transactions.as_deref()
    }

    /// The same, to change.
    pub fn transactions_mut(&mut self) -> &mut Option<Box<OpenTransactions>> {
        &mut self.transactions
    }

    /// Up to where no transaction is open, if what is below `high_watermark` is replicated (LSO).
    pub fn last_stable_offset(&self, high_watermark: Offset) -> Offset {
        self.transactions().map_or(high_watermark, |known| known.last_stable_offset(high_watermark))
    }

    /// Which aborted transactions have records from `from` on and below `to`.
    pub fn aborted(&self, from: Offset, to: Offset) -> Vec<AbortedTransaction> {
        self.transactions().map_or_else(Vec::new, |known| known.aborted(from, to))
    }

    /// Writes everything to disk. True if there was something to write.
    pub fn flush(&mut self) -> bool {
        let dirty = self.flushed < self.end;
        self.flushed = self.end;
        dirty
    }

    /// The power fails: of the batches that were not flushed, `keep(how many)` survive. Returns the old end if any is gone.
    pub fn lose_power(&mut self, keep: &mut dyn FnMut(u64) -> u64) -> Option<Offset> {
        let old_end = self.end;
        let safe = self.batches.partition_point(|batch| batch.end_offset() <= self.flushed);
        let kept = safe + keep((self.batches.len() - safe) as u64) as usize;
        let end = kept.checked_sub(1).map_or(Offset::ZERO, |last| self.batches[last].end_offset());
        self.truncate_to(end);
        // What survived is what the disk holds.
        self.flushed = self.end;
        (end < old_end).then_some(old_end)
    }

    /// Brings a copy of the batches up to date with what changed since the last call.
    pub fn show(&mut self, copy: &mut Vec<Arc<Batch>>) {
        let same = self.shown.min(copy.len());
        copy.truncate(same);
        copy.extend_from_slice(&self.batches[same..]);
        self.shown = self.batches.len();
    }
}

#[cfg(test)]
#[path = "log_test.rs"]
mod log_test;
