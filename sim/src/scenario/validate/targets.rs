//! Whom a fault may strike.

use highwater_model::event::EventKind;

use super::super::errors::Problem;
use super::super::format::When;
use super::super::path::{JsonPath, at};
use super::super::suggest::count;
use super::super::target::Target;
use super::Check;
use super::anchors::tells;

/// What a target is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A broker that is struck: lag.
    Broker,
    /// A process that ends: crash, shutdown.
    Process,
    /// A group's member that leaves.
    Leaver,
    /// A group's member that comes.
    Joiner,
    /// Any one node that is struck: pause, cut, degrade, drop.
    Node,
    /// A node in a group of a partition, or all the others.
    Group,
    /// The broker of an event, as a filter.
    Filter,
}

/// A target, where it stands, and when its fault strikes.
pub(super) fn check(check: &mut Check<'_>, path: &JsonPath, target: &Target, purpose: Purpose, when: &When) {
    if !fits(target, purpose) {
        let message = format!("{path} is `{target}`, which {}", purpose.asks());
        check.report(Problem::new(path.clone(), message).allowed(purpose.allowed()));
    } else if let (Target::Client(name), Purpose::Leaver | Purpose::Joiner) = (target, purpose) {
        if let Err(miss) = check.lookup.member(name) {
            check.report(miss.at(path.clone()));
        }
    } else if let Err(miss) = check.lookup.target(target) {
        let problem = miss.at(path.clone());
        let brokers = check.scenario.cluster.brokers;
        check.report(if matches!(target, Target::Broker(_)) {
            problem.because(at!["cluster", "brokers"], count(brokers, "broker"))
        } else {
            problem
        });
    } else {
        told_by_the_event(check, path, target, when);
    }
}

fn fits(target: &Target, purpose: Purpose) -> bool {
    let of_a_group = matches!(purpose, Purpose::Leaver | Purpose::Joiner);
    match target {
        Target::Broker(_)
        | Target::Leader(_)
        | Target::Follower { .. }
        | Target::Coordinator(_)
        | Target::TransactionCoordinator(_) => !of_a_group,
        Target::AnyBroker | Target::EventBroker => !of_a_group && purpose != Purpose::Filter,
        Target::Controller => matches!(purpose, Purpose::Node | Purpose::Group),
        Target::EventClient => !matches!(purpose, Purpose::Broker | Purpose::Filter | Purpose::Joiner),
        Target::Client(_) => !matches!(purpose, Purpose::Broker | Purpose::Filter),
        Target::Rest => purpose == Purpose::Group,
    }
}

impl Purpose {
    fn asks(self) -> &'static str {
        match self {
            Self::Broker => "is no broker",
            Self::Process => "is neither a broker nor a client",
            Self::Leaver => "is no member of a group",
            Self::Joiner => "is no member of a group that might not be running",
            Self::Node => "is no single node",
            Self::Group => "is no node",
            Self::Filter => "says nothing about an event's broker",
        }
    }

    fn allowed(self) -> &'static str {
        match self {
            Self::Broker => {
                "1, `broker 1`, `leader of orders-0`, `follower 2 of orders-0`, `coordinator of billing`, `any broker`, \
                 `that broker`"
            }
            Self::Process => {
                "1, `broker 1`, `leader of orders-0`, `follower 2 of orders-0`, `coordinator of billing`, `any broker`, \
                 `that broker`, `that client`, or a client's name"
            }
            Self::Leaver => "a member's name, `billing-0`, or `that client`",
            Self::Joiner => "a member's name, `billing-0`",
            Self::Node => {
                "1, `broker 1`, `controller`, `leader of orders-0`, `follower 2 of orders-0`, \
                 `coordinator of billing`, `any broker`, `that broker`, `that client`, or a client's name"
            }
            Self::Group => Target::ALLOWED,
            Self::Filter => {
                "1, `broker 1`, `leader of orders-0`, `follower 2 of orders-0`, `coordinator of billing`"
            }
        }
    }
}

/// `that broker` and `that client` are those of the event that the fault waited for.
fn told_by_the_event(check: &mut Check<'_>, path: &JsonPath, target: &Target, when: &When) {
    let told: fn(EventKind) -> bool = match target {
        Target::EventBroker => |kind| tells(kind).broker,
        Target::EventClient => |kind| tells(kind).client,
        Target::Broker(_)
        | Target::Controller
        | Target::Leader(_)
        | Target::Follower { .. }
        | Target::Coordinator(_)
        | Target::TransactionCoordinator(_)
        | Target::AnyBroker
        | Target::Rest
        | Target::Client(_) => return,
    };
    let why = match when.event {
        Some(kind) if told(kind) => return,
        Some(kind) => format!("and an event `{}` tells of none", kind.name()),
        None => "and this fault waits for no event".to_owned(),
    };
    let problem = Problem::new(path.clone(), format!("{path} is `{target}`, {why}"));
    check.report(problem.allowed("a target that does not depend on the event"));
}
