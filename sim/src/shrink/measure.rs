//! How large a scenario is. Of two that fail alike the one with the smaller cost is better.

use highwater_reports::shrinking::Size;
use serde_json::Value;

use super::edit;

/// What counts, the weightiest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost([u64; 12]);

/// The cost of a scenario. It is a matter of the file alone: no run is needed to see that another would be no better.
pub(super) fn cost(file: &Value) -> Cost {
    let size = size(file);
    let faults = edit::list(file, "faults");
    let replicas = edit::list(file, "topics").iter().map(|topic| edit::number(topic, "replication", 1)).sum();
    let told = faults.iter().chain(edit::list(file, "producers")).flat_map(times).chain(times_of(file));
    Cost([
        size.faults,
        size.records,
        size.clients,
        size.partitions,
        size.brokers,
        replicas,
        faults.iter().map(strength).sum(),
        edit::settings(file).len() as u64,
        edit::micros(&file["duration_ms"]),
        faults.iter().map(span).sum(),
        told.map(digits).sum(),
        file.to_string().len() as u64,
    ])
}

/// What a report says of a scenario; runs and texts are measured by whoever has them.
pub(super) fn size(file: &Value) -> Size {
    let sum = |list: &str, key: &str, otherwise: u64| -> u64 {
        edit::list(file, list).iter().map(|one| edit::number(one, key, otherwise)).sum()
    };
    Size {
        faults: edit::list(file, "faults").len() as u64,
        records: sum("producers", "records", 0),
        brokers: file["cluster"]["brokers"].as_u64().unwrap_or(0),
        partitions: sum("topics", "partitions", 1),
        clients: edit::list(file, "producers").len() as u64
            + sum("groups", "members", 1)
            + sum("groups", "joining", 0),
        ..Size::default()
    }
}

/// How much a fault does, however long.
fn strength(fault: &Value) -> u64 {
    let action = &fault["do"];
    let has = |key: &str| u64::from(!action[key].is_null());
    let power = u64::from(action["ending"] == "power");
    let nodes = || -> u64 {
        let groups = action["partition"].as_array().into_iter().flatten();
        groups.map(|group| group.as_array().map_or(0, Vec::len) as u64).sum()
    };
    10 * has("crash")
        + 10 * power
        + 8 * has("shutdown")
        + (20 + nodes()) * has("partition")
        + 5 * has("cut")
        + 5 * has("degrade")
        + ["latency_ms", "loss", "duplicate", "reorder", "keeps", "controlled"]
            .into_iter()
            .map(has)
            .sum::<u64>()
        + edit::number(action, "count", 1)
}

/// For how long a fault lasts; one that lasts until the heal is there for nothing but its beginning.
fn span(fault: &Value) -> u64 {
    edit::SPANS.iter().map(|&key| edit::micros(&fault["do"][key])).sum()
}

/// All times in a fault or a client.
fn times(value: &Value) -> Vec<u64> {
    let mut times = times_of(value);
    for part in [&value["when"], &value["do"]] {
        times.extend(times_of(part));
    }
    times
}

fn times_of(value: &Value) -> Vec<u64> {
    let entries = value.as_object().into_iter().flatten();
    entries.filter(|(key, _)| key.ends_with("_ms")).map(|(_, value)| edit::micros(value)).collect()
}

/// How many digits it takes to write so many microseconds in milliseconds, without the zeros at the end.
fn digits(mut micros: u64) -> u64 {
    while micros > 0 && micros.is_multiple_of(10) {
        micros /= 10;
    }
    micros.checked_ilog10().map_or(0, |digits| u64::from(digits) + 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rounder_numbers_cost_less_and_fewer_records_less_than_anything_that_is_rounder() {
        let file = |records: u64, at: f64| {
            json!({
                "cluster": { "brokers": 3 },
                "producers": [{ "records": records, "every_ms": 10 }],
                "faults": [{ "when": { "at_ms": at }, "do": { "crash": 1 } }],
                "duration_ms": 1000
            })
        };
        assert!(cost(&file(5, 400.0)) < cost(&file(5, 410.0)));
        assert!(cost(&file(5, 410.0)) < cost(&file(5, 407.123)));
        assert!(cost(&file(4, 407.123)) < cost(&file(5, 400.0)));
        assert_eq!([0, 400_000, 410_000, 407_123].map(digits), [0, 1, 2, 6]);
    }

    #[test]
    fn a_process_that_dies_costs_less_than_power_that_fails_and_a_link_less_than_all_of_a_node() {
        let fault = |action: Value| strength(&json!({ "do": action }));
        assert!(fault(json!({ "crash": 1 })) < fault(json!({ "crash": 1, "ending": "power" })));
        let isolated = json!({ "partition": [[1], ["rest"]] });
        assert!(fault(json!({ "cut": { "from": 1, "to": 2 } })) < fault(isolated));
    }
}
