//! Which of a scenario's faults struck. One that never does is a story that is not told.

use std::sync::Arc;

use highwater_model::event::Event;
use highwater_model::names::Names;
use serde::{Deserialize, Serialize};

/// What became of one fault of the scenario, on one seed or on many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultReport {
    /// What it does, as the scenario says it.
    pub does: Arc<str>,
    /// On how many seeds it struck.
    pub seeds: u64,
    /// How often it was due and found no target.
    pub missed: u64,
}

/// What became of all faults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultsReport {
    /// Those of the scenario, in its order.
    pub planned: Vec<FaultReport>,
    /// How many came by chance.
    pub random: u64,
}

impl FaultsReport {
    /// None has struck yet.
    pub fn new(names: &Names) -> Self {
        let report = |does: &Arc<str>| FaultReport { does: Arc::clone(does), seeds: 0, missed: 0 };
        Self { planned: names.faults.iter().map(report).collect(), random: 0 }
    }

    /// Hears one event of a run.
    #[inline]
    pub(crate) fn hear(&mut self, event: &Event) {
        if let Event::FaultStruck { fault, random } = *event {
            self.random += u64::from(random);
            if let Some(planned) = self.planned.get_mut(fault as usize).filter(|_| !random) {
                planned.seeds = 1;
            }
        } else if let Event::FaultMissed { fault, random: false } = *event
            && let Some(planned) = self.planned.get_mut(fault as usize)
        {
            planned.missed += 1;
        }
    }

    /// Adds the faults of another seed, or of other seeds.
    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, other) in self.planned.iter_mut().zip(&other.planned) {
            mine.seeds += other.seeds;
            mine.missed += other.missed;
        }
        self.random += other.random;
    }
}
