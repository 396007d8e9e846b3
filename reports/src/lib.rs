//! Judges what it is shown, and reports. Imports only the model's vocabulary.
pub mod expect;
pub mod end;
pub mod finding;
mod invariants;
pub mod judge;
pub mod liveness;
pub mod property;
#[cfg(test)]
mod testing;
pub mod counts;
pub mod coverage;
pub mod history;
pub mod latency;
pub mod outcome;
pub mod panel;
pub mod promises;
pub mod render;
pub mod report;
pub mod sweep;
pub mod verdict;
#[cfg(test)]
mod clients_for_tests;
