//! Faults: when they strike, what they do, and whether that can happen.

use highwater_model::event::EventKind;
use highwater_model::machine::Ending;

use super::super::errors::{Part, Problem};
use super::super::format::{Action, Degrade, Fault, Link, Millis, When};
use super::super::path::{JsonPath, at};
use super::super::target::Target;
use super::Check;
use super::anchors::{Tells, is_after_the_faults, tells};
use super::cluster::latency;
use super::members;
use super::targets::{self, Purpose};

pub(super) fn check(check: &mut Check<'_>) {
    for (index, fault) in check.scenario.faults.iter().enumerate() {
        let path = at!["faults", index];
        when(check, &path.key("when"), &fault.when);
        action(check, &path.key("do"), fault);
    }
}

fn when(check: &mut Check<'_>, path: &JsonPath, when: &When) {
    match (when.at_ms, when.event) {
        (None, None) => {
            let problem = Problem::new(path.clone(), format!("{path} names neither a time nor an event"));
            check.report(problem.allowed("exactly one of `at_ms`, `event`"));
        }
        (Some(_), Some(_)) => {
            let problem = Problem::new(path.key("event"), format!("{path} names both a time and an event"));
            let problem = problem.part(Part::Key).allowed("exactly one of `at_ms`, `event`");
            check.report(problem.because(path.key("at_ms"), "the time"));
        }
        (Some(at), None) => {
            within_the_run(check, path.key("at_ms"), at);
            only_with_an_event(check, path, when);
        }
        (None, Some(kind)) => upon(check, path, when, kind),
    }
}

fn only_with_an_event(check: &mut Check<'_>, path: &JsonPath, when: &When) {
    let keys = [
        ("partition", when.partition.is_some()),
        ("broker", when.broker.is_some()),
        ("client", when.client.is_some()),
        ("group", when.group.is_some()),
        ("after_ms", when.after_ms.is_some()),
        ("occurrence", when.occurrence.is_some()),
        ("delay_ms", when.delay_ms.is_some()),
        ("before", when.before.is_some()),
    ];
    for (key, _) in keys.into_iter().filter(|&(_, given)| given) {
        let message = format!("{path} names a time, and `{key}` only goes with an event");
        let problem = Problem::new(path.key(key), message).part(Part::Key);
        check.report(problem.allowed("`at_ms` alone").because(path.key("at_ms"), "the time"));
    }
}

fn upon(check: &mut Check<'_>, path: &JsonPath, when: &When, kind: EventKind) {
    if is_after_the_faults(kind) {
        let message = format!("`{}` happens only when the faults are over", kind.name());
        check.report(Problem::new(path.key("event"), message).allowed("an event of the fault phase"));
    }
    filters(check, path, when, kind);
    if let Some(after) = when.after_ms {
        within_the_run(check, path.key("after_ms"), Millis::whole(after));
    }
    if let Some(delay) = when.delay_ms {
        let path = path.key("delay_ms");
        if delay > check.scenario.duration_ms as f64 {
            beyond(check, path.clone(), &delay.to_string());
        }
        if when.before.is_some() {
            let message =
                "a fault cannot strike both before the event's messages leave and later than the event";
            let problem = Problem::new(path.clone(), message).part(Part::Key);
            let before = path.parent().unwrap_or_default().key("before");
            check.report(problem.allowed("`before` or `delay_ms`").because(before, "before they leave"));
        }
    }
}

fn filters(check: &mut Check<'_>, path: &JsonPath, when: &When, kind: EventKind) {
    let Tells { partition, broker, client, group } = tells(kind);
    let told = [
        ("partition", when.partition.is_some() && !partition),
        ("broker", when.broker.is_some() && !broker),
        ("client", when.client.is_some() && !client),
        ("group", when.group.is_some() && !group),
    ];
    for (key, _) in told.into_iter().filter(|&(_, amiss)| amiss) {
        let message = format!("an event `{}` tells of no {key}, so this would never strike", kind.name());
        let problem = Problem::new(path.key(key), message).part(Part::Key);
        check.report(problem.allowed(what_tells(kind)).because(path.key("event"), "the event"));
    }
    if let Some(name) = &when.partition
        && let Err(miss) = check.lookup.partition(name)
    {
        check.report(miss.at(path.key("partition")));
    }
    if let Some(name) = &when.client
        && let Err(miss) = check.lookup.client(name)
    {
        check.report(miss.at(path.key("client")));
    }
    if let Some(name) = &when.group
        && let Err(miss) = check.lookup.group(name)
    {
        check.report(miss.at(path.key("group")));
    }
    if let Some(target) = &when.broker {
        targets::check(check, &path.key("broker"), target, Purpose::Filter, when);
    }
}

