//! A broker driven by hand: what goes in, what comes out.

use super::*;
use crate::config::{Acks, BrokerConfig};
use crate::event::EventKind;
use crate::ids::{
    BrokerEpoch, LeaderEpoch, Offset, PartitionEpoch, ProducerEpoch, ProducerId, RecordId, Sequence, TopicId,
};
use crate::message::{
    ErrorCode, FetchPartition, FetchedPartition, Fetcher as Who, PartitionState, ProducePartition,
};
use crate::protocol::{Preset, Protocol};
use crate::record::{Batch, ProducerStamp, Record, RecordBatch};

pub(super) const ORDERS: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };
const SHOP: NodeId = NodeId(4);
const READER: NodeId = NodeId(5);

fn config(min_isr: u32, broker: BrokerConfig) -> Arc<ClusterConfig> {
    config_of(Preset::V0_11Iv1.protocol(), min_isr, broker)
}

pub(super) fn config_of(protocol: Protocol, min_isr: u32, broker: BrokerConfig) -> Arc<ClusterConfig> {
    let assignment = vec![vec![BrokerId(1), BrokerId(2), BrokerId(3)]];
    let topic = Topic::new(min_isr, false, assignment);
    Arc::new(ClusterConfig {
        protocol,
        brokers: 3,
        broker,
        topics: vec![topic],
        offsets_topic: None,
        offsets_partitions: Vec::new(),
        transactions_partitions: Vec::new(),
        transactions_topic: None,
    })
}

/// A broker, the time, and what came out of it last.
pub(super) struct Bench {
    pub(super) broker: Broker,
    pub(super) now: Instant,
    pub(super) out: Effects,
}

impl Bench {
    fn new(id: u8, min_isr: u32) -> Self {
        Self::of(id, config(min_isr, BrokerConfig::default()))
    }

    pub(super) fn of(id: u8, config: Arc<ClusterConfig>) -> Self {
        let broker = Broker::new(BrokerId(id), config, Storage::default());
        let mut bench = Self { broker, now: Instant::START, out: Effects::default() };
        bench.give(Input::Start);
        bench
    }

    fn give(&mut self, input: Input) {
        self.out.clear();
        self.broker.handle(self.now, input, &mut self.out);
    }

    pub(super) fn hear(&mut self, from: impl Into<NodeId>, correlation: CorrelationId, body: Body) {
        self.give(Input::Message { from: from.into(), message: Message { correlation, body } });
    }

    /// Hands in a state of the partition.
    pub(super) fn tell(&mut self, state: PartitionState) {
        let partitions = vec![state];
        self.hear(NodeId::CONTROLLER, CorrelationId(0), Body::LeaderAndIsrRequest { partitions });
    }

    pub(super) fn at(&mut self, millis: u64) {
        self.now = Instant::from_millis(millis);
        self.give(Input::Deadline);
    }

    pub(super) fn notice<const N: usize>(&mut self, leader: u8, epoch: u32, isr: [u8; N]) {
        let replicas = vec![BrokerId(1), BrokerId(2), BrokerId(3)];
        let state = PartitionState {
            partition: ORDERS,
            leader: Some(BrokerId(leader)),
            leader_epoch: LeaderEpoch(epoch),
            isr: isr.into_iter().map(BrokerId).collect(),
            partition_epoch: PartitionEpoch(epoch),
            replicas,
            ..PartitionState::default()
        };
        self.hear(
            NodeId::CONTROLLER,
            CorrelationId(0),
            Body::LeaderAndIsrRequest { partitions: vec![state] },
        );
    }

    pub(super) fn produce(&mut self, acks: Acks, batch: RecordBatch) {
        self.produce_from(SHOP, acks, batch);
    }

    pub(super) fn produce_from(&mut self, client: NodeId, acks: Acks, batch: RecordBatch) {
        let partitions = vec![ProducePartition { partition: ORDERS, batch }];
        let timeout = Micros::from_millis(30_000);
        self.hear(
            client,
            CorrelationId(77),
            Body::ProduceRequest { acks, timeout, partitions, transactional: None },
        );
    }

