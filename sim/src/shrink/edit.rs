//! Changes of a scenario's JSON that leave it whole: what speaks of something that is gone goes, too.

use serde_json::{Map, Value, json};

use super::names::Known;

/// The keys under which an action says how long it lasts.
pub(super) const SPANS: [&str; 2] = ["for_ms", "restart_after_ms"];
/// Where Kafka's settings may stand, from an element of one of the lists or from the whole.
const CONFIGS: [&str; 3] = ["topics", "producers", "groups"];

/// The elements of a list of the file; none if there is no such list.
pub(super) fn list<'a>(file: &'a Value, key: &str) -> &'a [Value] {
    file[key].as_array().map_or(&[], Vec::as_slice)
}

/// A whole number, or what it is if it is not said.
pub(super) fn number(value: &Value, key: &str, otherwise: u64) -> u64 {
    value[key].as_u64().unwrap_or(otherwise)
}

/// Milliseconds as microseconds.
pub(super) fn micros(millis: &Value) -> u64 {
    let fraction = || millis.as_f64().map(|millis| (millis * 1_000.0).round() as u64);
    millis.as_u64().map(|millis| millis.saturating_mul(1_000)).or_else(fraction).unwrap_or(0)
}

/// Microseconds as milliseconds.
pub(super) fn millis(micros: u64) -> Value {
    if micros.is_multiple_of(1_000) { json!(micros / 1_000) } else { json!(micros as f64 / 1_000.0) }
}

/// The file without some elements of a list.
pub(super) fn without(file: &Value, key: &str, places: &[usize]) -> Value {
    let mut file = file.clone();
    if let Some(list) = file[key].as_array_mut() {
        let mut place = 0;
        list.retain(|_| {
            place += 1;
            !places.contains(&(place - 1))
        });
    }
    file
}

/// The file with one value set at the end of a JSON pointer.
pub(super) fn with(file: &Value, pointer: &str, value: Value) -> Value {
    let mut file = file.clone();
    if let Some(place) = file.pointer_mut(pointer) {
        *place = value;
    }
    file
}

/// The file without what stands at the end of a JSON pointer.
pub(super) fn remove(file: &mut Value, pointer: &str) {
    let Some((above, key)) = pointer.rsplit_once('/') else { return };
    let key = key.replace("~1", "/").replace("~0", "~");
    if let Some(map) = file.pointer_mut(above).and_then(Value::as_object_mut) {
        map.shift_remove(&key);
    }
}

/// JSON pointers to all that is set and need not be: settings by Kafka's names, switches, and keys with a default.
pub(super) fn settings(file: &Value) -> Vec<String> {
    let mut pointers = Vec::new();
    let mut of = |above: &str, keys: Option<&Map<String, Value>>| {
        pointers.extend(keys.into_iter().flat_map(Map::keys).map(|key| format!("{above}/{key}")));
    };
    of("/switches", file["switches"].as_object());
    of("/network", file["network"].as_object());
    of("/cluster/config", file["cluster"]["config"].as_object());
    of("/expect/breaks", file["expect"]["breaks"].as_object());
    for key in CONFIGS {
        for (place, owner) in list(file, key).iter().enumerate() {
            of(&format!("/{key}/{place}/config"), owner["config"].as_object());
        }
    }
    for (list_key, keys) in OPTIONAL {
        for (place, owner) in list(file, list_key).iter().enumerate() {
            let given = keys.iter().filter(|&&key| !owner[key].is_null());
            pointers.extend(given.map(|key| format!("/{list_key}/{place}/{key}")));
        }
    }
    let given = ["liveness_ms", "events_max"].into_iter().filter(|&key| !file[key].is_null());
    pointers.extend(given.map(|key| format!("/{key}")));
    pointers
}

/// Keys that a scenario can do without.
const OPTIONAL: [(&str, &[&str]); 3] = [
    ("topics", &["ack_strategy", "service_rate"]),
    ("producers", &["start_ms", "keys", "record_bytes", "partition"]),
    ("groups", &["joining", "static_membership", "commit", "service_rate", "side_by_side", "max_lag"]),
];

