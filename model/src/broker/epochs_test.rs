//! Three brokers that talk to one another; a test plays the controller and holds messages back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::broker::*;
use crate::config::{Acks, BrokerConfig};
use crate::event::{EventKind, TruncationReason};
use crate::ids::PartitionEpoch;
use crate::ids::{LeaderEpoch, Offset, RecordId, TopicId};
use crate::message::{
    ErrorCode, FetchPartition, FetchedPartition, Fetcher as Who, ListOffset, PartitionState, ProducePartition,
};
use crate::protocol::{Preset, Protocol};
use crate::record::{Batch, Record, RecordBatch};

const ORDERS: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };
const SHOP: NodeId = NodeId(4);

type Link = (NodeId, NodeId);

struct Trio {
    config: Arc<ClusterConfig>,
    /// Broker `b` at `b - 1`; none while it is down, with its disk beside it.
    brokers: Vec<Option<Broker>>,
    disks: Vec<Storage>,
    links: BTreeMap<Link, VecDeque<Message>>,
    held: BTreeSet<Link>,
    /// What clients were told.
    told: Vec<Body>,
    now: Instant,
    events: Vec<Event>,
    produced: u32,
    /// The number of the last fetch that a broker sent.
    fetches: BTreeMap<NodeId, CorrelationId>,
}

impl Trio {
    fn new(preset: Preset) -> Self {
        Self::of(preset.protocol())
    }

    fn of(protocol: Protocol) -> Self {
        let topic = Topic::new(1, false, vec![vec![BrokerId(1), BrokerId(2), BrokerId(3)]]);
        let config = Arc::new(ClusterConfig::new(protocol, 3, BrokerConfig::default(), vec![topic]));
        let mut trio = Self {
            config,
            brokers: vec![None, None, None],
            disks: vec![Storage::default(); 3],
            links: BTreeMap::new(),
            held: BTreeSet::new(),
            told: Vec::new(),
            now: Instant::START,
            events: Vec::new(),
            produced: 0,
            fetches: BTreeMap::new(),
        };
        (1..=3).for_each(|broker| trio.start(broker));
        trio
    }

    fn start(&mut self, broker: u8) {
        let place = usize::from(broker) - 1;
        let disk = std::mem::take(&mut self.disks[place]);
        self.brokers[place] = Some(Broker::new(BrokerId(broker), Arc::clone(&self.config), disk));
        self.give(BrokerId(broker).into(), Input::Start);
    }

    fn kill(&mut self, broker: u8) {
        let place = usize::from(broker) - 1;
        let machine = self.brokers[place].take().expect("it lives");
        self.disks[place] = machine.stop(Ending::Process);
        let node = NodeId::from(BrokerId(broker));
        self.links.retain(|(from, to), _| *from != node && *to != node);
        for peer in (1..=3).map(NodeId) {
            self.give(peer, Input::Disconnected(node));
        }
    }

    fn give(&mut self, to: NodeId, input: Input) {
        let Some(broker) = self.brokers[usize::from(to.0) - 1].as_mut() else { return };
        let mut out = Effects::default();
        broker.handle(self.now, input, &mut out);
        self.events.append(&mut out.events);
        for sent in out.sends {
            let Message { correlation, body } = sent.message;
            if matches!(body, Body::FetchRequest { .. }) {
                self.fetches.insert(to, correlation);
            }
            if let Body::AlterPartitionRequest { proposed, .. } = body {
                // Whatever ISR a leader proposes comes into force.
                let mut version = proposed.partition_epoch;
                version.0 += 1;
                let body = Body::AlterPartitionReply {
                    partition: ORDERS,
                    error: ErrorCode::None,
                    leader_epoch: proposed.leader_epoch,
                    isr: proposed.isr,
                    partition_epoch: version,
                };
                let answers = self.links.entry((NodeId::CONTROLLER, to)).or_default();
                answers.push_back(Message { correlation, body });
            } else if sent.to == SHOP {
                self.told.push(body);
            } else if sent.to != NodeId::CONTROLLER {
                self.links.entry((to, sent.to)).or_default().push_back(Message { correlation, body });
            }
        }
    }

    fn hear(&mut self, from: impl Into<NodeId>, to: u8, body: Body) {
        let message = Message { correlation: CorrelationId(7), body };
        self.give(BrokerId(to).into(), Input::Message { from: from.into(), message });
    }

