//! The cluster as a judge sees it: plain data with public fields, so that a test can hand it a lie.
//!
//! After each step the driver lets the machine that stepped copy what changed ([`crate::machine::Machine::show`]).

use std::sync::Arc;

use crate::ids::{
    BrokerEpoch, BrokerId, BrokerSet, Generation, GroupId, LeaderEpoch, NodeId, Offset, TopicPartition,
};
use crate::message::PartitionState;
use crate::record::{Batch, Record, place_of};
use crate::time::Instant;

/// True state of everything, by the latest step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterView {
    /// The time of the latest step.
    pub now: Instant,
    /// Broker `b` is at `b - 1`.
    pub brokers: Vec<BrokerView>,
    /// Ascending by partition.
    pub partitions: Vec<PartitionView>,
    /// Producers, ascending by node.
    pub producers: Vec<ProducerView>,
    /// Consumers, ascending by node.
    pub consumers: Vec<ConsumerView>,
    /// Places in `partitions` that the latest step may have changed; of many, some may stand twice. The driver clears it
    /// before each step.
    pub touched: Vec<usize>,
}

/// A broker from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrokerView {
    /// Whether its process runs.
    pub alive: bool,
    /// Whether it is stopped for the moment though alive. Set by the driver.
    pub paused: bool,
    /// Whether the controller takes it for alive: under KRaft, whether it is registered and not fenced.
    pub registered: bool,
    /// Its latest registration.
    pub epoch: BrokerEpoch,
}

/// A partition: what the controller decided, and what each replica has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionView {
    /// The controller's truth.
    pub controller: PartitionState,
    /// `min.insync.replicas` in force.
    pub min_insync_replicas: u32,
    /// `unclean.leader.election.enable` in force.
    pub unclean_election: bool,
    /// In assignment order.
    pub replicas: Vec<ReplicaView>,
}

/// What a replica takes itself for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub enum Role {
    /// It has not been told since it started, or its broker is down.
    #[default]
    Offline,
    /// It follows.
    Follower,
    /// It leads, or presumes so.
    Leader,
}

/// One replica of a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplicaView {
    /// On which broker.
    pub broker: BrokerId,
    /// What it takes itself for.
    pub role: Role,
    /// Whom it takes for the leader.
    pub leader: Option<BrokerId>,
    /// In which epoch.
    pub leader_epoch: LeaderEpoch,
    /// Its high watermark.
    pub high_watermark: Offset,
    /// Below it, up to where no transaction is open (LSO).
    pub last_stable_offset: Offset,
    /// The first offset of its log.
    pub log_start: Offset,
    /// One past the last (LEO).
    pub log_end: Offset,
    /// A leader's committed ISR, as it believes.
    pub isr: BrokerSet,
    /// A leader's ISR with members whose joining is not yet confirmed.
    pub maximal_isr: BrokerSet,
    /// Whether a change of the ISR is on its way.
    pub isr_change_pending: bool,
    /// The log, ascending.
    pub log: Vec<Arc<Batch>>,
}

/// A producer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProducerView {
    /// Which node.
    pub node: NodeId,
    /// Records handed to it and neither answered nor given up.
    pub pending: u64,
    /// Whether it writes in transactions. Set by the driver.
    pub transactional: bool,
}

/// A group's member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerView {
    /// Which node.
    pub node: NodeId,
    /// Of which group.
    pub group: GroupId,
    /// Whether it takes part: its process runs, and it neither left nor has yet to join. Cleared by the driver as the
    /// process ends, set as it starts.
    pub active: bool,
    /// Whether it is in a generation and has its share of it.
    pub stable: bool,
    /// Whether its application has yet to finish what a poll returned.
    pub busy: bool,
    /// The generation that it is in, or was in last; 0 before the first.
    pub generation: Generation,
    /// The partitions that it owns, ascending, and the next offset that it will return; none before it knows.
    pub positions: Vec<(TopicPartition, Option<Offset>)>,
}

impl ClusterView {
    /// The place of a partition in `partitions`.
    pub fn place(&self, partition: TopicPartition) -> Option<usize> {
        self.partitions.binary_search_by_key(&partition, |view| view.controller.partition).ok()
    }
    /// One partition.
    pub fn partition(&self, partition: TopicPartition) -> Option<&PartitionView> {
        self.place(partition).map(|place| &self.partitions[place])
    }
    /// One broker.
    pub fn broker(&self, broker: BrokerId) -> Option<&BrokerView> {
        self.brokers.get(usize::from(broker.0).checked_sub(1)?)
    }
    /// Says that the latest step may have changed this place.
    pub fn touch(&mut self, place: usize) {
        // Looking through all would cost the square of how many there are.
        const LOOKED_THROUGH: usize = 16;
        let latest = self.touched.len().saturating_sub(LOOKED_THROUGH);
        if !self.touched[latest..].contains(&place) {
            self.touched.push(place);
        }
    }
}

impl PartitionView {
    /// Which partition.
    pub fn id(&self) -> TopicPartition {
        self.controller.partition
    }
    /// The replica on a broker.
    pub fn replica(&self, broker: BrokerId) -> Option<&ReplicaView> {
        self.replicas.iter().find(|replica| replica.broker == broker)
    }
    /// The replica that leads in the controller's epoch, if the leader has taken office.
    pub fn true_leader(&self) -> Option<&ReplicaView> {
        Some(&self.replicas[self.true_leader_place()?])
    }
    /// Its place in `replicas`.
    pub fn true_leader_place(&self) -> Option<usize> {
        let broker = self.controller.leader?;
        let place = self.replicas.iter().position(|replica| replica.broker == broker)?;
        let leader = &self.replicas[place];
        (leader.role == Role::Leader && leader.leader_epoch == self.controller.leader_epoch).then_some(place)
    }
}

impl ReplicaView {
    /// The place of the batch that holds `offset`, or of the first one behind it.
    pub fn place_of(&self, offset: Offset) -> usize {
        place_of(&self.log, offset)
    }
    /// The batch that holds `offset`.
    pub fn batch_at(&self, offset: Offset) -> Option<&Arc<Batch>> {
        self.log.get(self.place_of(offset)).filter(|batch| batch.base_offset <= offset)
    }
    /// The record at `offset`.
    pub fn record_at(&self, offset: Offset) -> Option<&Record> {
        self.batch_at(offset)?.record_at(offset)
    }
}
