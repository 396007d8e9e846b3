//! What a producer does that got no answer, or a bad one.

use highwater_model::event::{Event, EventKind};
use highwater_model::message::ErrorCode;
use serde_json::{Value, json};

use crate::support::{LATENCY_MAX, facts, ms, on_each_seed, shop};

/// The fifth batch is written, and the answer to it vanishes.
fn lost_answer(config: Value) -> Value {
    json!({
        "producers": [shop(20, 100, config)],
        "faults": [{
            "when": { "event": "records_appended", "occurrence": 5 },
            "do": { "drop": "produce_reply", "to": "shop" }
        }]
    })
}

#[test]
fn a_lost_answer_and_no_retries_leave_a_record_that_is_written_and_reported_as_unknown() {
    on_each_seed(&lost_answer(json!({ "retries": 0, "request.timeout.ms": 1000 })), |run| {
        let given_up = facts!(run, Event::SendFailed { records, definite, .. } => (records[0].value.number(), *definite));
        assert!(!given_up.is_empty());
        let log = run.log();
        for (_, (record, definite)) in given_up {
            assert!(!definite, "nobody can know");
            assert_eq!(log.iter().filter(|other| **other == record).count(), 1, "record {record} is there");
        }
    });
}

#[test]
fn a_lost_answer_and_a_retry_write_the_record_twice() {
    let config = json!({ "request.timeout.ms": 1000, "max.in.flight.requests.per.connection": 1 });
    on_each_seed(&lost_answer(config), |run| {
        let sent_again = facts!(run, Event::ProduceRetried { first, .. } => first.number());
        assert_eq!(sent_again.len(), 1);
        let record = sent_again[0].1;
        let log = run.log();
        assert_eq!(log.iter().filter(|other| **other == record).count(), 2);
        assert_eq!(run.report.counts.duplicated, 1);
        assert_eq!(run.report.counts.failed, 0);
    });
}

#[test]
fn an_unanswered_request_is_sent_again_after_its_timeout_and_not_before() {
    let config = json!({ "request.timeout.ms": 1500, "retry.backoff.ms": 100, "max.in.flight.requests.per.connection": 1 });
    on_each_seed(&lost_answer(config), |run| {
        let again = run.first_of(EventKind::ProduceRetried);
        let Event::ProduceRetried { first, attempt, .. } = *again.event else {
            unreachable!("it is of that kind")
        };
        assert_eq!(attempt, 1);
        let sent = run.first(
            "it was sent before",
            |event| matches!(*event, Event::ProduceSent { first: sent, .. } if sent == first),
        );
        let waited = again.at.since(sent.at);
        assert!(waited >= ms(1_500) && waited <= ms(1_700), "sent again after {waited} ms");
    });
}

#[test]
fn a_produce_to_a_broker_that_leads_no_more_is_refused_unwritten_and_goes_to_the_new_leader() {
    // The producer hears of the second move only by being refused: broker 1 lives on.
    let moved = json!({
        "topics": [{ "name": "orders", "replication": 3, "assignment": [[2, 1, 3]] }],
        "producers": [shop(100, 50, json!({ "acks": "1" }))],
        "faults": [
            { "when": { "at_ms": 2000 }, "do": { "shutdown": 2, "restart_after_ms": 1500 } },
            { "when": { "at_ms": 5000 }, "do": { "elect_preferred": "orders-0" } }
        ]
    });
    on_each_seed(&moved, |run| {
        run.assert_converged();
        let back = run.first("broker 2 leads again", |event| {
            matches!(event, Event::BecameLeader { broker, epoch, .. } if broker.0 == 2 && epoch.0 > 0)
        });
        let refused =
            run.all(EventKind::ProduceRefused).into_iter().find(|fact| fact.at.0 + 20_000 >= back.at.0);
        let refused = refused.expect("the producer still asks broker 1");
        let Event::ProduceRefused { error, broker, .. } = *refused.event else {
            unreachable!("it is of that kind")
        };
        assert_eq!((error, broker.0), (ErrorCode::NotLeaderForPartition, 1));
        let written = facts!(run, Event::RecordsAppended { broker, .. } => broker.0);
        assert!(written.iter().any(|(fact, broker)| refused.before(fact) && *broker == 2));
        assert_eq!(run.report.counts.failed + run.report.counts.duplicated, 0);
    });
}

#[test]
fn a_process_that_dies_breaks_its_connections_and_the_retry_need_not_wait_for_the_timeout() {
    let dies = |ending: &str| {
        json!({
            "producers": [shop(40, 100, json!({ "request.timeout.ms": 20000 }))],
            "faults": [{ "when": { "event": "records_appended", "occurrence": 10 }, "do": { "crash": 1, "ending": ending } }],
            "duration_ms": 30_000
        })
    };
    on_each_seed(&dies("process"), |run| {
        let (dead, again) = (run.first_of(EventKind::NodeStopped), run.first_of(EventKind::ProduceRetried));
        let elected = run.first_of(EventKind::LeaderElected);
        // Meanwhile it tries to reach broker 1 again, at most every second (reconnect.backoff.max.ms), and only a failed
        // attempt makes it ask for metadata.
        assert!(again.at > dead.at);
        assert!(again.at.since(elected.at) < ms(1_300), "once there is a leader to send it to");
    });
    on_each_seed(&dies("power"), |run| {
        let (dead, again) = (run.first_of(EventKind::NodeStopped), run.first_of(EventKind::ProduceRetried));
        assert!(
            again.at.since(dead.at) + LATENCY_MAX + LATENCY_MAX >= ms(19_900),
            "nobody tells the producer"
        );
    });
}
