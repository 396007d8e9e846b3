//! A transactional producer: what its application asks for, and how far its transaction is.
//!
//! Source: KIP-98; 0.11.0.2 and 2.5.0 `TransactionManager`, `Sender.maybeSendTransactionalRequest`; 3.9.0 for errors.
//!
//! The application has one thread. It waits for its PID and for the end of a transaction, without a bound: `max.block.ms`
//! does not end these waits here. Once it learns that something of its transaction failed, it aborts. Where Kafka's producer
//! before KIP-360 cannot go on after a lost sequence and has to be made anew, this one begins a new session at once, as the new
//! one would.

mod offsets;
mod partitions;
mod replies;
mod requests;

use std::collections::VecDeque;

use crate::event::Event;
use crate::ids::{BrokerId, ProducerEpoch, ProducerId, TransactionalId};
use crate::machine::{Command, Effects};
use crate::message::ErrorCode;
use crate::producer::Producer;
use crate::producer::idempotence::Session;
use crate::producer::recovery::forget_sequences;
use crate::time::{Instant, Micros};

pub(crate) use offsets::{Offsets, Outcome};
pub(super) use requests::Asked;

use offsets::OffsetsOfTransaction;
use partitions::Partitions;

/// How far a producer's transaction is. Source: 0.11.0.2 `TransactionManager.State`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// None is open.
    Ready,
    /// One is open.
    Open,
    /// Something of it failed; all that can be done is to abort it.
    Failed(ErrorCode),
    /// It is to be ended as soon as all that was sent is answered.
    Ending {
        /// Whether it is to be committed.
        commit: bool,
    },
    /// Nothing can be done any more.
    Fatal(ErrorCode),
}

/// What a transactional producer knows beyond an idempotent one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Transactions {
    id: TransactionalId,
    timeout: Micros,
    /// It raises its epoch to recover, and says which one it has. Source: KIP-360.
    keeps_pid: bool,
    coordinator: Option<BrokerId>,
    /// The one request of its transactions that is on its way. Source: 0.11.0.2
    /// `TransactionManager.inFlightRequestCorrelationId`.
    asked: Option<Asked>,
    /// After an error nothing is asked before this moment.
    retry_at: Instant,
    /// Its session, or the one that it had last.
    current: Option<(ProducerId, ProducerEpoch)>,
    stage: Stage,
    /// How many transactions the application has begun in this life.
    begun: u32,
    partitions: Partitions,
    offsets: OffsetsOfTransaction,
    /// How the latest transaction went, until somebody asks.
    outcome: Option<Outcome>,
    /// The session has to begin anew when the transaction is over.
    renew: bool,
    /// The coordinator does not know the PID: there is nothing that could be ended.
    unknown: bool,
    /// linger.ms while nothing has to leave at once.
    linger: Micros,
    /// What the application asks for once it need not wait any more.
    queued: VecDeque<Command>,
}

impl Transactions {
    pub(super) fn new(id: TransactionalId, timeout: Micros, keeps_pid: bool, linger: Micros) -> Self {
        Self {
            id,
            timeout,
            keeps_pid,
            coordinator: None,
            asked: None,
            retry_at: Instant::START,
            current: None,
            stage: Stage::Ready,
            begun: 0,
            partitions: Partitions::default(),
            offsets: OffsetsOfTransaction::default(),
            outcome: None,
            renew: false,
            unknown: false,
            linger,
            queued: VecDeque::new(),
        }
    }

    /// `transactional.id`.
    pub(super) fn id(&self) -> TransactionalId {
        self.id
    }

    /// The number of the open transaction.
    fn number(&self) -> u32 {
        self.begun.saturating_sub(1)
    }

    /// What the application waits for, counted with the records that wait for their answers.
    pub(super) fn pending(&self) -> u64 {
        self.queued.len() as u64 + u64::from(matches!(self.stage, Stage::Ending { .. }))
    }

    /// Whether the coordinator knows of anything that belongs to it: whether it has a transaction that could be ended.
    fn is_started(&self) -> bool {
        self.partitions.is_started() || self.offsets.added
    }

    /// Whether the transaction goes on to its end as aborted, or can only do so.
    fn is_doomed(&self) -> bool {
        matches!(self.stage, Stage::Failed(_) | Stage::Ending { commit: false })
    }
}

