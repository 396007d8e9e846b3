//! One leader: what the ack strategies answer and when, and how a service rate spaces what is written.

use std::sync::Arc;

use crate::broker::Broker;
use crate::config::{AckStrategy, Acks, BrokerConfig, ClusterConfig, ServiceRate, Topic};
use crate::event::{Event, EventKind};
use crate::ids::{BrokerId, CorrelationId, LeaderEpoch, NodeId, Offset, RecordId, TopicId, TopicPartition};
use crate::machine::{Effects, Input, Machine};
use crate::message::{Body, ErrorCode, FetchPartition, Fetcher, Message, PartitionState, ProducePartition};
use crate::protocol::Preset;
use crate::record::{Record, RecordBatch};
use crate::storage::Storage;
use crate::time::{Instant, Micros};

const SHOP: NodeId = NodeId(4);
const STALL: NodeId = NodeId(5);

/// Partition `partition` of topic 0.
fn of(partition: u16) -> TopicPartition {
    TopicPartition { topic: TopicId(0), partition }
}

/// Broker 1, which leads the two partitions of a topic.
struct Bench {
    broker: Broker,
    now: Instant,
    out: Effects,
}

impl Bench {
    fn new(ack_strategy: AckStrategy, service_rate: Option<ServiceRate>) -> Self {
        let replicas = vec![BrokerId(1), BrokerId(2), BrokerId(3)];
        let topic =
            Topic { ack_strategy, service_rate, ..Topic::new(2, false, vec![replicas.clone(), replicas]) };
        let protocol = Preset::V0_11Iv1.protocol();
        let config = ClusterConfig::new(protocol, 3, BrokerConfig::default(), vec![topic]);
        let broker = Broker::new(BrokerId(1), Arc::new(config), Storage::default());
        let mut bench = Self { broker, now: Instant::START, out: Effects::default() };
        bench.give(Input::Start);
        bench.told(1, 0);
        bench
    }

    /// Without a wait for anybody, at ten records a second.
    fn slow() -> Self {
        Self::new(AckStrategy::Leader, Some(ServiceRate::RecordsPerSecond(10)))
    }

    fn give(&mut self, input: Input) {
        self.out.clear();
        self.broker.handle(self.now, input, &mut self.out);
    }

    fn hear(&mut self, from: impl Into<NodeId>, correlation: u32, body: Body) {
        let message = Message { correlation: CorrelationId(correlation), body };
        self.give(Input::Message { from: from.into(), message });
    }

    fn told(&mut self, leader: u8, epoch: u32) {
        let replicas = vec![BrokerId(1), BrokerId(2), BrokerId(3)];
        let state = |partition| PartitionState {
            partition: of(partition),
            leader: Some(BrokerId(leader)),
            leader_epoch: LeaderEpoch(epoch),
            isr: replicas.iter().copied().collect(),
            partition_epoch: Default::default(),
            replicas: replicas.clone(),
            ..PartitionState::default()
        };
        let partitions = vec![state(0), state(1)];
        self.hear(NodeId::CONTROLLER, 0, Body::LeaderAndIsrRequest { partitions });
    }

    fn vote(&mut self, epoch: u32) {
        let body = Body::VoteRequest { partition: of(0), leader_epoch: LeaderEpoch(epoch) };
        self.hear(NodeId::CONTROLLER, 0, body);
    }

    fn at(&mut self, millis: u64) -> &mut Self {
        self.now = Instant::from_millis(millis);
        self.give(Input::Deadline);
        self
    }

    fn produce(&mut self, from: NodeId, correlation: u32, parts: &[(u16, u32)]) -> &mut Self {
        let record = |n| Record { value: RecordId::new(from, n), content: None, size_bytes: 100 };
        let batch = |count| RecordBatch { producer: None, records: (0..count).map(record).collect() };
        let part = |&(partition, count)| ProducePartition { partition: of(partition), batch: batch(count) };
        let partitions = parts.iter().map(part).collect();
        let timeout = Micros::from_millis(30_000);
        self.hear(
            from,
            correlation,
            Body::ProduceRequest { acks: Acks::All, timeout, partitions, transactional: None },
        );
        self
    }

