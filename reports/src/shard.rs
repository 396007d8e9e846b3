//! A sweep in parts: what a part's file says besides its report, and how the parts become the whole again.
//!
//! A part is a range of the sweep's seeds. Its file is its report as JSON, with two keys more: `shard` says which part of
//! what it is, and `partial` holds what a report does not show and the whole cannot do without: histograms, behaviours
//! and groups of failures that are beyond what is shown. Joined parts make the very report that one machine would have made.

mod join;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::expect::Expect;
use crate::latency::Latencies;
use crate::property::Property;
use crate::render::json;
use crate::report::Fingerprint;
use crate::sweep::SweepReport;
use crate::sweep::behaviours::Behaviours;
use crate::sweep::failures::Failures;

pub use self::join::{JoinError, join};

/// Which part of which sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Its number, from 1 on.
    pub number: u64,
    /// Of how many.
    pub of: u64,
    /// Its own seeds, the last not included.
    pub seeds: Range<u64>,
    /// The seeds of the whole sweep.
    pub sweep: Range<u64>,
    /// The scenario file as it was named, for the commands that play a failure again.
    pub file: String,
    /// A hash of the scenario with all overrides.
    pub scenario: Fingerprint,
    /// The version of Highwater that played it.
    pub highwater: String,
}

/// A part with its report.
#[derive(Clone, Debug, PartialEq)]
pub struct ShardReport {
    /// Which part.
    pub shard: Shard,
    /// What came of it.
    pub report: SweepReport,
}

/// What a report does not show.
#[derive(Serialize, Deserialize)]
struct Partial {
    behaviours: Behaviours,
    failures: Failures,
    ack_latency: Vec<(u64, u64)>,
    ack_latency_by_topic: BTreeMap<String, Vec<(u64, u64)>>,
    violated_only_on_offsets: BTreeMap<Property, u64>,
    first_seeds: BTreeMap<Property, u64>,
    expect: Expect,
}

/// The seeds of the `number`th of so many parts: in a row, and each as many as the others, give or take one.
pub fn part(sweep: &Range<u64>, number: u64, of: u64) -> Range<u64> {
    let count = u128::from(sweep.end - sweep.start);
    let begin = |number: u64| sweep.start + (count * u128::from(number) / u128::from(of)) as u64;
    begin(number - 1)..begin(number)
}

impl ShardReport {
    /// The part's file.
    ///
    /// # Errors
    ///
    /// None that a report can cause: all its keys are strings.
    pub fn to_json(&self) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct File<'a> {
            #[serde(flatten)]
            face: json::SweepFace<'a>,
            shard: &'a Shard,
            partial: Partial,
        }
        let face = json::SweepFace::new(&self.report);
        serde_json::to_string_pretty(&File { face, shard: &self.shard, partial: Partial::of(&self.report) })
    }

    /// Reads a part's file.
    ///
    /// # Errors
    ///
    /// What is missing in it or does not fit.
    pub fn from_json(value: &Value) -> serde_json::Result<Self> {
        let key = |name: &str| value.get(name).unwrap_or(&Value::Null);
        let shard = Shard::deserialize(key("shard"))?;
        let mut report = SweepReport::deserialize(value)?;
        Partial::deserialize(key("partial"))?.put_into(&mut report);
        Ok(Self { shard, report })
    }
}

impl Partial {
    fn of(report: &SweepReport) -> Self {
        let by_topic = report.latencies_by_topic.iter();
        let only_on_offsets =
            report.properties.iter().filter(|(_, sweep)| sweep.violated_only_on_offsets > 0);
        Self {
            behaviours: report.behaviours.clone(),
            failures: report.failures.clone(),
            ack_latency: report.latencies.counted(),
            ack_latency_by_topic: by_topic.map(|(topic, each)| (topic.clone(), each.counted())).collect(),
            violated_only_on_offsets: only_on_offsets
                .map(|(&property, sweep)| (property, sweep.violated_only_on_offsets))
                .collect(),
            first_seeds: report
                .properties
                .iter()
                .filter_map(|(&property, sweep)| Some((property, sweep.first_seed?)))
                .collect(),
            expect: (*report.expect).clone(),
        }
    }

    fn put_into(self, report: &mut SweepReport) {
        report.behaviours = self.behaviours;
        report.failures = self.failures;
        report.latencies = Latencies::of_counted(&self.ack_latency);
        let by_topic = self.ack_latency_by_topic.into_iter();
        report.latencies_by_topic =
            by_topic.map(|(topic, counted)| (topic, Latencies::of_counted(&counted))).collect();
        for (property, seeds) in self.violated_only_on_offsets {
            if let Some(sweep) = report.properties.get_mut(&property) {
                sweep.violated_only_on_offsets = seeds;
            }
        }
        for (property, seed) in self.first_seeds {
            if let Some(sweep) = report.properties.get_mut(&property) {
                sweep.first_seed = Some(seed);
            }
        }
        report.expect = Arc::new(self.expect);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_in_a_row_and_leave_nothing_out() {
        for (sweep, of) in [(0..1_000, 16), (7..10, 16), (5..6, 1), (0..u64::MAX, 3)] {
            let parts: Vec<_> = (1..=of).map(|number| part(&sweep, number, of)).collect();
            assert_eq!((parts[0].start, parts[parts.len() - 1].end), (sweep.start, sweep.end));
            assert!(parts.windows(2).all(|two| two[0].end == two[1].start), "{parts:?}");
        }
        assert_eq!(part(&(0..1_000), 3, 16), 125..187);
    }
}
