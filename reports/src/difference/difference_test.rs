use serde_json::{Value, json};

use super::{Class, Difference, text};

/// A report on one seed in which a promise broke.
fn run() -> Value {
    json!({
        "version": 1, "scenario": "x", "protocol": "2.0", "overrides": [], "seed": 7,
        "outcome": "broken",
        "unexpected": [{ "what": "promise_broken", "property": "strong-isr", "broken": 2, "first": { "at_ms": 4.5 } }],
        "end": "converged", "steps": 90, "simulated_ms": 43700.0, "fingerprint": "feed",
        "signature": { "property": "strong-isr", "role": "follower", "shape": [], "name": "48f5bd1b" },
        "properties": {
            "strong-isr": { "judge": "white-box", "verdict": "violated", "looked": 9, "broken": 2, "evidence": [{ "step": 3 }] },
            "duplicate": { "judge": "black-box", "verdict": "held", "looked": 9, "broken": 0, "evidence": [] }
        },
        "counts": { "lost": 1 },
        "ack_latency": { "samples": 6, "p50_ms": 3.0 }
    })
}

/// A report on many.
fn sweep() -> Value {
    json!({
        "outcome": "broken", "unexpected": [], "version": 1, "scenario": "x", "seeds": 20,
        "outcomes": { "broken": 20 },
        "first_failures": { "broken": { "seed": 0, "unexpected": [{ "what": "event_missing", "event": "leader_elected" }] } },
        "failures": { "seeds": 20, "groups": [{ "signature": "48f5bd1b  a", "seeds": 20, "evidence": null }], "others": 0 },
        "properties": { "duplicate": { "held": 18, "violated": 0, "allowed": 0, "unknown": 2, "broken_seeds": 0 } },
        "frequencies": { "duplicate": { "broken_seeds": 0 } },
        "fingerprint": "feed"
    })
}

fn changed(before: &Value, change: impl FnOnce(&mut Value)) -> Difference {
    let mut after = before.clone();
    change(&mut after);
    Difference::new(std::slice::from_ref(before), &[after])
}

/// Of each change its class and what it says.
fn told(difference: &Difference) -> Vec<(Class, String)> {
    let changes = difference.scenarios.iter().flat_map(|it| &it.changes);
    changes.map(|change| (change.class, change.words())).collect()
}

fn only(before: &Value, class: Class, words: &str, change: impl FnOnce(&mut Value)) {
    let found = changed(before, change);
    assert_eq!(told(&found), [(class, words.to_owned())]);
    assert_eq!(found.class, Some(class));
}

#[test]
fn the_same_reports_do_not_differ() {
    for report in [run(), sweep()] {
        let found = changed(&report, |_| ());
        assert_eq!((found.class, told(&found)), (None, vec![]));
        assert_eq!(text::difference(&found), "NO CHANGE  1 scenario\n");
    }
}

#[test]
fn what_came_of_a_property_is_a_verdict() {
    let words = "duplicate: held, now violated";
    only(&run(), Class::Verdict, words, |it| it["properties"]["duplicate"]["verdict"] = "violated".into());
    only(&run(), Class::Verdict, "outcome: broken, now stalled", |it| it["outcome"] = "stalled".into());
    only(&run(), Class::Verdict, "end: converged, now stalled", |it| it["end"] = "stalled".into());
}

#[test]
fn what_is_unexpected_is_a_verdict_and_what_is_known_of_it_is_not() {
    only(&run(), Class::Verdict, "unexpected: promise_broken strong-isr: true, now false", |it| {
        it["unexpected"] = json!([]);
    });
    let more = changed(&run(), |it| it["unexpected"][0]["first"]["at_ms"] = 5.into());
    assert_eq!(more.class, None, "it stands in the property's evidence, too");
    only(&sweep(), Class::Verdict, "unexpected: event_missing leader_elected: true, now false", |it| {
        it["first_failures"] = json!({});
    });
}

#[test]
fn what_broke_without_a_promise_and_did_not_before_is_a_new_anomaly() {
    only(&run(), Class::NewAnomaly, "duplicate: held, now allowed", |it| {
        it["properties"]["duplicate"]["verdict"] = "allowed".into();
    });
    only(&run(), Class::Verdict, "strong-isr: violated, now allowed", |it| {
        it["properties"]["strong-isr"]["verdict"] = "allowed".into();
    });
}

