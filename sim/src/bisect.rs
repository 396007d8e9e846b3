//! Which switches of the protocol a failure hangs on.
//!
//! The settings and their defaults stay those of the file's version; only switches change, singly, to what they are in another. So
//! the switches that stand for nothing but a default are left alone: they would mend a promise by not making it.

mod sets;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use highwater_model::protocol::{Preset, Protocol, Switch};
use highwater_reports::bisection::{Answer, Bisection, VERSION};
use highwater_reports::museum::Era;
use highwater_reports::property::Property;
use highwater_reports::protocols::{Difference, difference};
use highwater_reports::report::RunReport;
use highwater_reports::verdict::Verdict;
use strum::IntoEnumIterator;

use self::sets::Sets;
use crate::pool;
use crate::prepared::Prepared;
use crate::run::{self, RunOptions};
use crate::scenario::errors::LoadErrors;
use crate::scenario::load::load_str;

/// How many sets are tried before anything is looked at.
const AT_A_TIME: usize = 64;
/// How many sets of the smallest size are told.
const TOLD: usize = 20;
/// What the settings are where a scenario leaves them out.
const DEFAULTS_ONLY: [Switch; 2] = [Switch::UncleanElectionDefault, Switch::IdempotenceDefault];

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The seed that fails.
    pub seed: u64,
    /// The seeds besides on which it is to be mended.
    pub seeds: Range<u64>,
    /// The version whose switches are tried.
    pub to: Preset,
    /// How many sets of switches are tried at most.
    pub tries: u64,
    /// How many threads; at least one is used.
    pub jobs: usize,
    /// What else is set, as `--set` takes it.
    pub set: Vec<String>,
}

/// Looks for the smallest sets of switches that mend a scenario, from its text. None if `stop` was set meanwhile.
///
/// # Errors
/// What is wrong with the scenario.
pub fn bisect(
    file: &str,
    text: &str,
    question: &Question,
    stop: &Arc<AtomicBool>,
) -> Result<Option<Bisection>, LoadErrors> {
    let plan = load_str(file, text, &question.set)?.plan;
    let from = plan.config.protocol;
    let prepared = Arc::new(Prepared::new(plan));
    let report = run::run(&prepared, question.seed, until(stop));
    let broke = failures(&report);
    let to = question.to.protocol();
    let differ =
        |switch: &Switch| !DEFAULTS_ONLY.contains(switch) && from.value(*switch) != to.value(*switch);
    let bench = Bench {
        file,
        text,
        question,
        stop,
        from,
        to,
        differing: Switch::iter().filter(differ).collect(),
        broke,
        tried: AtomicU64::new(0),
        contradictory: AtomicU64::new(0),
    };
    let Some(answer) = bench.answer() else { return Ok(None) };
    Ok(Some(Bisection {
        version: VERSION,
        scenario: prepared.plan.name.clone(),
        overrides: question.set.clone(),
        from: Era::new(&from),
        to: question.to,
        seed: question.seed,
        first_seed: question.seeds.start.min(question.seed),
        last_seed: (question.seeds.end - 1).max(question.seed),
        broke: bench.broke.clone(),
        differing: bench.differing.len(),
        tried: bench.tried.load(Ordering::Relaxed),
        contradictory: bench.contradictory.load(Ordering::Relaxed),
        answer,
    }))
}

/// A run that is given up once `stop` is set. What it says is of no use then, and nobody asks.
fn until(stop: &Arc<AtomicBool>) -> RunOptions {
    RunOptions { stop: Some(Arc::clone(stop)), ..RunOptions::default() }
}

/// The promises that broke, and what the scenario is there to break, promised or not.
fn failures(report: &RunReport) -> Vec<Property> {
    let failed = report.properties.iter().filter(|(property, found)| {
        found.verdict == Verdict::Violated || found.broken > 0 && report.expect.is_to_break(**property)
    });
    failed.map(|(&property, _)| property).collect()
}

/// Those of these that broke, promised or not.
fn broken_of(these: &[Property], report: &RunReport) -> Vec<Property> {
    let broke = |property: &Property| report.properties.get(property).is_some_and(|found| found.broken > 0);
    these.iter().copied().filter(broke).collect()
}

/// What came of a set of switches.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tried {
    /// Nothing of what failed broke.
    Mends,
    /// These broke still, on this seed.
    Breaks(Vec<Property>, u64),
    /// The switches contradict themselves, or the scenario.
    Contradicts,
}

struct Bench<'a> {
    file: &'a str,
    text: &'a str,
    question: &'a Question,
    stop: &'a Arc<AtomicBool>,
    from: Protocol,
    to: Protocol,
    differing: Vec<Switch>,
    broke: Vec<Property>,
    tried: AtomicU64,
    contradictory: AtomicU64,
}

