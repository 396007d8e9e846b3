//! The member on a bench: every test says what comes in and when; what it does not say an untroubled cluster answers.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks at the few kinds that it is about")]

use super::*;
use crate::config::{Assignor, BrokerConfig};
use crate::ids::{BrokerSet, LeaderEpoch, MemberId, RecordId};
use crate::message::{
    ErrorCode, FetchPartition, FetchedPartition, JoinedMember, MessageKind, Metadata, PartitionState,
    Subscription,
};
use crate::protocol::{Preset, Protocol};
use crate::record::{Batch, Record};

pub(super) const NODE: NodeId = NodeId(5);
pub(super) const ONE: BrokerId = BrokerId(1);
pub(super) const TWO: BrokerId = BrokerId(2);
/// What the coordinator calls the member.
pub(super) const ME: MemberId = MemberId { client: NODE, number: 1 };
pub(super) const OTHER: MemberId = MemberId { client: NodeId(6), number: 2 };

/// To whom, under which correlation, which partitions from which offset.
pub(super) type Fetch = (BrokerId, CorrelationId, Vec<(u16, u64)>);
/// To whom, under which correlation, up to which offset of which partition.
pub(super) type Commit = (BrokerId, CorrelationId, Vec<(u16, u64)>);
/// A request that the bench has not answered.
pub(super) type Open = (BrokerId, CorrelationId, Body);

/// A member with a clock and what it has said since it was last asked.
pub(super) struct Bench {
    pub(super) member: Member,
    pub(super) now: Instant,
    /// Of topic 0.
    pub(super) leaders: Vec<Option<BrokerId>>,
    /// The epoch of them all.
    pub(super) epoch: u32,
    /// Who coordinates, if anybody does.
    pub(super) coordinator: Option<BrokerId>,
    /// The generation of the latest JoinGroup that the bench answered.
    pub(super) generation: u32,
    /// Another leads, and this is the member's share.
    pub(super) share: Option<Vec<u16>>,
    /// The answer to every heartbeat.
    pub(super) heartbeat: ErrorCode,
    /// What the coordinator says of every partition.
    pub(super) committed: Option<Offset>,
    /// Where every log begins or ends.
    pub(super) listed: Offset,
    /// What the bench leaves to the test.
    pub(super) held: Vec<MessageKind>,
    /// All but what the bench answered by itself.
    pub(super) requests: Vec<Open>,
    pub(super) events: Vec<Event>,
    pub(super) stop: Option<crate::machine::Ending>,
}

pub(super) fn partition(partition: u16) -> TopicPartition {
    TopicPartition { topic: TopicId(0), partition }
}

pub(super) fn partitions(of: &[u16]) -> Vec<TopicPartition> {
    of.iter().map(|&number| partition(number)).collect()
}

pub(super) fn numbers(of: &[TopicPartition]) -> Vec<u16> {
    of.iter().map(|partition| partition.partition).collect()
}

pub(super) fn batch(base: u64, count: u64) -> Arc<Batch> {
    let record = |number| Record { value: RecordId(number), content: None, size_bytes: 10 };
    Arc::new(Batch {
        base_offset: Offset(base),
        leader_epoch: LeaderEpoch(0),
        producer: None,
        records: (base..base + count).map(record).collect(),
    })
}

pub(super) fn joined(member: MemberId) -> JoinedMember {
    let subscription =
        Subscription { topics: [TopicId(0)].into(), owned: Vec::new(), generation: Generation(0) };
    JoinedMember { member, instance: None, subscription }
}

pub(super) fn fetched(of: u16, error: ErrorCode, batches: Vec<Arc<Batch>>) -> Body {
    Body::FetchReply {
        partitions: vec![FetchedPartition {
            partition: partition(of),
            error,
            high_watermark: Offset::ZERO,
            log_start: Offset::ZERO,
            batches,
            diverging: None,
            aborted: Vec::new(),
            last_stable_offset: Offset::ZERO,
        }],
    }
}

