//! `highwater schema`: the JSON Schema of scenario files, for editors.

use std::io;

use clap::Args;

use super::{Exit, output};
use crate::scenario::schema::schema_text;

/// Prints the JSON Schema of scenario files. Editors that know it complete and check them.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct SchemaArguments {}

const EXAMPLES: &str = "\
Example:
  highwater schema > scenarios/schema.json

Exit codes:
    0  it was printed
    2  misuse, or it could not be written
  101  a defect of Highwater itself";

/// Does what `highwater schema` says.
///
/// # Errors
/// The result could not be written.
pub(super) fn schema(_: &SchemaArguments) -> io::Result<Exit> {
    output::result(&schema_text())?;
    Ok(Exit::SUCCESS)
}
