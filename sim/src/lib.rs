//! Plays scenario files on a seeded simulated clock and network.
pub mod scenario;
pub mod actors;
pub mod bare;
pub mod crew;
pub mod driver;
mod faults;
mod fingerprint;
mod lives;
pub mod panics;
mod phases;
pub mod prepared;
pub mod run;
pub mod seed;
#[cfg(test)]
mod testing;
pub mod trace;
pub mod wire;
mod workload;
pub mod world;
pub mod cli;
pub mod sweep;