    /// Messages from one broker to another wait.
    fn hold(&mut self, from: u8, to: u8) {
        self.held.insert((BrokerId(from).into(), BrokerId(to).into()));
    }

    /// They arrive, unless nobody waits for them any more.
    fn release(&mut self) {
        self.held.clear();
        self.settle();
    }

    fn settle(&mut self) {
        while let Some(link) = self
            .links
            .iter()
            .find_map(|(link, waiting)| (!waiting.is_empty() && !self.held.contains(link)).then_some(*link))
        {
            let message = self.links.get_mut(&link).and_then(VecDeque::pop_front).expect("it is not empty");
            self.give(link.1, Input::Message { from: link.0, message });
        }
    }

    /// Lets time pass.
    fn run(&mut self, millis: u64) {
        let end = self.now + Micros::from_millis(millis);
        loop {
            self.settle();
            let due = |broker: &Option<Broker>| broker.as_ref().and_then(Machine::next_deadline);
            let next = self.brokers.iter().filter_map(due).min().filter(|at| *at <= end);
            let Some(at) = next else { break };
            self.now = self.now.max(at);
            (1..=3).map(NodeId).for_each(|node| self.give(node, Input::Deadline));
        }
        self.now = end;
    }

    /// The controller tells some brokers who leads.
    fn notice<const N: usize, const M: usize>(&mut self, to: [u8; N], leader: u8, epoch: u32, isr: [u8; M]) {
        let state = PartitionState {
            partition: ORDERS,
            leader: Some(BrokerId(leader)),
            leader_epoch: LeaderEpoch(epoch),
            isr: isr.into_iter().map(BrokerId).collect(),
            partition_epoch: PartitionEpoch(epoch * 10),
            replicas: vec![BrokerId(1), BrokerId(2), BrokerId(3)],
            ..PartitionState::default()
        };
        for broker in to {
            self.hear(
                NodeId::CONTROLLER,
                broker,
                Body::LeaderAndIsrRequest { partitions: vec![state.clone()] },
            );
        }
        self.settle();
    }

    /// One record, which the leader writes at once.
    fn produce(&mut self, leader: u8) {
        let value = RecordId::new(SHOP, self.produced);
        self.produced += 1;
        let record = Record { value, content: None, size_bytes: 100 };
        let batch = RecordBatch { producer: None, records: [record].into() };
        let partitions = vec![ProducePartition { partition: ORDERS, batch }];
        let timeout = Micros::from_millis(30_000);
        self.hear(
            SHOP,
            leader,
            Body::ProduceRequest { acks: Acks::Leader, timeout, partitions, transactional: None },
        );
        self.settle();
    }

    fn replica(&self, broker: u8) -> &Replica {
        let broker = self.brokers[usize::from(broker) - 1].as_ref().expect("it lives");
        &broker.replicas[&ORDERS]
    }

    /// A log's records, each with the epoch that wrote it.
    fn log(&self, broker: u8) -> Vec<(u32, u32)> {
        let replica = self.replica(broker);
        let batches = replica.log.read(Offset(0), replica.log.end_offset(), 1 << 30);
        let each = batches.iter().flat_map(|batch| {
            batch.records.iter().map(|record| (batch.leader_epoch.0, record.value.number()))
        });
        each.collect()
    }

    fn saw(&self, kind: EventKind) -> usize {
        self.events.iter().filter(|event| event.kind() == kind).count()
    }

    fn cuts(&self) -> Vec<(u8, u64, TruncationReason)> {
        let cut = |event: &Event| {
            let Event::LogTruncated { broker, to, reason, .. } = event else { return None };
            Some((broker.0, to.0, *reason))
        };
        self.events.iter().filter_map(cut).collect()
    }
}

/// Every preset that has epochs in its logs.
fn since(first: Preset) -> impl Iterator<Item = Preset> {
    use strum::IntoEnumIterator;
    Preset::iter().filter(move |preset| *preset >= first)
}

/// KIP-101's first scenario, without a restart: the acknowledged record is on all three, and two leaders die.
fn truncate_then_lead(preset: Preset) -> Vec<(u32, u32)> {
    let mut trio = Trio::new(preset);
    trio.notice([1, 2, 3], 1, 0, [1, 2, 3]);
    trio.produce(1);
    trio.hold(3, 2);
    trio.kill(1);
    trio.notice([3, 2], 3, 1, [2, 3]);
    trio.kill(3);
    trio.notice([2], 2, 2, [2]);
    trio.log(2)
}

