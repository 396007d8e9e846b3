//! Judges what it is shown, and reports.
//!
//! Two judges look at a run. The first, [`judge`], sees true state after every step
//! ([`ClusterView`](highwater_model::view::ClusterView)) and holds it against the [`invariants`], and against [`liveness`] once
//! the faults are over. The second, [`history`], hears only what clients sent, were told and read, and speaks Jepsen's
//! names. [`promises`] says which property is promised under which settings, [`coverage`] what the run has shown at all. A
//! [`panel`] is all of them together; what they come to is a [`report`], many of those a [`sweep`], and
//! [`render`] gives both their faces. Sweeps of one scenario under several settings make a [`comparison`].
//!
//! # Architecture invariant
//!
//! Only the model's vocabulary is imported: ids, time, records, messages, events, views, settings. No machine is known here,
//! so every judge can be tested by handing it a lie.

mod behaviour;
pub mod bisection;
pub mod causes;
pub mod ci;
pub mod clients;
#[cfg(test)]
mod clients_for_tests;
pub mod comparison;
pub mod confidence;
pub mod counts;
pub mod coverage;
pub mod difference;
pub mod end;
pub mod expect;
pub mod faults;
pub mod finding;
mod first_broken;
mod fnv;
pub mod groups;
pub mod history;
pub mod history_file;
mod invariants;
pub mod judge;
pub mod latency;
pub mod liveness;
pub mod museum;
pub mod must_see;
mod outages;
pub mod outcome;
pub mod panel;
pub mod promises;
pub mod property;
pub mod protocols;
pub mod reach;
pub mod render;
pub mod replay;
pub mod report;
pub mod shard;
pub mod shrinking;
pub mod signature;
pub mod standing;
mod strategies;
pub mod swarm;
pub mod sweep;
pub mod switches;
#[cfg(test)]
mod testing;
pub mod verdict;
