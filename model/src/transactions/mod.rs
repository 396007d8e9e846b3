//! The coordinator of transactions, a part of a broker: it looks after the transactional ids whose partition of
//! `__transaction_state` the broker leads.
//!
//! A producer finds it by asking any broker. [`init`] gives it a session and fences the one before, [`partitions`] notes what
//! belongs to its transaction, [`end`] decides how that ends, and [`markers`] has the decision written to every partition. Each
//! change is written to `__transaction_state` ([`store`]) and takes effect once the in-sync replicas have it; the next leader of
//! that partition reads them back and goes on with what was decided ([`load`]).
//!
//! Source: KIP-98; 0.11.0.2, 2.0.0 and 3.9.0 `TransactionCoordinator`, `TransactionStateManager`, `TransactionMetadata`,
//! `TransactionMarkerChannelManager`; KIP-360, KIP-588, KIP-890.
//!
//! Left out: COORDINATOR_LOAD_IN_PROGRESS (loading takes one step here); that ids expire (and so KAFKA-9144); that completion is
//! written twice by a race of threads (KAFKA-10080); a new PID when `transaction.version=2` has used up all epochs.

mod end;
mod init;
mod load;
mod markers;
mod metadata;
mod partitions;
mod store;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::config::ClusterConfig;
use crate::coordinator::Asker;
use crate::event::Event;
use crate::ids::{BrokerId, CoordinatorEpoch, NodeId, ProducerId, RecordId, TopicPartition, TransactionalId};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, TransactionalInit, TransactionalProducer};
use crate::time::{Instant, Micros};

use markers::Markers;
use metadata::Metadata;
use store::Write;

pub use markers::MarkerRequest;
pub use store::{Append, Stored};

/// How long it waits before it tries again what went wrong. Kafka tries at once, held up by the backoff of its connections.
const RETRY_BACKOFF: Micros = Micros::from_millis(100);

/// What is asked of a coordinator of transactions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// A session, from a producer that starts or starts over.
    Init(TransactionalInit),
    /// Partitions are to belong to the transaction; or do they?
    AddPartitions {
        /// Whose transaction.
        producer: TransactionalProducer,
        /// Which, ascending.
        partitions: Vec<TopicPartition>,
        /// A leader that only asks.
        verify_only: bool,
    },
    /// A group's offsets are to belong to it.
    AddOffsets {
        /// Whose transaction.
        producer: TransactionalProducer,
        /// Where they are kept.
        partition: TopicPartition,
    },
    /// The transaction is to end.
    End {
        /// Whose transaction.
        producer: TransactionalProducer,
        /// How.
        commit: bool,
    },
}

/// Who waits for an answer, and to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Owed {
    /// The coordinator itself wants it.
    Nobody,
    /// A producer waits for its session.
    Init(Asker),
    /// A producer asked for a session, and the transaction of the session before has to be aborted first.
    Fence(Asker),
    /// Partitions were to be added.
    AddPartitions(Asker),
    /// A group was.
    AddOffsets(Asker),
    /// The transaction was to end.
    End(Asker),
}

/// A broker's coordinator of transactions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transactions {
    me: BrokerId,
    config: Arc<ClusterConfig>,
    /// The partitions of `__transaction_state` that it looks after, and in which epoch.
    led: BTreeMap<TopicPartition, CoordinatorEpoch>,
    /// Those that the broker leads and that are not loaded yet.
    postponed: BTreeSet<TopicPartition>,
    ids: BTreeMap<TransactionalId, Metadata>,
    /// What is to be written to `__transaction_state`, in order.
    writes: VecDeque<Write>,
    markers: Markers,
    /// When to look for transactions that have been open for too long.
    scan_at: Option<Instant>,
    /// The next number of a record.
    record_numbers: u32,
}

impl Transactions {
    /// The coordinator of a broker that has been started `incarnation` times before. It looks after no id yet.
    ///
    /// Numbers of records are of the upper half of what this life of the broker may give out; the coordinator of groups has the
    /// lower.
    pub fn new(me: BrokerId, config: Arc<ClusterConfig>, incarnation: u32) -> Self {
        Self {
            me,
            config,
            led: BTreeMap::new(),
            postponed: BTreeSet::new(),
            ids: BTreeMap::new(),
            writes: VecDeque::new(),
            markers: Markers::default(),
            scan_at: None,
            record_numbers: incarnation.wrapping_shl(20) | 1 << 19,
        }
    }