/// The reset policy `earliest`, and nothing else out of the ordinary.
pub(super) fn plainly(_: &mut MemberSetup) {}

/// Cooperative-sticky.
pub(super) fn cooperatively(setup: &mut MemberSetup) {
    setup.settings.partition_assignment_strategy = Assignor::CooperativeSticky;
}

/// The application commits by itself.
pub(super) fn committing(point: CommitPoint) -> impl FnOnce(&mut MemberSetup) {
    move |setup| {
        setup.settings.enable_auto_commit = false;
        setup.commit = point;
    }
}

impl Bench {
    /// A member that was not started, of two brokers; the first coordinates.
    pub(super) fn new(leaders: &[Option<BrokerId>], change: impl FnOnce(&mut MemberSetup)) -> Self {
        Self::of(Preset::V0_11Iv1.protocol(), leaders, change)
    }

    /// The same of another era.
    pub(super) fn of(
        protocol: Protocol,
        leaders: &[Option<BrokerId>],
        change: impl FnOnce(&mut MemberSetup),
    ) -> Self {
        let config = ClusterConfig::new(protocol, 2, BrokerConfig::default(), Vec::new());
        let mut setup = MemberSetup {
            node: NODE,
            life: 0,
            group: GroupId(0),
            instance: None,
            topics: [TopicId(0)].into(),
            config: Arc::new(config),
            settings: ConsumerConfig { auto_offset_reset: AutoOffsetReset::Earliest, ..Default::default() },
            commit: CommitPoint::default(),
            service_rate: None,
            side_by_side: false,
        };
        change(&mut setup);
        Self {
            member: Member::new(setup),
            now: Instant::START,
            leaders: leaders.to_vec(),
            epoch: 0,
            coordinator: Some(ONE),
            generation: 0,
            share: None,
            heartbeat: ErrorCode::None,
            committed: None,
            listed: Offset::ZERO,
            held: vec![
                MessageKind::FetchRequest,
                MessageKind::OffsetForLeaderEpochRequest,
                MessageKind::OffsetCommitRequest,
                MessageKind::LeaveGroupRequest,
            ],
            requests: Vec::new(),
            events: Vec::new(),
            stop: None,
        }
    }

    /// The bench leaves these to the test as well.
    pub(super) fn holding(mut self, kinds: &[MessageKind]) -> Self {
        self.held.extend(kinds);
        self
    }

    /// Starts the member and answers what is not held.
    pub(super) fn started(mut self) -> Self {
        self.input(Input::Start);
        self.answer_clerks();
        self
    }

    pub(super) fn input(&mut self, input: Input) {
        let mut out = Effects::default();
        self.member.handle(self.now, input, &mut out);
        for envelope in out.sends {
            let broker = envelope.to.as_broker(2).unwrap();
            self.requests.push((broker, envelope.message.correlation, envelope.message.body));
        }
        self.events.extend(out.events);
        self.stop = self.stop.or(out.stop);
    }

    pub(super) fn answer(&mut self, broker: BrokerId, correlation: CorrelationId, body: Body) {
        self.input(Input::Message { from: broker.into(), message: Message { correlation, body } });
    }

    fn metadata(&self) -> Body {
        let state = |(place, leader): (usize, &Option<BrokerId>)| PartitionState {
            partition: partition(place as u16),
            leader: *leader,
            leader_epoch: LeaderEpoch(self.epoch),
            isr: BrokerSet::EMPTY,
            partition_epoch: Default::default(),
            replicas: Vec::new(),
            ..PartitionState::default()
        };
        Body::MetadataReply(Arc::new(Metadata {
            live_brokers: [ONE, TWO].into_iter().collect(),
            partitions: self.leaders.iter().enumerate().map(state).collect(),
            broker_epochs: Vec::new(),
            shutting_down: BrokerSet::EMPTY,
        }))
    }

