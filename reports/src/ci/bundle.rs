//! A bundle that was played again as a suite of one case: the violation is still there.

use super::suite::Failed;
use super::{About, Case, State, Suite};
use crate::outcome::Outcome;
use crate::render::quoted;
use crate::replay::{ReplayReport, Standing, text};
use crate::report::Fingerprint;

/// A bundle, whatever became of it.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a> {
    /// The scenario's name.
    pub scenario: &'a str,
    /// Its protocol.
    pub protocol: &'a str,
    /// The bundle as it was named.
    pub file: &'a str,
    /// The seed.
    pub seed: u64,
    /// `K=V` as given with `--set`.
    pub overrides: &'a [String],
}

impl Recorded<'_> {
    /// What became of it; as expected or not, as the exit code has it.
    pub fn suite(&self, report: &ReplayReport, expected: bool) -> Suite {
        let kind = if report.standing() == Standing::Gone { "violation_gone" } else { "run_differs" };
        let line = text::line(report, self.file);
        let message = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let failed = (!expected).then_some((kind, message));
        self.one_case(text::word(report), report.now.fingerprint, failed)
    }

    /// It could not be played again.
    pub fn not_played(&self, why: &str) -> Suite {
        let failed = Some(("not_replayed", format!("{}: it could not be played again: {why}", self.file)));
        self.one_case("NOT REPLAYED", Fingerprint::default(), failed)
    }

    fn one_case(
        &self,
        words: &'static str,
        fingerprint: Fingerprint,
        failed: Option<(&'static str, String)>,
    ) -> Suite {
        let again = failed.as_ref().map(|_| format!("again: highwater replay {}", quoted(self.file)));
        let expected = failed.is_none();
        let state = failed.map_or(State::Passed, |(kind, message)| {
            let again = again.clone().unwrap_or_default();
            State::Failed(Failed { kind, message, details: Vec::new(), again })
        });
        Suite {
            scenario: format!("bundle of {}", self.scenario),
            file: self.file.to_owned(),
            protocol: self.protocol.to_owned(),
            seeds: format!("seed {}", self.seed),
            overrides: self.overrides.to_vec(),
            outcome: if expected { Outcome::AsExpected } else { Outcome::Broken },
            words,
            as_expected: (u64::from(expected), 1),
            fingerprint,
            cases: vec![Case { about: About::Recorded, state }],
            again,
        }
    }
}
