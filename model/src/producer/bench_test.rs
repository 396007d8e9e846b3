//! A producer driven by hand, for tests that say what comes in and when.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks at the few kinds that it is about")]

pub(super) use super::*;
pub(super) use crate::config::BrokerConfig;
pub(super) use crate::ids::{
    BrokerSet, CorrelationId, Offset, ProducerEpoch, ProducerId, RecordId, Sequence,
};
pub(super) use crate::message::{Metadata, PartitionState, ProducePartition, ProducedPartition};
pub(super) use crate::protocol::{DedupWindow, Preset, Switches, UnkeyedRule, UnknownProducer};

pub(super) const NODE: NodeId = NodeId(4);
pub(super) const ONE: BrokerId = BrokerId(1);
pub(super) const TWO: BrokerId = BrokerId(2);

/// Records, and if they failed: why, and whether they surely did.
pub(super) type Outcome = (Vec<u32>, Option<(ErrorCode, bool)>);

/// A producer with a clock and what it has said since it was last asked.
pub(super) struct Bench {
    pub(super) producer: Producer,
    pub(super) now: Instant,
    pub(super) requests: Vec<(BrokerId, CorrelationId, Body)>,
    pub(super) events: Vec<Event>,
    pub(super) sent: u32,
}

pub(super) fn settings(change: impl FnOnce(&mut ProducerConfig)) -> ProducerConfig {
    let mut settings = ProducerConfig { acks: Acks::All, retries: 3, ..ProducerConfig::default() };
    change(&mut settings);
    settings
}

pub(super) fn partition(partition: u16) -> TopicPartition {
    TopicPartition { topic: TopicId(0), partition }
}

pub(super) fn led_by(leaders: &[Option<BrokerId>]) -> Body {
    let state = |(place, leader): (usize, &Option<BrokerId>)| PartitionState {
        partition: partition(place as u16),
        leader: *leader,
        leader_epoch: Default::default(),
        isr: BrokerSet::EMPTY,
        partition_epoch: Default::default(),
        replicas: Vec::new(),
        ..PartitionState::default()
    };
    Body::MetadataReply(Arc::new(Metadata {
        live_brokers: [ONE, TWO].into_iter().collect(),
        partitions: leaders.iter().enumerate().map(state).collect(),
        broker_epochs: Vec::new(),
        shutting_down: BrokerSet::EMPTY,
    }))
}

impl Bench {
    /// A producer that has just been started in a cluster of two brokers.
    pub(super) fn started(settings: ProducerConfig) -> Self {
        Self::started_under(Switches::default(), settings)
    }

    /// The same under single switches that differ from those of 0.11.
    pub(super) fn started_under(switches: Switches, settings: ProducerConfig) -> Self {
        Self::started_as(None, switches, settings)
    }

    /// The same, as a transactional producer.
    pub(super) fn started_as(
        transactional: Option<TransactionalId>,
        switches: Switches,
        settings: ProducerConfig,
    ) -> Self {
        let config = Arc::new(ClusterConfig {
            protocol: Preset::V0_11Iv1.protocol().with(switches),
            brokers: 2,
            broker: BrokerConfig::default(),
            topics: Vec::new(),
            offsets_topic: None,
            offsets_partitions: Vec::new(),
            transactions_partitions: Vec::new(),
            transactions_topic: None,
        });
        let producer = Producer::new(ProducerSetup {
            node: NODE,
            life: 0,
            config,
            settings,
            counter_start: 0,
            chance: 0,
            transactional,
        });
        let mut bench =
            Self { producer, now: Instant::START, requests: Vec::new(), events: Vec::new(), sent: 0 };
        bench.input(Input::Start);
        bench
    }

    /// A producer that knows the leaders, has a PID if it wants one, and has connections to both brokers.
    pub(super) fn ready(settings: ProducerConfig, leaders: &[Option<BrokerId>]) -> Self {
        Self::ready_under(Switches::default(), settings, leaders)
    }

    /// The same under single switches that differ from those of 0.11.
    pub(super) fn ready_under(
        switches: Switches,
        settings: ProducerConfig,
        leaders: &[Option<BrokerId>],
    ) -> Self {
        let mut bench = Self::started_under(switches, settings);
        bench.answer_clerks(leaders);
        for broker in [ONE, TWO] {
            let mut out = Effects::default();
            bench.producer.net.ready(broker, bench.now, &mut out);
            bench.collect(out);
        }
        bench.answer_clerks(leaders);
        bench.events.clear();
        bench
    }

    pub(super) fn input(&mut self, input: Input) {
        let mut out = Effects::default();
        self.producer.handle(self.now, input, &mut out);
        self.collect(out);
    }

    pub(super) fn collect(&mut self, out: Effects) {
        for envelope in out.sends {
            let broker = envelope.to.as_broker(2).unwrap();
            self.requests.push((broker, envelope.message.correlation, envelope.message.body));
        }
        self.events.extend(out.events);
    }

    pub(super) fn answer(&mut self, broker: BrokerId, correlation: CorrelationId, body: Body) {
        self.input(Input::Message { from: broker.into(), message: Message { correlation, body } });
    }

