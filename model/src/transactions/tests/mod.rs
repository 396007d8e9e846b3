//! Three brokers that replicate to each other, driven by hand: what producers, groups and consumers ask, and what they hear.

mod ending_test;
mod failover_test;
mod late_test;
mod offsets_test;
mod sessions_test;

use std::collections::VecDeque;

use super::*;
use crate::broker::Broker;
use crate::config::{Acks, BrokerConfig, IsolationLevel, Topic};
use crate::event::EventKind;
use crate::ids::{
    BrokerSet, CorrelationId, GroupId, LeaderEpoch, Offset, PartitionEpoch, ProducerEpoch, Sequence, TopicId,
};
use crate::machine::{Input, Machine};
use crate::message::{
    Envelope, FetchPartition, FetchedPartition, Fetcher, Message, Metadata as Cluster, PartitionState,
    ProducePartition, TransactionState,
};
use crate::protocol::{Preset, Protocol};
use crate::record::{ProducerStamp, Record, RecordBatch};
use crate::storage::Storage;

const PAY: TransactionalId = TransactionalId(0);
const BILLING: GroupId = GroupId(0);
const OFFSETS: TopicPartition = TopicPartition { topic: TopicId(1), partition: 0 };
const STATE: TopicPartition = TopicPartition { topic: TopicId(2), partition: 0 };
const ANN: NodeId = NodeId(10);
const BOB: NodeId = NodeId(11);
const TIMEOUT: u64 = 20_000;

fn orders(partition: u16) -> TopicPartition {
    TopicPartition { topic: TopicId(0), partition }
}

fn config(protocol: Protocol) -> Arc<ClusterConfig> {
    let replicas = vec![BrokerId(1), BrokerId(2), BrokerId(3)];
    let broker = BrokerConfig {
        group_initial_rebalance_delay_ms: 0,
        replica_lag_time_max_ms: 6_000_000,
        zookeeper_session_timeout_ms: 6_000_000,
        ..BrokerConfig::default()
    };
    let topic = |partitions| Topic::new(1, false, vec![replicas.clone(); partitions]);
    Arc::new(ClusterConfig {
        offsets_topic: Some(OFFSETS.topic),
        offsets_partitions: vec![0],
        transactions_topic: Some(STATE.topic),
        transactions_partitions: vec![0],
        ..ClusterConfig::new(protocol, 3, broker, vec![topic(2), topic(1), topic(1)])
    })
}

/// What a consumer was told.
#[derive(Debug)]
struct Read {
    /// The numbers of the records that are no markers.
    values: Vec<u32>,
    aborted: Vec<(u64, u64)>,
    stable: u64,
}

struct Bench {
    /// Broker `b` at `b - 1`; none once it is dead.
    brokers: Vec<Option<Broker>>,
    states: Vec<PartitionState>,
    now: Instant,
    queue: VecDeque<(NodeId, Envelope)>,
    /// What clients were told since they last asked.
    told: Vec<(NodeId, Body)>,
    events: Vec<Event>,
    /// Requests of this kind stay on their way.
    held: Option<fn(&Body) -> bool>,
    kept_back: Vec<(NodeId, Envelope)>,
    asked: u32,
}

impl Bench {
    /// Broker 1 leads all but `orders-1`, which broker 2 leads.
    fn new(preset: Preset) -> Self {
        Self::of(preset.protocol())
    }

    fn of(protocol: Protocol) -> Self {
        let config = config(protocol);
        let broker = |id| Some(Broker::new(BrokerId(id), Arc::clone(&config), Storage::default()));
        let all: BrokerSet = [1, 2, 3].map(BrokerId).into_iter().collect();
        let state = |(partition, leader)| PartitionState {
            partition,
            leader: Some(BrokerId(leader)),
            isr: all,
            replicas: all.iter().collect(),
            ..PartitionState::default()
        };
        let mut bench = Self {
            brokers: [1, 2, 3].map(broker).into_iter().collect(),
            states: [(orders(0), 1), (orders(1), 2), (OFFSETS, 1), (STATE, 1)].map(state).to_vec(),
            now: Instant::START,
            queue: VecDeque::new(),
            told: Vec::new(),
            events: Vec::new(),
            held: None,
            kept_back: Vec::new(),
            asked: 0,
        };
        for id in 1..=3 {
            bench.give(id, Input::Start);
        }
        bench.notify();
        bench
    }

    fn give(&mut self, broker: u16, input: Input) {
        let Some(Some(machine)) = self.brokers.get_mut(usize::from(broker) - 1) else { return };
        let mut out = Effects::default();
        machine.handle(self.now, input, &mut out);
        self.queue.extend(out.sends.into_iter().map(|envelope| (NodeId(broker), envelope)));
        self.events.append(&mut out.events);
    }

