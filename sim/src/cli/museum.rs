//! `highwater museum`: the bugs that Kafka had, in one table.

use std::io;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::Args;
use highwater_reports::museum::{Museum, text};

use super::progress::Line;
use super::protocols::{Format, face};
use super::{Exit, at_least_one, interrupt, output, seeds};
use crate::museum::{Exhibit, Tour, is_about, tour};
use crate::scenario::files::{self, FilesErrors, ScenarioFile};

/// Where the museum is.
const HALL: &str = "scenarios/museum";

/// Plays bugs that Kafka had and prints them in one table: what breaks, in which version, which one mended it, how many seeds it
/// took to find, and what comes of the same story under every preset.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct MuseumArguments {
    /// Scenarios of the museum, by name, by how it begins or by the issue; or scenario files, or directories of them [default: all]
    #[arg(value_name = "NAME|FILE|DIR")]
    names: Vec<String>,
    /// Plays every seed from A to B, B not included [default: as many as each file says, from 0]. A bug that needs luck is looked
    /// for on as many as its file says all the same
    #[arg(long, value_name = "A..B", value_parser = seeds::parse)]
    seeds: Option<Range<u64>>,
    /// How many runs to play at a time [default: one a core]. The output does not depend on it
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroUsize>)]
    jobs: Option<NonZeroUsize>,
    /// How to print the table
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  highwater museum
  highwater museum --seeds 0..10
  highwater museum KAFKA-7128 s1b --seeds 0..100
  highwater museum --format json > museum.json

Exit codes:
    0  each bug shows in the version that has it, and no promise breaks in the one that mended it
    1  one does not
    2  misuse; nothing was run
  101  a defect of Highwater itself
  130  interrupted; what was played to the end was printed";

/// Does what `highwater museum` says.
///
/// # Errors
/// The result could not be written.
pub(super) fn museum(arguments: &MuseumArguments) -> io::Result<Exit> {
    let exhibits = match opened(&arguments.names) {
        Ok(exhibits) => exhibits,
        Err(errors) => {
            output::note(&errors.render(output::colours()));
            return Ok(Exit::MISUSED);
        }
    };
    let jobs = super::jobs(arguments.jobs);
    let plan = Tour { seeds: arguments.seeds.clone(), jobs };
    let stop = interrupt::listen();
    let line = Line::new("museum", plan.runs(&exhibits));
    let mut found = Museum::new(tour(&exhibits, &plan, &line, stop));
    line.finish();
    found.interrupted_of = stop.load(Ordering::Relaxed).then_some(exhibits.len());
    output::result(&face(arguments.format, &found, text::museum))?;
    if stop.load(Ordering::Relaxed) {
        output::note("highwater: interrupted; the table above is of what was played to the end");
        return Ok(Exit::INTERRUPTED);
    }
    Ok(Exit(found.exit_code()))
}

/// Every scenario that was named, or everything that is wrong with any.
fn opened(names: &[String]) -> Result<Vec<Exhibit>, FilesErrors> {
    let paths: Vec<PathBuf> = if names.is_empty() {
        vec![HALL.into()]
    } else {
        names.iter().flat_map(|name| paths(name)).collect()
    };
    let (mut exhibits, mut errors) = (Vec::new(), Vec::new());
    for file in files::expand(&paths)? {
        match Exhibit::open(&file) {
            Ok(exhibit) => exhibits.push(exhibit),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(exhibits) } else { Err(FilesErrors(errors)) }
}

/// A mere name is that of a file in the museum, or what some of them begin with or name as their issue: `s1b`, `KAFKA-7128`.
fn paths(name: &str) -> Vec<PathBuf> {
    let mere = !name.contains(['/', '\\', '.']);
    if !mere || Path::new(name).is_dir() {
        return vec![name.into()];
    }
    let whole = Path::new(HALL).join(format!("{name}.json"));
    if whole.is_file() {
        return vec![whole];
    }
    let begins = format!("{}_", name.to_lowercase().replace('-', "_"));
    let Ok(hall) = files::expand(&[HALL.into()]) else { return vec![whole] };
    let all = |is_such: &dyn Fn(&ScenarioFile) -> bool| -> Vec<PathBuf> {
        hall.iter().filter(|file| is_such(file)).map(|file| file.path.clone()).collect()
    };
    let by_name = all(&|file| {
        file.path.file_stem().is_some_and(|stem| format!("{}_", stem.to_string_lossy()).starts_with(&begins))
    });
    if !by_name.is_empty() {
        return by_name;
    }
    let by_issue = all(&|file| is_about(file, name));
    if by_issue.is_empty() { vec![whole] } else { by_issue }
}
