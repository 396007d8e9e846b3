//! Fingerprints on the way, so that it can be told where two runs part.
//!
//! Every so many steps, a power of two, and at every fault. As a run grows, every other one is let go, and the distance
//! doubles: there are never more than [`MOST`] of either kind, and never fewer than half as many in a long run.

use highwater_model::event::{Event, Step};
use highwater_reports::latency::Millis;
use highwater_reports::replay::Point;
use highwater_reports::report;
use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;

/// How many are kept of those that come at even distances, and of those of faults.
const MOST: usize = 64;

/// What a run had been up to some step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    step: u64,
    at_ms: Millis,
    fingerprint: report::Fingerprint,
}

/// Takes checkpoints while a run goes on.
pub(super) struct Taker {
    so_far: Fingerprint,
    every: u64,
    even: Vec<Checkpoint>,
    of_faults: Vec<Checkpoint>,
}

impl Default for Taker {
    fn default() -> Self {
        Self { so_far: Fingerprint::default(), every: 1, even: Vec::new(), of_faults: Vec::new() }
    }
}

impl Taker {
    pub(super) fn look(&mut self, step: &Step, events: &[Event]) {
        self.so_far.take(step, events);
        if self.of_faults.len() < MOST && events.iter().any(is_fault) {
            self.of_faults.push(checkpoint(step, &self.so_far));
        } else if step.id.0.is_multiple_of(self.every) {
            self.even.push(checkpoint(step, &self.so_far));
            while self.even.len() > MOST {
                self.every *= 2;
                self.even.retain(|it| it.step.is_multiple_of(self.every));
            }
        }
    }

    /// In order.
    pub(super) fn taken(self) -> Vec<Checkpoint> {
        let mut all = self.even;
        all.extend(self.of_faults);
        all.sort_by_key(|checkpoint| checkpoint.step);
        all
    }
}

/// Holds a run against the checkpoints of another.
pub(super) struct Comparer {
    so_far: Fingerprint,
    recorded: std::vec::IntoIter<Checkpoint>,
    next: Option<Checkpoint>,
    pub(super) same_until: Option<Point>,
    pub(super) differ_by: Option<Point>,
}

impl Comparer {
    pub(super) fn new(recorded: Vec<Checkpoint>) -> Self {
        let mut recorded = recorded.into_iter();
        let next = recorded.next();
        Self { so_far: Fingerprint::default(), recorded, next, same_until: None, differ_by: None }
    }

    pub(super) fn look(&mut self, step: &Step, events: &[Event]) {
        self.so_far.take(step, events);
        let Some(recorded) = self.next.filter(|it| it.step <= step.id.0 && self.differ_by.is_none()) else {
            return;
        };
        let point = Point { step: recorded.step, at_ms: recorded.at_ms };
        if recorded == checkpoint(step, &self.so_far) {
            self.same_until = Some(point);
            self.next = self.recorded.next();
        } else {
            self.differ_by = Some(point);
        }
    }
}

fn is_fault(event: &Event) -> bool {
    matches!(event, Event::FaultStruck { .. } | Event::FaultMissed { .. })
}

fn checkpoint(step: &Step, so_far: &Fingerprint) -> Checkpoint {
    Checkpoint {
        step: step.id.0,
        at_ms: Millis(highwater_model::time::Micros(step.at.0)),
        fingerprint: report::Fingerprint(so_far.value()),
    }
}

#[cfg(test)]
mod tests {
    use highwater_model::event::StepId;
    use highwater_model::ids::BrokerId;
    use highwater_model::time::Instant;

    use super::*;

    fn steps(count: u64, other_from: u64) -> impl Iterator<Item = (Step, Event)> {
        (1..=count).map(move |id| {
            let step = Step { id: StepId(id), at: Instant(id * 10), ..Step::default() };
            let broker = BrokerId(if id < other_from { 1 } else { 2 });
            (
                step,
                if id % 1_000 == 500 {
                    Event::FaultStruck { fault: 0, random: true }
                } else {
                    Event::BrokerFenced { broker }
                },
            )
        })
    }

    fn taken(count: u64) -> Vec<Checkpoint> {
        let mut taker = Taker::default();
        steps(count, u64::MAX).for_each(|(step, event)| taker.look(&step, &[event]));
        taker.taken()
    }

    #[test]
    fn they_are_few_however_long_the_run_and_every_fault_has_one() {
        for count in [10, 64, 65, 5_000, 50_000] {
            let taken = taken(count);
            assert!(taken.len() <= 2 * MOST, "{count}: {}", taken.len());
            assert!(taken.is_sorted_by_key(|it| it.step));
            assert!(count < 64 || taken.len() >= MOST / 2);
        }
        assert!(taken(5_000).iter().any(|it| it.step == 2_500));
    }

    #[test]
    fn where_two_runs_part_is_told_between_two_checkpoints() {
        let compare = |other_from| {
            let mut comparer = Comparer::new(taken(5_000));
            steps(5_000, other_from).for_each(|(step, event)| comparer.look(&step, &[event]));
            (comparer.same_until.map(|it| it.step), comparer.differ_by.map(|it| it.step))
        };
        assert_eq!(compare(u64::MAX), (Some(4_992), None));
        let (Some(until), Some(by)) = compare(3_210) else { panic!("they differ in the middle") };
        assert!(until < 3_210 && 3_210 <= by && by - until <= 128, "{until} to {by}");
        assert_eq!(compare(1).0, None);
    }
}
