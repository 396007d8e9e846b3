//! How much smaller a failing scenario could be made.

pub mod text;

use serde::Serialize;

use crate::latency::Millis;
use crate::signature::Signature;

/// The version of the report's shape.
pub const VERSION: u32 = 1;

/// What was made smaller, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shrinking {
    /// [`VERSION`].
    pub version: u32,
    /// The scenario's name.
    pub scenario: String,
    /// `K=V` as given with `--set`; the smaller scenario says them itself.
    pub overrides: Vec<String>,
    /// The seed that fails.
    pub seed: u64,
    /// The seed on which the smaller scenario fails.
    pub after_seed: u64,
    /// What kind of failure it is.
    pub before_signature: Signature,
    /// What kind of failure the smaller scenario shows: the same property at the same part, and of the shape what the protocol
    /// did.
    pub after_signature: Signature,
    /// What there was.
    pub before: Size,
    /// What is left.
    pub after: Size,
    /// How many scenarios were tried.
    pub tried: u64,
    /// Whether nothing more helped; otherwise there was no more time, or no more was to be tried.
    pub finished: bool,
}

impl Shrinking {
    /// Whether there is less of anything that scenarios are made of.
    pub fn is_smaller(&self) -> bool {
        let made = |size: &Size| [size.faults, size.records, size.brokers, size.partitions, size.clients];
        made(&self.before) != made(&self.after)
    }
}

/// How large a scenario is, and its run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Faults that struck or might strike.
    pub faults: u64,
    /// Records that producers are asked to send.
    pub records: u64,
    /// Brokers.
    pub brokers: u64,
    /// Partitions of applications' topics.
    pub partitions: u64,
    /// Producers and groups' members.
    pub clients: u64,
    /// How long the run is.
    pub simulated_ms: Millis,
    /// How many inputs machines take.
    pub steps: u64,
    /// The file's text.
    pub bytes: u64,
}
