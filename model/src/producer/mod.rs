//! The producer: chooses partitions, gathers batches, sends them, sends them again.
//!
//! It behaves as Kafka's Java client of 0.11.0.2 does (`KafkaProducer`, `RecordAccumulator`, `Sender`,
//! `TransactionManager`), with these differences: buffer.memory and max.request.size have no bound; nobody calls
//! `flush`; a record that has to wait for metadata holds up the later ones, as `KafkaProducer.send` blocks the
//! application, but max.block.ms counts from the moment at which the record was handed over.
//!
//! A record's way: `on_send` chooses the partition, the accumulator gathers batches, `send_to` fills requests,
//! `complete` takes the answers.

mod accumulator;
mod batch;
mod chance;
mod completion;
mod expiry;
mod idempotence;
mod in_flight;
mod partitioner;
mod queue;
mod recovery;
mod sender;
mod sequences;
mod transactions;
mod waiting;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::client::network::{Ask, Network, NetworkSettings};
use crate::config::{Acks, ClusterConfig, ProducerConfig};
use crate::event::Event;
use crate::ids::{BrokerId, NodeId, TopicId, TopicPartition, TransactionalId};
use crate::machine::{Command, Effects, Input, Machine};
use crate::message::{Body, ErrorCode, Message};
use crate::producer::accumulator::{Accumulator, Rules};
use crate::producer::batch::ProducerBatch;
use crate::producer::chance::Chance;
use crate::producer::idempotence::Session;
use crate::producer::in_flight::InFlightBatches;
use crate::producer::partitioner::Partitioner;
use crate::producer::queue::Readiness;
use crate::producer::transactions::{Asked, Transactions};
pub(crate) use crate::producer::transactions::{Offsets, Outcome};
use crate::producer::waiting::Waiting;
use crate::record::Record;
use crate::time::{Instant, Micros};
use crate::view::ClusterView;

/// What a producer is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProducerSetup {
    /// Its own node.
    pub node: NodeId,
    /// How many lives the node has had before.
    pub life: u32,
    /// The cluster that it writes to; all brokers are in bootstrap.servers.
    pub config: Arc<ClusterConfig>,
    /// Its settings, taken as they are.
    pub settings: ProducerConfig,
    /// Where the round of records without a key begins in each topic.
    pub counter_start: u32,
    /// What the sticky partitioners draw from: a producer's chance in one number.
    pub chance: u64,
    /// The number of `transactional.id`, if it is set.
    pub transactional: Option<TransactionalId>,
}

/// What a producer asks besides metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Request {
    InitProducerId,
    Produce,
    Transactional(Asked),
}

/// A producer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Producer {
    node: NodeId,
    acks: Acks,
    retries: u32,
    max_block: Micros,
    net: Network<Request>,
    session: Session,
    /// None unless it is a transactional producer.
    transactions: Option<Box<Transactions>>,
    partitioner: Partitioner,
    waiting: VecDeque<Waiting>,
    accumulator: Accumulator,
    in_flight: InFlightBatches,
    /// Whether some partition's sequences are unresolved or have to begin anew.
    unsettled: bool,
    /// Records handed over and neither answered nor given up.
    pending: u64,
    /// Whether `pending` has changed since it was shown.
    unseen: bool,
    /// Empty between steps; keeps its memory.
    scratch: Vec<ProducerBatch>,
}

impl Producer {
    /// A producer that has not been started.
    pub fn new(setup: ProducerSetup) -> Self {
        let ProducerSetup { node, life, config, settings, counter_start, chance, transactional } = setup;
        let mut rules = Rules::new(&settings, &config.protocol);
        rules.epoch_bump &= transactional.is_none();
        let transactions = transactional.map(|id| {
            let timeout = Micros::from_millis(settings.transaction_timeout_ms);
            Box::new(Transactions::new(id, timeout, config.protocol.epoch_bump, rules.linger))
        });
        Self {
            node,
            acks: settings.acks,
            retries: settings.retries,
            max_block: Micros::from_millis(settings.max_block_ms),
            net: Network::new(NetworkSettings {
                life,
                brokers: config.brokers,
                keeps_newer: config.protocol.positions_validated,
                request_timeout: rules.request_timeout,
                retry_backoff: rules.retry_backoff,
                metadata_max_age: Micros::from_millis(settings.metadata_max_age_ms),
                max_in_flight: settings.max_in_flight.max(1) as usize,
            }),
            session: Session::new(settings.enable_idempotence),
            transactions,
            partitioner: Partitioner::new(
                settings.partitioner_class,
                &config.protocol,
                counter_start,
                Chance::new(chance),
            ),
            waiting: VecDeque::new(),
            accumulator: Accumulator::new(rules),
            in_flight: InFlightBatches::new(config.brokers),
            unsettled: false,
            pending: 0,
            unseen: true,
            scratch: Vec::new(),
        }
    }

