//! Consumer groups: members that share the partitions of topics and commit how far they have come.
//!
//! A [`Member`] is Kafka's consumer with the application around it. It finds its group's coordinator, joins, gets its share
//! of the partitions, reads them, and commits.

pub mod assignors;
mod fetcher;
mod isolation;
mod member;
mod offsets;
mod validation;

pub(crate) use member::processing::Polled;
pub use member::{Member, MemberSetup};
