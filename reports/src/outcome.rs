//! Whether a run went as its scenario expects, and if not, why.

use std::collections::BTreeMap;

use highwater_model::event::EventKind;
use serde::{Deserialize, Serialize};

use crate::end::RunEnd;
use crate::expect::{Expect, HowOften};
use crate::must_see::Share;
use crate::property::{Judge, Property};
use crate::report::{Evidence, PropertyReport};
use crate::verdict::Verdict;

/// What the shell learns of a run or a sweep. Ascending by gravity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Of many seeds none was played to its end.
    NotPlayed,
    /// All that was expected came, and nothing else broke.
    #[default]
    AsExpected,
    /// Whoever waited for the run did not wait any longer; nothing else was unexpected until then.
    Interrupted,
    /// The run ended before it converged.
    Stalled,
    /// A promise broke that the scenario was not meant to break, or something expected did not show.
    Broken,
    /// A machine panicked.
    Panicked,
}

impl Outcome {
    /// The exit code: 0 as expected or not played, 1 broken, 3 stalled, 101 panicked, 130 interrupted.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::NotPlayed | Self::AsExpected => 0,
            Self::Interrupted => 130,
            Self::Broken => 1,
            Self::Stalled => 3,
            Self::Panicked => 101,
        }
    }

    /// `AS EXPECTED`, `BROKEN`, `STALLED`, `PANICKED`, `INTERRUPTED`, `NOT PLAYED`.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotPlayed => "NOT PLAYED",
            Self::Interrupted => "INTERRUPTED",
            Self::AsExpected => "AS EXPECTED",
            Self::Stalled => "STALLED",
            Self::Broken => "BROKEN",
            Self::Panicked => "PANICKED",
        }
    }
}

/// Something that a scenario did not expect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Unexpected {
    /// A machine panicked.
    Panicked {
        /// What it said.
        message: String,
    },
    /// A property was promised, not named as one to break, and it broke.
    PromiseBroken {
        /// Which.
        property: Property,
        /// How often.
        broken: u64,
        /// The first time.
        first: Option<Evidence>,
    },
    /// A property was to break, and did not.
    BreakMissing {
        /// Which.
        property: Property,
        /// On how many seeds it was to.
        expected: HowOften,
    },
    /// An event was to come, and did not.
    EventMissing {
        /// Which.
        event: EventKind,
    },
    /// An event was to come on a share of seeds, and came on fewer.
    EventTooRare {
        /// Which.
        event: EventKind,
        /// On how many seeds it came.
        seen: u64,
        /// Of how many.
        seeds: u64,
        /// On which share it was to.
        stated: Share,
    },
    /// The cluster did not converge in time after the heal.
    Stalled {
        /// What was still open.
        pending: Vec<String>,
    },
    /// The run took more steps than its scenario allows.
    EventsExhausted,
    /// The run held more memory than its scenario allows.
    MemoryExhausted {
        /// What it held, in bytes.
        held: u64,
    },
    /// The run was interrupted.
    Interrupted,
}

/// In words, as one sentence without a full stop.
impl std::fmt::Display for Unexpected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Panicked { message } => write!(f, "a machine panicked: {message}"),
            Self::PromiseBroken { property, broken, first } => {
                let times = if *broken == 1 { "once".to_owned() } else { format!("{broken} times") };
                write!(f, "{} is promised and broke {times}", property.name())?;
                first.as_ref().map_or(Ok(()), |first| write!(f, ", first {first}"))
            }
            Self::BreakMissing { property, expected: HowOften::Always } => {
                write!(f, "{} was to break on every seed and did not", property.name())
            }
            Self::BreakMissing { property, expected: HowOften::Sometimes | HowOften::May } => {
                write!(f, "{} was to break on at least one seed and broke on none", property.name())
            }
            Self::EventMissing { event } => write!(f, "{} was to be seen and never came", event.name()),
            Self::EventTooRare { event, seen, seeds, stated } => {
                write!(f, "{} was seen on {seen} of {seeds} seeds, {stated} stated", event.name())
            }
            Self::Stalled { pending } if pending.is_empty() => {
                f.write_str("the cluster did not converge in time after the heal")
            }
            Self::Stalled { pending } => {
                write!(f, "the cluster did not converge in time after the heal: {}", pending.join("; "))
            }
            Self::EventsExhausted => f.write_str("the run took more steps than events_max allows"),
            Self::MemoryExhausted { held } => {
                write!(f, "the run held more memory than memory_max_bytes allows: {held} bytes, as estimated")
            }
            Self::Interrupted => f.write_str("the run was interrupted; what it lacks is not held against it"),
        }
    }
}