    /// Takes a record from the application. Source: 0.11.0.2 `KafkaProducer.doSend`.
    fn on_send(
        &mut self,
        now: Instant,
        topic: TopicId,
        partition: Option<u16>,
        record: Record,
        out: &mut Effects,
    ) {
        self.pending += 1;
        self.unseen = true;
        let chosen = if self.waiting.is_empty() { self.choose(topic, partition, &record) } else { None };
        let Some(chosen) = chosen else {
            self.wait(now, topic, partition, record, out);
            return;
        };
        self.accept(now, chosen, partition, record, out);
        if let Session::Fenced(error) = self.session {
            self.abort_all(error, out);
            return;
        }
        match self.net.metadata.leader(chosen) {
            Some(leader) if self.accumulator.readiness(chosen, now) == Readiness::Ready => {
                self.send_to(leader, now, out);
            }
            Some(_) => {}
            None => {
                self.net.metadata.want();
                self.net.refresh(now, out);
            }
        }
        self.schedule(chosen, now);
    }

    /// A partition that the application names wins if it is there.
    fn choose(&mut self, topic: TopicId, named: Option<u16>, record: &Record) -> Option<TopicPartition> {
        let Self { partitioner, net, accumulator, .. } = self;
        let partition = partitioner.choose(topic, named, record, &net.metadata, accumulator)?;
        Some(TopicPartition { topic, partition })
    }

    fn accept(
        &mut self,
        now: Instant,
        partition: TopicPartition,
        named: Option<u16>,
        record: Record,
        out: &mut Effects,
    ) {
        let (follows, bytes) = (self.partitioner.follows(named, &record), u64::from(record.size_bytes));
        out.event(Event::RecordSent { client: self.node, partition, record: record.clone() });
        self.joins_transaction(partition);
        self.accumulator.append(partition, record, now);
        if follows {
            self.partitioner.appended(partition, bytes, &self.net.metadata, &self.accumulator);
        }
    }

    fn on_message(&mut self, now: Instant, from: NodeId, message: Message, out: &mut Effects) {
        let Some(broker) = self.net.broker(from) else { return };
        let Some(ask) = self.net.answered(broker, message.correlation) else { return };
        match ask {
            Ask::Handshake => self.send_to(broker, now, out),
            Ask::Metadata => {
                let Body::MetadataReply(metadata) = message.body else { return };
                if self.net.take_metadata(broker, &metadata, now) {
                    self.release_waiting(now, out);
                    self.sweep(now, out);
                } else {
                    self.send_to(broker, now, out);
                }
            }
            Ask::Own(Request::InitProducerId) => {
                let Body::InitProducerIdReply { error, id, epoch } = message.body else { return };
                if error == ErrorCode::None {
                    self.begin_session(id, epoch);
                } else {
                    self.session = self.session_refused(error, now);
                }
                self.sweep(now, out);
            }
            Ask::Own(Request::Transactional(asked)) => {
                self.on_transactional_reply(asked, message.body, now, out);
            }
            Ask::Own(Request::Produce) => {
                let Body::ProduceReply { partitions } = message.body else { return };
                self.on_produce_reply(broker, message.correlation, &partitions, now, out);
            }
        }
        self.housekeep(now, out);
    }

    fn session_refused(&self, error: ErrorCode, now: Instant) -> Session {
        if error == ErrorCode::InvalidProducerEpoch {
            return Session::Fenced(error);
        }
        Session::Missing { ask_at: now + self.accumulator.rules.retry_backoff }
    }

