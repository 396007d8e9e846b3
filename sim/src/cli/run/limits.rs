//! `--events-max`, `--memory-max`: what a run may take before it is stopped and reported.
//!
//! They are overrides of the file's own bounds by a shorter name, so that the report says what was set, and the command that
//! plays a failure again sets it, too.

use std::num::NonZeroU64;

use clap::Args;

use crate::cli::at_least_one;
use crate::cli::units::{self, Size};

/// What a run may take.
#[derive(Args, Debug)]
pub(super) struct Limits {
    /// Stops a run that takes more steps than this, and reports that it did; as --set events_max=N
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroU64>)]
    events_max: Option<NonZeroU64>,
    /// Stops a run that holds more memory than this, as 200MB or 1GiB, and reports that it did; as --set memory_max_bytes=N. It is
    /// estimated from the run's logs, its messages and what judges remember, and so is the same on every machine
    #[arg(long, value_name = "SIZE", value_parser = units::memory)]
    memory_max: Option<Size>,
}

impl Limits {
    /// The first option that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let events = self.events_max.map(|_| "--events-max");
        events.or_else(|| self.memory_max.as_ref().map(|_| "--memory-max"))
    }

    /// As `--set` takes them.
    pub(super) fn overrides(&self) -> impl Iterator<Item = String> {
        let events = self.events_max.map(|most| format!("events_max={most}"));
        let memory = self.memory_max.as_ref().map(|most| format!("memory_max_bytes={}", most.bytes));
        events.into_iter().chain(memory)
    }
}
