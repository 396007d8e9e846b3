//! A scenario as its authors write it: what is said of the whole on lines of its own, and one thing a line.

use serde_json::{Value, json};

/// The keys of a scenario in the order of its format.
const ORDER: [&str; 14] = [
    "$schema",
    "story",
    "protocol",
    "switches",
    "cluster",
    "network",
    "topics",
    "producers",
    "groups",
    "faults",
    "duration_ms",
    "liveness_ms",
    "events_max",
    "expect",
];

/// The file's text, with this story.
pub(super) fn written(file: &Value, story: &str) -> String {
    let story = json!(story);
    let entries = ORDER.iter().filter_map(|&key| {
        let value = if key == "story" { Some(&story) } else { file.get(key) };
        value.map(|value| format!("  {}: {}", json!(key), entry(value)))
    });
    format!("{{\n{}\n}}\n", entries.collect::<Vec<_>>().join(",\n"))
}

/// A list of several objects has a line for each.
fn entry(value: &Value) -> String {
    match value.as_array().map(Vec::as_slice) {
        Some([one]) => format!("[{}]", inline(one)),
        Some(list @ [Value::Object(_), ..]) => {
            let lines: Vec<String> = list.iter().map(|one| format!("    {}", inline(one))).collect();
            format!("[\n{}\n  ]", lines.join(",\n"))
        }
        Some(_) | None => inline(value),
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("{}: {}", json!(key), inline(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Array(list) => format!("[{}]", list.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_reads_as_one_that_somebody_wrote_and_says_the_same() {
        let file = json!({
            "faults": [{ "when": { "at_ms": 1 }, "do": { "crash": 1 } }, { "when": { "at_ms": 2 }, "do": { "crash": 2 } }],
            "story": "old",
            "topics": [{ "name": "orders" }],
            "cluster": { "brokers": 2, "config": {} },
            "duration_ms": 400
        });
        let text = written(&file, "new");
        let expected = r#"{
  "story": "new",
  "cluster": { "brokers": 2, "config": {} },
  "topics": [{ "name": "orders" }],
  "faults": [
    { "when": { "at_ms": 1 }, "do": { "crash": 1 } },
    { "when": { "at_ms": 2 }, "do": { "crash": 2 } }
  ],
  "duration_ms": 400
}
"#;
        assert_eq!(text, expected);
        let mut read: Value = serde_json::from_str(&text).unwrap();
        read["story"] = json!("old");
        assert_eq!(read, file);
    }
}
