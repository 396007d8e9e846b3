//! Failure bundles: one file that has all it takes to play a failed run again, and what it was.
//!
//! A bundle stands alone: it holds the scenario's text, the overrides and the seed, so that nobody needs the file that it came
//! from. It holds what the run was (its fingerprint, and checkpoints on the way) and what every fault did, by name, so that
//! the failure can still be had after a change of the code that made the seed another run.

mod acts;
mod checkpoints;
pub(crate) mod format;
mod read;
pub(crate) mod record;
pub(crate) mod replay;

pub(crate) use self::format::FORMAT;

pub use self::format::Bundle;
pub(crate) use self::format::scenario_in;
pub use self::read::{is_bundle, parse, read};
pub use self::record::record;
pub use self::replay::replay;

#[cfg(test)]
#[path = "bundle_test.rs"]
mod bundle_test;
#[cfg(test)]
#[path = "refactoring_test.rs"]
mod refactoring_test;
