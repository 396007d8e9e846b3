//! Partitioners over queues that are filled by hand.

use std::sync::Arc;

use super::*;
use crate::config::ProducerConfig;
use crate::ids::{BrokerId, BrokerSet, RecordId};
use crate::message::{Metadata, PartitionState};
use crate::producer::accumulator::Rules;
use crate::protocol::Preset;
use crate::record::Content;
use crate::time::{Instant, Micros};

const TOPIC: TopicId = TopicId(0);

fn metadata(leaders: &[Option<u8>]) -> ClusterMetadata {
    let partitions = leaders
        .iter()
        .enumerate()
        .map(|(partition, leader)| PartitionState {
            partition: at(partition as u16),
            leader: leader.map(BrokerId),
            leader_epoch: Default::default(),
            isr: BrokerSet::EMPTY,
            partition_epoch: Default::default(),
            replicas: Vec::new(),
            ..PartitionState::default()
        })
        .collect();
    let mut known = ClusterMetadata::new(3, Micros::ZERO, Micros::ZERO, false);
    known.take(
        &Metadata {
            live_brokers: BrokerSet::one(BrokerId(1)),
            partitions,
            broker_epochs: Vec::new(),
            shutting_down: BrokerSet::EMPTY,
        },
        Instant::START,
    );
    known
}

fn at(partition: u16) -> TopicPartition {
    TopicPartition { topic: TOPIC, partition }
}

fn record(key: Option<&[u8]>) -> Record {
    Record { value: RecordId(1), content: key.map(|key| Arc::new(Content::Key(key.into()))), size_bytes: 10 }
}

/// A partitioner, the queues that it looks at, and the cluster. Every record has 10 bytes.
struct Desk {
    partitioner: Partitioner,
    queues: Accumulator,
    known: ClusterMetadata,
}

/// 0.11 with this rule for records without a key, and the `RoundRobinPartitioner` of 2.4.
fn going_by(partitioner: UnkeyedRule) -> Protocol {
    Protocol { partitioner, round_robin_skips: true, ..Preset::V0_11Iv1.protocol() }
}

impl Desk {
    fn new(class: PartitionerClass, unkeyed: UnkeyedRule, leaders: &[Option<u8>]) -> Self {
        Self::starting_at(0, class, unkeyed, leaders)
    }

    /// Batches take 30 bytes.
    fn starting_at(
        start: u32,
        class: PartitionerClass,
        unkeyed: UnkeyedRule,
        leaders: &[Option<u8>],
    ) -> Self {
        let config = ProducerConfig { batch_size_bytes: 30, ..ProducerConfig::default() };
        Self {
            partitioner: Partitioner::new(class, &going_by(unkeyed), start, Chance::new(1)),
            queues: Accumulator::new(Rules::new(&config, &going_by(unkeyed))),
            known: metadata(leaders),
        }
    }

    fn choose(&mut self, named: Option<u16>, key: Option<&[u8]>) -> Option<u16> {
        self.partitioner.choose(TOPIC, named, &record(key), &self.known, &self.queues)
    }

    /// Chooses and puts the record into its queue.
    fn place(&mut self, named: Option<u16>, key: Option<&[u8]>) -> u16 {
        let chosen = self.choose(named, key).expect("the topic is known");
        self.queues.append(at(chosen), record(key), Instant::START);
        if self.partitioner.follows(named, &record(key)) {
            self.partitioner.appended(at(chosen), 10, &self.known, &self.queues);
        }
        chosen
    }

    /// Where so many records go that have neither a partition nor a key.
    fn placed(&mut self, count: usize) -> Vec<u16> {
        (0..count).map(|_| self.place(None, None)).collect()
    }

    /// All that waits in a partition leaves.
    fn leave(&mut self, partition: u16) {
        while self.queues.queue_mut(at(partition)).take_first(at(partition)).is_some() {}
    }
}

