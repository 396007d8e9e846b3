//! What consumers see, and where they begin.

use std::collections::{BTreeMap, BTreeSet};

use highwater_model::event::{Event, EventKind};
use highwater_model::ids::{NodeId, Offset};
use serde_json::{Value, json};

use crate::support::lockstep::Lockstep;
use crate::support::{Run, SHOP, at, facts, on_each_seed, scenario, shop};

/// What each group got, by partition: the records' numbers in the order in which they were returned.
fn polled(run: &Run, member: NodeId) -> Vec<u32> {
    let polled = facts!(run, Event::RecordsPolled { client, from, batch, .. } => (*client, *from, batch));
    let mine = polled.into_iter().filter(|(_, (client, ..))| *client == member);
    mine.flat_map(|(_, (_, from, batch))| {
        let passed_over = from.0.saturating_sub(batch.base_offset.0) as usize;
        batch.records.iter().skip(passed_over).map(|record| record.value.number()).collect::<Vec<_>>()
    })
    .collect()
}

fn group(name: &str, members: u16, reset: &str) -> Value {
    json!({ "name": name, "topics": ["orders"], "members": members, "config": { "auto.offset.reset": reset } })
}

#[test]
fn a_consumer_never_passes_the_high_watermark_though_the_log_runs_far_ahead() {
    // By then the group has been stable for a second: group.initial.rebalance.delay.ms is 3 s.
    let mut producer = shop(200, 20, json!({ "acks": "1" }));
    producer["start_ms"] = json!(4_000);
    let ahead = json!({
        "producers": [producer],
        "faults": [{ "when": { "at_ms": 4500 }, "do": { "lag": 3, "for_ms": 4000 } }]
    });
    on_each_seed(&ahead, |run| {
        let served = facts!(run, Event::RecordsServed { broker, to, high_watermark, .. } => (*broker, *to, *high_watermark));
        assert!(!served.is_empty());
        for (served, (broker, to, high_watermark)) in served {
            assert!(to <= high_watermark);
            assert_eq!(served.taken.replica(broker).high_watermark, high_watermark);
        }
        let farthest = run
            .steps
            .iter()
            .map(|taken| taken.replicas[0].log_end.0 - taken.replicas[0].high_watermark.0)
            .max();
        assert!(farthest > Some(100), "there was something not to be seen");
        let (lag, end) = (run.first_of(EventKind::FollowerLagged), run.first_of(EventKind::FollowerLagEnded));
        let seen = run.all(EventKind::RecordsPolled);
        let during = seen.iter().filter(|fact| fact.at.0 > lag.at.0 + 50_000 && fact.before(&end));
        assert_eq!(during.count(), 0);
        assert_eq!(polled(run, NodeId(5)), (0..200).collect::<Vec<_>>());
    });
}

#[test]
fn two_groups_each_read_everything_and_a_partition_has_one_reader_a_group() {
    let groups = json!({
        "topics": [{ "name": "orders", "partitions": 4, "replication": 3 }],
        "groups": [group("billing", 2, "earliest"), group("audit", 3, "earliest")],
        "producers": [shop(80, 50, json!({}))]
    });
    on_each_seed(&groups, |run| {
        run.assert_converged();
        for members in [5..=6, 7..=9] {
            let members: Vec<NodeId> = members.map(NodeId).collect();
            let mut all: Vec<u32> = members.iter().flat_map(|member| polled(run, *member)).collect();
            all.sort_unstable();
            assert_eq!(all, (0..80).collect::<Vec<_>>());
        }
        let mut readers = BTreeMap::<_, BTreeSet<NodeId>>::new();
        for (_, (group, partition, client)) in facts!(run, Event::RecordsPolled { group, partition, client, .. } => (*group, *partition, *client))
        {
            readers.entry((group, partition)).or_default().insert(client);
        }
        assert_eq!(readers.len(), 8);
        assert!(readers.values().all(|readers| readers.len() == 1), "{readers:?}");
    });
}

#[test]
fn a_group_without_offsets_begins_at_the_end_with_latest_and_at_the_start_with_earliest() {
    // Both groups stand still until half the records are there.
    let late = json!({
        "groups": [group("old", 1, "earliest"), group("new", 1, "latest")],
        "producers": [shop(40, 100, json!({}))],
        "faults": [
            { "when": { "at_ms": 0 }, "do": { "pause": "old-0", "for_ms": 3000 } },
            { "when": { "at_ms": 0 }, "do": { "pause": "new-0", "for_ms": 3000 } }
        ]
    });
    on_each_seed(&late, |run| {
        run.assert_converged();
        assert_eq!(polled(run, NodeId(5)), (0..40).collect::<Vec<_>>());
        let begins = facts!(run, Event::PositionReset { client: NodeId(6), to, .. } => *to);
        assert_eq!(begins.len(), 1);
        let (begun, to) = begins[0];
        assert!(begun.at > at(3_000) && to > Offset(10));
        assert_eq!(polled(run, NodeId(6)), (to.0 as u32..40).collect::<Vec<_>>());
    });
}

