//! A run as its clients know it, written down for other judges: `highwater run --history FILE`.
//!
//! What stands there is only what a client did, was told or read: the records that it handed over and what became of them, what
//! polls returned, the partitions that it was given, its requests to commit and their answers, its transactions. Nothing that
//! only brokers know: a commit that was stored and whose answer was lost was asked for, and no more is said.
//!
//! [`Recorder`] hears a run and makes [`ops`] of it. They have two faces: [`jsonl`] says everything, one operation a line, below
//! a [`header`] with the settings that promises follow from; [`edn`] says what `jepsen.tests.kafka` can read.

pub mod edn;
pub mod header;
pub mod jsonl;
pub mod ops;
mod recorder;

pub use recorder::Recorder;

#[cfg(test)]
mod history_file_test;