    fn break_connection(&mut self, broker: BrokerId, now: Instant, out: &mut Effects) {
        let mut failed = Vec::new();
        self.net.disconnected(broker, now, &mut failed);
        if failed.contains(&Request::InitProducerId) {
            self.session = Session::Missing { ask_at: now + self.accumulator.rules.retry_backoff };
        }
        for request in failed {
            if let Request::Transactional(asked) = request {
                self.transactional_request_lost(asked, now, out);
            }
        }
        let mut batches = std::mem::take(&mut self.scratch);
        self.in_flight.take_all(broker, &mut batches);
        for batch in batches.drain(..) {
            self.complete(batch, ErrorCode::NetworkException, None, now, out);
        }
        self.scratch = batches;
    }

    /// Does all that is due and adds up the deadlines.
    fn sweep(&mut self, now: Instant, out: &mut Effects) {
        self.net.wake.clear();
        while let Some(broker) = self.net.timed_out(now) {
            self.break_connection(broker, now, out);
        }
        self.recover(now, out);
        self.give_up_waiting(now, out);
        self.housekeep(now, out);
        self.send_to_all(now, out);
        let freed = self.expire(now, out);
        let recovered = self.recover(now, out);
        self.housekeep(now, out);
        if freed || recovered {
            self.send_to_all(now, out);
        }
        self.net.arm();
        assert!(!self.net.wake.is_due(now), "a producer must not ask to be called again at the same moment");
    }

    fn send_to_all(&mut self, now: Instant, out: &mut Effects) {
        for broker in self.net.brokers() {
            self.send_to(broker, now, out);
        }
    }

    /// Asks for metadata and for a PID if it is time.
    fn housekeep(&mut self, now: Instant, out: &mut Effects) {
        self.net.refresh(now, out);
        match self.session {
            Session::Missing { .. } if self.transactions.is_some() => {}
            Session::Plain | Session::Asked | Session::Open { .. } => {}
            Session::Missing { ask_at } if ask_at > now => self.net.wake.by(ask_at),
            Session::Missing { .. } => {
                if let Some(broker) = self.net.least_loaded(now) {
                    let ask = Ask::Own(Request::InitProducerId);
                    self.net.send(broker, now, ask, Body::InitProducerIdRequest { transactional: None }, out);
                    self.session = Session::Asked;
                }
            }
            Session::Fenced(error) => self.abort_all(error, out),
        }
        self.serve_transactions(now, out);
    }

    /// Sees to it that a partition's queue is looked at in time.
    fn schedule(&mut self, partition: TopicPartition, now: Instant) {
        if !self.session.may_send() {
            return;
        }
        let rules = self.accumulator.rules;
        if let Some(at) = self.accumulator.queue(partition).and_then(|queue| queue.look_at(&rules, now)) {
            self.net.wake.by(at);
        }
    }
}

impl Machine for Producer {
    fn handle(&mut self, now: Instant, input: Input, out: &mut Effects) {
        match input {
            Input::Start => self.sweep(now, out),
            Input::Message { from, message } => self.on_message(now, from, message, out),
            Input::Disconnected(node) => {
                if let Some(broker) = self.net.broker(node) {
                    self.break_connection(broker, now, out);
                    self.sweep(now, out);
                }
            }
            Input::Deadline => {}
            Input::Command(command) if self.transactions.is_some() => {
                self.on_application(now, command, out);
            }
            Input::Command(Command::Send { topic, partition, record }) => {
                self.on_send(now, topic, partition, record, out);
            }
            Input::Command(
                Command::BeginTransaction
                | Command::CommitTransaction
                | Command::AbortTransaction
                | Command::Close
                | Command::ControlledShutdown
                | Command::Shutdown
                | Command::PreferredElection(_)
                | Command::CreatePartitions { .. },
            ) => {}
        }
        if self.net.wake.is_due(now) {
            self.sweep(now, out);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.net.wake.at()
    }

    fn show(&mut self, view: &mut ClusterView) {
        if !self.unseen {
            return;
        }
        if let Ok(place) = view.producers.binary_search_by_key(&self.node, |producer| producer.node) {
            let waiting = self.transactions.as_ref().map_or(0, |transactions| transactions.pending());
            view.producers[place].pending = self.pending + waiting;
            self.unseen = false;
        }
    }
}

#[cfg(test)]
mod bench_test;
#[cfg(test)]
mod delivery_timeout_test;
#[cfg(test)]
mod epoch_bump_test;
#[cfg(test)]
mod idempotence_test;
#[cfg(test)]
mod ordering_test;
#[cfg(test)]
mod retries_test;
#[cfg(test)]
mod sending_test;
