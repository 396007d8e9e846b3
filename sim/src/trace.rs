//! For whoever wants to see a run step by step: timelines, explanations, comparisons of two runs.

use highwater_model::event::{Event, Step};
use highwater_model::machine::Input;
use highwater_model::message::Envelope;
use highwater_model::view::ClusterView;

/// One step, as it is over and before anything that it sent has left.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Whose, when, and what it came of.
    pub step: &'a Step,
    /// What came in; none for a step of the driver, such as a fault.
    pub input: Option<&'a Input>,
    /// What happened.
    pub events: &'a [Event],
    /// What is about to leave.
    pub sends: &'a [Envelope],
    /// The true state after it.
    pub view: &'a ClusterView,
}

/// Is shown every step of a run, in order.
pub trait Trace: Send {
    /// One step.
    fn step(&mut self, seen: Seen<'_>);
}

impl<F: FnMut(Seen<'_>) + Send> Trace for F {
    fn step(&mut self, seen: Seen<'_>) {
        self(seen);
    }
}

/// Shows every step to the one, then to the other.
pub fn both(one: Option<Box<dyn Trace>>, other: Option<Box<dyn Trace>>) -> Option<Box<dyn Trace>> {
    match (one, other) {
        (Some(mut one), Some(mut other)) => Some(Box::new(move |seen: Seen<'_>| {
            one.step(seen);
            other.step(seen);
        })),
        (one, other) => one.or(other),
    }
}
