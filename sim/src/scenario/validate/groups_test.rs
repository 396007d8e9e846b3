//! Groups and switches that contradict something.

use crate::scenario::load::{Loaded, load_str};

/// One group with these keys, one producer with these settings, one topic; and overrides.
fn load(group: &str, producer: &str, sets: &[&str]) -> Result<Loaded, String> {
    let text = format!(
        r#"{{
  "story": "Settings are tried out.",
  "cluster": {{ "brokers": 3 }},
  "topics": [{{ "name": "orders", "replication": 2 }}],
  "producers": [{{ "name": "shop", "topic": "orders", "records": 1, "every_ms": 1, "config": {{ {producer} }} }}],
  "groups": [{{ "name": "billing", "topics": ["orders"], {group} }}],
  "duration_ms": 10000
}}"#
    );
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    load_str("x.json", &text, &sets).map_err(|errors| errors.to_string())
}

const PLAIN: &str = r#""members": 1"#;

/// Exactly one error, with these words.
#[track_caller]
fn refused(group: &str, producer: &str, sets: &[&str], words: &[&str]) {
    let told = load(group, producer, sets).map(|_| ()).expect_err("was loaded");
    assert_eq!(told.lines().count(), 1, "{told}");
    for word in words {
        assert!(told.contains(word), "no {word} in {told}");
    }
}

