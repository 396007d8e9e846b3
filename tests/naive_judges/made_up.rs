//! Histories made up by chance: small changes of three replicas and of what the controller decided, one or two a step, as a cluster
//! could go through them, and some that none should.
//!
//! Each change is of a kind that a machine can make in a step and tells the events that go with it; whether it *may* make it then is
//! not asked. So logs part and meet again, leaders of old epochs go on, and high watermarks outrun logs.

use std::collections::BTreeMap;
use std::sync::Arc;

use highwater_model::config::Acks;
use highwater_model::event::{Event, Step, StepId, TruncationReason};
use highwater_model::ids::{
    BrokerId, BrokerSet, GroupId, NodeId, Offset, ProducerEpoch, ProducerId, RecordId, Sequence,
};
use highwater_model::record::{Batch, ProducerStamp, Record};
use highwater_model::time::Instant;
use highwater_model::view::{ClusterView, PartitionView, ReplicaView, Role};
use highwater_reports::property::Property;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use super::{Both, COMPARED};
use crate::support::{ORDERS_0, SHOP, scenario};

/// How many histories are made up.
const HISTORIES: u32 = 2_000;

/// One change. Replicas are named by their places.
#[derive(Clone, Debug)]
enum Change {
    /// A leader writes a batch; `again` takes the sequence of the batch before.
    Append { at: usize, records: u32, again: bool },
    /// A replica writes the next batches of another's log behind its own, as a follower does that compares offsets only.
    Replicate { from: usize, to: usize, batches: usize },
    /// A log loses its last batches.
    Cut { at: usize, batches: usize, reason: TruncationReason },
    /// The controller chooses a leader, one epoch or none later, and it takes office at once or not at all.
    Elect { leader: usize, later: u32, isr: u8, at_once: bool },
    /// The controller's leader takes office.
    TakeOffice,
    /// A replica becomes a follower in the controller's epoch.
    Follow { at: usize },
    /// The controller writes another ISR and ELR down, or drops the leader; `quietly` in the same partition epoch.
    Decide { isr: u8, elr: u8, drop_leader: bool, quietly: bool },
    /// A leader believes in another ISR; in the maximal one besides.
    Believe { at: usize, isr: u8, besides: u8 },
    /// A high watermark moves: to so far behind the log's end, or one beyond it.
    Move { at: usize, behind: u64, beyond: bool },
    /// A broker goes down.
    Stop { at: usize },
    /// A leader decides to acknowledge one of the last batches of its log.
    Decided { at: usize, nth: usize },
    /// A replica acknowledges one of the last batches of its log; or something that is not in it.
    Acknowledge { at: usize, nth: usize, acks: Acks, made_up: bool },
    /// A consumer is given one of the last batches of a log, as it is or was in the step before.
    Poll { at: usize, nth: usize },
    /// A replica sends records to a consumer, up to its high watermark and so many more.
    Serve { at: usize, more: u64 },
}

fn change() -> impl Strategy<Value = Change> {
    let at = 0..3_usize;
    let set = || prop_oneof![3 => Just(0b111_u8), 2 => 1..8_u8, 1 => (0..3).prop_map(|it| 1_u8 << it)];
    let reason = prop_oneof![
        Just(TruncationReason::BecameFollower),
        Just(TruncationReason::EpochEnd),
        Just(TruncationReason::PowerLoss),
    ];
    let acks = prop_oneof![3 => Just(Acks::All), 1 => Just(Acks::Leader)];
    let rarely = || prop::bool::weighted(0.05);
    prop_oneof![
        8 => (at.clone(), 1..3_u32, rarely()).prop_map(|(at, records, again)| Change::Append { at, records, again }),
        12 => (at.clone(), at.clone(), 1..3_usize).prop_map(|(from, to, batches)| Change::Replicate { from, to, batches }),
        2 => (at.clone(), 1..3_usize, reason).prop_map(|(at, batches, reason)| Change::Cut { at, batches, reason }),
        3 => (at.clone(), prop_oneof![20 => Just(1_u32), 1 => Just(0)], set(), any::<bool>())
            .prop_map(|(leader, later, isr, at_once)| Change::Elect { leader, later, isr, at_once }),
        2 => Just(Change::TakeOffice),
        4 => at.clone().prop_map(|at| Change::Follow { at }),
        1 => (set(), prop_oneof![3 => Just(0_u8), 1 => 0..8_u8], prop::bool::weighted(0.2), any::<bool>())
            .prop_map(|(isr, elr, drop_leader, quietly)| Change::Decide { isr, elr, drop_leader, quietly }),
        2 => (at.clone(), set(), 0..8_u8).prop_map(|(at, isr, besides)| Change::Believe { at, isr, besides }),
        8 => (at.clone(), 0..3_u64, rarely()).prop_map(|(at, behind, beyond)| Change::Move { at, behind, beyond }),
        1 => at.clone().prop_map(|at| Change::Stop { at }),
        1 => (at.clone(), 0..3_usize).prop_map(|(at, nth)| Change::Decided { at, nth }),
        8 => (at.clone(), 0..3_usize, acks, rarely())
            .prop_map(|(at, nth, acks, made_up)| Change::Acknowledge { at, nth, acks, made_up }),
        3 => (at.clone(), 0..3_usize).prop_map(|(at, nth)| Change::Poll { at, nth }),
        1 => (at, prop_oneof![3 => Just(0_u64), 1 => 1..3_u64]).prop_map(|(at, more)| Change::Serve { at, more }),
    ]
}

