use std::sync::Arc;

use highwater_reports::replay::{Standing, text};

use super::{Bundle, parse, record, replay};
use crate::prepared::Prepared;
use crate::run::{RunOptions, run_recalled};
use crate::scenario::load::load_str;

/// Every kind of fault that a scenario can have; the follower of the crash and the broker of the power failure are drawn.
const MANY_FAULTS: &str = r#"{
    "story": "All that can go wrong goes wrong once.",
    "cluster": { "brokers": 3, "config": { "log.flush.interval.messages": 100 } },
    "topics": [{ "name": "orders", "partitions": 2, "replication": 3 }],
    "producers": [{ "name": "shop", "topic": "orders", "records": 60, "every_ms": 150, "config": { "acks": "1" } }],
    "groups": [{ "name": "billing", "topics": ["orders"], "members": 2, "config": { "metadata.max.age.ms": 5000 } }],
    "faults": [
        { "when": { "at_ms": 500 }, "do": { "lag": 2, "delay_ms": 30, "for_ms": 400 } },
        { "when": { "event": "produce_acknowledged", "occurrence": 4, "before": "ack" }, "do": { "crash": "follower of orders-0", "restart_after_ms": 700 } },
        { "when": { "at_ms": 2500 }, "do": { "crash": "any broker", "ending": "power", "restart_after_ms": 800 } },
        { "when": { "at_ms": 9000 }, "do": { "degrade": { "from": 1, "to": 2 }, "latency_ms": [20, 30], "loss": 0.3, "duplicate": 0.1, "reorder": 0.7, "for_ms": 500 } },
        { "when": { "at_ms": 9600 }, "do": { "partition": [[1], ["rest"]], "for_ms": 600 } },
        { "when": { "at_ms": 9700 }, "do": { "cut": { "from": 2, "to": 3 }, "for_ms": 300 } },
        { "when": { "at_ms": 9900 }, "do": { "drop": "produce_reply", "to": "shop" } },
        { "when": { "at_ms": 10500 }, "do": { "pause": "billing-1", "for_ms": 300 } },
        { "when": { "at_ms": 11000 }, "do": { "shutdown": "leader of orders-1", "restart_after_ms": 900 } },
        { "when": { "at_ms": 13000 }, "do": { "leave": "billing-0" } },
        { "when": { "at_ms": 14000 }, "do": { "join": "billing-0" } },
        { "when": { "at_ms": 15000 }, "do": { "elect_preferred": "orders-1" } },
        { "when": { "at_ms": 16000 }, "do": { "create_partitions": "orders", "count": 3 } }
    ],
    "duration_ms": 20000,
    "expect": { "must_see": ["broker_halted"] }
}"#;

fn prepared() -> Arc<Prepared> {
    Arc::new(Prepared::new(load_str("all.json", MANY_FAULTS, &[]).unwrap_or_else(|it| panic!("{it}")).plan))
}

fn bundle(seed: u64) -> Bundle {
    record(&prepared(), seed, MANY_FAULTS).expect("no broker stops itself, and one was to")
}

#[test]
fn a_bundle_is_read_as_it_was_written() {
    let bundle = bundle(3);
    let again = parse("all.json", &bundle.text()).expect("it was just written");
    let decisions = |bundle: &Bundle| bundle.decisions(&prepared()).expect("the names are known");
    assert_eq!(decisions(&again), decisions(&bundle));
    assert_eq!((again.seed, again.fingerprint, &again.scenario), (3, bundle.fingerprint, &bundle.scenario));
    assert_eq!(
        (again.first_violation, again.checkpoints),
        (bundle.first_violation.clone(), bundle.checkpoints.clone())
    );
    assert_eq!(bundle.faults.len(), 13);
    assert!(bundle.file_name().starts_with("all-3-"), "{}", bundle.file_name());
}

#[test]
fn a_bundle_is_the_same_to_the_last_event_and_so_are_its_faults_by_name() {
    for seed in 0..5 {
        let bundle = bundle(seed);
        let bundle = parse("all.json", &bundle.text()).expect("it was just written");
        let report = replay(&bundle, "all.json").expect("it can be played");
        assert_eq!((report.same, report.standing(), report.exit_code()), (true, Standing::SameSignature, 0));
        assert!(text::replay(&report, "all.json").starts_with("SAME  all, seed "));

        let prepared = bundle.prepared("all.json").expect("it is valid");
        let decisions = bundle.decisions(&prepared).expect("the names are known");
        let named = run_recalled(&prepared, seed, RunOptions::default(), decisions);
        assert_eq!(named.fingerprint, bundle.fingerprint, "seed {seed}");
    }
}

#[test]
fn what_was_drawn_for_a_power_failure_is_written_down_and_used_again() {
    let bundles = (0..10).map(bundle);
    let mut drawn =
        bundles.filter(|bundle| bundle.faults.iter().any(|taken| taken.draws.iter().any(|&it| it > 0)));
    let mut bundle = drawn.next().expect("some disk keeps something");
    let prepared = bundle.prepared("all.json").expect("it is valid");
    for taken in &mut bundle.faults {
        taken.draws.fill(0);
    }
    let decisions = bundle.decisions(&prepared).expect("the names are known");
    let named = run_recalled(&prepared, bundle.seed, RunOptions::default(), decisions);
    assert_ne!(named.fingerprint, bundle.fingerprint, "the disk is empty now");
}

#[test]
fn another_run_is_told_from_where_on_and_which_fault_differs_first() {
    let recorded = bundle(3);
    // Another Highwater recorded that the second crash struck another broker, at another time.
    let mut other = bundle(4);
    other.seed = recorded.seed;
    let report = replay(&other, "all.json").expect("it can be played");
    assert_eq!((report.same, report.exit_code()), (false, 4));
    let differs = report.differs.as_ref().expect("it is told where");
    assert!(differs.differ_by.is_some());
    assert!(differs.first_fault.as_ref().is_some_and(|it| it.fault.starts_with("fault ")));
    assert!(report.by_name.is_some());
    let told = text::replay(&report, "all.json");
    for words in ["DIFFERENT  all, seed 3", "the first fault that differs: fault", "by name:", "--trace"] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn what_is_no_bundle_or_cut_off_or_newer_or_misspelt_is_refused_with_the_reason() {
    let whole = bundle(3).text();
    let refused = |text: &str| parse("all.json", text).expect_err("it is not right").to_string();
    assert!(refused(MANY_FAULTS).contains("no failure bundle"));
    for length in [60, 200, whole.len() / 2, whole.len() - 3] {
        let told = refused(&whole[..length]);
        assert!(told.contains("truncated"), "{length}: {told}");
    }
    let newer = refused(&whole.replacen("\"version\": 1", "\"version\": 9", 1));
    assert!(newer.contains("version 9 of the format") && newer.contains("a newer Highwater"), "{newer}");
    let wrong = refused(&whole.replacen("\"fault 1\"", "\"fualt 1\"", 1));
    assert!(wrong.contains("faults[1].fault") && wrong.contains("`fualt 1` names no fault"), "{wrong}");

    let elsewhere = whole.replacen("\"broker\": \"broker-2\"", "\"broker\": \"brokr-2\"", 1);
    let told = replay(&parse("all.json", &elsewhere).expect("its shape is right"), "all.json").unwrap_err();
    assert!(
        told.to_string().contains("fault 0: the scenario has no node `brokr-2`; did you mean `broker-2`?"),
        "{told}"
    );
}
