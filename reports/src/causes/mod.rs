//! Why a property broke: the chain from the fault to the first broken property, and on to what a client could notice.
//!
//! Every step knows the step that sent its message, set its deadline or struck its fault. These ancestors alone say too
//! little, for state carries causes too: a log is cut because a broker became a follower *and* because it had not heard that
//! the record was committed. So a chain is a slice backwards over both kinds of reasons, event by event ([`reasons`]), from
//! what broke and from what had become of the record that it is about ([`mod@slice`]): only what stands in it has a part in the
//! matter. Then it goes forward to what a client could notice first ([`client`]).
//!
//! Nothing of this is kept while a run is judged. The seed is played a second time, and a [`Story`] is written down then.

mod client;
mod notable;
mod reasons;
mod shorten;
mod slice;
mod story;

use highwater_model::event::StepId;
use highwater_model::names::Names;
use serde::Serialize;

use crate::latency::Millis;
use crate::report::{RunReport, millis};

pub use story::Story;

/// A line of a chain of causes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// When.
    pub at_ms: Millis,
    /// At which step.
    pub step: StepId,
    /// Whose step it was; `-` for what the simulation itself does.
    pub actor: String,
    /// What happened.
    pub text: String,
    /// The lines that brought it about, by their steps. None stand at a root.
    pub because_of: Vec<StepId>,
    /// Which part of the chain it is.
    pub part: Part,
}

/// Which part of a chain a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// It led to what broke.
    Led,
    /// How many more did, which are left out.
    LeftOut,
    /// The first broken property.
    Broke,
    /// The first thing that a client could notice.
    Noticed,
}

/// How many lines a chain has at most, as the text face breaks them.
pub const LINES_MAX: usize = 25;

/// The chain of causes of a run that a report was made of, from what was written down as it was played again. Empty if
/// nothing broke that was promised or expected to break.
pub fn chain(report: &RunReport, story: &Story, names: &Names) -> Vec<Cause> {
    let Some(finding) = &report.first_broken else { return Vec::new() };
    let noticed = client::first_noticed(report, finding, story, names);
    let slice = slice::Slice::of(finding, noticed.as_ref().and_then(|it| it.event), story, names);
    let broke = Cause {
        at_ms: millis(finding.step.at),
        step: finding.step.id,
        actor: if finding.property.judged_at_the_end() {
            "at the end"
        } else {
            names.node(finding.step.node)
        }
        .to_owned(),
        text: format!("{}: {}", finding.property.name(), finding.evidence),
        because_of: slice.sinks(),
        part: Part::Broke,
    };
    let noticed = noticed.map(|noticed| noticed.because_of(slice.noticed(), finding.step.id));
    shorten::to_lines(slice.lines(story, names), broke, noticed)
}