/// The steps of a history.
fn history() -> impl Strategy<Value = Vec<Vec<Change>>> {
    vec(prop_oneof![3 => vec(change(), 1), 1 => vec(change(), 2)], 1..60)
}

/// A cluster to which changes happen.
struct Cluster {
    view: ClusterView,
    place: usize,
    /// So many records were made.
    records: u32,
    /// The next sequence, and that of the batch before.
    sequences: [u32; 2],
    events: Vec<Event>,
}

fn set(bits: u8) -> BrokerSet {
    (1..=3).filter(|broker| bits & (1 << (broker - 1)) != 0).map(BrokerId).collect()
}

impl Cluster {
    fn partition(&mut self) -> &mut PartitionView {
        self.view.touch(self.place);
        &mut self.view.partitions[self.place]
    }

    fn replica(&mut self, at: usize) -> &mut ReplicaView {
        &mut self.partition().replicas[at]
    }

    /// The last batch but `nth` of a log, looked at only.
    fn batch(&self, at: usize, nth: usize) -> Option<Arc<Batch>> {
        self.view.partitions[self.place].replicas[at].log.iter().rev().nth(nth).cloned()
    }

    fn is(&self, at: usize, role: Role) -> bool {
        self.view.partitions[self.place].replicas[at].role == role
    }

    fn new_records(&mut self, count: u32) -> Arc<[Record]> {
        let first = self.records;
        self.records += count;
        let record = |number| Record { value: RecordId::new(SHOP, number), content: None, size_bytes: 10 };
        (first..first + count).map(record).collect()
    }

    fn happen(&mut self, change: &Change) {
        match *change {
            Change::Append { at, records, again } => self.append(at, records, again),
            Change::Replicate { from, to, batches } => self.replicate(from, to, batches),
            Change::Cut { at, batches, reason } => self.cut(at, batches, reason),
            Change::Elect { leader, later, isr, at_once } => self.elect(leader, later, isr, at_once),
            Change::TakeOffice => self.take_office(),
            Change::Follow { at } => self.follow(at),
            Change::Decide { isr, elr, drop_leader, quietly } => {
                let controller = &mut self.partition().controller;
                (controller.isr, controller.elr) = (set(isr), set(elr).difference(set(isr)));
                controller.partition_epoch.0 += u32::from(!quietly);
                if drop_leader {
                    controller.leader = None;
                    controller.leader_epoch.0 += 1;
                }
            }
            Change::Believe { at, isr, besides } => {
                if self.is(at, Role::Leader) {
                    let replica = self.replica(at);
                    (replica.isr, replica.maximal_isr) = (set(isr), set(isr | besides));
                }
            }
            Change::Move { at, behind, beyond } => {
                let replica = self.replica(at);
                replica.high_watermark = Offset(replica.log_end.0.saturating_sub(behind) + u64::from(beyond));
            }
            Change::Stop { at } => {
                let replica = self.replica(at);
                (replica.role, replica.isr, replica.maximal_isr) =
                    (Role::Offline, BrokerSet::EMPTY, BrokerSet::EMPTY);
            }
            Change::Decided { .. }
            | Change::Acknowledge { .. }
            | Change::Poll { .. }
            | Change::Serve { .. } => self.say(change),
        }
    }

