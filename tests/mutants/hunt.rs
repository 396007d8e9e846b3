//! Plays mutants beside their healthy twins until those are broken that are there for them.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::available_parallelism;

use highwater_reports::end::RunEnd;
use highwater_reports::property::Property;
use highwater_reports::report::RunReport;
use highwater_reports::verdict::Verdict;
use highwater_sim::pool;
use highwater_sim::prepared::Prepared;
use highwater_sim::run::{RunOptions, run_bare};

use super::mutant::{Mutant, Wrong};

/// What became of a mutant.
pub(crate) struct Hunted {
    /// Which.
    pub(crate) mutant: Mutant,
    /// On how many seeds it was played.
    pub(crate) seeds: u64,
    /// Who noticed.
    pub(crate) killed_by: BTreeMap<Property, Kill>,
    /// What a machine said that panicked, the first time. That is not a kill: the judges are to speak.
    pub(crate) panicked: Option<String>,
}

/// A property breaks with a mutant and holds without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kill {
    /// False where these settings never promised it, so that its verdict is `allowed`.
    pub(crate) promised: bool,
    /// The first such seed.
    pub(crate) seed: u64,
}

/// Hunts them all, over all cores.
pub(crate) fn all(mutants: &[&Mutant]) -> Vec<Hunted> {
    let jobs = available_parallelism().map_or(1, NonZeroUsize::get);
    let hunted = pool::each(mutants, jobs, &AtomicBool::new(false), |mutant| Hunted::hunt(mutant));
    hunted.into_iter().map(|hunted| hunted.expect("nothing stops the hunt")).collect()
}

impl Hunted {
    fn hunt(mutant: &Mutant) -> Self {
        let (sick, healthy) = (mutant.sick(), mutant.healthy());
        let mut hunted = Self { mutant: *mutant, seeds: 0, killed_by: BTreeMap::new(), panicked: None };
        while hunted.seeds < mutant.seeds && hunted.missed().is_some() {
            let seed = hunted.seeds;
            hunted.seeds += 1;
            let report = play(mutant, &sick, seed);
            if let RunEnd::Panicked { message } = &report.end {
                hunted.panicked.get_or_insert_with(|| message.clone());
            }
            let broken = broken(&report);
            if !broken.is_empty() {
                hunted.note(seed, &report, &broken, &healthy);
            }
        }
        hunted
    }

    fn note(&mut self, seed: u64, report: &RunReport, broken: &BTreeSet<Property>, healthy: &Arc<Prepared>) {
        let twin = self::broken(&run_bare(healthy, seed, RunOptions::default()));
        for &property in broken.difference(&twin) {
            let promised = report.properties[&property].verdict == Verdict::Violated;
            let kill = self.killed_by.entry(property).or_insert(Kill { promised, seed });
            if promised && !kill.promised {
                *kill = Kill { promised, seed };
            }
        }
    }

    /// Who was there for it and did not notice; none if all did.
    pub(crate) fn missed(&self) -> Option<Vec<&'static str>> {
        let missed = self.mutant.aims.iter().filter(|aim| !self.killed_by.contains_key(aim));
        let missed: Vec<_> = missed.map(|aim| aim.name()).collect();
        (!missed.is_empty() || self.mutant.aims.is_empty()).then_some(missed)
    }
}

fn play(mutant: &Mutant, sick: &Arc<Prepared>, seed: u64) -> RunReport {
    let play = || run_bare(sick, seed, RunOptions::default());
    match mutant.wrong {
        Wrong::Defect(defect) => defect.during(play),
        Wrong::Set(_) => play(),
    }
}

/// All that broke, promised or not.
fn broken(report: &RunReport) -> BTreeSet<Property> {
    let broke = report.properties.iter().filter(|(_, property)| property.broken > 0);
    broke.map(|(&property, _)| property).collect()
}
