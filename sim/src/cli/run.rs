//! `highwater run`: plays scenarios, on one seed or on many.

use std::io;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use clap::{Args, ValueEnum};
use highwater_reports::render::trace::Trace as Timeline;
use highwater_reports::render::{Again, json, quoted, text};

use super::progress::Line;
use super::{Exit, history, interrupt, output, seeds};
use crate::causes;
use crate::prepared::Prepared;
use crate::run::{self, RunOptions};
use crate::scenario::files::{self, ScenarioFile};
use crate::scenario::load;
use crate::sweep::{SweepOptions, sweep};
use crate::trace;

/// Plays scenarios and judges them. One seed prints that run's report; many seeds print how often each property broke,
/// the first failing seed, and the command that plays it again.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct RunArguments {
    /// Scenario files, or directories of them
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Plays this seed [default: 0]
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Plays every seed from A to B, B not included
    #[arg(long, value_name = "A..B", value_parser = seeds::parse)]
    seeds: Option<Range<u64>>,
    /// How many seeds to play at a time [default: one a core]. The output does not depend on it
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Overrides a setting of the file, by its path or by its Kafka name, or a switch of the protocol; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// How to print the report. Several scenarios make a JSON array
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Prints every event, in order, before the report
    #[arg(long, conflicts_with = "seeds")]
    trace: bool,
    /// Writes what clients sent, were told and read to this file: as JSON lines if it ends in .jsonl or .json, in the form that
    /// jepsen.tests.kafka reads if it ends in .edn
    #[arg(long, value_name = "FILE", value_parser = history::parse)]
    history: Option<history::Target>,
}

const EXAMPLES: &str = "\
Examples:
  highwater run scenarios/steady_state.json
  highwater run scenarios/chaos.json --seed 7 --trace
  highwater run scenarios --seeds 0..1000
  highwater run scenarios/chaos.json --set protocol=2.0 --set truncate_when=epoch_changes
  highwater run scenarios/steady_state.json --set acks=1 --set topics.orders.replication=2
  highwater run scenarios/chaos.json --seeds 0..10000 --format json > chaos.report.json
  highwater run scenarios/chaos.json --seed 7 --history chaos.edn";

/// The faces of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// What one scenario came to.
struct Part {
    printed: String,
    exit: Exit,
}

/// Does what `highwater run` says.
///
/// # Errors
/// The result could not be written.
pub(super) fn run(arguments: &RunArguments) -> io::Result<Exit> {
    let Ok(loaded) = load_all(arguments) else { return Ok(Exit::MISUSED) };
    if arguments.trace && arguments.format == Format::Json {
        output::note("highwater: --trace prints text; leave --format json out, or --trace");
        return Ok(Exit::MISUSED);
    }
    if let Some(reason) = several_histories(arguments, loaded.len()) {
        output::note(&reason);
        return Ok(Exit::MISUSED);
    }
    let stop = interrupt::listen();
    let mut parts = Vec::new();
    for (file, prepared) in &loaded {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        parts.push(match &arguments.seeds {
            None => one(arguments, file, prepared)?,
            Some(seeds) => many(arguments, seeds, file, prepared, stop),
        });
        if arguments.format == Format::Text {
            let first = parts.len() == 1;
            let part = &parts[parts.len() - 1];
            output::result(&if first { part.printed.clone() } else { format!("\n{}", part.printed) })?;
        }
    }
    if arguments.format == Format::Json {
        output::result(&as_json(&parts, loaded.len()))?;
    }
    if stop.load(Ordering::Relaxed) {
        output::note("highwater: interrupted; the report above is on what was played so far");
        return Ok(Exit::INTERRUPTED);
    }
    let gravest = parts.iter().map(|part| part.exit).max_by_key(|exit| gravity(*exit));
    Ok(gravest.unwrap_or(Exit::SUCCESS))
}

/// Why there is no one history to be written, if one was asked for.
fn several_histories(arguments: &RunArguments, scenarios: usize) -> Option<String> {
    arguments.history.as_ref()?;
    if arguments.seeds.is_some() {
        return Some(
            "highwater: --history is what the clients of one run know; give --seed N in place of --seeds"
                .to_owned(),
        );
    }
    (scenarios > 1).then(|| {
        format!("highwater: --history is what the clients of one run know, and there are {scenarios} scenarios; name one file")
    })
}

