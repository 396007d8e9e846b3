//! The member, driven by hand: every test says what comes in and when.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks at the few kinds that it is about")]

use super::*;
use crate::config::BrokerConfig;
use crate::ids::{BrokerSet, LeaderEpoch, RecordId};
use crate::message::{FetchPartition, FetchedPartition, ListOffset, Metadata, PartitionState};
use crate::protocol::Preset;
use crate::record::{Batch, Record};

const NODE: NodeId = NodeId(5);
const ONE: BrokerId = BrokerId(1);
const TWO: BrokerId = BrokerId(2);

/// To whom, under which correlation, which partitions from which offset.
type Fetch = (BrokerId, CorrelationId, Vec<(u16, u64)>);

/// A member with a clock and what it has said since it was last asked.
struct Bench {
    member: Member,
    now: Instant,
    leaders: Vec<Option<BrokerId>>,
    /// What the coordinator says of every partition.
    committed: Option<Offset>,
    /// Where every log begins or ends.
    listed: Offset,
    /// All but what the bench answers by itself.
    requests: Vec<(BrokerId, CorrelationId, Body)>,
    events: Vec<Event>,
}

fn partition(partition: u16) -> TopicPartition {
    TopicPartition { topic: TopicId(0), partition }
}

fn batch(base: u64, count: u64) -> Arc<Batch> {
    let record = |number| Record { value: RecordId(number), content: None, size_bytes: 10 };
    Arc::new(Batch {
        base_offset: Offset(base),
        leader_epoch: LeaderEpoch(0),
        producer: None,
        records: (base..base + count).map(record).collect(),
    })
}

