//! Runs in which a promise broke or that did not go as expected, by what they have in common.
//!
//! Memory does not grow with seeds: of all signatures those 1 024 are kept whose hashes are the smallest. Whoever is among
//! them at the end was among them from its first run on, in every part of a split sweep; so what is kept is counted exactly,
//! and the rest is told as what is missing from the sum.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use xxhash_rust::xxh3::xxh3_64;

use crate::outcome::{Outcome, Unexpected};
use crate::report::{Evidence, RunReport};
use crate::signature::Signature;
use crate::verdict::Verdict;

/// How many signatures are kept.
const KEPT_MAX: usize = 1024;

/// How many a report shows.
pub const SHOWN_MAX: usize = 64;

/// All failures of a sweep, in groups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// In the order of their hashes.
    #[serde(with = "in_a_row")]
    kept: BTreeMap<(u64, String), Group>,
    seeds: u64,
}

/// The failures of one signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// What they have in common.
    pub signature: String,
    /// On how many seeds.
    pub seeds: u64,
    /// On how many of them the run did not go as expected. On the others what broke was meant to.
    pub unexpected: u64,
    /// The smallest of the seeds.
    pub first_seed: u64,
    /// What was seen first on that seed, if a property broke.
    pub evidence: Option<Evidence>,
}

/// What is reported of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailuresReport<'a> {
    /// On how many seeds a promise broke or something was not as expected.
    pub seeds: u64,
    /// By signature, the most frequent first; at most [`SHOWN_MAX`].
    pub groups: Vec<&'a Group>,
    /// How many of the seeds are in none of these groups.
    pub others: u64,
}

/// What a run's failure is grouped by; none if all promises held and all went as expected.
pub fn signature(run: &RunReport) -> Option<String> {
    if run.outcome == Outcome::AsExpected && first_violated(run).is_none() {
        return None;
    }
    Some(run.signature.as_ref().map_or_else(|| by_what_was_unexpected(run), ToString::to_string))
}

fn by_what_was_unexpected(run: &RunReport) -> String {
    run.unexpected.first().map_or_else(String::new, |unexpected| match unexpected {
        // The place, not the words, in which numbers of the run may stand.
        Unexpected::Panicked { message } => {
            format!("panicked at {}", message.split(": ").next().unwrap_or_default())
        }
        Unexpected::PromiseBroken { property, .. } => property.name().to_owned(),
        Unexpected::BreakMissing { property, .. } => format!("{} did not break", property.name()),
        Unexpected::EventMissing { event } => format!("{} never came", event.name()),
        Unexpected::EventTooRare { event, .. } => format!("{} came too rarely", event.name()),
        Unexpected::Stalled { .. } => "stalled".to_owned(),
        Unexpected::EventsExhausted => "more steps than events_max".to_owned(),
        Unexpected::MemoryExhausted { .. } => "more memory than memory_max_bytes".to_owned(),
        Unexpected::Interrupted => "interrupted".to_owned(),
    })
}

/// What was seen first of what the signature is about.
pub(crate) fn evidence(run: &RunReport) -> Option<&Evidence> {
    let about = |signature: &Signature| run.properties.get(&signature.property)?.evidence.first();
    run.signature.as_ref().and_then(about).or_else(|| first_violated(run).map(|(_, evidence)| evidence))
}

/// Of those that were promised and broke, the one that broke at the earliest step.
fn first_violated(run: &RunReport) -> Option<(&'static str, &Evidence)> {
    let violated = run.properties.iter().filter(|(_, report)| report.verdict == Verdict::Violated);
    let first = violated.filter_map(|(property, report)| Some((property.name(), report.evidence.first()?)));
    first.min_by_key(|(_, evidence)| evidence.step)
}