impl Producer {
    /// The application of a transactional producer asks for something.
    pub(super) fn on_application(&mut self, now: Instant, command: Command, out: &mut Effects) {
        if let Some(transactions) = &mut self.transactions {
            transactions.queued.push_back(command);
            self.serve_transactions(now, out);
        }
    }

    /// Does what the application has asked for as far as it need not wait, and asks the coordinator for what is needed.
    pub(super) fn serve_transactions(&mut self, now: Instant, out: &mut Effects) {
        if self.transactions.is_none() {
            return;
        }
        loop {
            while let Some(command) = self.next_command() {
                self.obey(now, command, out);
            }
            self.drop_doomed(out);
            if !self.ask_for_transactions(now, out) {
                break;
            }
        }
        self.unseen = true;
    }

    /// The next command, if the application does not wait for anything.
    fn next_command(&mut self) -> Option<Command> {
        let waits = matches!(self.session, Session::Missing { .. } | Session::Asked);
        let transactions = self.transactions.as_mut()?;
        if waits || matches!(transactions.stage, Stage::Ending { .. }) {
            return None;
        }
        transactions.queued.pop_front()
    }

    fn obey(&mut self, now: Instant, command: Command, out: &mut Effects) {
        match command {
            Command::Send { topic, partition, record } => {
                let stage = self.transactions.as_ref().map(|transactions| transactions.stage);
                match stage {
                    Some(Stage::Failed(error)) => self.refuse_record(topic, partition, record, error, out),
                    Some(Stage::Ready) => {
                        self.refuse_record(topic, partition, record, ErrorCode::InvalidTxnState, out);
                    }
                    Some(Stage::Fatal(error)) => self.refuse_record(topic, partition, record, error, out),
                    Some(Stage::Open | Stage::Ending { .. }) | None => {
                        self.on_send(now, topic, partition, record, out);
                    }
                }
            }
            Command::BeginTransaction => self.begin_transaction(out),
            Command::CommitTransaction => self.end_transaction(true, now, out),
            Command::AbortTransaction => self.end_transaction(false, now, out),
            Command::Close
            | Command::Shutdown
            | Command::ControlledShutdown
            | Command::PreferredElection(_)
            | Command::CreatePartitions { .. } => {}
        }
    }

    fn begin_transaction(&mut self, out: &mut Effects) {
        let Some(transactions) = &mut self.transactions else { return };
        if transactions.stage == Stage::Ready {
            transactions.stage = Stage::Open;
            let number = transactions.begun;
            transactions.begun += 1;
            let (client, transaction) = (self.node, transactions.id);
            out.event(Event::TransactionBegun { client, transaction, number });
        }
    }

    /// All that waits leaves at once. An application whose transaction has failed learns of it here and aborts.
    /// Source: 0.11.0.2 `TransactionManager.beginCommit`, `beginAbort`, `RecordAccumulator.beginFlush`.
    fn end_transaction(&mut self, commit: bool, now: Instant, out: &mut Effects) {
        let client = self.node;
        let Some(transactions) = &mut self.transactions else { return };
        let failed = match transactions.stage {
            Stage::Open => None,
            Stage::Failed(error) => Some(error),
            Stage::Ready | Stage::Ending { .. } | Stage::Fatal(_) => return,
        };
        transactions.stage = Stage::Ending { commit: commit && failed.is_none() };
        if let Some(error) = failed.filter(|_| commit) {
            let (transaction, number) = (transactions.id, transactions.number());
            out.event(Event::TransactionFailed { client, transaction, number, error });
        }
        self.accumulator.rules.linger = Micros(0);
        self.drop_doomed(out);
        self.send_to_all(now, out);
    }

    /// Gives up what has never left of a transaction that will be aborted. What has left is brought to its end.
    /// Source: 2.5.0 `RecordAccumulator.abortUndrainedBatches`.
    fn drop_doomed(&mut self, out: &mut Effects) {
        let Some(transactions) = self.transactions.as_ref().filter(|transactions| transactions.is_doomed())
        else {
            return;
        };
        let error = match transactions.stage {
            Stage::Failed(error) => error,
            Stage::Ready | Stage::Open | Stage::Ending { .. } | Stage::Fatal(_) => {
                ErrorCode::TransactionAbortable
            }
        };
        self.refuse_waiting(error, out);
        let mut dropped = Vec::new();
        for (partition, queue) in self.accumulator.queues_mut() {
            queue.take_unstamped(partition, &mut dropped);
        }
        for batch in dropped {
            self.tell_failed(batch, error, out);
        }
    }