    pub(super) fn join_reply(&self) -> Body {
        let leader = if self.share.is_some() { OTHER } else { ME };
        let members = if self.share.is_some() { Vec::new() } else { vec![joined(ME)] };
        let (error, generation) = (ErrorCode::None, Generation(self.generation));
        Body::JoinGroupReply { error, generation, member: ME, leader, members }
    }

    /// What an untroubled cluster answers to this.
    fn clerks_answer(&mut self, body: &Body) -> Option<Body> {
        let error = ErrorCode::None;
        Some(match body {
            Body::MetadataRequest => self.metadata(),
            Body::FindCoordinatorRequest { .. } => {
                let error = self.coordinator.map_or(ErrorCode::CoordinatorNotAvailable, |_| error);
                Body::FindCoordinatorReply { error, coordinator: self.coordinator }
            }
            Body::JoinGroupRequest { .. } => {
                self.generation += 1;
                self.join_reply()
            }
            Body::SyncGroupRequest { assignments, .. } => {
                let mine = assignments.iter().find(|(member, _)| *member == ME);
                let mine = mine.map(|(_, mine)| mine.clone());
                let assignment = mine.unwrap_or_else(|| partitions(&self.share.clone().unwrap()));
                Body::SyncGroupReply { error, assignment }
            }
            Body::HeartbeatRequest { .. } => Body::HeartbeatReply { error: self.heartbeat },
            Body::OffsetCommitRequest { .. } => Body::OffsetCommitReply { error },
            Body::OffsetFetchRequest { partitions, .. } => {
                let offsets = partitions.iter().map(|&partition| (partition, self.committed)).collect();
                Body::OffsetFetchReply { error, offsets }
            }
            Body::ListOffsetsRequest { partition, .. } => {
                Body::ListOffsetsReply { partition: *partition, error, offset: self.listed }
            }
            other => panic!("{other:?} has to be held"),
        })
    }

    pub(super) fn answer_clerks(&mut self) {
        while let Some(place) =
            self.requests.iter().position(|(.., body)| !self.held.contains(&MessageKind::from(body)))
        {
            let (broker, correlation, body) = self.requests.remove(place);
            if let Some(reply) = self.clerks_answer(&body) {
                self.answer(broker, correlation, reply);
            }
        }
    }

    pub(super) fn pass(&mut self, millis: u64) {
        let end = self.now + Micros::from_millis(millis);
        while let Some(at) = self.member.next_deadline().filter(|&at| at <= end) {
            self.now = self.now.max(at);
            self.input(Input::Deadline);
            self.answer_clerks();
        }
        self.now = end;
    }

    /// The requests of a kind sent since it was last asked.
    pub(super) fn take(&mut self, kind: MessageKind) -> Vec<Open> {
        self.requests.extract_if(.., |(.., body)| MessageKind::from(&*body) == kind).collect()
    }

    /// The only request of a kind.
    pub(super) fn take_one(&mut self, kind: MessageKind) -> Open {
        let mut taken = self.take(kind);
        assert_eq!(taken.len(), 1, "{taken:?}");
        taken.remove(0)
    }

    /// The fetches sent since it was last asked.
    pub(super) fn fetches(&mut self) -> Vec<Fetch> {
        let what = |(broker, correlation, body)| match body {
            Body::FetchRequest { partitions, .. } => {
                let what = |fetch: &FetchPartition| (fetch.partition.partition, fetch.offset.0);
                (broker, correlation, partitions.iter().map(what).collect())
            }
            other => panic!("{other:?} is no fetch"),
        };
        self.take(MessageKind::FetchRequest).into_iter().map(what).collect()
    }

    /// The one fetch sent since it was last asked.
    pub(super) fn fetch(&mut self) -> Fetch {
        let mut fetches = self.fetches();
        assert_eq!(fetches.len(), 1, "{fetches:?}");
        fetches.remove(0)
    }

