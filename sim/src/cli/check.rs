//! `highwater check`: says whether scenario files are valid, and what is wrong with those that are not.

use std::io;
use std::path::PathBuf;

use clap::Args;

use super::{Exit, output};
use crate::scenario::errors::LoadErrors;
use crate::scenario::files::{self, FilesErrors};
use crate::scenario::load::load;

/// Reads scenarios and says what is wrong with them, without running anything.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct CheckArguments {
    /// Scenario files, or directories of them
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Overrides a setting of the file, by its path or by its Kafka name, or a switch of the protocol; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  highwater check my_scenario.json
  highwater check scenarios --set protocol=0.10

Exit codes:
    0  all are valid
    2  misuse, or a scenario file that is not valid
  101  a defect of Highwater itself";

/// Does what `highwater check` says: valid files to stdout, errors to stderr.
///
/// # Errors
/// The result could not be written.
pub(super) fn check(arguments: &CheckArguments) -> io::Result<Exit> {
    let checked = match checked(&arguments.paths, &arguments.set) {
        Ok(checked) => checked,
        Err(errors) => {
            output::note(&errors.checked(output::colours()));
            return Ok(Exit::MISUSED);
        }
    };
    let mut bad = false;
    for file in checked {
        match file {
            Ok(given) => output::result(&format!("{given}: ok"))?,
            Err(errors) => {
                output::note(&errors.checked(output::colours()));
                bad = true;
            }
        }
    }
    Ok(if bad { Exit::MISUSED } else { Exit::SUCCESS })
}

/// Each file's name if it is valid, else its errors.
fn checked(paths: &[PathBuf], overrides: &[String]) -> Result<Vec<Result<String, LoadErrors>>, FilesErrors> {
    let files = files::expand(paths)?;
    Ok(files.into_iter().map(|file| load(&file.path, overrides).map(|_| file.given)).collect())
}