/// Records one after another to the same partition: which one, and how many.
fn runs(placed: &[u16]) -> Vec<(u16, usize)> {
    placed.chunk_by(|one, next| one == next).map(|run| (run[0], run.len())).collect()
}

use PartitionerClass::{
    DefaultPartitioner, KeysOverAvailablePartitioner, RoundRobinPartitioner, UniformStickyPartitioner,
};

const ALL_RULES: [UnkeyedRule; 3] =
    [UnkeyedRule::RoundRobin, UnkeyedRule::Sticky, UnkeyedRule::UniformSticky];

#[test]
fn a_named_partition_wins_over_key_and_class_and_must_be_there() {
    for class in
        [DefaultPartitioner, RoundRobinPartitioner, UniformStickyPartitioner, KeysOverAvailablePartitioner]
    {
        for rule in ALL_RULES {
            let mut desk = Desk::new(class, rule, &[Some(1), None]);
            assert_eq!(desk.choose(Some(1), Some(b"abc")), Some(1), "even without a leader");
            assert_eq!(desk.choose(Some(2), Some(b"abc")), None);
        }
    }
}

#[test]
fn a_key_counts_over_all_partitions_even_those_without_a_leader() {
    let hash = to_positive(murmur2(b"abc"));
    for rule in ALL_RULES {
        let mut desk = Desk::new(DefaultPartitioner, rule, &[None, Some(1), None]);
        assert_eq!(desk.choose(None, Some(b"abc")), Some((hash % 3) as u16));
    }
}

#[test]
fn a_key_over_available_partitions_moves_when_a_leader_goes() {
    let hash = to_positive(murmur2(b"abc")) as usize;
    let key = Some(b"abc".as_slice());
    let mut desk = Desk::new(KeysOverAvailablePartitioner, UnkeyedRule::RoundRobin, &[Some(1); 3]);
    assert_eq!(desk.choose(None, key), Some((hash % 3) as u16));
    desk.known = metadata(&[Some(1), None, Some(1)]);
    assert_eq!(desk.choose(None, key), Some([0, 2][hash % 2]));
    desk.known = metadata(&[None; 3]);
    assert_eq!(desk.choose(None, key), Some((hash % 3) as u16), "without any leader all count");
}

#[test]
fn records_without_a_key_go_round_the_partitions_that_have_a_leader() {
    let leaders = [Some(1), None, Some(2)];
    let mut desk = Desk::starting_at(4, DefaultPartitioner, UnkeyedRule::RoundRobin, &leaders);
    assert_eq!(desk.placed(4), [0, 2, 0, 2]);
}

#[test]
fn without_any_leader_they_go_round_all_partitions() {
    let mut desk = Desk::starting_at(u32::MAX, DefaultPartitioner, UnkeyedRule::RoundRobin, &[None; 3]);
    let highest = 0x7fff_ffff_u32 % 3;
    assert_eq!(desk.placed(3), [highest as u16, 0, 1], "the counter wraps as Java's int does");
}

#[test]
fn an_unknown_topic_has_no_partition_to_choose() {
    for rule in ALL_RULES {
        let mut desk = Desk::new(DefaultPartitioner, rule, &[Some(1)]);
        let (known, queues) = (&desk.known, &desk.queues);
        assert_eq!(desk.partitioner.choose(TopicId(9), None, &record(None), known, queues), None);
        assert_eq!(desk.partitioner.choose(TopicId(9), Some(0), &record(None), known, queues), None);
    }
}

#[test]
fn the_round_robin_partitioner_skips_a_partition_whenever_a_batch_opens() {
    // KAFKA-9965: with two partitions and a batch a record one of them never gets any.
    let mut desk = Desk::starting_at(7, RoundRobinPartitioner, UnkeyedRule::RoundRobin, &[Some(1); 2]);
    for _ in 0..5 {
        assert_eq!(desk.place(None, Some(b"a key is of no account")), 1, "the counter begins at 0");
        desk.leave(1);
    }
}

