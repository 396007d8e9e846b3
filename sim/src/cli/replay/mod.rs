//! `highwater replay`: a recorded failure again, or any seed step by step.

mod timeline;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use highwater_reports::end::RunEnd;
use highwater_reports::outcome::Unexpected;
use highwater_reports::render::quoted;
use highwater_reports::replay::{ReplayReport, text};

use super::protocols::{self, Format};
use super::{Exit, interrupt, output, seeds};
use crate::bundle;
use crate::prepared::Prepared;
use crate::scenario::load;

/// Plays a failure bundle again and says whether it is the same to the last event, or where it first differs, and whether what
/// broke still breaks. Where the seed makes another run now, the faults are made to strike as they were recorded, by name.
/// With --trace, prints the timeline of a bundle or of any seed of a scenario file: a line an event, with the role, epoch,
/// HW/LEO and ISR of the replica that it is about.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReplayArguments {
    /// A bundle, as `highwater run --bundle` writes them, or a scenario file
    #[arg(value_name = "BUNDLE|FILE")]
    path: PathBuf,
    /// The seed of a scenario file [default: 0]. A bundle has its own
    #[arg(long, value_name = "N", value_parser = seeds::one)]
    seed: Option<u64>,
    /// Overrides a setting of a scenario file, by its path or by its Kafka name, or a switch of the protocol; may be given more
    /// than once. A bundle has its own
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Prints the timeline
    #[arg(long)]
    trace: bool,
    #[command(flatten)]
    filter: timeline::FilterArguments,
    /// How to print what became of a bundle
    #[arg(long, value_enum, default_value_t = Format::Text, conflicts_with = "trace")]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  highwater run scenarios/chaos.json --seeds 0..1000 --bundle failures
  highwater replay failures/chaos-0-3f2a91c0.json
  highwater replay failures/chaos-0-3f2a91c0.json --trace --partition orders-0 --from 12000
  highwater replay scenarios/chaos.json --seed 7 --trace --actor broker-2

Exit codes:
    0  the same to the last event, and it fails as it did; or a timeline was printed
    2  misuse, or a file that cannot be read: truncated, or written by a newer version
    4  it differs; what is printed says from where on, and whether the violation is still there
  130  interrupted; the timeline so far was printed";

/// Does what `highwater replay` says.
///
/// # Errors
/// The result could not be written.
pub(super) fn replay(arguments: &ReplayArguments) -> io::Result<Exit> {
    let replayed = if bundle::is_bundle(&arguments.path) { recorded(arguments) } else { seed(arguments) };
    match replayed? {
        Ok(exit) => Ok(exit),
        Err(why) => {
            output::note(&why);
            Ok(Exit::MISUSED)
        }
    }
}

/// A bundle: what became of it.
fn recorded(arguments: &ReplayArguments) -> io::Result<Result<Exit, String>> {
    let file = arguments.path.display().to_string();
    let bundle = match bundle::read(&arguments.path) {
        Ok(bundle) => bundle,
        Err(errors) => return Ok(Err(errors.render(output::colours()))),
    };
    if arguments.seed.is_some_and(|seed| seed != bundle.seed()) {
        let seed = bundle.seed();
        return Ok(Err(format!(
            "highwater: {file} is about seed {seed}; leave --seed out, or name a scenario file"
        )));
    }
    if !arguments.set.is_empty() {
        return Ok(Err(format!(
            "highwater: {file} has its own overrides; leave --set out, or name a scenario file"
        )));
    }
    // Only the timeline hears of Ctrl-C; what is played before it is ended by it as any process is.
    let replayed =
        bundle.prepared(&file).and_then(|prepared| Ok((prepared, bundle::replay(&bundle, &file)?)));
    let (prepared, report) = match replayed {
        Ok(replayed) => replayed,
        Err(errors) => return Ok(Err(errors.render(output::colours()))),
    };
    if arguments.trace {
        match printed(&prepared, bundle.seed(), arguments)? {
            Ok(Exit::SUCCESS) => output::result("\n")?,
            other => return Ok(other),
        }
    }
    output::result(&face(&report, arguments.format, &file))?;
    Ok(Ok(Exit(report.exit_code())))
}

/// Prints the timeline of a seed, and says if it ends before the run would have.
fn printed(
    prepared: &Arc<Prepared>,
    seed: u64,
    arguments: &ReplayArguments,
) -> io::Result<Result<Exit, String>> {
    let (lines, end) = match timeline::timeline(prepared, seed, &arguments.filter, interrupt::listen()) {
        Ok(timeline) => timeline,
        Err(why) => return Ok(Err(why)),
    };
    output::result(&lines)?;
    let early = match end {
        RunEnd::Converged | RunEnd::Stalled { .. } => return Ok(Ok(Exit::SUCCESS)),
        RunEnd::Interrupted => {
            output::note("highwater: interrupted; the timeline above is of what was played so far");
            return Ok(Ok(Exit::INTERRUPTED));
        }
        RunEnd::EventsExhausted => Unexpected::EventsExhausted,
        RunEnd::MemoryExhausted { held } => Unexpected::MemoryExhausted { held },
        RunEnd::Panicked { message } => Unexpected::Panicked { message },
    };
    output::note(&format!("highwater: the timeline ends early: {early}"));
    Ok(Ok(Exit::SUCCESS))
}

/// What became of a bundle, as it was asked for.
pub(super) fn face(report: &ReplayReport, format: Format, file: &str) -> String {
    protocols::face(format, report, |report| text::replay(report, file))
}

/// A scenario file: the timeline of one seed.
fn seed(arguments: &ReplayArguments) -> io::Result<Result<Exit, String>> {
    let loaded = match load::load(&arguments.path, &arguments.set) {
        Ok(loaded) => loaded,
        Err(errors) => return Ok(Err(errors.render(output::colours()))),
    };
    let (file, seed) = (arguments.path.display().to_string(), arguments.seed.unwrap_or(0));
    if !arguments.trace {
        return Ok(Err(format!(
            "highwater: {file} is a scenario and no bundle: there is nothing to compare a run with. Add --trace for the timeline; \
             the report is printed by highwater run {} --seed {seed}",
            quoted(&file)
        )));
    }
    printed(&Arc::new(Prepared::new(loaded.plan)), seed, arguments)
}
