//! What may be smaller, earlier, weaker or rounder.

use serde_json::{Value, json};

use super::edit::{self, SPANS, list, micros, millis, number};
use super::search::Search;

/// All of them once. Says whether any helped.
pub(super) fn round(search: &mut Search<'_>) -> bool {
    let records = search.exhaust(fewer_records);
    let weaker = search.exhaust(weaker_faults);
    let shorter = search.exhaust(shorter_runs);
    let spans = search.exhaust(shorter_spans);
    let rounder = search.exhaust(rounder_times);
    records | weaker | shorter | spans | rounder
}

/// From `now` down to `least`: the smallest first, then half the way, then nearer and nearer.
fn towards(least: u64, now: u64) -> Vec<u64> {
    let mut values = Vec::new();
    let mut gap = now.saturating_sub(least);
    while gap > 0 {
        values.push(now - gap);
        gap /= 2;
    }
    values
}

/// Fewer records of each producer: without the last of them, or without the first.
fn fewer_records(file: &Value) -> Vec<Value> {
    let mut candidates = Vec::new();
    for (place, producer) in list(file, "producers").iter().enumerate() {
        let now = number(producer, "records", 0);
        for records in towards(1, now) {
            let fewer = edit::with(file, &format!("/producers/{place}/records"), records.into());
            let every = micros(&producer["every_ms"]);
            let start = producer.get("start_ms").map_or(1_500_000, micros) + every * (now - records);
            let mut later = fewer.clone();
            later["producers"][place]["start_ms"] = (start / 1_000).into();
            if every > 0 {
                candidates.push(later);
            }
            candidates.push(fewer);
        }
        if now == 1 && micros(&producer["every_ms"]) > 0 {
            candidates.push(edit::with(file, &format!("/producers/{place}/every_ms"), 0.into()));
        }
    }
    candidates
}

/// A process that dies in place of power that fails, one direction of a link in place of all links, and the like.
fn weaker_faults(file: &Value) -> Vec<Value> {
    let mut candidates = Vec::new();
    for (place, fault) in list(file, "faults").iter().enumerate() {
        let action = &fault["do"];
        let mut replace =
            |action: Value| candidates.push(edit::with(file, &format!("/faults/{place}/do"), action));
        for key in ["ending", "keeps", "controlled", "duplicate", "reorder", "loss", "latency_ms"] {
            if action.get(key).is_some() {
                let mut weaker = action.clone();
                edit::remove(&mut weaker, &format!("/{key}"));
                edit::remove(&mut weaker, "/keeps");
                replace(weaker);
            }
        }
        if number(action, "count", 1) > 1 && action.get("drop").is_some() {
            replace(edit::with(action, "/count", 1.into()));
        }
        for (from, to) in links(file, action) {
            let mut cut = json!({ "cut": { "from": from, "to": to } });
            if let Some(span) = action.get("for_ms") {
                cut["for_ms"] = span.clone();
            }
            replace(cut);
        }
    }
    candidates
}

/// The directions that a partition of two sides cuts, if one of the sides is a single node.
fn links(file: &Value, action: &Value) -> Vec<(Value, Value)> {
    let Some([one, other]) = action["partition"].as_array().map(Vec::as_slice) else { return Vec::new() };
    let brokers = number(&file["cluster"], "brokers", 1);
    let nodes = |side: &Value| -> Vec<Value> {
        match side.as_array().map(Vec::as_slice) {
            Some([rest]) if rest == "rest" => {
                let brokers = (1..=brokers).map(|id| json!(format!("broker {id}")));
                brokers.chain([json!("controller")]).collect()
            }
            Some(nodes) => nodes.to_vec(),
            None => Vec::new(),
        }
    };
    let (one, other) = (nodes(one), nodes(other));
    let pairs = one.iter().flat_map(|one| other.iter().map(move |other| (one.clone(), other.clone())));
    pairs
        .filter(|(one, other)| one != other)
        .flat_map(|(one, other)| [(one.clone(), other.clone()), (other, one)])
        .collect()
}

/// An earlier heal, and less time before each thing that happens.
fn shorter_runs(file: &Value) -> Vec<Value> {
    let duration = micros(&file["duration_ms"]);
    let heals = towards(1, duration / 1_000);
    let mut candidates: Vec<Value> =
        heals.into_iter().map(|heal| edit::with(file, "/duration_ms", heal.into())).collect();
    let mut moments = vec![0];
    moments.extend(list(file, "faults").iter().map(|fault| micros(&fault["when"]["at_ms"])));
    moments.extend(list(file, "producers").iter().map(|it| it.get("start_ms").map_or(1_500_000, micros)));
    moments.sort_unstable();
    moments.dedup();
    for pair in moments.windows(2) {
        // The moment itself moves up to the one before.
        for left in towards(0, (pair[1] - pair[0]) / 1_000) {
            let by = (pair[1] - pair[0]) - left * 1_000;
            let mut shorter = file.clone();
            edit::cut_time(&mut shorter, pair[0] + 1, by);
            candidates.push(shorter);
        }
    }
    candidates
}

/// Each fault shorter.
fn shorter_spans(file: &Value) -> Vec<Value> {
    let mut candidates = Vec::new();
    for (place, fault) in list(file, "faults").iter().enumerate() {
        for key in SPANS {
            let Some(now) = fault["do"].get(key).map(micros) else { continue };
            let pointer = format!("/faults/{place}/do/{key}");
            // Without end is longer, but simpler: what it is there for is its beginning.
            let mut endless = file.clone();
            edit::remove(&mut endless, &pointer);
            candidates.push(endless);
            let shorter = towards(1, now / 1_000);
            candidates.extend(shorter.into_iter().map(|span| edit::with(file, &pointer, span.into())));
        }
    }
    candidates
}

/// Rounder moments and lengths, the roundest first.
fn rounder_times(file: &Value) -> Vec<Value> {
    let mut pointers = vec!["/duration_ms".to_owned()];
    for (place, _) in list(file, "faults").iter().enumerate() {
        let keys = ["when/at_ms", "when/after_ms", "when/delay_ms", "do/for_ms", "do/restart_after_ms"];
        pointers.extend(keys.map(|key| format!("/faults/{place}/{key}")));
    }
    for (place, _) in list(file, "producers").iter().enumerate() {
        pointers.extend(["start_ms", "every_ms"].map(|key| format!("/producers/{place}/{key}")));
    }
    let mut candidates = Vec::new();
    for pointer in pointers {
        let Some(now) = file.pointer(&pointer).map(micros) else { continue };
        for unit in [10_000_000, 1_000_000, 500_000, 100_000, 10_000, 1_000, 100] {
            let below = now / unit * unit;
            let rounded = [below, below + unit].into_iter().filter(|&rounded| rounded != now);
            candidates.extend(rounded.map(|rounded| edit::with(file, &pointer, millis(rounded))));
        }
    }
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_tried_at_its_least_first_and_then_nearer_and_nearer() {
        assert_eq!(towards(1, 9), [1, 5, 7, 8]);
        assert_eq!(towards(1, 2), [1]);
        assert_eq!(towards(1, 1), [0; 0]);
        assert_eq!(towards(0, 1), [0]);
    }

    #[test]
    fn a_node_that_is_cut_off_from_all_may_be_cut_off_from_one_and_in_one_direction() {
        let file = json!({ "cluster": { "brokers": 2 } });
        let found = links(&file, &json!({ "partition": [["broker 1"], ["rest"]] }));
        assert_eq!(found.len(), 4);
        assert!(found.contains(&(json!("controller"), json!("broker 1"))));
    }
}
