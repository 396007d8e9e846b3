//! Timed faults that strike what an earlier one still holds: nobody crashes twice without living in between.

use super::super::errors::Problem;
use super::super::format::{Action, Link, Millis};
use super::super::path::{JsonPath, at};
use super::super::target::Target;
use super::Check;

/// What a fault takes hold of. Roles are left out: who has them is known only when the fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Hold {
    /// A node, which cannot be down twice.
    Node(Target),
    /// A link that is cut.
    Cut(Target, Target),
    /// A link that is degraded.
    Degraded(Target, Target),
    /// A broker's fetches.
    Fetches(Target),
    /// The same groups.
    Groups(Vec<Vec<Target>>),
}

/// A fault from its start to its end, in milliseconds.
struct Span {
    hold: Hold,
    verb: &'static str,
    from: Millis,
    to: Millis,
    path: JsonPath,
}

pub(super) fn check(check: &mut Check<'_>) {
    let duration = Millis::whole(check.scenario.duration_ms);
    let mut spans: Vec<Span> = Vec::new();
    for (index, fault) in check.scenario.faults.iter().enumerate() {
        if let (Some(from), None) = (fault.when.at_ms, fault.when.event)
            && let Some((hold, verb, lasts)) = hold(&fault.action)
        {
            let to = lasts.map_or(duration, |lasts| from.plus(lasts));
            spans.push(Span { hold, verb, from, to, path: at!["faults", index, "do", verb] });
        }
    }
    // In order of time, so that the one who comes too early is named.
    spans.sort_by_key(|span| span.from);
    for (place, span) in spans.iter().enumerate() {
        if let Some(first) =
            spans[..place].iter().find(|first| first.hold == span.hold && span.from < first.to)
        {
            let Span { from: begun, to: ended, verb, .. } = first;
            let message = format!(
                "this `{}` at {} ms strikes what the `{verb}` from {begun} to {ended} ms still holds",
                span.verb, span.from
            );
            let problem = Problem::new(span.path.clone(), message).allowed(format!("{ended} ms or later"));
            check.report(problem.because(first.path.clone(), format!("holds until {ended} ms")));
        }
    }
}

/// What an action takes hold of, its verb, and for how long; `None` until the heal.
fn hold(action: &Action) -> Option<(Hold, &'static str, Option<Millis>)> {
    let link = |link: &Link| named(&link.from).zip(named(&link.to));
    Some(match action {
        Action::Crash(crash) => (Hold::Node(named(&crash.crash)?), "crash", crash.restart_after_ms),
        Action::Shutdown(down) => (Hold::Node(named(&down.shutdown)?), "shutdown", down.restart_after_ms),
        Action::Pause(pause) => (Hold::Node(named(&pause.pause)?), "pause", pause.for_ms),
        Action::Partition(split) => (Hold::Groups(split.partition.clone()), "partition", split.for_ms),
        Action::Cut(cut) => {
            let (from, to) = link(&cut.cut)?;
            (Hold::Cut(from, to), "cut", cut.for_ms)
        }
        Action::Degrade(degrade) => {
            let (from, to) = link(&degrade.degrade)?;
            (Hold::Degraded(from, to), "degrade", degrade.for_ms)
        }
        Action::Lag(lag) => (Hold::Fetches(named(&lag.lag)?), "lag", lag.for_ms),
        // When a member has left, and for how long it stays, is known only in the run.
        Action::Leave(_)
        | Action::Join(_)
        | Action::Drop(_)
        | Action::ElectPreferred(_)
        | Action::CreatePartitions(_) => return None,
    })
}

fn named(target: &Target) -> Option<Target> {
    match target {
        Target::Broker(_) | Target::Controller | Target::Client(_) => Some(target.clone()),
        Target::Leader(_)
        | Target::Follower { .. }
        | Target::Coordinator(_)
        | Target::TransactionCoordinator(_)
        | Target::AnyBroker
        | Target::EventBroker
        | Target::EventClient
        | Target::Rest => None,
    }
}
