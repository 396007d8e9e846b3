//! Which behaviours a sweep met, and how likely the next seed shows one more.
//!
//! The chance that the next run behaves as none before is about the share of behaviours that were met once: n₁ of N runs
//! (Good, Biometrika 40, 1953, after Turing).
//!
//! Up to 4 096 behaviours are counted one by one. Of more, only those are kept whose hash ends in a zero, then in two, and so
//! on, and the sums are multiplied by what that leaves out (Wegman's adaptive sampling; Flajolet, Computing 43, 1990). Which
//! are kept depends on all that were met and on no order, so sweeps may be split and joined.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use crate::confidence::Millionths;

/// How many are kept.
const KEPT_MAX: usize = 4096;

/// The behaviours of any number of runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Behaviours {
    /// Behaviours are kept whose hash ends in so many zeros.
    zeros: u32,
    /// How many runs each kept behaviour had.
    kept: BTreeMap<u64, u64>,
    runs: u64,
}

/// What is reported of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BehavioursReport {
    /// How many different ones there were; about, if they were sampled.
    pub distinct: u64,
    /// How many of them came on one seed only.
    pub on_one_seed: u64,
    /// How likely the next seed shows one that was not met yet; null without runs.
    pub next_is_new: Option<Millionths>,
    /// One of so many was counted, and the numbers multiplied by it; 1: every one.
    pub sampled_one_of: u64,
}

impl Behaviours {
    /// Adds one run.
    pub(crate) fn add(&mut self, behaviour: u64) {
        self.runs += 1;
        self.count(behaviour, 1);
    }

    /// Adds those of other runs.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.runs += other.runs;
        self.raise_to(self.zeros.max(other.zeros));
        for (&behaviour, &runs) in &other.kept {
            self.count(behaviour, runs);
        }
    }

    fn count(&mut self, behaviour: u64, runs: u64) {
        if behaviour.trailing_zeros() < self.zeros {
            return;
        }
        *self.kept.entry(behaviour).or_default() += runs;
        while self.kept.len() > KEPT_MAX && self.zeros < u64::BITS {
            self.raise_to(self.zeros + 1);
        }
    }

    fn raise_to(&mut self, zeros: u32) {
        if zeros > self.zeros {
            self.zeros = zeros;
            self.kept.retain(|behaviour, _| behaviour.trailing_zeros() >= zeros);
        }
    }

    /// What is reported of them.
    pub fn report(&self) -> BehavioursReport {
        let sampled_one_of = 1_u64.checked_shl(self.zeros).unwrap_or(u64::MAX);
        let about = |kept: usize| (kept as u64).saturating_mul(sampled_one_of).min(self.runs);
        let on_one_seed = about(self.kept.values().filter(|&&runs| runs == 1).count());
        BehavioursReport {
            distinct: about(self.kept.len()),
            on_one_seed,
            next_is_new: Millionths::of(on_one_seed, self.runs),
            sampled_one_of,
        }
    }
}

/// As a report has them, for reports; the parts themselves are derived, for shards.
pub(super) fn reported<S: Serializer>(behaviours: &Behaviours, serializer: S) -> Result<S::Ok, S::Error> {
    behaviours.report().serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Well-mixed numbers, as hashes are.
    fn hash(number: u64) -> u64 {
        xxhash_rust::xxh3::xxh3_64(&number.to_le_bytes())
    }

    fn met(behaviours: impl IntoIterator<Item = u64>) -> Behaviours {
        let mut sum = Behaviours::default();
        behaviours.into_iter().for_each(|behaviour| sum.add(hash(behaviour)));
        sum
    }

    #[test]
    fn behaviours_that_came_once_say_how_likely_a_new_one_is() {
        let report = met([1, 1, 2, 3, 3, 3, 4, 1, 1, 1]).report();
        assert_eq!((report.distinct, report.on_one_seed, report.sampled_one_of), (4, 2, 1));
        assert_eq!(report.next_is_new, Some(Millionths(200_000)));
        assert_eq!(Behaviours::default().report().next_is_new, None);
    }

    #[test]
    fn many_behaviours_are_sampled_and_take_no_more_memory() {
        let report = met((0..200_000).chain(0..100_000)).report();
        assert!(met(0..200_000).kept.len() <= KEPT_MAX);
        assert!(report.sampled_one_of > 1);
        assert!((190_000..210_000).contains(&report.distinct), "{report:?}");
        assert!((90_000..110_000).contains(&report.on_one_seed), "{report:?}");
    }

    #[test]
    fn sampled_or_not_behaviours_may_be_split_and_joined_in_any_order() {
        for count in [100, 50_000] {
            let all = met((0..count).chain(0..count / 3));
            for parts in [2, 3, 16] {
                let mut joined = Behaviours::default();
                for part in (0..parts).rev() {
                    let mine = |number: &u64| number % parts == part;
                    joined.merge(&met((0..count).filter(mine).chain((0..count / 3).filter(mine))));
                }
                assert_eq!(joined, all);
            }
        }
    }
}
