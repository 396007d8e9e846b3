//! Many seeds: the sweep, when it ends before its last seed, and what is said then.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use highwater_reports::ci::{Suite, markdown};
use highwater_reports::render::{Again, json, quoted, text};
use highwater_reports::shard::{self, Shard, ShardReport};
use highwater_reports::sweep::{EndedEarly, SweepReport};

use super::budget::Deadline;
use super::{Exit, Format, Part, Played, RunArguments, Story, written};
use crate::cli::progress::Line;
use crate::sweep::{Bounds, Listener, SweepOptions, sweep_within};

/// When a scenario's sweep is over though seeds are left.
pub(super) struct Ends<'a> {
    pub(super) deadline: Option<Deadline>,
    pub(super) failures: Option<u64>,
    pub(super) interrupted: &'a Arc<AtomicBool>,
}

/// Plays the seeds that the command line says, of one scenario.
pub(super) fn many(
    arguments: &RunArguments,
    story: &Story,
    ends: &Ends<'_>,
    heard: &mut Listener<'_>,
) -> Played {
    let whole = arguments.seeds.clone().unwrap_or(0..u64::MAX);
    let seeds = arguments.shard.map_or_else(|| whole.clone(), |it| shard::part(&whole, it.number, it.of));
    let mut report = swept(arguments, story, &seeds, ends, heard);
    let played = seeds.start..seeds.start + report.seeds;
    let command = command(&story.file.given, &played, &report.overrides);
    let again = Again { scenario: &story.file.given, sweep: &command };
    report.ended_early = ended_early(arguments, &seeds, &report, ends);
    let early = told(&report, &command);
    let markdown = if arguments.in_markdown() {
        early.clone() + &markdown::sweep(&report, &again)
    } else {
        String::new()
    };
    let printed = match (arguments.format, arguments.shard) {
        (Format::Text, _) => early + &text::sweep(&report, &again),
        (Format::Markdown, _) => String::new(),
        (Format::Json, None) => written(json::sweep(&report)),
        (Format::Json, Some(it)) => {
            let shard = Shard {
                number: it.number,
                of: it.of,
                seeds,
                sweep: whole,
                file: story.file.given.clone(),
                scenario: story.hash,
                highwater: env!("CARGO_PKG_VERSION").to_owned(),
            };
            written(ShardReport { shard, report: report.clone() }.to_json())
        }
    };
    let suite = Suite::of_sweep(&report, &again);
    let part = Part { printed, exit: Exit(report.outcome().exit_code()), suite, markdown };
    Played { part, failures: report.seeds - report.expected_runs() }
}

fn swept(
    arguments: &RunArguments,
    story: &Story,
    seeds: &Range<u64>,
    ends: &Ends<'_>,
    heard: &mut Listener<'_>,
) -> SweepReport {
    let options = SweepOptions { seeds: seeds.clone(), jobs: crate::cli::jobs(arguments.jobs) };
    let stop = || ends.interrupted.load(Ordering::Relaxed) || ends.deadline.is_some_and(Deadline::is_over);
    let bounds = Bounds { failures: ends.failures, stop: &stop, give_up: Some(ends.interrupted) };
    let line = match ends.deadline {
        Some(deadline) => Line::until(&story.prepared.plan.name, move || deadline.left()),
        None if seeds.end == u64::MAX => Line::open(&story.prepared.plan.name),
        None => Line::new(&story.prepared.plan.name, seeds.end - seeds.start),
    };
    let report = sweep_within(&story.prepared, &options, &bounds, &line, heard);
    line.finish();
    report
}

/// What ended the sweep before its last seed.
fn ended_early(
    arguments: &RunArguments,
    seeds: &Range<u64>,
    report: &SweepReport,
    ends: &Ends<'_>,
) -> Option<EndedEarly> {
    if report.seeds == seeds.end - seeds.start {
        return None;
    }
    let failed = report.seeds - report.expected_runs();
    let why = if ends.failures.is_some_and(|most| failed >= most) {
        match failed {
            1 => "a seed failed".to_owned(),
            failed => format!("{failed} seeds had failed"),
        }
    } else if ends.interrupted.load(Ordering::Relaxed) {
        "interrupted".to_owned()
    } else if arguments.until.is_some() {
        "the time was up".to_owned()
    } else {
        "nothing more could be written".to_owned()
    };
    Some(EndedEarly { why })
}

/// The same with the command that plays exactly these seeds.
fn told(report: &SweepReport, command: &str) -> String {
    let Some(EndedEarly { why }) = &report.ended_early else { return String::new() };
    match report.last_seed {
        Some(last) => format!("Ended after seed {last}: {why}. Exactly these seeds again: {command}\n\n"),
        None => format!("Ended before the first seed was done: {why}.\n\n"),
    }
}

/// The command that plays a sweep again.
pub(in crate::cli) fn command(file: &str, seeds: &Range<u64>, overrides: &[String]) -> String {
    let mut command = format!("highwater run {} --seeds {}..{}", quoted(file), seeds.start, seeds.end);
    for pair in overrides {
        command.push_str(" --set ");
        command.push_str(&quoted(pair));
    }
    command
}
