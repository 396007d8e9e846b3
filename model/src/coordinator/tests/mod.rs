//! A broker's coordinator driven by hand, through its broker: what members send, what they hear.

mod commits_test;
mod failover_test;
mod rebalance_test;
mod static_members_test;

use super::*;
use crate::broker::Broker;
use crate::config::{Assignor, BrokerConfig, Topic};
use crate::event::{Event, EventKind};
use crate::ids::{
    CorrelationId, Generation, LeaderEpoch, MemberId, NodeId, Offset, PartitionEpoch, TopicId, TopicPartition,
};
use crate::machine::{Ending, Input, Machine};
use crate::message::{
    Body, FetchPartition, Fetcher, JoinedMember, Message, Metadata, PartitionState, Subscription,
};
use crate::protocol::{Preset, Protocol};
use crate::storage::Storage;

const BILLING: GroupId = GroupId(0);
const OFFSETS: TopicPartition = TopicPartition { topic: TopicId(1), partition: 0 };
const ANN: NodeId = NodeId(10);
const BOB: NodeId = NodeId(11);
const CAT: NodeId = NodeId(12);
const SESSION: u64 = 10_000;
const REBALANCE: u64 = 60_000;

fn orders(partition: u16) -> TopicPartition {
    TopicPartition { topic: TopicId(0), partition }
}

/// Topic 0 has four partitions, topic 1 is `__consumer_offsets` with one.
fn config(replicas: &[u8], min_isr: u32, initial_delay_ms: u64) -> Arc<ClusterConfig> {
    let replicas: Vec<BrokerId> = replicas.iter().copied().map(BrokerId).collect();
    let broker = BrokerConfig {
        group_initial_rebalance_delay_ms: initial_delay_ms,
        replica_lag_time_max_ms: 600_000,
        zookeeper_session_timeout_ms: 600_000,
        ..BrokerConfig::default()
    };
    let topics =
        vec![Topic::new(1, false, vec![replicas.clone(); 4]), Topic::new(min_isr, false, vec![replicas])];
    Arc::new(ClusterConfig {
        offsets_topic: Some(TopicId(1)),
        offsets_partitions: vec![0, 0],
        ..ClusterConfig::new(Preset::V0_11Iv1.protocol(), 3, broker, topics)
    })
}

/// What a member was told of its generation.
#[derive(Clone, Debug, PartialEq)]
struct Joined {
    error: ErrorCode,
    generation: u32,
    member: MemberId,
    leader: MemberId,
    members: Vec<JoinedMember>,
}

fn heartbeat_reply(body: &Body) -> Option<ErrorCode> {
    let Body::HeartbeatReply { error } = body else { return None };
    Some(*error)
}

struct Bench {
    broker: Broker,
    config: Arc<ClusterConfig>,
    now: Instant,
    out: Effects,
    asked: u32,
}

impl Bench {
    fn with(id: u8, config: Arc<ClusterConfig>, storage: Storage) -> Self {
        let broker = Broker::new(BrokerId(id), Arc::clone(&config), storage);
        let mut bench = Self { broker, config, now: Instant::START, out: Effects::default(), asked: 0 };
        bench.give(Input::Start);
        bench
    }

    /// `__consumer_offsets` has one replica, here: what is written is stored at once.
    fn alone(initial_delay_ms: u64) -> Self {
        let mut bench = Self::with(1, config(&[1], 1, initial_delay_ms), Storage::default());
        bench.notice(1, 0, &[1]);
        bench
    }

    /// The same with the switches of another era.
    fn alone_under(protocol: Protocol) -> Self {
        let config = ClusterConfig { protocol, ..config(&[1], 1, 0).as_ref().clone() };
        let mut bench = Self::with(1, Arc::new(config), Storage::default());
        bench.notice(1, 0, &[1]);
        bench
    }

