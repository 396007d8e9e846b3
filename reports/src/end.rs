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
    /// A machine panicked: a defect of Highwater itself.
    Panicked {
        /// What it said.
        message: String,
    },
}
