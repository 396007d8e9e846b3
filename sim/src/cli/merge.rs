//! `highwater merge`: joins the parts of sweeps that were split with `--shard`.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use highwater_reports::render::{Again, json, text};
use highwater_reports::shard::{ShardReport, join};
use serde_json::Value;

use super::run::{as_json, command, gravest};
use super::{Exit, output, reports};

/// Joins the JSON reports of `highwater run --shard` to the report on the whole, the same to the last byte as one machine
/// would have made of all seeds.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct MergeArguments {
    /// The parts, in any order: what `highwater run --shard N/OF --format json` printed
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to print the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  highwater run scenarios/chaos.json --seeds 0..1000 --shard 1/2 --format json > 1.json
  highwater run scenarios/chaos.json --seeds 0..1000 --shard 2/2 --format json > 2.json
  highwater merge 1.json 2.json
  highwater merge 1.json 2.json --format json > chaos.report.json

Exit codes:
    0  as expected
    1  a promise broke, or an expected break did not show
    2  misuse, or files that are not all the parts of one sweep
    3  stalled: the cluster did not converge after the faults were over
  101  a defect of Highwater itself";

/// The faces of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Does what `highwater merge` says.
///
/// # Errors
/// The result could not be written.
pub(super) fn merge(arguments: &MergeArguments) -> io::Result<Exit> {
    let wholes = match joined(&arguments.files) {
        Ok(wholes) => wholes,
        Err(errors) => {
            errors.iter().for_each(|error| output::note(&format!("highwater: {error}")));
            return Ok(Exit::MISUSED);
        }
    };
    let printed: Vec<String> = wholes.iter().map(|whole| printed(whole, arguments.format)).collect();
    match arguments.format {
        Format::Text => output::result(&printed.join("\n"))?,
        Format::Json => output::result(&as_json(printed.iter().map(String::as_str), wholes.len()))?,
    }
    Ok(gravest(wholes.iter().map(|whole| Exit(whole.report.outcome().exit_code()))))
}

/// The report on each scenario, in the order of the files; or everything that is wrong with them.
fn joined(files: &[PathBuf]) -> Result<Vec<ShardReport>, Vec<String>> {
    let mut errors = Vec::new();
    let mut read = Vec::new();
    for file in files {
        match shards(file) {
            Ok(shards) => read.push((file.display().to_string(), shards)),
            Err(error) => errors.push(error),
        }
    }
    let Some(scenarios) = read.first().map(|(_, shards)| shards.len()) else { return Err(errors) };
    let (first, _) = &read[0];
    for (file, shards) in &read {
        if shards.len() != scenarios {
            errors.push(format!(
                "{first} and {file} are not of one sweep: one has {scenarios} scenarios, the other {}",
                shards.len()
            ));
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut parts: Vec<Vec<(String, ShardReport)>> = (0..scenarios).map(|_| Vec::new()).collect();
    for (file, shards) in read {
        for (place, shard) in shards.into_iter().enumerate() {
            parts[place].push((file.clone(), shard));
        }
    }
    let joined = parts.into_iter().map(|parts| join(parts).map_err(|error| vec![error.to_string()]));
    joined.filter_map(Result::transpose).collect()
}

/// What a file holds: one part, or one of each scenario.
fn shards(file: &Path) -> Result<Vec<ShardReport>, String> {
    let parts = reports::read(file)?;
    parts.iter().map(|part| shard(part).map_err(|error| format!("{} {error}", file.display()))).collect()
}

fn shard(value: &Value) -> Result<ShardReport, String> {
    if value.get("shard").is_none() {
        return Err(
            "is no part of a sweep; play parts with `highwater run --seeds A..B --shard N/OF`".to_owned()
        );
    }
    ShardReport::from_json(value).map_err(|error| format!("is no part as this Highwater writes it: {error}"))
}

fn printed(whole: &ShardReport, format: Format) -> String {
    let ShardReport { shard, report } = whole;
    match format {
        Format::Text => {
            let command = command(&shard.file, &shard.sweep, &report.overrides);
            text::sweep(report, &Again { scenario: &shard.file, sweep: &command })
        }
        Format::Json => json::sweep(report).expect("a report's keys are strings"),
    }
}
