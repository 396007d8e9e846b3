//! What faults turned out to do: when each struck, and whom.
//!
//! A scenario says "crash the leader" or leaves all to chance; a run decides. Whoever wants to know hands a [`Decisions`] to
//! the run and looks into it afterwards; a run without one keeps nothing.

use std::sync::{Arc, Mutex, PoisonError};

use highwater_model::time::Instant;

use super::Act;

/// A fault's time has come.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Decision {
    /// Its place in the scenario; of random faults, how many came before it.
    pub(crate) fault: u32,
    /// Whether it came by chance.
    pub(crate) random: bool,
    /// When.
    pub(crate) at: Instant,
    /// What it did, to whom; none if there was nobody to strike.
    pub(crate) act: Option<Act>,
    /// What chance left on the disk of a broker whose power it cut: how many batches of each log.
    pub(crate) draws: Vec<u64>,
}

/// The decisions of one run, in order. Clones are handles to the same list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decisions(Arc<Mutex<Vec<Decision>>>);

impl Decisions {
    pub(super) fn note(&self, decision: Decision) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(decision);
    }

    /// A number was drawn for the latest of them.
    pub(crate) fn drew(&self, number: u64) {
        if let Some(latest) = self.0.lock().unwrap_or_else(PoisonError::into_inner).last_mut() {
            latest.draws.push(number);
        }
    }

    /// What was decided so far.
    pub(crate) fn taken(&self) -> Vec<Decision> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
