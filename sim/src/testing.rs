//! A tiny world for tests: machines that chatter, and someone who only writes down.

use std::sync::Arc;

use highwater_model::config::{BrokerConfig, ClusterConfig, ConsumerConfig, ProducerConfig, Topic};
use highwater_model::event::{Event, EventKind, Step, StepId};
use highwater_model::ids::{
    BrokerEpoch, BrokerId, CorrelationId, GroupId, NodeId, Offset, TopicId, TopicPartition,
};
use highwater_model::machine::{Command, Effects, Ending, Input, Machine};
use highwater_model::message::Body;
use highwater_model::names::Names;
use highwater_model::protocol::Preset;
use highwater_model::time::{Instant, Micros};
use highwater_model::view::ClusterView;

use crate::driver::{Crew, Ended, Observer};
use crate::prepared::Prepared;
use crate::scenario::plan::{
    Plan, PlannedAction, PlannedFault, PlannedGroup, PlannedProducer, PlannedTarget, PlannedWhen,
};

pub(crate) const ORDERS_0: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };

pub(crate) fn broker(id: u16) -> PlannedTarget {
    PlannedTarget::Node(NodeId(id))
}

pub(crate) fn at(millis: u64, action: PlannedAction) -> (PlannedWhen, PlannedAction) {
    (PlannedWhen::At(Instant::from_millis(millis)), action)
}

/// The first event of this kind, at once.
pub(crate) fn upon(event: EventKind) -> PlannedWhen {
    PlannedWhen::Upon {
        event,
        partition: None,
        broker: None,
        group: None,
        client: None,
        after: Instant::START,
        occurrence: 1,
        delay: None,
        before_send: false,
    }
}

pub(crate) fn crash(target: PlannedTarget, ending: Ending) -> PlannedAction {
    PlannedAction::Crash { target, ending, keeps: None, restart_after: Some(Micros::from_millis(500)) }
}

/// Three brokers, one topic on all of them, `shop` writes, `billing-0` reads.
pub(crate) fn plan(faults: Vec<(PlannedWhen, PlannedAction)>) -> Plan {
    let names = ["controller", "broker-1", "broker-2", "broker-3", "shop", "billing-0"];
    let protocol = Preset::V0_11Iv1.protocol();
    let brokers = [1, 2, 3].map(BrokerId).to_vec();
    Plan {
        name: "test".into(),
        story: String::new(),
        overrides: Vec::new(),
        names: Names {
            topics: vec!["orders".into()],
            groups: vec!["billing".into()],
            nodes: names.map(str::to_owned).to_vec(),
            faults: Vec::new(),
            brokers: 3,
        },
        config: Arc::new(ClusterConfig {
            protocol,
            brokers: 3,
            broker: BrokerConfig::default(),
            topics: vec![Topic {
                min_insync_replicas: 1,
                unclean_leader_election_enable: false,
                assignment: vec![brokers],
                ack_strategy: Default::default(),
                service_rate: None,
            }],
            offsets_topic: None,
            offsets_partitions: Vec::new(),
            transactions_partitions: Vec::new(),
            transactions_topic: None,
        }),
        switches: Default::default(),
        latency: (Micros::from_millis(1), Micros::from_millis(10)),
        producers: vec![PlannedProducer {
            node: NodeId(4),
            topic: TopicId(0),
            settings: ProducerConfig { retries: 5, ..ProducerConfig::default() },
            records: 40,
            every: Micros::from_millis(50),
            start: Instant::from_millis(100),
            partition: None,
            keys: Some(3),
            record_bytes: 100,
            transactions: None,
        }],
        groups: vec![PlannedGroup {
            joining: 0,
            static_membership: false,
            commit: Default::default(),
            service_rate: None,
            side_by_side: false,
            output: None,
            max_lag: None,
            group: GroupId(0),
            topics: vec![TopicId(0)],
            members: vec![NodeId(5)],
            settings: ConsumerConfig::default(),
        }],
        faults: (0..)
            .zip(faults)
            .map(|(index, (when, action))| PlannedFault { index, when, action })
            .collect(),
        random: None,
        variants: Vec::new(),
        duration: Instant::from_millis(5_000),
        liveness: Micros::from_millis(2_000),
        events_max: 100_000,
        memory_max: None,
        expect: highwater_reports::expect::Expect::default(),
    }
}

pub(crate) fn prepared(plan: Plan) -> Arc<Prepared> {
    Arc::new(Prepared::new(Arc::new(plan)))
}

/// Sends to everyone in turn, every few milliseconds, and answers what it gets. Its events use what fields there are: each
/// message that it gets is a flush up to the message's number, each broken connection a fencing.
pub(crate) struct Chatter {
    pub(crate) me: NodeId,
    nodes: u16,
    life: u64,
    turn: u32,
    next: Option<Instant>,
    panics_at: Option<u32>,
}