/// The filters that an event of this kind can pass.
fn what_tells(kind: EventKind) -> String {
    let Tells { partition, broker, client, group } = tells(kind);
    let filters = [("partition", partition), ("broker", broker), ("client", client), ("group", group)];
    let told = filters.into_iter().filter(|&(_, told)| told).map(|(key, _)| format!("`{key}`"));
    let general = ["`after_ms`", "`occurrence`"].map(ToOwned::to_owned);
    told.chain(general).collect::<Vec<_>>().join(", ")
}

fn within_the_run(check: &mut Check<'_>, path: JsonPath, millis: Millis) {
    if millis > Millis::whole(check.scenario.duration_ms) {
        beyond(check, path, &millis.to_string());
    }
}

fn beyond(check: &mut Check<'_>, path: JsonPath, found: &str) {
    let duration = check.scenario.duration_ms;
    let message = format!("{path} is {found}, beyond the run's {duration} ms");
    let problem = Problem::new(path, message).allowed(format!("0 to {duration}"));
    check.report(problem.because(at!["duration_ms"], "the run's length"));
}

fn action(check: &mut Check<'_>, path: &JsonPath, fault: &Fault) {
    let when = &fault.when;
    let strikes = |check: &mut Check<'_>, key: &str, target: &Target, purpose: Purpose| {
        targets::check(check, &path.key(key), target, purpose, when);
    };
    match &fault.action {
        Action::Crash(crash) => {
            strikes(check, "crash", &crash.crash, Purpose::Process);
            members::keeps_no_disk(check, path, crash);
            members::keeps_of_a_log(check, path, crash);
            if crash.ending == Ending::Clean {
                let problem = Problem::new(path.key("ending"), "a crash is never clean");
                check.report(problem.allowed("`process`, `power`; or the action `shutdown`"));
            }
            lasts(check, path, when, "restart_after_ms", crash.restart_after_ms);
        }
        Action::Shutdown(shutdown) => {
            strikes(check, "shutdown", &shutdown.shutdown, Purpose::Process);
            members::is_no_producer(check, &path.key("shutdown"), &shutdown.shutdown, when);
            members::asks_the_controller(check, path, shutdown);
            lasts(check, path, when, "restart_after_ms", shutdown.restart_after_ms);
            not_before(
                check,
                path,
                when,
                "shutdown",
                "whoever stops in good order sends what it has to send",
            );
        }
        Action::Leave(leave) => {
            strikes(check, "leave", &leave.leave, Purpose::Leaver);
            members::is_no_producer(check, &path.key("leave"), &leave.leave, when);
            not_before(check, path, when, "leave", "a member that leaves sends what it has to send");
        }
        Action::Join(join) => strikes(check, "join", &join.join, Purpose::Joiner),
        Action::Pause(pause) => {
            strikes(check, "pause", &pause.pause, Purpose::Node);
            lasts(check, path, when, "for_ms", pause.for_ms);
        }
        Action::Partition(partition) => {
            groups(check, &path.key("partition"), &partition.partition, when);
            lasts(check, path, when, "for_ms", partition.for_ms);
        }
        Action::Cut(cut) => {
            link(check, &path.key("cut"), &cut.cut, when);
            lasts(check, path, when, "for_ms", cut.for_ms);
        }
        Action::Degrade(degrade) => {
            link(check, &path.key("degrade"), &degrade.degrade, when);
            if let Some(span) = degrade.latency_ms {
                latency(check, &path.key("latency_ms"), span);
            }
            if degrade.loss >= 1.0 {
                let problem =
                    Problem::new(path.key("loss"), "a link that loses every message sends for ever");
                check.report(problem.allowed("less than 1; or the action `cut`"));
            }
            outlasts(check, path, degrade);
            lasts(check, path, when, "for_ms", degrade.for_ms);
        }
        Action::Lag(lag) => {
            strikes(check, "lag", &lag.lag, Purpose::Broker);
            lasts(check, path, when, "for_ms", lag.for_ms);
        }
        Action::Drop(drop) => {
            let ends = [("from", &drop.from), ("to", &drop.to)];
            for (key, target) in ends.into_iter().filter_map(|(key, end)| end.as_ref().map(|end| (key, end)))
            {
                strikes(check, key, target, Purpose::Node);
            }
            if let (Some(from), Some(to)) = (&drop.from, &drop.to) {
                two_ends(check, path, from, to);
            }
        }
        Action::ElectPreferred(elect) => {
            let path = path.key("elect_preferred");
            if let Err(miss) = check.lookup.partition(&elect.elect_preferred) {
                check.report(miss.at(path.clone()));
            }
            let parent = path.parent().unwrap_or_default();
            not_before(check, &parent, when, "elect_preferred", "an election takes messages of its own");
        }
        Action::CreatePartitions(create) => {
            if let Err(miss) = check.lookup.topic(&create.create_partitions) {
                check.report(miss.at(path.key("create_partitions")));
            }
            not_before(
                check,
                path,
                when,
                "create_partitions",
                "brokers hear of new partitions by messages of their own",
            );
        }
    }
}

