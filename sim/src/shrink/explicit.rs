//! Random faults as faults of the scenario: each at the microsecond at which it struck, on whom it struck.
//!
//! A run of what comes of it goes as the run that it was taken from did, step by step; only the faults' numbers and the word
//! `random` differ, and with them the fingerprint. One that found nobody to strike did nothing and is left out. A fault that
//! would have lasted beyond the heal lasts until the heal.

use highwater_model::ids::NodeId;
use highwater_model::machine::Ending;
use highwater_model::names::Names;
use highwater_model::time::{Instant, Micros};
use serde_json::{Map, Value, json};

use super::edit;
use crate::faults::{Act, Decision};
use crate::scenario::format::Millis;
use crate::scenario::target::Target;

/// The scenario with the random faults that a run decided on in place of chance.
pub(super) fn explicit(mut file: Value, decisions: &[Decision], names: &Names, heal: Instant) -> Value {
    let writer = Writer { names, heal };
    let struck = decisions.iter().filter(|decision| decision.random);
    let faults: Vec<Value> = struck.filter_map(|decision| writer.fault(decision)).collect();
    if let Some(file) = file.as_object_mut() {
        file.shift_remove("random_faults");
        if let Some(all) = file.entry("faults").or_insert_with(|| json!([])).as_array_mut() {
            all.extend(faults);
        }
    }
    file
}

/// The same with every fault at a set time but the first told from when that one strikes, to the microsecond: for a file may not
/// say that a fault at a set time strikes what an earlier one holds, which chance may do.
pub(super) fn told_from_the_first(mut file: Value) -> Value {
    let times = edit::list(&file, "faults").iter().enumerate();
    let mut times: Vec<(u64, usize)> = times
        .filter(|(_, fault)| fault["when"].get("at_ms").is_some())
        .map(|(place, fault)| (edit::micros(&fault["when"]["at_ms"]), place))
        .collect();
    times.sort_unstable();
    if let Some((&(first, _), others)) = times.split_first() {
        for &(at, place) in others {
            file["faults"][place]["when"] =
                json!({ "event": "fault_struck", "delay_ms": edit::millis(at - first) });
        }
    }
    file
}

struct Writer<'a> {
    names: &'a Names,
    heal: Instant,
}

impl Writer<'_> {
    fn fault(&self, decision: &Decision) -> Option<Value> {
        let mut action = self.action(decision.act.as_ref()?)?;
        let (key, lasts) = span(decision.act.as_ref()?);
        if let Some(lasts) = lasts.filter(|&lasts| decision.at + lasts <= self.heal) {
            action.insert(key.to_owned(), json!(Millis(lasts)));
        }
        let at = Millis(decision.at.since(Instant::START));
        Some(json!({ "when": { "at_ms": at }, "do": action }))
    }

    /// What it did, but for how long. None of what chance never does.
    fn action(&self, act: &Act) -> Option<Map<String, Value>> {
        let action = match act {
            Act::Crash { node, ending: Ending::Power, keeps, .. } => {
                let mut crash = json!({ "crash": self.node(*node), "ending": "power" });
                if let Some(keeps) = keeps {
                    crash["keeps"] = json!(keeps);
                }
                crash
            }
            Act::Crash { node, .. } => json!({ "crash": self.node(*node) }),
            Act::Shutdown { node, controlled: true, .. } => json!({ "shutdown": self.node(*node) }),
            Act::Shutdown { node, .. } => json!({ "shutdown": self.node(*node), "controlled": false }),
            Act::Leave { node } => json!({ "leave": self.node(*node) }),
            Act::Join { node } => json!({ "join": self.node(*node) }),
            Act::Pause { node, .. } => json!({ "pause": self.node(*node) }),
            Act::Cut { links, .. } => self.cut(links)?,
            Act::Degrade { from, to, degraded, .. } => {
                let link = json!({ "from": self.node(*from), "to": self.node(*to) });
                let mut degrade = json!({ "degrade": link });
                if let Some((fastest, slowest)) = degraded.latency {
                    degrade["latency_ms"] = json!([Millis(fastest), Millis(slowest)]);
                }
                let shares = [
                    ("loss", degraded.loss),
                    ("duplicate", degraded.duplicate),
                    ("reorder", degraded.reorder),
                ];
                for (key, share) in shares.map(|(key, share)| (key, share.in_decimals())) {
                    if share > 0.0 {
                        degrade[key] = json!(share);
                    }
                }
                degrade
            }
            Act::Lag { broker, delay, .. } => {
                let mut lag = json!({ "lag": self.node((*broker).into()) });
                if let Some(delay) = delay {
                    lag["delay_ms"] = json!(delay.as_millis());
                }
                lag
            }
            Act::Drop(rule) => {
                let mut drop = json!({ "drop": rule.kind });
                for (key, end) in [("from", rule.from), ("to", rule.to)] {
                    if let Some(end) = end {
                        drop[key] = json!(self.node(end));
                    }
                }
                if rule.left != 1 {
                    drop["count"] = json!(rule.left);
                }
                drop
            }
            Act::ElectPreferred(partition) => json!({ "elect_preferred": self.names.partition(*partition) }),
            Act::CreatePartitions { topic, count } => {
                json!({ "create_partitions": self.names.topic(*topic), "count": count })
            }
        };
        action.as_object().cloned()
    }

    /// One direction, or one node away from all others.
    fn cut(&self, links: &[(NodeId, NodeId)]) -> Option<Value> {
        let &(from, to) = links.first()?;
        Some(match links.len() {
            1 => json!({ "cut": { "from": self.node(from), "to": self.node(to) } }),
            _ => json!({ "partition": [[self.node(from)], ["rest"]] }),
        })
    }

    fn node(&self, node: NodeId) -> Target {
        match node.as_broker(self.names.brokers) {
            Some(broker) => Target::Broker(broker.0),
            None if node == NodeId::CONTROLLER => Target::Controller,
            None => Target::Client(self.names.node(node).to_owned()),
        }
    }
}

/// The key under which it is said how long an act lasts, and how long.
fn span(act: &Act) -> (&'static str, Option<Micros>) {
    match act {
        Act::Crash { restart_after, .. } | Act::Shutdown { restart_after, .. } => {
            ("restart_after_ms", *restart_after)
        }
        Act::Pause { lasts, .. }
        | Act::Cut { lasts, .. }
        | Act::Degrade { lasts, .. }
        | Act::Lag { lasts, .. } => ("for_ms", *lasts),
        Act::Leave { .. }
        | Act::Join { .. }
        | Act::Drop(_)
        | Act::ElectPreferred(_)
        | Act::CreatePartitions { .. } => ("for_ms", None),
    }
}

#[cfg(test)]
#[path = "explicit_test.rs"]
mod explicit_test;
