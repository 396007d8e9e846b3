use highwater_model::config::{BrokerConfig, ConsumerConfig, ProducerConfig};
use highwater_model::protocol::DedupWindow;
use serde_json::json;
use strum::IntoEnumIterator;

use super::*;

/// A cluster, a producer and a group, with these settings, after the defaults were filled in.
#[expect(clippy::needless_pass_by_value, reason = "so that a test writes json!({}) and not &json!({})")]
fn filled(protocol: &str, broker: Value, producer: Value, consumer: Value) -> Value {
    let mut file = json!({
        "protocol": protocol,
        "cluster": { "brokers": 1, "config": broker },
        "producers": [{ "config": producer }],
        "groups": [{ "config": consumer }]
    });
    fill(&mut file);
    file
}

fn brokers_of(protocol: &str) -> Value {
    filled(protocol, json!({}), json!({}), json!({}))["cluster"]["config"].clone()
}

fn producer_of(protocol: &str, set: Value) -> Value {
    filled(protocol, json!({}), set, json!({}))["producers"][0]["config"].clone()
}

fn consumer_of(protocol: &str, broker: Value) -> Value {
    filled(protocol, broker, json!({}), json!({}))["groups"][0]["config"].clone()
}

#[test]
fn unclean_election_is_on_in_0_10_unless_set() {
    let unclean = |file: &Value| file["cluster"]["config"]["unclean.leader.election.enable"].clone();
    assert_eq!(unclean(&filled("0.10", json!({}), json!({}), json!({}))), true);
    let off = json!({ "unclean.leader.election.enable": false });
    assert_eq!(unclean(&filled("0.10", off, json!({}), json!({}))), false);
    assert_eq!(unclean(&filled("0.11-iv1", json!({}), json!({}), json!({}))), false);
    let mut switched =
        json!({ "protocol": "2.0", "switches": { "unclean_election_default": true }, "cluster": {} });
    fill(&mut switched);
    assert_eq!(unclean(&switched), true, "the switch is what the default is");
}

#[test]
fn the_defaults_of_brokers_follow_the_version() {
    let of = |protocol: &str, name: &str| brokers_of(protocol)[name].clone();
    for (name, since, before, then) in [
        ("replica.lag.time.max.ms", "2.7", 10_000, 30_000),
        ("zookeeper.session.timeout.ms", "2.7", 6_000, 18_000),
        ("group.initial.rebalance.delay.ms", "0.11-iv1", 0, 3_000),
        ("group.max.session.timeout.ms", "2.4", 300_000, 1_800_000),
    ] {
        for preset in Preset::iter() {
            let newer = preset.name() == since || preset > first(since);
            assert_eq!(
                of(preset.name(), name),
                if newer { then } else { before },
                "{name} {}",
                preset.name()
            );
        }
    }
}

fn first(name: &str) -> Preset {
    Preset::iter().find(|preset| preset.name() == name).unwrap()
}

#[test]
fn the_defaults_of_clients_follow_the_version() {
    let producer = |protocol| producer_of(protocol, json!({}));
    let plain = json!({ "enable.idempotence": false, "acks": "1", "retries": 0, "linger.ms": 0 });
    assert_eq!(producer("0.11-iv1"), plain);
    assert_eq!(producer("2.0"), plain);
    let patient = json!({ "enable.idempotence": false, "acks": "1", "retries": i32::MAX, "linger.ms": 0,
        "delivery.timeout.ms": 120_000 });
    assert_eq!(producer("2.1"), patient);
    let safe = |linger: u64| {
        json!({ "enable.idempotence": true, "acks": "-1", "retries": i32::MAX, "linger.ms": linger,
            "delivery.timeout.ms": 120_000 })
    };
    assert_eq!(producer("3.3"), safe(0));
    assert_eq!(producer("4.0-elr"), safe(5));
    let consumer = |protocol| consumer_of(protocol, json!({}));
    assert_eq!(consumer("0.11"), json!({ "session.timeout.ms": 10_000, "request.timeout.ms": 305_000 }));
    assert_eq!(consumer("2.8"), json!({ "session.timeout.ms": 10_000, "request.timeout.ms": 30_000 }));
    assert_eq!(consumer("3.3"), json!({ "session.timeout.ms": 45_000, "request.timeout.ms": 30_000 }));
}

#[test]
fn what_is_set_stays() {
    let broker = json!({ "replica.lag.time.max.ms": 7, "zookeeper.session.timeout.ms": 8 });
    let producer = json!({ "acks": "0", "retries": 3, "linger.ms": 9, "delivery.timeout.ms": 50_000 });
    let consumer = json!({ "session.timeout.ms": 11, "request.timeout.ms": 12 });
    let file = filled("4.0-elr", broker.clone(), producer.clone(), consumer.clone());
    for (set, found) in [
        (broker, &file["cluster"]["config"]),
        (producer, &file["producers"][0]["config"]),
        (consumer, &file["groups"][0]["config"]),
    ] {
        for (name, value) in set.as_object().unwrap() {
            assert_eq!(found[name], *value, "{name}");
        }
    }
}