    /// It has three, and broker 1 leads.
    fn with_followers(min_isr: u32) -> Self {
        let mut bench = Self::with(1, config(&[1, 2, 3], min_isr, 0), Storage::default());
        bench.notice(1, 0, &[1, 2, 3]);
        bench.followers_have(0);
        bench
    }

    fn give(&mut self, input: Input) {
        self.out.clear();
        self.broker.handle(self.now, input, &mut self.out);
    }

    fn hear(&mut self, from: NodeId, body: Body) {
        self.asked += 1;
        let message = Message { correlation: CorrelationId(self.asked), body };
        self.give(Input::Message { from, message });
    }

    fn at(&mut self, millis: u64) {
        self.now = Instant::from_millis(millis);
        self.give(Input::Deadline);
    }

    fn notice(&mut self, leader: u8, epoch: u32, isr: &[u8]) {
        let state = PartitionState {
            partition: OFFSETS,
            leader: Some(BrokerId(leader)),
            leader_epoch: LeaderEpoch(epoch),
            isr: isr.iter().copied().map(BrokerId).collect(),
            partition_epoch: PartitionEpoch(epoch),
            replicas: self.config.topics[1].assignment[0].clone(),
            ..PartitionState::default()
        };
        self.hear(NodeId::CONTROLLER, Body::LeaderAndIsrRequest { partitions: vec![state] });
    }

    fn follower_has(&mut self, follower: u8, offset: u64) {
        let partition = FetchPartition {
            partition: OFFSETS,
            offset: Offset(offset),
            max_bytes: 1 << 20,
            last_epoch: None,
            current_epoch: None,
        };
        let body = Body::FetchRequest {
            fetcher: Fetcher::Replica(BrokerId(follower)),
            max_wait: Micros::from_millis(500),
            min_bytes: 1,
            partitions: vec![partition],
            broker_epoch: None,
            isolation: crate::config::IsolationLevel::ReadUncommitted,
        };
        self.hear(NodeId(u16::from(follower)), body);
    }

    fn followers_have(&mut self, offset: u64) {
        self.follower_has(2, offset);
        self.follower_has(3, offset);
    }

    fn join(&mut self, client: NodeId, member: Option<MemberId>) {
        self.join_as(client, member, |_| {});
    }

    fn join_as(&mut self, client: NodeId, member: Option<MemberId>, change: impl FnOnce(&mut Join)) {
        let subscription =
            Subscription { topics: Arc::new([TopicId(0)]), owned: Vec::new(), generation: Generation(0) };
        let mut join = Join {
            member,
            instance: None,
            session_timeout: Micros::from_millis(SESSION),
            rebalance_timeout: Micros::from_millis(REBALANCE),
            assignor: Assignor::Range,
            subscription,
        };
        change(&mut join);
        let Join { member, instance, session_timeout, rebalance_timeout, assignor, subscription } = join;
        let body = Body::JoinGroupRequest {
            group: BILLING,
            member,
            instance,
            session_timeout,
            rebalance_timeout,
            assignor,
            subscription: Box::new(subscription),
        };
        self.hear(client, body);
    }

    fn sync(&mut self, member: MemberId, generation: u32, shares: &[(MemberId, &[u16])]) {
        let share = |&(member, partitions): &(MemberId, &[u16])| {
            (member, partitions.iter().map(|&partition| orders(partition)).collect())
        };
        let body = Body::SyncGroupRequest {
            group: BILLING,
            generation: Generation(generation),
            member,
            instance: None,
            assignments: shares.iter().map(share).collect(),
        };
        self.hear(member.client, body);
    }

    fn heartbeat(&mut self, member: MemberId, generation: u32) -> ErrorCode {
        let generation = Generation(generation);
        self.hear(
            member.client,
            Body::HeartbeatRequest { group: BILLING, generation, member, instance: None },
        );
        self.told(member.client, heartbeat_reply).expect("a heartbeat is answered at once")
    }

    fn leave(&mut self, member: MemberId) {
        self.hear(member.client, Body::LeaveGroupRequest { group: BILLING, member });
    }

