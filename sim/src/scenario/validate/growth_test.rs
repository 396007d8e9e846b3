//! Scenarios in which topics grow, sound ones and others.

use crate::scenario::load::{Loaded, load_str};
use crate::scenario::plan::PlannedAction;
use highwater_model::ids::TopicId;

/// `clicks` and then `orders` with 3 partitions, a group that notices within a second, and these faults.
fn load(faults: &str, sets: &[&str]) -> Result<Loaded, String> {
    let text = format!(
        r#"{{
  "story": "A topic grows.",
  "cluster": {{ "brokers": 3 }},
  "topics": [
    {{ "name": "clicks" }},
    {{ "name": "orders", "partitions": 3, "replication": 2 }}
  ],
  "groups": [{{ "name": "billing", "topics": ["orders"], "config": {{ "metadata.max.age.ms": 1000 }} }}],
  "faults": [
{faults}
  ],
  "duration_ms": 10000
}}"#
    );
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    load_str("x.json", &text, &sets).map_err(|errors| errors.to_string())
}

fn timed(at: u64, topic: &str, count: u32) -> String {
    format!(
        r#"{{ "when": {{ "at_ms": {at} }}, "do": {{ "create_partitions": "{topic}", "count": {count} }} }}"#
    )
}

fn upon(count: u32) -> String {
    let when = r#"{ "event": "replicated" }"#;
    format!(r#"{{ "when": {when}, "do": {{ "create_partitions": "orders", "count": {count} }} }}"#)
}

/// Exactly one error, with these words.
#[track_caller]
fn refused(faults: &str, sets: &[&str], words: &[&str]) {
    let told = load(faults, sets).expect_err("was loaded");
    assert_eq!(told.lines().count(), 1, "{told}");
    for word in words {
        assert!(told.contains(word), "no {word} in {told}");
    }
}

#[test]
fn a_growing_topic_is_planned() {
    let loaded = load(&[timed(100, "orders", 4), timed(100, "orders", 6), upon(5)].join(","), &[]).unwrap();
    let actions: Vec<_> = loaded.plan.faults.iter().map(|fault| fault.action.clone()).collect();
    let grows = |count| PlannedAction::CreatePartitions { topic: TopicId(1), count };
    assert_eq!(actions, [grows(4), grows(6), grows(5)]);
}

#[test]
fn fewer_partitions_or_as_many_are_refused() {
    for count in [2, 3] {
        refused(
            &timed(100, "orders", count),
            &[],
            &[
                "x.json:10:77: orders has 3 partitions",
                "partitions can be added, never removed (Kafka answers INVALID_PARTITIONS); allowed: 4 to 10000",
            ],
        );
        refused(&upon(count), &[], &["orders has 3 partitions"]);
    }
    refused(&timed(100, "orders", 0), &[], &["from 1 to 10000"]);
    refused(&timed(100, "orders", 10_001), &[], &["from 1 to 10000"]);
}

#[test]
fn a_count_is_measured_by_the_growth_before_it_in_time() {
    let falls = [timed(200, "orders", 5), timed(100, "orders", 6)].join(",\n");
    refused(&falls, &[], &["x.json:10:77: orders has 6 partitions from 100 ms on and is to have 5"]);
    let grows = [timed(200, "orders", 6), timed(100, "orders", 5), timed(150, "clicks", 2)].join(",\n");
    assert!(load(&grows, &[]).is_ok());
    let both = [timed(100, "orders", 10_000), timed(200, "orders", 10_000)].join(",");
    refused(&both, &[], &["allowed: nothing"]);
}

#[test]
fn an_override_that_contradicts_a_growth_is_named() {
    let faults = timed(100, "orders", 6);
    refused(&faults, &["topics.orders.partitions=6"], &["--set topics.orders.partitions=6: orders has 6"]);
    refused(&faults, &["faults.0.do.count=3"], &["--set faults.0.do.count=3: orders has 3 partitions"]);
    assert!(load(&faults, &["topics.orders.partitions=2"]).is_ok());
}

#[test]
fn an_unknown_topic_is_told_the_nearest() {
    refused(&timed(100, "ordres", 6), &[], &["there is no topic `ordres`; did you mean `orders`?"]);
}

#[test]
fn new_partitions_take_messages_and_come_not_before_others_leave() {
    let fault = upon(6).replace("\"replicated\"", "\"replicated\", \"before\": \"ack\"");
    refused(&fault, &[], &["`create_partitions` cannot strike before messages leave"]);
}

#[test]
fn faults_may_name_partitions_that_will_be_created() {
    let crash = r#"{ "when": { "event": "records_served", "partition": "orders-5" }, "do": { "pause": "leader of orders-4" } }"#;
    assert!(load(&[crash, &timed(100, "orders", 6)].join(","), &[]).is_ok());
    let told = load(&[crash, &timed(100, "orders", 5)].join(","), &[]).unwrap_err();
    assert!(told.contains("there is no partition `orders-5`"), "{told}");
    assert!(told.contains("`orders-0` to `orders-4`"), "{told}");
}

#[test]
fn a_group_that_could_not_notice_before_the_end_is_refused() {
    let old = "groups.billing.config.metadata.max.age.ms=300000";
    refused(
        &timed(100, "orders", 6),
        &[old],
        &[
            "`billing` may not notice the new partitions of orders before the run ends at 70000 ms",
            "below 69900",
        ],
    );
    refused(&upon(6), &["metadata.max.age.ms=60000"], &["below 60000"]);
    assert!(load(&upon(6), &["metadata.max.age.ms=59999"]).is_ok());
    assert!(load(&timed(100, "clicks", 6), &[old]).is_ok(), "nobody reads it");
}

#[test]
fn more_partitions_in_all_than_there_may_be_are_refused() {
    let topics: Vec<String> = (0..10).map(|index| format!(r#"{{ "name": "t{index}" }}"#)).collect();
    let sets = format!("topics=[{}, {{\"name\": \"orders\"}}]", topics.join(","));
    let faults: Vec<String> = (0..10).map(|index| timed(1, &format!("t{index}"), 10_000)).collect();
    refused(&faults.join(","), &[&sets], &["there would come to be 100001 partitions in all"]);
}
