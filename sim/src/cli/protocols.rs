//! `highwater protocols`: which Kafka versions there are, and what each is made of.

use std::io;

use clap::{Args, ValueEnum};
use highwater_model::protocol::Preset;
use highwater_reports::protocols::{self, text};
use serde::Serialize;

use super::{Exit, output, presets};

/// Prints the presets that a scenario's `protocol` may name and the switches that they are made of, or what tells two of
/// them apart. Any switch may be set alone: "switches" in a scenario, or --set SWITCH=VALUE.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct ProtocolsArguments {
    /// Prints only what differs between two presets, and what that stands for
    #[arg(long, num_args = 2, value_names = ["A", "B"], value_parser = presets::parse)]
    diff: Option<Vec<Preset>>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  highwater protocols
  highwater protocols --diff 2.0 2.0.1
  highwater protocols --format json
  highwater run scenarios/chaos.json --set protocol=2.0 --set truncate_when=epoch_changes

Exit codes:
    0  it was printed
    2  misuse, or it could not be written
  101  a defect of Highwater itself";

/// The faces of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Does what `highwater protocols` says.
///
/// # Errors
/// The result could not be written.
pub(super) fn protocols(arguments: &ProtocolsArguments) -> io::Result<Exit> {
    let printed = match arguments.diff.as_deref() {
        Some(&[from, to]) => face(arguments.format, &protocols::diff(from, to), text::diff),
        Some(_) | None => face(arguments.format, &protocols::matrix(), text::matrix),
    };
    output::result(&printed)?;
    Ok(Exit::SUCCESS)
}

/// What was found, for people or for machines.
pub(super) fn face<T: Serialize>(format: Format, found: &T, words: impl Fn(&T) -> String) -> String {
    match format {
        Format::Text => words(found),
        Format::Json => serde_json::to_string_pretty(found).expect("all keys of it are strings"),
    }
}
