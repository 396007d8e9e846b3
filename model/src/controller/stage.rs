//! A controller alone on a stage: tests play the brokers.

use std::sync::Arc;

use super::{Controller, Partition};
use crate::config::{BrokerConfig, ClusterConfig, Topic};
use crate::event::Event;
use crate::ids::{
    BrokerEpoch, BrokerId, BrokerSet, CorrelationId, LeaderEpoch, NodeId, PartitionEpoch, TopicId,
    TopicPartition,
};
use crate::machine::{Command, Effects, Input, Machine};
use crate::message::{Body, Envelope, ErrorCode, Message, Metadata, PartitionState};
use crate::protocol::{Preset, Protocol};
use crate::time::Instant;

/// The only correlation id that tests use.
const CORRELATION: CorrelationId = CorrelationId(77);

pub(super) fn set(ids: &[u8]) -> BrokerSet {
    ids.iter().copied().map(BrokerId).collect()
}

/// Partition `partition` of the first topic.
pub(super) fn tp(partition: u16) -> TopicPartition {
    TopicPartition { topic: TopicId(0), partition }
}

/// One topic whose partitions have these replicas.
pub(super) fn topic(assignment: &[&[u8]], unclean: bool) -> Topic {
    let replicas = |ids: &&[u8]| ids.iter().copied().map(BrokerId).collect();
    Topic {
        min_insync_replicas: 1,
        unclean_leader_election_enable: unclean,
        assignment: assignment.iter().map(replicas).collect(),
        ack_strategy: Default::default(),
        service_rate: None,
    }
}

/// The controller, its clock, and what its latest step led to.
pub(super) struct Stage {
    pub(super) controller: Controller,
    pub(super) now: Instant,
    pub(super) out: Effects,
}

impl Stage {
    /// Three brokers and these topics; started, and what that led to forgotten.
    pub(super) fn with_topics(topics: Vec<Topic>) -> Self {
        Self::with_brokers(3, topics)
    }

    /// The same with this many brokers.
    pub(super) fn with_brokers(brokers: u8, topics: Vec<Topic>) -> Self {
        Self::with_protocol(Preset::V0_11Iv1.protocol(), brokers, topics)
    }

    /// The same under another protocol.
    pub(super) fn with_protocol(protocol: Protocol, brokers: u8, topics: Vec<Topic>) -> Self {
        let config = ClusterConfig {
            protocol,
            brokers,
            broker: BrokerConfig::default(),
            topics,
            offsets_topic: None,
            offsets_partitions: Vec::new(),
            transactions_partitions: Vec::new(),
            transactions_topic: None,
        };
        let controller = Controller::new(Arc::new(config));
        let mut stage = Self { controller, now: Instant::START, out: Effects::default() };
        stage.give(Input::Start);
        stage
    }

    /// Three brokers and one topic with one partition on 1, 2, 3; no unclean elections.
    pub(super) fn new() -> Self {
        Self::with_topics(vec![topic(&[&[1, 2, 3]], false)])
    }

    /// The same with unclean elections.
    pub(super) fn unclean() -> Self {
        Self::with_topics(vec![topic(&[&[1, 2, 3]], true)])
    }

    pub(super) fn give(&mut self, input: Input) {
        self.out.clear();
        self.controller.handle(self.now, input, &mut self.out);
    }

    pub(super) fn at(&mut self, millis: u64) -> &mut Self {
        self.now = Instant::from_millis(millis);
        self
    }

    /// A broker asks; gives the one reply.
    pub(super) fn ask(&mut self, broker: u8, body: Body) -> Body {
        let message = Message { correlation: CORRELATION, body };
        self.give(Input::Message { from: BrokerId(broker).into(), message });
        let is_reply = |sent: &&Envelope| sent.message.correlation == CORRELATION;
        let replies: Vec<_> = self.out.sends.iter().filter(is_reply).collect();
        assert_eq!(replies.len(), 1, "one question, one answer");
        assert_eq!(replies[0].to, NodeId::from(BrokerId(broker)));
        replies[0].message.body.clone()
    }

    pub(super) fn register(&mut self, broker: u8, incarnation: u32) -> Result<BrokerEpoch, ErrorCode> {
        self.register_after(broker, incarnation, None)
    }

    /// The same by a broker whose last life stopped in good order under this epoch.
    pub(super) fn register_after(
        &mut self,
        broker: u8,
        incarnation: u32,
        previous_epoch: Option<u64>,
    ) -> Result<BrokerEpoch, ErrorCode> {
        let previous_epoch = previous_epoch.map(BrokerEpoch);
        let reply = self.ask(broker, Body::BrokerRegistrationRequest { incarnation, previous_epoch });
        let Body::BrokerRegistrationReply { error, epoch } = reply else { panic!("{reply:?}") };
        if error == ErrorCode::None { Ok(epoch) } else { Err(error) }
    }

    pub(super) fn heartbeat(&mut self, broker: u8, epoch: u64) -> ErrorCode {
        let reply = self.ask(broker, Body::BrokerHeartbeatRequest { epoch: BrokerEpoch(epoch) });
        let Body::BrokerHeartbeatReply { error, .. } = reply else { panic!("{reply:?}") };
        error
    }

