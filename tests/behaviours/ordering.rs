//! When a retry changes the order of records, and what keeps it.

use highwater_model::event::{Event, EventKind};
use highwater_model::message::ErrorCode;

use crate::support::{facts, on_each_seed_of};

const FILE: &str = "in_flight_retry_reorders";

fn in_order() -> Vec<u32> {
    (0..40).collect()
}

#[test]
fn with_several_requests_in_flight_the_one_that_is_lost_lands_behind_those_sent_after_it() {
    on_each_seed_of(FILE, &[], |run| {
        run.assert_converged();
        let retried = facts!(run, Event::ProduceRetried { first, .. } => first.number());
        let late = retried[0].1;
        let log = run.log();
        let place = |number| log.iter().position(|other| *other == number).expect("nothing is lost");
        assert!(place(late) > place(late + 1), "record {late} is behind its successor: {log:?}");
        // With the timeout the connection is closed: what else was in flight on it is sent again too, and may be written twice.
        let mut sorted = log.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted, in_order());
    });
}

#[test]
fn with_one_request_in_flight_the_lost_one_is_written_before_anything_sent_after_it() {
    on_each_seed_of(FILE, &["max.in.flight.requests.per.connection=1"], |run| {
        run.assert_converged();
        assert!(run.count(EventKind::ProduceRetried) > 0, "there was something to lose");
        assert_eq!(run.log(), in_order());
    });
}

#[test]
fn with_idempotence_the_leader_refuses_what_comes_too_early_and_the_order_stays_with_five_in_flight() {
    on_each_seed_of(FILE, &["enable.idempotence=true", "dedup_window=five_batches"], |run| {
        run.assert_converged();
        let refused = facts!(run, Event::ProduceRefused { error, .. } => *error);
        assert!(refused.iter().any(|(_, error)| *error == ErrorCode::OutOfOrderSequenceNumber));
        assert_eq!(run.log(), in_order());
        assert_eq!(run.report.counts.failed, 0);
    });
}
