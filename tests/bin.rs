//! `highwater`, for the tests of the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    highwater_sim::cli::main()
}
