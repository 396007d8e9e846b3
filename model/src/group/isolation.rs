//! What an application is given of a fetch: no markers, and under `read_committed` nothing of aborted transactions.
//!
//! Source: KIP-98, 0.11.0.2 `Fetcher.PartitionRecords.nextFetchedRecord`, `consumeAbortedTransactionsUpTo`,
//! `isBatchAborted`.

use std::collections::VecDeque;

use crate::config::IsolationLevel;
use crate::ids::ProducerId;
use crate::message::AbortedTransaction;
use crate::record::Batch;

/// Which batches of one answer are kept from the application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Sieve {
    committed_only: bool,
    /// Aborted transactions that begin further on, ascending by first offset.
    ahead: VecDeque<AbortedTransaction>,
    /// Whose batches are aborted up to the next abort marker; ascending.
    aborted: Vec<ProducerId>,
}

impl Sieve {
    /// The sieve for an answer that names these aborted transactions.
    pub(super) fn new(isolation: IsolationLevel, aborted: &[AbortedTransaction]) -> Self {
        Self {
            committed_only: isolation == IsolationLevel::ReadCommitted,
            ahead: aborted.iter().copied().collect(),
            aborted: Vec::new(),
        }
    }

    /// Whether the application gets this batch; asked of one batch after the other, or of one twice.
    pub(super) fn lets_through(&mut self, batch: &Batch) -> bool {
        let Some(stamp) = batch.producer.filter(|stamp| stamp.transactional) else { return true };
        let marker = batch.marker();
        if self.committed_only {
            self.consume_up_to(batch);
            if marker.is_some_and(|marker| !marker.commit) {
                self.aborted.retain(|producer| *producer != stamp.id);
            } else if self.aborted.binary_search(&stamp.id).is_ok() {
                return false;
            }
        }
        marker.is_none()
    }

    fn consume_up_to(&mut self, batch: &Batch) {
        while let Some(first) = self.ahead.pop_front_if(|first| first.first_offset < batch.end_offset()) {
            if let Err(place) = self.aborted.binary_search(&first.producer) {
                self.aborted.insert(place, first.producer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ids::{CoordinatorEpoch, LeaderEpoch, NodeId, Offset, ProducerEpoch, RecordId, Sequence};
    use crate::message::Marker;
    use crate::record::{Content, ProducerStamp, Record};

    const ONE: ProducerId = ProducerId(1);
    const TWO: ProducerId = ProducerId(2);

    fn batch(offset: u64, count: u64, producer: ProducerId, content: Option<Content>) -> Batch {
        let content = content.map(Arc::new);
        let record = |number| Record {
            value: RecordId::new(NodeId(4), number as u32),
            content: content.clone(),
            size_bytes: 1,
        };
        Batch {
            base_offset: Offset(offset),
            leader_epoch: LeaderEpoch(0),
            producer: Some(ProducerStamp {
                id: producer,
                epoch: ProducerEpoch(0),
                base_sequence: Sequence(0),
                transactional: true,
            }),
            records: (offset..offset + count).map(record).collect(),
        }
    }

    fn marker(offset: u64, producer: ProducerId, commit: bool) -> Batch {
        let epoch = ProducerEpoch(0);
        let marker = Marker { producer, epoch, commit, coordinator_epoch: CoordinatorEpoch::default() };
        batch(offset, 1, producer, Some(Content::Marker(marker)))
    }

    fn through(isolation: IsolationLevel, aborted: &[(ProducerId, u64)], log: &[Batch]) -> Vec<u64> {
        let aborted: Vec<_> = aborted
            .iter()
            .map(|&(producer, offset)| AbortedTransaction { producer, first_offset: Offset(offset) })
            .collect();
        let mut sieve = Sieve::new(isolation, &aborted);
        log.iter().filter(|batch| sieve.lets_through(batch)).map(|batch| batch.base_offset.0).collect()
    }

    #[test]
    fn markers_are_returned_under_no_isolation() {
        let log = [batch(0, 2, ONE, None), marker(2, ONE, true), batch(3, 1, TWO, None)];
        assert_eq!(through(crate::config::IsolationLevel::ReadUncommitted, &[], &log), [0, 3]);
        assert_eq!(through(IsolationLevel::ReadCommitted, &[], &log), [0, 3]);
    }

    #[test]
    fn an_aborted_transaction_is_kept_back_up_to_its_marker() {
        let log = [
            batch(0, 2, ONE, None),
            batch(2, 1, TWO, None),
            batch(3, 1, ONE, None),
            marker(4, ONE, false),
            batch(5, 1, ONE, None),
            marker(6, TWO, true),
            marker(7, ONE, true),
        ];
        assert_eq!(through(IsolationLevel::ReadCommitted, &[(ONE, 0)], &log), [2, 5]);
        assert_eq!(through(crate::config::IsolationLevel::ReadUncommitted, &[], &log), [0, 2, 3, 5]);
    }

    #[test]
    fn the_second_of_two_aborted_transactions_of_a_producer_is_kept_back_too() {
        let log = [
            batch(0, 1, ONE, None),
            marker(1, ONE, false),
            batch(2, 1, ONE, None),
            marker(3, ONE, true),
            batch(4, 1, ONE, None),
            marker(5, ONE, false),
        ];
        assert_eq!(through(IsolationLevel::ReadCommitted, &[(ONE, 0), (ONE, 4)], &log), [2]);
    }
}