#[test]
fn a_failure_of_a_new_kind_is_a_new_anomaly_and_how_many_there_are_of_it_a_count() {
    let found = changed(&run(), |it| it["signature"]["name"] = "00000000".into());
    assert_eq!(
        told(&found),
        [
            (Class::NewAnomaly, "failure 00000000  strong-isr at follower: none, now 1".to_owned()),
            (Class::Counts, "failure 48f5bd1b  strong-isr at follower: 1, now none".to_owned())
        ]
    );
    only(&sweep(), Class::NewAnomaly, "failure 77777777  b: none, now 3", |it| {
        let groups = it["failures"]["groups"].as_array_mut().expect("it is a list");
        groups.push(json!({ "signature": "77777777  b", "seeds": 3 }));
    });
    only(&sweep(), Class::Counts, "failure 48f5bd1b  a: 20, now 19", |it| {
        it["failures"]["groups"][0]["seeds"] = 19.into();
    });
}

#[test]
fn a_failure_that_may_have_been_among_those_not_shown_is_not_called_new() {
    let mut before = sweep();
    before["failures"]["others"] = 5.into();
    only(&before, Class::Counts, "failure 77777777  b: none, now 3", |it| {
        let groups = it["failures"]["groups"].as_array_mut().expect("it is a list");
        groups.push(json!({ "signature": "77777777  b", "seeds": 3 }));
    });
}

#[test]
fn numbers_are_counts_and_times_are_not() {
    only(&run(), Class::Counts, "counts.lost: 1, now 2", |it| it["counts"]["lost"] = 2.into());
    only(&run(), Class::Counts, "ack_latency.samples: 6, now 7", |it| {
        it["ack_latency"]["samples"] = 7.into();
    });
    only(&run(), Class::Timing, "ack_latency.p50_ms: 3.0, now 4.5", |it| {
        it["ack_latency"]["p50_ms"] = 4.5.into();
    });
    only(&run(), Class::Timing, "fingerprint: feed, now beef", |it| it["fingerprint"] = "beef".into());
    only(&run(), Class::Timing, "simulated_ms: 43700.0, now 1", |it| it["simulated_ms"] = 1.into());
    only(&run(), Class::Timing, "properties.strong-isr.evidence differs", |it| {
        it["properties"]["strong-isr"]["evidence"][0]["step"] = 4.into();
    });
    only(&run(), Class::Counts, "new: none, now 3", |it| it["new"] = 3.into());
}

#[test]
fn of_a_sweep_the_worst_that_came_of_a_property_is_its_verdict() {
    let found = changed(&sweep(), |it| {
        it["properties"]["duplicate"]["violated"] = 1.into();
        it["frequencies"]["duplicate"]["broken_seeds"] = 1.into();
    });
    let one = (Class::Verdict, "duplicate: held, now violated".to_owned());
    let other = (Class::Counts, "properties.duplicate.violated: 0, now 1".to_owned());
    assert_eq!(told(&found), [one, other], "what follows from the rest is told once");
    only(&sweep(), Class::Verdict, "outcomes.stalled: none, now 2", |it| {
        it["outcomes"]["stalled"] = 2.into();
    });
    only(&sweep(), Class::Counts, "outcomes.broken: 20, now 18", |it| it["outcomes"]["broken"] = 18.into());
}

#[test]
fn what_was_played_is_told_before_what_may_have_come_of_it() {
    let found = changed(&run(), |it| {
        it["overrides"] = json!(["acks=1", "retries=3"]);
        it["counts"]["lost"] = 0.into();
        it["seed"] = 8.into();
    });
    let words: Vec<String> = told(&found).into_iter().map(|(_, words)| words).collect();
    let expected =
        ["played: overrides: none, now acks=1 retries=3", "played: seed: 7, now 8", "counts.lost: 1, now 0"];
    assert_eq!(words, expected);
}

#[test]
fn a_scenario_that_came_or_went_is_a_verdict() {
    let mut other = run();
    other["scenario"] = "y".into();
    let found = Difference::new(&[run(), run()], &[other, run()]);
    let classes: Vec<_> = found.scenarios.iter().map(|it| (it.scenario.as_str(), it.class)).collect();
    assert_eq!(classes, [("x", None), ("x", Some(Class::Verdict)), ("y", Some(Class::Verdict))]);
    assert!(text::difference(&found).contains("the whole report: none, now broken"));
}

#[test]
fn what_is_allowed_is_within_its_class() {
    let found = changed(&run(), |it| it["counts"]["lost"] = 2.into());
    assert!(!found.is_within(None) && !found.is_within(Some(Class::Timing)));
    assert!(found.is_within(Some(Class::Counts)) && found.is_within(Some(Class::NewAnomaly)));
    assert!(changed(&run(), |_| ()).is_within(None));
}
