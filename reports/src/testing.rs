//! A stage for judges: a small cluster in order, to be shown as it is or with a lie in it.

use std::sync::Arc;

use highwater_model::config::{AckStrategy, Acks, ClusterConfig};
use highwater_model::event::{Event, Step, StepId};
use highwater_model::ids::{
    BrokerId, BrokerSet, LeaderEpoch, NodeId, Offset, PartitionEpoch, ProducerEpoch, ProducerId, RecordId,
    Sequence, TopicId, TopicPartition,
};
use highwater_model::message::PartitionState;
use highwater_model::record::{Batch, ProducerStamp, Record};
use highwater_model::time::{Instant, Micros};
use highwater_model::view::{BrokerView, ClusterView, PartitionView, ReplicaView, Role};

use crate::clients_for_tests::setup;
use crate::finding::Tally;
use crate::history::Anomaly;
use crate::judge::Judge;
use crate::panel::PanelSetup;
use crate::promises::Promises;
use crate::property::Property;

/// The producer `shop`.
pub(crate) const SHOP: NodeId = NodeId(4);

/// `orders-0`, as every stage has it.
pub(crate) const ORDERS: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };

/// Brokers 1, 2 and 3 with a replica of `orders-0` each; broker 1 leads in epoch 0.
/// `replica.lag.time.max.ms` is 10 000, `min.insync.replicas` 2.
pub(crate) struct Stage {
    pub(crate) view: ClusterView,
    pub(crate) judge: Judge,
    pub(crate) setup: PanelSetup,
    pub(crate) promises: Promises,
    pub(crate) step: Step,
}

impl Stage {
    /// With empty logs.
    pub(crate) fn new() -> Self {
        Self::of(setup(Acks::All))
    }

    /// The same with other clients and settings.
    pub(crate) fn of(setup: PanelSetup) -> Self {
        let broker = BrokerView { alive: true, registered: true, ..BrokerView::default() };
        let view = ClusterView {
            brokers: vec![broker; 3],
            partitions: vec![partition(ORDERS)],
            ..ClusterView::default()
        };
        let promises = Promises::new(&setup.config, &setup.producers, &setup.groups);
        let mut stage = Self { view, judge: judge(&setup), promises, setup, step: Step::default() };
        stage.look(&[]);
        stage
    }

    /// Changes the settings; the judges forget all that they have seen.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut PanelSetup)) {
        change(&mut self.setup);
        let PanelSetup { config, producers, groups, .. } = &self.setup;
        self.promises = Promises::new(config, producers, groups);
        self.judge = judge(&self.setup);
        self.look(&[]);
    }

    /// Gives `orders` an ack strategy.
    pub(crate) fn with_strategy(&mut self, strategy: AckStrategy) {
        self.change(|setup| Arc::make_mut(&mut setup.config).topics[0].ack_strategy = strategy);
    }

    /// With records 0, 1 and 2 at their offsets on every replica, and every high watermark at 3.
    pub(crate) fn settled() -> Self {
        let mut stage = Self::new();
        for number in 0..3 {
            stage.append(1, &[number]);
        }
        stage.copy(1, 2);
        stage.copy(1, 3);
        stage.high_watermarks(3);
        stage.look(&[]);
        stage
    }

    /// `orders-0`.
    pub(crate) fn orders(&mut self) -> &mut PartitionView {
        self.view.partitions.iter_mut().find(|it| it.id() == ORDERS).unwrap()
    }

    /// The replica of `orders-0` on a broker.
    pub(crate) fn replica(&mut self, broker: u8) -> &mut ReplicaView {
        self.orders().replicas.iter_mut().find(|replica| replica.broker == BrokerId(broker)).unwrap()
    }

    /// A replica appends a batch of the shop's records, in the epoch that it is in.
    pub(crate) fn append(&mut self, broker: u8, numbers: &[u32]) -> Arc<Batch> {
        self.append_stamped(broker, numbers, None)
    }

    /// The same, from an idempotent producer with PID 7, with this base sequence.
    pub(crate) fn append_stamped(
        &mut self,
        broker: u8,
        numbers: &[u32],
        base_sequence: Option<u32>,
    ) -> Arc<Batch> {
        let replica = self.replica(broker);
        let batch = Arc::new(Batch {
            base_offset: replica.log_end,
            leader_epoch: replica.leader_epoch,
            producer: base_sequence.map(|sequence| ProducerStamp {
                id: ProducerId(7),
                epoch: ProducerEpoch(0),
                base_sequence: Sequence(sequence),
                transactional: false,
            }),
            records: records(numbers),
        });
        replica.log.push(Arc::clone(&batch));
        replica.log_end = batch.end_offset();
        batch
    }

    /// A replica takes over another's log.
    pub(crate) fn copy(&mut self, from: u8, to: u8) {
        let (log, end) = (self.replica(from).log.clone(), self.replica(from).log_end);
        let replica = self.replica(to);
        (replica.log, replica.log_end) = (log, end);
    }

    /// A replica cuts its log, whole batches at a time, and says so.
    pub(crate) fn cut(&mut self, broker: u8, to: u64) {
        let replica = self.replica(broker);
        replica.log.retain(|batch| batch.end_offset() <= Offset(to));
        replica.log_end = Offset(to);
    }

    /// All high watermarks.
    pub(crate) fn high_watermarks(&mut self, at: u64) {
        for replica in &mut self.orders().replicas {
            replica.high_watermark = Offset(at);
        }
    }

    /// The controller gives `orders-0` to a broker, which takes office at once; the others follow.
    pub(crate) fn elect(&mut self, leader: u8, epoch: u32, isr: &[u8]) -> Vec<Event> {
        let (leader, epoch, isr) = (BrokerId(leader), LeaderEpoch(epoch), set(isr));
        let orders = self.orders();
        let controller = &mut orders.controller;
        (controller.leader, controller.leader_epoch, controller.isr) = (Some(leader), epoch, isr);
        controller.partition_epoch.0 += 1;
        for replica in &mut orders.replicas {
            replica.role = if replica.broker == leader { Role::Leader } else { Role::Follower };
            (replica.leader, replica.leader_epoch) = (Some(leader), epoch);
            (replica.isr, replica.maximal_isr) = (isr, isr);
        }
        let (high_watermark, end_offset) =
            (self.replica(leader.0).high_watermark, self.replica(leader.0).log_end);
        vec![
            Event::LeaderElected { partition: ORDERS, broker: leader, epoch, isr, unclean: false },
            Event::BecameLeader { partition: ORDERS, broker: leader, epoch, high_watermark, end_offset },
        ]
    }

    /// Shows the judge one step in which every partition may have changed.
    pub(crate) fn look(&mut self, events: &[Event]) {
        let touched = (0..self.view.partitions.len()).collect();
        self.look_at(touched, events);
    }

    /// Takes a step that touches no partition.
    pub(crate) fn look_elsewhere(&mut self) {
        self.look_at(Vec::new(), &[]);
    }

    fn look_at(&mut self, touched: Vec<usize>, events: &[Event]) {
        self.step.id = StepId(self.step.id.0 + 1);
        self.view.now = self.step.at;
        self.view.touched = touched;
        self.judge.look(&self.step, events, &self.view, &self.promises);
        events.iter().for_each(|event| self.promises.hear(event));
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, millis: u64) {
        self.step.at += Micros::from_millis(millis);
    }

    /// What a property has seen.
    pub(crate) fn tally(&self, property: Property) -> &Tally {
        self.judge.tally(property)
    }

    /// What a property that is judged client by client has seen.
    pub(crate) fn anomaly(&self, property: Property) -> &Anomaly {
        self.judge.anomaly(property).unwrap()
    }

    /// Asserts that a property was looked at and held.
    #[track_caller]
    pub(crate) fn assert_held(&self, property: Property) {
        let tally = self.tally(property);
        assert!(tally.looked > 0, "{} was not exercised", property.name());
        assert_eq!(tally.broken, 0, "{:?}", tally.findings);
    }

    /// Asserts that a property was broken once, and that the evidence says this.
    #[track_caller]
    pub(crate) fn assert_broken(&self, property: Property, evidence: &str) {
        let tally = self.tally(property);
        assert!(tally.looked > 0, "{} was not exercised", property.name());
        assert_eq!(tally.broken, 1, "{} {:?}", property.name(), tally.findings);
        assert_eq!(tally.findings[0].evidence, evidence);
        assert_eq!(tally.findings[0].property, property);
    }
}