    fn fetch(&mut self, from: NodeId, fetcher: Who, offset: u64) {
        let partitions = vec![FetchPartition {
            partition: ORDERS,
            offset: Offset(offset),
            max_bytes: 1 << 20,
            last_epoch: None,
            current_epoch: None,
        }];
        let max_wait = Micros::from_millis(500);
        self.hear(
            from,
            CorrelationId(5),
            Body::FetchRequest {
                fetcher,
                max_wait,
                min_bytes: 1,
                partitions,
                broker_epoch: None,
                isolation: crate::config::IsolationLevel::ReadUncommitted,
            },
        );
    }

    pub(super) fn follower_fetches(&mut self, follower: u8, offset: u64) {
        self.fetch(BrokerId(follower).into(), Who::Replica(BrokerId(follower)), offset);
    }

    /// Answers the fetch that the broker sent last.
    fn answer_fetch(
        &mut self,
        leader: u8,
        correlation: CorrelationId,
        batches: Vec<Arc<Batch>>,
        high_watermark: u64,
    ) {
        let fetched = FetchedPartition {
            partition: ORDERS,
            error: ErrorCode::None,
            high_watermark: Offset(high_watermark),
            log_start: Offset::ZERO,
            batches,
            diverging: None,
            aborted: Vec::new(),
            last_stable_offset: Offset::ZERO,
        };
        self.hear(BrokerId(leader), correlation, Body::FetchReply { partitions: vec![fetched] });
    }

    fn sent_fetch(&self) -> (NodeId, CorrelationId, Offset) {
        let sent = self.out.sends.iter().find_map(|envelope| {
            let Body::FetchRequest { partitions, .. } = &envelope.message.body else { return None };
            Some((envelope.to, envelope.message.correlation, partitions[0].offset))
        });
        sent.expect("a fetch was sent")
    }

    pub(super) fn produce_answer(&self) -> Option<(ErrorCode, Option<Offset>)> {
        self.out.sends.iter().filter(|envelope| envelope.to == SHOP).find_map(|envelope| {
            let Body::ProduceReply { partitions } = &envelope.message.body else { return None };
            Some((partitions[0].error, partitions[0].base_offset))
        })
    }

    pub(super) fn fetch_answer(&self) -> Option<&FetchedPartition> {
        self.out.sends.iter().find_map(|envelope| {
            let Body::FetchReply { partitions } = &envelope.message.body else { return None };
            Some(&partitions[0])
        })
    }

    pub(super) fn saw(&self, kind: EventKind) -> bool {
        self.out.events.iter().any(|event| event.kind() == kind)
    }

    pub(super) fn replica(&self) -> &Replica {
        &self.broker.replicas[&ORDERS]
    }
}

pub(super) fn records(first: u32, count: u32) -> RecordBatch {
    let record = |n| Record { value: RecordId::new(SHOP, n), content: None, size_bytes: 100 };
    RecordBatch { producer: None, records: (first..first + count).map(record).collect() }
}

fn stamped(first: u32) -> RecordBatch {
    let stamp = ProducerStamp {
        id: ProducerId(1),
        epoch: ProducerEpoch(0),
        base_sequence: Sequence(first),
        transactional: false,
    };
    RecordBatch { producer: Some(stamp), ..records(first, 1) }
}

fn batch(base: u64, epoch: u32) -> Arc<Batch> {
    Arc::new(Batch::new(Offset(base), LeaderEpoch(epoch), &records(base as u32, 1)))
}

/// Broker 1 leads with ISR {1,2,3} and both followers are at 0.
fn leader(min_isr: u32) -> Bench {
    let mut bench = Bench::new(1, min_isr);
    bench.notice(1, 0, [1, 2, 3]);
    bench.follower_fetches(2, 0);
    bench.follower_fetches(3, 0);
    bench
}

/// Broker 2 follows broker 1 and has records 0 and 1, high watermark 1.
fn follower() -> Bench {
    let mut bench = Bench::new(2, 1);
    bench.notice(1, 0, [1, 2, 3]);
    let (_, correlation, _) = bench.sent_fetch();
    bench.answer_fetch(1, correlation, vec![batch(0, 0), batch(1, 0)], 1);
    bench
}