impl Machine for Chatter {
    fn handle(&mut self, now: Instant, input: Input, out: &mut Effects) {
        match input {
            Input::Start => {
                out.event(Event::BrokerRegistered { broker: self.id(), epoch: BrokerEpoch(self.life) });
                self.next = Some(now);
            }
            Input::Message { from, message } => {
                let (partition, to) = (ORDERS_0, Offset(u64::from(message.correlation.0)));
                out.event(Event::LogFlushed { partition, broker: self.id(), to });
                if message.body == Body::MetadataRequest {
                    out.send(from, message.correlation, Body::InitProducerIdRequest { transactional: None });
                }
            }
            Input::Disconnected(peer) => out.event(Event::BrokerFenced { broker: BrokerId(peer.0 as u8) }),
            Input::Deadline => {
                self.turn += 1;
                assert_ne!(Some(self.turn), self.panics_at, "chatter is tired");
                let to = NodeId((self.me.0 + 1 + self.turn as u16 % (self.nodes - 1)) % self.nodes);
                out.send(to, CorrelationId(self.turn), Body::MetadataRequest);
                self.next = Some(now + Micros(7_000 + u64::from(self.me.0) * 300));
            }
            Input::Command(command) => {
                out.event(Event::ControlledShutdownStarted { broker: self.id() });
                if self.me.0 <= 3 || command == Command::Close {
                    out.stop = Some(Ending::Clean);
                }
            }
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.next
    }

    fn show(&mut self, _view: &mut ClusterView) {}
}

impl Chatter {
    fn id(&self) -> BrokerId {
        BrokerId(self.me.0 as u8)
    }
}

/// Makes chatters; counts their lives.
#[derive(Default)]
pub(crate) struct Chatters {
    pub(crate) lives: [u64; 6],
    /// The chatter and its turn at which it panics.
    pub(crate) panics_at: Option<(NodeId, u32)>,
}

impl Crew for Chatters {
    type Actor = Chatter;

    fn start(&mut self, node: NodeId) -> Chatter {
        let life = &mut self.lives[usize::from(node.0)];
        *life += 1;
        let panics_at = self.panics_at.filter(|&(tired, _)| tired == node).map(|(_, turn)| turn);
        Chatter { me: node, nodes: 6, life: *life, turn: 0, next: None, panics_at }
    }

    fn stop(
        &mut self,
        _node: NodeId,
        _actor: Chatter,
        ending: Ending,
        keep: &mut dyn FnMut(u64) -> u64,
    ) -> Vec<Event> {
        if ending != Ending::Power {
            return Vec::new();
        }
        vec![Event::HighWatermarkLearned {
            partition: ORDERS_0,
            broker: BrokerId(1),
            from: Offset(100),
            to: Offset(keep(100)),
        }]
    }
}

/// Writes everything down.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notebook {
    pub(crate) steps: Vec<(Step, Vec<Event>)>,
    /// Never says that all is well before this.
    pub(crate) well_at: Instant,
}

/// What the notebook holds at the end.
#[derive(Debug, PartialEq)]
pub(crate) struct Notes {
    pub(crate) steps: Vec<(Step, Vec<Event>)>,
    pub(crate) ended: Ended,
}

impl Observer for Notebook {
    type Report = Notes;

    fn look(&mut self, step: &Step, events: &[Event], view: &ClusterView) {
        assert_eq!(view.now, step.at);
        self.steps.push((*step, events.to_vec()));
    }

    fn converged(&self, view: &ClusterView) -> bool {
        view.now >= self.well_at && view.brokers.iter().all(|broker| broker.alive && !broker.paused)
    }

    fn pending(&self, _view: &ClusterView) -> Vec<String> {
        vec!["well_at".to_owned()]
    }

    fn finish(self, _view: &ClusterView, ended: Ended) -> Notes {
        Notes { steps: self.steps, ended }
    }
}

impl Notes {
    /// All events with their steps.
    pub(crate) fn events(&self) -> impl Iterator<Item = (&Step, &Event)> {
        self.steps.iter().flat_map(|(step, events)| events.iter().map(move |event| (step, event)))
    }

    /// When events of this kind came, in milliseconds.
    pub(crate) fn times(&self, kind: EventKind) -> Vec<u64> {
        self.events().filter(|(_, event)| event.kind() == kind).map(|(step, _)| step.at.0 / 1_000).collect()
    }

    /// The kinds of events of the driver's own steps.
    pub(crate) fn told(&self) -> Vec<EventKind> {
        let is_driver = |event: &Event| event.kind() > EventKind::PartitionsRefused;
        self.events().map(|(_, event)| event).filter(|event| is_driver(event)).map(Event::kind).collect()
    }

    /// The first step with an event of this kind.
    pub(crate) fn first(&self, kind: EventKind) -> Option<StepId> {
        self.events().find(|(_, event)| event.kind() == kind).map(|(step, _)| step.id)
    }
}
