//! The changes between two reports on one scenario.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Change, Class};

/// What follows from the rest, is not about the run, or is looked at by its meaning.
const PASSED_OVER: [&str; 8] =
    ["version", "scenario", "frequencies", "shard", "partial", "unexpected", "first_failures", "outcomes"];

/// What was asked for. If that changed, the rest may come of it.
const PLAYED: [&str; 8] =
    ["protocol", "switches", "overrides", "seed", "seeds", "first_seed", "last_seed", "story"];

/// All changes from one report to the other.
pub(super) fn between(before: &Value, after: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    for key in PLAYED {
        let of = |report: &'_ Value| report.get(key).cloned().unwrap_or(Value::Null);
        push(&mut changes, Class::Counts, format!("played: {key}"), &of(before), &of(after));
    }
    unexpected(before, after, &mut changes);
    outcomes(before, after, &mut changes);
    properties(before, after, &mut changes);
    failures(before, after, &mut changes);
    let (before, after) = (leaves(before), leaves(after));
    for (path, one, other) in joined(&before, &after) {
        if let Some(class) = class(path) {
            push(&mut changes, class, path.join("."), one, other);
        }
    }
    changes
}

/// Both values of each key that any has.
fn joined<'a, K: Ord>(
    before: &'a BTreeMap<K, &Value>,
    after: &'a BTreeMap<K, &Value>,
) -> impl Iterator<Item = (&'a K, &'a Value, &'a Value)> {
    let keys: std::collections::BTreeSet<&K> = before.keys().chain(after.keys()).collect();
    keys.into_iter().map(|key| {
        let of = |side: &'a BTreeMap<K, &Value>| side.get(key).copied().unwrap_or(&Value::Null);
        (key, of(before), of(after))
    })
}

fn push(changes: &mut Vec<Change>, class: Class, what: String, before: &Value, after: &Value) {
    if before != after {
        changes.push(Change { class, what, before: before.clone(), after: after.clone() });
    }
}

/// The kinds of what was unexpected, of a sweep those of the smallest seeds, too. Their numbers and evidence stand elsewhere.
fn unexpected(before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let (before, after) = (kinds(before), kinds(after));
    let refs = |kinds: &BTreeMap<String, Value>| kinds.keys().cloned().collect::<Vec<_>>();
    for kind in refs(&before).into_iter().filter(|kind| !after.contains_key(kind)) {
        push(changes, Class::Verdict, format!("unexpected: {kind}"), &true.into(), &false.into());
    }
    for kind in refs(&after).into_iter().filter(|kind| !before.contains_key(kind)) {
        push(changes, Class::Verdict, format!("unexpected: {kind}"), &false.into(), &true.into());
    }
}