#[test]
fn idempotence_sets_acks_and_retries_unless_they_are_set() {
    let all = json!({ "enable.idempotence": true, "retries": i32::MAX, "acks": "-1",
        "max.in.flight.requests.per.connection": 1, "linger.ms": 0 });
    assert_eq!(producer_of("0.11", json!({ "enable.idempotence": true })), all);
    let set = json!({ "enable.idempotence": true, "retries": 3, "acks": "1" });
    let found = producer_of("0.11", set);
    assert_eq!((&found["retries"], &found["acks"]), (&json!(3), &json!("1")));
}

#[test]
fn an_idempotent_producer_of_0_11_has_one_request_in_flight() {
    let in_flight = |protocol| {
        producer_of(protocol, json!({ "enable.idempotence": true }))["max.in.flight.requests.per.connection"]
            .clone()
    };
    assert_eq!(in_flight("0.11-iv1"), 1);
    assert_eq!(in_flight("0.11"), 1);
    assert_eq!(in_flight("2.0"), Value::Null, "five, as ever: brokers remember as many");
}

#[test]
fn idempotence_by_default_gives_way_to_what_contradicts_it() {
    let on = |set: Value| producer_of("3.5", set)["enable.idempotence"].clone();
    assert_eq!(on(json!({})), true);
    assert_eq!(on(json!({ "acks": "all" })), true);
    assert_eq!(on(json!({ "max.in.flight.requests.per.connection": 5 })), true);
    for set in [
        json!({ "acks": "1" }),
        json!({ "acks": "0" }),
        json!({ "retries": 0 }),
        json!({ "max.in.flight.requests.per.connection": 6 }),
    ] {
        assert_eq!(on(set.clone()), false, "{set}");
    }
    assert_eq!(on(json!({ "enable.idempotence": true, "acks": "1" })), true, "that is refused later");
}

#[test]
fn three_point_zero_point_zero_has_nobody_idempotent_by_default() {
    let on = |default: bool, config: Value| {
        let switches = json!({ "idempotence_default": default });
        let producers = json!([{ "config": config }]);
        let mut file =
            json!({ "protocol": "3.3", "switches": switches, "cluster": {}, "producers": producers });
        fill(&mut file);
        file["producers"][0]["config"]["enable.idempotence"].clone()
    };
    assert_eq!((on(true, json!({})), on(false, json!({}))), (json!(true), json!(false)), "KAFKA-13598");
    assert_eq!(on(false, json!({ "enable.idempotence": true })), true);
}

#[test]
fn how_many_requests_an_idempotent_producer_may_have_in_flight_is_for_its_version_to_say() {
    let most = |preset: Preset, window: DedupWindow| {
        let switches = Switches { dedup_window: Some(window), ..Switches::default() };
        in_flight_max(&preset.protocol().with(switches))
    };
    assert_eq!(most(Preset::V0_11, DedupWindow::LastBatch), 1);
    assert_eq!(most(Preset::V0_11, DedupWindow::FiveBatches), 5);
    assert_eq!(most(Preset::V2_0, DedupWindow::LastBatch), 5, "its brokers are older than it");
}

#[test]
fn without_idempotent_producers_nobody_is_one_by_default() {
    let mut file =
        json!({ "protocol": "3.5", "switches": { "idempotence": false }, "cluster": {}, "producers": [{}] });
    fill(&mut file);
    assert_eq!(file["producers"][0]["config"]["enable.idempotence"], false);
}

#[test]
fn records_are_not_given_up_before_their_first_request_is() {
    let delivery = |set| producer_of("2.1", set)["delivery.timeout.ms"].clone();
    assert_eq!(delivery(json!({ "request.timeout.ms": 130_000, "linger.ms": 10 })), 130_010);
    assert_eq!(delivery(json!({ "request.timeout.ms": 2_000 })), 120_000);
}

#[test]
fn a_session_is_no_longer_than_the_brokers_were_set_to_allow() {
    let session = |most: u64| {
        consumer_of("3.3", json!({ "group.max.session.timeout.ms": most }))["session.timeout.ms"].clone()
    };
    assert_eq!(session(20_000), 20_000);
    assert_eq!(session(60_000), 45_000);
}

#[test]
fn every_default_of_the_table_is_a_setting_and_fits_it() {
    for Default { whose, name, value, .. } in DEFAULTS {
        let value: Value = serde_json::from_str(value).unwrap();
        let set = json!({ *name: value });
        let fits = match whose {
            Whose::Brokers => BrokerConfig::deserialize(set).map(drop),
            Whose::Producers => ProducerConfig::deserialize(set).map(drop),
            Whose::Consumers => ConsumerConfig::deserialize(set).map(drop),
        };
        assert!(fits.is_ok(), "{name}: {fits:?}");
    }
}

#[test]
fn the_oldest_defaults_are_those_of_the_settings_themselves() {
    let brokers = BrokerConfig::deserialize(brokers_of("0.11-iv1")).unwrap();
    assert_eq!(brokers, BrokerConfig::default());
    assert_eq!(
        ProducerConfig::deserialize(producer_of("0.11-iv1", json!({}))).unwrap(),
        ProducerConfig::default()
    );
    let consumer = ConsumerConfig::deserialize(consumer_of("0.11-iv1", json!({}))).unwrap();
    assert_eq!(consumer, ConsumerConfig::default());
}
