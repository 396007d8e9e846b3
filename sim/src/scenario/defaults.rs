//! Defaults that depend on other settings. They are filled in before the file is decoded, while it is still
//! known what was set and what was not.

use highwater_model::protocol::Preset;
use serde::Deserialize;
use serde_json::Value;

use super::path::{JsonPath, at};

/// Fills them in.
pub fn fill(file: &mut Value) {
    let preset = file.get("protocol").and_then(|name| Preset::deserialize(name).ok()).unwrap_or_default();
    let protocol = preset.protocol();
    let broker = at!["cluster", "config"];
    default(file, &broker.key("unclean.leader.election.enable"), protocol.unclean_election_default.into());
    let delay = if preset == Preset::V0_10 { 0 } else { 3_000 };
    default(file, &broker.key("group.initial.rebalance.delay.ms"), delay.into());
    let producers = file["producers"].as_array().map_or(0, Vec::len);
    for index in 0..producers {
        let config = at!["producers", index, "config"];
        if config.key("transactional.id").find(file).is_some() {
            // Source: 0.11.0.2 KafkaProducer.configureTransactionState.
            default(file, &config.key("enable.idempotence"), true.into());
        }
        if config.key("enable.idempotence").find(file) == Some(&Value::Bool(true)) {
            // Source: 0.11.0.2 KafkaProducer.configureRetries, configureAcks.
            default(file, &config.key("retries"), i32::MAX.into());
            default(file, &config.key("acks"), "-1".into());
        }
    }
}

fn default(file: &mut Value, path: &JsonPath, value: Value) {
    if path.find(file).is_none()
        && let Some(place) = path.make(file)
    {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unclean_election_is_on_in_0_10_unless_set() {
        let mut old = json!({ "protocol": "0.10", "cluster": { "brokers": 1 } });
        fill(&mut old);
        assert_eq!(old["cluster"]["config"]["unclean.leader.election.enable"], true);
        let mut set = json!({ "protocol": "0.10",
            "cluster": { "config": { "unclean.leader.election.enable": false } } });
        fill(&mut set);
        assert_eq!(set["cluster"]["config"]["unclean.leader.election.enable"], false);
        let mut new = json!({ "cluster": {} });
        fill(&mut new);
        assert_eq!(new["cluster"]["config"]["unclean.leader.election.enable"], false);
    }

    #[test]
    fn the_first_rebalance_waits_for_members_since_0_11_unless_set() {
        let delay = |mut file: Value| {
            fill(&mut file);
            file["cluster"]["config"]["group.initial.rebalance.delay.ms"].clone()
        };
        assert_eq!(delay(json!({ "protocol": "0.10", "cluster": {} })), 0);
        assert_eq!(delay(json!({ "protocol": "0.11-iv1", "cluster": {} })), 3_000);
        let set = json!({ "group.initial.rebalance.delay.ms": 7 });
        assert_eq!(delay(json!({ "protocol": "0.10", "cluster": { "config": set } })), 7);
    }

    #[test]
    fn idempotence_sets_acks_and_retries_unless_they_are_set() {
        let mut file = json!({ "cluster": {}, "producers": [
            { "config": { "enable.idempotence": true } },
            { "config": { "enable.idempotence": true, "retries": 3, "acks": "1" } },
            { "config": {} }
        ] });
        fill(&mut file);
        let config = |index: usize| file["producers"][index]["config"].clone();
        assert_eq!(config(0), json!({ "enable.idempotence": true, "retries": 2_147_483_647, "acks": "-1" }));
        assert_eq!(config(1), json!({ "enable.idempotence": true, "retries": 3, "acks": "1" }));
        assert_eq!(config(2), json!({}));
    }
}
