//! What happened in a run, step by step, with the steps' causes.

use std::ops::Range;

use highwater_model::event::{Event, Step, StepId};
use highwater_model::ids::TopicPartition;

use crate::panel::is_of_the_walk;

/// A run, written down: every step, and every event but those that come with every record of other partitions.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// The partition whose records matter; none: all.
    about: Option<TopicPartition>,
    /// By number, from step 1 on.
    steps: Vec<Step>,
    /// By step: where its events begin among all events.
    starts: Vec<usize>,
    events: Vec<(StepId, Event)>,
}

impl Story {
    /// A story that has not begun, about what broke first in the run that this report is of.
    pub fn about(partition: Option<TopicPartition>) -> Self {
        Self { about: partition, ..Self::default() }
    }

    /// Writes down a step. Steps come in their order, and none is left out.
    pub fn hear(&mut self, step: &Step, events: &[Event]) {
        self.steps.push(*step);
        self.starts.push(self.events.len());
        let kept = events.iter().filter(|event| {
            self.about.is_none() || event.partition() == self.about || !is_of_the_walk(event.kind())
        });
        self.events.extend(kept.map(|event| (step.id, event.clone())));
    }

    /// How many events there are.
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    pub(super) fn event(&self, place: usize) -> &Event {
        &self.events[place].1
    }

    pub(super) fn step_of(&self, place: usize) -> StepId {
        self.events[place].0
    }

    pub(super) fn step(&self, id: StepId) -> Option<&Step> {
        self.steps.get((id.0 as usize).checked_sub(1)?)
    }

    /// The places of a step's events.
    pub(super) fn of_step(&self, id: StepId) -> Range<usize> {
        let Some(index) = (id.0 as usize).checked_sub(1).filter(|&index| index < self.starts.len()) else {
            return 0..0;
        };
        self.starts[index]..self.starts.get(index + 1).copied().unwrap_or(self.events.len())
    }

    /// Where the events of steps after this one begin.
    pub(super) fn after(&self, id: StepId) -> usize {
        self.events.partition_point(|&(step, _)| step <= id)
    }

    /// The latest event before `place` that is such.
    pub(super) fn latest(&self, place: usize, is: impl Fn(&Event) -> bool) -> Option<usize> {
        self.events[..place].iter().rposition(|(_, event)| is(event))
    }

    /// The first event of a range that is such.
    pub(super) fn first(&self, places: Range<usize>, is: impl Fn(&Event) -> bool) -> Option<usize> {
        let start = places.start;
        self.events[places].iter().position(|(_, event)| is(event)).map(|found| start + found)
    }

    /// All events of a range that are such.
    pub(super) fn all(&self, places: Range<usize>, is: impl Fn(&Event) -> bool) -> Vec<usize> {
        places.filter(|&place| is(self.event(place))).collect()
    }
}
