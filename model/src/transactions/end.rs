//! How a transaction ends: its producer asks for it, a newer session fences it, or it has been open for too long. It is decided
//! once PrepareCommit or PrepareAbort is stored.
//! Source: 2.0.0 and 3.9.0 `TransactionCoordinator.endTransaction`, `abortTimedOutTransactions`.

use crate::coordinator::Asker;
use crate::defects::Defect;
use crate::event::Event;
use crate::ids::{ProducerEpoch, TransactionalId};
use crate::machine::Effects;
use crate::message::{ErrorCode, TransactionState, TransactionalProducer};
use crate::protocol::Transactions as Version;
use crate::time::Instant;

use super::metadata::{Metadata, Standing};
use super::{Owed, Transactions};

impl Transactions {
    /// Whether each transaction ends its epoch. Source: KIP-890 part 2, `transaction.version=2`.
    pub(super) fn ends_epochs(&self) -> bool {
        self.config.protocol.transactions == Version::V2
    }

    pub(super) fn on_end(
        &mut self,
        now: Instant,
        asker: Asker,
        producer: TransactionalProducer,
        commit: bool,
        out: &mut Effects,
    ) {
        let prepared = if self.ends_epochs() {
            self.prepare_end_of_epoch(now, producer, commit)
        } else {
            self.prepare_end(producer, commit)
        };
        match prepared {
            Ok(Some(next)) if Defect::AnswersBeforeDecision.is_on() => {
                self.answer(producer.id, Owed::End(asker), ErrorCode::None, out);
                self.write(producer.id, next, Owed::Nobody, out);
            }
            Ok(Some(next)) => self.write(producer.id, next, Owed::End(asker), out),
            Ok(None) => self.answer(producer.id, Owed::End(asker), ErrorCode::None, out),
            Err(error) => self.answer(producer.id, Owed::End(asker), error, out),
        }
    }

    /// Only PID and epoch are looked at. So a request that comes late, when the same session has begun another transaction, ends
    /// that one: what Jepsen found in 2024, and KIP-890 mended.
    fn prepare_end(
        &self,
        producer: TransactionalProducer,
        commit: bool,
    ) -> Result<Option<Standing>, ErrorCode> {
        let known = self.session_of(producer)?;
        if known.pending.is_some() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        let standing = &known.standing;
        match (standing.state, commit) {
            (TransactionState::Ongoing, _) => Ok(Some(standing.ending(commit))),
            // It was asked before, and the answer was lost.
            (TransactionState::CompleteCommit, true) | (TransactionState::CompleteAbort, false) => Ok(None),
            (TransactionState::PrepareCommit, true) | (TransactionState::PrepareAbort, false) => {
                Err(ErrorCode::ConcurrentTransactions)
            }
            (
                TransactionState::Empty
                | TransactionState::PrepareCommit
                | TransactionState::PrepareAbort
                | TransactionState::CompleteCommit
                | TransactionState::CompleteAbort
                | TransactionState::PrepareEpochFence,
                _,
            ) => Err(ErrorCode::InvalidTxnState),
        }
    }

    /// The epoch ends with the transaction, and by it a request that was asked before is known again. A producer that does not
    /// know whether anything was added to its transaction may abort nothing.
    /// Source: KIP-890 part 2; 4.0 is not among the versions that were read.
    fn prepare_end_of_epoch(
        &self,
        now: Instant,
        producer: TransactionalProducer,
        commit: bool,
    ) -> Result<Option<Standing>, ErrorCode> {
        let known = self.ids.get(&producer.id).ok_or(ErrorCode::InvalidProducerIdMapping)?;
        let standing = &known.standing;
        if standing.producer != producer.producer {
            return Err(ErrorCode::InvalidProducerIdMapping);
        }
        let is_again = standing.epoch == Some(ProducerEpoch(producer.epoch.0 + 1));
        let is_current = standing.epoch == Some(producer.epoch);
        let is_valid = match standing.state {
            TransactionState::Ongoing | TransactionState::Empty | TransactionState::PrepareEpochFence => {
                is_current
            }
            TransactionState::PrepareCommit | TransactionState::PrepareAbort => is_again,
            TransactionState::CompleteCommit | TransactionState::CompleteAbort => is_again || is_current,
        };
        if !is_valid {
            return Err(self.fenced());
        }
        if known.pending.is_some() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        let ending = || {
            let (epoch, last_epoch) = (Some(known.next_epoch()), standing.epoch);
            let started = standing.started.or(Some(now));
            Some(Standing { epoch, last_epoch, started, ..standing.ending(commit) })
        };
        match (standing.state, commit) {
            (TransactionState::Ongoing, _) => Ok(ending()),
            (TransactionState::PrepareCommit, true) | (TransactionState::PrepareAbort, false) => {
                Err(ErrorCode::ConcurrentTransactions)
            }
            (TransactionState::CompleteCommit, true) | (TransactionState::CompleteAbort, false)
                if is_again =>
            {
                Ok(None)
            }
            (
                TransactionState::Empty | TransactionState::CompleteCommit | TransactionState::CompleteAbort,
                false,
            ) if is_current => Ok(ending()),
            (
                TransactionState::Empty
                | TransactionState::PrepareCommit
                | TransactionState::PrepareAbort
                | TransactionState::CompleteCommit
                | TransactionState::CompleteAbort
                | TransactionState::PrepareEpochFence,
                _,
            ) => Err(ErrorCode::InvalidTxnState),
        }
    }

    /// Aborts what is open, under an epoch that its producer does not have: whatever that sends from now on is refused.
    /// Source: 3.9.0 `TransactionMetadata.prepareFenceProducerEpoch`.
    pub(super) fn fence(&mut self, id: TransactionalId, owed: Owed, out: &mut Effects) {
        let Some(known) = self.ids.get_mut(&id) else { return };
        let raised = if known.failed_fence { known.standing.epoch } else { Some(known.next_epoch()) };
        known.standing.epoch = raised;
        known.standing.last_epoch = None;
        known.failed_fence = true;
        let next = known.standing.ending(false);
        self.write(id, next, owed, out);
    }

    /// Source: 0.11.0.2 `TransactionStateManager.timedOutTransactions`.
    pub(super) fn abort_timed_out(&mut self, now: Instant, out: &mut Effects) {
        let is_late = |known: &Metadata| {
            let open = known.pending.is_none() && known.standing.state == TransactionState::Ongoing;
            open && known.standing.started.is_some_and(|at| at + known.standing.timeout < now)
        };
        let late: Vec<_> = self.ids.iter().filter(|(_, known)| is_late(known)).map(|(&id, _)| id).collect();
        for id in late {
            out.event(Event::TransactionTimedOut { broker: self.me, transaction: id });
            self.fence(id, Owed::Nobody, out);
        }
    }
}

impl Standing {
    /// The same, as it is decided how the transaction ends.
    fn ending(&self, commit: bool) -> Self {
        let state = if commit { TransactionState::PrepareCommit } else { TransactionState::PrepareAbort };
        Self { state, ..self.clone() }
    }
}
