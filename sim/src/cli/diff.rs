//! `highwater diff`: what changed between two reports.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use highwater_reports::difference::{Class, Difference, markdown, text};
use highwater_reports::render::quoted;
use serde_json::Value;

use super::{Exit, output, reports};

/// Tells what changed between two JSON reports of `highwater run`, and how grave it is: a verdict, a new anomaly, counts, or order and
/// timing only.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct DiffArguments {
    /// What was printed before, with --format json
    #[arg(value_name = "BEFORE.json")]
    before: PathBuf,
    /// What is printed now
    #[arg(value_name = "NOW.json")]
    now: PathBuf,
    /// Exits with 0 if nothing graver than this changed
    #[arg(long, value_enum, value_name = "CLASS")]
    allow: Option<Allowed>,
    /// How to print the changes
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  highwater run scenarios --seeds 0..1000 --format json > now.json
  highwater diff before.json now.json
  highwater diff accepted/now.json now.json --allow timing --format markdown

Classes, the gravest first:
  verdict           a scenario's outcome, how it ended or what was unexpected; what became of a
                    property: held, violated, allowed, not exercised or unknown
  new anomaly       a kind of failure, by its signature, that was not there before; a property that
                    broke without a promise and did not before
  counts            how often something happened, on how many seeds; and what was played: version,
                    settings, seeds
  order and timing  fingerprints, times, latencies, and what evidence says

Exit codes:
    0  nothing changed, or nothing graver than --allow says
    1  something changed
    2  misuse, or a file that is not whole, no report, or of another version
  101  a defect of Highwater itself";

/// The faces of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For machines.
    Json,
    /// For comments on GitHub and elsewhere.
    Markdown,
}

/// What may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Allowed {
    /// Order and timing.
    Timing,
    /// Counts, too.
    Counts,
    /// New anomalies, too.
    NewAnomaly,
}

impl Allowed {
    fn class(self) -> Class {
        match self {
            Self::Timing => Class::Timing,
            Self::Counts => Class::Counts,
            Self::NewAnomaly => Class::NewAnomaly,
        }
    }
}

/// Does what `highwater diff` says.
///
/// # Errors
/// The result could not be written.
pub(super) fn diff(arguments: &DiffArguments) -> io::Result<Exit> {
    let (before, now) = match (read_before(arguments), reports::read(&arguments.now)) {
        (Ok(before), Ok(now)) => (before, now),
        (before, now) => {
            let errors = [before.err(), now.err()].into_iter().flatten();
            errors.for_each(|error| output::note(&format!("highwater: {error}")));
            return Ok(Exit::MISUSED);
        }
    };
    for (file, reports) in [(&arguments.before, &before), (&arguments.now, &now)] {
        for short in reports::cut_short(reports) {
            output::note(&format!(
                "highwater: {}: {short}; seeds that it lacks are not compared",
                file.display()
            ));
        }
    }
    let found = Difference::new(&before, &now);
    output::result(&match arguments.format {
        Format::Text => text::difference(&found),
        Format::Json => found.to_json().expect("a difference's keys are strings"),
        Format::Markdown => markdown::difference(&found),
    })?;
    let allowed = found.is_within(arguments.allow.map(Allowed::class));
    Ok(if allowed { Exit::SUCCESS } else { Exit(1) })
}

/// The first file; where there is none, nothing was accepted yet.
fn read_before(arguments: &DiffArguments) -> Result<Vec<Value>, String> {
    let before = &arguments.before;
    let folder = before.parent().filter(|folder| *folder != Path::new(""));
    match (before.try_exists(), folder) {
        (Ok(false), Some(folder)) => Err(format!(
            "there is no {}; if nothing was accepted yet, `highwater accept {} --into {}` comes first",
            before.display(),
            quoted(
                &arguments.now.with_file_name(before.file_name().unwrap_or_default()).display().to_string()
            ),
            quoted(&folder.display().to_string())
        )),
        (Ok(_) | Err(_), _) => reports::read(before),
    }
}
