//! What kind of failure a run is: two runs with the same signature most likely failed for the same reason.
//!
//! # What it keeps
//!
//! The property that broke first, the part that the one played who was seen breaking it, and the causal shape: which kinds
//! of notable things had happened to that partition since it last was whole (its ISR complete), each with the part of the
//! one it happened to. A kind stands once, where it happened last; of more than [`Signature::LONGEST`] the latest stay. Of
//! faults only those that had a hand in it: the last to strike the one who was seen, or a broker that was taken for dead
//! afterwards; if nothing else is known, the latest. What the end shows (a lost write, say) is told from all that happened
//! before the faults were over, for by then every partition is whole again.
//!
//! # What it drops
//!
//! Times, seeds, names, ids, epochs, offsets and counts; how often a thing was repeated; what comes with every record;
//! refusals and retries' numbers; the mending of what a fault did, but for a restart; what happened to other partitions and
//! to brokers that hold no replica of this one; what clients did and suffered, where the property is of logs or of the ISR;
//! and what happened after the break. Two things of different kinds that overlap in time may come in either order: such runs
//! have different signatures.

mod shapes;
mod telling;

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::fnv;
use crate::property::Property;

pub(crate) use shapes::{Shapes, Stage};

/// What kind of failure a run is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Signature {
    /// What broke first.
    pub property: Property,
    /// The part of the one who was seen breaking it.
    pub role: Role,
    /// Which kinds of things had happened, the latest last: `crash of leader`, `clean election`.
    pub shape: Vec<String>,
    /// A hash of the rest in eight hexadecimal digits; the same in every build.
    pub name: String,
}

/// The part that someone plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Role {
    /// A broker that takes itself for the partition's leader.
    Leader,
    /// A broker with a replica that does not lead.
    Follower,
    /// A broker that leads a partition of an internal topic.
    Coordinator,
    /// The controller.
    Controller,
    /// A producer.
    Producer,
    /// A group's member.
    Member,
    /// The run is over: nobody's step.
    End,
}

impl Role {
    /// `leader`.
    pub fn word(self) -> &'static str {
        self.into()
    }
}

impl Signature {
    /// How many kinds of things it names at most.
    pub const LONGEST: usize = 6;

    /// The signature of a failure.
    pub fn new(property: Property, role: Role, shape: Vec<String>) -> Self {
        let mut signature = Self { property, role, shape, name: String::new() };
        signature.name = format!("{:08x}", fold(&signature.words()));
        signature
    }

    fn words(&self) -> String {
        let Self { property, role, shape, .. } = self;
        let whose = if matches!(role, Role::End | Role::Controller) { "the" } else { "a" };
        let shape = if shape.is_empty() { "nothing notable".to_owned() } else { shape.join(" > ") };
        format!("{} at {whose} {}: {shape}", property.name(), role.word())
    }
}

/// `3f2a91c0  strong-isr at a follower: crash of leader > clean election > truncation (became follower)`
impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}  {}", self.name, self.words())
    }
}

/// It must never change: names of failures are written down.
fn fold(text: &str) -> u32 {
    fnv::folded(fnv::START, text.as_bytes()) as u32
}

#[cfg(test)]
#[path = "signature/signature_test.rs"]
mod signature_test;
