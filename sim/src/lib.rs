//! Plays scenario files on a seeded simulated clock and network.
pub mod scenario;
