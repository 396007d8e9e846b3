//! Faults that come by chance.

use super::super::errors::{Part, Problem};
use super::super::format::RandomFault;
use super::super::path::at;
use super::Check;

pub(super) fn check(check: &mut Check<'_>) {
    let Some(random) = &check.scenario.random_faults else { return };
    let weights = at!["random_faults", "weights"];
    if random.weights.values().all(|&weight| weight == 0) {
        let problem = Problem::new(weights.clone(), "random_faults.weights gives no kind a weight");
        check.report(problem.allowed("at least one weight above 0"));
    }
    for (&kind, _) in random.weights.iter().filter(|&(_, &weight)| weight > 0) {
        if let Some(why) = impossible(check, kind) {
            let name = name(kind);
            let path = weights.key(&name);
            let message = format!("random faults of the kind `{name}` cannot happen: {why}");
            check.report(Problem::new(path, message).part(Part::Key).allowed("0, or nothing"));
        }
    }
}

/// Why a kind finds no target in this scenario.
fn impossible(check: &Check<'_>, kind: RandomFault) -> Option<&'static str> {
    match kind {
        RandomFault::Cut | RandomFault::Degrade if check.scenario.cluster.brokers < 2 => {
            Some("there is one broker, and so no link between two")
        }
        RandomFault::Lag if check.scenario.topics.iter().all(|topic| topic.replication < 2) => {
            Some("no topic has a second replica, and so nobody follows")
        }
        RandomFault::DropAck if check.scenario.producers.is_empty() => Some("there is no producer to answer"),
        RandomFault::CrashClient | RandomFault::PauseClient if check.lookup.clients().is_empty() => {
            Some("there is no producer and no member")
        }
        RandomFault::CrashProcess
        | RandomFault::CrashPower
        | RandomFault::Shutdown
        | RandomFault::Pause
        | RandomFault::Isolate
        | RandomFault::Cut
        | RandomFault::Degrade
        | RandomFault::Lag
        | RandomFault::DropAck
        | RandomFault::ElectPreferred
        | RandomFault::CrashClient
        | RandomFault::PauseClient => None,
    }
}

/// As it stands in the file.
fn name(kind: RandomFault) -> String {
    serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}