#[test]
fn a_round_robin_partitioner_that_is_asked_once_passes_nothing_over() {
    let mut desk = Desk::new(RoundRobinPartitioner, UnkeyedRule::RoundRobin, &[Some(1); 2]);
    let protocol = Protocol { round_robin_skips: false, ..going_by(UnkeyedRule::RoundRobin) };
    desk.partitioner = Partitioner::new(RoundRobinPartitioner, &protocol, 7, Chance::new(1));
    for turn in 0..6 {
        let partition = desk.place(None, None);
        assert_eq!(partition, turn % 2);
        desk.leave(partition);
    }
}

#[test]
fn the_round_robin_partitioner_goes_round_where_batches_have_room() {
    let mut desk = Desk::new(RoundRobinPartitioner, UnkeyedRule::RoundRobin, &[Some(1), None, Some(1)]);
    for partition in [0, 2] {
        desk.queues.append(at(partition), record(None), Instant::START);
    }
    assert_eq!(desk.placed(4), [0, 2, 0, 2]);
    assert_eq!(desk.placed(2), [2, 2], "both were full: the counter skipped 0, and then 0 again");
}

#[test]
fn sticky_records_stay_until_one_would_open_a_batch_and_then_go_elsewhere() {
    let mut desk = Desk::new(DefaultPartitioner, UnkeyedRule::Sticky, &[Some(1), None, Some(1), Some(2)]);
    let placed = desk.placed(300);
    let runs = runs(&placed);
    assert!(runs.iter().all(|&(_, length)| length == 3), "30 bytes a batch: {runs:?}");
    let times = |partition| placed.iter().filter(|&&chosen| chosen == partition).count();
    assert_eq!(times(1), 0, "no leader");
    assert!([0, 2, 3].iter().all(|&partition| times(partition) > 60), "{runs:?}");
}

#[test]
fn sticky_records_leave_a_partition_whose_batch_has_left() {
    let mut desk = Desk::new(DefaultPartitioner, UnkeyedRule::Sticky, &[Some(1), Some(1)]);
    let first = desk.place(None, None);
    desk.leave(first);
    assert_ne!(desk.place(None, None), first);
}

#[test]
fn a_keyed_or_named_record_that_opens_a_batch_moves_the_sticky_ones_on() {
    for by_key in [false, true] {
        let mut desk = Desk::new(DefaultPartitioner, UnkeyedRule::Sticky, &[Some(1), Some(1)]);
        let stuck = desk.place(None, None);
        desk.queues.append(at(1 - stuck), record(None), Instant::START);
        desk.leave(stuck);
        let keys = [b"a", b"b", b"c", b"d"].map(<[u8; 1]>::as_slice);
        let key = keys.into_iter().find(|key| to_positive(murmur2(key)) % 2 == u32::from(stuck));
        let (named, key) = if by_key { (None, key) } else { (Some(stuck), None) };
        assert_eq!(desk.place(named, key), stuck, "it stays where it has to");
        assert_eq!(desk.place(None, None), 1 - stuck);
    }
}

#[test]
fn sticky_records_have_nowhere_else_to_go_when_one_partition_is_available() {
    let mut desk = Desk::new(DefaultPartitioner, UnkeyedRule::Sticky, &[None, Some(1)]);
    assert_eq!(desk.placed(9), [1; 9]);
    let mut desk = Desk::new(DefaultPartitioner, UnkeyedRule::Sticky, &[None, None]);
    assert_eq!(runs(&desk.placed(9)).iter().map(|run| run.1).sum::<usize>(), 9, "any of all will do");
}

#[test]
fn the_uniform_sticky_partitioner_ignores_keys() {
    let mut desk = Desk::new(UniformStickyPartitioner, UnkeyedRule::RoundRobin, &[Some(1); 4]);
    let placed: Vec<_> = (0..60).map(|_| desk.place(None, Some(b"abc"))).collect();
    assert!(runs(&placed).iter().all(|&(_, length)| length == 3));
    assert!(runs(&placed).len() == 20);
}