    fn commit(&mut self, member: MemberId, generation: u32, offset: u64) {
        let body = Body::OffsetCommitRequest {
            group: BILLING,
            generation: Generation(generation),
            member,
            instance: None,
            offsets: vec![(orders(0), Offset(offset))],
        };
        self.hear(member.client, body);
    }

    fn committed(&mut self) -> (ErrorCode, Option<Offset>) {
        self.hear(
            ANN,
            Body::OffsetFetchRequest { group: BILLING, partitions: vec![orders(0)], require_stable: false },
        );
        self.told(ANN, |body| {
            let Body::OffsetFetchReply { error, offsets } = body else { return None };
            Some((*error, offsets.first().and_then(|&(_, it)| it)))
        })
        .expect("a fetch of offsets is answered at once")
    }

    /// What a client was told in the last step.
    fn told<T>(&self, client: NodeId, read: impl Fn(&Body) -> Option<T>) -> Option<T> {
        let to_client = self.out.sends.iter().filter(|envelope| envelope.to == client);
        to_client.filter_map(|envelope| read(&envelope.message.body)).next()
    }

    fn joined(&self, client: NodeId) -> Option<Joined> {
        self.told(client, |body| {
            let Body::JoinGroupReply { error, generation: Generation(generation), member, leader, members } =
                body.clone()
            else {
                return None;
            };
            Some(Joined { error, generation, member, leader, members })
        })
    }

    fn share(&self, client: NodeId) -> Option<(ErrorCode, Vec<u16>)> {
        self.told(client, |body| {
            let Body::SyncGroupReply { error, assignment } = body else { return None };
            Some((*error, assignment.iter().map(|it| it.partition).collect()))
        })
    }

    fn commit_answer(&self, client: NodeId) -> Option<ErrorCode> {
        self.told(client, |body| {
            let Body::OffsetCommitReply { error } = body else { return None };
            Some(*error)
        })
    }

    fn saw(&self, kind: EventKind) -> bool {
        self.out.events.iter().any(|event| event.kind() == kind)
    }

    /// The initial delay of 1.5 s is over, and once more since others than the first have come. The time is 3 s.
    fn let_all_come(&mut self) {
        self.at(1_500);
        assert!(!self.saw(EventKind::GenerationStarted), "members have come since it began to wait");
        self.at(3_000);
    }

    /// Ann and Bob in generation 1; Ann leads and has partitions 0 and 1, Bob 2 and 3. The time is 3 s.
    fn ann_and_bob() -> (Self, MemberId, MemberId) {
        let mut bench = Self::alone(1_500);
        bench.join(ANN, None);
        bench.join(BOB, None);
        bench.let_all_come();
        let ann = bench.joined(ANN).expect("all have come").member;
        let bob = bench.joined(BOB).expect("all have come").member;
        bench.sync(bob, 1, &[]);
        bench.sync(ann, 1, &[(ann, &[0, 1]), (bob, &[2, 3])]);
        (bench, ann, bob)
    }

    /// Ann alone in generation 1, `__consumer_offsets` replicated. Its log holds one record.
    fn ann_with_followers(min_isr: u32) -> (Self, MemberId) {
        let mut bench = Self::with_followers(min_isr);
        bench.join(ANN, None);
        let ann = bench.joined(ANN).expect("there is no delay and nobody else").member;
        bench.sync(ann, 1, &[(ann, &[0])]);
        bench.followers_have(1);
        assert_eq!(bench.share(ANN), Some((ErrorCode::None, vec![0])));
        (bench, ann)
    }

    /// Another broker with a copy of the log, as it becomes leader.
    fn successor(&self, id: u8) -> Self {
        let storage = self.broker.clone().stop(Ending::Process);
        let storage = Storage { logs: storage.logs, ..Storage::default() };
        let mut bench = Self::with(id, Arc::clone(&self.config), storage);
        bench.now = self.now;
        bench.notice(id, 1, &[id]);
        bench
    }
}
