//! `--history FILE`: what clients know of a run, written down beside its report.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use highwater_reports::history_file::Recorder;

use crate::files_out;
use crate::history;
use crate::prepared::Prepared;
use crate::trace::{Seen, Trace};
use highwater_reports::report::RunReport;

/// Which face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    JsonLines,
    Edn,
}

/// Where to, and in which form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    path: PathBuf,
    face: Face,
}

impl Target {
    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Reads a file's name. Its ending says the form.
///
/// # Errors
/// What is wrong, and what would be right.
pub(super) fn parse(text: &str) -> Result<Target, String> {
    let path = PathBuf::from(text);
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let face = match ending.to_ascii_lowercase().as_str() {
        "jsonl" | "json" => Face::JsonLines,
        "edn" => Face::Edn,
        _ => {
            return Err(format!(
                "'{text}' does not say which form it is to have; let it end in .jsonl (or .json) for JSON lines, or in .edn for jepsen.tests.kafka"
            ));
        }
    };
    Ok(Target { path, face })
}

/// What one run's clients know, while it goes on.
#[derive(Clone)]
pub(super) struct Kept(Arc<Mutex<Recorder>>);

impl Kept {
    /// Nothing has happened yet.
    pub(super) fn new(prepared: &Prepared) -> Self {
        Self(Arc::new(Mutex::new(history::recorder(prepared))))
    }

    /// Whoever is to be shown every step.
    pub(super) fn ear(&self) -> impl Trace + use<> {
        let recorder = Arc::clone(&self.0);
        move |seen: Seen<'_>| {
            if let Ok(mut recorder) = recorder.lock() {
                recorder.take(seen.step, seen.input, seen.events, seen.sends);
            }
        }
    }

    /// Writes the file beside its place and moves it there, so that it is never half written.
    ///
    /// # Errors
    /// Which file could not be written, and why.
    pub(super) fn write(
        &self,
        target: &Target,
        prepared: &Prepared,
        report: &RunReport,
    ) -> Result<(), String> {
        let recorder = self.0.lock().map(|recorder| recorder.clone()).unwrap_or_default();
        let text = match target.face {
            Face::JsonLines => history::json_lines(prepared, report, &recorder),
            Face::Edn => history::edn(prepared, report, &recorder),
        };
        files_out::whole(&target.path, &text).map_err(|error| {
            format!("highwater: the history could not be written to {}: {error}", target.path.display())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_the_form() {
        assert_eq!(parse("a/b.jsonl").map(|it| it.face), Ok(Face::JsonLines));
        assert_eq!(parse("b.json").map(|it| it.face), Ok(Face::JsonLines));
        assert_eq!(parse("b.EDN").map(|it| it.face), Ok(Face::Edn));
        for text in ["b", "b.txt", "edn", ".edn", "-"] {
            assert!(parse(text).unwrap_err().contains(".jsonl"), "{text}");
        }
    }
}
