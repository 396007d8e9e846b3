//! Brokers and a controller without a network: links that a test cuts, processes that it kills.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::broker::Broker;
use crate::config::{AckStrategy, Acks, BrokerConfig, ClusterConfig, Topic};
use crate::controller::Controller;
use crate::event::{Event, TruncationReason};
use crate::ids::{BrokerId, CorrelationId, LeaderEpoch, NodeId, Offset, RecordId, TopicPartition};
use crate::machine::{Effects, Ending, Input, Machine};
use crate::message::{Body, ErrorCode, Message, PartitionState, ProducePartition};
use crate::protocol::Preset;
use crate::record::{Record, RecordBatch};
use crate::storage::Storage;
use crate::time::{Instant, Micros};
use crate::view::{BrokerView, ClusterView, PartitionView, ReplicaView, Role};

const ORDERS: TopicPartition = TopicPartition { topic: crate::ids::TopicId(0), partition: 0 };

type Link = (NodeId, NodeId);

/// The machines, and what is on its way between them. Messages are delivered at once unless the test draws their order.
struct Cluster {
    config: Arc<ClusterConfig>,
    controller: Controller,
    /// Broker `b` at `b - 1`; none while it is down, with its disk beside it.
    brokers: Vec<Option<Broker>>,
    disks: Vec<Storage>,
    links: BTreeMap<Link, VecDeque<Message>>,
    cut: Vec<Link>,
    shop: NodeId,
    now: Instant,
    produced: u32,
    view: ClusterView,
    events: Vec<Event>,
    /// The first record that any replica took for committed at each offset.
    committed: BTreeMap<u64, RecordId>,
    acknowledged: Vec<RecordId>,
    answers: Vec<ErrorCode>,
    /// Chooses what happens next, if the order is drawn.
    chance: Option<u64>,
}

impl Cluster {
    /// As many brokers as replicas; broker 1 leads.
    fn new(replicas: u8) -> Self {
        let all: Vec<BrokerId> = (1..=replicas).map(BrokerId).collect();
        let topic = Topic { ack_strategy: AckStrategy::Majority, ..Topic::new(1, false, vec![all.clone()]) };
        let protocol = Preset::V0_11Iv1.protocol();
        let config = Arc::new(ClusterConfig::new(protocol, replicas, BrokerConfig::default(), vec![topic]));
        let replica = |broker: &BrokerId| ReplicaView { broker: *broker, ..ReplicaView::default() };
        let state = PartitionState {
            partition: ORDERS,
            leader: None,
            leader_epoch: LeaderEpoch(0),
            isr: all.iter().copied().collect(),
            partition_epoch: Default::default(),
            replicas: all.clone(),
            ..PartitionState::default()
        };
        let partition = PartitionView {
            controller: state,
            min_insync_replicas: 1,
            unclean_election: false,
            replicas: all.iter().map(replica).collect(),
        };
        let mut cluster = Self {
            controller: Controller::new(Arc::clone(&config)),
            brokers: vec![None; all.len()],
            disks: vec![Storage::default(); all.len()],
            config,
            links: BTreeMap::new(),
            cut: Vec::new(),
            shop: NodeId(u16::from(replicas) + 1),
            now: Instant::START,
            produced: 0,
            view: ClusterView {
                brokers: vec![BrokerView::default(); all.len()],
                partitions: vec![partition],
                ..ClusterView::default()
            },
            events: Vec::new(),
            committed: BTreeMap::new(),
            acknowledged: Vec::new(),
            answers: Vec::new(),
            chance: None,
        };
        all.iter().for_each(|broker| cluster.start(broker.0));
        cluster.give(NodeId::CONTROLLER, Input::Start);
        cluster.settle();
        cluster
    }

    fn start(&mut self, broker: u8) {
        let place = usize::from(broker) - 1;
        let disk = std::mem::take(&mut self.disks[place]);
        self.brokers[place] = Some(Broker::new(BrokerId(broker), Arc::clone(&self.config), disk));
        self.give(BrokerId(broker).into(), Input::Start);
    }

