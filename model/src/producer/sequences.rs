//! How far an idempotent producer has come in one partition.

use crate::ids::Sequence;

/// The sequences of one partition. Source: 2.5.0 `TransactionManager.TopicPartitionEntry`,
/// `TransactionManager.partitionsWithUnresolvedSequences`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Sequences {
    /// The sequence of the next batch that leaves for the first time.
    pub(super) next: Sequence,
    /// The sequence after the last acknowledged record.
    pub(super) acknowledged_to: Sequence,
    /// A batch that was sent again was given up unanswered: the sequence after the last such batch. Until it shows whether
    /// the log has a gap, no new batch leaves. Source: 2.4.0 `TransactionManager.markSequenceUnresolved`.
    pub(super) unresolved: Option<Sequence>,
    /// They are to begin at 0 again, under a new epoch.
    /// Source: 2.5.0 `TransactionManager.requestEpochBumpForPartition`.
    pub(super) restart: bool,
    /// The batches on their way are of an older epoch. Once they are answered, new ones begin at 0.
    /// Source: 3.0.0 `TransactionManager.maybeUpdateProducerIdAndEpoch`.
    pub(super) stale: bool,
}

impl Sequences {
    /// Records up to this sequence are in the log.
    pub(super) fn acknowledge(&mut self, end: Sequence) {
        if end.follows(self.acknowledged_to) {
            self.acknowledged_to = end;
        }
    }

    /// A batch with sequences up to `end` was given up.
    pub(super) fn leave_unresolved(&mut self, end: Sequence) {
        if self.unresolved.is_none_or(|before| end.follows(before)) {
            self.unresolved = Some(end);
        }
    }

    /// Nothing is on its way any more, so the last acknowledgement tells whether a given-up batch left a gap: if it did,
    /// the sequences have to begin anew. Source: 2.5.0 `TransactionManager.maybeResolveSequences`.
    pub(super) fn resolve(&mut self) {
        self.unresolved = None;
        self.restart |= !self.stale && self.next != self.acknowledged_to;
    }
}