    /// The offsets of the commits sent since it was last asked.
    pub(super) fn commits(&mut self) -> Vec<Commit> {
        let what = |(broker, correlation, body)| match body {
            Body::OffsetCommitRequest { offsets, .. } => {
                let what = |(partition, offset): &(TopicPartition, Offset)| (partition.partition, offset.0);
                (broker, correlation, offsets.iter().map(what).collect())
            }
            other => panic!("{other:?} is no commit"),
        };
        self.take(MessageKind::OffsetCommitRequest).into_iter().map(what).collect()
    }

    /// Answers the only open commit and says what it committed.
    pub(super) fn answer_commit(&mut self, error: ErrorCode) -> Vec<(u16, u64)> {
        let mut commits = self.commits();
        assert_eq!(commits.len(), 1, "{commits:?}");
        let (broker, correlation, offsets) = commits.remove(0);
        self.answer(broker, correlation, Body::OffsetCommitReply { error });
        self.answer_clerks();
        offsets
    }

    /// Answers the outstanding fetch of partition 0 with these batches.
    pub(super) fn deliver(&mut self, batches: Vec<Arc<Batch>>) {
        let (broker, correlation, _) = self.fetch();
        self.answer(broker, correlation, fetched(0, ErrorCode::None, batches));
    }

    /// Everything that happened since it was last asked, in short.
    pub(super) fn happened(&mut self) -> Vec<String> {
        let tell = |event: Event| match event {
            Event::RecordsPolled { partition, from, batch, .. } => {
                format!("polled {} {}-{}", partition.partition, from, batch.end_offset().0 - 1)
            }
            Event::RecordsProcessed { partition, from, to, .. } => {
                format!("processed {} {}-{}", partition.partition, from, to.0 - 1)
            }
            Event::PositionReset { partition, to, .. } => format!("at {} {to}", partition.partition),
            Event::PartitionsAssigned { generation, partitions, .. } => {
                format!("assigned {generation} {:?}", numbers(&partitions))
            }
            Event::PartitionsRevoked { generation, partitions, .. } => {
                format!("revoked {generation} {:?}", numbers(&partitions))
            }
            Event::PartitionsKept { generation, partitions, .. } => {
                format!("kept {generation} {:?}", numbers(&partitions))
            }
            Event::MemberFenced { error, partitions, .. } => {
                format!("fenced {} {:?}", error.name(), numbers(&partitions))
            }
            Event::PositionValidated { partition, offset, .. } => {
                format!("valid {} {offset}", partition.partition)
            }
            Event::TruncationDetected { partition, from, to, .. } => {
                format!("truncated {} {from} to {to}", partition.partition)
            }
            Event::PollExpired { .. } => "poll expired".to_owned(),
            other => panic!("{other:?} is no member's"),
        };
        std::mem::take(&mut self.events).into_iter().map(tell).collect()
    }

    /// Partition, first offset returned and last offset returned of every batch returned.
    pub(super) fn polled(&mut self) -> Vec<(u16, u64, u64)> {
        let polled = |event: Event| match event {
            Event::RecordsPolled { partition, from, batch, .. } => {
                Some((partition.partition, from.0, batch.end_offset().0 - 1))
            }
            _ => None,
        };
        std::mem::take(&mut self.events).into_iter().filter_map(polled).collect()
    }

    pub(super) fn resets(&mut self) -> Vec<(u16, u64)> {
        let reset = |event: Event| match event {
            Event::PositionReset { partition, to, .. } => Some((partition.partition, to.0)),
            _ => None,
        };
        std::mem::take(&mut self.events).into_iter().filter_map(reset).collect()
    }

    /// Lets the next heartbeat leave and be answered with this; later ones with success.
    pub(super) fn heartbeat_says(&mut self, error: ErrorCode) {
        self.heartbeat = error;
        self.pass(3_000);
        self.heartbeat = ErrorCode::None;
    }
}