fn not_before(check: &mut Check<'_>, path: &JsonPath, when: &When, verb: &str, why: &str) {
    if when.before.is_some() {
        let before = path.parent().unwrap_or_default().key("when").key("before");
        let problem = Problem::new(before, format!("`{verb}` cannot strike before messages leave: {why}"));
        check.report(problem.part(Part::Key).allowed("no `before`").because(path.key(verb), "the action"));
    }
}

/// A timed fault ends within the run, or with it. When one upon an event begins, nobody knows yet.
fn lasts(check: &mut Check<'_>, path: &JsonPath, when: &When, key: &str, span: Option<Millis>) {
    let duration = Millis::whole(check.scenario.duration_ms);
    let (Some(span), Some(at)) = (span, when.at_ms) else { return };
    // A start beyond the run is a problem of its own.
    if at <= duration && at.plus(span) > duration {
        let path = path.key(key);
        let message = format!("{path} is {span}: begun at {at}, it ends beyond the run's {duration} ms");
        let allowed =
            format!("at most {}; or leave it out: the heal at {duration} ms ends it", duration.less(at));
        let problem = Problem::new(path, message).allowed(allowed);
        check.report(problem.because(at!["duration_ms"], "the run's length"));
    }
}

fn link(check: &mut Check<'_>, path: &JsonPath, link: &Link, when: &When) {
    targets::check(check, &path.key("from"), &link.from, Purpose::Node, when);
    targets::check(check, &path.key("to"), &link.to, Purpose::Node, when);
    two_ends(check, path, &link.from, &link.to);
}

fn two_ends(check: &mut Check<'_>, path: &JsonPath, from: &Target, to: &Target) {
    if from == to && *from != Target::AnyBroker {
        let problem = Problem::new(path.key("to"), format!("{path} leads from `{from}` to itself"));
        check.report(problem.allowed("another node").because(path.key("from"), "the sender"));
    }
}

/// At least two groups; no target in two places.
fn groups(check: &mut Check<'_>, path: &JsonPath, groups: &[Vec<Target>], when: &When) {
    let mut seen: Vec<(&Target, JsonPath)> = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        for (place, target) in group.iter().enumerate() {
            let path = path.index(number).index(place);
            targets::check(check, &path, target, Purpose::Group, when);
            if let Some((_, first)) = seen.iter().find(|(other, _)| *other == target) {
                let problem = Problem::new(path, format!("`{target}` stands in a partition twice"));
                check.report(problem.allowed("each node in one group").because(first.clone(), "first here"));
            } else {
                seen.push((target, path));
            }
        }
    }
}

/// A message that left on a degraded link takes its time even after the heal, and later ones queue behind it: it must arrive
/// while the cluster may still converge.
fn outlasts(check: &mut Check<'_>, path: &JsonPath, degrade: &Degrade) {
    /// What six losses in a row cost, the most that the wire lets happen: 200 ms, doubling.
    const LOSSES_MS: f64 = 12_600.0;
    let latency = degrade.latency_ms.unwrap_or(check.scenario.network.latency_ms)[1];
    let slowest = latency + if degrade.loss > 0.0 { LOSSES_MS } else { 0.0 };
    let liveness = check.scenario.liveness_ms;
    if slowest > liveness as f64 {
        let message = format!(
            "a message on this link may take {slowest} ms, longer than the {liveness} ms that the cluster has to \
             converge after the heal"
        );
        let problem = Problem::new(path.key("degrade"), message)
            .allowed("less latency or loss; or a longer liveness_ms");
        check.report(problem);
    }
}