    /// The process dies; connections break.
    fn kill(&mut self, broker: u8) {
        let place = usize::from(broker) - 1;
        let Some(machine) = self.brokers[place].take() else { return };
        self.disks[place] = machine.stop(Ending::Process);
        let shown = &mut self.view.partitions[0].replicas[place];
        (shown.role, shown.leader) = (Role::Offline, None);
        let node = NodeId::from(BrokerId(broker));
        self.links.retain(|(from, to), _| *from != node && *to != node);
        for peer in self.nodes() {
            self.give(peer, Input::Disconnected(node));
        }
    }

    fn nodes(&self) -> Vec<NodeId> {
        (0..=self.brokers.len() as u16).map(NodeId).collect()
    }

    fn cut(&mut self, one: impl Into<NodeId>, other: impl Into<NodeId>) {
        let (one, other) = (one.into(), other.into());
        self.cut.extend([(one, other), (other, one)]);
    }

    /// Cuts this broker off from all others, and from the controller; not from clients.
    fn isolate(&mut self, broker: u8) {
        let me = NodeId::from(BrokerId(broker));
        self.nodes().into_iter().filter(|peer| *peer != me).for_each(|peer| self.cut(me, peer));
    }

    /// Cut links flow again; what waited on them arrives, as retransmissions do.
    fn heal(&mut self) {
        self.cut.clear();
    }

    /// One input to one machine, and the look at what it made of it.
    fn give(&mut self, node: NodeId, input: Input) {
        let mut out = Effects::default();
        let machine: &mut dyn Machine = if node == NodeId::CONTROLLER {
            &mut self.controller
        } else {
            match &mut self.brokers[usize::from(node.0) - 1] {
                Some(broker) => broker,
                None => return,
            }
        };
        machine.handle(self.now, input, &mut out);
        machine.show(&mut self.view);
        self.view.touched.clear();
        for sent in out.sends {
            if sent.to == self.shop {
                let Body::ProduceReply { partitions } = &sent.message.body else { continue };
                self.answers.push(partitions[0].error);
            } else if self.is_up(sent.to) {
                self.links.entry((node, sent.to)).or_default().push_back(sent.message);
            } else {
                // Refused; the machines wait before they try again.
                self.give(node, Input::Disconnected(sent.to));
            }
        }
        for event in &out.events {
            if let Event::ProduceAcknowledged { records, .. } = event {
                self.acknowledged.extend(records.iter().map(|record| record.value));
            }
        }
        self.events.append(&mut out.events);
        self.look();
    }

    fn is_up(&self, node: NodeId) -> bool {
        node == NodeId::CONTROLLER || self.brokers[usize::from(node.0) - 1].is_some()
    }

    /// What was once committed is never another, and whoever leads in the latest epoch has all of it.
    fn look(&mut self) {
        let partition = &self.view.partitions[0];
        for replica in partition.replicas.iter().filter(|replica| replica.role != Role::Offline) {
            for offset in 0..replica.high_watermark.min(replica.log_end).0 {
                let value = replica.record_at(Offset(offset)).expect("the log has no gaps").value;
                let first = *self.committed.entry(offset).or_insert(value);
                assert_eq!(first, value, "offset {offset} on broker {}: {:#?}", replica.broker, self.events);
            }
        }
        if let Some(leader) = partition.true_leader() {
            for (&offset, &value) in &self.committed {
                let held = leader.record_at(Offset(offset)).map(|record| record.value);
                assert_eq!(held, Some(value), "offset {offset}: {:#?}", self.events);
            }
        }
    }

    /// Delivers everything that is on its way.
    fn settle(&mut self) {
        while self.deliver() {}
    }

    fn deliver(&mut self) -> bool {
        self.links.retain(|_, messages| !messages.is_empty());
        let open: Vec<Link> = self.links.keys().copied().filter(|link| !self.cut.contains(link)).collect();
        if open.is_empty() {
            return false;
        }
        let (from, to) = open[self.draw(open.len() as u64) as usize];
        let messages = self.links.get_mut(&(from, to)).expect("it is one of them");
        let message = messages.pop_front().expect("an empty link was dropped");
        self.give(to, Input::Message { from, message });
        true
    }