/// What this seed showed and should not have, or should have and did not. What a run that was cut short lacks is not
/// held against it besides.
pub(crate) fn unexpected(
    expect: &Expect,
    end: &RunEnd,
    properties: &BTreeMap<Property, PropertyReport>,
    must_see: &BTreeMap<EventKind, u64>,
) -> Vec<Unexpected> {
    let mut found = Vec::from_iter(bad_end(expect, end, properties));
    let ran_through = found.is_empty();
    for (&property, report) in properties {
        match expect.breaks.get(&property) {
            None if report.verdict == Verdict::Violated => found.push(Unexpected::PromiseBroken {
                property,
                broken: report.broken,
                first: report.evidence.first().cloned(),
            }),
            Some(&HowOften::Always) if report.broken == 0 && ran_through => {
                found.push(Unexpected::BreakMissing { property, expected: HowOften::Always });
            }
            None | Some(HowOften::Always | HowOften::Sometimes | HowOften::May) => {}
        }
    }
    let rare = |event: EventKind| expect.must_see.share(event).is_some_and(|share| !share.is_whole());
    let missing = must_see.iter().filter(|&(&event, &times)| times == 0 && ran_through && !rare(event));
    found.extend(missing.map(|(&event, _)| Unexpected::EventMissing { event }));
    found
}

/// A stall is expected where the scenario is meant to break something that is judged after the heal, and did.
fn bad_end(
    expect: &Expect,
    end: &RunEnd,
    properties: &BTreeMap<Property, PropertyReport>,
) -> Option<Unexpected> {
    let meant = |(property, report): (&Property, &PropertyReport)| {
        property.judge() == Judge::Liveness && report.broken > 0 && expect.breaks.contains_key(property)
    };
    match end {
        RunEnd::Converged => None,
        RunEnd::Stalled { .. } if properties.iter().any(meant) => None,
        RunEnd::Stalled { pending } => Some(Unexpected::Stalled { pending: pending.clone() }),
        RunEnd::EventsExhausted => Some(Unexpected::EventsExhausted),
        RunEnd::MemoryExhausted { held } => Some(Unexpected::MemoryExhausted { held: *held }),
        RunEnd::Interrupted => Some(Unexpected::Interrupted),
        RunEnd::Panicked { message } => Some(Unexpected::Panicked { message: message.clone() }),
    }
}

/// The gravest of what was unexpected.
pub(crate) fn outcome(end: &RunEnd, unexpected: &[Unexpected]) -> Outcome {
    let converged = *end == RunEnd::Converged;
    let gravity = |found: &Unexpected| match found {
        Unexpected::Panicked { .. } => Outcome::Panicked,
        Unexpected::PromiseBroken { property, .. } if property.judge() == Judge::Liveness && !converged => {
            Outcome::Stalled
        }
        Unexpected::Interrupted => Outcome::Interrupted,
        Unexpected::Stalled { .. } | Unexpected::EventsExhausted | Unexpected::MemoryExhausted { .. } => {
            Outcome::Stalled
        }
        Unexpected::PromiseBroken { .. }
        | Unexpected::BreakMissing { .. }
        | Unexpected::EventMissing { .. }
        | Unexpected::EventTooRare { .. } => Outcome::Broken,
    };
    unexpected.iter().map(gravity).max().unwrap_or_default()
}

#[cfg(test)]
#[path = "outcome_test.rs"]
mod outcome_test;
