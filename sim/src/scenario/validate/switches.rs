//! Switches of the protocol that contradict one another.

use highwater_model::protocol::{Contradiction, Protocol, Switch};

use super::super::errors::Problem;
use super::super::path::{JsonPath, at};
use super::Check;

/// A preset never contradicts itself, so that at least one of the two was set by the scenario.
pub(super) fn check(check: &mut Check<'_>) {
    let (preset, switches) = (check.scenario.protocol, check.scenario.switches);
    let protocol = preset.protocol().with(switches);
    let set = serde_json::to_value(switches).unwrap_or_default();
    let is_set = |switch: Switch| set.get(switch.name()).is_some();
    for Contradiction { switch, needs, value, reason } in protocol.contradictions() {
        let place = |switch: Switch| -> JsonPath {
            if is_set(switch) { at!["switches", switch.name()] } else { at!["protocol"] }
        };
        let (at, other) = if is_set(switch) { (switch, needs) } else { (needs, switch) };
        let message = format!(
            "{} with {} never made sense: {reason}",
            words(&protocol, switch),
            words(&protocol, needs)
        );
        let problem = Problem::new(place(at), message).allowed(format!(
            "`{}` {value} beside it, or another `{}`",
            needs.name(),
            switch.name()
        ));
        let why = if is_set(other) { "the other switch" } else { preset.name() };
        check.report(problem.because(place(other), why));
    }
}

/// `switches.controller zookeeper`
fn words(protocol: &Protocol, switch: Switch) -> String {
    format!("switches.{} {}", switch.name(), protocol.value(switch))
}

#[cfg(test)]
#[path = "switches_test.rs"]
mod switches_test;
