//! Judges what it is shown, and reports. Imports only the model's vocabulary.
pub mod expect;
pub mod finding;
pub mod property;
