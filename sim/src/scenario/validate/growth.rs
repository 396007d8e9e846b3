//! Topics that grow: never to fewer partitions than before, never to more than there may be, and never so late that a
//! group which reads them could not notice before the run ends.

use super::super::errors::Problem;
use super::super::format::{Action, CreatePartitions, Fault, Millis};
use super::super::path::{JsonPath, at};
use super::super::suggest::count;
use super::Check;
use super::topics::PARTITIONS_MAX;

/// The most partitions that a topic may have, as the schema says.
const COUNT_MAX: u16 = 10_000;

/// A request for more partitions.
struct Growth<'a> {
    /// The fault's place in the file.
    fault: usize,
    /// When, unless it waits for an event.
    at: Option<Millis>,
    asks: &'a CreatePartitions,
}

/// How many partitions a topic has so far, and where that stands.
struct Size {
    partitions: u16,
    since: Option<Millis>,
    path: JsonPath,
}

pub(super) fn check(check: &mut Check<'_>) {
    let scenario = check.scenario;
    let mut growths: Vec<Growth<'_>> = scenario.faults.iter().enumerate().filter_map(growth).collect();
    // In order of time; those at one time strike in the file's order. When one upon an event does, nobody knows yet.
    growths.sort_by_key(|growth| growth.at);
    let mut in_all: u64 = scenario.topics.iter().map(|topic| u64::from(topic.partitions)).sum();
    for (index, topic) in scenario.topics.iter().enumerate() {
        let path = at!["topics", index, "partitions"];
        let mut size = Size { partitions: topic.partitions, since: None, path };
        let mut most = topic.partitions;
        for growth in growths.iter().filter(|growth| growth.asks.create_partitions == topic.name) {
            if !only_more(check, growth, &size) {
                continue;
            }
            noticed(check, growth);
            most = most.max(growth.asks.count);
            // Those upon events come first in the order, and are measured by the file alone.
            if growth.at.is_some() && growth.asks.count > size.partitions {
                let path = at!["faults", growth.fault, "do", "count"];
                size = Size { partitions: growth.asks.count, since: growth.at, path };
            }
        }
        in_all += u64::from(most - topic.partitions);
    }
    if in_all > PARTITIONS_MAX && !growths.is_empty() {
        let message = format!("there would come to be {in_all} partitions in all");
        let problem = Problem::new(at!["faults"], message);
        check.report(problem.allowed(format!("at most {PARTITIONS_MAX} partitions")));
    }
}

fn growth((index, fault): (usize, &Fault)) -> Option<Growth<'_>> {
    let Action::CreatePartitions(asks) = &fault.action else { return None };
    let at = fault.when.at_ms.filter(|_| fault.when.event.is_none());
    Some(Growth { fault: index, at, asks })
}

/// False if the growth is none. Source: 0.11.0.2 `AdminUtils.addPartitions`; the error's name is that of 1.0
/// `AdminManager.createPartitions`.
fn only_more(check: &mut Check<'_>, growth: &Growth<'_>, size: &Size) -> bool {
    let (topic, wanted) = (&growth.asks.create_partitions, growth.asks.count);
    if wanted > size.partitions {
        return true;
    }
    let has = count(size.partitions, "partition");
    let since = size.since.map_or_else(String::new, |at| format!(" from {at} ms on"));
    let message = format!(
        "{topic} has {has}{since} and is to have {wanted}; partitions can be added, never removed (Kafka answers \
         INVALID_PARTITIONS)"
    );
    let problem = Problem::new(at!["faults", growth.fault, "do", "count"], message);
    let problem = match size.partitions {
        COUNT_MAX.. => problem.allowed("nothing: a topic has no more partitions than that"),
        fewer => problem.allowed(format!("{} to {COUNT_MAX}", fewer + 1)),
    };
    check.report(problem.because(size.path.clone(), has));
    false
}

/// A group notices new partitions when its members' metadata is refreshed, and a run comes right only then.
fn noticed(check: &mut Check<'_>, growth: &Growth<'_>) {
    let scenario = check.scenario;
    let topic = &growth.asks.create_partitions;
    // One upon an event may come as late as the heal.
    let duration = Millis::whole(scenario.duration_ms);
    let at = growth.at.unwrap_or(duration);
    let end = duration.plus(Millis::whole(scenario.liveness_ms));
    for (index, group) in scenario.groups.iter().enumerate().filter(|(_, it)| it.topics.contains(topic)) {
        let age = group.config.metadata_max_age_ms;
        // A start beyond the run is a problem of its own.
        if at > duration || at.plus(Millis::whole(age)) < end {
            continue;
        }
        let message = format!(
            "`{}` may not notice the new partitions of {topic} before the run ends at {end} ms: its metadata.max.age.ms \
             is {age}",
            group.name
        );
        let setting = at!["groups", index, "config", "metadata.max.age.ms"];
        let problem = Problem::new(at!["faults", growth.fault, "do", "create_partitions"], message);
        let problem = problem.allowed(format!("{setting} below {}, or a larger liveness_ms", end.less(at)));
        check.report(problem.because(setting, "how long it may take to notice"));
    }
}

#[cfg(test)]
#[path = "growth_test.rs"]
mod growth_test;