fn judge(setup: &PanelSetup) -> Judge {
    let PanelSetup { config, names, producers, groups, .. } = setup;
    Judge::new(Arc::clone(config), Arc::clone(names), Arc::clone(producers), Arc::clone(groups))
}

/// Three brokers and `orders`, as the stage has it.
pub(crate) fn config() -> ClusterConfig {
    ClusterConfig::clone(&setup(Acks::All).config)
}

/// `orders-0` or another partition, in order and empty.
pub(crate) fn partition(partition: TopicPartition) -> PartitionView {
    let replicas = [1, 2, 3].map(BrokerId);
    let all: BrokerSet = replicas.into_iter().collect();
    let replica = |broker| ReplicaView {
        broker,
        role: if broker == BrokerId(1) { Role::Leader } else { Role::Follower },
        leader: Some(BrokerId(1)),
        isr: all,
        maximal_isr: all,
        ..ReplicaView::default()
    };
    PartitionView {
        controller: PartitionState {
            partition,
            leader: Some(BrokerId(1)),
            leader_epoch: LeaderEpoch(0),
            isr: all,
            partition_epoch: PartitionEpoch(0),
            replicas: replicas.to_vec(),
            ..PartitionState::default()
        },
        min_insync_replicas: 2,
        unclean_election: false,
        replicas: replicas.map(replica).to_vec(),
    }
}

/// The shop's records of these numbers.
pub(crate) fn records(numbers: &[u32]) -> Arc<[Record]> {
    numbers
        .iter()
        .map(|it| Record { value: RecordId::new(SHOP, *it), content: None, size_bytes: 10 })
        .collect()
}

/// The brokers of these ids.
pub(crate) fn set(brokers: &[u8]) -> BrokerSet {
    brokers.iter().copied().map(BrokerId).collect()
}

/// A broker answered success.
pub(crate) fn acknowledged(broker: u8, acks: Acks, base_offset: u64, numbers: &[u32]) -> Event {
    Event::ProduceAcknowledged {
        partition: ORDERS,
        broker: BrokerId(broker),
        client: SHOP,
        acks,
        base_offset: Offset(base_offset),
        records: records(numbers),
    }
}

/// A follower fetched.
pub(crate) fn fetched(leader: u8, follower: u8, offset: u64, leader_end: u64) -> Event {
    Event::FollowerFetched {
        partition: ORDERS,
        broker: BrokerId(leader),
        replica: BrokerId(follower),
        offset: Offset(offset),
        leader_end: Offset(leader_end),
    }
}

/// A moment after the start.
pub(crate) fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}
