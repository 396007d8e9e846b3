//! One copy of each PID, partition and sequence: what survives, and where it ends.

use highwater_model::event::{Event, EventKind};
use highwater_model::message::ErrorCode;
use serde_json::{Value, json};

use crate::support::{Run, TWO, facts, on_each_seed, shop};

fn idempotent(records: u32, every_ms: u64, request_timeout_ms: u64) -> Value {
    let config = json!({
        "enable.idempotence": true, "max.in.flight.requests.per.connection": 1, "request.timeout.ms": request_timeout_ms
    });
    shop(records, every_ms, config)
}

/// Each record stands in the log exactly once, in the order of sending.
fn assert_once_each(run: &Run, records: u32) {
    run.assert_converged();
    assert_eq!(run.log(), (0..records).collect::<Vec<_>>());
    assert_eq!(run.report.counts.duplicated, 0);
}

#[test]
fn a_retry_after_a_lost_answer_is_answered_with_the_first_copys_offset() {
    let lost = json!({
        "producers": [idempotent(20, 100, 2_000)],
        "faults": [{
            "when": { "event": "records_appended", "occurrence": 5 },
            "do": { "drop": "produce_reply", "to": "shop" }
        }]
    });
    on_each_seed(&lost, |run| {
        assert_once_each(run, 20);
        let known = run.first_of(EventKind::DuplicateDiscarded);
        let Event::DuplicateDiscarded { base_sequence, offset, .. } = *known.event else {
            unreachable!("it is of that kind")
        };
        assert_eq!(u64::from(base_sequence.0), offset.0, "one record a sequence, from offset 0");
        assert!(!known.taken.holds(EventKind::RecordsAppended));
    });
}

#[test]
fn a_leader_that_dies_before_its_answer_leaves_its_successor_what_it_takes_to_know_the_retry() {
    let dies = json!({
        "producers": [idempotent(30, 100, 30_000)],
        "faults": [{ "when": { "event": "replicated", "occurrence": 7, "before": "ack" }, "do": { "crash": 1, "restart_after_ms": 9000 } }]
    });
    on_each_seed(&dies, |run| {
        assert_once_each(run, 30);
        let known = facts!(run, Event::DuplicateDiscarded { broker, .. } => *broker);
        assert_eq!(known.iter().map(|(_, broker)| *broker).collect::<Vec<_>>(), [TWO]);
    });
}

#[test]
fn a_leader_that_restarts_reads_from_its_log_which_retries_it_knows() {
    // One broker: whoever answers the retry has been restarted.
    let restarts = json!({
        "cluster": { "brokers": 1, "config": { "min.insync.replicas": 1 } },
        "topics": [{ "name": "orders", "replication": 1 }],
        "producers": [idempotent(30, 100, 30_000)],
        "faults": [{ "when": { "event": "produce_acknowledged", "occurrence": 7, "before": "ack" }, "do": { "crash": 1, "restart_after_ms": 1000 } }]
    });
    on_each_seed(&restarts, |run| {
        assert_once_each(run, 30);
        let restarted = run.first_of(EventKind::NodeRestarted);
        let known = run.all(EventKind::DuplicateDiscarded);
        assert!(known.iter().any(|fact| restarted.before(fact)));
    });
}

#[test]
fn a_truncation_takes_the_sequences_with_the_records_and_the_retry_is_written_again() {
    // Broker 1 alone has what it writes while the others lag. It dies; its successor has never seen those sequences, and
    // broker 1 must cut them off when it comes back.
    let lag = |broker: u8| json!({ "when": { "at_ms": 2000 }, "do": { "lag": broker, "for_ms": 3000 } });
    let truncated = json!({
        "producers": [idempotent(60, 100, 30_000)],
        "faults": [lag(2), lag(3), { "when": { "at_ms": 3000 }, "do": { "crash": 1, "restart_after_ms": 8000 } }],
        "duration_ms": 30_000
    });
    on_each_seed(&truncated, |run| {
        assert_once_each(run, 60);
        assert!(run.report.counts.records_truncated > 0);
        assert!(run.report.counts.produce_retries > 0);
    });
}

#[test]
fn an_unclean_leader_that_lacks_acknowledged_sequences_refuses_the_next_as_out_of_order() {
    let lag = |broker: u8| json!({ "when": { "at_ms": 2000 }, "do": { "lag": broker, "for_ms": 12000 } });
    let unclean = json!({
        "cluster": { "config": {
            "min.insync.replicas": 1, "replica.lag.time.max.ms": 3000, "unclean.leader.election.enable": true
        } },
        "producers": [idempotent(200, 100, 30_000)],
        "faults": [lag(2), lag(3), { "when": { "at_ms": 8000 }, "do": { "crash": 1, "restart_after_ms": 15000 } }],
        "duration_ms": 40_000
    });
    on_each_seed(&unclean, |run| {
        let refused = facts!(run, Event::ProduceRefused { error: ErrorCode::OutOfOrderSequenceNumber, broker, .. } => *broker);
        assert!(!refused.is_empty(), "{:?}", run.report.seen);
        assert_eq!(refused[0].1, TWO);
        assert!(!refused[0].0.taken.holds(EventKind::RecordsAppended));
        assert!(run.report.counts.lost > 0, "idempotence keeps no record that an unclean election drops");
        assert_eq!(run.report.counts.duplicated, 0);
    });
}