#[test]
fn acks_all_waits_until_every_in_sync_replica_has_asked_for_what_comes_after() {
    let mut bench = leader(1);
    bench.produce(Acks::All, records(0, 2));
    assert_eq!(bench.produce_answer(), None);
    bench.follower_fetches(2, 2);
    assert_eq!((bench.produce_answer(), bench.replica().high_watermark), (None, Offset(0)));
    bench.follower_fetches(3, 2);
    assert_eq!(bench.produce_answer(), Some((ErrorCode::None, Some(Offset(0)))));
    assert_eq!(bench.replica().high_watermark, Offset(2));
}

#[test]
fn acks_1_is_answered_once_the_leader_has_it() {
    let mut bench = leader(1);
    bench.produce(Acks::Leader, records(0, 1));
    assert_eq!(bench.produce_answer(), Some((ErrorCode::None, Some(Offset(0)))));
    assert_eq!(bench.replica().high_watermark, Offset(0));
}

#[test]
fn acks_0_is_never_answered_and_an_error_closes_the_connection() {
    let mut bench = leader(1);
    bench.produce(Acks::None, records(0, 1));
    assert_eq!((bench.produce_answer(), bench.out.closes.len()), (None, 0));
    bench.notice(2, 1, [2, 3]);
    bench.produce(Acks::None, records(1, 1));
    assert_eq!((bench.produce_answer(), &bench.out.closes[..]), (None, &[SHOP][..]));
}

#[test]
fn the_fetch_that_moves_the_high_watermark_is_answered_with_the_old_one() {
    let mut bench = leader(1);
    bench.produce(Acks::All, records(0, 1));
    bench.follower_fetches(3, 1);
    bench.produce_from(NodeId(6), Acks::All, records(1, 1));
    bench.follower_fetches(2, 1);
    assert_eq!(bench.replica().high_watermark, Offset(1));
    let answer = bench.fetch_answer().expect("record 1 was there to send");
    assert_eq!((answer.high_watermark, answer.batches.len()), (Offset(0), 1));
}

#[test]
fn an_idle_followers_fetch_waits_its_time_and_then_brings_the_new_high_watermark() {
    let mut bench = leader(1);
    bench.produce(Acks::All, records(0, 1));
    bench.follower_fetches(2, 1);
    bench.follower_fetches(3, 1);
    assert!(bench.fetch_answer().is_none(), "a risen high watermark completes no follower's fetch");
    bench.at(500);
    assert_eq!(bench.fetch_answer().map(|answer| answer.high_watermark), Some(Offset(1)));
}

#[test]
fn a_consumer_sees_only_what_is_below_the_high_watermark() {
    let mut bench = leader(1);
    bench.fetch(READER, Who::Consumer, 0);
    bench.produce(Acks::Leader, records(0, 1));
    let to_reader = |bench: &Bench| bench.out.sends.iter().any(|envelope| envelope.to == READER);
    assert!(!to_reader(&bench));
    bench.follower_fetches(2, 1);
    bench.follower_fetches(3, 1);
    assert!(to_reader(&bench));
}

#[test]
fn too_small_an_isr_refuses_acks_all_before_it_writes() {
    let mut bench = leader(2);
    bench.notice(1, 1, [1]);
    bench.produce(Acks::All, records(0, 1));
    assert_eq!(bench.produce_answer(), Some((ErrorCode::NotEnoughReplicas, None)));
    assert_eq!(bench.replica().log.end_offset(), Offset(0));
    bench.produce(Acks::Leader, records(0, 1));
    assert_eq!(bench.produce_answer(), Some((ErrorCode::None, Some(Offset(0)))));
}

#[test]
fn an_isr_that_shrinks_below_its_minimum_answers_what_was_written_with_after_append() {
    let mut bench = leader(2);
    bench.produce(Acks::All, records(0, 1));
    bench.notice(1, 1, [1]);
    // Those outside the ISR have never caught up, by the clock that the notice started anew: the leader alone decides.
    assert_eq!(bench.produce_answer(), Some((ErrorCode::NotEnoughReplicasAfterAppend, None)));
}