    fn fetched_by(&mut self, follower: u8, offset: u64, last_epoch: Option<u32>) {
        let partitions = vec![FetchPartition {
            partition: of(0),
            offset: Offset(offset),
            max_bytes: 1 << 20,
            last_epoch: last_epoch.map(LeaderEpoch),
            current_epoch: None,
        }];
        let fetcher = Fetcher::Replica(BrokerId(follower));
        let max_wait = Micros::from_millis(500);
        let body = Body::FetchRequest {
            fetcher,
            max_wait,
            min_bytes: 1,
            partitions,
            broker_epoch: None,
            isolation: crate::config::IsolationLevel::ReadUncommitted,
        };
        self.hear(BrokerId(follower), 9, body);
    }

    /// The produces that the latest step answered: by number, with the first partition's error.
    fn answers(&self) -> Vec<(u32, ErrorCode)> {
        let replies = self.out.sends.iter().filter_map(|sent| {
            let Body::ProduceReply { partitions } = &sent.message.body else { return None };
            Some((sent.message.correlation.0, partitions[0].error))
        });
        replies.collect()
    }

    /// How the latest step answered a fetch: with how many batches, and where the logs part.
    fn fetch_answer(&self) -> Option<(usize, Option<(u32, u64)>)> {
        self.out.sends.iter().find_map(|sent| {
            let Body::FetchReply { partitions } = &sent.message.body else { return None };
            let parts_at = partitions[0].diverging.map(|(epoch, end)| (epoch.0, end.0));
            Some((partitions[0].batches.len(), parts_at))
        })
    }

    fn saw(&self, kind: EventKind) -> bool {
        self.out.events.iter().any(|event| event.kind() == kind)
    }

    fn end(&self, partition: u16) -> u64 {
        self.broker.replicas[&of(partition)].log.end_offset().0
    }
}

#[test]
fn leader_answers_at_once_majority_with_one_follower_and_isr_with_both() {
    for (strategy, followers) in [(AckStrategy::Leader, 0), (AckStrategy::Majority, 1), (AckStrategy::Isr, 2)]
    {
        let mut bench = Bench::new(strategy, None);
        let mut answered = bench.produce(SHOP, 1, &[(0, 1)]).answers();
        for follower in [2, 3].into_iter().take(followers) {
            assert_eq!(answered, [], "{strategy:?} waits for {followers}");
            bench.fetched_by(follower, 1, Some(0));
            answered = bench.answers();
        }
        assert_eq!(answered, [(1, ErrorCode::None)], "{strategy:?}");
        assert_eq!(bench.saw(EventKind::Replicated), strategy != AckStrategy::Leader);
    }
}

#[test]
fn a_follower_that_has_not_reached_the_epoch_is_told_at_once_and_does_not_count_before() {
    let mut bench = Bench::new(AckStrategy::Majority, None);
    bench.fetched_by(2, 0, None);
    assert_eq!(bench.fetch_answer(), Some((0, None)));
    bench.fetched_by(2, 0, None);
    assert_eq!(bench.fetch_answer(), None, "it was told");
    bench.produce(SHOP, 1, &[(0, 1)]);
    bench.fetched_by(2, 1, None);
    assert_eq!((bench.answers(), bench.fetch_answer()), (vec![], Some((0, None))));
    bench.fetched_by(2, 1, Some(0));
    assert_eq!((bench.answers(), bench.fetch_answer()), (vec![(1, ErrorCode::None)], None));
}

#[test]
fn a_follower_whose_log_is_another_is_told_where_they_part_and_holds_nothing() {
    let mut bench = Bench::new(AckStrategy::Majority, None);
    bench.produce(SHOP, 1, &[(0, 2)]);
    bench.fetched_by(2, 5, Some(0));
    assert_eq!((bench.fetch_answer(), bench.answers()), (Some((0, Some((0, 2)))), vec![]));
}

#[test]
fn a_vote_ends_a_term_and_what_waits_is_refused() {
    let mut bench = Bench::new(AckStrategy::Majority, None);
    bench.produce(SHOP, 1, &[(0, 1)]);
    bench.vote(3);
    assert_eq!(bench.answers(), [(1, ErrorCode::NotLeaderForPartition)]);
    let given = Event::VoteGiven {
        partition: of(0),
        broker: BrokerId(1),
        epoch: LeaderEpoch(3),
        last_epoch: LeaderEpoch(0),
        end_offset: Offset(1),
    };
    assert!(bench.out.events.contains(&given));
    bench.vote(3);
    assert!(bench.saw(EventKind::VoteGiven), "asked again, it answers again");
    let follows = |bench: &Bench| bench.broker.replicas[&of(0)].leader();
    bench.told(2, 2);
    assert_eq!(follows(&bench), None, "nobody older is followed");
    bench.told(2, 3);
    assert_eq!(follows(&bench), Some(BrokerId(2)));
    bench.vote(3);
    assert!(!bench.saw(EventKind::VoteGiven), "what came of the vote is known by now");
}

