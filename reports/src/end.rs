//! How a run ended.

use serde::Serialize;

/// How a run ended. Only the first two say something about liveness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum RunEnd {
    /// After the heal all came right: [`crate::liveness::converged`] found nothing pending.
    Converged,
    /// The time after the heal was up and something was still pending.
    Stalled {
        /// What, in words.
        pending: Vec<String>,
    },
    /// The run took as many steps as its scenario allows and was stopped.
    EventsExhausted,
    /// The run held more memory than its scenario allows, as it is estimated, and was stopped.
    MemoryExhausted {
        /// What it held, in bytes.
        held: u64,
    },
    /// Whoever waited for it did not wait any longer. Where it stopped depends on the clock on the wall.
    Interrupted,
    /// A machine panicked: a defect of Highwater itself.
    Panicked {
        /// What it said.
        message: String,
    },
}
