//! `highwater shrink`: a smaller scenario that fails in the same way.

use std::io::{self, IsTerminal, stderr};
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;
use highwater_reports::property::Property;
use highwater_reports::render::quoted;
use highwater_reports::shrinking::{Shrinking, text};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use strum::IntoEnumIterator;

use super::protocols::{Format, face};
use super::run::budget::{self, Budget, Deadline};
use super::{Exit, at_least_one, interrupt, output, seeds};
use crate::bundle::{self, Bundle};
use crate::files_out;
use crate::scenario::errors::LoadErrors;
use crate::scenario::files;
use crate::scenario::suggest::nearest;
use crate::shrink::{Answer, Question, shrink as answer};

/// How long it takes at most, unless it is said.
const TIME: Duration = Duration::from_secs(30);

/// For a scenario that fails on a seed: looks for a smaller one with the same failure - the same property, broken at the same
/// part, by the same kinds of truncations and elections. Leaves out faults, records, clients, partitions, brokers and settings,
/// shortens the run and weakens its faults, and rounds numbers. Random faults become faults at set times. Writes a scenario file
/// that fails without --set, on the seed that the answer names. Ctrl-C ends it early and writes the best so far.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct ShrinkArguments {
    /// A scenario file, or a bundle
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// The seed that fails [default: a bundle's own; of a scenario it has to be said]
    #[arg(long, value_name = "N", value_parser = seeds::one)]
    seed: Option<u64>,
    /// Overrides a setting of the file, by its path or by its Kafka name, or a switch of the protocol; may be given more than once.
    /// The smaller scenario has them in itself
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Where to write the smaller scenario [default: NAME.shrunk.json in the directory that one is in]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The property whose break is to be kept, whatever broke before it [default: the one that broke first]
    #[arg(long, value_name = "PROPERTY", value_parser = property)]
    property: Option<Property>,
    /// Keeps only what does not fail with this set, too: so that it stays the failure that `protocol=2.0` mends, say, and does not
    /// become another of the same kind. May be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    unless: Vec<String>,
    /// How long it takes at most: 30s, 5m, 2h [default: 30s, or as long as --tries takes]. What comes of it depends on the machine
    /// then
    #[arg(long = "for", value_name = "TIME", value_parser = budget::parse)]
    time: Option<Duration>,
    /// Tries so many scenarios at most. What comes of it is the same everywhere
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroU64>)]
    tries: Option<NonZeroU64>,
    /// How many scenarios to try at a time [default: one a core]. The output does not depend on it, but for --for
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroUsize>)]
    jobs: Option<NonZeroUsize>,
    /// How to print how much smaller it is
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  highwater shrink scenarios/chaos.json --seed 7
  highwater shrink failures/chaos-7-8c24c08c.json
  highwater shrink scenarios/chaos.json --seed 7 --set protocol=0.10 --property acked-durable --out small.json
  highwater shrink scenarios/chaos.json --seed 7 --tries 20000
  highwater shrink scenarios/chaos.json --seed 7 --for 5m --unless protocol=2.0

Exit codes:
    0  the smaller scenario was written
    1  nothing fails on the seed
    2  misuse; nothing was written
  130  interrupted; the smallest so far was written, if there was one";

/// Reads a property's name.
fn property(name: &str) -> Result<Property, String> {
    Property::iter().find(|property| property.name() == name).ok_or_else(|| {
        let near = nearest(name, Property::iter().map(Property::name));
        near.map_or_else(
            || format!("no property is called '{name}'; scenarios/schema.json lists them"),
            |near| format!("no property is called '{name}'; did you mean '{near}'?"),
        )
    })
}

/// Does what `highwater shrink` says.
///
/// # Errors
/// The result could not be written.
pub(super) fn shrink(arguments: &ShrinkArguments) -> io::Result<Exit> {
    let failure = match failure(arguments) {
        Ok(failure) => failure,
        Err(why) => {
            output::note(&why);
            return Ok(Exit::MISUSED);
        }
    };
    let given = arguments.path.display().to_string();
    let out = arguments.out.clone();
    let out = out.unwrap_or_else(|| PathBuf::from(format!("{}.shrunk.json", files::stem(&given))));
    if files_out::is_same(&arguments.path, &out) {
        output::note("highwater: --out is the scenario that is to be shrunk; name another file");
        return Ok(Exit::MISUSED);
    }
    let interrupted = interrupt::listen();
    let time = arguments.time.or_else(|| arguments.tries.is_none().then_some(TIME));
    let deadline = Budget::new(time).share(1);
    let schema = failure.schema(&out);
    let line = Line::new(&files::stem(&failure.file));
    let question = Question {
        file: &failure.file,
        text: &failure.text,
        set: &failure.set,
        seed: failure.seed,
        property: arguments.property,
        unless: &arguments.unless,
        jobs: super::jobs(arguments.jobs),
        tries: arguments.tries.map_or(u64::MAX, NonZeroU64::get),
        stop: &|| interrupted.load(Ordering::Relaxed) || deadline.is_some_and(Deadline::is_over),
        interrupted,
        schema: schema.as_deref(),
        listener: &|tried, best| line.show(tried, best),
    };
    let answered = answer(&question);
    line.finish();
    match answered {
        Ok(Answer::Shrunk(found, text)) => {
            let exit = deliver(arguments, &found, &text, &out)?;
            if exit != Exit::SUCCESS || !interrupted.load(Ordering::Relaxed) {
                return Ok(exit);
            }
            output::note("highwater: interrupted; the smallest so far was written");
            Ok(Exit::INTERRUPTED)
        }
        Ok(Answer::Interrupted) => {
            let seed = failure.seed;
            output::note(&format!(
                "highwater: interrupted before it was known how seed {seed} fails; nothing was written"
            ));
            Ok(Exit::INTERRUPTED)
        }
        Ok(Answer::Sound) => {
            output::note(&sound(arguments, failure.seed));
            Ok(Exit(1))
        }
        Ok(Answer::Overlaps) => {
            output::note(
                "highwater: what is left has faults that strike what others hold, which a file may not say; try another seed, \
                 or more time",
            );
            Ok(Exit(1))
        }
        Err(errors) => {
            let errors = LoadErrors { file: failure.told, ..errors };
            output::note(&errors.render(output::colours()));
            Ok(Exit::MISUSED)
        }
    }
}