#[test]
fn a_partition_is_worked_on_at_its_rate_and_in_order() {
    let mut bench = Bench::slow();
    assert_eq!(bench.produce(SHOP, 1, &[(0, 2)]).answers(), []);
    assert_eq!(bench.produce(STALL, 2, &[(0, 1)]).answers(), []);
    assert_eq!((bench.end(0), bench.broker.next_deadline()), (0, Some(Instant::from_millis(200))));
    assert_eq!((bench.at(200).answers(), bench.end(0)), (vec![(1, ErrorCode::None)], 2));
    assert_eq!((bench.at(300).answers(), bench.end(0)), (vec![(2, ErrorCode::None)], 3));
    bench.now = Instant::from_millis(1_000);
    assert_eq!(
        bench.produce(SHOP, 3, &[(0, 1)]).at(1_100).answers(),
        [(3, ErrorCode::None)],
        "idle time is lost"
    );
}

#[test]
fn the_next_request_of_a_connection_waits_unread() {
    let mut bench = Bench::slow();
    bench.produce(SHOP, 1, &[(0, 1)]).produce(SHOP, 2, &[(0, 1)]).produce(SHOP, 3, &[(1, 1)]);
    assert_eq!(bench.at(100).answers(), [(1, ErrorCode::None)]);
    assert_eq!(bench.at(200).answers(), [(2, ErrorCode::None)]);
    assert_eq!(bench.at(299).answers(), [], "partition 1 was idle, but its request was not read before");
    assert_eq!(bench.at(300).answers(), [(3, ErrorCode::None)]);
}

#[test]
fn partitions_work_side_by_side_and_a_request_waits_for_the_last_of_its_own() {
    let mut bench = Bench::slow();
    bench.produce(SHOP, 1, &[(0, 1), (1, 3)]).produce(STALL, 2, &[(0, 1)]);
    assert_eq!(bench.at(200).answers(), [(2, ErrorCode::None)]);
    assert_eq!(bench.at(300).answers(), [(1, ErrorCode::None)]);
}

#[test]
fn bytes_take_time_too() {
    let mut bench = Bench::new(AckStrategy::Leader, Some(ServiceRate::BytesPerSecond(1_000)));
    assert_eq!(bench.produce(SHOP, 1, &[(0, 3)]).at(299).answers(), []);
    assert_eq!(bench.at(300).answers(), [(1, ErrorCode::None)]);
}

#[test]
fn a_written_request_still_waits_for_its_followers_and_keeps_the_connection_muted() {
    let mut bench = Bench::new(AckStrategy::Isr, Some(ServiceRate::RecordsPerSecond(10)));
    bench.produce(SHOP, 1, &[(0, 1)]).produce(SHOP, 2, &[(0, 1)]);
    assert_eq!((bench.at(500).answers(), bench.end(0)), (vec![], 1));
    bench.fetched_by(2, 1, None);
    bench.fetched_by(3, 1, None);
    assert_eq!(bench.answers(), [(1, ErrorCode::None)]);
    bench.at(600);
    assert_eq!(bench.end(0), 2);
}

#[test]
fn a_leader_that_lost_its_office_meanwhile_refuses_what_it_was_at_work_on() {
    let mut bench = Bench::slow();
    bench.produce(SHOP, 1, &[(0, 1)]);
    bench.told(2, 1);
    assert_eq!(bench.at(100).answers(), [(1, ErrorCode::NotLeaderForPartition)]);
    assert_eq!(
        bench.produce(SHOP, 2, &[(0, 1)]).answers(),
        [(2, ErrorCode::NotLeaderForPartition)],
        "no work"
    );
}

#[test]
fn what_was_read_is_written_though_its_connection_broke() {
    let mut bench = Bench::slow();
    bench.produce(SHOP, 1, &[(0, 1)]).produce(SHOP, 2, &[(0, 1)]);
    bench.give(Input::Disconnected(SHOP));
    bench.at(100).at(200).at(300);
    assert_eq!(bench.end(0), 1, "the second was never read");
}

#[test]
fn without_a_rate_nothing_waits() {
    let mut bench = Bench::new(AckStrategy::Leader, None);
    assert_eq!(bench.produce(SHOP, 1, &[(0, 1)]).answers(), [(1, ErrorCode::None)]);
    assert_eq!(bench.broker.service, super::Service::default());
}