    fn append(&mut self, at: usize, count: u32, again: bool) {
        if !self.is(at, Role::Leader) {
            return;
        }
        let records = self.new_records(count);
        let [next, before] = self.sequences;
        let base_sequence = if again { before } else { next };
        self.sequences = [next.max(base_sequence + count), base_sequence];
        let replica = self.replica(at);
        let batch = Arc::new(Batch {
            base_offset: replica.log_end,
            leader_epoch: replica.leader_epoch,
            producer: Some(ProducerStamp {
                id: ProducerId(7),
                epoch: ProducerEpoch(0),
                base_sequence: Sequence(base_sequence),
                transactional: false,
            }),
            records,
        });
        replica.log.push(Arc::clone(&batch));
        replica.log_end = batch.end_offset();
        let broker = replica.broker;
        self.events.push(Event::RecordsAppended { partition: ORDERS_0, broker, client: SHOP, batch });
    }

    fn replicate(&mut self, from: usize, to: usize, batches: usize) {
        if from == to || !self.is(to, Role::Follower) {
            return;
        }
        let end = self.replica(to).log_end;
        let next = self.replica(from).log.iter().filter(|batch| batch.base_offset >= end);
        let next: Vec<_> = next.take(batches).cloned().collect();
        // A fetch is answered from the batch that holds the offset; one that begins before it is not written.
        let Some(last) = next.last().filter(|_| next[0].base_offset == end) else { return };
        let log_end = last.end_offset();
        let replica = self.replica(to);
        replica.log.extend(next);
        replica.log_end = log_end;
        let broker = replica.broker;
        self.events.push(Event::RecordsFetched { partition: ORDERS_0, broker, from: end, to: log_end });
    }

    fn cut(&mut self, at: usize, batches: usize, reason: TruncationReason) {
        let replica = self.replica(at);
        if replica.log.is_empty() || replica.role == Role::Leader {
            return;
        }
        let from = replica.log_end;
        replica.log.truncate(replica.log.len().saturating_sub(batches));
        let to = replica.log.last().map_or(Offset::ZERO, |batch| batch.end_offset());
        replica.log_end = to;
        let (broker, high_watermark) = (replica.broker, replica.high_watermark);
        replica.high_watermark = high_watermark.min(to);
        let partition = ORDERS_0;
        self.events.push(Event::LogTruncated { partition, broker, from, to, high_watermark, reason });
    }

    fn elect(&mut self, leader: usize, later: u32, isr: u8, at_once: bool) {
        let isr = set(isr | 1 << leader);
        let broker = self.replica(leader).broker;
        let controller = &mut self.partition().controller;
        controller.leader = Some(broker);
        controller.leader_epoch.0 += later;
        controller.partition_epoch.0 += 1;
        (controller.isr, controller.elr) = (isr, BrokerSet::EMPTY);
        let epoch = controller.leader_epoch;
        self.events.push(Event::LeaderElected { partition: ORDERS_0, broker, epoch, isr, unclean: false });
        if at_once {
            self.take_office();
        }
    }

    fn take_office(&mut self) {
        let controller = self.partition().controller.clone();
        let Some(broker) = controller.leader else { return };
        let at = usize::from(broker.0) - 1;
        let epoch = controller.leader_epoch;
        let replica = self.replica(at);
        if replica.role == Role::Leader && replica.leader_epoch == epoch {
            return;
        }
        (replica.role, replica.leader, replica.leader_epoch) = (Role::Leader, Some(broker), epoch);
        (replica.isr, replica.maximal_isr) = (controller.isr, controller.isr);
        replica.high_watermark = replica.high_watermark.min(replica.log_end);
        let (high_watermark, end_offset) = (replica.high_watermark, replica.log_end);
        let partition = ORDERS_0;
        self.events.push(Event::BecameLeader { partition, broker, epoch, high_watermark, end_offset });
    }