    /// A broker closes its session; that is not answered.
    pub(super) fn close_session(&mut self, broker: u8, epoch: u64) {
        let body = Body::SessionClosed { epoch: BrokerEpoch(epoch) };
        let message = Message { correlation: CORRELATION, body };
        self.give(Input::Message { from: BrokerId(broker).into(), message });
    }

    /// How many partitions the broker still leads.
    pub(super) fn shut_down(&mut self, broker: u8, epoch: u64) -> Result<u32, ErrorCode> {
        let reply = self.ask(broker, Body::ControlledShutdownRequest { epoch: BrokerEpoch(epoch) });
        let Body::ControlledShutdownReply { error, remaining } = reply else { panic!("{reply:?}") };
        if error == ErrorCode::None { Ok(remaining) } else { Err(error) }
    }

    /// A broker proposes an ISR from the state as it stands.
    pub(super) fn propose_isr(&mut self, broker: u8, isr: &[u8]) -> Result<PartitionEpoch, ErrorCode> {
        let proposed = PartitionState { isr: set(isr), ..self.state(0).clone() };
        self.propose(broker, proposed)
    }

    pub(super) fn propose(
        &mut self,
        broker: u8,
        proposed: PartitionState,
    ) -> Result<PartitionEpoch, ErrorCode> {
        let broker_epoch = Some(self.controller.sessions.epoch(BrokerId(broker)));
        let (proposed, isr_epochs) = (Box::new(proposed), Vec::new());
        let reply = self.ask(broker, Body::AlterPartitionRequest { proposed, broker_epoch, isr_epochs });
        let Body::AlterPartitionReply { error, partition_epoch, .. } = reply else { panic!("{reply:?}") };
        if error == ErrorCode::None { Ok(partition_epoch) } else { Err(error) }
    }

    /// The sessions of these brokers end because only the others were heard; takes one session timeout.
    pub(super) fn kill(&mut self, brokers: &[u8]) {
        self.now = self.controller.sessions.next_expiry().expect("somebody has a session");
        for broker in self.controller.sessions.live().difference(set(brokers)).iter() {
            let epoch = self.controller.sessions.epoch(broker);
            assert!(self.controller.sessions.hear(self.now, broker, epoch));
        }
        self.give(Input::Deadline);
        let live = self.controller.sessions.live();
        assert!(live.intersection(set(brokers)).is_empty(), "they were to expire together");
    }

    pub(super) fn prefer(&mut self, partition: u16) {
        self.give(Input::Command(Command::PreferredElection(tp(partition))));
    }

    pub(super) fn create_partitions(&mut self, topic: u16, count: u16) {
        self.give(Input::Command(Command::CreatePartitions { topic: TopicId(topic), count }));
    }

    /// The state of a partition of the first topic.
    pub(super) fn state(&self, partition: u16) -> &PartitionState {
        let place = self.controller.place(tp(partition)).expect("the partition exists");
        let Partition { state, .. } = &self.controller.partitions[place];
        state
    }

    /// Leader, leader epoch, ISR and partition epoch of the first partition.
    pub(super) fn summary(&self) -> (Option<u8>, LeaderEpoch, BrokerSet, PartitionEpoch) {
        let state = self.state(0);
        (state.leader.map(|leader| leader.0), state.leader_epoch, state.isr, state.partition_epoch)
    }

    /// What the latest step told this broker with LeaderAndIsr.
    pub(super) fn told(&self, broker: u8) -> Option<&Vec<PartitionState>> {
        let to_it = self.out.sends.iter().filter(|sent| sent.to == BrokerId(broker).into());
        let mut requests = to_it.filter_map(|sent| {
            let Body::LeaderAndIsrRequest { partitions } = &sent.message.body else { return None };
            Some(partitions)
        });
        let request = requests.next();
        assert_eq!(requests.next(), None, "one LeaderAndIsr a broker and step");
        request
    }

    /// Which brokers the latest step sent LeaderAndIsr.
    pub(super) fn told_brokers(&self) -> BrokerSet {
        let brokers = self.controller.config.brokers;
        (1..=brokers).filter(|broker| self.told(*broker).is_some()).map(BrokerId).collect()
    }

    /// Which brokers the latest step sent UpdateMetadata, and what; all the same.
    pub(super) fn metadata(&self) -> (BrokerSet, Option<Arc<Metadata>>) {
        let mut to = BrokerSet::EMPTY;
        let mut latest: Option<Arc<Metadata>> = None;
        for sent in &self.out.sends {
            if let Body::UpdateMetadataRequest(metadata) = &sent.message.body {
                assert!(latest.as_ref().is_none_or(|other| Arc::ptr_eq(other, metadata)), "shared");
                to = to
                    .with(sent.to.as_broker(self.controller.config.brokers).expect("only brokers are told"));
                latest = Some(Arc::clone(metadata));
            }
        }
        (to, latest)
    }

    /// Whether the latest step sent no notice and had no event.
    pub(super) fn is_quiet(&self) -> bool {
        self.told_brokers().is_empty() && self.metadata().0.is_empty() && self.out.events.is_empty()
    }

    pub(super) fn events(&self) -> &[Event] {
        &self.out.events
    }
}