impl Failures {
    /// Adds a run, if it failed.
    pub(super) fn add(&mut self, run: &RunReport) {
        let Some(signature) = signature(run) else { return };
        self.seeds += 1;
        self.count(Group {
            signature,
            seeds: 1,
            unexpected: u64::from(run.outcome != Outcome::AsExpected),
            first_seed: run.seed,
            evidence: evidence(run).cloned(),
        });
    }

    /// Adds those of other runs.
    pub(super) fn merge(&mut self, other: Self) {
        self.seeds += other.seeds;
        other.kept.into_values().for_each(|group| self.count(group));
    }

    fn count(&mut self, group: Group) {
        let key = (xxh3_64(group.signature.as_bytes()), group.signature.clone());
        match self.kept.get_mut(&key) {
            Some(mine) => mine.merge(group),
            None => {
                self.kept.insert(key, group);
                if self.kept.len() > KEPT_MAX {
                    self.kept.pop_last();
                }
            }
        }
    }

    /// What is reported of them.
    pub fn report(&self) -> FailuresReport<'_> {
        let mut groups = Vec::from_iter(self.kept.values());
        groups.sort_by_key(|group| (std::cmp::Reverse(group.seeds), group.first_seed, &group.signature));
        groups.truncate(SHOWN_MAX);
        let shown: u64 = groups.iter().map(|group| group.seeds).sum();
        FailuresReport { seeds: self.seeds, groups, others: self.seeds - shown }
    }
}

impl Group {
    fn merge(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.unexpected += other.unexpected;
        if other.first_seed < self.first_seed {
            self.first_seed = other.first_seed;
            self.evidence = other.evidence;
        }
    }
}

/// As a report has them, for reports; the parts themselves are derived, for shards.
pub(super) fn reported<S: Serializer>(failures: &Failures, serializer: S) -> Result<S::Ok, S::Error> {
    failures.report().serialize(serializer)
}

/// A list of groups, which know their keys themselves.
mod in_a_row {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};
    use xxhash_rust::xxh3::xxh3_64;

    use super::Group;

    pub(super) fn serialize<S: Serializer>(
        kept: &BTreeMap<(u64, String), Group>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(kept.values())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<(u64, String), Group>, D::Error> {
        let key = |group: &Group| (xxh3_64(group.signature.as_bytes()), group.signature.clone());
        let groups = Vec::<Group>::deserialize(deserializer)?;
        Ok(groups.into_iter().map(|group| (key(&group), group)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(number: u64, seed: u64) -> Group {
        Group { signature: format!("s{number}"), seeds: 1, unexpected: 1, first_seed: seed, evidence: None }
    }

    fn counted(seeds: impl IntoIterator<Item = u64>) -> Failures {
        let mut failures = Failures::default();
        for seed in seeds {
            failures.seeds += 1;
            // Small numbers come often.
            failures.count(group((seed * seed) % 3_001, seed));
        }
        failures
    }

    #[test]
    fn more_signatures_than_are_kept_are_split_and_joined_all_the_same() {
        let all = counted(0..20_000);
        assert_eq!(all.kept.len(), KEPT_MAX);
        let mut joined = Failures::default();
        for part in [2, 0, 1] {
            joined.merge(counted((0..20_000).filter(|seed| seed % 3 == part)));
        }
        assert_eq!(joined, all);
        let report = all.report();
        assert_eq!(report.groups.len(), SHOWN_MAX);
        assert_eq!(report.groups.iter().map(|group| group.seeds).sum::<u64>() + report.others, 20_000);
    }

    #[test]
    fn the_most_frequent_come_first_each_with_its_smallest_seed() {
        let mut failures = Failures::default();
        for (number, seed) in [(1, 9), (2, 8), (2, 4), (3, 1)] {
            failures.seeds += 1;
            failures.count(group(number, seed));
        }
        let report = failures.report();
        let told: Vec<_> = report.groups.iter().map(|it| (it.signature.as_str(), it.first_seed)).collect();
        assert_eq!(told, [("s2", 4), ("s3", 1), ("s1", 9)]);
    }
}
