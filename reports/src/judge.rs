//! The judge that sees true state: the white box after every step, and liveness at the end.

use std::sync::Arc;

use highwater_model::config::ClusterConfig;
use highwater_model::event::{Event, Step};
use highwater_model::names::Names;
use highwater_model::time::{Instant, Micros};
use highwater_model::view::ClusterView;

use crate::end::RunEnd;
use crate::finding::Tally;
use crate::invariants::scene::Scene;
use crate::invariants::slots::Slots;
use crate::invariants::{Memory, WhiteBox};
use crate::liveness::Liveness;
use crate::property::Property;

/// Judges one run, step by step. The cost of a look follows what the step changed, not how long the logs are.
#[derive(Clone, Debug)]
pub struct Judge {
    config: Arc<ClusterConfig>,
    names: Arc<Names>,
    slots: Slots,
    /// By slot.
    memories: Vec<Memory>,
    white_box: WhiteBox,
    liveness: Liveness,
    /// When to look at every partition, touched or not.
    patrol_at: Instant,
    /// Of properties that other judges decide.
    none: Tally,
}

impl Judge {
    /// A judge of one run.
    pub fn new(config: Arc<ClusterConfig>, names: impl Into<Arc<Names>>) -> Self {
        Self {
            config,
            names: names.into(),
            slots: Slots::default(),
            memories: Vec::new(),
            white_box: WhiteBox::default(),
            liveness: Liveness::default(),
            patrol_at: Instant::START,
            none: Tally::default(),
        }
    }

    /// Looks at the cluster after a step. `events` are the step's, in order; of `view` only the places in
    /// [`ClusterView::touched`] may have changed since the last look.
    pub fn look(&mut self, step: &Step, events: &[Event], view: &ClusterView) {
        if self.slots.len() != view.partitions.len() {
            for place in self.slots.follow(view) {
                self.memories.push(Memory::new(view.partitions[place].replicas.len()));
            }
        }
        let mut took_office = false;
        for event in events {
            took_office |= matches!(event, Event::BecameLeader { .. });
            match event.partition() {
                None => self.white_box.hear_of_cluster(event, self.config.brokers, step.at),
                Some(partition) => {
                    let Some(place) = view.place(partition) else { continue };
                    self.at(step, view, place, |white_box, scene, memory| {
                        white_box.hear(scene, memory, event);
                    });
                }
            }
        }
        for place in &view.touched {
            self.at(step, view, *place, WhiteBox::look);
        }
        // A leader that forgets to evict changes nothing, and so touches nothing: now and then every partition is looked at.
        if step.at >= self.patrol_at {
            self.patrol_at =
                step.at + Micros::from_millis(self.config.broker.replica_lag_time_max_ms.max(1)).half();
            for place in 0..view.partitions.len() {
                self.at(step, view, place, WhiteBox::patrol);
            }
        }
        if took_office {
            for event in events {
                let Some(place) = event.partition().and_then(|partition| view.place(partition)) else {
                    continue;
                };
                self.at(step, view, place, |white_box, scene, memory| {
                    white_box.took_office(scene, memory, event);
                });
            }
        }
    }

    /// Judges liveness, once nothing more will happen. `step` is the run's last.
    pub fn finish(&mut self, step: &Step, view: &ClusterView, end: &RunEnd) {
        self.liveness.judge(step, view, &self.names, end);
    }

    /// What a property has seen; nothing, if another judge decides it.
    pub fn tally(&self, property: Property) -> &Tally {
        self.white_box.tally(property).or_else(|| self.liveness.tally(property)).unwrap_or(&self.none)
    }

    /// Does something with the partition at a place of the view and with the memory of it.
    fn at(
        &mut self,
        step: &Step,
        view: &ClusterView,
        place: usize,
        judge: impl FnOnce(&mut WhiteBox, &Scene<'_>, &mut Memory),
    ) {
        let slot = self.slots.at(place);
        let partition = &view.partitions[place];
        let scene = Scene { step, view, partition, slot, config: &self.config, names: &self.names };
        judge(&mut self.white_box, &scene, &mut self.memories[slot]);
    }
}
