//! One seed: its report, and with `--trace` every event before it.

use std::io;
use std::sync::{Arc, Mutex};

use highwater_reports::render::trace::Trace as Timeline;
use highwater_reports::render::{Again, json, text};

use super::ndjson::Ndjson;
use super::{Exit, Format, Part, Played, RunArguments, Story, output, written};
use crate::prepared::Prepared;
use crate::run::{self, RunOptions};
use crate::trace;

pub(super) fn one(arguments: &RunArguments, story: &Story, ndjson: &mut Ndjson) -> io::Result<Played> {
    let Story { file, prepared, .. } = story;
    let seed = arguments.seed.unwrap_or(0);
    let lines = Arc::new(Mutex::new(String::new()));
    let mut options = RunOptions::default();
    if arguments.trace {
        options.trace = Some(timeline(prepared, &lines));
    }
    let report = run::run(prepared, seed, options);
    // Whether it could be written is asked when all is printed.
    let _told_later = ndjson.write(&report);
    if arguments.trace {
        output::result(&lines.lock().map(|lines| lines.clone()).unwrap_or_default())?;
    }
    let printed = match arguments.format {
        Format::Text => text::run(&report, &Again { scenario: &file.given, sweep: "" }),
        Format::Json => written(json::run(&report)),
    };
    let exit = Exit(report.outcome.exit_code());
    Ok(Played { part: Part { printed, exit }, failures: u64::from(exit != Exit::SUCCESS) })
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
