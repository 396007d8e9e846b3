//! Why a run broke what it broke: it is played a second time, and written down.
//!
//! The judged run pays nothing for it, and a run in which nothing broke is not played again.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use highwater_reports::causes::{Story, chain};
use highwater_reports::end::RunEnd;
use highwater_reports::report::RunReport;

use crate::prepared::Prepared;
use crate::run::{RunOptions, run_bare};
use crate::trace::Seen;

/// Finds the causes of what broke first in the run that this report is of, and puts them into it.
pub fn explain(prepared: &Arc<Prepared>, report: &mut RunReport) {
    explain_until(prepared, report, &Arc::default());
}

/// As [`explain`], unless `stop` is set before they are found: nobody knows where a run that was given up would stop again.
pub fn explain_until(prepared: &Arc<Prepared>, report: &mut RunReport, stop: &Arc<AtomicBool>) {
    let Some(finding) = &report.first_broken else { return };
    let story = Arc::new(Mutex::new(Story::about(finding.partition)));
    let written = Arc::clone(&story);
    let write = move |seen: Seen<'_>| {
        written.lock().unwrap_or_else(PoisonError::into_inner).hear(seen.step, seen.events);
    };
    let options = RunOptions { judges: false, trace: Some(Box::new(write)), stop: Some(Arc::clone(stop)) };
    let again = run_bare(prepared, report.seed, options);
    if [&again.end, &report.end].contains(&&RunEnd::Interrupted) {
        return;
    }
    assert_eq!(again.fingerprint, report.fingerprint, "a seed makes the same run each time");
    let story = story.lock().unwrap_or_else(PoisonError::into_inner);
    report.causes = chain(report, &story, &prepared.plan.names);
}
