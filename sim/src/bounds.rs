//! What ends a run that would not end, or that nobody waits for any longer.
//!
//! The bounds belong to the plan, so that a run that meets one meets it at the same step wherever it is played. Only an interrupt
//! comes when it comes.

use std::sync::atomic::Ordering;

use highwater_reports::end::RunEnd;

use crate::driver::Observer;
use crate::memory;
use crate::world::World;

/// How many steps go by between two looks at whatever is not a count of steps. A look costs as much as a few steps, and this many
/// take less than a millisecond.
const LOOK_EVERY: u64 = 256;

impl<O: Observer> World<O> {
    /// Which bound the run has met, if any; and when to look again.
    pub(crate) fn met_a_bound(&mut self) -> Option<RunEnd> {
        let plan = &self.prepared.plan;
        if self.steps >= plan.events_max {
            return Some(RunEnd::EventsExhausted);
        }
        self.look_at = plan.events_max.min(self.steps.saturating_add(LOOK_EVERY));
        if self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            return Some(RunEnd::Interrupted);
        }
        let most = plan.memory_max?;
        let held = memory::held(plan, &self.view, &self.wire, &self.workload);
        (held > most).then_some(RunEnd::MemoryExhausted { held })
    }
}