    /// Takes a request about an id that it coordinates. `fresh` is a PID that nobody has, if one is wanted (see
    /// [`wants_producer_id`](Self::wants_producer_id)) and the broker has one.
    pub fn handle(
        &mut self,
        now: Instant,
        asker: Asker,
        request: Request,
        fresh: Option<ProducerId>,
        out: &mut Effects,
    ) {
        match request {
            Request::Init(init) => self.on_init(asker, init, fresh, out),
            Request::AddPartitions { producer, partitions, verify_only: false } => {
                self.on_add(now, Owed::AddPartitions(asker), producer, partitions, out);
            }
            Request::AddPartitions { producer, partitions, verify_only: true } => {
                self.on_verify(asker, producer, &partitions, out);
            }
            Request::AddOffsets { producer, partition } => {
                self.on_add(now, Owed::AddOffsets(asker), producer, vec![partition], out);
            }
            Request::End { producer, commit } => self.on_end(now, asker, producer, commit, out),
        }
    }

    /// When it wants to be called next though nothing comes in.
    pub fn next_deadline(&self) -> Option<Instant> {
        Instant::first(self.scan_at, self.markers.next_deadline())
    }

    /// Whatever is due by now: transactions that have been open for too long, markers that are to be sent again.
    pub fn on_time(&mut self, now: Instant, out: &mut Effects) {
        if self.scan_at.is_some_and(|at| at <= now) {
            self.scan_at = Some(now + self.scan_interval());
            self.abort_timed_out(now, out);
        }
        if self.markers.next_deadline().is_some_and(|at| at <= now) {
            self.try_again(now);
        }
    }

    fn scan_interval(&self) -> Micros {
        Micros::from_millis(self.config.broker.transaction_cleanup_interval_ms)
    }

    /// The number of the next record that this broker writes for transactions.
    pub fn next_record_id(&mut self) -> RecordId {
        let id = RecordId::new(NodeId::from(self.me), self.record_numbers);
        self.record_numbers += 1;
        id
    }

    /// What a session is told that a newer one has replaced. Source: KIP-588, 2.7.0 `TransactionCoordinator`.
    fn fenced(&self) -> ErrorCode {
        if self.config.protocol.producer_fenced {
            ErrorCode::ProducerFenced
        } else {
            ErrorCode::InvalidProducerEpoch
        }
    }

    /// Tells whoever waits how it went, or that it went wrong.
    fn answer(&self, id: TransactionalId, owed: Owed, error: ErrorCode, out: &mut Effects) {
        let session = self.ids.get(&id).and_then(Metadata::session).filter(|_| error == ErrorCode::None);
        let (asker, body) = match owed {
            Owed::Nobody => return,
            Owed::Init(asker) => {
                let (producer, epoch) = session.unwrap_or_default();
                if error == ErrorCode::None {
                    let (broker, client) = (self.me, asker.node);
                    out.event(Event::ProducerInitialized {
                        broker,
                        client,
                        transaction: id,
                        producer,
                        epoch,
                    });
                }
                (asker, Body::InitProducerIdReply { error, id: producer, epoch })
            }
            // The producer asks again until the transaction before has been aborted.
            Owed::Fence(asker) => {
                let busy = ErrorCode::ConcurrentTransactions;
                let error = if error == ErrorCode::None { busy } else { error };
                return self.answer(id, Owed::Init(asker), error, out);
            }
            Owed::AddPartitions(asker) => (asker, Body::AddPartitionsToTxnReply { error }),
            Owed::AddOffsets(asker) => (asker, Body::AddOffsetsToTxnReply { error }),
            Owed::End(asker) => {
                let next = session.filter(|_| self.ends_epochs());
                (asker, Body::EndTxnReply { error, next })
            }
        };
        self.tell_refused(id, asker, error, out);
        asker.send(body, out);
    }

    fn tell_refused(&self, id: TransactionalId, asker: Asker, error: ErrorCode, out: &mut Effects) {
        if !matches!(error, ErrorCode::None | ErrorCode::ConcurrentTransactions) {
            let (broker, client) = (self.me, asker.node);
            out.event(Event::TransactionRefused { broker, client, transaction: id, error });
        }
    }
}

impl Request {
    /// Whose transaction it is about.
    pub fn id(&self) -> TransactionalId {
        match self {
            Self::Init(init) => init.id,
            Self::AddPartitions { producer, .. }
            | Self::AddOffsets { producer, .. }
            | Self::End { producer, .. } => producer.id,
        }
    }

    /// Refuses it.
    pub fn refuse(&self, asker: Asker, error: ErrorCode, out: &mut Effects) {
        let body = match self {
            Self::Init(_) => Body::InitProducerIdReply {
                error,
                id: ProducerId::default(),
                epoch: crate::ids::ProducerEpoch::default(),
            },
            Self::AddPartitions { .. } => Body::AddPartitionsToTxnReply { error },
            Self::AddOffsets { .. } => Body::AddOffsetsToTxnReply { error },
            Self::End { .. } => Body::EndTxnReply { error, next: None },
        };
        asker.send(body, out);
    }
}

#[cfg(test)]
mod tests;
