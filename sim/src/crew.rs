//! The machines of a Kafka cluster and its clients.

use std::collections::BTreeMap;
use std::sync::Arc;

use highwater_model::broker::Broker;
use highwater_model::config::ProducerConfig;
use highwater_model::controller::Controller;
use highwater_model::event::Event;
use highwater_model::group::{Member, MemberSetup};
use highwater_model::ids::{BrokerId, NodeId, TransactionalId};
use highwater_model::machine::{Effects, Ending, Input, Machine};
use highwater_model::processor::{Processor, ProcessorSetup};
use highwater_model::producer::{Producer, ProducerSetup};
use highwater_model::storage::Storage;
use highwater_model::time::Instant;
use highwater_model::view::ClusterView;

use crate::driver::Crew;
use crate::prepared::Prepared;
use crate::scenario::plan::{PlannedGroup, PlannedOutput, PlannedProducer};
use crate::seed::{Seed, even};
use rand::Rng;

/// Any of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The controller.
    Controller(Box<Controller>),
    /// A broker.
    Broker(Box<Broker>),
    /// A producer.
    Producer(Box<Producer>),
    /// A group's member.
    Member(Box<Member>),
    /// A group's member that writes of what it reads.
    Processor(Box<Processor>),
}

impl Machine for Actor {
    #[inline]
    fn handle(&mut self, now: Instant, input: Input, out: &mut Effects) {
        match self {
            Self::Controller(controller) => controller.handle(now, input, out),
            Self::Broker(broker) => broker.handle(now, input, out),
            Self::Producer(producer) => producer.handle(now, input, out),
            Self::Member(member) => member.handle(now, input, out),
            Self::Processor(processor) => processor.handle(now, input, out),
        }
    }

    #[inline]
    fn next_deadline(&self) -> Option<Instant> {
        match self {
            Self::Controller(controller) => controller.next_deadline(),
            Self::Broker(broker) => broker.next_deadline(),
            Self::Producer(producer) => producer.next_deadline(),
            Self::Member(member) => member.next_deadline(),
            Self::Processor(processor) => processor.next_deadline(),
        }
    }

    #[inline]
    fn show(&mut self, view: &mut ClusterView) {
        match self {
            Self::Controller(controller) => controller.show(view),
            Self::Broker(broker) => broker.show(view),
            Self::Producer(producer) => producer.show(view),
            Self::Member(member) => member.show(view),
            Self::Processor(processor) => processor.show(view),
        }
    }
}

/// Makes the machines of a plan, and keeps the disks of brokers that are down.
pub struct Cluster {
    prepared: Arc<Prepared>,
    seed: Seed,
    /// By broker, from 1.
    disks: Vec<Storage>,
    /// Whose lives have ended, of clients, each as often as that was.
    ended: Vec<NodeId>,
    /// How many records a processor has written in the lives that have ended: no two may have one value.
    written: BTreeMap<NodeId, u32>,
}

impl Cluster {
    /// The machines of this plan, on this seed.
    pub fn new(prepared: &Arc<Prepared>, seed: u64) -> Self {
        let disks = vec![Storage::default(); usize::from(prepared.plan.config.brokers)];
        Self {
            prepared: Arc::clone(prepared),
            seed: Seed::new(seed),
            disks,
            ended: Vec::new(),
            written: BTreeMap::new(),
        }
    }

    fn broker(&self, node: NodeId) -> Option<BrokerId> {
        node.as_broker(self.prepared.plan.config.brokers)
    }

    /// How often a client's life has ended.
    fn lives_before(&self, node: NodeId) -> u32 {
        self.ended.iter().filter(|&&ended| ended == node).count() as u32
    }

    fn producer(&self, planned: &PlannedProducer) -> Producer {
        let transactional = planned.transactions.map(|transactions| transactions.id);
        Producer::new(self.producer_setup(planned.node, &planned.settings, transactional))
    }