    /// Answers all requests but produces, until none is left.
    pub(super) fn answer_clerks(&mut self, leaders: &[Option<BrokerId>]) {
        while let Some(at) =
            self.requests.iter().position(|(.., body)| !matches!(body, Body::ProduceRequest { .. }))
        {
            let (broker, correlation, body) = self.requests.remove(at);
            let reply = if body == Body::MetadataRequest {
                led_by(leaders)
            } else {
                Body::InitProducerIdReply {
                    error: ErrorCode::None,
                    id: ProducerId(u64::from(correlation.0)),
                    epoch: ProducerEpoch(0),
                }
            };
            self.answer(broker, correlation, reply);
        }
    }

    pub(super) fn send(&mut self, partition: u16) {
        let value = RecordId::new(NODE, self.sent);
        self.sent += 1;
        let record = Record { value, content: None, size_bytes: 100 };
        let command = Command::Send { topic: TopicId(0), partition: Some(partition), record };
        self.input(Input::Command(command));
    }

    /// Sends a record without a partition.
    pub(super) fn send_anywhere(&mut self) {
        let value = RecordId::new(NODE, self.sent);
        self.sent += 1;
        let record = Record { value, content: None, size_bytes: 100 };
        self.input(Input::Command(Command::Send { topic: TopicId(0), partition: None, record }));
    }

    /// The epochs that the producer has raised itself to since it was last asked.
    pub(super) fn bumps(&self) -> Vec<u16> {
        let epoch = |event: &Event| match event {
            Event::ProducerEpochBumped { epoch, .. } => Some(epoch.0),
            _ => None,
        };
        self.events.iter().filter_map(epoch).collect()
    }

    /// Lets time pass and wakes the producer whenever it asks for it.
    pub(super) fn pass(&mut self, millis: u64) {
        let end = self.now + Micros::from_millis(millis);
        while let Some(at) = self.producer.next_deadline().filter(|&at| at <= end) {
            self.now = self.now.max(at);
            self.input(Input::Deadline);
        }
        self.now = end;
    }

    /// The produces sent since it was last asked: to whom, under which correlation, which records of which partition.
    pub(super) fn produces(&mut self) -> Vec<Produce> {
        let mut produces = Vec::new();
        for (broker, correlation, body) in std::mem::take(&mut self.requests) {
            if let Body::ProduceRequest { partitions, .. } = body {
                produces.push(Produce { broker, correlation, partitions });
            } else {
                self.requests.push((broker, correlation, body));
            }
        }
        produces
    }

    /// The one produce sent since it was last asked.
    pub(super) fn produce(&mut self) -> Produce {
        let mut produces = self.produces();
        assert_eq!(produces.len(), 1, "{produces:?}");
        produces.remove(0)
    }

    pub(super) fn reply(&mut self, produce: &Produce, error: ErrorCode) {
        let base_offset = (error == ErrorCode::None).then_some(Offset(7));
        let answer =
            |part: &ProducePartition| ProducedPartition { partition: part.partition, error, base_offset };
        let partitions = produce.partitions.iter().map(answer).collect();
        self.answer(produce.broker, produce.correlation, Body::ProduceReply { partitions });
    }

    /// What sends came to since it was last asked.
    pub(super) fn outcomes(&mut self) -> Vec<Outcome> {
        let outcome = |event: Event| match event {
            Event::SendAcknowledged { records, .. } => Some((numbers(&records), None)),
            Event::SendFailed { records, error, definite, .. } => {
                Some((numbers(&records), Some((error, definite))))
            }
            _ => None,
        };
        std::mem::take(&mut self.events).into_iter().filter_map(outcome).collect()
    }
}

#[derive(Debug)]
pub(super) struct Produce {
    pub(super) broker: BrokerId,
    pub(super) correlation: CorrelationId,
    pub(super) partitions: Vec<ProducePartition>,
}

impl Produce {
    /// The records, by partition.
    pub(super) fn records(&self) -> Vec<(u16, Vec<u32>)> {
        let part = |part: &ProducePartition| (part.partition.partition, numbers(&part.batch.records));
        self.partitions.iter().map(part).collect()
    }
    /// The epoch and sequence of the first batch.
    pub(super) fn place(&self) -> (u16, u32) {
        let stamp = self.partitions[0].batch.producer.expect("the producer is idempotent");
        (stamp.epoch.0, stamp.base_sequence.0)
    }
    /// The PID and sequence of the first batch.
    pub(super) fn stamp(&self) -> Option<(ProducerId, Sequence)> {
        self.partitions[0].batch.producer.map(|stamp| (stamp.id, stamp.base_sequence))
    }
}

pub(super) fn numbers(records: &[Record]) -> Vec<u32> {
    records.iter().map(|record| record.value.number()).collect()
}

pub(super) fn failed(records: &[u32], error: ErrorCode, definite: bool) -> Outcome {
    (records.to_vec(), Some((error, definite)))
}

pub(super) fn acknowledged(records: &[u32]) -> Outcome {
    (records.to_vec(), None)
}

/// What raises epochs (2.5 and later).
pub(super) fn kip_360() -> Switches {
    Switches {
        epoch_bump: Some(true),
        unknown_producer: Some(UnknownProducer::AnySequence),
        ..Switches::default()
    }
}

pub(super) fn five_in_flight(settings: &mut ProducerConfig) {
    idempotent(settings);
    settings.max_in_flight = 5;
}

pub(super) fn idempotent(settings: &mut ProducerConfig) {
    settings.enable_idempotence = true;
    settings.max_in_flight = 1;
    settings.retries = i32::MAX as u32;
}
