//! `highwater compare`: one scenario and the same seeds under every combination of some settings.

use std::io;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, ValueEnum};
use highwater_reports::comparison::{
    Comparison, Row, Settings, VERSION, Variation, csv, json, markdown, text,
};
use highwater_reports::render::Again;

use super::progress::Line;
use super::{Exit, at_least_one, interrupt, output, seeds, vary};
use crate::prepared::Prepared;
use crate::scenario::errors::{LoadError, LoadErrors, Place};
use crate::scenario::files;
use crate::scenario::load::load_str;
use crate::scenario::plan::Plan;
use crate::sweep::{SweepOptions, sweep};

/// How many combinations that are not valid are told in full.
const WRONG_SHOWN: usize = 5;

/// Plays one scenario and the same seeds under every combination of the settings that are varied, and prints a table with a row
/// for each.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, after_long_help = COLUMNS)]
pub(super) struct CompareArguments {
    /// A scenario file
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// A setting, by its path or by its Kafka name as --set takes it, and the values that it is to have; may be given more than
    /// once, for every combination of all. A comma within brackets or double quotes belongs to the value
    #[arg(long, value_name = "KEY=V1,V2,...", required = true, value_parser = vary::parse)]
    vary: Vec<Variation>,
    /// Plays this seed only
    #[arg(long, value_name = "N", conflicts_with = "seeds", value_parser = seeds::one_of_a_range)]
    seed: Option<u64>,
    /// Plays every seed from A to B, B not included [default: 0..100]
    #[arg(long, value_name = "A..B", value_parser = seeds::parse)]
    seeds: Option<Range<u64>>,
    /// How many seeds to play at a time [default: one a core]. The output does not depend on it
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroUsize>)]
    jobs: Option<NonZeroUsize>,
    /// Overrides a setting of the file in every combination, by its path or by its Kafka name; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// How to print the table
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

macro_rules! examples {
    () => {
        "\
Examples:
  highwater compare scenarios/steady_state.json --vary acks=0,1,-1
  highwater compare scenarios/steady_state.json --vary 'network.latency_ms=[1,2],[10,20]'
  highwater compare scenarios/acks_1_loses_unreplicated.json --vary acks=1,-1 \\
    --vary min.insync.replicas=1,2 --seeds 0..1000
  highwater compare scenarios/chaos.json --vary unclean.leader.election.enable=false,true \\
    --vary topics.orders.replication=2,3 --set retries=5 --format csv > chaos.csv"
    };
}

const EXAMPLES: &str = examples!();

const COLUMNS: &str = concat!(
    "\
Columns:
  (settings)   the varied settings, as they were written; in the CSV, those of --set as well
  failed       records that producers gave up, and in per cent of all records
  lost         acknowledged records that the leader's log does not hold at the end: how many over
               all seeds, and on how many seeds, in per cent, any was lost
  of acks=0    the same of records sent with acks=0, which nobody promised to keep; only if there
               are any
  duplicated   extra copies of records, counted as the lost ones are
  rebalances   how often groups began to rebalance. This column and the next three are over all
               groups and seeds, and only there if anything was reprocessed or skipped, or if the
               largest lag is not the same in all rows
  reprocessed  records that were delivered to a group that had been delivered them before
  skipped      records below a group's committed offsets that it never finished; known of seeds on
               which the cluster converged
  max lag      the largest lag of a group in a partition, in records, until the faults were over
  unavailable  for how long a partition could not have acknowledged a write with acks=-1: in
               milliseconds, summed over partitions, on average a seed
  ack ms       from a record's sending to its acknowledgement, over all seeds, in milliseconds:
               half took no longer than p50, 99 of 100 no longer than p99, 999 of 1000 no longer
               than p99.9
  messages     all messages that left nodes, for each record that was acknowledged or, with
               acks=0, sent
  seeds        how many kept all that their settings promise; how many broke a promise; how many
               stalled: the cluster did not converge after the faults were over (one that broke
               a promise before is counted as both); how many panicked, if any
  violated     the properties that were promised and broke, and on how many seeds: the worst few.
               (offsets) says that on all these seeds it broke on __consumer_offsets alone. All
               are in the JSON and in the CSV, and so are those that broke without a promise

What the file expects is not judged: a comparison measures. A dash stands where there is nothing
to measure. A column that would have nothing but zeros or dashes is left out, and a line below the
table names it; lost and duplicated are always there. The JSON and the CSV leave nothing out, and
have members_expired, commits_refused and unowned_ms of groups besides.

",
    examples!(),
    "

Exit codes:
    0  all combinations were played
    2  misuse, or a combination that is not valid; nothing was run
  101  a defect of Highwater itself
  130  interrupted; the combinations that were played to their end were printed"
);

/// The faces of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for people.
    Text,
    /// For machines.
    Json,
    /// For spreadsheets.
    Csv,
    /// The same table for comments on GitHub and elsewhere.
    Markdown,
}

/// A combination and what it plays.
struct Combination {
    settings: Settings,
    plan: Arc<Plan>,
}

/// Does what `highwater compare` says.
///
/// # Errors
/// The result could not be written.
pub(super) fn compare(arguments: &CompareArguments) -> io::Result<Exit> {
    let combinations = match load_all(arguments) {
        Ok(combinations) => combinations,
        Err(told) => {
            output::note(&told);
            return Ok(Exit::MISUSED);
        }
    };
    let stop = interrupt::listen();
    let comparison = play(arguments, &combinations, stop);
    output::result(&printed(&comparison, arguments.format))?;
    let panicked = tell_panics(arguments, &combinations, &comparison);
    if stop.load(Ordering::Relaxed) {
        output::note(
            "highwater: interrupted; the combinations above are those that were played to their end",
        );
        return Ok(Exit::INTERRUPTED);
    }
    Ok(if panicked { Exit::PANICKED } else { Exit::SUCCESS })
}

