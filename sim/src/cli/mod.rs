//! The command line. One file a command; results go to stdout, progress and errors to stderr.

mod accept;
mod bisect;
mod check;
mod compare;
mod coverage;
mod diff;
mod history;
mod interrupt;
mod list;
mod merge;
mod museum;
mod output;
mod presets;
mod progress;
mod protocols;
mod replay;
mod reports;
mod run;
mod schema;
mod seeds;
mod shrink;
mod size;
mod units;
mod vary;

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::str::FromStr;

use clap::{Parser, Subcommand};

/// A deterministic simulation testbed for Kafka-style partition replication.
#[derive(Debug, Parser)]
#[command(name = "highwater", version, max_term_width = 100, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  highwater run scenarios/leader_crash_before_ack_duplicates.json
  highwater run scenarios --seeds 0..1000
  highwater run scenarios/chaos.json --seed 7 --set acks=1 --trace
  highwater replay failures/chaos-0-3f2a91c0.json
  highwater shrink scenarios/chaos.json --seed 7
  highwater compare scenarios/steady_state.json --vary acks=0,1,-1 --seeds 0..1000
  highwater diff before.json now.json
  highwater merge 1.json 2.json 3.json
  highwater coverage scenarios --seeds 0..100
  highwater check my_scenario.json
  highwater list
  highwater protocols --diff 2.0 2.0.1
  highwater museum --seeds 0..10
  highwater bisect scenarios/hw_truncation_loses_acked.json --seed 0
  highwater size --topic-throughput 100MB/s --consumer-throughput 10MB/s

Exit codes:
    0  as expected
    1  a promise broke, or an expected break did not show
    2  misuse, or a scenario file that is not valid
    3  stalled: the cluster did not converge after the faults were over
    4  a replay did not match its recording
  101  a defect of Highwater itself
  130  interrupted; what was found so far was printed";

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArguments),
    Replay(replay::ReplayArguments),
    Shrink(shrink::ShrinkArguments),
    Diff(diff::DiffArguments),
    Accept(accept::AcceptArguments),
    Merge(merge::MergeArguments),
    Compare(compare::CompareArguments),
    Coverage(coverage::CoverageArguments),
    Check(check::CheckArguments),
    List(list::ListArguments),
    Protocols(protocols::ProtocolsArguments),
    Museum(museum::MuseumArguments),
    Bisect(bisect::BisectArguments),
    Schema(schema::SchemaArguments),
    Size(size::SizeArguments),
}

/// How many threads: as many as was said, else one a core.
fn jobs(said: Option<NonZeroUsize>) -> usize {
    said.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
}

/// Reads a number that is not zero.
///
/// # Errors
/// What would be right.
fn at_least_one<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| "write a whole number, at least 1".to_owned())
}

/// What the shell learns. Clap itself exits with 2 on misuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Exit(u8);

impl Exit {
    const SUCCESS: Self = Self(0);
    const MISUSED: Self = Self(2);
    /// There was no time for a single seed: a bound was met.
    const NOTHING_PLAYED: Self = Self(3);
    const PANICKED: Self = Self(101);
    const INTERRUPTED: Self = Self(130);
}

/// Reads the command line, does what it says, and tells the shell how it went.
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Replay(arguments) => replay::replay(&arguments),
        Command::Shrink(arguments) => shrink::shrink(&arguments),
        Command::Diff(arguments) => diff::diff(&arguments),
        Command::Accept(arguments) => accept::accept(&arguments),
        Command::Merge(arguments) => merge::merge(&arguments),
        Command::Compare(arguments) => compare::compare(&arguments),
        Command::Coverage(arguments) => coverage::coverage(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::List(arguments) => list::list(&arguments),
        Command::Protocols(arguments) => protocols::protocols(&arguments),
        Command::Museum(arguments) => museum::museum(&arguments),
        Command::Bisect(arguments) => bisect::bisect(&arguments),
        Command::Schema(arguments) => schema::schema(&arguments),
        Command::Size(arguments) => size::size(&arguments),
    };
    match done {
        Ok(exit) => ExitCode::from(exit.0),
        Err(error) => output::failed(&error),
    }
}

#[cfg(test)]
#[path = "mod_test.rs"]
mod tests;
