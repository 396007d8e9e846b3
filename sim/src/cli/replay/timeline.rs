//! The timeline of a seed, and which of its events are shown.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use highwater_model::ids::{NodeId, TopicId, TopicPartition};
use highwater_model::names::Names;
use highwater_model::time::Instant;
use highwater_reports::end::RunEnd;
use highwater_reports::render::timeline::{Filter, Timeline};

use crate::prepared::Prepared;
use crate::run::{RunOptions, run_bare};
use crate::scenario::plan::{Plan, PlannedAction};
use crate::scenario::suggest::{list, nearest};
use crate::trace::Seen;

/// Which events a timeline shows. They combine.
#[derive(Args, Debug)]
pub(super) struct FilterArguments {
    /// Shows nothing before this time, in milliseconds of the simulation
    #[arg(long, value_name = "MS", value_parser = millis, requires = "trace")]
    from: Option<Instant>,
    /// Shows nothing after this time
    #[arg(long, value_name = "MS", value_parser = millis, requires = "trace")]
    until: Option<Instant>,
    /// Shows only what this node does, or what is about it: controller, broker-2, a producer, a member as billing-0
    #[arg(long, value_name = "NODE", requires = "trace")]
    actor: Option<String>,
    /// Shows only what is about this partition, as orders-0, and the faults and lives that any may hang on
    #[arg(long, value_name = "PARTITION", requires = "trace")]
    partition: Option<String>,
}

/// `1204` or `1204.25`.
fn millis(text: &str) -> Result<Instant, String> {
    let millis: f64 =
        text.parse().map_err(|_| format!("'{text}' is no time in milliseconds; write 1204 or 1204.25"))?;
    if !(0.0..=1e15).contains(&millis) {
        return Err(format!("'{text}' is no time of a run; the first step is at 0"));
    }
    Ok(Instant((millis * 1_000.0).round() as u64))
}

impl FilterArguments {
    /// With the run's names looked up.
    fn filter(&self, plan: &Plan) -> Result<Filter, String> {
        let names = &plan.names;
        if let (Some(from), Some(until)) = (self.from, self.until)
            && from > until
        {
            return Err(format!("highwater: --from {from} lies after --until {until}"));
        }
        let actor = self.actor.as_deref().map(|name| node(names, name)).transpose()?;
        let partition =
            self.partition.as_deref().map(|name| partition(&names.topics, &most_partitions(plan), name));
        let partition = partition.transpose()?;
        Ok(Filter { from: self.from, until: self.until, actor, partition })
    }
}

/// `broker-2`, or `broker 2` as scenarios say it.
fn node(names: &Names, name: &str) -> Result<NodeId, String> {
    let dashed = name.replace(' ', "-");
    let place = names.nodes.iter().position(|node| *node == dashed);
    place
        .map(|place| NodeId(place as u16))
        .ok_or_else(|| unknown("--actor", "node", name, &names.nodes, &list(&names.nodes)))
}

/// How many partitions each topic has at most in a run: from the start, or once a fault has given it more.
fn most_partitions(plan: &Plan) -> Vec<u16> {
    let mut most: Vec<u16> = plan.config.topics.iter().map(|topic| topic.assignment.len() as u16).collect();
    for fault in &plan.faults {
        if let PlannedAction::CreatePartitions { topic, count } = fault.action
            && let Some(most) = most.get_mut(usize::from(topic.0))
        {
            *most = count.max(*most);
        }
    }
    most
}

fn partition(topics: &[String], most: &[u16], name: &str) -> Result<TopicPartition, String> {
    let found = name.rsplit_once('-').and_then(|(topic, number)| {
        let topic = topics.iter().position(|known| known == topic)?;
        let partition =
            number.parse().ok().filter(|number| most.get(topic).is_some_and(|most| number < most))?;
        Some(TopicPartition { topic: TopicId(topic as u16), partition })
    });
    let span = |(topic, most): (&String, &u16)| match most {
        0 | 1 => format!("`{topic}-0`"),
        more => format!("`{topic}-0` to `{topic}-{}`", more - 1),
    };
    let known = || topics.iter().zip(most).map(span).collect::<Vec<_>>().join(", ");
    let firsts = || topics.iter().map(|topic| format!("{topic}-0")).collect::<Vec<_>>();
    found.ok_or_else(|| unknown("--partition", "partition", name, &firsts(), &known()))
}

/// An error that tells the nearest name, and all.
fn unknown(option: &str, what: &str, name: &str, names: &[String], known: &str) -> String {
    let near = nearest(name, names.iter().map(String::as_str));
    let near = near.map_or_else(|| ".".to_owned(), |near| format!("; did you mean `{near}`?"));
    format!("highwater: {option}: there is no {what} `{name}`{near} There are {known}")
}

/// A header and a line for each event that passes, and how the run ended.
///
/// # Errors
/// A node or partition that the scenario does not have.
pub(super) fn timeline(
    prepared: &Arc<Prepared>,
    seed: u64,
    arguments: &FilterArguments,
    stop: &Arc<AtomicBool>,
) -> Result<(String, RunEnd), String> {
    let filter = arguments.filter(&prepared.plan)?;
    let lines = Arc::new(Mutex::new(Timeline::new(&prepared.plan.names).header()));
    let (writing, known) = (Arc::clone(&lines), Arc::clone(prepared));
    let write = move |seen: Seen<'_>| {
        let mut lines = writing.lock().unwrap_or_else(PoisonError::into_inner);
        let timeline = Timeline::new(&known.plan.names);
        for event in seen.events.iter().filter(|event| filter.passes(seen.step, event)) {
            timeline.write(seen.step, event, seen.view, &mut lines);
        }
    };
    let stop = Some(Arc::clone(stop));
    let report = run_bare(prepared, seed, RunOptions { judges: false, trace: Some(Box::new(write)), stop });
    let lines = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((lines, report.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let nodes = owned(&["controller", "broker-1", "broker-2", "shop"]);
        Names { topics: owned(&["orders", "web-clicks"]), nodes, ..Names::default() }
    }

    #[test]
    fn nodes_and_partitions_go_by_their_names() {
        assert_eq!(node(&names(), "broker 2"), Ok(NodeId(2)));
        assert_eq!(node(&names(), "shop"), Ok(NodeId(3)));
        let clicks = TopicPartition { topic: TopicId(1), partition: 12 };
        assert_eq!(partition(&names().topics, &[1, 13], "web-clicks-12"), Ok(clicks));
    }

    #[test]
    fn what_is_unknown_is_told_the_nearest_and_all_that_there_are() {
        let told = node(&names(), "brokr-2").unwrap_err();
        assert!(told.contains("did you mean `broker-2`?"), "{told}");
        let told = node(&names(), "zebra").unwrap_err();
        assert!(told.contains("no node `zebra`. There are `controller`"), "{told}");
        let of = |name| partition(&names().topics, &[1, 3], name).unwrap_err();
        assert!(of("order-0").contains("`orders-0`?"));
        assert!(of("web-clicks-3").contains("There are `orders-0`, `web-clicks-0` to `web-clicks-2`"));
    }

    #[test]
    fn times_are_milliseconds_with_or_without_a_fraction() {
        assert_eq!(millis("1204.25"), Ok(Instant(1_204_250)));
        assert!(millis("5s").unwrap_err().contains("1204.25"));
        assert!(millis("-1").unwrap_err().contains("first step"));
    }
}