    /// Lets this much time pass, deadline by deadline.
    fn pass(&mut self, millis: u64) {
        let end = self.now + Micros::from_millis(millis);
        self.settle();
        while self.next_deadline().is_some_and(|(at, _)| at <= end) {
            self.next();
            self.settle();
        }
        self.now = end;
    }

    /// The clock moves to the next deadline.
    fn next(&mut self) {
        if let Some((at, node)) = self.next_deadline() {
            self.now = self.now.max(at);
            self.give(node, Input::Deadline);
        }
    }

    fn next_deadline(&self) -> Option<(Instant, NodeId)> {
        let brokers = (1..).map(NodeId).zip(&self.brokers);
        let of_brokers = brokers.filter_map(|(node, broker)| Some((broker.as_ref()?.next_deadline()?, node)));
        of_brokers.chain(self.controller.next_deadline().map(|at| (at, NodeId::CONTROLLER))).min()
    }

    fn produce(&mut self, broker: u8) {
        let record =
            Record { value: RecordId::new(self.shop, self.produced), content: None, size_bytes: 100 };
        self.produced += 1;
        let batch = RecordBatch { producer: None, records: Arc::new([record]) };
        let partitions = vec![ProducePartition { partition: ORDERS, batch }];
        let body = Body::ProduceRequest {
            acks: Acks::All,
            timeout: Micros::from_millis(2_000),
            partitions,
            transactional: None,
        };
        let message = Message { correlation: CorrelationId(1), body };
        self.give(BrokerId(broker).into(), Input::Message { from: self.shop, message });
    }

    fn replica(&self, broker: u8) -> &ReplicaView {
        &self.view.partitions[0].replicas[usize::from(broker) - 1]
    }

    /// Where broker `broker`'s log ends, and its high watermark.
    fn stand(&self, broker: u8) -> (u64, u64) {
        let replica = self.replica(broker);
        (replica.log_end.0, replica.high_watermark.0)
    }

    fn leader(&self) -> Option<u8> {
        self.view.partitions[0].true_leader().map(|leader| leader.broker.0)
    }

    fn cuts(&self) -> Vec<(u8, u64, u64)> {
        let cuts = self.events.iter().filter_map(|event| {
            let Event::LogTruncated { broker, from, to, reason, .. } = *event else { return None };
            assert_eq!(reason, TruncationReason::Diverged);
            Some((broker.0, from.0, to.0))
        });
        cuts.collect()
    }

