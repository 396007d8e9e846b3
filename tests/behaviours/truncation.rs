//! Where logs are cut, and what is lost by it. This era knows one rule: a follower cuts at its own high watermark.

use highwater_model::event::{Event, EventKind, TruncationReason};
use highwater_model::ids::Offset;
use serde_json::{Value, json};

use crate::support::{Run, THREE, TWO, facts, on_each_seed, shop};

/// The records that broker 2 lost with its power: from where to where.
fn lost_to_power(run: &Run) -> Option<(Offset, Offset)> {
    let lost = facts!(run, Event::LogTruncated { broker: TWO, from, to, reason: TruncationReason::PowerLoss, .. } => (*from, *to));
    lost.first().map(|(_, lost)| *lost)
}

#[test]
fn a_restarted_follower_cuts_at_the_high_watermark_on_its_disk_and_fetches_the_rest_again() {
    let restarted = json!({
        "producers": [shop(200, 100, json!({}))],
        "faults": [{ "when": { "at_ms": 9000 }, "do": { "crash": 3, "restart_after_ms": 8000 } }],
        "duration_ms": 30_000
    });
    on_each_seed(&restarted, |run| {
        run.assert_converged();
        let cut = run.first_of(EventKind::LogTruncated);
        let Event::LogTruncated { broker, from, to, high_watermark, reason, .. } = *cut.event else {
            unreachable!("it is of that kind")
        };
        assert_eq!((broker, reason, to), (THREE, TruncationReason::BecameFollower, high_watermark));
        assert!(to < from, "two seconds' worth of records lay above the checkpoint");
        let again = facts!(run, Event::RecordsFetched { broker: THREE, from, .. } => *from);
        assert!(again.iter().any(|(fetched, first)| cut.before(fetched) && *first == to));
        assert_eq!(run.log(), (0..200).collect::<Vec<_>>(), "nothing is lost, for the leader had it all");
    });
}

#[test]
fn a_new_leader_makes_the_other_follower_cut_what_it_did_not_know_to_be_committed() {
    // The leader dies as broker 3 has written a record and before anybody tells it that it is committed.
    let failover = json!({
        "producers": [shop(60, 200, json!({}))],
        "faults": [{
            "when": { "event": "records_fetched", "broker": 3, "occurrence": 20 },
            "do": { "crash": "leader of orders-0" }
        }]
    });
    on_each_seed(&failover, |run| {
        run.assert_converged();
        let stopped = run.first_of(EventKind::NodeStopped);
        let had = stopped.taken.replica(THREE);
        assert!(had.high_watermark < had.log_end);
        let cut = run.first_of(EventKind::LogTruncated);
        let Event::LogTruncated { broker, from, to, high_watermark, .. } = *cut.event else {
            unreachable!("it is of that kind")
        };
        assert_eq!((broker, from), (THREE, had.log_end));
        assert_eq!((to, high_watermark), (had.high_watermark, had.high_watermark));
    });
}

#[test]
fn a_power_failure_takes_a_suffix_and_never_what_was_flushed() {
    let power = json!({
        "cluster": { "config": { "log.flush.interval.messages": 10 } },
        "producers": [shop(95, 100, json!({}))],
        "faults": [{ "when": { "at_ms": 9750 }, "do": { "crash": 2, "ending": "power", "restart_after_ms": 2000 } }]
    });
    on_each_seed(&power, |run| {
        run.assert_converged();
        let stopped = run.first_of(EventKind::NodeStopped);
        let flushed = facts!(run, Event::LogFlushed { broker: TWO, to, .. } => *to);
        let (_, flushed) = flushed.iter().rfind(|(fact, _)| fact.before(&stopped)).expect("it flushed");
        if let Some((from, to)) = lost_to_power(run) {
            assert!(to >= *flushed, "lost {to} to {from}, flushed up to {flushed}");
            assert!(from > to);
        }
        assert_eq!(run.log(), (0..95).collect::<Vec<_>>());
    });
}

#[test]
fn a_power_failure_of_an_unflushed_log_takes_more_on_some_seeds_than_on_others() {
    let power = json!({
        "producers": [shop(90, 100, json!({}))],
        "faults": [{ "when": { "at_ms": 9500 }, "do": { "crash": 2, "ending": "power", "restart_after_ms": 2000 } }]
    });
    let prepared = crate::support::scenario(&power);
    let lost: std::collections::BTreeSet<_> =
        (0..20).map(|seed| lost_to_power(&Run::play(&prepared, seed))).collect();
    assert!(lost.len() > 10, "{lost:?}");
}

