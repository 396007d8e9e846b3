//! `highwater`: see `highwater help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    highwater_sim::cli::main()
}
