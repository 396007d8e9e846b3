//! Scenarios with groups: the topic that they bring, and who is called what.

use highwater_model::config::CommitPoint;
use highwater_model::ids::{BrokerId, NodeId, TopicId, TopicPartition};

use super::load::{Loaded, load_str};
use super::plan::{PlannedAction, PlannedTarget, PlannedWhen};

/// A scenario with a cluster of `brokers`, `orders` on all of them, and these groups and faults.
fn load(cluster: &str, groups: &str, faults: &str) -> Result<Loaded, String> {
    let text = format!(
        r#"{{
  "story": "Groups are tried out.",
  "cluster": {cluster},
  "topics": [{{ "name": "orders", "partitions": 2 }}],
  "producers": [{{ "name": "shop", "topic": "orders", "records": 1, "every_ms": 1 }}],
  "groups": [{groups}],
  "faults": [{faults}],
  "duration_ms": 60000
}}"#
    );
    load_str("x.json", &text, &[]).map_err(|errors| errors.to_string())
}

const BILLING: &str = r#"{ "name": "billing", "topics": ["orders"] }"#;

#[track_caller]
fn refused(groups: &str, faults: &str, words: &[&str]) {
    let told = load(r#"{ "brokers": 3 }"#, groups, faults).expect_err("was loaded");
    assert_eq!(told.lines().count(), 1, "{told}");
    for word in words {
        assert!(told.contains(word), "no {word} in {told}");
    }
}

fn brokers(replicas: &[BrokerId]) -> Vec<u8> {
    replicas.iter().map(|broker| broker.0).collect()
}

#[test]
fn with_a_group_there_is_a_last_topic_from_the_last_broker_downwards() {
    let cluster =
        r#"{ "brokers": 4, "config": { "offsets.topic.num.partitions": 5, "min.insync.replicas": 2 } }"#;
    let config = load(cluster, BILLING, "").unwrap().plan.config.clone();
    assert_eq!(config.offsets_topic, Some(TopicId(1)));
    assert!(config.is_internal(TopicId(1)) && !config.is_internal(TopicId(0)));
    let replicas: Vec<_> = config.topics[1].assignment.iter().map(|replicas| brokers(replicas)).collect();
    assert_eq!(replicas, [[4, 3, 2], [3, 2, 1], [2, 1, 4], [1, 4, 3], [4, 3, 2]]);
    assert_eq!(config.topics[1].min_insync_replicas, 2);
}

#[test]
fn it_has_no_more_replicas_than_brokers_and_asks_for_no_more_in_sync_than_replicas() {
    let cluster = r#"{ "brokers": 2, "config": { "min.insync.replicas": 3 } }"#;
    let config = load(cluster, BILLING, "").unwrap().plan.config.clone();
    assert_eq!(brokers(&config.topics[1].assignment[0]), [2, 1]);
    assert_eq!(config.topics[1].min_insync_replicas, 2);
}

#[test]
fn without_a_group_there_is_none() {
    let plan = load(r#"{ "brokers": 1 }"#, "", "").unwrap().plan;
    assert_eq!((plan.config.offsets_topic, plan.config.topics.len(), plan.names.topics.len()), (None, 1, 1));
}

#[test]
fn a_groups_partition_is_its_names_hash() {
    let cluster = r#"{ "brokers": 3, "config": { "offsets.topic.num.partitions": 50 } }"#;
    let groups = r#"{ "name": "hello", "topics": ["orders"] }, { "name": "polygenelubricants", "topics": ["orders"] }"#;
    let config = load(cluster, groups, "").unwrap().plan.config.clone();
    assert_eq!(config.offsets_partitions, [22, 0], "99162322 mod 50, and the hash without an opposite");
}

#[test]
fn faults_find_its_partitions_and_a_groups_coordinator() {
    let offsets = TopicPartition { topic: TopicId(1), partition: 0 };
    let faults = r#"
        { "when": { "event": "became_leader", "partition": "__consumer_offsets-0" }, "do": { "lag": "follower 2 of __consumer_offsets-0" } },
        { "when": { "event": "coordinator_loaded", "broker": "coordinator of billing" }, "do": { "crash": "coordinator of billing" } }"#;
    let loaded = load(r#"{ "brokers": 3 }"#, BILLING, faults).unwrap();
    let [lag, crash] = &loaded.plan.faults[..] else { panic!() };
    assert!(matches!(lag.when, PlannedWhen::Upon { partition: Some(it), .. } if it == offsets));
    let follower = PlannedTarget::Follower { number: 2, partition: offsets };
    assert!(matches!(lag.action, PlannedAction::Lag { target, .. } if target == follower));
    assert!(
        matches!(crash.action, PlannedAction::Crash { target: PlannedTarget::Leader(it), .. } if it == offsets)
    );
    assert_eq!(loaded.plan.names.partition(offsets), "__consumer_offsets-0");
    assert_eq!(loaded.plan.names.faults[1].as_ref(), "crash coordinator of billing, ending process");
}

#[test]
fn faults_on_what_is_not_there_are_told_what_is() {
    let lag = |target: &str| format!(r#"{{ "when": {{ "at_ms": 1 }}, "do": {{ "lag": "{target}" }} }}"#);
    let partition = "there is no partition `__consumer_offsets-1`; allowed: `orders-0` to `orders-1`, `__consumer_offsets-0`";
    refused(BILLING, &lag("leader of __consumer_offsets-1"), &[partition]);
    refused("", &lag("leader of __consumer_offsets-0"), &["there is no partition `__consumer_offsets-0`"]);
    refused(BILLING, &lag("coordinator of biling"), &["there is no group `biling`; did you mean `billing`?"]);
    refused(BILLING, &lag("cordinator of billing"), &["did you mean `coordinator of billing`?"]);
    refused(
        BILLING,
        &lag("follower 3 of __consumer_offsets-0"),
        &["`follower 1 of __consumer_offsets-0` to `follower 2"],
    );
}

#[test]
fn applications_keep_away_from_it() {
    let grow =
        r#"{ "when": { "at_ms": 1 }, "do": { "create_partitions": "__consumer_offsets", "count": 2 } }"#;
    let own = "`__consumer_offsets` is the cluster's own topic";
    refused(BILLING, grow, &[own, "allowed: `orders`"]);
    refused(r#"{ "name": "billing", "topics": ["__consumer_offsets"] }"#, "", &[own]);
    let text = r#"{ "story": "x", "cluster": { "brokers": 1 }, "topics": [{ "name": "__consumer_offsets" }], "duration_ms": 1 }"#;
    let told = load_str("x.json", text, &[]).unwrap_err().to_string();
    assert!(told.contains("x.json:1:67: `__consumer_offsets` is the cluster's own topic"), "{told}");
    assert!(told.contains("offsets.topic.num.partitions"), "{told}");
}

#[test]
fn members_that_join_later_are_numbered_on() {
    let groups = r#"{ "name": "billing", "topics": ["orders"], "members": 1, "joining": 2, "static_membership": true }"#;
    let plan = load(r#"{ "brokers": 1 }"#, groups, "").unwrap().plan;
    assert_eq!(plan.names.nodes[3..], ["billing-0", "billing-1", "billing-2"]);
    assert_eq!(plan.groups[0].members, [NodeId(3), NodeId(4), NodeId(5)]);
    assert_eq!((plan.groups[0].joining, plan.groups[0].static_membership), (2, true));
    assert_eq!(plan.groups[0].commit, CommitPoint::AfterProcessing);
}
