//! Why a run broke what it broke: it is played a second time, and written down.
//!
//! The judged run pays nothing for it, and a run in which nothing broke is not played again.

use std::sync::{Arc, Mutex, PoisonError};

use highwater_reports::causes::{Story, chain};
use highwater_reports::report::RunReport;

use crate::prepared::Prepared;
use crate::run::{RunOptions, run_bare};
use crate::trace::Seen;

/// Finds the causes of what broke first in the run that this report is of, and puts them into it.
pub fn explain(prepared: &Arc<Prepared>, report: &mut RunReport) {
    let Some(finding) = &report.first_broken else { return };
    let story = Arc::new(Mutex::new(Story::about(finding.partition)));
    let written = Arc::clone(&story);
    let write = move |seen: Seen<'_>| {
        written.lock().unwrap_or_else(PoisonError::into_inner).hear(seen.step, seen.events);
    };
    let again = run_bare(prepared, report.seed, RunOptions { judges: false, trace: Some(Box::new(write)), ..RunOptions::default() });
    assert_eq!(again.fingerprint, report.fingerprint, "a seed makes the same run each time");
    let story = story.lock().unwrap_or_else(PoisonError::into_inner);
    report.causes = chain(report, &story, &prepared.plan.names);
}
