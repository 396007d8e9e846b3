//! The face for machines: JSON, indented, with a fixed order of keys.

use serde::Serialize;

use crate::outcome::{Outcome, Unexpected};
use crate::report::RunReport;
use crate::sweep::SweepReport;

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
    #[derive(Serialize)]
    struct Face<'a> {
        outcome: Outcome,
        /// What no single seed can tell.
        unexpected: Vec<Unexpected>,
        #[serde(flatten)]
        report: &'a SweepReport,
    }
    let face = Face { outcome: report.outcome(), unexpected: report.unexpected(), report };
    serde_json::to_string_pretty(&face)
}
