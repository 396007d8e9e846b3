use serde_json::json;

use super::*;

fn file() -> Value {
    json!({
        "story": "Overrides are tried out.",
        "cluster": { "brokers": 3, "config": { "min.insync.replicas": 2 } },
        "topics": [
            { "name": "orders", "config": { "min.insync.replicas": 3 } },
            { "name": "pay.ments" }
        ],
        "producers": [
            { "name": "shop", "topic": "orders", "records": 1, "every_ms": 1 },
            { "name": "web", "topic": "orders", "records": 1, "every_ms": 1, "config": { "acks": "0" } }
        ],
        "groups": [{ "name": "billing", "topics": ["orders"] }],
        "faults": [{ "when": { "at_ms": 5 }, "do": { "crash": 1, "restart_after_ms": 9 } }],
        "duration_ms": 1000
    })
}

#[track_caller]
fn set(text: &str) -> Value {
    let mut file = file();
    let applied = apply(&Shape::default(), &mut file, &[text.to_owned()]);
    assert_eq!(applied.problems, []);
    file
}

#[track_caller]
fn refused(text: &str) -> Problem {
    let mut changed = file();
    let mut applied = apply(&Shape::default(), &mut changed, &[text.to_owned()]);
    assert_eq!(changed, file());
    applied.problems.pop().expect("a problem").1
}

#[test]
fn a_path_sets_one_place() {
    assert_eq!(set("cluster.config.min.insync.replicas=1")["cluster"]["config"]["min.insync.replicas"], 1);
    assert_eq!(set("topics.0.partitions=4")["topics"][0]["partitions"], 4);
    assert_eq!(set("topics[0].partitions=4")["topics"][0]["partitions"], 4);
    assert_eq!(set("topics.pay.ments.partitions=4")["topics"][1]["partitions"], 4);
    assert_eq!(set("producers.shop.config.acks=1")["producers"][0]["config"]["acks"], "1");
    assert_eq!(set("network.latency_ms=[2,3]")["network"]["latency_ms"], json!([2, 3]));
    assert_eq!(set("faults.0.do.restart_after_ms=7")["faults"][0]["do"]["restart_after_ms"], 7);
    assert_eq!(set("expect.breaks.duplicate=always")["expect"]["breaks"]["duplicate"], "always");
    assert_eq!(set("duration_ms=7")["duration_ms"], 7);
}

#[test]
fn kafkas_names_are_set_wherever_they_stand() {
    let acks = set("acks=-1");
    assert_eq!(
        (&acks["producers"][0]["config"]["acks"], &acks["producers"][1]["config"]["acks"]),
        (&json!("-1"), &json!("-1"))
    );
    let timeout = set("request.timeout.ms=600");
    assert_eq!(timeout["producers"][1]["config"]["request.timeout.ms"], 600);
    assert_eq!(timeout["groups"][0]["config"]["request.timeout.ms"], 600);
}

#[test]
fn what_topics_set_for_themselves_gives_way_to_the_brokers() {
    let file = set("min.insync.replicas=1");
    assert_eq!(file["cluster"]["config"]["min.insync.replicas"], 1);
    assert_eq!(file["topics"][0]["config"], json!({}));
}

#[test]
fn short_keys_of_the_format_are_set_wherever_they_stand() {
    assert_eq!(set("brokers=5")["cluster"]["brokers"], 5);
    let partitions = set("partitions=3");
    assert_eq!(
        (&partitions["topics"][0]["partitions"], &partitions["topics"][1]["partitions"]),
        (&json!(3), &json!(3))
    );
    assert_eq!(set("every_ms=2.5")["producers"][1]["every_ms"], 2.5);
    assert_eq!(set("members=2")["groups"][0]["members"], 2);
}

#[test]
fn a_word_needs_no_quotes_and_a_version_is_no_number() {
    assert_eq!(set("protocol=0.10")["protocol"], "0.10");
    assert_eq!(set("story=7")["story"], "7");
    assert_eq!(set("faults.0.do.crash=leader of orders-0")["faults"][0]["do"]["crash"], "leader of orders-0");
    assert_eq!(set("faults.0.do.crash=2")["faults"][0]["do"]["crash"], 2);
}

#[test]
fn the_last_of_two_counts() {
    let mut file = file();
    let sets = ["acks=1".to_owned(), "producers.web.config.acks=0".to_owned()];
    apply(&Shape::default(), &mut file, &sets);
    assert_eq!(file["producers"][0]["config"]["acks"], "1");
    assert_eq!(file["producers"][1]["config"]["acks"], "0");
}

#[test]
fn unknown_keys_are_told_the_nearest() {
    assert_eq!(refused("ackss=1").nearest.as_deref(), Some("acks"));
    assert_eq!(refused("cluster.brokrs=1").nearest.as_deref(), Some("cluster.brokers"));
    assert_eq!(refused("cluser.brokers=1").nearest.as_deref(), Some("cluster.brokers"));
    assert_eq!(refused("producers.shpo.records=1").nearest.as_deref(), Some("producers.shop"));
    assert_eq!(refused("topics.0.partition=1").nearest.as_deref(), Some("topics.0.partitions"));
    assert!(refused("producers.2.records=1").allowed.unwrap().contains("0 to 1, or `shop`, `web`"));
    assert!(refused("name=x").nearest.is_none());
}

#[test]
fn values_are_checked_as_in_the_file() {
    assert_eq!(refused("brokers=64").allowed.as_deref(), Some("a whole number from 1 to 63"));
    assert_eq!(refused("brokers=three").message, "cluster.brokers is the string \"three\"");
    assert_eq!(refused("acks=al").nearest.as_deref(), Some("all"));
    assert_eq!(refused("brokers").allowed.as_deref(), Some("KEY=VALUE"));
    assert!(refused("network.latency_ms.0=3").message.contains("network.latency_ms"));
}

#[test]
fn a_setting_that_nobody_could_take_is_refused() {
    let mut file = json!({ "cluster": {}, "topics": [] });
    let applied = apply(&Shape::default(), &mut file, &["acks=1".to_owned()]);
    assert_eq!(applied.problems[0].1.message, "the scenario has no producers that could take `acks`");
}