#[test]
fn a_parked_produce_times_out_but_its_record_stays() {
    let mut bench = leader(1);
    bench.produce(Acks::All, records(0, 1));
    bench.at(30_000);
    assert_eq!(bench.produce_answer(), Some((ErrorCode::RequestTimedOut, None)));
    assert_eq!(bench.replica().log.end_offset(), Offset(1));
}

#[test]
fn a_leader_that_is_replaced_answers_what_waits_with_not_leader() {
    let mut bench = leader(1);
    bench.produce(Acks::All, records(0, 1));
    bench.notice(2, 1, [1, 2, 3]);
    assert_eq!(bench.produce_answer(), Some((ErrorCode::NotLeaderForPartition, None)));
}

#[test]
fn a_known_batch_is_not_written_again_and_waits_for_the_isr_like_the_first() {
    let mut bench = leader(1);
    bench.produce(Acks::All, stamped(0));
    bench.at(30_000);
    assert_eq!(bench.produce_answer(), Some((ErrorCode::RequestTimedOut, None)));
    bench.produce(Acks::All, stamped(0));
    assert!(bench.saw(EventKind::DuplicateDiscarded));
    assert_eq!((bench.produce_answer(), bench.replica().log.end_offset()), (None, Offset(1)));
    bench.at(60_000);
    bench.produce(Acks::All, stamped(2));
    assert_eq!(bench.produce_answer(), Some((ErrorCode::OutOfOrderSequenceNumber, None)));
}

#[test]
fn the_next_request_of_a_connection_is_read_when_the_one_before_was_answered() {
    let mut bench = leader(1);
    bench.produce(Acks::All, records(0, 1));
    bench.produce(Acks::All, records(1, 1));
    assert_eq!(bench.replica().log.end_offset(), Offset(1));
    bench.follower_fetches(2, 1);
    bench.follower_fetches(3, 1);
    assert_eq!(bench.produce_answer(), Some((ErrorCode::None, Some(Offset(0)))));
    assert_eq!(bench.replica().log.end_offset(), Offset(2));
    bench.follower_fetches(2, 2);
    bench.follower_fetches(3, 2);
    assert_eq!(bench.produce_answer(), Some((ErrorCode::None, Some(Offset(1)))));
}

#[test]
fn what_came_on_a_broken_connection_is_never_read() {
    let mut bench = leader(1);
    bench.produce(Acks::All, records(0, 1));
    bench.produce(Acks::All, records(1, 1));
    bench.give(Input::Disconnected(SHOP));
    bench.follower_fetches(2, 1);
    bench.follower_fetches(3, 1);
    assert_eq!(bench.replica().log.end_offset(), Offset(1));
}

#[test]
fn a_follower_that_stops_fetching_is_proposed_for_removal_after_its_time() {
    let mut bench = leader(1);
    bench.produce(Acks::Leader, records(0, 1));
    bench.now = Instant::from_millis(9_000);
    bench.follower_fetches(3, 1);
    bench.at(10_000);
    assert!(!bench.saw(EventKind::IsrShrinkProposed), "10 s exactly is not more than 10 s");
    bench.at(15_000);
    assert!(bench.saw(EventKind::IsrShrinkProposed));
    let proposed = bench.out.sends.iter().find_map(|envelope| {
        let Body::AlterPartitionRequest { proposed, .. } = &envelope.message.body else { return None };
        Some((proposed.isr.to_string(), envelope.message.correlation))
    });
    let (isr, correlation) = proposed.expect("the proposal goes to the controller");
    assert_eq!(isr, "{1,3}");
    assert_eq!(bench.replica().high_watermark, Offset(0), "it stays until the proposal is confirmed");
    let answer = Body::AlterPartitionReply {
        partition: ORDERS,
        error: ErrorCode::None,
        isr: [BrokerId(1), BrokerId(3)].into_iter().collect(),
        partition_epoch: PartitionEpoch(1),
        leader_epoch: LeaderEpoch(0),
    };
    bench.hear(NodeId::CONTROLLER, correlation, answer);
    assert_eq!(bench.replica().high_watermark, Offset(1));
}

#[test]
fn a_follower_takes_over_the_leaders_high_watermark_a_round_trip_later() {
    let bench = follower();
    assert_eq!((bench.replica().log.end_offset(), bench.replica().high_watermark), (Offset(2), Offset(1)));
    assert_eq!(bench.sent_fetch().2, Offset(2));
}

