//! What the schema cannot say: that names mean something, that numbers agree with one another, and that faults
//! can happen. A file a subject.

mod anchors;
mod clients;
mod cluster;
mod expect;
mod faults;
mod groups;
mod growth;
mod members;
mod museum;
mod overlap;
mod random;
mod switches;
mod targets;
mod topics;
mod transactions;

use super::errors::Problem;
use super::format::Scenario;
use super::lookup::Lookup;

/// Everything that is wrong with a scenario that has the right shape.
pub fn validate(scenario: &Scenario) -> Vec<Problem> {
    let mut check = checked(scenario);
    overlap::check(&mut check);
    check.problems
}

/// The same without faults that strike what another still holds: by chance that happens.
pub(crate) fn all_but_overlaps(scenario: &Scenario) -> Vec<Problem> {
    checked(scenario).problems
}

fn checked(scenario: &Scenario) -> Check<'_> {
    let mut check = Check { scenario, lookup: Lookup::new(scenario), problems: Vec::new() };
    switches::check(&mut check);
    cluster::check(&mut check);
    topics::check(&mut check);
    clients::check(&mut check);
    transactions::check(&mut check);
    groups::check(&mut check);
    faults::check(&mut check);
    growth::check(&mut check);
    members::check(&mut check);
    random::check(&mut check);
    expect::check(&mut check);
    museum::check(&mut check);
    check
}

/// A scenario under inspection.
struct Check<'a> {
    scenario: &'a Scenario,
    lookup: Lookup<'a>,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}