#[test]
fn a_leader_change_goes_unnoticed_by_a_consumer_apart_from_the_wait() {
    let moved = json!({
        "producers": [shop(100, 100, json!({ "enable.idempotence": true, "max.in.flight.requests.per.connection": 1 }))],
        "faults": [
            { "when": { "at_ms": 4000 }, "do": { "crash": 1, "restart_after_ms": 3000 } },
            { "when": { "at_ms": 14000 }, "do": { "shutdown": 2, "restart_after_ms": 3000 } }
        ],
        "duration_ms": 30_000
    });
    on_each_seed(&moved, |run| {
        run.assert_converged();
        assert!(run.count(EventKind::LeaderElected) >= 2);
        assert_eq!(polled(run, NodeId(5)), (0..100).collect::<Vec<_>>(), "in order, each once");
    });
}

#[test]
fn a_log_cut_below_a_consumer_sends_it_back_by_its_reset_policy_and_the_record_it_saw_is_another_now() {
    // Unclean elections are on: what was exposed by a leader that was alone in its ISR is gone.
    let lag = |broker: u8| json!({ "when": { "at_ms": 2000 }, "do": { "lag": broker, "for_ms": 12000 } });
    let cut = json!({
        "cluster": { "config": {
            "min.insync.replicas": 1, "replica.lag.time.max.ms": 3000, "unclean.leader.election.enable": true
        } },
        "producers": [shop(150, 100, json!({ "acks": "1" }))],
        "faults": [lag(2), lag(3), { "when": { "at_ms": 8000 }, "do": { "crash": 1, "restart_after_ms": 15000 } }],
        "duration_ms": 40_000
    });
    on_each_seed(&cut, |run| {
        let elected = run.first_of(EventKind::LeaderElected);
        let mut values = BTreeMap::<Offset, BTreeSet<u32>>::new();
        for (_, batch) in facts!(run, Event::RecordsPolled { batch, .. } => batch) {
            for (offset, record) in (batch.base_offset.0..).zip(batch.records.iter()) {
                assert_eq!(record.value.client(), SHOP);
                values.entry(Offset(offset)).or_default().insert(record.value.number());
            }
        }
        let out_of_range = run.all(EventKind::FetchOutOfRange);
        let consumers = out_of_range.iter().filter(|fact| {
            elected.before(fact) && matches!(*fact.event, Event::FetchOutOfRange { fetcher: NodeId(5), .. })
        });
        let reset = run.all(EventKind::PositionReset);
        assert!(consumers.count() > 0 && reset.iter().any(|fact| elected.before(fact)));
        assert!(
            values.values().any(|values| values.len() > 1),
            "an offset was read twice with different records"
        );
    });
}

#[test]
fn a_member_that_dies_is_followed_by_one_that_begins_at_the_committed_offset_and_reads_the_rest_again() {
    let member = NodeId(5);
    let mut cluster = Lockstep::new(&scenario(&json!({})));
    // The member owns the partition after group.initial.rebalance.delay.ms (3 s). The commit of 5 goes with the poll after
    // another auto.commit.interval.ms (5 s) that returns record 5; then come 3 more.
    cluster.run_until(at(4_000)).produce(5).run_until(at(8_500)).produce(1).run_until(at(9_000)).produce(3);
    cluster.run_until(at(10_000));
    let mut commits = cluster.events.iter().filter(|event| event.kind() == EventKind::OffsetCommitted);
    assert!(matches!(commits.next_back(), Some(Event::OffsetCommitted { offset: Offset(5), .. })));
    let before = cluster.events.len();
    // The new process is another member. The group waits for the dead one until its session, of 10 s, has ended.
    cluster.replace(member).run_until(at(22_000));
    let (mut begun, mut read) = (Vec::new(), Vec::new());
    for event in &cluster.events[before..] {
        if let Event::PositionReset { to, .. } = event {
            begun.push(*to);
        }
        if let Event::RecordsPolled { batch, .. } = event {
            read.extend(batch.records.iter().map(|record| record.value.number()));
        }
    }
    assert_eq!(begun, [Offset(5)]);
    assert_eq!(read, [5, 6, 7, 8], "at least once: the dead one had read them too");
}

#[test]
fn a_group_that_hears_of_nothing_until_the_heal_reads_everything_before_the_run_is_over() {
    let cut_off = json!({
        "faults": [{ "when": { "at_ms": 0 }, "do": { "partition": [["billing-0"], ["rest"]] } }]
    });
    on_each_seed(&cut_off, |run| {
        run.assert_converged();
        assert_eq!(polled(run, NodeId(5)), run.log());
    });
}