    /// A number below `bound`; 0 while the order is not drawn.
    fn draw(&mut self, bound: u64) -> u64 {
        let Some(chance) = &mut self.chance else { return 0 };
        *chance = chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// The leader and this many more.
fn held_by(replicas: u8, others: &[u8]) -> Cluster {
    let mut cluster = Cluster::new(replicas);
    for broker in (2..=replicas).filter(|broker| !others.contains(broker)) {
        cluster.isolate(broker);
    }
    cluster.produce(1);
    cluster.pass(100);
    cluster
}

#[test]
fn a_record_is_committed_once_more_than_half_of_all_replicas_hold_it() {
    assert_eq!(held_by(3, &[]).acknowledged.len(), 0);
    assert_eq!(held_by(3, &[3]).acknowledged.len(), 1);
    assert_eq!(held_by(5, &[4]).acknowledged.len(), 0);
    let mut cluster = held_by(5, &[2, 5]);
    assert_eq!((cluster.stand(1), cluster.acknowledged.len()), ((1, 1), 1));
    cluster.pass(1_000);
    assert_eq!(cluster.stand(5), (1, 1), "followers learn of it as they fetch");
}

#[test]
fn the_death_of_a_leader_loses_nothing_that_was_acknowledged_and_the_cluster_goes_on() {
    let mut cluster = held_by(3, &[3]);
    cluster.kill(1);
    cluster.heal();
    cluster.pass(8_000);
    assert_eq!(cluster.leader(), Some(3), "broker 2 has less");
    assert_eq!(cluster.stand(3), (1, 1));
    cluster.produce(3);
    cluster.pass(1_500);
    assert_eq!((cluster.stand(2), cluster.acknowledged.len()), ((2, 2), 2));
    cluster.start(1);
    cluster.pass(3_000);
    assert_eq!((cluster.stand(1), cluster.cuts()), ((2, 2), vec![]));
}

#[test]
fn what_a_leader_finds_in_its_log_is_committed_without_a_new_record() {
    let mut cluster = held_by(3, &[3]);
    cluster.kill(1);
    assert_eq!(cluster.stand(3), (1, 0), "it has not heard that the record is committed");
    cluster.heal();
    cluster.pass(8_000);
    assert_eq!((cluster.leader(), cluster.stand(3), cluster.stand(2)), (Some(3), (1, 1), (1, 1)));
}

#[test]
fn with_half_of_the_replicas_there_is_neither_an_acknowledgement_nor_a_leader() {
    let mut cluster = Cluster::new(4);
    cluster.kill(3);
    cluster.kill(4);
    cluster.produce(1);
    cluster.pass(10_000);
    assert_eq!(cluster.acknowledged.len(), 0);
    assert_eq!(cluster.answers, [ErrorCode::RequestTimedOut]);
    cluster.kill(1);
    cluster.pass(20_000);
    assert_eq!(cluster.leader(), None);
    let offline =
        cluster.events.iter().filter(|event| matches!(event, Event::PartitionOffline { .. })).count();
    assert_eq!(offline, 1);
    cluster.start(1);
    cluster.start(3);
    cluster.pass(10_000);
    assert_eq!(cluster.leader(), Some(1), "its record was written to a majority never, and is the furthest");
    assert_eq!((cluster.stand(2), cluster.stand(3)), ((1, 1), (1, 1)));
}

#[test]
fn an_old_leader_commits_nothing_once_its_followers_have_voted() {
    let mut cluster = Cluster::new(3);
    cluster.produce(1);
    cluster.pass(100);
    cluster.cut(BrokerId(1), NodeId::CONTROLLER);
    cluster.pass(7_000);
    let new = cluster.leader().expect("two of three have voted");
    assert_eq!((new, cluster.replica(1).role), (2, Role::Leader), "it knows nothing of it");
    cluster.answers.clear();
    cluster.produce(1);
    cluster.produce(2);
    cluster.pass(1_000);
    assert_eq!(cluster.stand(1), (2, 1), "nobody fetches from it");
    assert_eq!((cluster.stand(2), cluster.stand(3)), ((2, 2), (2, 2)));
    assert_eq!(cluster.answers, [ErrorCode::None]);
    cluster.heal();
    cluster.pass(5_000);
    assert_eq!(cluster.answers, [ErrorCode::None, ErrorCode::NotLeaderForPartition]);
    assert_eq!((cluster.stand(1), cluster.cuts()), ((2, 2), vec![(1, 2, 1)]));
}

/// Figure 8 of the Raft paper: a record of epoch 0 lies on a majority by the hand of the leader of epoch 2; broker 2, which
/// led in between and wrote alone, goes further and comes to lead.
#[test]
fn a_record_of_an_earlier_epoch_is_not_committed_though_a_majority_holds_it() {
    let mut cluster = Cluster::new(3);
    cluster.isolate(1);
    cluster.produce(1);
    cluster.kill(1);
    cluster.heal();
    cluster.cut(BrokerId(2), BrokerId(3));
    cluster.pass(8_000);
    assert_eq!(cluster.leader(), Some(2));
    cluster.produce(2);
    cluster.kill(2);
    cluster.heal();
    cluster.start(1);
    let has_second = |cluster: &Cluster| {
        let fetched = |event: &Event| matches!(event, Event::FollowerFetched { offset: Offset(1), .. });
        cluster.events.iter().any(fetched)
    };
    while !has_second(&cluster) {
        if !cluster.deliver() {
            cluster.next();
        }
    }
    assert_eq!((cluster.leader(), cluster.stand(1), cluster.stand(3)), (Some(1), (1, 0), (1, 0)));
    cluster.kill(1);
    cluster.start(2);
    cluster.pass(10_000);
    assert_eq!((cluster.leader(), cluster.cuts()), (Some(2), vec![(3, 1, 0)]));
    assert_eq!(cluster.stand(3), (1, 1));
}

#[test]
fn an_epoch_that_was_reached_counts_for_more_than_a_longer_log_of_an_earlier_one() {
    let mut cluster = Cluster::new(3);
    cluster.isolate(2);
    cluster.isolate(3);
    cluster.produce(1);
    cluster.pass(100);
    assert_eq!(cluster.stand(1), (1, 0));
    cluster.kill(1);
    cluster.heal();
    cluster.pass(8_000);
    assert_eq!(cluster.leader(), Some(2));
    cluster.isolate(3);
    cluster.produce(2);
    cluster.pass(100);
    cluster.kill(2);
    cluster.heal();
    cluster.start(1);
    cluster.pass(10_000);
    // Its log is longer, but broker 3 was in step with broker 2 in epoch 1, when that had nothing.
    assert_eq!(cluster.leader(), Some(3));
    assert_eq!(cluster.stand(1), (0, 0));
    cluster.produce(3);
    cluster.pass(1_000);
    cluster.start(2);
    cluster.pass(10_000);
    assert_eq!((1..=3).map(|broker| cluster.stand(broker)).collect::<Vec<_>>(), [(1, 1); 3]);
    assert_eq!(cluster.cuts(), [(1, 1, 0), (2, 1, 0)]);
}

/// Kills, cuts, elections and produces in an order that the seed draws, with messages that overtake those of other links.
fn storm(seed: u64, replicas: u8) -> Cluster {
    let mut cluster = Cluster::new(replicas);
    cluster.chance = Some(seed);
    for _ in 0..60 {
        let broker = 1 + cluster.draw(u64::from(replicas)) as u8;
        match cluster.draw(12) {
            0 => cluster.kill(broker),
            1 if cluster.brokers[usize::from(broker) - 1].is_none() => cluster.start(broker),
            2 => cluster.isolate(broker),
            3 => {
                let other = cluster.draw(u64::from(replicas) + 1) as u16;
                if other != u16::from(broker) {
                    cluster.cut(BrokerId(broker), NodeId(other));
                }
            }
            4 => cluster.heal(),
            5 => {
                let command = crate::machine::Command::PreferredElection(ORDERS);
                cluster.give(NodeId::CONTROLLER, Input::Command(command));
            }
            6 | 7 => {
                let millis = 100 * cluster.draw(80);
                cluster.pass(millis);
            }
            8 => {
                for _ in 0..cluster.draw(20) {
                    cluster.deliver();
                }
            }
            _ => {
                // Whoever takes itself for the leader; a client may have heard of any of them.
                let leads = |broker: &u8| cluster.replica(*broker).role == Role::Leader;
                let leaders: Vec<u8> = (1..=replicas).filter(leads).collect();
                leaders.into_iter().for_each(|leader| cluster.produce(leader));
            }
        }
    }
    cluster.heal();
    for broker in 1..=replicas {
        if cluster.brokers[usize::from(broker) - 1].is_none() {
            cluster.start(broker);
        }
    }
    cluster.pass(60_000);
    cluster
}

fn come_to_rest(seeds: u64, replicas: u8) {
    let (mut acknowledged, mut elections, mut cuts) = (0, 0, 0);
    for seed in 0..seeds {
        let cluster = storm(seed, replicas);
        let end = cluster.stand(1);
        assert_eq!(end.0, end.1, "seed {seed}: all is committed");
        let same =
            |broker| cluster.stand(broker) == end && cluster.replica(broker).log == cluster.replica(1).log;
        assert!((2..=replicas).all(same), "seed {seed}: the replicas are equal");
        let kept: Vec<RecordId> = cluster.committed.values().copied().collect();
        assert!(
            cluster.acknowledged.iter().all(|record| kept.contains(record)),
            "seed {seed}: nothing is lost"
        );
        acknowledged += cluster.acknowledged.len();
        elections +=
            cluster.events.iter().filter(|event| matches!(event, Event::LeaderElected { .. })).count();
        cuts += cluster.cuts().len();
    }
    assert!(acknowledged > 0 && elections > 0 && cuts > 0, "{acknowledged} {elections} {cuts}");
}

#[test]
fn three_replicas_keep_what_they_acknowledged_through_any_storm() {
    come_to_rest(200, 3);
}

#[test]
fn five_replicas_keep_what_they_acknowledged_through_any_storm() {
    come_to_rest(100, 5);
}
