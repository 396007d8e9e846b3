//! `highwater run`: plays scenarios, on one seed or on many.

pub(super) mod budget;
mod bundles;
mod limits;
mod many;
mod ndjson;
mod one;
mod outputs;
mod refusals;
mod shard;

use std::io;
use std::num::{NonZeroU64, NonZeroUsize};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::{Args, ValueEnum};
use highwater_reports::ci::Suite;
use highwater_reports::outcome::Outcome;
use highwater_reports::report::{Fingerprint, RunReport};
use xxhash_rust::xxh3::xxh3_64;

use self::budget::Budget;
use self::bundles::{Bundles, Recorded};
use self::limits::Limits;
use self::many::{Ends, many};
use self::ndjson::Ndjson;
use self::one::one;
use self::outputs::Outputs;
use super::{Exit, at_least_one, history, interrupt, output, seeds};
use crate::bundle;
use crate::prepared::Prepared;
use crate::scenario::errors::LoadErrors;
use crate::scenario::files::{self, ScenarioFile};
use crate::scenario::load;

pub(super) use self::many::command;

/// Plays scenarios and judges them. One seed prints that run's report; many seeds print how often each property broke,
/// the first failing seed, and the command that plays it again.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct RunArguments {
    /// Scenario files, or directories of them. Failure bundles among them are played again first
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Plays this seed [default: 0]
    #[arg(long, value_name = "N", value_parser = seeds::one, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Plays every seed from A to B, B not included
    #[arg(long, value_name = "A..B", value_parser = seeds::parse)]
    seeds: Option<Range<u64>>,
    /// Plays seeds until this much time is over: 30s, 5m, 2h. Several scenarios share it
    #[arg(long, value_name = "TIME", value_parser = budget::parse, conflicts_with = "seed")]
    until: Option<Duration>,
    /// Plays seeds until so many did not go as expected
    #[arg(long, value_name = "N", conflicts_with = "seed", value_parser = at_least_one::<NonZeroU64>)]
    until_failures: Option<NonZeroU64>,
    /// Ends with the first seed that did not go as expected
    #[arg(long, conflicts_with = "until_failures")]
    fail_fast: bool,
    /// Plays one part of --seeds: 3/16 is the third of sixteen. `highwater merge` joins the parts' JSON
    #[arg(long, value_name = "N/OF", value_parser = shard::parse, requires = "seeds",
        conflicts_with_all = ["until", "until_failures", "fail_fast"])]
    shard: Option<shard::Part>,
    /// Writes a JSON object a seed to this file, a line each, in ascending order of seeds
    #[arg(long, value_name = "FILE")]
    ndjson: Option<PathBuf>,
    #[command(flatten)]
    bundles: bundles::BundleArguments,
    /// How many seeds to play at a time [default: one a core]. The output does not depend on it
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroUsize>)]
    jobs: Option<NonZeroUsize>,
    /// Overrides a setting of the file, by its path or by its Kafka name, or a switch of the protocol; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    limits: Limits,
    /// How to print the report. Several scenarios make a JSON array
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Prints every event, in order, before the report
    #[arg(long, conflicts_with_all = ["seeds", "until", "until_failures"])]
    trace: bool,
    /// Writes what clients sent, were told and read to this file: as JSON lines if it ends in .jsonl or .json, in the form that
    /// jepsen.tests.kafka reads if it ends in .edn
    #[arg(long, value_name = "FILE", value_parser = history::parse)]
    history: Option<history::Target>,
    #[command(flatten)]
    outputs: Outputs,
}

const EXAMPLES: &str = "\
Examples:
  highwater run scenarios/steady_state.json
  highwater run scenarios/chaos.json --seed 7 --trace
  highwater run scenarios --seeds 0..1000
  highwater run scenarios/chaos.json --set protocol=2.0 --set truncate_when=epoch_changes
  highwater run scenarios/steady_state.json --set acks=1 --set topics.orders.replication=2
  highwater run scenarios/chaos.json --seeds 0..10000 --format json > chaos.report.json
  highwater run scenarios/chaos.json --until 5m --ndjson chaos.ndjson
  highwater run scenarios --seeds 0..1000 --fail-fast
  highwater run scenarios/chaos.json --seeds 0..1000 --bundle failures
  highwater run scenarios/chaos.json --seeds 0..100000 --shard 3/16 --format json > 3.json
  highwater run scenarios/chaos.json --seed 7 --history chaos.edn
  highwater run my_scenario.json --seeds 0..1000 --events-max 500000 --memory-max 200MB
  highwater run scenarios --seeds 0..1000 --junit highwater.xml --annotations github --summary
  highwater run scenarios/chaos.json --seeds 0..1000 --format markdown > chaos.md