    fn follow(&mut self, at: usize) {
        let controller = self.partition().controller.clone();
        let replica = self.replica(at);
        let Some(leader) = controller.leader.filter(|leader| *leader != replica.broker) else { return };
        let epoch = controller.leader_epoch;
        (replica.role, replica.leader, replica.leader_epoch) = (Role::Follower, Some(leader), epoch);
        (replica.isr, replica.maximal_isr) = (BrokerSet::EMPTY, BrokerSet::EMPTY);
        let (broker, high_watermark, end_offset) = (replica.broker, replica.high_watermark, replica.log_end);
        let partition = ORDERS_0;
        let told = Event::BecameFollower { partition, broker, leader, epoch, high_watermark, end_offset };
        self.events.push(told);
    }

    /// What is only said, and changes nothing.
    fn say(&mut self, change: &Change) {
        let partition = ORDERS_0;
        let (Change::Decided { at, .. }
        | Change::Acknowledge { at, .. }
        | Change::Poll { at, .. }
        | Change::Serve { at, .. }) = *change
        else {
            return;
        };
        let replica = &self.view.partitions[self.place].replicas[at];
        let (broker, high_watermark, leads) =
            (replica.broker, replica.high_watermark, replica.role == Role::Leader);
        if let Change::Serve { more, .. } = *change {
            let to = high_watermark.plus(more);
            let from = Offset(to.0.saturating_sub(2));
            let client = NodeId(5);
            self.events.push(Event::RecordsServed { partition, broker, client, from, to, high_watermark });
        } else if let Change::Decided { nth, .. } = *change
            && let Some(batch) = self.batch(at, nth).filter(|_| leads)
        {
            let (base_offset, end_offset) = (batch.base_offset, batch.end_offset());
            let client = SHOP;
            self.events.push(Event::Replicated { partition, broker, client, base_offset, end_offset });
        } else if let Change::Poll { nth, .. } = *change
            && let Some(batch) = self.batch(at, nth)
        {
            let (client, group, from) = (NodeId(5), GroupId(0), batch.base_offset);
            self.events.push(Event::RecordsPolled { client, group, partition, from, batch });
        } else if let Change::Acknowledge { nth, acks, made_up, .. } = *change
            && let Some(batch) = self.batch(at, nth)
        {
            let records = if made_up { self.new_records(1) } else { Arc::clone(&batch.records) };
            let (client, base_offset) = (SHOP, batch.base_offset);
            let told = Event::ProduceAcknowledged { partition, broker, client, acks, base_offset, records };
            self.events.push(told);
        }
    }
}

/// Lets a history happen before both judges.
fn judged(history: &[Vec<Change>], protocol: &str) -> Both {
    let prepared = scenario(&json!({ "protocol": protocol }));
    let place = prepared.view.place(ORDERS_0).expect("the tests' topic is there");
    let mut cluster =
        Cluster { view: prepared.view.clone(), place, records: 0, sequences: [0, 0], events: Vec::new() };
    let mut both = Both::new(&prepared.panel);
    cluster.take_office();
    (1..3).for_each(|at| cluster.follow(at));
    for (id, changes) in (1..).zip(std::iter::once(&Vec::new()).chain(history)) {
        changes.iter().for_each(|change| cluster.happen(change));
        let step = Step { id: StepId(id), at: Instant::from_millis(id), ..Step::default() };
        cluster.view.now = step.at;
        both.look(&step, &cluster.events, &cluster.view);
        cluster.view.touched.clear();
        cluster.events.clear();
    }
    both
}

#[test]
fn both_judges_agree_on_histories_made_up_by_chance() {
    let mut runner = TestRunner::new_with_rng(
        Config { cases: HISTORIES, failure_persistence: None, ..Config::default() },
        rng(),
    );
    let broken = std::cell::RefCell::new(BTreeMap::<Property, u32>::new());
    let result = runner.run(&(history(), any::<bool>()), |(history, newest)| {
        let both = judged(&history, if newest { "4.0-elr" } else { "0.11-iv1" });
        for property in both.naive.firsts.keys() {
            *broken.borrow_mut().entry(*property).or_default() += 1;
        }
        let differing = both.disagreements();
        prop_assert!(differing.is_empty(), "{differing:?}");
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    // Neither a judge that finds nothing nor one that always finds something would agree here.
    let broken = broken.into_inner();
    for property in COMPARED {
        let times = broken.get(&property).copied().unwrap_or_default();
        assert!((10..HISTORIES).contains(&times), "{} broke in {times} histories", property.name());
    }
}

/// The same histories every time.
fn rng() -> proptest::test_runner::TestRng {
    proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha)
}