impl Bench {
    fn new(leaders: &[Option<BrokerId>], change: impl FnOnce(&mut MemberSetup)) -> Self {
        let config = Arc::new(ClusterConfig {
            protocol: Preset::V0_11Iv1.protocol(),
            brokers: 2,
            broker: BrokerConfig::default(),
            topics: Vec::new(),
            offsets_topic: None,
            offsets_partitions: Vec::new(),
        });
        let mut setup = MemberSetup {
            node: NODE,
            group: GroupId(0),
            instance: None,
            topics: [TopicId(0)].into(),
            config,
            settings: ConsumerConfig { auto_offset_reset: AutoOffsetReset::Earliest, ..Default::default() },
            commit: CommitPoint::default(),
            service_rate: None,
        };
        change(&mut setup);
        Self {
            member: Member::new(setup),
            now: Instant::START,
            leaders: leaders.to_vec(),
            committed: None,
            listed: Offset::ZERO,
            requests: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Starts the member and answers all but fetches and commits.
    fn started(mut self) -> Self {
        self.input(Input::Start);
        self.answer_clerks();
        self
    }

    fn input(&mut self, input: Input) {
        let mut out = Effects::default();
        self.member.handle(self.now, input, &mut out);
        for envelope in out.sends {
            let broker = envelope.to.as_broker(2).unwrap();
            self.requests.push((broker, envelope.message.correlation, envelope.message.body));
        }
        self.events.extend(out.events);
    }

    fn answer(&mut self, broker: BrokerId, correlation: CorrelationId, body: Body) {
        self.input(Input::Message { from: broker.into(), message: Message { correlation, body } });
    }

    fn metadata(&self) -> Body {
        let state = |(place, leader): (usize, &Option<BrokerId>)| PartitionState {
            partition: partition(place as u16),
            leader: *leader,
            leader_epoch: LeaderEpoch(0),
            isr: BrokerSet::EMPTY,
            partition_epoch: Default::default(),
            replicas: Vec::new(),
        };
        Body::MetadataReply(Arc::new(Metadata {
            live_brokers: [ONE, TWO].into_iter().collect(),
            partitions: self.leaders.iter().enumerate().map(state).collect(),
        }))
    }

    /// What an untroubled cluster answers to this; none for fetches and commits.
    fn clerks_answer(&self, body: &Body) -> Option<Body> {
        match body {
            Body::MetadataRequest => Some(self.metadata()),
            Body::OffsetFetchRequest { partitions, .. } => Some(Body::OffsetFetchReply {
                error: ErrorCode::None,
                offsets: partitions.iter().map(|&partition| (partition, self.committed)).collect(),
            }),
            Body::ListOffsetsRequest { partition, .. } => Some(Body::ListOffsetsReply {
                partition: *partition,
                error: ErrorCode::None,
                offset: self.listed,
            }),
            _ => None,
        }
    }

    fn answer_clerks(&mut self) {
        let mut answered = true;
        while answered {
            answered = false;
            for (broker, correlation, body) in std::mem::take(&mut self.requests) {
                match self.clerks_answer(&body) {
                    Some(reply) => {
                        self.answer(broker, correlation, reply);
                        answered = true;
                    }
                    None => self.requests.push((broker, correlation, body)),
                }
            }
        }
    }

    fn pass(&mut self, millis: u64) {
        let end = self.now + Micros::from_millis(millis);
        while let Some(at) = self.member.next_deadline().filter(|&at| at <= end) {
            self.now = self.now.max(at);
            self.input(Input::Deadline);
            self.answer_clerks();
        }
        self.now = end;
    }

    /// The fetches sent since it was last asked.
    fn fetches(&mut self) -> Vec<Fetch> {
        let mut fetches = Vec::new();
        for (broker, correlation, body) in std::mem::take(&mut self.requests) {
            if let Body::FetchRequest { partitions, .. } = body {
                let what = |fetch: &FetchPartition| (fetch.partition.partition, fetch.offset.0);
                fetches.push((broker, correlation, partitions.iter().map(what).collect()));
            } else {
                self.requests.push((broker, correlation, body));
            }
        }
        fetches
    }

    /// The one fetch sent since it was last asked.
    fn fetch(&mut self) -> Fetch {
        let mut fetches = self.fetches();
        assert_eq!(fetches.len(), 1, "{fetches:?}");
        fetches.remove(0)
    }

    /// The offsets of the commits sent since it was last asked.
    fn commits(&mut self) -> Vec<(CorrelationId, Vec<(u16, u64)>)> {
        let mut commits = Vec::new();
        for (broker, correlation, body) in std::mem::take(&mut self.requests) {
            if let Body::OffsetCommitRequest { offsets, .. } = body {
                let what = |(partition, offset): &(TopicPartition, Offset)| (partition.partition, offset.0);
                commits.push((correlation, offsets.iter().map(what).collect()));
            } else {
                self.requests.push((broker, correlation, body));
            }
        }
        commits
    }

    /// Answers the outstanding fetch of partition 0 with these batches.
    fn deliver(&mut self, batches: Vec<Arc<Batch>>) {
        let (broker, correlation, _) = self.fetch();
        self.answer(broker, correlation, fetched(0, ErrorCode::None, batches));
    }

    /// Partition, first offset returned and last offset returned of every batch returned.
    fn polled(&mut self) -> Vec<(u16, u64, u64)> {
        let polled = |event: Event| match event {
            Event::RecordsPolled { partition, from, batch, .. } => {
                Some((partition.partition, from.0, batch.end_offset().0 - 1))
            }
            _ => None,
        };
        std::mem::take(&mut self.events).into_iter().filter_map(polled).collect()
    }

    fn resets(&mut self) -> Vec<(u16, u64)> {
        let reset = |event: Event| match event {
            Event::PositionReset { partition, to, .. } => Some((partition.partition, to.0)),
            _ => None,
        };
        std::mem::take(&mut self.events).into_iter().filter_map(reset).collect()
    }
}

fn fetched(of: u16, error: ErrorCode, batches: Vec<Arc<Batch>>) -> Body {
    Body::FetchReply {
        partitions: vec![FetchedPartition {
            partition: partition(of),
            error,
            high_watermark: Offset::ZERO,
            log_start: Offset::ZERO,
            batches,
            diverging: None,
        }],
    }
}

#[test]
fn without_a_committed_offset_it_begins_where_the_policy_says() {
    let mut bench = Bench::new(&[Some(TWO)], |_| {});
    bench.listed = Offset(3);
    bench = bench.started();
    assert_eq!(bench.resets(), [(0, 3)]);
    let (broker, _, what) = bench.fetch();
    assert_eq!((broker, what), (TWO, vec![(0, 3)]));
}

#[test]
fn with_a_committed_offset_it_begins_there() {
    let mut bench =
        Bench::new(&[Some(ONE)], |setup| setup.settings.auto_offset_reset = AutoOffsetReset::None);
    bench.committed = Some(Offset(8));
    bench = bench.started();
    assert_eq!(bench.resets(), [(0, 8)]);
    assert_eq!(bench.fetch().2, [(0, 8)]);
}

#[test]
fn without_offset_and_policy_it_stops() {
    let mut bench =
        Bench::new(&[Some(ONE)], |setup| setup.settings.auto_offset_reset = AutoOffsetReset::None).started();
    assert!(bench.fetches().is_empty());
    assert_eq!(bench.member.next_deadline(), None);
}

#[test]
fn one_fetch_a_broker_carries_all_partitions_owned_there() {
    let mut bench = Bench::new(&[Some(ONE), Some(TWO), Some(ONE), Some(ONE)], |_| {});
    bench.member = bench.member.placed(0, 2);
    bench.committed = Some(Offset::ZERO);
    bench = bench.started();
    let fetches: Vec<_> = bench.fetches().into_iter().map(|(broker, _, what)| (broker, what)).collect();
    assert_eq!(fetches, [(ONE, vec![(0, 0)]), (TWO, vec![(1, 0)])], "the other member owns 2 and 3");
}

#[test]
fn records_below_the_position_are_not_returned() {
    let mut bench = Bench::new(&[Some(ONE)], |_| {});
    bench.committed = Some(Offset(3));
    bench = bench.started();
    bench.deliver(vec![batch(0, 3), batch(3, 1), batch(4, 2)]);
    assert_eq!(bench.polled(), [(0, 3, 3), (0, 4, 5)]);
    assert_eq!(bench.fetch().2, [(0, 6)]);
    let mut bench = Bench::new(&[Some(ONE)], |_| {});
    bench.committed = Some(Offset(1));
    bench = bench.started();
    bench.deliver(vec![batch(0, 4)]);
    assert_eq!(bench.polled(), [(0, 1, 3)], "the first batch begins before the position");
}

#[test]
fn a_poll_commits_what_earlier_polls_returned() {
    let mut bench = Bench::new(&[Some(ONE)], |_| {}).started();
    bench.deliver(vec![batch(0, 2)]);
    assert!(bench.commits().is_empty(), "the interval has not passed");
    bench.now = Instant::from_millis(5_000);
    bench.deliver(vec![batch(2, 2)]);
    assert!(matches!(bench.requests[0].2, Body::OffsetCommitRequest { generation, .. } if generation.0 == 1));
    let commits = bench.commits();
    assert_eq!(commits[0].1, [(0, 2)], "records 2 and 3 were only returned by this poll");
    assert_eq!(bench.polled(), [(0, 0, 1), (0, 2, 3)]);
}

#[test]
fn nothing_is_committed_while_positions_stand_still() {
    let mut bench = Bench::new(&[Some(ONE)], |_| {});
    bench.committed = Some(Offset(2));
    bench = bench.started();
    for seconds in 1..4 {
        bench.now = Instant::from_millis(seconds * 5_000);
        bench.deliver(Vec::new());
        assert!(bench.commits().is_empty());
    }
}

#[test]
fn a_commit_that_failed_is_repeated_after_the_back_off() {
    let mut bench = Bench::new(&[Some(ONE)], |_| {}).started();
    bench.deliver(vec![batch(0, 2)]);
    bench.now = Instant::from_millis(5_000);
    bench.deliver(Vec::new());
    let (correlation, offsets) = bench.commits().remove(0);
    bench.answer(ONE, correlation, Body::OffsetCommitReply { error: ErrorCode::NotCoordinator });
    bench.deliver(Vec::new());
    assert!(bench.commits().is_empty());
    bench.now = Instant::from_millis(5_100);
    bench.deliver(Vec::new());
    assert_eq!(bench.commits()[0].1, offsets);
}

#[test]
fn out_of_range_resets_the_position() {
    let mut bench = Bench::new(&[Some(ONE)], |setup| {
        setup.settings.auto_offset_reset = AutoOffsetReset::Latest;
    });
    bench.committed = Some(Offset(9));
    bench.listed = Offset(4);
    bench = bench.started();
    bench.events.clear();
    let (broker, correlation, _) = bench.fetch();
    bench.answer(broker, correlation, fetched(0, ErrorCode::OffsetOutOfRange, Vec::new()));
    let asks_latest =
        |body: &Body| matches!(body, Body::ListOffsetsRequest { position: ListOffset::Latest, .. });
    assert!(bench.requests.iter().any(|(.., body)| asks_latest(body)));
    bench.answer_clerks();
    assert_eq!(bench.resets(), [(0, 4)]);
    assert_eq!(bench.fetch().2, [(0, 4)]);
}

#[test]
fn a_leader_that_has_moved_is_found_through_metadata() {
    let mut bench = Bench::new(&[Some(ONE)], |_| {}).started();
    let (broker, correlation, _) = bench.fetch();
    bench.leaders = vec![Some(TWO)];
    bench.now = Instant::from_millis(1_000);
    bench.answer(broker, correlation, fetched(0, ErrorCode::NotLeaderForPartition, Vec::new()));
    bench.answer_clerks();
    assert!(bench.fetches().is_empty(), "it backs off first");
    bench.pass(100);
    assert_eq!(bench.fetch().0, TWO);
}

#[test]
fn a_broken_connection_is_opened_again_and_the_fetch_repeated() {
    let mut bench = Bench::new(&[Some(ONE)], |_| {}).started();
    let first = bench.fetch();
    bench.input(Input::Disconnected(NodeId(1)));
    bench.pass(50);
    let second = bench.fetch();
    assert_eq!((second.0, second.2), (first.0, first.2));
    bench.answer(first.0, first.1, fetched(0, ErrorCode::None, vec![batch(0, 1)]));
    assert!(bench.polled().is_empty(), "the old answer is stale");
}

#[test]
fn a_silent_broker_is_given_up_and_its_new_leader_is_fetched_from() {
    let mut bench = Bench::new(&[Some(ONE)], |_| {}).started();
    assert_eq!(bench.fetch().0, ONE);
    bench.leaders = vec![Some(TWO)];
    bench.pass(5_499);
    assert!(bench.fetches().is_empty());
    bench.pass(1);
    assert_eq!(bench.fetch().0, TWO);
}

#[test]
fn while_a_fetch_is_unanswered_new_metadata_moves_the_partition_at_once() {
    let mut bench = Bench::new(&[Some(ONE), Some(TWO)], |_| {}).started();
    let fetches = bench.fetches();
    bench.leaders = vec![Some(TWO), Some(TWO)];
    bench.now = Instant::from_millis(400);
    let (broker, correlation, _) = fetches[1];
    bench.answer(broker, correlation, fetched(1, ErrorCode::NotLeaderForPartition, Vec::new()));
    bench.answer_clerks();
    assert_eq!(bench.fetch().2, [(0, 0)], "partition 1 backs off");
    let (broker, correlation, _) = fetches[0];
    bench.answer(broker, correlation, fetched(0, ErrorCode::None, vec![batch(0, 1)]));
    assert!(bench.polled().is_empty(), "the former leader's answer comes too late");
}

#[test]
fn partitions_that_are_added_are_shared_out_anew() {
    let mut bench = Bench::new(&[Some(ONE), Some(ONE)], |_| {});
    bench.member = bench.member.placed(1, 2);
    bench.committed = Some(Offset::ZERO);
    bench = bench.started();
    assert_eq!(bench.fetch().2, [(1, 0)]);
    bench.leaders = vec![Some(ONE); 4];
    bench.now = Instant::from_millis(1_000);
    bench.input(Input::Disconnected(NodeId(1)));
    bench.pass(1_000);
    assert_eq!(bench.fetch().2, [(2, 0), (3, 0)]);
    bench.leaders = vec![Some(ONE); 3];
    bench.input(Input::Disconnected(NodeId(1)));
    bench.pass(1_000);
    assert_eq!(bench.fetch().2, [(2, 0)], "a topic does not lose partitions, only a leader is unknown");
}

#[test]
fn the_view_is_told_of_positions() {
    let mut bench = Bench::new(&[Some(ONE)], |_| {});
    let mut view = ClusterView::default();
    view.consumers.push(crate::view::ConsumerView { node: NODE, ..Default::default() });
    bench = bench.started();
    bench.deliver(vec![batch(0, 2)]);
    bench.member.show(&mut view);
    assert_eq!(view.consumers[0].positions, [(partition(0), Some(Offset(2)))]);
}
