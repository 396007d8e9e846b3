//! What all seeds of a plan share and no seed should have to make again.

use std::sync::Arc;

use highwater_model::config::ClusterConfig;
use highwater_model::ids::{
    BrokerEpoch, BrokerId, GroupId, LeaderEpoch, NodeId, PartitionEpoch, TopicId, TopicPartition,
};
use highwater_model::message::PartitionState;
use highwater_model::view::{
    BrokerView, ClusterView, ConsumerView, PartitionView, ProducerView, ReplicaView,
};
use highwater_reports::clients::{Reader, Writer};
use highwater_reports::panel::PanelSetup;
use highwater_reports::swarm::Drawn;

use crate::scenario::plan::{Plan, PlannedGroup, PlannedProducer};
use crate::seed::{Seed, StreamId};
use crate::swarm;
use crate::wire::link_streams;
use crate::workload::{Keys, keys};

/// A plan, made ready to be run many times.
pub struct Prepared {
    /// The plan itself.
    pub plan: Arc<Plan>,
    /// The cluster before the first step: formed, every partition led by its first replica, nothing started.
    pub view: ClusterView,
    pub(crate) link_streams: Arc<[StreamId]>,
    /// What the judges are told before a run; only the seed is missing.
    pub panel: PanelSetup,
    pub(crate) power_streams: Vec<StreamId>,
    /// By node: the chance of a producer of this name.
    producer_streams: Vec<StreamId>,
    pub(crate) keys: Keys,
    /// By node: whether it does not run from the start.
    pub(crate) away: Vec<bool>,
    /// As [`Plan::variants`].
    variants: Vec<Arc<Self>>,
}

impl Prepared {
    /// Makes a plan ready.
    pub fn new(plan: Arc<Plan>) -> Self {
        let power = |name: &String| StreamId::of(&format!("power {name}"));
        let producer = |name: &String| StreamId::of(&format!("producer {name}"));
        Self {
            view: view(&plan),
            panel: panel(&plan),
            producer_streams: plan.names.nodes.iter().map(producer).collect(),
            link_streams: link_streams(&plan.names.nodes),
            power_streams: plan.names.nodes.iter().map(power).collect(),
            keys: keys(&plan),
            away: away(&plan),
            variants: plan.variants.iter().map(|it| Arc::new(Self::new(Arc::clone(&it.plan)))).collect(),
            plan,
        }
    }

    /// What this seed draws of a swarm, and the plan that it is played by.
    pub(crate) fn drawn_by(self: &Arc<Self>, seed: u64) -> (Arc<Self>, Option<Drawn>) {
        let Some(drawn) = swarm::draw(&self.plan, &Seed::new(seed)) else { return (Arc::clone(self), None) };
        let variant = drawn.variant.and_then(|place| self.variants.get(place));
        (Arc::clone(variant.unwrap_or(self)), Some(drawn.told))
    }

    pub(crate) fn producer_stream(&self, node: NodeId) -> StreamId {
        self.producer_streams[usize::from(node.0)]
    }
}

/// The members that come only when a fault says so.
fn away(plan: &Plan) -> Vec<bool> {
    let mut away = vec![false; plan.names.nodes.len()];
    for group in &plan.groups {
        for member in group.members.iter().rev().take(usize::from(group.joining)) {
            away[usize::from(member.0)] = true;
        }
    }
    away
}

fn panel(plan: &Plan) -> PanelSetup {
    let producers = plan.producers.iter();
    let groups = plan.groups.iter();
    PanelSetup {
        scenario: plan.name.as_str().into(),
        story: plan.story.as_str().into(),
        protocol: plan.config.protocol,
        switches: plan.switches,
        overrides: plan.overrides.as_slice().into(),
        seed: 0,
        swarm: None,
        names: Arc::new(plan.names.clone()),
        config: Arc::clone(&plan.config),
        producers: producers.map(writer).chain(plan.groups.iter().flat_map(writers)).collect(),
        groups: groups.map(reader).collect(),
        expect: Arc::new(plan.expect.clone()),
    }
}

fn writer(producer: &PlannedProducer) -> Writer {
    Writer {
        node: producer.node,
        settings: producer.settings.clone(),
        topic: producer.topic,
        partition: producer.partition,
    }
}

/// Its members, if they write.
fn writers(group: &PlannedGroup) -> impl Iterator<Item = Writer> {
    group.output.iter().flat_map(|output| {
        let writer =
            |&node| Writer { node, settings: output.settings.clone(), topic: output.topic, partition: None };
        group.members.iter().map(writer)
    })
}

fn reader(group: &PlannedGroup) -> Reader {
    Reader {
        group: group.group,
        topics: group.topics.clone(),
        settings: group.settings.clone(),
        members: group.members.clone(),
        commit: group.commit,
        takes_time: group.service_rate.is_some(),
        max_lag: group.max_lag,
    }
}

fn view(plan: &Plan) -> ClusterView {
    let config = &plan.config;
    let producer = |producer: &PlannedProducer| ProducerView {
        node: producer.node,
        pending: 0,
        transactional: producer.transactions.is_some(),
    };
    let processes = plan.groups.iter().filter(|group| group.output.is_some());
    let members = processes.flat_map(|group| &group.members);
    let member = |&node| ProducerView { node, pending: 0, transactional: true };
    let mut producers: Vec<ProducerView> =
        plan.producers.iter().map(producer).chain(members.map(member)).collect();
    producers.sort_by_key(|producer| producer.node);
    let mut consumers: Vec<ConsumerView> = plan
        .groups
        .iter()
        .flat_map(|group| group.members.iter().map(|&node| consumer(node, group.group)))
        .collect();
    consumers.sort_by_key(|consumer| consumer.node);
    ClusterView {
        brokers: (1..=config.brokers).map(broker).collect(),
        partitions: partitions(config),
        producers,
        consumers,
        ..ClusterView::default()
    }
}

fn broker(id: u8) -> BrokerView {
    BrokerView { alive: true, paused: false, registered: true, epoch: BrokerEpoch(u64::from(id)) }
}

fn consumer(node: NodeId, group: GroupId) -> ConsumerView {
    ConsumerView { node, group, ..ConsumerView::default() }
}

fn partitions(config: &ClusterConfig) -> Vec<PartitionView> {
    let mut partitions = Vec::new();
    for (topic, settings) in (0..).map(TopicId).zip(&config.topics) {
        for (partition, replicas) in (0..).zip(&settings.assignment) {
            partitions.push(PartitionView {
                controller: state(TopicPartition { topic, partition }, replicas),
                min_insync_replicas: settings.min_insync_replicas,
                unclean_election: settings.unclean_leader_election_enable,
                replicas: replicas
                    .iter()
                    .map(|&broker| ReplicaView { broker, ..ReplicaView::default() })
                    .collect(),
            });
        }
    }
    partitions
}

fn state(partition: TopicPartition, replicas: &[BrokerId]) -> PartitionState {
    PartitionState {
        partition,
        leader: replicas.first().copied(),
        leader_epoch: LeaderEpoch(0),
        isr: replicas.iter().copied().collect(),
        partition_epoch: PartitionEpoch(0),
        replicas: replicas.to_vec(),
        ..PartitionState::default()
    }
}
