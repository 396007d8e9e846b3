//! Faults that strike again as they were recorded, by name: whom a fault of the scenario struck, when which random fault came.
//!
//! A fault of the scenario still waits for its time or its event, but strikes whom it struck then, whoever leads by now; one that
//! never struck strikes nobody. Random faults draw nothing: they come when they came, to whom they came. So a run can be had
//! again after a change of the code that draws otherwise.

use std::collections::{BTreeMap, VecDeque};

use highwater_model::event::StepId;
use highwater_model::time::Instant;

use super::{Act, Decision, Strike};
use crate::driver::Observer;
use crate::world::World;

/// What faults did when they were recorded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorded {
    /// By whether it came by chance, and its number.
    decisions: BTreeMap<(bool, u32), Decision>,
    /// What is left to be handed out of the numbers that were drawn for the latest that struck.
    draws: VecDeque<u64>,
}

impl Recorded {
    /// What this fault did. From now on numbers are those that were drawn for it.
    pub(super) fn act(&mut self, strike: &Strike) -> Option<Act> {
        let decision = self.decisions.get(&(strike.is_random(), strike.fault))?;
        self.draws = decision.draws.iter().copied().collect();
        decision.act.clone()
    }

    /// The next number that was drawn for the latest fault.
    pub(crate) fn draw(&mut self) -> Option<u64> {
        self.draws.pop_front()
    }
}

impl<O: Observer> World<O> {
    /// From its beginning on, faults are to strike as they did.
    pub(crate) fn recall(&mut self, decisions: Vec<Decision>) {
        // Nothing is drawn: its errand, which is on the wire already, finds nobody.
        self.chance = None;
        let came = |decision: &&Decision| decision.random;
        let random: Vec<(Instant, Strike)> = decisions
            .iter()
            .filter(came)
            .map(|it| (it.at, Strike::recorded(it.fault, it.act.clone())))
            .collect();
        for (at, strike) in random {
            self.strike_at(at, strike, StepId(0));
        }
        let by_name = |it: Decision| ((it.random, it.fault), it);
        self.recorded =
            Some(Recorded { decisions: decisions.into_iter().map(by_name).collect(), ..Recorded::default() });
    }
}
