//! What a coordinator writes to `__transaction_state`, and what follows once it is stored.
//! Source: 2.0.0 and 3.9.0 `TransactionStateManager.appendTransactionToLog`.

use std::sync::Arc;

use crate::event::Event;
use crate::ids::{CoordinatorEpoch, TopicPartition, TransactionalId};
use crate::machine::Effects;
use crate::message::{ErrorCode, TransactionState};
use crate::record::{Content, Record, RecordBatch};
use crate::time::{Instant, Micros};

use super::metadata::Standing;
use super::{Owed, Transactions};

/// About what an id takes besides its partitions: its name and a few numbers.
const STATE_BYTES: usize = 60;
/// About what a partition takes.
const PARTITION_BYTES: usize = 10;

/// A record for one partition of `__transaction_state`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Write {
    partition: TopicPartition,
    then: Stored,
}

/// What was to be stored; tells the coordinator how to go on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stored {
    id: TransactionalId,
    /// In which epoch it was written: a later coordinator, be it the same broker, has read it from the log.
    epoch: CoordinatorEpoch,
    next: Standing,
    owed: Owed,
}

/// Something to be appended to a partition of `__transaction_state`, with acks=-1.
#[derive(Clone, Debug)]
pub struct Append {
    /// Which partition.
    pub partition: TopicPartition,
    /// What.
    pub batch: RecordBatch,
    /// How long it may wait for the replicas.
    pub timeout: Micros,
    /// What to say then.
    pub then: Stored,
}

impl Transactions {
    /// Lets an id pass to another standing, once it is stored. Nothing else may change it meanwhile.
    pub(super) fn write(&mut self, id: TransactionalId, next: Standing, owed: Owed, out: &mut Effects) {
        if !self.enqueue(id, next, owed) {
            self.answer(id, owed, ErrorCode::NotCoordinator, out);
        }
    }

    /// The same, where nobody else wants to know. False if it does not look after the id.
    pub(super) fn enqueue(&mut self, id: TransactionalId, next: Standing, owed: Owed) -> bool {
        let Some(known) = self.ids.get_mut(&id) else { return false };
        let partition = known.stored_in;
        let Some(&epoch) = self.led.get(&partition) else { return false };
        known.pending = Some(next.state);
        self.writes.push_back(Write { partition, then: Stored { id, epoch, next, owed } });
        true
    }

    /// The next thing that is to be appended. It may wait for as long as the producer's transaction.timeout.ms.
    pub fn next_write(&mut self) -> Option<Append> {
        let Write { partition, then } = self.writes.pop_front()?;
        let record = then.next.record(then.id);
        let size_bytes = (STATE_BYTES + PARTITION_BYTES * record.partitions.len()) as u32;
        let value = self.next_record_id();
        let content = Some(Arc::new(Content::Transaction(record)));
        let records = Arc::new([Record { value, content, size_bytes }]);
        let batch = RecordBatch { producer: None, records };
        Some(Append { partition, batch, timeout: then.next.timeout, then })
    }

    /// A change is in all in-sync replicas, or could not be stored. What could not be may turn out to be stored all the same when
    /// the next coordinator reads the log.
    pub fn stored(&mut self, now: Instant, what: Stored, error: ErrorCode, out: &mut Effects) {
        let Stored { id, epoch, next, owed } = what;
        let error = coordinator_error(error);
        let broker = self.me;
        let led = &self.led;
        let known = self.ids.get_mut(&id).filter(|known| led.get(&known.stored_in) == Some(&epoch));
        let Some(known) = known else {
            let lost = if error == ErrorCode::None { ErrorCode::NotCoordinator } else { error };
            return self.answer(id, owed, lost, out);
        };
        let state = next.state;
        let completes = matches!(state, TransactionState::CompleteCommit | TransactionState::CompleteAbort);
        if error == ErrorCode::CoordinatorNotAvailable && completes {
            // All markers are written. Source: 3.9.0 `TransactionMarkerChannelManager.tryAppendToLog`.
            return self.complete_later(now, id);
        }
        known.pending = None;
        if error == ErrorCode::None {
            let (producer, epoch) = (next.producer, next.epoch.unwrap_or_default());
            known.standing = next;
            out.event(Event::TransactionMoved { broker, transaction: id, producer, epoch, state });
            if matches!(state, TransactionState::PrepareCommit | TransactionState::PrepareAbort) {
                known.failed_fence = false;
                self.send_markers(id);
            }
        }
        self.answer(id, owed, error, out);
    }
}

/// What a producer is told of a change that could not be stored.
fn coordinator_error(error: ErrorCode) -> ErrorCode {
    let try_again = [
        ErrorCode::UnknownTopicOrPartition,
        ErrorCode::NotEnoughReplicas,
        ErrorCode::NotEnoughReplicasAfterAppend,
        ErrorCode::RequestTimedOut,
    ];
    if try_again.contains(&error) {
        ErrorCode::CoordinatorNotAvailable
    } else if error == ErrorCode::NotLeaderForPartition {
        ErrorCode::NotCoordinator
    } else {
        error
    }
}
