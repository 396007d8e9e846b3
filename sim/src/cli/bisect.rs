//! `highwater bisect`: which switches of the protocol a failure hangs on.

use std::io;
use std::num::{NonZeroU64, NonZeroUsize};
use std::ops::Range;
use std::path::PathBuf;

use clap::Args;
use highwater_model::protocol::Preset;
use highwater_reports::bisection::text;
use highwater_reports::render::quoted;

use super::protocols::{Format, face};
use super::{Exit, at_least_one, interrupt, output, presets, seeds};
use crate::bisect::{Question, bisect as answer};
use crate::scenario::files;

/// How many seeds besides are to be mended, unless it is said.
const SEEDS: u64 = 10;

/// For a scenario that fails on a seed, because a promise breaks or because it shows what it is there to break: finds the
/// smallest sets of the protocol's switches that mend it when they are changed to what they are in the newest version, and the single
/// switches that break the newest version when left as they are. Settings and their defaults stay as they are: only switches
/// change.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct BisectArguments {
    /// A scenario file
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// The seed that fails
    #[arg(long, value_name = "N", value_parser = seeds::one_of_a_range)]
    seed: u64,
    /// The seeds besides on which it is to be mended, B not included [default: the ten from N]
    #[arg(long, value_name = "A..B", value_parser = seeds::parse)]
    seeds: Option<Range<u64>>,
    /// The version whose switches are tried [default: the newest]
    #[arg(long, value_name = "PRESET", value_parser = presets::parse)]
    to: Option<Preset>,
    /// Gives up looking for smaller sets after so many
    #[arg(long, value_name = "N", default_value = "3000", value_parser = at_least_one::<NonZeroU64>)]
    tries: NonZeroU64,
    /// How many runs to play at a time [default: one a core]. The output does not depend on it
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroUsize>)]
    jobs: Option<NonZeroUsize>,
    /// Overrides a setting of the file, by its path or by its Kafka name, or a switch of the protocol; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  highwater bisect scenarios/hw_truncation_loses_acked.json --seed 0
  highwater bisect scenarios/chaos.json --seed 7 --seeds 0..200 --set protocol=2.0
  highwater bisect scenarios/chaos.json --seed 7 --to 2.1 --format json

Exit codes:
    0  the switches were found
    1  nothing fails on the seed, or the other version has it too
    2  misuse; nothing was run
  101  a defect of Highwater itself
  130  interrupted before there was an answer";

/// Does what `highwater bisect` says.
///
/// # Errors
/// The result could not be written.
pub(super) fn bisect(arguments: &BisectArguments) -> io::Result<Exit> {
    let written = match files::read(&arguments.path) {
        Ok(text) => text,
        Err(errors) => {
            output::note(&errors.render(output::colours()));
            return Ok(Exit::MISUSED);
        }
    };
    let seed = arguments.seed;
    let question = Question {
        seed,
        seeds: arguments.seeds.clone().unwrap_or(seed..seed.saturating_add(SEEDS)),
        to: arguments.to.unwrap_or(Preset::NEWEST),
        tries: arguments.tries.get(),
        jobs: super::jobs(arguments.jobs),
        set: arguments.set.clone(),
    };
    let file = arguments.path.display().to_string();
    match answer(&file, &written, &question, interrupt::listen()) {
        Ok(Some(found)) => {
            let sweep = command(arguments);
            output::result(&face(arguments.format, &found, |found| text::bisection(found, &sweep)))?;
            Ok(Exit(found.exit_code()))
        }
        Ok(None) => {
            output::note("highwater: interrupted before there was an answer");
            Ok(Exit::INTERRUPTED)
        }
        Err(errors) => {
            output::note(&errors.render(output::colours()));
            Ok(Exit::MISUSED)
        }
    }
}

/// The command that looks for a seed that fails.
fn command(arguments: &BisectArguments) -> String {
    let file = arguments.path.display().to_string();
    let set = arguments.set.iter().map(|pair| format!(" --set {}", quoted(pair))).collect::<String>();
    format!("highwater run {} --seeds 0..1000{set}", quoted(&file))
}