#[test]
fn uniform_sticky_records_change_after_batch_size_bytes() {
    let mut desk = Desk::new(DefaultPartitioner, UnkeyedRule::UniformSticky, &[Some(1), None, Some(1)]);
    let placed = desk.placed(300);
    let runs = runs(&placed);
    assert!(runs.iter().all(|&(_, length)| length % 3 == 0), "the draw may fall on the same one: {runs:?}");
    let times = |partition| placed.iter().filter(|&&chosen| chosen == partition).count();
    assert_eq!(times(1), 0, "no leader");
    assert!(times(0) > 100 && times(2) > 100);
}

#[test]
fn uniform_sticky_records_wait_for_the_batch_to_fill_but_not_beyond_twice_its_size() {
    let mut desk = Desk::new(DefaultPartitioner, UnkeyedRule::UniformSticky, &[Some(1); 8]);
    let stuck = desk.placed(2)[0];
    desk.leave(stuck);
    assert_eq!(desk.placed(2), [stuck; 2], "40 bytes were produced, and a batch of 20 lies open");
    desk.place(Some(stuck), None);
    let mut moved = desk.clone_for_draws();
    moved.partitioner = desk.partitioner.clone();
    assert_ne!(moved.place(None, None), stuck, "somebody else has filled the batch");
    desk.leave(stuck);
    desk.queues.append(at(stuck), record(None), Instant::START);
    assert_eq!(desk.placed(2), [stuck; 2], "60 bytes with the second: enough in any case");
    assert_ne!(desk.place(None, None), stuck);
}

impl Desk {
    fn clone_for_draws(&self) -> Self {
        Self { partitioner: self.partitioner.clone(), queues: self.queues.clone(), known: self.known.clone() }
    }
}

#[test]
fn uniform_sticky_records_go_the_likelier_to_a_partition_the_fewer_batches_wait_there() {
    let mut desk =
        Desk::new(DefaultPartitioner, UnkeyedRule::UniformSticky, &[Some(1), Some(1), None, Some(1)]);
    for (partition, batches) in [(0, 0), (1, 3), (2, 0), (3, 1)] {
        for _ in 0..3 * batches {
            desk.queues.append(at(partition), record(None), Instant::START);
        }
    }
    let draws = |desk: &Desk| {
        let mut chosen = [0; 4];
        for seed in 0..8_000 {
            let rule = UnkeyedRule::UniformSticky;
            let mut partitioner = Partitioner::new(DefaultPartitioner, &going_by(rule), 0, Chance::new(seed));
            let first = partitioner.choose(TOPIC, None, &record(None), &desk.known, &desk.queues);
            chosen[usize::from(first.expect("the topic is known"))] += 1;
        }
        chosen
    };
    let near = |count: i32, expected: i32| (count - expected).abs() < 250;
    let even = draws(&desk);
    assert!(
        near(even[0], 2_667) && near(even[1], 2_667) && near(even[3], 2_667) && even[2] == 0,
        "partition 0 never had a record, so nothing is known of it: {even:?}"
    );
    for partition in [0, 2] {
        desk.queues.append(at(partition), record(None), Instant::START);
        desk.leave(partition);
    }
    let weighed = draws(&desk);
    assert!(
        near(weighed[0], 4_000) && near(weighed[1], 1_000) && near(weighed[3], 3_000) && weighed[2] == 0,
        "weights 4, 1 and 3 as in Kafka's example: {weighed:?}"
    );
}

#[test]
fn one_chance_gives_one_sequence_of_draws() {
    for rule in [UnkeyedRule::Sticky, UnkeyedRule::UniformSticky] {
        let place = || Desk::new(DefaultPartitioner, rule, &[Some(1); 5]).placed(60);
        assert_eq!(place(), place());
    }
}
