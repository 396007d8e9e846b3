//! Plays scenario files on a seeded simulated clock and network.
//!
//! The walk of a run: [`scenario`] reads a file and makes a [`Plan`](scenario::plan::Plan) of it; [`prepared`] makes ready what all
//! seeds share; [`run`] plays one seed and [`sweep`] many. A run is a [`World`](world::World), which holds the wire, the
//! faults, the view and the judges and says whose turn it is, and a driver, which owns the machines and does as it is told:
//! [`actors`] on madsim, a node and a task for each machine, or [`bare`], a loop. Both give the same trace to the last
//! event. All chance comes from the [`seed`], by name. A failure is written down as a [`bundle`] and played again
//! from it. [`cli`] is the command line.
//!
//! The library is usable without the command line:
//!
//! ```
//! use std::sync::Arc;
//! use highwater_sim::{prepared::Prepared, run, scenario::load};
//!
//! let text = r#"{
//!     "story": "One record, one broker.",
//!     "cluster": { "brokers": 1 },
//!     "topics": [{ "name": "orders" }],
//!     "producers": [{ "name": "shop", "topic": "orders", "records": 1, "every_ms": 1 }],
//!     "duration_ms": 5000
//! }"#;
//! let loaded = load::load_str("one.json", text, &[]).expect("the scenario is valid");
//! let report = run::run(&Arc::new(Prepared::new(loaded.plan)), 7, run::RunOptions::default());
//! assert_eq!(report.counts.acknowledged, 1);
//! ```
//!
//! # Architecture invariant
//!
//! This is the only crate that knows madsim, and [`actors`] the only file of it that does. Nothing in a result comes from the
//! wall clock, the order of threads, or a path.

#[cfg(not(madsim))]
compile_error!(
    "Highwater is built with --cfg madsim, which .cargo/config.toml sets. A RUSTFLAGS variable replaces that file: unset \
     it, or add --cfg madsim to it. `cargo build --manifest-path` from outside the repository does not read the file \
     either: change into it first."
);

pub mod actors;
pub mod bare;
pub mod bisect;
mod bounds;
pub mod bundle;
pub mod causes;
pub mod cli;
#[cfg(test)]
mod client_faults_test;
pub mod coverage;
pub mod crew;
pub mod driver;
mod faults;
mod files_out;
mod fingerprint;
pub mod history;
mod lives;
mod memory;
pub mod museum;
pub mod panics;
mod phases;
pub mod pool;
pub mod prepared;
pub mod run;
pub mod scenario;
pub mod seed;
mod shrink;
mod swarm;
pub mod sweep;
#[cfg(test)]
mod testing;
pub mod trace;
pub mod wire;
mod workload;
pub mod world;