/// Takes away what speaks of something that is not there, what would come after the heal, and what says no more than its default.
pub(super) fn tidy(file: &mut Value) {
    let duration = micros(&file["duration_ms"]);
    let topics: Vec<String> = list(file, "topics")
        .iter()
        .filter_map(|topic| topic["name"].as_str().map(ToOwned::to_owned))
        .collect();
    let is_topic = |name: &Value| topics.iter().any(|topic| *name == topic.as_str());
    retain(file, "producers", |producer| is_topic(&producer["topic"]));
    retain(file, "groups", |group| {
        retain(group, "topics", |name| is_topic(name));
        !list(group, "topics").is_empty()
            && (group["output"].is_null() || is_topic(&group["output"]["topic"]))
    });
    let known = Known::of(file);
    retain(file, "faults", |fault| {
        known.keep_groups(&mut fault["do"]);
        let at = micros(&fault["when"]["at_ms"]);
        for key in SPANS {
            if fault["when"].get("at_ms").is_some() && at + micros(&fault["do"][key]) > duration {
                remove(fault, &format!("/do/{key}"));
            }
        }
        at.max(micros(&fault["when"]["after_ms"])) <= duration && known.has_all(fault)
    });
    for place in 0..list(file, "topics").len() {
        if file["topics"][place].get("assignment") == Some(&usual_assignment(file, place)) {
            remove(file, &format!("/topics/{place}/assignment"));
        }
    }
    without_empty(file);
}

/// Empty lists and objects say nothing.
fn without_empty(file: &mut Value) {
    let is_empty = |value: &Value| value == &json!({}) || value == &json!([]);
    for pointer in ["/cluster/config", "/switches", "/network", "/expect/breaks", "/expect"] {
        if file.pointer(pointer).is_some_and(is_empty) {
            remove(file, pointer);
        }
    }
    for key in CONFIGS {
        for place in 0..list(file, key).len() {
            if is_empty(&file[key][place]["config"]) {
                remove(file, &format!("/{key}/{place}/config"));
            }
        }
    }
    for key in ["producers", "groups", "faults"] {
        if is_empty(&file[key]) {
            remove(file, &format!("/{key}"));
        }
    }
}

fn retain(value: &mut Value, key: &str, mut keep: impl FnMut(&mut Value) -> bool) {
    if let Some(list) = value.get_mut(key).and_then(Value::as_array_mut) {
        list.retain_mut(|element| keep(element));
    }
}

/// As a topic's replicas are assigned if the file does not say.
fn usual_assignment(file: &Value, place: usize) -> Value {
    let brokers = number(&file["cluster"], "brokers", 1).max(1);
    let topic = &file["topics"][place];
    let around = |partition: u64| -> Vec<u64> {
        let replicas = 0..number(topic, "replication", 1);
        replicas.map(|step| (partition + step) % brokers + 1).collect()
    };
    (0..number(topic, "partitions", 1)).map(around).collect::<Vec<_>>().into()
}

/// Says which brokers have a topic's replicas.
pub(super) fn assign(file: &mut Value, place: usize) {
    if file["topics"][place].get("assignment").is_none() {
        let usual = usual_assignment(file, place);
        file["topics"][place]["assignment"] = usual;
    }
}

/// Moves all that comes at or after a moment to an earlier time, by so many microseconds at most; what would pass the moment
/// stops there.
pub(super) fn cut_time(file: &mut Value, moment: u64, by: u64) {
    let moved = |at: u64| if at < moment { at } else { at.saturating_sub(by).max(moment) };
    for place in 0..list(file, "producers").len() {
        let producer = &mut file["producers"][place];
        let start = producer.get("start_ms").map_or(START, micros);
        if moved(start) != start {
            producer["start_ms"] = millis(moved(start).div_ceil(1_000) * 1_000);
        }
    }
    for place in 0..list(file, "faults").len() {
        for key in ["at_ms", "after_ms"] {
            if let Some(at) = file["faults"][place]["when"].get_mut(key) {
                let whole = if key == "after_ms" { 1_000 } else { 1 };
                *at = millis(moved(micros(at)).div_ceil(whole) * whole);
            }
        }
    }
    let duration = moved(micros(&file["duration_ms"])).max(1_000);
    file["duration_ms"] = millis(duration.div_ceil(1_000) * 1_000);
}

/// When a producer begins if the file does not say.
const START: u64 = 1_500_000;

#[cfg(test)]
#[path = "edit_test.rs"]
mod edit_test;