#[test]
fn a_follower_of_a_new_leader_cuts_at_its_own_high_watermark() {
    let mut bench = follower();
    bench.notice(3, 1, [2, 3]);
    assert!(bench.saw(EventKind::LogTruncated));
    assert_eq!(bench.replica().log.end_offset(), Offset(1));
    assert_eq!(bench.sent_fetch().0, NodeId(3));
    assert_eq!(bench.sent_fetch().2, Offset(1));
}

#[test]
fn a_broker_that_shuts_down_follows_nobody_any_more() {
    let mut bench = follower();
    bench.give(Input::Command(Command::ControlledShutdown));
    bench.notice(3, 1, [3]);
    assert_eq!(bench.replica().leader(), Some(BrokerId(3)));
    assert!(!bench.saw(EventKind::LogTruncated));
    let fetches = |e: &&crate::message::Envelope| matches!(e.message.body, Body::FetchRequest { .. });
    assert_eq!(bench.out.sends.iter().filter(fetches).count(), 0);
}

#[test]
fn a_proposal_that_is_not_answered_is_made_again() {
    let mut bench = leader(1);
    bench.produce(Acks::Leader, records(0, 1));
    let proposals = |bench: &Bench| {
        let proposes =
            |e: &&crate::message::Envelope| matches!(e.message.body, Body::AlterPartitionRequest { .. });
        bench.out.sends.iter().filter(proposes).count()
    };
    bench.at(15_000);
    assert_eq!(proposals(&bench), 1);
    bench.at(44_999);
    assert_eq!(proposals(&bench), 0);
    bench.at(45_000);
    assert_eq!(proposals(&bench), 1);
}

#[test]
fn a_follower_that_asks_beyond_the_log_is_unknown_again_and_holds_the_high_watermark() {
    let mut bench = leader(1);
    bench.produce(Acks::Leader, records(0, 1));
    bench.follower_fetches(3, 1);
    bench.follower_fetches(2, 9);
    assert_eq!(bench.fetch_answer().map(|answer| answer.error), Some(ErrorCode::OffsetOutOfRange));
    bench.follower_fetches(3, 1);
    assert_eq!(bench.replica().high_watermark, Offset(0));
}

#[test]
fn a_follower_of_the_same_leader_in_a_new_epoch_cuts_nothing() {
    let mut bench = follower();
    bench.notice(1, 1, [1, 2]);
    assert!(!bench.saw(EventKind::BecameFollower));
    assert_eq!(bench.replica().log.end_offset(), Offset(2));
}

#[test]
fn a_late_notice_of_an_older_epoch_is_ignored() {
    let mut bench = follower();
    bench.notice(3, 2, [2, 3]);
    bench.notice(1, 1, [1, 2]);
    assert_eq!(bench.replica().leader(), Some(BrokerId(3)));
}

#[test]
fn a_killed_broker_starts_with_its_whole_log_and_the_checkpointed_high_watermark() {
    let mut bench = follower();
    bench.at(5_000);
    assert!(bench.saw(EventKind::HighWatermarksCheckpointed));
    let storage = bench.broker.clone().stop(Ending::Process);
    assert_eq!(storage.loaded_high_watermark(ORDERS, &storage.logs[&ORDERS]), Offset(1));
    let reborn = Broker::new(BrokerId(2), config(1, BrokerConfig::default()), storage);
    let replica = &reborn.replicas[&ORDERS];
    assert_eq!((replica.log.end_offset(), replica.high_watermark), (Offset(2), Offset(1)));
    assert_eq!(replica.role, crate::partition::Role::Offline);
}

#[test]
fn a_killed_broker_without_a_checkpoint_starts_with_high_watermark_0() {
    let storage = follower().broker.stop(Ending::Process);
    let reborn = Broker::new(BrokerId(2), config(1, BrokerConfig::default()), storage);
    assert_eq!(reborn.replicas[&ORDERS].high_watermark, Offset(0));
}