    fn hear(&mut self, broker: u16, from: NodeId, body: Body) {
        self.asked += 1;
        let message = Message { correlation: CorrelationId(self.asked), body };
        self.give(broker, Input::Message { from, message });
    }

    /// Lets all arrive that is on its way.
    fn settle(&mut self) {
        while let Some((from, envelope)) = self.queue.pop_front() {
            if self.held.is_some_and(|held| held(&envelope.message.body)) {
                self.kept_back.push((from, envelope));
            } else if envelope.to.0 > 3 {
                self.told.push((envelope.to, envelope.message.body));
            } else if envelope.to != NodeId::CONTROLLER {
                self.give(envelope.to.0, Input::Message { from, message: envelope.message });
            }
        }
    }

    fn hold(&mut self, held: fn(&Body) -> bool) {
        self.held = Some(held);
    }

    fn let_go(&mut self) {
        self.held = None;
        self.queue.extend(std::mem::take(&mut self.kept_back));
        self.settle();
    }

    /// Goes on to this time, in steps of 100 ms.
    fn at(&mut self, millis: u64) {
        while self.now < Instant::from_millis(millis) {
            self.now += Micros::from_millis(100);
            for broker in 1..=3 {
                self.give(broker, Input::Deadline);
            }
            self.settle();
        }
    }

    fn pass(&mut self, millis: u64) {
        self.at(self.now.0 / 1_000 + millis);
    }

    /// The controller tells all.
    fn notify(&mut self) {
        let dead = |id: &BrokerId| self.brokers[usize::from(id.0) - 1].is_none();
        let live_brokers = [1, 2, 3].map(BrokerId).into_iter().filter(|id| !dead(id)).collect();
        let metadata =
            Arc::new(Cluster { live_brokers, partitions: self.states.clone(), ..Cluster::default() });
        for id in 1..=3 {
            self.hear(id, NodeId::CONTROLLER, Body::UpdateMetadataRequest(Arc::clone(&metadata)));
            let partitions = self.states.clone();
            self.hear(id, NodeId::CONTROLLER, Body::LeaderAndIsrRequest { partitions });
        }
        self.settle();
    }

    /// A broker dies, and another takes over what it led.
    fn crash(&mut self, dead: u16, successor: u8) {
        self.brokers[usize::from(dead) - 1] = None;
        self.queue.retain(|(from, envelope)| from.0 != dead && envelope.to.0 != dead);
        for state in &mut self.states {
            state.isr = state.isr.without(BrokerId(dead as u8));
            state.partition_epoch = PartitionEpoch(state.partition_epoch.0 + 1);
            if state.leader == Some(BrokerId(dead as u8)) {
                state.leader = Some(BrokerId(successor));
            }
            state.leader_epoch = LeaderEpoch(state.leader_epoch.0 + 1);
        }
        for id in 1..=3 {
            self.give(id, Input::Disconnected(NodeId(dead)));
        }
        self.notify();
        self.pass(3_000);
    }

    fn leader(&self, partition: TopicPartition) -> u16 {
        let state = self.states.iter().find(|state| state.partition == partition);
        u16::from(state.and_then(|state| state.leader).expect("somebody leads").0)
    }

    /// A client asks, and is told if an answer comes.
    fn ask<T>(
        &mut self,
        of: TopicPartition,
        from: NodeId,
        body: Body,
        read: impl Fn(&Body) -> Option<T>,
    ) -> Option<T> {
        self.told.clear();
        self.hear(self.leader(of), from, body);
        self.settle();
        self.answer(from, read)
    }

    fn answer<T>(&self, client: NodeId, read: impl Fn(&Body) -> Option<T>) -> Option<T> {
        self.told.iter().filter(|(to, _)| *to == client).filter_map(|(_, body)| read(body)).next()
    }

    fn try_init(&mut self, client: NodeId, timeout: u64) -> (ErrorCode, TransactionalProducer) {
        let init = TransactionalInit { id: PAY, timeout: Micros::from_millis(timeout), current: None };
        let body = Body::InitProducerIdRequest { transactional: Some(init) };
        let read = |body: &Body| {
            let Body::InitProducerIdReply { error, id, epoch } = *body else { return None };
            Some((error, TransactionalProducer { id: PAY, producer: id, epoch }))
        };
        self.ask(STATE, client, body, read).expect("an init is answered")
    }

    fn init(&mut self, client: NodeId) -> TransactionalProducer {
        let (error, session) = self.try_init(client, TIMEOUT);
        assert_eq!(error, ErrorCode::None);
        session
    }

