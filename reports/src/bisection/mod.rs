//! Which switches of the protocol a failure hangs on.

pub mod text;

use highwater_model::protocol::Preset;
use serde::Serialize;

use crate::museum::Era;
use crate::property::Property;
use crate::protocols::Difference;

/// The version of the report's shape.
pub const VERSION: u32 = 1;

/// What was asked, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bisection {
    /// [`VERSION`].
    pub version: u32,
    /// The scenario's name.
    pub scenario: String,
    /// `K=V` as given with `--set`.
    pub overrides: Vec<String>,
    /// What it is played under.
    pub from: Era,
    /// What its switches were changed to.
    pub to: Preset,
    /// The seed that fails.
    pub seed: u64,
    /// The first of the seeds that are to be mended.
    pub first_seed: u64,
    /// The last of them.
    pub last_seed: u64,
    /// The promises that broke on the seed.
    pub broke: Vec<Property>,
    /// How many switches differ.
    pub differing: usize,
    /// How many sets of switches were tried.
    pub tried: u64,
    /// How many more contradict themselves.
    pub contradictory: u64,
    /// What was found.
    #[serde(flatten)]
    pub answer: Answer,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// Nothing that is promised breaks on the seed.
    DoesNotFail,
    /// There is nothing to change: the scenario has the newest switches.
    SameSwitches,
    /// It breaks under the newest, too.
    FailsAfterwards {
        /// The promises that broke before and break still.
        still: Vec<Property>,
        /// On which seed, first.
        on_seed: u64,
    },
    /// These switches decide.
    Found {
        /// Each of these sets mends it.
        mends: Vec<Vec<Difference>>,
        /// Whether no smaller set does; otherwise the search ended before it had tried them all.
        smallest: bool,
        /// Whether every set of this size was tried.
        complete: bool,
        /// The switches each of which, alone as it was, breaks what is else the newest.
        breaks_newest: Vec<Difference>,
    },
}

impl Bisection {
    /// 0 if the switches were found, else 1.
    pub fn exit_code(&self) -> u8 {
        u8::from(!matches!(self.answer, Answer::Found { .. }))
    }
}
