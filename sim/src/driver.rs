//! What a driver does, and what it needs: machines to move, and someone who looks on.
//!
//! A driver owns the machines of a run. It asks the [`World`](crate::world::World) for a [`Turn`], does it, and asks again; it
//! decides nothing. There are two: [`crate::actors`], on madsim, and [`crate::bare`], a loop.

use highwater_model::event::{Event, Step};
use highwater_model::ids::NodeId;
use highwater_model::machine::{Ending, Input, Machine};
use highwater_model::view::ClusterView;
use highwater_reports::end::RunEnd;

/// Who looks on.
pub trait Observer {
    /// What it says at the end.
    type Report;
    /// Looks at one step: what happened in it, and the true state after it.
    fn look(&mut self, step: &Step, events: &[Event], view: &ClusterView);
    /// Whether all is well again. Asked after the heal, ten times a simulated second.
    fn converged(&self, view: &ClusterView) -> bool;
    /// What is still open, in words.
    fn pending(&self, view: &ClusterView) -> Vec<String>;
    /// The run is over.
    fn finish(self, view: &ClusterView, ended: Ended) -> Self::Report;
}

/// How a run ended and how far it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The last step.
    pub step: Step,
    /// How.
    pub end: RunEnd,
    /// A hash of all that happened.
    pub fingerprint: u64,
    /// How many steps there were, those of the driver included.
    pub steps: u64,
    /// How many events.
    pub events: u64,
    /// How many messages left nodes.
    pub messages: u64,
}

/// What a driver does next.
#[derive(Debug)]
pub enum Turn {
    /// The machine at `node` takes `input`: [`step`](crate::world::World::step).
    Deliver {
        /// Whose turn it is.
        node: NodeId,
        /// What it gets.
        input: Input,
    },
    /// The machine at `node` is taken apart: [`attend`](crate::world::World::attend).
    Stop {
        /// Whose life ends.
        node: NodeId,
        /// How.
        ending: Ending,
    },
    /// A new machine takes the place at `node`: [`attend`](crate::world::World::attend).
    Start {
        /// Who lives again.
        node: NodeId,
    },
    /// The node stands still. It gets no turns until it goes on.
    Pause {
        /// Which.
        node: NodeId,
    },
    /// It goes on.
    Resume {
        /// Which.
        node: NodeId,
    },
    /// The run is over: [`finish`](crate::world::World::finish).
    Done,
}

/// Who makes machines and takes them apart, and keeps what survives them.
pub trait Crew {
    /// The machines.
    type Actor: Machine;
    /// The machine for a life at `node` that begins.
    fn start(&mut self, node: NodeId) -> Self::Actor;
    /// A life ends. `keep(n)` says how many of `n` things survive, drawn evenly; what did not is told.
    fn stop(
        &mut self,
        node: NodeId,
        actor: Self::Actor,
        ending: Ending,
        keep: &mut dyn FnMut(u64) -> u64,
    ) -> Vec<Event>;
}
