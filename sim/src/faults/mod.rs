//! What goes wrong: at set times, upon events, and by chance.
//!
//! A fault strikes between two steps, before the deliveries of its own instant. It is a step of the controller's node and told
//! like any other: judges look at it, and other faults may wait for it.

mod anchors;
mod decisions;
mod random;
mod recorded;
mod resolve;
mod strike;

use highwater_model::event::Event;
use highwater_model::ids::{BrokerId, NodeId, TopicId, TopicPartition};
use highwater_model::machine::Ending;
use highwater_model::time::{Instant, Micros};

pub(crate) use self::anchors::Anchors;
pub(crate) use self::decisions::{Decision, Decisions};
pub(crate) use self::random::Chance;
pub(crate) use self::recorded::Recorded;
pub(crate) use self::strike::Mend;
use crate::wire::{Degraded, DropRule};

/// A fault that is about to strike.
#[derive(Clone, Debug)]
pub(crate) struct Strike {
    fault: u32,
    witness: Witness,
    source: Source,
}

/// Where a fault comes from.
#[derive(Clone, Debug)]
enum Source {
    /// The scenario: its place there is its number.
    Scenario,
    /// Chance; none if there was nobody to strike.
    Chance(Option<Act>),
}

/// Whom the event was about that a fault waited for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Witness {
    broker: Option<BrokerId>,
    client: Option<NodeId>,
}

/// What a fault does, to whom. A span of `None` lasts until the heal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Act {
    Crash { node: NodeId, ending: Ending, keeps: Option<u64>, restart_after: Option<Micros> },
    Shutdown { node: NodeId, controlled: bool, restart_after: Option<Micros> },
    Leave { node: NodeId },
    Join { node: NodeId },
    Pause { node: NodeId, lasts: Option<Micros> },
    Cut { links: Vec<(NodeId, NodeId)>, lasts: Option<Micros> },
    Degrade { from: NodeId, to: NodeId, degraded: Degraded, lasts: Option<Micros> },
    Lag { broker: BrokerId, delay: Option<Micros>, lasts: Option<Micros> },
    Drop(DropRule),
    ElectPreferred(TopicPartition),
    CreatePartitions { topic: TopicId, count: u16 },
}

impl Strike {
    /// A fault of the scenario, at a set time.
    pub(crate) fn timed(fault: u32) -> Self {
        Self { fault, witness: Witness::default(), source: Source::Scenario }
    }

    /// One that came by chance when it was recorded, whoever it was.
    fn recorded(fault: u32, act: Option<Act>) -> Self {
        Self { fault, witness: Witness::default(), source: Source::Chance(act) }
    }

    fn is_random(&self) -> bool {
        matches!(self.source, Source::Chance(_))
    }

    fn struck(&self) -> Event {
        Event::FaultStruck { fault: self.fault, random: self.is_random() }
    }

    fn decided(&self, at: Instant, act: Option<Act>) -> Decision {
        Decision { fault: self.fault, random: self.is_random(), at, act, draws: Vec::new() }
    }

    fn missed(&self) -> Event {
        Event::FaultMissed { fault: self.fault, random: self.is_random() }
    }
}
