//! Who is in sync: eviction by the leader's clock, and the way back.

use highwater_model::event::{Event, EventKind};
use highwater_model::ids::{BrokerId, BrokerSet, Offset};
use highwater_model::time::Instant;
use serde_json::json;

use crate::support::{LATENCY_MAX, ONE, Run, THREE, TWO, facts, ms, on_each_seed, shop};

/// When a follower was last known to have everything, by the rule of 0.11.0.2 `Replica.updateLogReadResult`: the moment of
/// a fetch at the leader's end, or of the fetch before one that reached what was the end by then.
fn last_caught_up(run: &Run, follower: BrokerId, until: Instant) -> Instant {
    let fetches = facts!(run, Event::FollowerFetched { replica, offset, leader_end, .. } => (*replica, *offset, *leader_end));
    let mut caught_up = Instant::START;
    let mut previous: Option<(Instant, Offset)> = None;
    for (fetch, (replica, offset, leader_end)) in fetches {
        if replica != follower || fetch.at >= until {
            continue;
        }
        if offset >= leader_end {
            caught_up = fetch.at;
        } else if let Some((then, _)) = previous.filter(|(_, end)| offset >= *end) {
            caught_up = caught_up.max(then);
        }
        previous = Some((fetch.at, leader_end));
    }
    caught_up
}

fn slow_follower(delay_ms: u64) -> serde_json::Value {
    json!({
        "cluster": { "config": { "replica.lag.time.max.ms": 2000 } },
        "producers": [shop(300, 50, json!({ "acks": "1" }))],
        "faults": [{ "when": { "at_ms": 2000 }, "do": { "lag": 3, "delay_ms": delay_ms, "for_ms": 10000 } }],
        "duration_ms": 25_000
    })
}

#[test]
fn a_follower_that_stops_fetching_is_evicted_between_lag_max_and_half_as_much_again() {
    let stopped = json!({
        "producers": [shop(145, 200, json!({}))],
        "faults": [{ "when": { "at_ms": 3000 }, "do": { "lag": 3 } }],
        "duration_ms": 30_000
    });
    on_each_seed(&stopped, |run| {
        let proposed = run.first_of(EventKind::IsrShrinkProposed);
        assert!(
            matches!(*proposed.event, Event::IsrShrinkProposed { removed, .. } if removed == BrokerSet::one(THREE))
        );
        let behind = proposed.at.since(last_caught_up(run, THREE, proposed.at));
        assert!(behind > ms(10_000), "evicted after {behind} ms");
        assert!(behind <= ms(15_000), "evicted after {behind} ms");
        let shrunk = run.first_of(EventKind::IsrShrunk);
        assert!(shrunk.at.since(proposed.at) <= LATENCY_MAX);
    });
}

#[test]
fn a_follower_with_nothing_to_fetch_stays_in_sync() {
    let idle = json!({ "producers": [], "cluster": { "config": { "replica.lag.time.max.ms": 2000 } }, "duration_ms": 60_000 });
    on_each_seed(&idle, |run| {
        assert_eq!(run.count(EventKind::IsrShrinkProposed), 0);
        assert!(run.count(EventKind::FollowerFetched) > 200, "it goes on asking");
    });
}

#[test]
fn a_follower_that_fetches_but_never_catches_up_in_time_is_evicted_all_the_same() {
    on_each_seed(&slow_follower(3_500), |run| {
        let proposed = run.first_of(EventKind::IsrShrinkProposed);
        let lag = run.first_of(EventKind::FollowerLagged);
        let fetched = facts!(run, Event::FollowerFetched { replica: THREE, .. } => ());
        assert!(fetched.iter().any(|(fetch, ())| lag.before(fetch) && fetch.at < proposed.at + ms(4_000)));
        assert!(proposed.at.since(last_caught_up(run, THREE, proposed.at)) > ms(2_000));
    });
}

#[test]
fn a_follower_that_is_late_by_less_than_lag_max_stays_in_sync() {
    on_each_seed(&slow_follower(800), |run| {
        assert_eq!(run.count(EventKind::IsrShrinkProposed), 0);
        let behind = facts!(run, Event::FollowerFetched { replica: THREE, offset, leader_end, .. } => leader_end.0 - offset.0);
        assert!(behind.iter().any(|(_, records)| *records > 10), "it did lag");
    });
}

#[test]
fn an_ack_waits_for_a_follower_that_is_gone_until_the_isr_has_shrunk() {
    let gone = json!({
        "cluster": { "config": { "zookeeper.session.timeout.ms": 60000 } },
        "producers": [shop(30, 200, json!({}))],
        "faults": [{ "when": { "at_ms": 3000 }, "do": { "lag": 3 } }],
        "duration_ms": 25_000
    });
    on_each_seed(&gone, |run| {
        let (lag, shrunk) = (run.first_of(EventKind::FollowerLagged), run.first_of(EventKind::IsrShrunk));
        let answered = run.all(EventKind::ProduceAcknowledged);
        let between = |fact: &&crate::support::Fact<'_>| lag.at + ms(20) < fact.at && fact.at < shrunk.at;
        assert_eq!(
            answered.iter().filter(between).count(),
            0,
            "nothing is answered while the ISR is in doubt"
        );
        let next = answered.iter().find(|fact| shrunk.before(fact)).expect("the rest is answered after it");
        assert!(next.at <= shrunk.at + LATENCY_MAX, "as soon as the leader knows");
        assert_eq!(next.taken.step.cause, shrunk.taken.step.id);
        assert_eq!(run.report.counts.acknowledged, 30);
    });
}

#[test]
fn a_dead_follower_is_taken_out_of_the_isr_by_the_controller_and_comes_back_once_it_reached_the_high_watermark()
 {
    let dead = json!({
        "producers": [shop(200, 100, json!({}))],
        "faults": [{ "when": { "at_ms": 5000 }, "do": { "crash": 2, "restart_after_ms": 10000 } }],
        "duration_ms": 30_000
    });
    on_each_seed(&dead, |run| {
        run.assert_converged();
        let shrunk = run.first_of(EventKind::IsrShrunk);
        assert!(matches!(*shrunk.event, Event::IsrShrunk { removed, .. } if removed == BrokerSet::one(TWO)));
        assert_eq!(
            run.count(EventKind::IsrShrinkProposed),
            0,
            "the session ends long before the leader's clock"
        );
        let proposed = facts!(run, Event::IsrExpandProposed { added, end_offset, high_watermark, .. } => (*added, *end_offset, *high_watermark));
        assert!(!proposed.is_empty());
        for (_, (added, end, high_watermark)) in proposed {
            assert_eq!(added, TWO);
            assert!(end >= high_watermark);
        }
        let expanded = run.first_of(EventKind::IsrExpanded);
        assert!(
            matches!(*expanded.event, Event::IsrExpanded { isr, .. } if isr == [ONE, TWO, THREE].into_iter().collect())
        );
    });
}