#[test]
fn a_session_beyond_what_brokers_allow_is_refused() {
    let config = |session: u32| {
        format!(r#""config": {{ "session.timeout.ms": {session}, "heartbeat.interval.ms": 1000 }}"#)
    };
    let above =
        ["x.json:6:", "groups[0].config.session.timeout.ms is 300001, above the 300000", "6000 to 300000"];
    refused(&config(300_001), "", &[], &above);
    refused(&config(5_999), "", &[], &["below the 6000 of group.min.session.timeout.ms"]);
    assert!(load(&config(5_999), "", &["group.min.session.timeout.ms=5000"]).is_ok());
    let set = ["group.max.session.timeout.ms=9000"];
    refused(PLAIN, "", &set, &["--set group.max.session.timeout.ms=9000: ", "is 10000, above the 9000"]);
    let limits = ["group.min.session.timeout.ms=9000", "group.max.session.timeout.ms=8000"];
    refused(PLAIN, "", &limits, &["no member could join any group"]);
}

#[test]
fn a_heartbeat_above_a_third_of_the_session_is_refused() {
    let config = r#""config": { "heartbeat.interval.ms": 3334 }"#;
    refused(config, "", &[], &["is 3334, above a third of session.timeout.ms, 10000", "1 to 3333"]);
    assert!(load(config, "", &["heartbeat.interval.ms=3333"]).is_ok());
}

#[test]
fn a_delivery_that_ends_before_its_first_request_is_refused() {
    let config = r#""delivery.timeout.ms": 1000, "linger.ms": 100, "request.timeout.ms": 901"#;
    refused(
        PLAIN,
        config,
        &[],
        &["delivery.timeout.ms is 1000, below linger.ms and request.timeout.ms together, 1001"],
    );
    assert!(load(PLAIN, config, &["linger.ms=99"]).is_ok());
}

#[test]
fn a_request_timeout_that_is_not_above_the_session_is_refused() {
    let config = r#""config": { "request.timeout.ms": 10000 }"#;
    let why = "request.timeout.ms is 10000, and session.timeout.ms 10000: requests that wait";
    refused(config, "", &[], &[why, "more than session.timeout.ms"]);
    assert!(load(config, "", &["session.timeout.ms=9999"]).is_ok());
}

#[test]
fn a_commit_point_beside_auto_commit_is_refused() {
    let words =
        ["groups[0].commit is \"after_processing\", and would be passed over", "enable.auto.commit false"];
    refused(r#""commit": "after_processing""#, "", &[], &words);
    let by_hand = r#""commit": "never", "config": { "enable.auto.commit": false }"#;
    assert!(load(by_hand, "", &[]).is_ok());
    refused(
        by_hand,
        "",
        &["enable.auto.commit=true"],
        &["--set enable.auto.commit=true: groups[0].commit is \"never\""],
    );
}

#[test]
fn an_unknown_assignor_is_told_all_there_are() {
    let config = r#""config": { "partition.assignment.strategy": "cooperative" }"#;
    refused(config, "", &[], &["did you mean `cooperative-sticky`?", "`range`, `roundrobin`, `sticky`"]);
}

#[test]
fn a_group_that_nobody_is_in_is_refused() {
    refused(r#""members": 0"#, "", &[], &["`billing` has no members, and nobody can join"]);
    assert!(load(r#""members": 0, "joining": 1"#, "", &[]).is_ok());
}

#[test]
fn members_that_join_later_have_names_too() {
    let told = load(r#""joining": 1"#, "", &["producers.shop.name=billing-1"]).map(|_| ()).unwrap_err();
    assert!(told.contains("two clients would be called `billing-1`"), "{told}");
}

#[test]
fn work_side_by_side_needs_a_rate() {
    let told = load(r#""side_by_side": true"#, "", &[]).map(|_| ()).unwrap_err();
    assert!(told.contains("without a service_rate its work takes no time"), "{told}");
    let loaded =
        load(r#""side_by_side": true, "service_rate": { "records_per_second": 5 }"#, "", &[]).unwrap();
    assert!(loaded.plan.groups[0].side_by_side);
}

#[test]
fn rates_of_nothing_are_refused_and_so_are_two_rates() {
    let rate = |rate: &str| format!(r#""service_rate": {rate}"#);
    let loaded = load(&rate(r#"{ "records_per_second": 50 }"#), "", &[]).unwrap();
    assert!(loaded.plan.groups[0].service_rate.is_some());
    let one = "an object with exactly one of `records_per_second`, `bytes_per_second`";
    refused(
        &rate(r#"{ "records_per_second": 0 }"#),
        "",
        &[],
        &["records_per_second is 0; allowed: a whole number, 1 or more"],
    );
    refused(
        &rate(r#"{ "records_per_second": 1, "bytes_per_second": 1 }"#),
        "",
        &[],
        &["has several keys", one],
    );
    refused(&rate("{}"), "", &[], &["has none of the keys", one]);
    refused(&rate("50"), "", &[], &["is the number 50", one]);
    let misspelt = rate(r#"{ "record_per_second": 1 }"#);
    let told = load(&misspelt, "", &[]).map(|_| ()).unwrap_err();
    assert!(told.contains("unknown key `record_per_second`"), "{told}");
    assert!(told.contains("did you mean `records_per_second`?"), "{told}");
    refused(r#""max_lag": 0"#, "", &[], &["1 or more"]);
    refused(r#""config": { "max.poll.records": 0 }"#, "", &[], &["from 1 to"]);
}

#[test]
fn overrides_reach_rates_and_switches() {
    let set = |sets: &[&str]| load(PLAIN, "", sets).unwrap();
    let rate = set(&["groups.billing.service_rate.records_per_second=5"]).plan;
    assert_eq!(rate.groups[0].service_rate, Some(highwater_model::config::ServiceRate::RecordsPerSecond(5)));
    let rate = set(&["topics.orders.service_rate={\"bytes_per_second\": 7}"]).plan;
    assert_eq!(
        rate.config.topics[0].service_rate,
        Some(highwater_model::config::ServiceRate::BytesPerSecond(7))
    );
    let switches = set(&["partitioner=sticky", "switches.epoch_bump=true"]).plan;
    assert_eq!(switches.switches.partitioner, Some(highwater_model::protocol::UnkeyedRule::Sticky));
    assert!(switches.config.protocol.epoch_bump);
    let strategy = set(&["ack_strategy=majority", "static_membership=true", "joining=2"]).plan;
    assert_eq!(strategy.config.topics[0].ack_strategy.name(), "majority");
    assert!(strategy.groups[0].static_membership && strategy.groups[0].members.len() == 3);
    let assignor = set(&["partition.assignment.strategy=sticky"]).plan;
    assert_eq!(assignor.groups[0].settings.partition_assignment_strategy.name(), "sticky");
    refused(PLAIN, "", &["service_rate={}"], &["no setting is called `service_rate`"]);
}

#[test]
fn switches_that_contradict_the_settings_are_refused() {
    let idempotent = r#""enable.idempotence": true"#;
    refused(
        PLAIN,
        idempotent,
        &["protocol=0.10"],
        &["Kafka 0.10 has no idempotent producer", "`idempotence` true among"],
    );
    assert!(load(PLAIN, idempotent, &["protocol=0.10", "switches.idempotence=true"]).is_ok());
    refused(
        PLAIN,
        idempotent,
        &["switches.idempotence=false", "switches.transactions=none"],
        &["switches.idempotence says that no producer"],
    );
    let never =
        ["switches.epoch_bump true with switches.idempotence false never made sense: without idempotent"];
    refused(PLAIN, "", &["protocol=0.10", "epoch_bump=true"], &never);
}

#[test]
fn more_in_sync_replicas_than_replicas_are_refused_where_acks_wait_for_them() {
    let acks = r#""acks": "-1""#;
    let words =
        ["cluster.config.min.insync.replicas is 3, and `orders` has 2 replicas", "`shop`", "allowed: 1 to 2"];
    refused(PLAIN, acks, &["min.insync.replicas=3"], &words);
    refused(
        PLAIN,
        acks,
        &["topics.orders.config.min.insync.replicas=3"],
        &["topics[0].config.min.insync.replicas is 3"],
    );
    assert!(load(PLAIN, r#""acks": "1""#, &["min.insync.replicas=3"]).is_ok());
    assert!(load(PLAIN, acks, &["min.insync.replicas=3", "replication=3"]).is_ok());
}
