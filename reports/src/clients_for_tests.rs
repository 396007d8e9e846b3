//! Clients that say what a test has them say.

use std::sync::Arc;

use highwater_model::config::{
    Acks, AutoOffsetReset, BrokerConfig, ClusterConfig, ConsumerConfig, ProducerConfig, Topic,
};
use highwater_model::event::{Event, Step, StepId};
use highwater_model::ids::{
    BrokerId, BrokerSet, GroupId, LeaderEpoch, NodeId, Offset, RecordId, TopicId, TopicPartition,
};
use highwater_model::message::{ErrorCode, PartitionState};
use highwater_model::names::Names;
use highwater_model::protocol::Preset;
use highwater_model::record::{Batch, Record};
use highwater_model::time::Instant;
use highwater_model::view::{BrokerView, ClusterView, PartitionView, ReplicaView, Role};

use crate::clients::{Reader, Writer};
use crate::expect::Expect;
use crate::panel::PanelSetup;

/// The producer of the tests.
pub(crate) const SHOP: NodeId = NodeId(4);
/// The consumer of the tests.
pub(crate) const BILLING: NodeId = NodeId(5);
/// `orders-0`.
pub(crate) const ORDERS: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };

pub(crate) fn names() -> Names {
    Names {
        topics: vec!["orders".to_owned()],
        groups: vec!["billing".to_owned()],
        nodes: ["controller", "broker-1", "broker-2", "broker-3", "shop", "billing-0"]
            .map(str::to_owned)
            .to_vec(),
        faults: Vec::new(),
        brokers: 3,
    }
}

/// Three brokers, one topic with clean election, one producer and one group that reads from the start.
pub(crate) fn setup(acks: Acks) -> PanelSetup {
    let protocol = Preset::V0_11Iv1.protocol();
    let topic = Topic {
        min_insync_replicas: 2,
        unclean_leader_election_enable: false,
        assignment: vec![vec![BrokerId(1), BrokerId(2), BrokerId(3)]],
        ack_strategy: Default::default(),
        service_rate: None,
    };
    let earliest = ConsumerConfig { auto_offset_reset: AutoOffsetReset::Earliest, ..Default::default() };
    PanelSetup {
        scenario: "ack-lost".into(),
        story: "The leader dies before it answers.".into(),
        protocol,
        switches: Default::default(),
        overrides: Arc::new([]),
        swarm: None,
        seed: 7,
        names: Arc::new(names()),
        config: Arc::new(ClusterConfig {
            protocol,
            brokers: 3,
            broker: BrokerConfig::default(),
            topics: vec![topic],
            offsets_topic: None,
            offsets_partitions: Vec::new(),
            transactions_partitions: Vec::new(),
            transactions_topic: None,
        }),
        producers: [Writer {
            node: SHOP,
            settings: ProducerConfig { acks, ..Default::default() },
            topic: TopicId(0),
            partition: None,
        }]
        .into(),
        groups: [Reader {
            group: GroupId(0),
            topics: vec![TopicId(0)],
            settings: earliest,
            members: Vec::new(),
            commit: Default::default(),
            takes_time: false,
            max_lag: None,
        }]
        .into(),
        expect: Arc::new(Expect::default()),
    }
}

/// The same with the topic's `unclean.leader.election.enable`.
pub(crate) fn unclean(mut setup: PanelSetup) -> PanelSetup {
    Arc::make_mut(&mut setup.config).topics[0].unclean_leader_election_enable = true;
    setup
}

/// A leader of `orders-0` from outside its ISR.
pub(crate) fn unclean_election() -> Event {
    let (broker, epoch, isr) = (BrokerId(2), LeaderEpoch(1), BrokerSet::from_iter([BrokerId(2)]));
    Event::LeaderElected { partition: ORDERS, broker, epoch, isr, unclean: true }
}

/// The same with an idempotent producer.
pub(crate) fn idempotent(mut setup: PanelSetup) -> PanelSetup {
    let mut producers = setup.producers.to_vec();
    producers[0].settings.enable_idempotence = true;
    setup.producers = producers.into();
    setup
}

/// The `id`th step, at as many milliseconds.
pub(crate) fn step(id: u64, node: NodeId) -> Step {
    Step { id: StepId(id), cause: StepId(id.saturating_sub(1)), at: Instant::from_millis(id), node }
}

pub(crate) fn record(number: u32) -> Record {
    Record { value: RecordId::new(SHOP, number), content: None, size_bytes: 100 }
}

fn records(numbers: &[u32]) -> Arc<[Record]> {
    numbers.iter().map(|&number| record(number)).collect()
}

pub(crate) fn batch(base_offset: u64, numbers: &[u32]) -> Arc<Batch> {
    Arc::new(Batch {
        base_offset: Offset(base_offset),
        leader_epoch: LeaderEpoch(0),
        producer: None,
        records: records(numbers),
    })
}

pub(crate) fn sent(number: u32) -> Event {
    Event::RecordSent { client: SHOP, partition: ORDERS, record: record(number) }
}

pub(crate) fn acknowledged(base_offset: u64, numbers: &[u32]) -> Event {
    let base_offset = Some(Offset(base_offset));
    Event::SendAcknowledged { client: SHOP, partition: ORDERS, base_offset, records: records(numbers) }
}

/// As a producer with acks=0 says it.
pub(crate) fn hoped(numbers: &[u32]) -> Event {
    Event::SendAcknowledged { client: SHOP, partition: ORDERS, base_offset: None, records: records(numbers) }
}

pub(crate) fn timed_out(numbers: &[u32]) -> Event {
    Event::SendFailed {
        client: SHOP,
        partition: ORDERS,
        records: records(numbers),
        error: ErrorCode::RequestTimedOut,
        definite: false,
    }
}

pub(crate) fn polled(base_offset: u64, numbers: &[u32]) -> Event {
    Event::RecordsPolled {
        client: BILLING,
        group: GroupId(0),
        partition: ORDERS,
        from: Offset(base_offset),
        batch: batch(base_offset, numbers),
    }
}

/// `orders-0` as broker 1 leads it and all brokers hold it, with this log and high watermark.
pub(crate) fn led(log: &[Arc<Batch>], high_watermark: u64) -> ClusterView {
    let replicas = vec![BrokerId(1), BrokerId(2), BrokerId(3)];
    let replica = |broker| ReplicaView {
        broker,
        role: if broker == BrokerId(1) { Role::Leader } else { Role::Follower },
        leader: Some(BrokerId(1)),
        high_watermark: Offset(high_watermark),
        log_end: log.last().map_or(Offset::ZERO, |batch| batch.end_offset()),
        log: log.to_vec(),
        ..Default::default()
    };
    let views = replicas.iter().copied().map(replica).collect();
    let controller = PartitionState {
        partition: ORDERS,
        leader: Some(BrokerId(1)),
        leader_epoch: LeaderEpoch(0),
        isr: replicas.iter().copied().collect(),
        partition_epoch: Default::default(),
        replicas,
        ..PartitionState::default()
    };
    let partition =
        PartitionView { controller, min_insync_replicas: 2, unclean_election: false, replicas: views };
    let broker = BrokerView { alive: true, registered: true, ..Default::default() };
    ClusterView { brokers: vec![broker; 3], partitions: vec![partition], ..Default::default() }
}
