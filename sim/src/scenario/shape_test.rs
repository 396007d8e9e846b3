use serde_json::{Value, json};

use super::super::path::at;
use super::*;

fn good() -> Value {
    json!({
        "story": "All is well.",
        "cluster": { "brokers": 3 },
        "topics": [{ "name": "orders", "replication": 3 }],
        "producers": [{ "name": "shop", "topic": "orders", "records": 5, "every_ms": 1.5 }],
        "faults": [{ "when": { "at_ms": 5 }, "do": { "crash": 1 } }],
        "duration_ms": 1000
    })
}

fn check(change: impl FnOnce(&mut Value)) -> Findings {
    let mut value = good();
    change(&mut value);
    Shape::default().check(&mut value)
}

fn one(change: impl FnOnce(&mut Value)) -> Problem {
    let mut findings = check(change);
    assert_eq!(findings.problems.len(), 1, "{:#?}", findings.problems);
    findings.problems.remove(0)
}

#[test]
fn a_good_file_has_no_problems() {
    assert!(check(|_| {}).problems.is_empty());
}

#[test]
fn an_unknown_key_is_taken_for_the_nearest_that_is_absent() {
    let findings = check(|file| file["topics"][0]["partitons"] = json!(3));
    assert_eq!(findings.problems[0].nearest.as_deref(), Some("partitions"));
    assert_eq!(findings.renamed, [(at!["topics", 0, "partitons"], at!["topics", 0, "partitions"])]);
    assert!(!findings.broken);
}

#[test]
fn a_missing_key_that_is_only_misspelled_is_reported_once() {
    let problem = one(|file| {
        file["cluster"] = json!({ "brokrs": 3 });
    });
    assert_eq!(problem.nearest.as_deref(), Some("brokers"));
}

#[test]
fn a_missing_key_is_named() {
    let problem = one(|file| {
        file["topics"][0].as_object_mut().unwrap().remove("name");
    });
    assert_eq!(problem.message, "the key `name` is missing in topics[0]");
}

#[test]
fn numbers_out_of_range_are_told_the_range() {
    let problem = one(|file| file["cluster"]["brokers"] = json!(64));
    assert_eq!(problem.message, "cluster.brokers is 64");
    assert_eq!(problem.allowed.as_deref(), Some("a whole number from 1 to 63"));
    one(|file| file["cluster"]["brokers"] = json!(300));
    one(|file| file["cluster"]["brokers"] = json!(-1));
    one(|file| file["cluster"]["brokers"] = json!(2.5));
    one(|file| file["duration_ms"] = json!(u64::MAX));
}

#[test]
fn a_value_of_another_type_is_told_the_type() {
    let problem = one(|file| file["topics"][0]["replication"] = json!("three"));
    assert_eq!(problem.message, "topics[0].replication is the string \"three\"");
    assert_eq!(problem.allowed.as_deref(), Some("a whole number from 1 to 63"));
}

#[test]
fn an_unknown_event_is_told_the_nearest() {
    let problem = one(|file| file["expect"] = json!({ "must_see": ["leader_electd"] }));
    assert_eq!(problem.path, at!["expect", "must_see", 0]);
    assert_eq!(problem.nearest.as_deref(), Some("leader_elected"));
}

#[test]
fn an_unknown_property_is_told_the_nearest() {
    let problem = one(|file| file["expect"] = json!({ "breaks": { "duplicat": "always" } }));
    assert_eq!(problem.nearest.as_deref(), Some("duplicate"));
}

#[test]
fn an_unknown_action_is_told_the_nearest() {
    let problem = one(|file| file["faults"][0]["do"] = json!({ "crsh": 1, "restart_after_ms": 4 }));
    assert_eq!(problem.nearest.as_deref(), Some("crash"));
    assert!(problem.allowed.unwrap().contains("`elect_preferred`"));
}

#[test]
fn two_actions_in_one_fault_are_refused() {
    let problem = one(|file| file["faults"][0]["do"] = json!({ "crash": 1, "pause": 2 }));
    assert_eq!(problem.path, at!["faults", 0, "do", "pause"]);
}

#[test]
fn a_misspelled_target_is_told_the_nearest() {
    let problem = one(|file| file["faults"][0]["do"] = json!({ "crash": "leadr of orders-0" }));
    assert_eq!(problem.nearest.as_deref(), Some("leader of orders-0"));
    one(|file| file["faults"][0]["do"] = json!({ "crash": true }));
}

#[test]
fn acks_may_be_all_and_a_bare_number_is_told_the_quotes() {
    let config =
        |acks: Value| move |file: &mut Value| file["producers"][0]["config"] = json!({ "acks": acks });
    assert!(check(config(json!("all"))).problems.is_empty());
    assert_eq!(one(config(json!(1))).nearest.as_deref(), Some("\"1\""));
}

#[test]
fn several_problems_are_found_together() {
    let findings = check(|file| {
        file["protocl"] = json!("0.10");
        file["cluster"]["brokers"] = json!(0);
        file["topics"][0]["name"] = json!(7);
    });
    assert_eq!(findings.problems.len(), 3);
    assert!(findings.broken);
}
