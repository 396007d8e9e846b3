//! `highwater coverage`: what scenarios reach, and what none of them does.

use std::io;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clap::Args;
use highwater_reports::reach::text;

use super::progress::Line;
use super::protocols::{Format, face};
use super::{Exit, at_least_one, interrupt, list, output, seeds};
use crate::prepared::Prepared;
use crate::scenario::files::{self, FilesErrors};
use crate::scenario::load;

/// Plays scenarios and prints every kind of event, kind of fault, error code, value of a switch and property, and which scenarios
/// reached it. What nothing reaches is listed first.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct CoverageArguments {
    /// Scenario files, or directories of them
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Plays every seed from A to B, B not included
    #[arg(long, value_name = "A..B", value_parser = seeds::parse, default_value = "0..100")]
    seeds: Range<u64>,
    /// How many seeds to play at a time [default: one a core]. The output does not depend on it
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroUsize>)]
    jobs: Option<NonZeroUsize>,
    /// How to print it. JSON has all scenarios that reach a thing, and on how many seeds each
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  highwater coverage scenarios
  highwater coverage scenarios --seeds 0..1000
  highwater coverage scenarios/chaos.json scenarios/steady_state.json --seeds 0..20
  highwater coverage scenarios --format json > coverage.json

An error code counts if an event or a reply carries it; a switch by the values under which
scenarios are played; a property as exercised if something happened that could have broken it,
and as broken if it broke, promised or not.

Exit codes:
    0  all seeds were played, whatever they reached
    2  misuse, or a scenario file that is not valid; nothing was run
  101  a defect of Highwater itself
  130  interrupted; what was played so far was printed";

/// Does what `highwater coverage` says.
///
/// # Errors
/// The result could not be written.
pub(super) fn coverage(arguments: &CoverageArguments) -> io::Result<Exit> {
    let scenarios = match loaded(&arguments.paths) {
        Ok(scenarios) => scenarios,
        Err(errors) => {
            output::note(&errors.render(output::colours()));
            return Ok(Exit::MISUSED);
        }
    };
    let jobs = super::jobs(arguments.jobs);
    let seeds = &arguments.seeds;
    let stop = interrupt::listen();
    let line = Line::new("coverage", (seeds.end - seeds.start).saturating_mul(scenarios.len() as u64));
    let found = crate::coverage::coverage(&scenarios, seeds, jobs, &line, stop);
    line.finish();
    output::result(&face(arguments.format, &found, text::reach))?;
    if stop.load(Ordering::Relaxed) {
        output::note("highwater: interrupted; the table above is of what was played so far");
        return Ok(Exit::INTERRUPTED);
    }
    Ok(Exit::SUCCESS)
}

/// Every scenario with its name, or everything that is wrong with any.
fn loaded(paths: &[PathBuf]) -> Result<Vec<(String, Arc<Prepared>)>, FilesErrors> {
    let (mut scenarios, mut errors) = (Vec::new(), Vec::new());
    for file in files::expand(paths)? {
        match load::load(&file.path, &[]) {
            Ok(loaded) => {
                scenarios.push((list::shown(&file.path, paths), Arc::new(Prepared::new(loaded.plan))));
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(scenarios) } else { Err(FilesErrors(errors)) }
}
