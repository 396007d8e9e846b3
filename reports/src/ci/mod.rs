//! What CI servers read: a run or a sweep as a [`Suite`] of cases, and its faces: [`junit`] XML, [`github`] annotations and
//! [`markdown`] for summaries and comments.
//!
//! A bundle that was played again is a [suite](bundle) of one case.
//!
//! A case is something that a scenario could have failed by: each property, each event that must be seen, and how runs end. A
//! suite has a failed case if, and only if, the scenario did not go as expected: what broke as it was meant to is no failure, and
//! neither is what broke without a promise.

pub mod bundle;
pub mod github;
pub mod junit;
pub mod markdown;
pub mod suite;

pub use self::suite::{About, Case, State, Suite};

#[cfg(test)]
#[path = "ci_test.rs"]
mod ci_test;
