//! What a transactional producer asks its coordinator, one thing after the other.

use crate::client::network::Ask;
use crate::ids::{BrokerId, TopicPartition, TransactionalId};
use crate::machine::Effects;
use crate::message::{Body, CoordinatorKey, TransactionalInit, TransactionalProducer};
use crate::producer::idempotence::Session;
use crate::producer::{Producer, Request};
use crate::time::Instant;

use super::{Stage, Transactions};

/// A request of a transactional producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::producer) enum Asked {
    /// To any broker.
    FindCoordinator,
    Init,
    AddPartitions,
    AddOffsets,
    /// To any broker.
    FindGroupCoordinator,
    /// To the group's coordinator.
    CommitOffsets,
    End {
        /// Whether the transaction is to be committed.
        commit: bool,
    },
}

impl Transactions {
    /// Whether the application has asked for anything: it calls `initTransactions` when it begins its work, and not before.
    fn is_used(&self) -> bool {
        self.begun > 0 || !self.queued.is_empty()
    }

    /// What is to be asked next; sessions come before partitions, and those before the end.
    /// Source: 0.11.0.2 `TransactionManager.Priority`, `nextRequestHandler`.
    fn next(&mut self, session: Session, pending: u64) -> Option<Asked> {
        match session {
            Session::Missing { .. } => return self.is_used().then_some(Asked::Init),
            Session::Open { .. } => {}
            Session::Plain | Session::Asked | Session::Fenced(_) => return None,
        }
        if self.is_doomed() {
            self.partitions.forget_new();
            self.offsets.forget();
        }
        if self.partitions.has_new() {
            return Some(Asked::AddPartitions);
        }
        if matches!(self.stage, Stage::Open | Stage::Ending { .. })
            && let Some(next) = self.offsets.next()
        {
            return Some(next);
        }
        match self.stage {
            Stage::Ending { commit } if pending == 0 => Some(Asked::End { commit }),
            Stage::Ready | Stage::Open | Stage::Failed(_) | Stage::Ending { .. } | Stage::Fatal(_) => None,
        }
    }
}

impl Producer {
    /// Asks for what is needed next, if nothing is asked for yet. True if that was answered at once, without a request.
    pub(super) fn ask_for_transactions(&mut self, now: Instant, out: &mut Effects) -> bool {
        let (session, pending) = (self.session, self.pending);
        let Some(transactions) = self.transactions.as_mut().filter(|it| it.asked.is_none()) else {
            return false;
        };
        let Some(next) = transactions.next(session, pending) else { return false };
        if let Asked::End { commit } = next
            && (!transactions.is_started() || transactions.unknown)
        {
            // The coordinator knows nothing of it. Source: 0.11.0.2 `TransactionManager.nextRequestHandler`.
            self.transaction_ended(commit, now, out);
            return true;
        }
        let ask_at = match session {
            Session::Missing { ask_at } => ask_at.max(transactions.retry_at),
            Session::Plain | Session::Asked | Session::Open { .. } | Session::Fenced(_) => {
                transactions.retry_at
            }
        };
        if ask_at > now {
            self.net.wake.by(ask_at);
            return false;
        }
        let of_group = matches!(next, Asked::FindGroupCoordinator | Asked::CommitOffsets);
        let coordinator = if of_group { transactions.offsets.coordinator } else { transactions.coordinator };
        match coordinator {
            Some(coordinator) => self.ask_coordinator(coordinator, next, now, out),
            None => self.find_coordinator(of_group, now, out),
        }
        false
    }

    /// Source: 0.11.0.2 `TransactionManager.lookupCoordinator`.
    fn find_coordinator(&mut self, of_group: bool, now: Instant, out: &mut Effects) {
        let Some(transactions) = &mut self.transactions else { return };
        let own = CoordinatorKey::Transaction(transactions.id);
        let (asked, key) = match transactions.offsets.key().filter(|_| of_group) {
            Some(key) => (Asked::FindGroupCoordinator, key),
            None => (Asked::FindCoordinator, own),
        };
        let body = Body::FindCoordinatorRequest { key };
        if self.net.ask_anyone(now, Ask::Own(Request::Transactional(asked)), body, out) {
            transactions.asked = Some(asked);
        }
    }

    fn ask_coordinator(&mut self, coordinator: BrokerId, next: Asked, now: Instant, out: &mut Effects) {
        if !self.net.ready(coordinator, now, out) {
            return;
        }
        let Some(body) = self.transactional_request(next) else { return };
        self.net.send(coordinator, now, Ask::Own(Request::Transactional(next)), body, out);
        if next == Asked::Init {
            self.session = Session::Asked;
        }
        if let Some(transactions) = &mut self.transactions {
            transactions.asked = Some(next);
        }
    }

    fn transactional_request(&mut self, next: Asked) -> Option<Body> {
        let session = self.session;
        let transactions = self.transactions.as_mut()?;
        let id = transactions.id;
        let producer = || match session {
            Session::Open { id: producer, epoch } => Some(TransactionalProducer { id, producer, epoch }),
            Session::Plain | Session::Missing { .. } | Session::Asked | Session::Fenced(_) => None,
        };
        Some(match next {
            Asked::FindCoordinator | Asked::FindGroupCoordinator => return None,
            Asked::AddOffsets => transactions.offsets.add_request(producer()?)?,
            Asked::CommitOffsets => transactions.offsets.commit_request(producer()?)?,
            Asked::Init => {
                let timeout = transactions.timeout;
                let current = transactions.current.filter(|_| transactions.keeps_pid);
                Body::InitProducerIdRequest {
                    transactional: Some(TransactionalInit { id, timeout, current }),
                }
            }
            Asked::AddPartitions => Body::AddPartitionsToTxnRequest {
                producer: producer()?,
                partitions: transactions.partitions.ask(),
                verify_only: false,
            },
            Asked::End { commit } => Body::EndTxnRequest { producer: producer()?, commit },
        })
    }

    /// `transactional.id`, if it has one.
    pub(in crate::producer) fn transactional_id(&self) -> Option<TransactionalId> {
        self.transactions.as_ref().map(|transactions| transactions.id())
    }

    /// A record of a transactional producer goes to a partition.
    pub(in crate::producer) fn joins_transaction(&mut self, partition: TopicPartition) {
        if let Some(transactions) = &mut self.transactions {
            transactions.partitions.want(partition);
        }
    }

    /// Whether batches may leave for a partition: without transactions always.
    #[inline]
    pub(in crate::producer) fn is_in_transaction(&self, partition: TopicPartition) -> bool {
        self.transactions.as_ref().is_none_or(|transactions| transactions.partitions.holds(partition))
    }
}
