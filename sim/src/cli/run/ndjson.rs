//! `--ndjson FILE`: one JSON object a seed, a line each, in ascending order, written as soon as the seeds before it are done.
//!
//! The file is a stream and grows in place, so that others can follow it. What is cut short ends with a whole line.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use highwater_reports::counts::Counts;
use highwater_reports::latency::Millis;
use highwater_reports::outcome::Outcome;
use highwater_reports::property::Property;
use highwater_reports::report::{Fingerprint, RunReport};
use highwater_reports::swarm::Drawn;
use highwater_reports::sweep::failures::signature;
use highwater_reports::verdict::Verdict;
use serde::Serialize;

use crate::files_out::Stream;

/// The file, if one was asked for.
pub(super) struct Ndjson {
    path: PathBuf,
    file: Option<Stream>,
    failed: Option<io::Error>,
}

/// A seed.
#[derive(Serialize)]
struct Line<'a> {
    scenario: &'a Arc<str>,
    seed: u64,
    outcome: Outcome,
    /// What broke, promised or not.
    broken: Vec<Property>,
    /// What was promised and broke.
    violated: Vec<Property>,
    /// What failures like this one have in common; null if there is none.
    signature: Option<String>,
    /// Runs with the same number behaved alike.
    behaviour: Fingerprint,
    #[serde(skip_serializing_if = "Option::is_none")]
    swarm: Option<&'a Drawn>,
    steps: u64,
    events: u64,
    messages: u64,
    simulated_ms: Millis,
    fingerprint: Fingerprint,
    counts: &'a Counts,
}

impl Ndjson {
    /// Begins the file anew.
    ///
    /// # Errors
    /// Why it cannot be written, and what to do about it.
    pub(super) fn create(path: Option<&Path>) -> io::Result<Self> {
        let file = path.map(Stream::create).transpose()?;
        Ok(Self { path: path.map(Path::to_owned).unwrap_or_default(), file, failed: None })
    }

    /// Writes a seed's line. Whoever cannot be written to ends the sweep.
    pub(super) fn write(&mut self, run: &RunReport) -> ControlFlow<()> {
        let Some(file) = &mut self.file else { return ControlFlow::Continue(()) };
        let mut line = serde_json::to_vec(&Line::of(run)).expect("a report's keys are strings");
        line.push(b'\n');
        match file.line(&line) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// What went wrong, in words.
    pub(super) fn failure(&self) -> Option<String> {
        let error = self.failed.as_ref()?;
        Some(format!(
            "highwater: {} could not be written: {error}; no further seed was played",
            self.path.display()
        ))
    }
}

impl<'a> Line<'a> {
    fn of(run: &'a RunReport) -> Self {
        let broken = run.properties.iter().filter(|(_, report)| report.broken > 0);
        let violated = run.properties.iter().filter(|(_, report)| report.verdict == Verdict::Violated);
        Self {
            scenario: &run.scenario,
            seed: run.seed,
            outcome: run.outcome,
            broken: broken.map(|(&property, _)| property).collect(),
            violated: violated.map(|(&property, _)| property).collect(),
            signature: signature(run),
            behaviour: Fingerprint(run.behaviour),
            swarm: run.swarm.as_ref(),
            steps: run.steps,
            events: run.events,
            messages: run.messages,
            simulated_ms: run.simulated_ms,
            fingerprint: run.fingerprint,
            counts: &run.counts,
        }
    }
}
