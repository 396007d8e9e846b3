//! When a leader answers a produce, and what the answer is worth.

use highwater_model::event::{Event, EventKind};
use highwater_model::ids::Offset;
use highwater_model::message::ErrorCode;
use serde_json::json;

use crate::support::{ONE, THREE, TWO, facts, ms, on_each_seed, shop};

#[test]
fn acks_0_is_done_as_it_leaves_and_nobody_knows_where_it_went() {
    on_each_seed(&json!({ "producers": [shop(20, 100, json!({ "acks": "0", "retries": 0 }))] }), |run| {
        run.assert_converged();
        assert_eq!(run.count(EventKind::ProduceAcknowledged), 0, "leaders do not answer");
        let done = facts!(run, Event::SendAcknowledged { base_offset, .. } => *base_offset);
        assert_eq!(done.len(), 20);
        for (done, offset) in done {
            assert_eq!(offset, None);
            assert!(done.taken.holds(EventKind::ProduceSent), "it is done in the step that sends it");
        }
        assert_eq!(run.report.counts.unconfirmed, 20);
    });
}

#[test]
fn acks_1_is_answered_by_the_step_that_appends_it() {
    on_each_seed(&json!({ "producers": [shop(20, 100, json!({ "acks": "1" }))] }), |run| {
        let answered = facts!(run, Event::ProduceAcknowledged { base_offset, .. } => *base_offset);
        assert_eq!(answered.len(), 20);
        for (answered, offset) in answered {
            assert!(answered.taken.holds(EventKind::RecordsAppended));
            for follower in [TWO, THREE] {
                assert!(answered.taken.replica(follower).log_end <= offset, "no follower can have it yet");
            }
        }
    });
}

#[test]
fn acks_all_is_not_answered_before_both_followers_have_it() {
    on_each_seed(&json!({}), |run| {
        let answered = facts!(run, Event::ProduceAcknowledged { base_offset, records, .. } => base_offset.plus(records.len() as u64));
        assert_eq!(answered.len(), 20);
        for (answered, end) in answered {
            assert!(!answered.taken.holds(EventKind::RecordsAppended));
            for broker in [ONE, TWO, THREE] {
                assert!(answered.taken.replica(broker).log_end >= end, "broker {broker} has it");
            }
        }
    });
}

#[test]
fn a_follower_slow_but_in_sync_holds_up_every_acks_all_and_no_acks_1() {
    let slowed = |acks: &str| {
        json!({
            "producers": [shop(20, 300, json!({ "acks": acks }))],
            "faults": [{ "when": { "at_ms": 500 }, "do": { "lag": 3, "delay_ms": 2000 } }]
        })
    };
    on_each_seed(&slowed("-1"), |run| {
        let Some(latency) = run.report.latencies.percentiles() else { panic!("records were acknowledged") };
        assert!(latency.p50_ms.0 > ms(1_000), "{latency:?}");
        assert_eq!(run.count(EventKind::IsrShrunk), 0);
    });
    on_each_seed(&slowed("1"), |run| {
        let Some(latency) = run.report.latencies.percentiles() else { panic!("records were acknowledged") };
        assert!(latency.max_ms.0 <= ms(100), "{latency:?}");
    });
}

#[test]
fn an_isr_below_min_insync_replicas_refuses_acks_all_and_writes_nothing() {
    let alone = json!({
        "producers": [shop(60, 500, json!({ "retries": 0 }))],
        "faults": [
            { "when": { "at_ms": 5000 }, "do": { "crash": 2, "restart_after_ms": 20000 } },
            { "when": { "at_ms": 5000 }, "do": { "crash": 3, "restart_after_ms": 20000 } }
        ],
        "duration_ms": 45_000
    });
    on_each_seed(&alone, |run| {
        run.assert_converged();
        let refused = facts!(run, Event::ProduceRefused { error, .. } => *error);
        assert!(!refused.is_empty());
        for (refused, error) in refused {
            assert_eq!(error, ErrorCode::NotEnoughReplicas);
            assert!(!refused.taken.holds(EventKind::RecordsAppended));
        }
        let log = run.log();
        let given_up =
            facts!(run, Event::SendFailed { records, error, definite, .. } => (records, *error, *definite));
        for (_, (records, error, definite)) in given_up {
            let written = log.contains(&records[0].value.number());
            if error == ErrorCode::NotEnoughReplicas {
                assert!(definite && !written, "a refused record is nowhere");
            } else {
                assert!(!definite, "{error:?} says nothing about the log");
            }
        }
    });
}

#[test]
fn an_isr_that_falls_below_min_insync_replicas_meanwhile_fails_what_was_written_and_keeps_it() {
    let alone = json!({
        "producers": [shop(20, 500, json!({ "retries": 0 }))],
        "faults": [
            { "when": { "at_ms": 5000 }, "do": { "crash": 2 } },
            { "when": { "at_ms": 5000 }, "do": { "crash": 3 } }
        ]
    });
    on_each_seed(&alone, |run| {
        run.assert_converged();
        let failed = facts!(run, Event::ProduceFailed { base_offset, error, .. } => (*base_offset, *error));
        assert!(!failed.is_empty());
        let log = run.log();
        for (failed, (offset, error)) in failed {
            assert_eq!(error, ErrorCode::NotEnoughReplicasAfterAppend);
            assert!(
                failed.taken.replica(ONE).high_watermark > offset,
                "committed all the same, by a smaller ISR"
            );
            assert!(offset < Offset(log.len() as u64));
        }
    });
}
