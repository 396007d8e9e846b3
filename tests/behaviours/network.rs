//! The network as TCP shows it: in order, held back rather than lost, broken when a process dies.

use highwater_model::event::{Event, EventKind};
use highwater_model::ids::NodeId;
use serde_json::json;

use crate::support::{Fact, LATENCY_MAX, ONE, TWO, facts, ms, on_each_seed, shop};

#[test]
fn a_paused_brokers_messages_wait_and_are_taken_in_order_when_it_goes_on() {
    let paused = json!({
        "producers": [shop(40, 100, json!({ "acks": "1", "request.timeout.ms": 60000, "linger.ms": 0 }))],
        "faults": [{ "when": { "at_ms": 2000 }, "do": { "pause": 1, "for_ms": 2000 } }]
    });
    on_each_seed(&paused, |run| {
        run.assert_converged();
        let (paused, resumed) = (run.first_of(EventKind::NodePaused), run.first_of(EventKind::NodeResumed));
        let meanwhile = |fact: &Fact<'_>| paused.before(fact) && fact.before(&resumed);
        assert!(
            !run.facts().any(|fact| fact.node == NodeId::from(ONE) && meanwhile(&fact)),
            "it does nothing"
        );
        let written = facts!(run, Event::RecordsAppended { batch, .. } => batch.records[0].value.number());
        let late = written.iter().filter(|(fact, _)| fact.at == resumed.at).count();
        assert!(late >= 1, "what waited is taken in at once");
        assert_eq!(run.log(), (0..40).collect::<Vec<_>>(), "in the order of sending, each once");
    });
}

#[test]
fn a_cut_link_holds_messages_until_it_is_healed_and_the_way_back_is_open() {
    let cut = json!({
        "producers": [shop(30, 100, json!({ "acks": "1", "request.timeout.ms": 60000 }))],
        "faults": [{ "when": { "at_ms": 2000 }, "do": { "cut": { "from": "broker 1", "to": "shop" }, "for_ms": 1500 } }]
    });
    on_each_seed(&cut, |run| {
        run.assert_converged();
        let (cut, healed) = (run.first_of(EventKind::LinkCut), run.first_of(EventKind::LinkHealed));
        let meanwhile = |fact: &&Fact<'_>| cut.before(fact) && fact.before(&healed);
        let written = run.all(EventKind::RecordsAppended);
        assert!(written.iter().filter(meanwhile).count() > 0, "requests still arrive");
        let told = run.all(EventKind::SendAcknowledged);
        assert_eq!(told.iter().filter(meanwhile).count(), 0, "answers do not");
        let held =
            told.iter().filter(|fact| healed.before(fact) && fact.at <= healed.at + LATENCY_MAX).count();
        assert!(held > 0, "they arrive once it is healed");
        assert_eq!(run.count(EventKind::ProduceRetried), 0);
        assert_eq!(run.report.counts.acknowledged, 30);
    });
}

#[test]
fn a_link_that_loses_segments_is_late_by_200_ms_and_more_and_never_out_of_order() {
    let lossy = json!({
        "producers": [shop(100, 20, json!({ "acks": "1", "request.timeout.ms": 60000 }))],
        "faults": [{
            "when": { "at_ms": 500 },
            "do": { "degrade": { "from": "shop", "to": "broker 1" }, "loss": 0.3 }
        }]
    });
    on_each_seed(&lossy, |run| {
        run.assert_converged();
        let sent = facts!(run, Event::ProduceSent { first, .. } => *first);
        let written = facts!(run, Event::RecordsAppended { batch, .. } => batch.records[0].value);
        let late = written.iter().filter(|(written, first)| {
            sent.iter().any(|(sent, other)| other == first && written.at.since(sent.at) >= ms(200))
        });
        assert!(late.count() > 5);
        assert_eq!(run.log(), (0..100).collect::<Vec<_>>());
        assert_eq!(run.count(EventKind::ProduceRetried), 0, "TCP sends again, the producer does not");
    });
}

#[test]
fn a_link_that_duplicates_delivers_a_produce_twice_and_only_an_idempotent_one_is_written_once() {
    let twice = |idempotent: bool| {
        json!({
            "producers": [shop(30, 100, json!({ "enable.idempotence": idempotent, "max.in.flight.requests.per.connection": 1 }))],
            "faults": [{
                "when": { "at_ms": 1950 },
                "do": { "degrade": { "from": "shop", "to": "broker 1" }, "duplicate": 1, "for_ms": 1000 }
            }]
        })
    };
    on_each_seed(&twice(false), |run| {
        assert_eq!(run.count(EventKind::ProduceRetried), 0);
        assert!(run.log().len() > 30);
    });
    on_each_seed(&twice(true), |run| {
        assert!(run.count(EventKind::DuplicateDiscarded) > 0);
        assert_eq!(run.log(), (0..30).collect::<Vec<_>>());
    });
}

#[test]
fn an_answer_lost_for_good_costs_a_follower_replica_socket_timeout_and_twice_the_backoff() {
    let dropped = json!({
        "cluster": { "config": { "replica.socket.timeout.ms": 3000 } },
        "producers": [shop(60, 100, json!({ "acks": "1" }))],
        "faults": [{ "when": { "at_ms": 2500 }, "do": { "drop": "fetch_reply", "from": 1, "to": 2 } }]
    });
    on_each_seed(&dropped, |run| {
        run.assert_converged();
        let dropped = run.first_of(EventKind::MessageDropped);
        let copied = facts!(run, Event::RecordsFetched { broker: TWO, .. } => ());
        let (next, ()) = copied.iter().find(|(fact, ())| dropped.before(fact)).expect("it goes on");
        let silent = next.at.since(dropped.at);
        // It gives the fetch up 3 s after it sent it, at most half a second before the answer was lost. Then the fetcher
        // and the partition each wait for replica.fetch.backoff.ms.
        assert!(silent >= ms(4_400) && silent <= ms(5_100), "silent for {silent} ms");
        assert_eq!(run.count(EventKind::IsrShrunk), 0);
    });
}