impl Bench<'_> {
    /// None if it was interrupted: what was tried last is not known to the end.
    fn answer(&self) -> Option<Answer> {
        Some(self.sought()).filter(|_| !self.is_stopped())
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn sought(&self) -> Answer {
        if self.broke.is_empty() {
            return Answer::DoesNotFail;
        }
        if self.differing.is_empty() {
            return Answer::SameSwitches;
        }
        if let Tried::Breaks(still, on_seed) = self.try_set(&self.differing) {
            return Answer::FailsAfterwards { still, on_seed };
        }
        let bound = self.without_what_is_not_needed();
        let (mends, smallest, complete) = self.smallest(&bound);
        let breaks_newest = self.breaks_alone();
        let told = |set: Vec<Switch>| set.into_iter().map(|switch| self.difference(switch)).collect();
        Answer::Found { mends: mends.into_iter().map(told).collect(), smallest, complete, breaks_newest }
    }

    fn difference(&self, switch: Switch) -> Difference {
        difference(switch, &self.from, &self.to)
    }

    /// Plays the scenario with these switches as the other version has them: the seed that fails first, then the others.
    fn try_set(&self, set: &[Switch]) -> Tried {
        let mut overrides = self.question.set.clone();
        overrides.extend(
            set.iter().map(|&switch| format!("switches.{}={}", switch.name(), self.to.value(switch))),
        );
        let Ok(loaded) = load_str(self.file, self.text, &overrides) else {
            self.contradictory.fetch_add(1, Ordering::Relaxed);
            return Tried::Contradicts;
        };
        self.tried.fetch_add(1, Ordering::Relaxed);
        let prepared = Arc::new(Prepared::new(loaded.plan));
        let Question { seed, seeds, .. } = self.question;
        for seed in std::iter::once(*seed).chain(seeds.clone().filter(|other| other != seed)) {
            if self.is_stopped() {
                break;
            }
            let report = run::run(&prepared, seed, until(self.stop));
            let still = broken_of(&self.broke, &report);
            if !still.is_empty() {
                return Tried::Breaks(still, seed);
            }
        }
        Tried::Mends
    }

    /// All that differs, less one switch after another that is not needed: a set that mends, though perhaps not the smallest.
    fn without_what_is_not_needed(&self) -> Vec<Switch> {
        let mut set = self.differing.clone();
        for &switch in &self.differing {
            if self.is_stopped() {
                break;
            }
            let without: Vec<Switch> = set.iter().copied().filter(|&other| other != switch).collect();
            if !without.is_empty() && self.try_set(&without) == Tried::Mends {
                set = without;
            }
        }
        set
    }

    /// The sets of the smallest size that mend; whether no smaller one does; and whether all of this size were tried.
    fn smallest(&self, bound: &[Switch]) -> (Vec<Vec<Switch>>, bool, bool) {
        for size in 1..=bound.len() {
            let (mut mends, complete) = self.all_of_size(size);
            if size == bound.len() && !mends.contains(&bound.to_vec()) {
                mends.push(bound.to_vec());
            }
            mends.truncate(TOLD);
            if !mends.is_empty() {
                return (mends, true, complete);
            }
            if !complete {
                return (vec![bound.to_vec()], false, false);
            }
        }
        (vec![bound.to_vec()], true, true)
    }

    /// The sets of this size that mend, in order, and whether all of this size were tried.
    fn all_of_size(&self, size: usize) -> (Vec<Vec<Switch>>, bool) {
        let mut sets = Sets::new(&self.differing, size).peekable();
        let mut mends = Vec::new();
        while sets.peek().is_some() {
            if self.is_stopped() || self.tried.load(Ordering::Relaxed) >= self.question.tries {
                return (mends, false);
            }
            let some: Vec<Vec<Switch>> = sets.by_ref().take(AT_A_TIME).collect();
            let tried = pool::each(&some, self.question.jobs, self.stop, |set| self.try_set(set));
            let found = some.into_iter().zip(tried).filter(|(_, tried)| *tried == Some(Tried::Mends));
            mends.extend(found.map(|(set, _)| set));
        }
        (mends, true)
    }

    /// The switches each of which, left as it was while all others change, lets it break.
    fn breaks_alone(&self) -> Vec<Difference> {
        let alone = |switch: &Switch| {
            let others: Vec<Switch> =
                self.differing.iter().copied().filter(|other| other != switch).collect();
            matches!(self.try_set(&others), Tried::Breaks(..))
        };
        let tried = pool::each(&self.differing, self.question.jobs, self.stop, alone);
        let breaking = self.differing.iter().zip(tried).filter(|(_, breaks)| *breaks == Some(true));
        breaking.map(|(&switch, _)| self.difference(switch)).collect()
    }
}

#[cfg(test)]
#[path = "bisect_test.rs"]
mod bisect_test;
