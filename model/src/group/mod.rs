//! Consumer groups: members that share the partitions of topics and commit how far they have come.
//!
//! This is the least group that works. Each member knows its place in the group and computes what it owns; nobody joins,
//! leaves or is expelled, and there is one generation. Offsets are kept by a fixed broker. What a member does with the
//! partitions that it owns is what Kafka's consumer of 0.11.0.2 does.

pub mod assignors;
mod fetcher;
mod member;
mod offsets;

pub use member::{Member, MemberSetup};