#[test]
fn a_clean_stop_flushes_and_checkpoints() {
    let storage = follower().broker.stop(Ending::Clean);
    assert_eq!(storage.high_watermarks[&ORDERS], Offset(1));
    assert_eq!(storage.logs[&ORDERS].flushed_offset(), Offset(2));
}

#[test]
fn a_power_failure_takes_what_was_not_flushed() {
    let mut storage = follower().broker.stop(Ending::Power);
    let events = storage.lose_power(BrokerId(2), &mut |_| 0);
    assert_eq!((storage.logs[&ORDERS].end_offset(), events.len()), (Offset(0), 1));
}

#[test]
fn a_follower_whose_log_is_longer_than_its_leaders_stops_its_broker() {
    let mut bench = follower();
    let (_, correlation, _) = bench.sent_fetch();
    let refused = FetchedPartition {
        partition: ORDERS,
        error: ErrorCode::OffsetOutOfRange,
        high_watermark: Offset(0),
        log_start: Offset(0),
        batches: Vec::new(),
        diverging: None,
        aborted: Vec::new(),
        last_stable_offset: Offset::ZERO,
    };
    bench.hear(BrokerId(1), correlation, Body::FetchReply { partitions: vec![refused] });
    let asked = bench.out.sends.last().expect("it asks where the leader's log ends").message.correlation;
    let reply = Body::ListOffsetsReply { partition: ORDERS, error: ErrorCode::None, offset: Offset(1) };
    bench.hear(BrokerId(1), asked, reply);
    assert!(bench.saw(EventKind::BrokerHalted));
    assert!(bench.saw(EventKind::ControlledShutdownStarted), "the process exits through its shutdown hook");
    let relieved = Body::ControlledShutdownReply { error: ErrorCode::None, remaining: 0 };
    bench.hear(NodeId::CONTROLLER, CorrelationId(0), relieved);
    assert_eq!(bench.out.stop, Some(Ending::Clean));
}

#[test]
fn a_batch_that_does_not_fit_ends_the_fetcher() {
    let mut bench = follower();
    let (_, correlation, _) = bench.sent_fetch();
    bench.answer_fetch(1, correlation, vec![batch(1, 0)], 1);
    assert!(bench.saw(EventKind::FetcherDied));
    bench.at(60_000);
    let fetches = |e: &&crate::message::Envelope| matches!(e.message.body, Body::FetchRequest { .. });
    assert_eq!(bench.out.sends.iter().filter(fetches).count(), 0);
}

#[test]
fn a_broken_connection_is_tried_again_after_the_back_off() {
    let mut bench = follower();
    bench.give(Input::Disconnected(NodeId(1)));
    bench.at(1_999);
    assert_eq!(bench.broker.next_deadline(), Some(Instant::from_millis(2_000)));
    bench.at(2_000);
    assert_eq!(bench.sent_fetch().2, Offset(2));
}

#[test]
fn a_broker_that_was_taken_for_dead_registers_again() {
    let mut bench = follower();
    bench.hear(
        NodeId::CONTROLLER,
        CorrelationId(0),
        Body::BrokerHeartbeatReply { error: ErrorCode::StaleBrokerEpoch, fenced: false },
    );
    let registers =
        |e: &&crate::message::Envelope| matches!(e.message.body, Body::BrokerRegistrationRequest { .. });
    assert_eq!(bench.out.sends.iter().filter(registers).count(), 1);
    let registered = Body::BrokerRegistrationReply { error: ErrorCode::None, epoch: BrokerEpoch(9) };
    bench.hear(NodeId::CONTROLLER, CorrelationId(0), registered);
    assert_eq!(bench.broker.membership.epoch(), Some(BrokerEpoch(9)));
}

#[test]
fn a_shutdown_in_good_order_ends_when_the_broker_leads_nothing() {
    let mut bench = leader(1);
    bench.give(Input::Command(Command::ControlledShutdown));
    let reply = |remaining| Body::ControlledShutdownReply { error: ErrorCode::None, remaining };
    bench.hear(NodeId::CONTROLLER, CorrelationId(0), reply(1));
    assert_eq!(bench.out.stop, None);
    bench.hear(NodeId::CONTROLLER, CorrelationId(0), reply(0));
    assert_eq!(bench.out.stop, Some(Ending::Clean));
}