/// `promise_broken strong-isr`
fn kinds(report: &Value) -> BTreeMap<String, Value> {
    let of_seeds = report.get("first_failures").and_then(Value::as_object).into_iter().flat_map(Map::values);
    let lists = of_seeds.chain([report]).filter_map(|it| it.get("unexpected")?.as_array());
    let kind = |found: &Value| {
        let words = ["what", "property", "event"].map(|key| found.get(key).and_then(Value::as_str));
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    lists.flatten().map(|found| (kind(found), Value::Null)).collect()
}

/// That seeds have an outcome that none had, or that none has it any more, is a verdict; how many have it, a count.
fn outcomes(before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let (before, after) = (object(before, "outcomes"), object(after, "outcomes"));
    for (outcome, one, other) in joined(&before, &after) {
        let class = if one.is_null() || other.is_null() { Class::Verdict } else { Class::Counts };
        push(changes, class, format!("outcomes.{outcome}"), one, other);
    }
}

/// What became of each property, of a sweep the worst of it.
fn properties(before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let (before, after) = (object(before, "properties"), object(after, "properties"));
    for (property, one, other) in joined(&before, &after) {
        let (one, other) = (verdict(one), verdict(other));
        let breaks_now = other == "allowed" && one != "violated";
        let class = if breaks_now { Class::NewAnomaly } else { Class::Verdict };
        push(changes, class, (*property).to_owned(), &one.into(), &other.into());
    }
}

fn verdict(property: &Value) -> &str {
    if let Some(verdict) = property.get("verdict").and_then(Value::as_str) {
        return verdict;
    }
    let seeds = |key: &str| property.get(key).and_then(Value::as_u64).unwrap_or_default() > 0;
    let found = ["violated", "allowed", "held", "unknown"].into_iter().find(|key| seeds(key));
    found.unwrap_or(if property.is_null() { "not judged" } else { "not-exercised" })
}

/// Kinds of failures by their signatures, and of a sweep on how many seeds each.
fn failures(before: &Value, after: &Value, changes: &mut Vec<Change>) {
    // Of failures that were not shown it is not known whether this kind was among them.
    let all_shown = before["failures"]["others"].as_u64().unwrap_or_default() == 0;
    let (before, after) = (signatures(before), signatures(after));
    let (before, after): (BTreeMap<_, _>, BTreeMap<_, _>) = (refs(&before), refs(&after));
    for (signature, one, other) in joined(&before, &after) {
        let is_new = one.is_null() && all_shown;
        let class = if is_new { Class::NewAnomaly } else { Class::Counts };
        push(changes, class, format!("failure {signature}"), one, other);
    }
}

fn refs(signatures: &BTreeMap<String, Value>) -> BTreeMap<&str, &Value> {
    signatures.iter().map(|(signature, seeds)| (signature.as_str(), seeds)).collect()
}

/// On how many seeds there was which.
fn signatures(report: &Value) -> BTreeMap<String, Value> {
    let groups = report["failures"]["groups"].as_array().into_iter().flatten();
    let of_sweep = groups.filter_map(|it| Some((it["signature"].as_str()?.to_owned(), it["seeds"].clone())));
    let signature = &report["signature"];
    let of_run = signature["name"].as_str().map(|name| {
        let words = ["property", "role"].map(|key| signature[key].as_str().unwrap_or_default());
        (format!("{name}  {} at {}", words[0], words[1]), Value::from(1))
    });
    of_sweep.chain(of_run).collect()
}

fn object<'a>(report: &'a Value, key: &str) -> BTreeMap<&'a str, &'a Value> {
    let members = report.get(key).and_then(Value::as_object).into_iter().flatten();
    members.map(|(key, value)| (key.as_str(), value)).collect()
}

/// Every value that is not an object, by its path. Lists are values, and so is what was seen once.
fn leaves(report: &Value) -> BTreeMap<Vec<&str>, &Value> {
    let mut found = BTreeMap::new();
    let mut open: Vec<(Vec<&str>, &Value)> = vec![(Vec::new(), report)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Object(members) if path.last() != Some(&"evidence") => {
                for (key, value) in members {
                    open.push(([&path[..], &[key.as_str()]].concat(), value));
                }
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => {
                found.insert(path, value);
            }
        }
    }
    found
}

/// What a change of the value at a path means; nothing if it is told otherwise.
fn class(path: &[&str]) -> Option<Class> {
    let (first, last) = (path.first()?, path.last()?);
    if PASSED_OVER.contains(first) || PLAYED.contains(first) {
        return None;
    }
    match (*first, *last) {
        ("outcome" | "end", _) => Some(Class::Verdict),
        ("properties", "verdict" | "judge" | "promised_with") | ("signature", _) => None,
        ("failures", "seeds" | "others") => Some(Class::Counts),
        ("failures", _) => None,
        (_, "samples") => Some(Class::Counts),
        ("fingerprint" | "causes" | "ack_latency" | "ack_latency_by_topic" | "pending" | "message", _) => {
            Some(Class::Timing)
        }
        (_, last) if last.ends_with("_ms") || last == "evidence" => Some(Class::Timing),
        _ => Some(Class::Counts),
    }
}
