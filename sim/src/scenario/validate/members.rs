//! Faults that strike clients: what a client has no disk for, and who can leave or join a group.

use highwater_model::machine::Ending;

use super::super::errors::{Part, Problem};
use super::super::format::{Action, Crash, Fault, GroupSpec, RandomFault, Shutdown, When};
use super::super::path::{JsonPath, at};
use super::super::target::Target;
use super::Check;
use super::anchors::tells;

/// Whoever is to join is not running by then.
pub(super) fn check(check: &mut Check<'_>) {
    for (index, fault) in check.scenario.faults.iter().enumerate() {
        let Action::Join(join) = &fault.action else { continue };
        let Target::Client(name) = &join.join else { continue };
        // A member of no group is a problem of its own.
        let Some(group) = runs_from_the_start(check, name) else { continue };
        if !may_be_down(check, name, &fault.when) {
            let message = format!("`{name}` runs from the start, and nothing stops it before it is to join");
            let problem = Problem::new(at!["faults", index, "do", "join"], message);
            let group_path = at!["groups", group, "members"];
            check.report(
                problem
                    .allowed(later_ones(&check.scenario.groups[group]))
                    .because(group_path, "from the start"),
            );
        }
    }
}

/// The group, by its place, of a member that runs from the start.
fn runs_from_the_start(check: &Check<'_>, name: &str) -> Option<usize> {
    let (group, number) = name.rsplit_once('-')?;
    let place = check.scenario.groups.iter().position(|spec| spec.name == group)?;
    let number: u16 = number.parse().ok()?;
    (number < check.scenario.groups[place].members).then_some(place)
}

fn later_ones(group: &GroupSpec) -> String {
    let first = group.members;
    let others = "a member that a fault stopped before";
    match group.joining {
        0 => format!("{others}; or add `joining` to the group, for `{}-{first}`", group.name),
        1 => format!("`{}-{first}`, or {others}", group.name),
        more => format!("`{0}-{first}` to `{0}-{1}`, or {others}", group.name, first + more - 1),
    }
}

/// Whether a fault may have ended the member's life before this moment.
fn may_be_down(check: &Check<'_>, name: &str, when: &When) -> bool {
    let random = check.scenario.random_faults.as_ref();
    let by_chance = random.is_some_and(|random| {
        random.weights.get(&RandomFault::CrashClient).is_some_and(|&weight| weight > 0)
    });
    let earlier = |fault: &Fault| match (fault.when.at_ms, when.at_ms) {
        (Some(stops), Some(joins)) => stops <= joins,
        _ => true,
    };
    let ends_it = |fault: &Fault| match ended(&fault.action) {
        Some(Target::Client(ended)) => ended == name,
        Some(Target::EventClient) => true,
        Some(_) | None => false,
    };
    by_chance || check.scenario.faults.iter().any(|fault| ends_it(fault) && earlier(fault))
}

/// Whose life an action ends.
fn ended(action: &Action) -> Option<&Target> {
    match action {
        Action::Crash(crash) => Some(&crash.crash),
        Action::Shutdown(shutdown) => Some(&shutdown.shutdown),
        Action::Leave(leave) => Some(&leave.leave),
        Action::Join(_)
        | Action::Pause(_)
        | Action::Partition(_)
        | Action::Cut(_)
        | Action::Degrade(_)
        | Action::Lag(_)
        | Action::Drop(_)
        | Action::ElectPreferred(_)
        | Action::CreatePartitions(_) => None,
    }
}

/// The power of a client may fail, but that is nothing else than the end of its process.
pub(super) fn keeps_no_disk(check: &mut Check<'_>, path: &JsonPath, crash: &Crash) {
    let is_client = matches!(crash.crash, Target::Client(_) | Target::EventClient);
    if is_client && crash.ending == Ending::Power {
        let message =
            format!("`{}` is a client and has no disk that could lose anything with the power", crash.crash);
        let problem = Problem::new(path.key("ending"), message).allowed("`process`, or no ending at all");
        check.report(problem.because(path.key("crash"), "a client"));
    }
}

/// Only a broker's log keeps something of what was not flushed, and only a failure of the power takes it.
pub(super) fn keeps_of_a_log(check: &mut Check<'_>, path: &JsonPath, crash: &Crash) {
    if crash.keeps.is_some() && crash.ending != Ending::Power {
        let message = format!("`{}` loses nothing of its log, for only its process dies", crash.crash);
        let problem = Problem::new(path.key("keeps"), message).part(Part::Key);
        check.report(
            problem.allowed("no `keeps`; or `ending` `power`").because(path.key("crash"), "who dies"),
        );
    }
}

/// Only brokers ask the controller before they stop.
pub(super) fn asks_the_controller(check: &mut Check<'_>, path: &JsonPath, shutdown: &Shutdown) {
    let is_client = matches!(shutdown.shutdown, Target::Client(_) | Target::EventClient);
    if is_client && !shutdown.controlled {
        let message =
            format!("`{}` is a client, which never asks the controller before it stops", shutdown.shutdown);
        let problem =
            Problem::new(path.key("controlled"), message).part(Part::Key).allowed("no `controlled`");
        check.report(problem.because(path.key("shutdown"), "a client"));
    }
}

/// Brokers and members can be asked to stop. A producer cannot: nobody calls its `close`.
pub(super) fn is_no_producer(check: &mut Check<'_>, path: &JsonPath, target: &Target, when: &When) {
    let allowed = "a member of a group; or the action `crash`";
    match target {
        Target::Client(name) if check.scenario.producers.iter().any(|producer| producer.name == *name) => {
            let message = format!("`{name}` is a producer, which cannot be asked to stop");
            // That it is no member has been told already.
            let leaves = path.0.last() == Some(&"leave".into());
            if !leaves {
                check.report(Problem::new(path.clone(), message).allowed(allowed));
            }
        }
        Target::EventClient => {
            if let Some(kind) = when.event.filter(|&kind| tells(kind).client && !tells(kind).group) {
                let message = format!(
                    "`{target}` may be a producer, which cannot be asked to stop: an event `{}` tells of no group",
                    kind.name()
                );
                check.report(Problem::new(path.clone(), message).allowed(allowed));
            }
        }
        Target::Client(_)
        | Target::Broker(_)
        | Target::Controller
        | Target::Leader(_)
        | Target::Follower { .. }
        | Target::Coordinator(_)
        | Target::TransactionCoordinator(_)
        | Target::AnyBroker
        | Target::EventBroker
        | Target::Rest => {}
    }
}

#[cfg(test)]
#[path = "members_test.rs"]
mod members_test;
