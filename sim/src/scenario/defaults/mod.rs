//! What is set if the file does not say: the defaults of the Kafka version that it names, and those that depend on other settings.
//! They are filled in before the file is decoded, while it is still known what was set and what was not.
//!
//! A default never makes a file invalid: where it would contradict what the file has set, it gives way, as it does in Kafka.

mod producers;
mod table;

use highwater_model::protocol::{Preset, Protocol, Switches};
use serde::Deserialize;
use serde_json::Value;

use super::path::{JsonPath, at};
pub use producers::in_flight_max;
pub use table::{DEFAULTS, Default, Whose};

/// Fills them in.
pub fn fill(file: &mut Value) {
    let preset = file.get("protocol").and_then(|name| Preset::deserialize(name).ok()).unwrap_or_default();
    let switches = file.get("switches").and_then(|set| Switches::deserialize(set).ok()).unwrap_or_default();
    let protocol = preset.protocol().with(switches);
    brokers(file, &protocol);
    for index in 0..count(file, "groups") {
        members_that_write(file, index, &protocol);
        consumers(file, &at!["groups", index, "config"], preset);
    }
    for index in 0..count(file, "producers") {
        producers::fill(file, &at!["producers", index, "config"], &protocol);
    }
}

fn count(file: &Value, list: &str) -> usize {
    file[list].as_array().map_or(0, Vec::len)
}

fn brokers(file: &mut Value, protocol: &Protocol) {
    let config = at!["cluster", "config"];
    let unclean = protocol.unclean_election_default;
    default(file, &config.key("unclean.leader.election.enable"), unclean.into());
    by_table(file, &config, Whose::Brokers, protocol.preset);
}

/// Members that write commit with what they write; their producers are transactional ones.
fn members_that_write(file: &mut Value, index: usize, protocol: &Protocol) {
    let output = at!["groups", index, "output"];
    if !output.find(file).is_some_and(Value::is_object) {
        return;
    }
    default(file, &at!["groups", index, "config", "enable.auto.commit"], false.into());
    let config = output.key("config");
    default(file, &config.key("enable.idempotence"), true.into());
    producers::fill(file, &config, protocol);
}

/// Where brokers were set to refuse a session as long as those of 3.0 and later, it is as long as they allow.
fn consumers(file: &mut Value, config: &JsonPath, preset: Preset) {
    let most = at!["cluster", "config", "group.max.session.timeout.ms"].find(file).and_then(Value::as_u64);
    let session = config.key("session.timeout.ms");
    let usual = table::value(Whose::Consumers, "session.timeout.ms", preset).and_then(|it| it.as_u64());
    if let (Some(most), Some(usual)) = (most, usual)
        && usual > most
    {
        default(file, &session, most.max(SESSION_BEFORE_MS).into());
    }
    by_table(file, config, Whose::Consumers, preset);
}

/// What `session.timeout.ms` was before. Who was set to refuse even that is told so.
const SESSION_BEFORE_MS: u64 = 10_000;

/// The table's defaults for one owner.
fn by_table(file: &mut Value, config: &JsonPath, whose: Whose, preset: Preset) {
    for (name, value) in table::of(whose, preset) {
        default(file, &config.key(name), value);
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
#[path = "defaults_test.rs"]
mod defaults_test;