#[test]
fn a_follower_that_cuts_at_its_own_high_watermark_and_leads_loses_what_was_acknowledged() {
    assert_eq!(truncate_then_lead(Preset::V0_10), []);
    assert_eq!(truncate_then_lead(Preset::V0_11Iv1), []);
    for preset in since(Preset::V0_11) {
        assert_eq!(truncate_then_lead(preset), [(0, 0)], "{}", preset.name());
    }
}

/// Broker 1 has records 0 to 3 of epoch 1, broker 2 has 0 and 1 of these and then led epoch 2 and wrote record 4. Before 1 heard
/// of it, it leads again, in epoch 3.
fn fast_fail_over(preset: Preset, writes: bool) -> Trio {
    let mut trio = Trio::new(preset);
    trio.notice([1, 2], 1, 1, [1, 2]);
    trio.produce(1);
    trio.produce(1);
    trio.hold(1, 2);
    trio.produce(1);
    trio.produce(1);
    trio.notice([2], 2, 2, [1, 2]);
    trio.produce(2);
    trio.notice([1], 1, 3, [1, 2]);
    if writes {
        trio.produce(1);
    }
    trio.links.clear();
    trio.release();
    trio.notice([2], 1, 3, [1, 2]);
    trio.run(5_000);
    trio
}

#[test]
fn a_single_question_misses_a_fork_that_the_leader_has_written_past() {
    let diverged = fast_fail_over(Preset::V0_11, true);
    assert_eq!(diverged.log(1), [(1, 0), (1, 1), (1, 2), (1, 3), (3, 5)]);
    assert_eq!(diverged.log(2), [(1, 0), (1, 1), (2, 4), (1, 3), (3, 5)]);
    for preset in since(Preset::V2_0) {
        let trio = fast_fail_over(preset, true);
        assert_eq!(trio.log(2), trio.log(1), "{}", preset.name());
        assert_eq!(trio.cuts().last().map(|cut| cut.1), Some(2), "{}", preset.name());
    }
}

#[test]
fn a_leader_that_has_not_written_knows_of_no_later_epoch_until_2_0_0() {
    for preset in [Preset::V0_11, Preset::V2_0] {
        let trio = fast_fail_over(preset, false);
        assert_eq!(trio.log(2), trio.log(1), "{}", preset.name());
        let (broker, to, reason) = trio.cuts()[0];
        assert_eq!((broker, reason), (2, TruncationReason::UnknownEpoch));
        assert!(to <= 2, "its high watermark is not beyond the fork");
    }
    for preset in since(Preset::V2_0_1) {
        let trio = fast_fail_over(preset, false);
        assert_eq!(trio.log(2), trio.log(1), "{}", preset.name());
        assert_eq!(trio.cuts()[0].1, 2, "{}", preset.name());
        assert_ne!(trio.cuts()[0].2, TruncationReason::UnknownEpoch, "{}", preset.name());
    }
}

/// Broker 1 leads epoch 0 and 3 copies record 0; 2 leads epoch 1, empty, and 1 follows it; 1 leads epoch 2 and writes record 1. Broker
/// 3 hears of epoch 2 only, or of neither.
fn missed_epoch(preset: Preset, hears: bool) -> Trio {
    let mut trio = Trio::new(preset);
    trio.notice([1, 2, 3], 1, 0, [1, 2, 3]);
    trio.hold(1, 2);
    trio.produce(1);
    trio.links.clear();
    trio.held.clear();
    trio.notice([2, 1], 2, 1, [1, 2, 3]);
    trio.run(1_000);
    trio.hold(2, 1);
    trio.notice([2, 1], 1, 2, [1, 3]);
    if hears {
        trio.notice([3], 1, 2, [1, 3]);
    }
    trio.produce(1);
    trio.run(5_000);
    trio
}

#[test]
fn a_missed_epoch_of_the_same_leader_is_noticed_from_2_0_1_on() {
    for preset in since(Preset::V0_10) {
        let trio = missed_epoch(preset, true);
        assert_eq!(trio.log(1), [(2, 1)]);
        let copied = if preset < Preset::V2_0_1 { (0, 0) } else { (2, 1) };
        assert_eq!(trio.log(3), [copied], "{}", preset.name());
    }
}

