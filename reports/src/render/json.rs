//! The face for machines: JSON, indented, with a fixed order of keys.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::confidence::Interval;
use crate::outcome::{Outcome, Unexpected};
use crate::property::Property;
use crate::report::RunReport;
use crate::sweep::{PropertySweep, SweepReport};

/// The report on one seed.
///
/// # Errors
///
/// None that a report can cause: all its keys are strings.
pub fn run(report: &RunReport) -> serde_json::Result<String> {
    serde_json::to_string_pretty(report)
}

/// The report on many seeds, begun with what follows from the sums.
///
/// # Errors
///
/// None that a report can cause: all its keys are strings.
pub fn sweep(report: &SweepReport) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&SweepFace::new(report))
}

/// A report on many seeds as it is written.
#[derive(Serialize)]
pub(crate) struct SweepFace<'a> {
    outcome: Outcome,
    /// What no single seed can tell.
    unexpected: Vec<Unexpected>,
    #[serde(flatten)]
    report: &'a SweepReport,
    /// How often each property breaks, as far as these seeds tell.
    frequencies: BTreeMap<Property, Frequency>,
}

/// How often a property breaks.
#[derive(Serialize)]
struct Frequency {
    /// On so many seeds it broke,
    broken_seeds: u64,
    /// of so many that could be judged.
    of_seeds: u64,
    /// Between these shares the true one lies, with 95 % confidence; null where no seed could be judged.
    interval_95: Option<Interval>,
    /// How many seeds it took until it broke.
    seeds_to_first: Option<u64>,
}

impl<'a> SweepFace<'a> {
    pub(crate) fn new(report: &'a SweepReport) -> Self {
        let frequency = |(&property, sweep): (&Property, &PropertySweep)| {
            let (broken_seeds, of_seeds) = (sweep.broken_seeds, sweep.judged());
            let interval_95 = Interval::new(broken_seeds, of_seeds);
            let seeds_to_first = report.seeds_to_first(property);
            (property, Frequency { broken_seeds, of_seeds, interval_95, seeds_to_first })
        };
        Self {
            outcome: report.outcome(),
            unexpected: report.unexpected(),
            report,
            frequencies: report.properties.iter().map(frequency).collect(),
        }
    }
}