Exit codes:
    0  as expected
    1  a promise broke, or an expected break did not show
    2  misuse, a scenario file that is not valid, or a file that could not be written
    3  stalled: the cluster did not converge after the faults were over; or a bound was met, or no seed was played
    4  a bundle's violation is gone
  101  a defect of Highwater itself
  130  interrupted; what was found so far was printed";

/// The faces of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For machines.
    Json,
    /// For comments and issues on GitHub and elsewhere.
    Markdown,
}

/// A scenario that is to be played.
struct Story {
    file: ScenarioFile,
    /// What stands in it.
    text: String,
    prepared: Arc<Prepared>,
    /// Of what the file says with all overrides.
    hash: Fingerprint,
}

/// What one scenario came to.
struct Part {
    /// In Markdown nothing: it is printed when all is known.
    printed: String,
    exit: Exit,
    suite: Suite,
    /// Empty where nobody asked for it.
    markdown: String,
}

impl Part {
    fn is_not_played(&self) -> bool {
        self.suite.outcome == Outcome::NotPlayed
    }
}

/// The same with how many seeds did not go as expected.
struct Played {
    part: Part,
    failures: u64,
}

impl RunArguments {
    fn in_markdown(&self) -> bool {
        self.format == Format::Markdown || self.outputs.in_markdown()
    }

    fn plays_many(&self) -> bool {
        self.seeds.is_some() || self.until.is_some() || self.until_failures.is_some()
    }
}

/// Does what `highwater run` says.
///
/// # Errors
/// The result could not be written.
pub(super) fn run(arguments: &RunArguments) -> io::Result<Exit> {
    let Ok((recorded, stories)) = load_all(arguments) else { return Ok(Exit::MISUSED) };
    if let Some(why) = arguments.refused(&recorded, &stories) {
        output::note(&format!("highwater: {why}"));
        return Ok(Exit::MISUSED);
    }
    let mut ndjson = match Ndjson::create(arguments.ndjson.as_deref()) {
        Ok(ndjson) => ndjson,
        Err(error) => {
            let path = arguments.ndjson.as_deref().unwrap_or("".as_ref()).display();
            output::note(&format!("highwater: {path} could not be written: {error}"));
            return Ok(Exit::MISUSED);
        }
    };
    let mut bundles = match Bundles::create(&arguments.bundles) {
        Ok(bundles) => bundles,
        Err(why) => {
            output::note(&why);
            return Ok(Exit::MISUSED);
        }
    };
    let mut parts = bundles::replay_first(arguments, &recorded, !stories.is_empty())?;
    let played = play(arguments, &stories, &mut ndjson, &mut bundles)?;
    if arguments.format == Format::Json && !stories.is_empty() {
        output::result(&as_json(played.iter().map(|part| part.printed.as_str()), stories.len()))?;
    }
    let nothing = arguments.shard.is_none() && !played.is_empty() && played.iter().all(Part::is_not_played);
    parts.extend(played);
    if arguments.format == Format::Markdown {
        output::result(&outputs::markdown(&parts))?;
    }
    if let Err(why) = arguments.outputs.write(&parts) {
        output::note(&format!("highwater: {why}"));
        return Ok(Exit::MISUSED);
    }
    if let Some(failure) = ndjson.failure() {
        output::note(&failure);
        return Ok(Exit::MISUSED);
    }
    if interrupt::listen().load(Ordering::Relaxed) {
        output::note("highwater: interrupted; the report above is on what was played so far");
        return Ok(Exit::INTERRUPTED);
    }
    let exit = gravest(parts.iter().map(|part| part.exit));
    Ok(if nothing { gravest([exit, Exit::NOTHING_PLAYED].into_iter()) } else { exit })
}

