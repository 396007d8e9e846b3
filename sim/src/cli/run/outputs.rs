//! What CI servers are told besides the report: `--junit`, `--annotations`, `--summary`.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use highwater_reports::ci::{About, Suite, github, junit, markdown};

use super::Part;
use crate::cli::output;
use crate::files_out;
use crate::scenario::errors::line_and_column;
use crate::scenario::path::JsonPath;
use crate::scenario::spans;

/// Where GitHub shows what is appended to the file that this names.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// GitHub refuses a summary of more than 1 MiB. What others have appended is not known here, so some of it is left to them.
const SUMMARY_MAX: usize = 900 * 1024;

/// What is written besides the report.
#[derive(Args, Debug)]
pub(super) struct Outputs {
    /// Writes JUnit XML to this file: a suite a scenario, and in it a case a property, an event that must be seen, and how runs end
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Writes an annotation to stderr for each scenario that did not go as expected, as this server reads it
    #[arg(long, value_enum, value_name = "SERVER")]
    annotations: Option<Server>,
    /// Appends the report in Markdown to this file [default: the one that $GITHUB_STEP_SUMMARY names]
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    summary: Option<Option<PathBuf>>,
}

/// Who reads annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Server {
    /// Workflow commands of GitHub Actions.
    Github,
}

impl Outputs {
    /// Whether reports are needed in Markdown.
    pub(super) fn in_markdown(&self) -> bool {
        self.summary.is_some()
    }

    /// What would keep a file from being written, found before anything is played.
    pub(super) fn refused(&self) -> Option<String> {
        let summary = match &self.summary {
            None => None,
            Some(None) if std::env::var_os(SUMMARY).is_none() => {
                return Some(format!(
                    "--summary without a file is for GitHub Actions, where {SUMMARY} names one; write --summary=FILE"
                ));
            }
            Some(_) => self.summary_file(),
        };
        self.junit.iter().chain(&summary).find_map(|path| unwritable(path))
    }

    /// The files that are written, by their options.
    pub(super) fn files(&self) -> impl Iterator<Item = (&'static str, PathBuf)> {
        let junit = self.junit.clone().map(|path| ("--junit", path));
        junit.into_iter().chain(self.summary_file().map(|path| ("--summary", path)))
    }

    fn summary_file(&self) -> Option<PathBuf> {
        let from_server = || std::env::var_os(SUMMARY).filter(|it| *it != OsString::new()).map(PathBuf::from);
        self.summary.as_ref().and_then(|said| said.clone().or_else(from_server))
    }

    /// Writes all that was asked for.
    ///
    /// # Errors
    /// Which file could not be written, and why.
    pub(super) fn write(&self, parts: &[Part]) -> Result<(), String> {
        let suites: Vec<Suite> = parts.iter().map(|part| part.suite.clone()).collect();
        if let Some(Server::Github) = self.annotations {
            output::note_if_any(&github::annotations(&suites, line));
        }
        let failed =
            |path: &Path, error: &io::Error| format!("{} could not be written: {error}", path.display());
        if let Some(path) = &self.junit {
            files_out::whole(path, &junit::junit(&suites)).map_err(|error| failed(path, &error))?;
        }
        if let Some(path) = self.summary_file() {
            append(&path, &summary(parts)).map_err(|error| failed(&path, &error))?;
        }
        Ok(())
    }
}

/// What is surely not writable: a folder, or a file in none.
fn unwritable(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let shown = path.display();
    if path.is_dir() {
        return Some(format!("{shown} could not be written: it is a directory; name a file"));
    }
    let missing = folder.filter(|folder| !folder.is_dir())?;
    Some(format!("{shown} could not be written: there is no directory {}", missing.display()))
}

/// All reports in Markdown.
pub(super) fn markdown(parts: &[Part]) -> String {
    let all: Vec<(&Suite, &str)> = parts.iter().map(|part| (&part.suite, part.markdown.as_str())).collect();
    markdown::all(&all)
}

/// The same, as much as has room; those that failed before the others.
fn summary(parts: &[Part]) -> String {
    let text = markdown(parts);
    if text.len() <= SUMMARY_MAX {
        return text;
    }
    let mut room = SUMMARY_MAX.saturating_sub(markdown::overview(parts.iter().map(|part| &part.suite)).len());
    let kept = parts.iter().map(|Part { suite, markdown, .. }| {
        let fits = suite.again.is_some() && markdown.len() < room;
        room -= if fits { markdown.len() } else { 0 };
        (suite, if fits { markdown.as_str() } else { "" })
    });
    markdown::all(&kept.collect::<Vec<_>>())
        + "\nSome reports are left out: a summary has no room for them.\n"
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
}

/// The line of a scenario's file that says what a case is about: where the file expects it, or else where it expects anything.
fn line(suite: &Suite, about: About) -> usize {
    let Ok(text) = fs::read_to_string(&suite.file) else { return 1 };
    let Ok(document) = spans::parse(&text) else { return 1 };
    let expect = JsonPath::ROOT.key("expect");
    let path = match about {
        // A bundle is one whole.
        About::Recorded => return 1,
        About::End => expect,
        About::Event(event) => expect.key("must_see").key(event.name()),
        About::Property(property) => expect.key("breaks").key(property.name()),
    };
    let place = document.spans.locate(&path);
    place.map_or(1, |(span, _)| line_and_column(&text, span.key.as_ref().unwrap_or(&span.value).start).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_no_directory_is_known_before_anything_is_played() {
        let told = unwritable(Path::new("/nowhere/at/all.xml")).expect("it cannot be written");
        assert_eq!(told, "/nowhere/at/all.xml could not be written: there is no directory /nowhere/at");
        assert!(unwritable(Path::new("/")).is_some_and(|told| told.contains("is a directory")));
        assert_eq!(unwritable(Path::new("results.xml")), None);
    }
}