    fn producer_setup(
        &self,
        node: NodeId,
        settings: &ProducerConfig,
        transactional: Option<TransactionalId>,
    ) -> ProducerSetup {
        let mut stream = self.seed.open(self.prepared.producer_stream(node));
        // Each life goes on drawing where the last one stopped.
        for _ in 0..self.lives_before(node) {
            even(&mut stream, 0, i32::MAX as u64);
            stream.next_u64();
        }
        ProducerSetup {
            node,
            life: self.lives_before(node),
            config: Arc::clone(&self.prepared.plan.config),
            settings: settings.clone(),
            counter_start: even(&mut stream, 0, i32::MAX as u64) as u32,
            chance: stream.next_u64(),
            transactional,
        }
    }

    fn processor(&self, group: &PlannedGroup, output: &PlannedOutput, node: NodeId) -> Processor {
        let place = group.members.iter().position(|member| *member == node);
        let id = place.and_then(|place| output.ids.get(place)).copied();
        Processor::new(ProcessorSetup {
            member: self.member(group, node),
            producer: self.producer_setup(node, &output.settings, id),
            topic: output.topic,
            record_bytes: output.record_bytes,
            written: self.written.get(&node).copied().unwrap_or_default(),
        })
    }

    fn member(&self, group: &PlannedGroup, node: NodeId) -> MemberSetup {
        MemberSetup {
            node,
            life: self.lives_before(node),
            group: group.group,
            instance: group.static_membership.then_some(node),
            topics: group.topics.as_slice().into(),
            config: Arc::clone(&self.prepared.plan.config),
            settings: group.settings.clone(),
            commit: group.commit,
            service_rate: group.service_rate,
            side_by_side: group.side_by_side,
        }
    }

    fn client(&self, node: NodeId) -> Option<Actor> {
        let plan = &self.prepared.plan;
        if let Some(planned) = plan.producers.iter().find(|producer| producer.node == node) {
            return Some(Actor::Producer(Box::new(self.producer(planned))));
        }
        plan.groups.iter().find_map(|group| {
            let takes_part = group.members.contains(&node);
            takes_part.then(|| match &group.output {
                Some(output) => Actor::Processor(Box::new(self.processor(group, output, node))),
                None => Actor::Member(Box::new(Member::new(self.member(group, node)))),
            })
        })
    }
}

impl Crew for Cluster {
    type Actor = Actor;

    /// # Panics
    /// If the plan has no such node.
    fn start(&mut self, node: NodeId) -> Actor {
        let config = Arc::clone(&self.prepared.plan.config);
        if node == NodeId::CONTROLLER {
            return Actor::Controller(Box::new(Controller::new(config)));
        }
        if let Some(broker) = self.broker(node) {
            let disk = std::mem::take(&mut self.disks[usize::from(broker.0) - 1]);
            return Actor::Broker(Box::new(Broker::new(broker, config, disk)));
        }
        self.client(node).expect("every node of a plan is the controller, a broker or a client")
    }

    fn stop(
        &mut self,
        node: NodeId,
        actor: Actor,
        ending: Ending,
        keep: &mut dyn FnMut(u64) -> u64,
    ) -> Vec<Event> {
        if let Actor::Processor(processor) = &actor {
            self.written.insert(node, processor.written());
        }
        let (Some(me), Actor::Broker(broker)) = (self.broker(node), actor) else {
            self.ended.push(node);
            return Vec::new();
        };
        let mut disk = broker.stop(ending);
        let losses = if ending == Ending::Power { disk.lose_power(me, keep) } else { Vec::new() };
        self.disks[usize::from(me.0) - 1] = disk;
        losses
    }
}

#[cfg(test)]
mod tests {
    use highwater_model::machine::Effects;

    use super::*;
    use crate::testing::{plan, prepared};

    #[test]
    fn each_life_of_a_client_numbers_its_requests_otherwise() {
        for node in [NodeId(4), NodeId(5)] {
            let mut cluster = Cluster::new(&prepared(plan(Vec::new())), 1);
            let mut numbers = Vec::new();
            for _ in 0..3 {
                let mut client = cluster.start(node);
                let mut out = Effects::default();
                client.handle(Instant::START, Input::Start, &mut out);
                numbers.extend(out.sends.iter().map(|envelope| envelope.message.correlation));
                cluster.stop(node, client, Ending::Process, &mut |_| 0);
            }
            let sent = numbers.len();
            numbers.sort_unstable();
            numbers.dedup();
            assert!(sent >= 3);
            assert_eq!(numbers.len(), sent, "an answer to an earlier life would be taken for one to a later");
        }
    }
}
