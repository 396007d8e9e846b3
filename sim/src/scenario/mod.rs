//! Scenario files.
pub mod format;
pub mod target;
