//! What a coordinator's answers mean to a transactional producer.
//!
//! Source: 0.11.0.2 and 3.9.0 `TransactionManager.InitProducerIdHandler`, `AddPartitionsToTxnHandler`, `EndTxnHandler`,
//! `FindCoordinatorHandler`, `AddOffsetsToTxnHandler`, `TxnOffsetCommitHandler`.

use crate::ids::BrokerId;
use crate::machine::Effects;
use crate::message::{Body, ErrorCode};
use crate::producer::Producer;
use crate::producer::idempotence::Session;
use crate::time::{Instant, Micros};

use super::Asked;

/// How soon the first partition of a transaction is added again while the coordinator still completes the last one.
/// Source: 0.11.0.2 `TransactionManager.ADD_PARTITIONS_RETRY_BACKOFF_MS`.
const ADD_PARTITIONS_RETRY_BACKOFF: Micros = Micros::from_millis(20);

/// What follows from an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cure {
    /// The same is asked again; a coordinator that is not the right one is looked for first.
    Again {
        /// Whether to look for it.
        look: bool,
    },
    /// The transaction must be aborted.
    Abort,
    /// The coordinator has forgotten the PID: there is nothing to abort, and the session has to begin anew.
    BeginAnew,
    /// It is all over.
    Stop,
}

/// Source: 3.9.0 `TransactionManager.AddPartitionsToTxnHandler.handleResponse` and its like; which errors are retriable:
/// `RetriableException`.
fn cure(error: ErrorCode, keeps_pid: bool) -> Cure {
    use ErrorCode as E;
    let elsewhere = matches!(error, E::NotCoordinator | E::CoordinatorNotAvailable | E::NetworkException);
    let retriable = matches!(
        error,
        E::ConcurrentTransactions
            | E::UnknownTopicOrPartition
            | E::RequestTimedOut
            | E::NotEnoughReplicas
            | E::NotEnoughReplicasAfterAppend
            | E::NotLeaderForPartition
            | E::LeaderNotAvailable
    );
    // The group has gone on without the member that read. Source: 2.5.0 `TxnOffsetCommitHandler` (`CommitFailedException`).
    let left_behind = matches!(
        error,
        E::UnknownMemberId | E::IllegalGeneration | E::RebalanceInProgress | E::FencedInstanceId
    );
    let forgotten = matches!(error, E::InvalidProducerIdMapping | E::UnknownProducerId);
    if elsewhere || retriable {
        Cure::Again { look: elsewhere }
    } else if error == E::TransactionAbortable || left_behind {
        Cure::Abort
    } else if forgotten && keeps_pid {
        Cure::BeginAnew
    } else {
        Cure::Stop
    }
}

impl Producer {
    /// Takes an answer to a request of transactions.
    pub(in crate::producer) fn on_transactional_reply(
        &mut self,
        asked: Asked,
        body: Body,
        now: Instant,
        out: &mut Effects,
    ) {
        let Some(transactions) = &mut self.transactions else { return };
        transactions.asked = None;
        match (asked, body) {
            (Asked::FindCoordinator, Body::FindCoordinatorReply { error, coordinator }) => {
                self.on_coordinator_found(coordinator.filter(|_| error == ErrorCode::None), now);
            }
            (Asked::FindGroupCoordinator, Body::FindCoordinatorReply { error, coordinator }) => {
                let found = coordinator.filter(|_| error == ErrorCode::None);
                transactions.offsets.coordinator = found;
                if found.is_none() {
                    transactions.retry_at = now + self.accumulator.rules.retry_backoff;
                }
            }
            (Asked::AddOffsets, Body::AddOffsetsToTxnReply { error: ErrorCode::None }) => {
                transactions.offsets.added = true;
            }
            (Asked::CommitOffsets, Body::TxnOffsetCommitReply { error: ErrorCode::None }) => {
                transactions.offsets.pending = true;
            }
            (Asked::Init, Body::InitProducerIdReply { error: ErrorCode::None, id, epoch }) => {
                self.begin_transactional_session(id, epoch);
            }
            (Asked::AddPartitions, Body::AddPartitionsToTxnReply { error: ErrorCode::None }) => {
                transactions.partitions.take_added();
                self.send_to_all(now, out);
            }
            (Asked::End { commit }, Body::EndTxnReply { error: ErrorCode::None, next }) => {
                self.transaction_ended(commit, now, out);
                if let Some((id, epoch)) = next {
                    self.begin_transactional_session(id, epoch);
                }
            }
            (_, Body::InitProducerIdReply { error, .. })
            | (_, Body::AddPartitionsToTxnReply { error })
            | (_, Body::AddOffsetsToTxnReply { error })
            | (_, Body::TxnOffsetCommitReply { error })
            | (_, Body::EndTxnReply { error, .. }) => self.on_transactional_error(asked, error, now, out),
            // Nobody answers anything else than was asked.
            _ => {}
        }
    }

    /// The connection broke on which it was asked.
    pub(in crate::producer) fn transactional_request_lost(
        &mut self,
        asked: Asked,
        now: Instant,
        out: &mut Effects,
    ) {
        if let Some(transactions) = &mut self.transactions {
            transactions.asked = None;
            self.on_transactional_error(asked, ErrorCode::NetworkException, now, out);
        }
    }

    /// Nobody may know the coordinator yet.
    fn on_coordinator_found(&mut self, coordinator: Option<BrokerId>, now: Instant) {
        let backoff = self.accumulator.rules.retry_backoff;
        let Some(transactions) = &mut self.transactions else { return };
        transactions.coordinator = coordinator;
        if coordinator.is_none() {
            transactions.retry_at = now + backoff;
        }
    }

    fn on_transactional_error(&mut self, asked: Asked, error: ErrorCode, now: Instant, out: &mut Effects) {
        let backoff = self.accumulator.rules.retry_backoff;
        let Some(transactions) = &mut self.transactions else { return };
        match cure(error, transactions.keeps_pid) {
            Cure::Again { look } => {
                let of_group = matches!(asked, Asked::FindGroupCoordinator | Asked::CommitOffsets);
                if of_group {
                    transactions.offsets.coordinator.take_if(|_| look);
                } else {
                    transactions.coordinator.take_if(|_| look);
                }
                let adds = matches!(asked, Asked::AddPartitions | Asked::AddOffsets);
                let first = adds && !transactions.is_started();
                let soon = first && error == ErrorCode::ConcurrentTransactions;
                let wait = if soon { backoff.min(ADD_PARTITIONS_RETRY_BACKOFF) } else { backoff };
                transactions.retry_at = now + wait;
                if asked == Asked::Init {
                    self.session = Session::Missing { ask_at: now };
                }
            }
            Cure::Abort => self.transaction_failed(error, false, out),
            Cure::BeginAnew => {
                transactions.unknown = true;
                self.transaction_failed(error, true, out);
            }
            Cure::Stop => self.transactions_are_over(error, out),
        }
    }
}