/// Of several scenarios' exit codes the gravest is returned: a defect, then a broken promise, then a stall.
fn gravity(exit: Exit) -> u8 {
    match exit.0 {
        101 => 3,
        1 => 2,
        3 => 1,
        _ => 0,
    }
}

/// Reads every file before anything runs. All that is wrong with any of them is printed.
fn load_all(arguments: &RunArguments) -> Result<Vec<(ScenarioFile, Arc<Prepared>)>, ()> {
    let files =
        files::expand(&arguments.paths).map_err(|errors| output::note(&errors.render(output::colours())))?;
    let mut loaded = Vec::new();
    let mut failed = false;
    for file in files {
        match load::load(&file.path, &arguments.set) {
            Ok(scenario) => loaded.push((file, Arc::new(Prepared::new(scenario.plan)))),
            Err(errors) => {
                output::note(&errors.render(output::colours()));
                failed = true;
            }
        }
    }
    if failed { Err(()) } else { Ok(loaded) }
}

fn one(arguments: &RunArguments, file: &ScenarioFile, prepared: &Arc<Prepared>) -> io::Result<Part> {
    let seed = arguments.seed.unwrap_or(0);
    let lines = Arc::new(Mutex::new(String::new()));
    let mut options = RunOptions::default();
    let kept = arguments.history.as_ref().map(|target| (target, history::Kept::new(prepared)));
    let timeline = arguments.trace.then(|| timeline(prepared, &lines));
    options.trace = trace::both(timeline, kept.as_ref().map(|(_, kept)| Box::new(kept.ear()) as _));
    let mut report = run::run(prepared, seed, options);
    causes::explain(prepared, &mut report);
    if arguments.trace {
        output::result(&lines.lock().map(|lines| lines.clone()).unwrap_or_default())?;
    }
    let printed = match arguments.format {
        Format::Text => text::run(&report, &Again { scenario: &file.given, sweep: "" }),
        Format::Json => written(json::run(&report)),
    };
    let written = kept.map_or(Ok(()), |(target, kept)| kept.write(target, prepared, &report));
    let exit = written.map_or_else(
        |reason| {
            output::note(&reason);
            Exit::MISUSED
        },
        |()| Exit(report.outcome.exit_code()),
    );
    Ok(Part { printed, exit })
}

/// Writes a line an event.
fn timeline(prepared: &Arc<Prepared>, lines: &Arc<Mutex<String>>) -> Box<dyn trace::Trace> {
    let (prepared, lines) = (Arc::clone(prepared), Arc::clone(lines));
    Box::new(move |seen: trace::Seen<'_>| {
        if let Ok(mut lines) = lines.lock() {
            for event in seen.events {
                Timeline::new(&prepared.plan.names).write(seen.step, event, &mut lines);
            }
        }
    })
}

fn many(
    arguments: &RunArguments,
    seeds: &Range<u64>,
    file: &ScenarioFile,
    prepared: &Arc<Prepared>,
    stop: &AtomicBool,
) -> Part {
    let jobs = super::jobs(arguments.jobs);
    let line = Line::new(&prepared.plan.name, seeds.end - seeds.start);
    let report = sweep(prepared, &SweepOptions { seeds: seeds.clone(), jobs }, &line, stop);
    line.finish();
    let command = command(&file.given, seeds, &prepared.plan.overrides);
    let again = Again { scenario: &file.given, sweep: &command };
    let printed = match arguments.format {
        Format::Text => text::sweep(&report, &again),
        Format::Json => written(json::sweep(&report)),
    };
    Part { printed, exit: Exit(report.outcome().exit_code()) }
}

/// The command that plays this sweep again.
fn command(file: &str, seeds: &Range<u64>, overrides: &[String]) -> String {
    let mut command = format!("highwater run {} --seeds {}..{}", quoted(file), seeds.start, seeds.end);
    for pair in overrides {
        command.push_str(" --set ");
        command.push_str(&quoted(pair));
    }
    command
}

fn written(report: serde_json::Result<String>) -> String {
    report.expect("a report's keys are strings")
}

/// One scenario prints its report, several an array of theirs.
fn as_json(parts: &[Part], scenarios: usize) -> String {
    let printed: Vec<&str> = parts.iter().map(|part| part.printed.as_str()).collect();
    if scenarios == 1 { printed.concat() } else { format!("[\n{}\n]", printed.join(",\n")) }
}