/// Plays one scenario after the other, and prints the reports for people as they come.
fn play(
    arguments: &RunArguments,
    stories: &[Story],
    ndjson: &mut Ndjson,
    bundles: &mut Bundles<'_>,
) -> io::Result<Vec<Part>> {
    let interrupted = interrupt::listen();
    let budget = Budget::new(arguments.until);
    let mut failures = arguments.until_failures.map(NonZeroU64::get).or(arguments.fail_fast.then_some(1));
    let mut parts = Vec::new();
    for (place, story) in stories.iter().enumerate() {
        // The first always has a report, so that there is one to print.
        if !parts.is_empty() && interrupted.load(Ordering::Relaxed) || ndjson.failure().is_some() {
            break;
        }
        if failures == Some(0) {
            let left = stories.len() - place;
            output::note(&format!(
                "highwater: ended by a failure; {left} of {} scenarios were not played",
                stories.len()
            ));
            break;
        }
        let mut heard = |run: &RunReport| {
            bundles.hear(run);
            ndjson.write(run)
        };
        let mut played = if arguments.plays_many() {
            let deadline = budget.share(stories.len() - place);
            many(arguments, story, &Ends { deadline, failures, interrupted }, &mut heard)
        } else {
            one(arguments, story, interrupted, &mut heard)?
        };
        if let Err(why) = bundles.write(story) {
            output::note(&why);
            played.part.exit = Exit::MISUSED;
        }
        failures = failures.map(|most| most.saturating_sub(played.failures));
        if arguments.format == Format::Text {
            let break_before = if parts.is_empty() { "" } else { "\n" };
            output::result(&format!("{break_before}{}", played.part.printed))?;
        }
        parts.push(played.part);
    }
    Ok(parts)
}

/// Of several exit codes the gravest.
pub(super) fn gravest(exits: impl Iterator<Item = Exit>) -> Exit {
    exits.max_by_key(|exit| gravity(*exit)).unwrap_or(Exit::SUCCESS)
}

/// Of several scenarios' exit codes the gravest is returned: a defect, then what could not be read or written, then a broken
/// promise, then a recording that is not matched, then a stall.
fn gravity(exit: Exit) -> u8 {
    match exit.0 {
        101 => 5,
        2 => 4,
        1 => 3,
        4 => 2,
        3 => 1,
        _ => 0,
    }
}

/// Reads every file before anything runs, bundles and scenarios. All that is wrong with any of them is printed.
fn load_all(arguments: &RunArguments) -> Result<(Vec<Recorded>, Vec<Story>), ()> {
    let (bundles, scenarios) = files::bundles_and_scenarios(&arguments.paths)
        .map_err(|errors| output::note(&errors.render(output::colours())))?;
    let recorded = all_of(&bundles, |file| {
        bundle::read(&file.path).map(|bundle| Recorded { file: file.clone(), bundle })
    });
    let set: Vec<String> = arguments.set.iter().cloned().chain(arguments.limits.overrides()).collect();
    let stories = all_of(&scenarios, |file| story(file, &set));
    recorded.zip(stories).ok_or(())
}

/// What is read of each file; none if any cannot be.
fn all_of<T>(
    files: &[ScenarioFile],
    read: impl Fn(&ScenarioFile) -> Result<T, LoadErrors>,
) -> Option<Vec<T>> {
    let told = |errors: LoadErrors| output::note(&errors.render(output::colours()));
    let read: Vec<Option<T>> = files.iter().map(|file| read(file).map_err(told).ok()).collect();
    read.into_iter().collect()
}

fn story(file: &ScenarioFile, overrides: &[String]) -> Result<Story, LoadErrors> {
    let text = files::read(&file.path)?;
    let loaded = load::load_str(&file.path.display().to_string(), &text, overrides)?;
    let said = serde_json::to_string(&loaded.scenario).expect("a scenario's keys are strings");
    let hash = Fingerprint(xxh3_64(said.as_bytes()));
    Ok(Story { file: file.clone(), text, prepared: Arc::new(Prepared::new(loaded.plan)), hash })
}

fn written(report: serde_json::Result<String>) -> String {
    report.expect("a report's keys are strings")
}

/// One scenario prints its report, several an array of theirs.
pub(super) fn as_json<'a>(printed: impl Iterator<Item = &'a str>, scenarios: usize) -> String {
    let printed: Vec<&str> = printed.collect();
    if scenarios == 1 { printed.concat() } else { format!("[\n{}\n]", printed.join(",\n")) }
}