#[test]
fn a_power_failure_with_log_flush_interval_messages_1_takes_nothing() {
    let power = json!({
        "cluster": { "config": { "log.flush.interval.messages": 1 } },
        "producers": [shop(90, 100, json!({}))],
        "faults": [{ "when": { "at_ms": 9500 }, "do": { "crash": 2, "ending": "power", "restart_after_ms": 2000 } }]
    });
    on_each_seed(&power, |run| {
        run.assert_converged();
        assert_eq!(lost_to_power(run), None);
        assert_eq!(run.report.counts.records_lost_to_power, 0);
    });
}

#[test]
fn a_power_failure_of_all_brokers_at_once_loses_acknowledged_records_unless_they_were_flushed() {
    let all_at_once = |flush: u64| {
        let crash = |broker: u8| json!({ "when": { "at_ms": 9900 }, "do": { "crash": broker, "ending": "power", "restart_after_ms": 2000 } });
        json!({
            "cluster": { "config": { "log.flush.interval.messages": flush, "replica.high.watermark.checkpoint.interval.ms": 500 } },
            "producers": [shop(80, 100, json!({}))],
            "faults": [crash(1), crash(2), crash(3)]
        })
    };
    let prepared = crate::support::scenario(&all_at_once(1_000_000));
    let lost = |seed| Run::play(&prepared, seed).report.counts.lost;
    assert!((0..8).map(lost).sum::<u64>() > 0, "acks=-1 is a promise about replicas, not about disks");
    on_each_seed(&all_at_once(1), |run| {
        run.assert_converged();
        assert_eq!(run.report.counts.lost, 0);
    });
}

#[test]
fn a_replica_that_has_more_than_its_leader_may_not_be_cut_and_its_broker_halts_at_every_start() {
    // All power fails before every broker has the last high watermark on its disk. Each log survives whole, but whoever
    // follows for a moment cuts at what is on disk; if it leads next, another has a record more than its leader.
    // Source: 0.11.0.2 ReplicaFetcherThread.handleOffsetOutOfRange, with unclean elections off.
    let power = |broker: u8, after: u64| json!({ "when": { "at_ms": 9500 }, "do": { "crash": broker, "ending": "power", "restart_after_ms": after } });
    let uneven = json!({
        "cluster": { "config": { "log.flush.interval.messages": 1, "replica.high.watermark.checkpoint.interval.ms": 500 } },
        "producers": [shop(80, 100, json!({}))],
        "faults": [power(1, 2000), power(2, 2000), power(3, 2000)]
    });
    let prepared = crate::support::scenario(&uneven);
    let halted =
        (0..8).map(|seed| Run::play(&prepared, seed)).find(|run| run.count(EventKind::BrokerHalted) > 0);
    let run = halted.expect("one of the seeds comes to this");
    for (halted, (broker, leader_end)) in
        facts!(run, Event::BrokerHalted { broker, leader_end, .. } => (*broker, *leader_end))
    {
        assert!(halted.taken.replica(broker).log_end > leader_end);
        assert!(!halted.taken.holds(EventKind::LogTruncated), "nothing is cut");
    }
    assert!(run.count(EventKind::BrokerHalted) > 3, "whoever starts it again sees it halt again");
}

/// Broker 2 loses its power in the middle of the traffic, nothing was flushed, and this many batches of each log survive.
fn power_that_keeps(keeps: u64) -> Value {
    json!({
        "cluster": { "config": { "log.flush.interval.messages": 1_000_000 } },
        "producers": [shop(60, 100, json!({}))],
        "faults": [{
            "when": { "at_ms": 4_000 },
            "do": { "crash": 2, "ending": "power", "keeps": keeps, "restart_after_ms": 2_000 }
        }]
    })
}

#[test]
fn a_power_failure_keeps_as_many_batches_as_it_is_told_to() {
    on_each_seed(&power_that_keeps(0), |run| {
        let (_, to) = lost_to_power(run).expect("something was not flushed");
        assert_eq!(to, Offset(0), "nothing is left");
    });
    on_each_seed(&power_that_keeps(3), |run| {
        let (from, to) = lost_to_power(run).expect("more than three batches were not flushed");
        assert!(Offset(3) <= to && to < from, "{to:?} of {from:?}");
    });
    on_each_seed(&power_that_keeps(1_000), |run| assert_eq!(lost_to_power(run), None, "all survive"));
}
