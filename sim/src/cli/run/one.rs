//! One seed: its report, and with `--trace` every event before it.

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use highwater_reports::ci::{Suite, markdown};
use highwater_reports::render::trace::Trace as Timeline;
use highwater_reports::render::{Again, json, text};

use super::{Exit, Format, Part, Played, RunArguments, Story, history, output, written};
use crate::causes;
use crate::prepared::Prepared;
use crate::run::{self, RunOptions};
use crate::sweep::Listener;
use crate::trace;

pub(super) fn one(
    arguments: &RunArguments,
    story: &Story,
    interrupted: &Arc<AtomicBool>,
    heard: &mut Listener<'_>,
) -> io::Result<Played> {
    let Story { file, prepared, .. } = story;
    let seed = arguments.seed.unwrap_or(0);
    let lines = Arc::new(Mutex::new(String::new()));
    let mut options = RunOptions { stop: Some(Arc::clone(interrupted)), ..RunOptions::default() };
    let kept = arguments.history.as_ref().map(|target| (target, history::Kept::new(prepared)));
    let timeline = arguments.trace.then(|| timeline(prepared, &lines));
    options.trace = trace::both(timeline, kept.as_ref().map(|(_, kept)| Box::new(kept.ear()) as _));
    let mut report = run::run(prepared, seed, options);
    causes::explain_until(prepared, &mut report, interrupted);
    // Whether it could be written is asked when all is printed.
    let _told_later = heard(&report);
    if arguments.trace {
        output::result(&lines.lock().map(|lines| lines.clone()).unwrap_or_default())?;
    }
    let again = Again { scenario: &file.given, sweep: "" };
    let markdown = if arguments.in_markdown() { markdown::run(&report, &again) } else { String::new() };
    let printed = match arguments.format {
        Format::Text => text::run(&report, &again),
        Format::Json => written(json::run(&report)),
        Format::Markdown => String::new(),
    };
    let suite = Suite::of_run(&report, &again);
    let outcome = Exit(report.outcome.exit_code());
    let failures = u64::from(outcome != Exit::SUCCESS);
    let written = kept.map_or(Ok(()), |(target, kept)| kept.write(target, prepared, &report));
    let exit = match written {
        Ok(()) => outcome,
        Err(reason) => {
            output::note(&reason);
            Exit::MISUSED
        }
    };
    Ok(Played { part: Part { printed, exit, suite, markdown }, failures })
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
