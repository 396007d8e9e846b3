//! What clients know of a run, as files for other judges: see [`highwater_reports::history_file`].

use highwater_reports::history_file::header::Header;
use highwater_reports::history_file::{Recorder, edn, jsonl};
use highwater_reports::panel::PanelSetup;
use highwater_reports::report::RunReport;

use crate::prepared::Prepared;

/// Whoever is to be shown every step of a run, by [`crate::trace::Trace`].
pub fn recorder(prepared: &Prepared) -> Recorder {
    Recorder::new(prepared.plan.config.brokers)
}

/// All that its clients know, as JSON lines.
pub fn json_lines(prepared: &Prepared, report: &RunReport, heard: &Recorder) -> String {
    let header = Header::new(&setup(prepared, report));
    jsonl::file(&header, heard.ops(), &report.end, &prepared.plan.names)
        .expect("a history's keys are strings")
}

/// The same for `jepsen.tests.kafka`.
pub fn edn(prepared: &Prepared, report: &RunReport, heard: &Recorder) -> String {
    edn::file(&setup(prepared, report), heard.ops(), &prepared.plan.names)
}

fn setup(prepared: &Prepared, report: &RunReport) -> PanelSetup {
    PanelSetup { seed: report.seed, ..prepared.panel.clone() }
}