#[test]
fn a_follower_of_an_older_epoch_counts_for_the_high_watermark_until_it_is_fenced_in_2_1() {
    for preset in since(Preset::V0_10) {
        let trio = missed_epoch(preset, false);
        assert_eq!(trio.log(3), [(0, 0)], "{}", preset.name());
        let fenced = preset >= Preset::V2_1;
        assert_eq!(trio.replica(1).high_watermark, Offset(u64::from(!fenced)), "{}", preset.name());
        assert_eq!(trio.saw(EventKind::FetchFenced) > 0, fenced, "{}", preset.name());
    }
}

#[test]
fn a_fenced_follower_asks_no_more_until_the_controller_tells_the_new_epoch() {
    let mut trio = missed_epoch(Preset::V2_1, false);
    let fenced = |event: &&Event| matches!(event, Event::FetchFenced { fetcher: NodeId(3), .. });
    trio.run(10_000);
    assert_eq!(trio.events.iter().filter(fenced).count(), 1);
    trio.notice([3], 1, 2, [1, 3]);
    trio.run(2_000);
    assert_eq!((trio.log(3), trio.replica(1).high_watermark), (trio.log(1), Offset(1)));
}

#[test]
fn a_follower_of_a_newer_epoch_waits_until_its_leader_has_heard() {
    let mut trio = Trio::new(Preset::V3_7);
    trio.notice([1, 2], 1, 0, [1, 2]);
    trio.produce(1);
    trio.notice([2], 1, 1, [1, 2]);
    trio.run(3_000);
    let unknown =
        |event: &&Event| matches!(event, Event::FetchFenced { error: ErrorCode::UnknownLeaderEpoch, .. });
    let refusals = trio.events.iter().filter(unknown).count();
    assert!((1..=4).contains(&refusals), "it backs off, and asks again: {refusals}");
    trio.notice([1], 1, 1, [1, 2]);
    trio.produce(1);
    trio.run(3_000);
    assert_eq!(trio.log(2), [(0, 0), (1, 1)]);
}

/// Broker 3 wrote record 1 in epoch 1 alone; 2 led epoch 2 and wrote nothing; 3 leads epoch 3.
fn back_to_back(preset: Preset) -> Trio {
    let mut trio = Trio::new(preset);
    trio.notice([1, 2, 3], 1, 0, [1, 2, 3]);
    trio.produce(1);
    trio.run(1_000);
    trio.notice([3], 3, 1, [2, 3]);
    trio.produce(3);
    trio.notice([2], 2, 2, [2, 3]);
    trio.notice([3, 2], 3, 3, [2, 3]);
    trio.run(10_000);
    trio
}

#[test]
fn an_epoch_in_which_nothing_was_written_makes_a_follower_ask_for_ever_until_2_6_1() {
    for preset in since(Preset::V0_11) {
        let trio = back_to_back(preset);
        let stuck = (Preset::V2_0_1..Preset::V2_7).contains(&preset);
        assert_eq!(trio.log(2).len(), if stuck { 1 } else { 2 }, "{}", preset.name());
        assert_eq!(trio.saw(EventKind::EpochEndTold) > 8, stuck, "{}", preset.name());
    }
}

#[test]
fn a_follower_truncates_as_its_fetch_is_answered_from_2_8_on() {
    for (preset, queries) in [(Preset::V2_7, true), (Preset::V2_8, false), (Preset::NEWEST, false)] {
        let trio = fast_fail_over(preset, true);
        assert_eq!(trio.saw(EventKind::EpochEndTold) > 0, queries, "{}", preset.name());
        assert_eq!(trio.saw(EventKind::DivergenceTold) > 0, !queries, "{}", preset.name());
    }
}

fn fetch(offset: u64, last_epoch: u32, current_epoch: u32) -> Body {
    let asked = FetchPartition {
        partition: ORDERS,
        offset: Offset(offset),
        max_bytes: 1 << 20,
        last_epoch: Some(LeaderEpoch(last_epoch)),
        current_epoch: Some(LeaderEpoch(current_epoch)),
    };
    let fetcher = Who::Replica(BrokerId(2));
    let max_wait = Micros::from_millis(500);
    Body::FetchRequest {
        fetcher,
        max_wait,
        min_bytes: 1,
        partitions: vec![asked],
        broker_epoch: None,
        isolation: crate::config::IsolationLevel::ReadUncommitted,
    }
}

