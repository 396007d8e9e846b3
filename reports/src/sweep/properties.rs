//! What became of one property on many seeds.

use serde::{Deserialize, Serialize};

use super::least;
use crate::property::Judge;
use crate::report::{Evidence, PropertyReport};
use crate::verdict::Verdict;

/// On how many seeds a property had which verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertySweep {
    /// Who judged it.
    pub judge: Judge,
    /// Seeds on which it held.
    pub held: u64,
    /// Seeds on which it was promised and broke.
    pub violated: u64,
    /// Those on which the promise broke on `__consumer_offsets` and on nothing else.
    #[serde(skip)]
    pub violated_only_on_offsets: u64,
    /// Seeds on which it broke without a promise.
    pub allowed: u64,
    /// Seeds on which nothing could have broken it.
    pub not_exercised: u64,
    /// Seeds that could not be judged.
    pub unknown: u64,
    /// Seeds on which it broke, whatever the verdict.
    pub broken_seeds: u64,
    /// How often something happened that could have broken it, in all.
    pub looked: u64,
    /// How often it broke, in all.
    pub broken: u64,
    /// The smallest seed on which it was promised and broke, and its first evidence there; where there is none, the smallest on
    /// which it broke.
    pub first_broken: Option<Broken>,
    /// The smallest seed on which it broke, whatever the verdict.
    #[serde(skip)]
    pub first_seed: Option<u64>,
}

/// A break and its seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// On which seed.
    pub seed: u64,
    /// What was seen first.
    pub evidence: Option<Evidence>,
}

impl PropertySweep {
    /// How many seeds could be judged.
    pub fn judged(&self) -> u64 {
        self.held + self.violated + self.allowed + self.not_exercised
    }

    pub(super) fn new(judge: Judge) -> Self {
        Self {
            judge,
            held: 0,
            violated: 0,
            violated_only_on_offsets: 0,
            allowed: 0,
            not_exercised: 0,
            unknown: 0,
            broken_seeds: 0,
            looked: 0,
            broken: 0,
            first_broken: None,
            first_seed: None,
        }
    }

    pub(super) fn add(&mut self, seed: u64, report: PropertyReport) {
        if report.broken > 0 {
            self.broken_seeds += 1;
            let broken = Broken { seed, evidence: report.evidence.into_iter().next() };
            self.broke_first(Some(broken), Some(seed), report.verdict == Verdict::Violated);
        }
        let verdicts = match report.verdict {
            Verdict::Held => &mut self.held,
            Verdict::Violated => &mut self.violated,
            Verdict::Allowed => &mut self.allowed,
            Verdict::NotExercised => &mut self.not_exercised,
            Verdict::Unknown => &mut self.unknown,
        };
        *verdicts += 1;
        self.violated_only_on_offsets += u64::from(report.only_on_offsets);
        self.looked += report.looked;
        self.broken += report.broken;
    }

    /// Keeps the first of what is known and of what another seed or sweep has, before its verdicts are added: a violated one
    /// comes before any that was allowed.
    fn broke_first(&mut self, other: Option<Broken>, other_seed: Option<u64>, other_violated: bool) {
        let mine = self.first_broken.take();
        self.first_broken = match (self.violated > 0, other_violated) {
            (true, false) => mine,
            (false, true) => other,
            (true, true) | (false, false) => least(mine, other, |broken| broken.seed),
        };
        self.first_seed = least(self.first_seed, other_seed, |seed| *seed);
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.broke_first(other.first_broken, other.first_seed, other.violated > 0);
        self.held += other.held;
        self.violated += other.violated;
        self.violated_only_on_offsets += other.violated_only_on_offsets;
        self.allowed += other.allowed;
        self.not_exercised += other.not_exercised;
        self.unknown += other.unknown;
        self.broken_seeds += other.broken_seeds;
        self.looked += other.looked;
        self.broken += other.broken;
    }
}
