//! What a recorded failure is when it is played again: the same to the last event, or different from where on; and whether
//! what broke still breaks.

pub mod text;

use serde::{Deserialize, Serialize};

use crate::latency::Millis;
use crate::outcome::Outcome;
use crate::property::Property;
use crate::report::{Evidence, Fingerprint, RunReport};
use crate::sweep::failures;

/// The version of the report's shape.
pub const VERSION: u32 = 1;

/// What a run failed by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// What failures like it have in common, in words.
    pub signature: String,
    /// What broke first, if a property broke.
    pub property: Option<Property>,
    /// How the run went.
    pub outcome: Outcome,
    /// What was seen first of it.
    pub evidence: Option<Evidence>,
}

/// A failure that was recorded, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplayReport {
    /// [`VERSION`].
    pub version: u32,
    /// The scenario's name.
    pub scenario: String,
    /// `K=V` as given with `--set`.
    pub overrides: Vec<String>,
    /// The seed.
    pub seed: u64,
    /// Whether every event is the same.
    pub same: bool,
    /// What was recorded.
    pub recorded: Played,
    /// What was played now.
    pub now: Played,
    /// Where they differ, if they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differs: Option<Differs>,
    /// What became of the violation.
    pub violation: Fate,
    /// The same with every fault striking as it was recorded. Played if the seed alone gave another run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_name: Option<Fate>,
    /// Whether that is the run that the seed alone gives.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_name_same: bool,
}

/// A run in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Played {
    /// Highwater's version.
    pub highwater: String,
    /// A hash of all that happened.
    pub fingerprint: Fingerprint,
    /// How many steps.
    pub steps: u64,
    /// What it failed by; none if it did not fail.
    pub violation: Option<Violation>,
}

/// Where two runs part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Differs {
    /// The last point up to which they are known to be the same; none if they differ from the start.
    pub same_until: Option<Point>,
    /// The first point by which they are known to differ; none if only by their ends.
    pub differ_by: Option<Point>,
    /// The first fault that did something else.
    pub first_fault: Option<FaultDiffers>,
}

/// A point of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    /// After this step.
    pub step: u64,
    /// When.
    pub at_ms: Millis,
}

/// A fault that did something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultDiffers {
    /// `fault 2`, `random fault 0`.
    pub fault: String,
    /// What it did when it was recorded; none if it never came.
    pub recorded: Option<String>,
    /// What it does now.
    pub now: Option<String>,
}

/// What became of a recorded violation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fate {
    /// Whether it is there.
    pub standing: Standing,
    /// What there is.
    pub found: Option<Violation>,
}

/// Whether a recorded violation is still there. Ascending by how much of it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// What broke does not break.
    Gone,
    /// The same property breaks, by another way.
    SameProperty,
    /// The same kind of failure.
    SameSignature,
}

impl Violation {
    /// What this run fails by; none if all went as it was to and nothing broke.
    pub fn of(run: &RunReport) -> Option<Self> {
        let signature =
            failures::signature(run).or_else(|| run.signature.as_ref().map(ToString::to_string))?;
        Some(Self {
            signature,
            property: run.signature.as_ref().map(|signature| signature.property),
            outcome: run.outcome,
            evidence: failures::evidence(run).cloned(),
        })
    }

    /// What became of it in this run.
    pub fn fate(&self, run: &RunReport) -> Fate {
        let found = Self::of(run);
        let same_signature = found.as_ref().is_some_and(|found| found.signature == self.signature);
        let same_property = match self.property {
            Some(property) => run.properties.get(&property).is_some_and(|report| report.broken > 0),
            None => found.as_ref().is_some_and(|it| it.property.is_none() && it.outcome == self.outcome),
        };
        let standing = match (same_signature, same_property) {
            (true, _) => Standing::SameSignature,
            (false, true) => Standing::SameProperty,
            (false, false) => Standing::Gone,
        };
        Fate { standing, found }
    }

    /// What its file is called by: the signature's name, or the words that stand for it.
    pub fn slug(&self) -> String {
        let named = self.property.and_then(|_| self.signature.split_whitespace().next());
        let words = named.unwrap_or(&self.signature);
        let kept =
            words.chars().map(|it| if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '-' });
        kept.take(Self::SLUG_MAX).collect::<String>().trim_matches('-').to_owned()
    }

    /// The longest name in a file's name.
    const SLUG_MAX: usize = 48;
}

impl Standing {
    /// `still there`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::SameProperty => "the same property, by another way",
            Self::SameSignature => "still there",
        }
    }
}

impl ReplayReport {
    /// What became of the violation, by the seed alone or with the faults as they were recorded: the better of the two.
    pub fn standing(&self) -> Standing {
        let by_name = self.by_name.as_ref().map(|fate| fate.standing);
        by_name.unwrap_or(Standing::Gone).max(self.violation.standing)
    }

    /// 0 if the run is the same and fails as it did, else 4.
    pub fn exit_code(&self) -> u8 {
        if self.same && self.standing() == Standing::SameSignature { 0 } else { 4 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violation(signature: &str, property: Option<Property>) -> Violation {
        Violation { signature: signature.to_owned(), property, outcome: Outcome::Broken, evidence: None }
    }

    #[test]
    fn a_file_is_called_by_the_signature_or_by_what_stands_for_it() {
        let named =
            violation("3f2a91c0  strong-isr at a follower: crash of leader", Some(Property::StrongIsr));
        assert_eq!(named.slug(), "3f2a91c0");
        assert_eq!(violation("stalled", None).slug(), "stalled");
        assert_eq!(violation("panicked at model/src/x.rs:7", None).slug(), "panicked-at-model-src-x-rs-7");
    }
}