/// Checks every combination before anything runs, or says what is wrong with them.
fn load_all(arguments: &CompareArguments) -> Result<Vec<Combination>, String> {
    let all =
        vary::combinations(&arguments.vary, &arguments.set).map_err(|told| format!("highwater: {told}"))?;
    let text = files::read(&arguments.path).map_err(|errors| errors.render(output::colours()))?;
    let file = arguments.path.display().to_string();
    let mut loaded = Vec::new();
    let mut wrong = Vec::new();
    for settings in all {
        let varied = settings.0.iter().map(|(key, value)| format!("{key}={value}"));
        let overrides: Vec<String> = arguments.set.iter().cloned().chain(varied).collect();
        match load_str(&file, &text, &overrides) {
            Ok(scenario) => loaded.push(Combination { settings, plan: scenario.plan }),
            Err(errors) => wrong.push((settings, errors)),
        }
    }
    if wrong.is_empty() { Ok(loaded) } else { Err(told(wrong, loaded.len())) }
}

/// What is wrong with which combinations. What is wrong with several is told of the first.
fn told(wrong: Vec<(Settings, LoadErrors)>, valid: usize) -> String {
    let count = wrong.len();
    let mut known: Vec<LoadError> = Vec::new();
    let (mut text, mut shown, mut more) = (String::new(), 0, 0);
    for (settings, mut errors) in wrong {
        errors.errors.retain(|error| !known.iter().any(|other| is_alike(error, other)));
        if errors.errors.is_empty() {
            continue;
        }
        if shown == WRONG_SHOWN {
            more += 1;
            continue;
        }
        shown += 1;
        text += &format!("highwater: the combination {settings} is not valid\n\n");
        text += &errors.render(output::colours());
        text += "\n";
        known.append(&mut errors.errors);
    }
    let reasons = match more {
        0 if known.len() == 1 => "for the reason above".to_owned(),
        0 => "for the reasons above".to_owned(),
        more => format!("{more} of them for other reasons than those above"),
    };
    let all = count + valid;
    let combinations = if all == 1 { "combination" } else { "combinations" };
    let are = if count == 1 { "is" } else { "are" };
    text + &format!("highwater: {count} of {all} {combinations} {are} not valid, {reasons}; nothing was run")
}

/// Whether both say the same; of one override, whatever its value.
fn is_alike(one: &LoadError, other: &LoadError) -> bool {
    let place = match (&one.place, &other.place) {
        (Place::Override(one), Place::Override(other)) => one.split('=').next() == other.split('=').next(),
        (Place::File | Place::At { .. } | Place::Override(_), _) => one.place == other.place,
    };
    place && one.message == other.message && one.allowed == other.allowed
}

/// Plays one combination after the other. Once `stop` is set the one under way is given up.
fn play(arguments: &CompareArguments, combinations: &[Combination], stop: &Arc<AtomicBool>) -> Comparison {
    let seeds = match (arguments.seed, &arguments.seeds) {
        (Some(seed), _) => seed..seed + 1,
        (None, Some(seeds)) => seeds.clone(),
        (None, None) => 0..100,
    };
    let count = seeds.end - seeds.start;
    let mut comparison = Comparison {
        version: VERSION,
        scenario: files::stem(&arguments.path.display().to_string()).into(),
        overrides: arguments.set.clone(),
        vary: arguments.vary.clone(),
        first_seed: seeds.start,
        last_seed: seeds.end - 1,
        seeds: count,
        combinations: combinations.len() as u64,
        rows: Vec::new(),
    };
    let options = SweepOptions { seeds, jobs: super::jobs(arguments.jobs) };
    let line = Line::new(&comparison.scenario, count.saturating_mul(comparison.combinations));
    for combination in combinations {
        let mut prepared = Prepared::new(Arc::clone(&combination.plan));
        prepared.panel.expect = Arc::default();
        let report = sweep(&Arc::new(prepared), &options, &line, stop);
        if report.seeds < count {
            break;
        }
        comparison.rows.push(Row::new(combination.settings.clone(), &report));
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    line.finish();
    comparison
}

fn printed(comparison: &Comparison, format: Format) -> String {
    match format {
        Format::Text => text::comparison(comparison),
        Format::Json => json::comparison(comparison).expect("a comparison's keys are strings"),
        Format::Markdown => markdown::comparison(comparison),
        Format::Csv => {
            let written = csv::comparison(comparison).expect("memory takes all that is written");
            String::from_utf8(written).expect("only strings were written")
        }
    }
}

/// Says of each combination that panicked on which seed it did first, and how to play that again. Says whether any did.
fn tell_panics(arguments: &CompareArguments, combinations: &[Combination], comparison: &Comparison) -> bool {
    let file = arguments.path.display().to_string();
    let again = Again { scenario: &file, sweep: "" };
    let mut any = false;
    for (Combination { settings, plan }, row) in combinations.iter().zip(&comparison.rows) {
        if let Some(panic) = &row.first_panic {
            output::note(&format!("highwater: {settings}: a machine panicked: {}", panic.message));
            output::note(&again.run(panic.seed, &plan.overrides));
            any = true;
        }
    }
    any
}

#[cfg(test)]
#[path = "compare_test.rs"]
mod compare_test;