/// What failed, and how it was played.
struct Failure {
    /// The scenario's file.
    file: String,
    /// The same for errors.
    told: String,
    /// Where it lies, if that is known.
    folder: Option<PathBuf>,
    text: String,
    set: Vec<String>,
    seed: u64,
}

/// Reads a scenario file or a bundle.
fn failure(arguments: &ShrinkArguments) -> Result<Failure, String> {
    let told = |errors: LoadErrors| errors.render(output::colours());
    if bundle::is_bundle(&arguments.path) {
        let Bundle { name, scenario, overrides, seed, .. } = bundle::read(&arguments.path).map_err(told)?;
        let set = overrides.into_iter().chain(arguments.set.iter().cloned()).collect();
        let told = bundle::scenario_in(&arguments.path.display().to_string());
        let (file, seed) = (format!("{name}.json"), arguments.seed.unwrap_or(seed));
        return Ok(Failure { file, told, folder: None, text: scenario, set, seed });
    }
    let text = files::read(&arguments.path).map_err(told)?;
    let Some(seed) = arguments.seed else {
        return Err("highwater: --seed has to say on which seed the scenario fails".to_owned());
    };
    let file = arguments.path.display().to_string();
    let folder = arguments.path.parent().map(Path::to_owned);
    Ok(Failure { told: file.clone(), file, folder, text, set: arguments.set.clone(), seed })
}

impl Failure {
    /// What the file says of its schema, told from where the smaller one goes.
    fn schema(&self, out: &Path) -> Option<String> {
        let text: Value = serde_json::from_str(self.text.trim_start_matches('\u{feff}')).ok()?;
        files_out::told_from(text["$schema"].as_str()?, self.folder.as_deref(), out)
    }
}

fn sound(arguments: &ShrinkArguments, seed: u64) -> String {
    let what = arguments.property.map_or("nothing", Property::name);
    let verb = if arguments.property.is_some() { "does not break" } else { "breaks" };
    let unless = if arguments.unless.is_empty() { "" } else { ", or it breaks with --unless as well" };
    format!("highwater: {what} {verb} on seed {seed}{unless}: there is nothing to shrink")
}

/// Writes the scenario, and says how much smaller it is.
fn deliver(arguments: &ShrinkArguments, found: &Shrinking, scenario: &str, out: &Path) -> io::Result<Exit> {
    if let Err(error) = files_out::whole(out, scenario) {
        output::note(&format!("highwater: {} could not be written: {error}", out.display()));
        return Ok(Exit::MISUSED);
    }
    let again = format!("highwater run {} --seed {}", quoted(&out.display().to_string()), found.after_seed);
    output::result(&face(arguments.format, found, |found| text::shrinking(found, &again)))?;
    Ok(Exit::SUCCESS)
}

/// A line on the terminal while it goes on; none when stderr is no terminal.
struct Line(ProgressBar);

impl Line {
    fn new(scenario: &str) -> Self {
        let target =
            if stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style =
            ProgressStyle::with_template("{prefix} {human_pos} tried, {per_sec:0}, {elapsed} so far; {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(scenario.to_owned());
        Self(bar)
    }

    fn show(&self, tried: u64, best: &Value) {
        if !self.0.is_hidden() {
            let count = |list: &Value| list.as_array().map_or(0, Vec::len);
            let records = best["producers"].as_array().into_iter().flatten();
            let records: u64 = records.filter_map(|producer| producer["records"].as_u64()).sum();
            self.0.set_message(format!("{} faults, {records} records", count(&best["faults"])));
            self.0.set_position(tried);
        }
    }

    fn finish(&self) {
        self.0.finish_and_clear();
    }
}
