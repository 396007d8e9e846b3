//! One run: the faults, the heal, and the time in which all must come right.

use highwater_model::event::{Event, StepId};
use highwater_model::time::{Instant, Micros};
use highwater_reports::end::RunEnd;

use crate::driver::{Ended, Observer, Turn};
use crate::faults::{Chance, Strike};
use crate::scenario::plan::PlannedWhen;
use crate::wire::Errand;
use crate::workload::Workload;
use crate::world::World;

/// How often it is looked whether the cluster has converged. The first look is at the heal itself.
const CHECK_EVERY: Micros = Micros::from_millis(100);

impl<O: Observer> World<O> {
    /// Puts on the wire what is known from the start: the first lives, the workload, the faults with a set time, the heal.
    pub(crate) fn begin(&mut self) {
        let nothing = StepId(0);
        for node in self.wire.nodes() {
            if self.away[usize::from(node.0)] {
                self.wire.absent(node);
            } else {
                self.show_member(node, true);
                self.wire.start(node, nothing);
            }
        }
        let plan = std::sync::Arc::clone(&self.prepared.plan);
        for (producer, at) in Workload::starts(&plan) {
            self.wire.ask(producer, 0, at);
        }
        for fault in &plan.faults {
            if let PlannedWhen::At(at) = fault.when {
                self.strike_at(at, Strike::timed(fault.index), nothing);
            }
        }
        self.wait_for_chance();
        self.wire.errand(plan.duration, Errand::Heal, nothing);
    }

    /// The next random fault strikes.
    pub(crate) fn strike_by_chance(&mut self) -> Option<Turn> {
        let strike = self.chance.as_mut()?.strike(&self.view, &self.wire)?;
        self.wait_for_chance();
        self.strike(&strike, StepId(0))
    }

    fn wait_for_chance(&mut self) {
        if let Some(gap) = self.chance.as_mut().and_then(Chance::gap) {
            self.wire.errand(self.now() + gap, Errand::Chance, StepId(0));
        }
    }

    /// Ends the fault phase: nothing strikes any more, and everything is mended.
    pub(crate) fn heal(&mut self) {
        self.healing = true;
        self.anchors.forget();
        self.chance = None;
        self.wire.clear_drops();
        let step = self.tell(StepId(0), vec![Event::HealStarted]);
        for owner in 0..self.mends.len() as u32 {
            if let Some(turn) = self.mend(owner, Some(step)) {
                self.interrupt(turn);
            }
        }
        let down: Vec<_> = self.wire.nodes().filter(|&node| !self.wire.is_running(node)).collect();
        for node in down {
            self.wire.errand(self.now(), Errand::Restart(node), step);
        }
        self.wire.errand(self.now(), Errand::Check, step);
    }

    /// Looks whether all is well; if not, looks again later, until the time is up.
    pub(crate) fn check(&mut self) {
        if self.workload.left() == 0 && self.observer.converged(&self.view) {
            self.tell(StepId(0), vec![Event::Converged]);
            self.end = Some(RunEnd::Converged);
        } else if self.now() >= self.limit() {
            self.stall();
        } else {
            let next = (self.now() + CHECK_EVERY).min(self.limit());
            self.wire.errand(next, Errand::Check, StepId(0));
        }
    }

    /// When the cluster must have converged.
    fn limit(&self) -> Instant {
        self.prepared.plan.duration + self.prepared.plan.liveness
    }

    /// The run ends though not all is well.
    pub(crate) fn stall(&mut self) {
        let mut pending = self.observer.pending(&self.view);
        let left = self.workload.left();
        if left > 0 {
            pending.push(format!("{left} records of the workload have not been sent"));
        }
        self.end = Some(RunEnd::Stalled { pending });
    }

    /// The report, once the last turn is done. A world that is asked before says that its run was cut short.
    pub fn finish(self) -> O::Report {
        let ended = Ended {
            step: self.step,
            end: self.end.unwrap_or(RunEnd::EventsExhausted),
            fingerprint: self.fingerprint.value(),
            steps: self.steps,
            events: self.events,
            messages: self.wire.sent(),
        };
        self.observer.finish(&self.view, ended)
    }
}
