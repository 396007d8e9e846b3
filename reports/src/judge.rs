//! The judge that sees true state: the white box after every step, and liveness at the end.

use std::sync::Arc;

use highwater_model::config::ClusterConfig;
use highwater_model::event::{Event, Step};
use highwater_model::ids::GroupId;
use highwater_model::names::Names;
use highwater_model::time::{Instant, Micros};
use highwater_model::view::ClusterView;

use crate::clients::{Reader, Writer};
use crate::end::RunEnd;
use crate::finding::Tally;
use crate::history::Anomaly;
use crate::invariants::scene::Scene;
use crate::invariants::slots::Slots;
use crate::invariants::whole::Whole;
use crate::invariants::{Memory, WhiteBox};
use crate::liveness::{Last, Liveness};
use crate::promises::Promises;
use crate::property::Property;
use crate::strategies;

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
    pub fn new(
        config: Arc<ClusterConfig>,
        names: Arc<Names>,
        producers: Arc<[Writer]>,
        groups: Arc<[Reader]>,
    ) -> Self {
        Self {
            white_box: WhiteBox::new(&config, producers, groups),
            config,
            names,
            slots: Slots::default(),
            memories: Vec::new(),
            liveness: Liveness::default(),
            patrol_at: Instant::START,
            none: Tally::default(),
        }
    }

    /// Looks at the cluster after a step. `events` are the step's, in order; of `view` only the places in
    /// [`ClusterView::touched`] may have changed since the last look.
    pub fn look(&mut self, step: &Step, events: &[Event], view: &ClusterView, promises: &Promises) {
        if view.partitions.len() < self.slots.len() {
            let whole = Whole { step, config: &self.config, names: &self.names };
            self.white_box.shrank(&whole, self.slots.len(), view.partitions.len());
            return;
        }
        if self.slots.len() != view.partitions.len() {
            for place in self.slots.follow(view) {
                let partition = &view.partitions[place];
                let strategy = strategies::of(&self.config, partition.id().topic);
                self.memories.push(Memory::new(partition.replicas.len(), strategy));
            }
        }
        let now = Now { step, view, promises };
        let (mut took_office, mut latest) = (false, None);
        for (event, behind) in events.iter().zip(1..) {
            took_office |= matches!(event, Event::BecameLeader { .. });
            match event.partition() {
                None => {
                    let whole = Whole { step, config: &self.config, names: &self.names };
                    self.white_box.hear_of_cluster(&whole, event);
                }
                Some(partition) => {
                    // Most steps tell of one partition.
                    let known = latest.filter(|&(known, _)| known == partition);
                    let Some(place) = known.map_or_else(|| view.place(partition), |(_, place)| Some(place))
                    else {
                        let whole = Whole { step, config: &self.config, names: &self.names };
                        self.white_box.hear_of_nowhere(&whole, event);
                        continue;
                    };
                    latest = Some((partition, place));
                    self.at(&now, place, |white_box, scene, memory| {
                        white_box.hear(scene, memory, event, events.get(behind));
                    });
                }
            }
        }
        for place in &view.touched {
            self.at(&now, *place, WhiteBox::look);
        }
        // A leader that forgets to evict changes nothing, and so touches nothing: now and then every partition is looked at.
        if step.at >= self.patrol_at {
            self.patrol_at =
                step.at + Micros::from_millis(self.config.broker.replica_lag_time_max_ms.max(1)).half();
            for place in 0..view.partitions.len() {
                self.at(&now, place, WhiteBox::patrol);
            }
        }
        if took_office {
            for event in events {
                let Some(place) = event.partition().and_then(|partition| view.place(partition)) else {
                    continue;
                };
                self.at(&now, place, |white_box, scene, memory| {
                    white_box.took_office(scene, memory, event);
                });
            }
        }
    }

    /// Judges liveness, once nothing more will happen. `step` is the run's last.
    pub fn finish(&mut self, step: &Step, view: &ClusterView, end: &RunEnd) {
        let last = Last { step, view, names: &self.names, config: &self.config };
        self.liveness.judge(&last, end);
    }

    /// What a property has seen; nothing, if another judge decides it.
    pub fn tally(&self, property: Property) -> &Tally {
        self.white_box.tally(property).or_else(|| self.liveness.tally(property)).unwrap_or(&self.none)
    }

    /// What a property has seen that is judged client by client, if it is one of those.
    pub fn anomaly(&self, property: Property) -> Option<&Anomaly> {
        self.white_box.anomaly(property)
    }

    /// The largest lag of a group in a partition, until the faults were over.
    pub fn largest_lag(&self, group: GroupId) -> u64 {
        self.white_box.largest_lag(group)
    }

    /// Does something with the partition at a place of the view and with the memory of it.
    fn at(
        &mut self,
        now: &Now<'_>,
        place: usize,
        judge: impl FnOnce(&mut WhiteBox, &Scene<'_>, &mut Memory),
    ) {
        let slot = self.slots.at(place);
        let Now { step, view, promises } = *now;
        let partition = &view.partitions[place];
        let scene = Scene { step, view, partition, slot, config: &self.config, names: &self.names, promises };
        judge(&mut self.white_box, &scene, &mut self.memories[slot]);
    }
}

/// What a look is shown.
struct Now<'a> {
    step: &'a Step,
    view: &'a ClusterView,
    promises: &'a Promises,
}