#[test]
fn a_fetch_that_is_told_where_the_logs_part_counts_for_the_high_watermark_in_2_7_and_2_8_only() {
    for (preset, high_watermark) in [(Preset::V2_7, 2), (Preset::V2_8, 2), (Preset::V3_3, 0)] {
        let mut trio = Trio::new(preset);
        trio.notice([1], 1, 1, [1, 2]);
        trio.produce(1);
        trio.produce(1);
        trio.hear(BrokerId(2), 1, fetch(5, 0, 1));
        assert_eq!(trio.saw(EventKind::DivergenceTold), 1);
        assert_eq!(trio.replica(1).high_watermark, Offset(high_watermark), "{}", preset.name());
    }
}

#[test]
fn a_risen_high_watermark_is_pushed_to_followers_in_2_4_only() {
    for (preset, learned) in [(Preset::V2_1, 0), (Preset::V2_4, 1), (Preset::V2_7, 0)] {
        let mut trio = Trio::new(preset);
        trio.notice([1, 2, 3], 1, 0, [1, 2, 3]);
        trio.produce(1);
        assert_eq!(trio.replica(1).high_watermark, Offset(1));
        let followers = [2, 3].map(|follower| trio.replica(follower).high_watermark);
        assert_eq!(followers, [Offset(learned); 2], "{}", preset.name());
        trio.run(600);
        assert_eq!(trio.replica(3).high_watermark, Offset(1), "{}", preset.name());
    }
}

#[test]
fn a_consumer_is_not_told_the_end_before_the_high_watermark_has_reached_the_epochs_beginning() {
    let answer = |preset| {
        let mut trio = Trio::new(preset);
        trio.notice([1, 2], 1, 0, [1, 2]);
        trio.produce(1);
        trio.hold(1, 2);
        trio.notice([2], 2, 1, [1, 2]);
        let latest = Body::ListOffsetsRequest {
            fetcher: Who::Consumer,
            partition: ORDERS,
            position: ListOffset::Latest,
            current_epoch: None,
            isolation: crate::config::IsolationLevel::ReadUncommitted,
        };
        trio.hear(SHOP, 2, latest);
        match trio.told.last() {
            Some(Body::ListOffsetsReply { error, offset, .. }) => (*error, *offset),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(answer(Preset::V2_1), (ErrorCode::None, Offset(0)), "the end goes backwards");
    assert_eq!(answer(Preset::V3_7).0, ErrorCode::OffsetNotAvailable);
}

#[test]
fn a_misfit_ends_the_fetcher_until_2_2_and_later_only_that_partition_until_there_is_news() {
    let after_news = |preset| {
        let mut trio = Trio::new(preset);
        trio.notice([1, 2], 1, 0, [1, 2]);
        trio.produce(1);
        let fetch = trio.fetches[&NodeId(2)];
        let record = Record { value: RecordId::new(SHOP, 9), content: None, size_bytes: 100 };
        let sent = RecordBatch { producer: None, records: [record].into() };
        let misfit = FetchedPartition {
            partition: ORDERS,
            error: ErrorCode::None,
            high_watermark: Offset(1),
            log_start: Offset(0),
            batches: vec![Arc::new(Batch::new(Offset(0), LeaderEpoch(0), &sent))],
            diverging: None,
            aborted: Vec::new(),
            last_stable_offset: Offset::ZERO,
        };
        let message = Message { correlation: fetch, body: Body::FetchReply { partitions: vec![misfit] } };
        trio.give(NodeId(2), Input::Message { from: NodeId(1), message });
        assert_eq!(trio.saw(EventKind::FetcherDied), 1);
        trio.notice([1, 2], 1, 1, [1, 2]);
        trio.produce(1);
        trio.run(2_000);
        trio.log(2).len()
    };
    assert_eq!(after_news(Preset::V2_4), 2);
    assert_eq!(after_news(Preset::V2_0_1), 1, "one thread for all partitions, and it is dead");
}

#[test]
fn a_checkpoint_forgets_replicas_that_have_not_been_told_where_kafka_1647_is() {
    for keeps in [true, false] {
        let mut trio = Trio::of(Protocol { checkpoint_keeps_untold: keeps, ..Preset::V0_10.protocol() });
        trio.notice([1, 2, 3], 1, 0, [1, 2, 3]);
        trio.produce(1);
        trio.run(6_000);
        let mut restart = || {
            trio.kill(2);
            trio.start(2);
            let loaded = trio.replica(2).high_watermark;
            trio.run(6_000);
            loaded
        };
        assert_eq!(restart(), Offset(1));
        assert_eq!(restart(), Offset(u64::from(keeps)), "nobody told it in the life before what it is");
    }
}