    fn add(&mut self, producer: TransactionalProducer, partitions: &[TopicPartition]) -> ErrorCode {
        let partitions = partitions.to_vec();
        let body = Body::AddPartitionsToTxnRequest { producer, partitions, verify_only: false };
        let read = |body: &Body| {
            let Body::AddPartitionsToTxnReply { error } = body else { return None };
            Some(*error)
        };
        self.ask(STATE, ANN, body, read).expect("it is answered")
    }

    fn end_told(body: &Body) -> Option<(ErrorCode, Option<(ProducerId, ProducerEpoch)>)> {
        let Body::EndTxnReply { error, next } = *body else { return None };
        Some((error, next))
    }

    fn end(&mut self, producer: TransactionalProducer, commit: bool) -> ErrorCode {
        let body = Body::EndTxnRequest { producer, commit };
        self.ask(STATE, ANN, body, Self::end_told).expect("it is answered").0
    }

    /// Ends a transaction, and returns as what the producer goes on.
    fn end_epoch(&mut self, producer: TransactionalProducer, commit: bool) -> TransactionalProducer {
        let body = Body::EndTxnRequest { producer, commit };
        let (error, next) = self.ask(STATE, ANN, body, Self::end_told).expect("it is answered");
        assert_eq!(error, ErrorCode::None);
        let (id, epoch) = next.unwrap_or((producer.producer, producer.epoch));
        TransactionalProducer { producer: id, epoch, ..producer }
    }

    fn produce_request(
        of: TransactionalProducer,
        partition: TopicPartition,
        sequence: u32,
        value: u32,
    ) -> Body {
        let stamp = ProducerStamp {
            id: of.producer,
            epoch: of.epoch,
            base_sequence: Sequence(sequence),
            transactional: true,
        };
        let record = Record { value: RecordId::new(ANN, value), content: None, size_bytes: 100 };
        let batch = RecordBatch { producer: Some(stamp), records: Arc::new([record]) };
        Body::ProduceRequest {
            acks: Acks::All,
            timeout: Micros::from_millis(30_000),
            transactional: Some(of.id),
            partitions: vec![ProducePartition { partition, batch }],
        }
    }

    fn produced(body: &Body) -> Option<ErrorCode> {
        let Body::ProduceReply { partitions } = body else { return None };
        Some(partitions[0].error)
    }

    fn produce(
        &mut self,
        of: TransactionalProducer,
        partition: TopicPartition,
        sequence: u32,
        value: u32,
    ) -> ErrorCode {
        let body = Self::produce_request(of, partition, sequence, value);
        self.ask(partition, ANN, body, Self::produced).expect("it is answered")
    }

    fn fetch_request(partition: TopicPartition, offset: u64, isolation: IsolationLevel, wait: u64) -> Body {
        let partition = FetchPartition {
            partition,
            offset: Offset(offset),
            max_bytes: 1 << 20,
            current_epoch: None,
            last_epoch: None,
        };
        Body::FetchRequest {
            fetcher: Fetcher::Consumer,
            broker_epoch: None,
            max_wait: Micros::from_millis(wait),
            min_bytes: 1,
            isolation,
            partitions: vec![partition],
        }
    }

    fn fetched(body: &Body) -> Option<FetchedPartition> {
        let Body::FetchReply { partitions } = body else { return None };
        Some(partitions[0].clone())
    }

    fn read(&mut self, partition: TopicPartition, isolation: IsolationLevel) -> Read {
        let body = Self::fetch_request(partition, 0, isolation, 0);
        let fetched = self.ask(partition, BOB, body, Self::fetched).expect("it is answered at once");
        let data = fetched.batches.iter().filter(|batch| batch.marker().is_none());
        let values = data.flat_map(|batch| batch.records.iter()).map(|record| record.value.number());
        Read {
            values: values.collect(),
            aborted: fetched.aborted.iter().map(|it| (it.producer.0, it.first_offset.0)).collect(),
            stable: fetched.last_stable_offset.0,
        }
    }

    fn committed(&mut self, partition: TopicPartition) -> Read {
        self.read(partition, IsolationLevel::ReadCommitted)
    }

    fn saw(&self, kind: EventKind) -> bool {
        self.events.iter().any(|event| event.kind() == kind)
    }

    fn moves(&self) -> Vec<TransactionState> {
        let moved = |event: &Event| {
            let Event::TransactionMoved { state, .. } = event else { return None };
            Some(*state)
        };
        self.events.iter().filter_map(moved).collect()
    }
}

fn is_marker(body: &Body) -> bool {
    matches!(body, Body::WriteTxnMarkersRequest { .. })
}
