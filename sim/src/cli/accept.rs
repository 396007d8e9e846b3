//! `highwater accept`: keeps reports as those that later ones are held against.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use highwater_reports::difference::{Difference, text};
use serde_json::Value;

use super::{Exit, output, reports};
use crate::files_out;

/// Keeps JSON reports of `highwater run` in a directory under their own names, and tells what changed from those that were kept
/// before. `highwater diff` holds later reports against them.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct AcceptArguments {
    /// What was printed, with --format json
    #[arg(required = true, value_name = "REPORT.json")]
    reports: Vec<PathBuf>,
    /// The directory to keep them in. It is made if it is not there
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  highwater run scenarios --seeds 0..1000 --format json > pinned.json
  highwater accept pinned.json --into accepted
  highwater diff accepted/pinned.json pinned.json

Exit codes:
    0  all were kept
    2  misuse, a file that is no report, not whole or of another version, or one not written
  101  a defect of Highwater itself";

/// A report that is to be kept.
struct Accepted {
    text: String,
    target: PathBuf,
    /// `steady_state is broken`: what did not go as expected.
    failed: Vec<String>,
    /// From what was kept before; none if nothing was.
    difference: Option<Difference>,
}

/// Does what `highwater accept` says.
///
/// # Errors
/// The result could not be written.
pub(super) fn accept(arguments: &AcceptArguments) -> io::Result<Exit> {
    let accepted: Vec<Result<Accepted, String>> =
        arguments.reports.iter().map(|report| Accepted::read(report, &arguments.into)).collect();
    let mut errors: Vec<String> = accepted.iter().filter_map(|it| it.as_ref().err().cloned()).collect();
    let accepted: Vec<Accepted> = accepted.into_iter().flatten().collect();
    let mut targets = BTreeSet::new();
    for twice in accepted.iter().filter(|it| !targets.insert(&it.target)) {
        errors.push(format!("two reports would be kept as {}; name one otherwise", twice.target.display()));
    }
    if !errors.is_empty() {
        errors.iter().for_each(|error| output::note(&format!("highwater: {error}; nothing was accepted")));
        return Ok(Exit::MISUSED);
    }
    for report in accepted {
        let shown = report.target.display();
        let made = fs::create_dir_all(&arguments.into);
        if let Err(error) = made.and_then(|()| files_out::whole(&report.target, &report.text)) {
            output::note(&format!("highwater: {shown} could not be written: {error}"));
            return Ok(Exit::MISUSED);
        }
        output::result(&match &report.difference {
            Some(difference) => format!("{}\naccepted as {shown}", text::difference(difference)),
            None => format!("accepted as {shown}, which was not there"),
        })?;
        if !report.failed.is_empty() {
            let failed = report.failed.join(", ");
            output::note(&format!(
                "highwater: what was accepted as {shown} did not go as expected: {failed}"
            ));
        }
    }
    Ok(Exit::SUCCESS)
}

impl Accepted {
    fn read(report: &Path, into: &Path) -> Result<Self, String> {
        let name = report.display();
        let text =
            fs::read_to_string(report).map_err(|error| format!("{name} could not be read: {error}"))?;
        let now = reports::parse(&text).map_err(|error| format!("{name} {error}"))?;
        let short: Vec<String> = reports::cut_short(&now).collect();
        if !short.is_empty() {
            return Err(format!(
                "{name} does not have all seeds: {}; play them to their end, or only those that were played, and accept that",
                short.join("; ")
            ));
        }
        let target = into.join(report.file_name().ok_or_else(|| format!("{name} is no file"))?);
        let failed = now.iter().filter_map(failed).collect();
        if !target.exists() {
            return Ok(Self { text, target, failed, difference: None });
        }
        if fs::canonicalize(report).ok() == fs::canonicalize(&target).ok() {
            return Err(format!("{name} is itself what was accepted"));
        }
        let before = reports::read(&target).map_err(|error| {
            format!("what was accepted before cannot be compared: {error}; remove it first")
        })?;
        Ok(Self { text, target, failed, difference: Some(Difference::new(&before, &now)) })
    }
}

/// `steady_state is broken`; none where all went as expected.
fn failed(report: &Value) -> Option<String> {
    let outcome = report["outcome"].as_str().filter(|outcome| *outcome != "as_expected")?;
    Some(format!("{} is {}", report["scenario"].as_str().unwrap_or_default(), outcome.replace('_', " ")))
}
