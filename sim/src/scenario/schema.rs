//! The scenario file's JSON Schema, made from its types: for editors, and for [`super::shape`], which checks files by it.

use highwater_reports::property::Property;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::format::{RandomFault, Scenario};

/// The JSON Schema of a scenario file.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    // Keys of maps; schemars leaves their names open.
    generator.subschema_for::<Property>();
    generator.subschema_for::<RandomFault>();
    let mut schema = json!({ "$schema": null, "title": null, "description": null });
    if let (Some(ordered), Value::Object(made)) =
        (schema.as_object_mut(), generator.into_root_schema_for::<Scenario>().to_value())
    {
        // What it is before what is in it; editors do not care, but readers do.
        ordered.extend(made);
    }
    let definitions = &mut schema["$defs"];
    name_keys(definitions, "Expect", "breaks", "Property");
    name_keys(definitions, "RandomFaults", "weights", "RandomFault");
    definitions["MustSee"]["anyOf"][1]["propertyNames"] = json!({ "$ref": "#/$defs/EventKind" });
    // serde's alias, which schemars does not see.
    if let Some(acks) = definitions["Acks"]["oneOf"].as_array_mut() {
        acks.push(json!({ "type": "string", "const": "all", "description": "Another word for `-1`." }));
    }
    for &(owner, setting, minimum, maximum) in BOUNDS {
        if let Some(setting) = definitions[owner]["properties"].get_mut(setting) {
            setting["minimum"] = minimum.into();
            setting["maximum"] = maximum.into();
        }
    }
    schema
}

/// The schema as text: pretty, with a newline at its end, the same each time.
pub fn schema_text() -> String {
    format!("{:#}\n", schema())
}

fn name_keys(definitions: &mut Value, owner: &str, map: &str, keys: &str) {
    if let Some(map) = definitions[owner]["properties"].get_mut(map) {
        map["propertyNames"] = json!({ "$ref": format!("#/$defs/{keys}") });
    }
}

/// Java's largest `int`.
const INT: u64 = i32::MAX as u64;
/// Java's largest `long`.
const LONG: u64 = i64::MAX as u64;

/// What Kafka allows for its settings. Source: the `ConfigDef`s of 0.11.0.2 `KafkaConfig`, `ProducerConfig` and
/// `ConsumerConfig`; 2.1 for `delivery.timeout.ms`. Periods of zero, which Kafka takes for 'without pause', are refused: time would stand still.
const BOUNDS: &[(&str, &str, u64, u64)] = &[
    ("BrokerConfig", "replica.lag.time.max.ms", 1, INT),
    ("BrokerConfig", "replica.fetch.wait.max.ms", 0, INT),
    ("BrokerConfig", "replica.fetch.min.bytes", 0, INT),
    ("BrokerConfig", "replica.fetch.max.bytes", 0, INT),
    ("BrokerConfig", "replica.fetch.backoff.ms", 0, INT),
    ("BrokerConfig", "replica.socket.timeout.ms", 1, INT),
    ("BrokerConfig", "replica.high.watermark.checkpoint.interval.ms", 1, LONG),
    ("BrokerConfig", "min.insync.replicas", 1, INT),
    ("BrokerConfig", "log.flush.interval.messages", 1, LONG),
    ("BrokerConfig", "zookeeper.session.timeout.ms", 3, INT),
    ("BrokerConfig", "broker.session.timeout.ms", 1, INT),
    ("BrokerConfig", "broker.heartbeat.interval.ms", 1, INT),
    ("BrokerConfig", "controlled.shutdown.retry.backoff.ms", 0, LONG),
    ("BrokerConfig", "controlled.shutdown.max.retries", 0, INT),
    ("BrokerConfig", "offsets.commit.timeout.ms", 1, INT),
    ("BrokerConfig", "transaction.state.log.min.isr", 1, INT),
    ("BrokerConfig", "transaction.max.timeout.ms", 1, INT),
    ("BrokerConfig", "transaction.abort.timed.out.transaction.cleanup.interval.ms", 1, INT),
    ("BrokerConfig", "group.min.session.timeout.ms", 1, INT),
    ("BrokerConfig", "group.max.session.timeout.ms", 1, INT),
    ("BrokerConfig", "group.initial.rebalance.delay.ms", 0, INT),
    ("TopicConfig", "min.insync.replicas", 1, INT),
    ("ProducerConfig", "retries", 0, INT),
    ("ProducerConfig", "max.in.flight.requests.per.connection", 1, INT),
    ("ProducerConfig", "linger.ms", 0, LONG),
    ("ProducerConfig", "batch.size", 0, INT),
    ("ProducerConfig", "request.timeout.ms", 1, INT),
    ("ProducerConfig", "transaction.timeout.ms", 1, INT),
    ("ProducerConfig", "retry.backoff.ms", 0, LONG),
    ("ProducerConfig", "max.block.ms", 0, LONG),
    ("ProducerConfig", "metadata.max.age.ms", 1, LONG),
    ("ProducerConfig", "delivery.timeout.ms", 0, INT),
    ("ConsumerConfig", "fetch.max.wait.ms", 0, INT),
    ("ConsumerConfig", "fetch.min.bytes", 0, INT),
    ("ConsumerConfig", "max.partition.fetch.bytes", 0, INT),
    ("ConsumerConfig", "auto.commit.interval.ms", 1, INT),
    ("ConsumerConfig", "request.timeout.ms", 1, INT),
    ("ConsumerConfig", "retry.backoff.ms", 0, LONG),
    ("ConsumerConfig", "metadata.max.age.ms", 1, LONG),
    ("ConsumerConfig", "session.timeout.ms", 1, INT),
    ("ConsumerConfig", "heartbeat.interval.ms", 1, INT),
    ("ConsumerConfig", "max.poll.interval.ms", 1, INT),
    ("ConsumerConfig", "max.poll.records", 1, INT),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_among_kafkas_settings_has_bounds_and_every_bound_a_setting() {
        let schema = schema();
        let mut numbers = Vec::new();
        for owner in ["BrokerConfig", "TopicConfig", "ProducerConfig", "ConsumerConfig"] {
            let settings = schema["$defs"][owner]["properties"].as_object().unwrap();
            for (name, setting) in settings.iter().filter(|(_, setting)| setting.get("format").is_some()) {
                assert!(setting.get("maximum").is_some(), "{owner} {name} has no bounds");
                numbers.push((owner, name.as_str()));
            }
        }
        for &(owner, setting, ..) in BOUNDS {
            assert!(numbers.contains(&(owner, setting)), "{owner} has no number {setting}");
        }
    }

    #[test]
    fn the_keys_of_maps_are_named() {
        let schema = schema();
        assert_eq!(
            schema["$defs"]["Expect"]["properties"]["breaks"]["propertyNames"]["$ref"],
            "#/$defs/Property"
        );
        assert!(schema["$defs"]["RandomFault"]["oneOf"].is_array());
        assert!(schema["$defs"]["Property"]["oneOf"].is_array());
    }

    #[test]
    fn the_text_is_the_same_each_time() {
        assert_eq!(schema_text(), schema_text());
    }
}