    /// The transaction has ended; the application goes on.
    fn transaction_ended(&mut self, commit: bool, now: Instant, out: &mut Effects) {
        let client = self.node;
        let Some(transactions) = &mut self.transactions else { return };
        let (transaction, number) = (transactions.id, transactions.number());
        out.event(Event::TransactionEnded { client, transaction, number, commit });
        transactions.stage = Stage::Ready;
        transactions.partitions = Partitions::default();
        transactions.offsets.clear();
        transactions.outcome = Some(if commit { Outcome::Committed } else { Outcome::Aborted });
        transactions.unknown = false;
        self.accumulator.rules.linger = transactions.linger;
        if std::mem::take(&mut transactions.renew) {
            self.session = Session::Missing { ask_at: now };
        }
    }

    // ---- what fails ----

    /// A batch was given up after it had left. Source: 0.11.0.2 `Sender.failBatch`, 2.5.0
    /// `TransactionManager.handleFailedBatch`; since 2.7 (KIP-588) a leader's word that the epoch is old need not mean that the
    /// producer was fenced: its coordinator may have raised the epoch to abort.
    pub(super) fn batch_of_transaction_failed(&mut self, error: ErrorCode, out: &mut Effects) {
        let Some(transactions) = &mut self.transactions else { return };
        let fenced = error == ErrorCode::ProducerFenced
            || error == ErrorCode::InvalidProducerEpoch && !transactions.keeps_pid;
        if fenced {
            self.transactions_are_over(error, out);
        }
    }

    /// The application was told that records failed: their transaction must be aborted.
    /// Source: 0.11.0.2 `TransactionManager.transitionToAbortableError`.
    ///
    /// If any of them may have left, the sequences of their partition are lost.
    pub(super) fn transaction_failed(&mut self, error: ErrorCode, left: bool, out: &mut Effects) {
        let client = self.node;
        let Some(transactions) = &mut self.transactions else { return };
        transactions.renew |= left;
        match transactions.stage {
            Stage::Open => transactions.stage = Stage::Failed(error),
            Stage::Ending { commit: true } => {
                let (transaction, number) = (transactions.id, transactions.number());
                out.event(Event::TransactionFailed { client, transaction, number, error });
                transactions.stage = Stage::Ending { commit: false };
            }
            Stage::Ready | Stage::Failed(_) | Stage::Ending { commit: false } | Stage::Fatal(_) => {}
        }
    }

    /// Nothing can be done any more, mostly because a newer session has taken this one's place.
    /// Source: 0.11.0.2 `TransactionManager.transitionToFatalError`.
    fn transactions_are_over(&mut self, error: ErrorCode, out: &mut Effects) {
        let client = self.node;
        self.session = Session::Fenced(error);
        let Some(transactions) = &mut self.transactions else { return };
        let before = std::mem::replace(&mut transactions.stage, Stage::Fatal(error));
        transactions.outcome = Some(Outcome::Over);
        let (transaction, number) = (transactions.id, transactions.number());
        if matches!(error, ErrorCode::ProducerFenced | ErrorCode::InvalidProducerEpoch) {
            out.event(Event::ProducerFenced { client, transaction, error });
        }
        if matches!(before, Stage::Open | Stage::Failed(_) | Stage::Ending { .. }) {
            out.event(Event::TransactionFailed { client, transaction, number, error });
        }
    }

    /// A session of the transactional id begins, with sequences from 0.
    fn begin_transactional_session(&mut self, id: ProducerId, epoch: ProducerEpoch) {
        self.session = Session::Open { id, epoch };
        forget_sequences(&mut self.accumulator);
        if let Some(transactions) = &mut self.transactions {
            transactions.current = Some((id, epoch));
        }
    }
}

#[cfg(test)]
mod transactions_test;
