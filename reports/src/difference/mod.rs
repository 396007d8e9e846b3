//! What changed between two JSON reports of `highwater run`, and how grave it is.
//!
//! Reports are read as the JSON that they are, not as the types that wrote them: a key that one of them lacks, or that this
//! Highwater does not know, is a change like another. [`text`], [`markdown`] and serde's JSON are the faces.

mod changes;
pub mod markdown;
pub mod text;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use strum::IntoStaticStr;

/// The version of a difference's shape. Grows when a field changes its meaning or goes.
pub const VERSION: u32 = 1;

/// How grave a change is. Ascending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Order and timing only: fingerprints, latencies, times, and what evidence says.
    #[strum(serialize = "order and timing")]
    Timing,
    /// How often something happened, or what was played.
    #[strum(serialize = "counts")]
    Counts,
    /// A kind of failure that was not there before, or a property that broke without a promise and did not before.
    #[strum(serialize = "new anomaly")]
    NewAnomaly,
    /// Whether something went as expected, or what became of a property.
    #[strum(serialize = "verdict")]
    Verdict,
}

impl Class {
    /// `order and timing`, `counts`, `new anomaly`, `verdict`.
    pub fn words(self) -> &'static str {
        self.into()
    }
}

/// Something that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// How grave it is.
    pub class: Class,
    /// What: `strong-isr`, `counts.lost`.
    pub what: String,
    /// What it was; null if it was not there.
    pub before: Value,
    /// What it is; null if it is not there.
    pub after: Value,
}

/// What changed in one scenario's report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScenarioDifference {
    /// The scenario's name.
    pub scenario: String,
    /// Of the gravest change; null if there is none.
    pub class: Option<Class>,
    /// The gravest first.
    pub changes: Vec<Change>,
}

/// What changed between two files of reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// [`VERSION`].
    pub version: u32,
    /// Of the gravest change; null if there is none.
    pub class: Option<Class>,
    /// In the order of the first file; after them those that only the second has.
    pub scenarios: Vec<ScenarioDifference>,
}

impl Difference {
    /// Compares the reports of one file with those of another. Those of the same scenario belong together; of a scenario that is
    /// there more than once, the first with the first.
    pub fn new(before: &[Value], after: &[Value]) -> Self {
        let mut left = in_order(after);
        let mut scenarios = Vec::new();
        for (key, report) in in_order(before) {
            let changes = match left.iter().position(|(other, _)| *other == key) {
                Some(place) => changes::between(report, left.remove(place).1),
                None => vec![Change::whole(report, &Value::Null)],
            };
            scenarios.push(ScenarioDifference::new(key.0, changes));
        }
        for ((scenario, _), report) in left {
            scenarios.push(ScenarioDifference::new(scenario, vec![Change::whole(&Value::Null, report)]));
        }
        Self { version: VERSION, class: scenarios.iter().filter_map(|it| it.class).max(), scenarios }
    }

    /// Whether nothing graver than this changed.
    pub fn is_within(&self, allowed: Option<Class>) -> bool {
        self.class <= allowed
    }

    /// For machines.
    ///
    /// # Errors
    ///
    /// None that a difference can cause: all its keys are strings.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }
}

/// Each report with its scenario's name and how many of that name came before it.
fn in_order(reports: &[Value]) -> Vec<((String, usize), &Value)> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let named = reports.iter().map(|report| {
        let name = report.get("scenario").and_then(Value::as_str).unwrap_or_default().to_owned();
        let time = times.entry(name.clone()).or_default();
        *time += 1;
        ((name, *time), report)
    });
    named.collect()
}

impl ScenarioDifference {
    fn new(scenario: String, mut changes: Vec<Change>) -> Self {
        changes.sort_by_key(|change| std::cmp::Reverse(change.class));
        Self { scenario, class: changes.first().map(|change| change.class), changes }
    }
}

impl Change {
    /// A report that only one of the files has.
    fn whole(before: &Value, after: &Value) -> Self {
        let outcome = |report: &Value| report.get("outcome").cloned().unwrap_or(Value::Null);
        let (before, after) = (outcome(before), outcome(after));
        Self { class: Class::Verdict, what: "the whole report".to_owned(), before, after }
    }

    /// `counts.lost: 0, now 3`. What is more than a word or some is not told, only that it differs.
    pub fn words(&self) -> String {
        let Self { what, before, after, .. } = self;
        match (told(before), told(after)) {
            (Some(before), Some(after)) => format!("{what}: {before}, now {after}"),
            _ => format!("{what} differs"),
        }
    }
}

/// A scalar or a list of words.
fn told(value: &Value) -> Option<String> {
    match value {
        Value::Array(list) if list.is_empty() => Some("none".to_owned()),
        Value::Array(list) => {
            let words: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
            words.map(|words| words.join(" "))
        }
        Value::Null => Some("none".to_owned()),
        Value::String(word) => Some(word.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Object(_) => None,
    }
}

#[cfg(test)]
#[path = "difference_test.rs"]
mod difference_test;
