//! What stands in a bundle.

use std::sync::Arc;

use highwater_model::protocol::Preset;
use highwater_reports::latency::Millis;
use highwater_reports::replay::Violation;
use highwater_reports::report::Fingerprint;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::acts::NamedAct;
use super::checkpoints::Checkpoint;
use crate::prepared::Prepared;
use crate::scenario::errors::LoadErrors;
use crate::scenario::load::load_str;

/// What a bundle's first key says.
pub(crate) const FORMAT: &str = "highwater-bundle";

/// The version of its shape. Grows when a field changes its meaning or goes.
pub(super) const VERSION: u32 = 1;

/// A failed run that can be played again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bundle {
    /// That it is one: the first key, by which files are told apart.
    pub(super) format: String,
    /// The version of its shape.
    pub(super) version: u32,
    /// Which Highwater wrote it.
    pub(super) highwater: String,
    /// The scenario's name.
    pub(crate) name: String,
    /// `K=V` as given with `--set`, in their order.
    pub(crate) overrides: Vec<String>,
    /// The seed.
    pub(crate) seed: u64,
    /// The Kafka version that it was played by.
    pub(crate) preset: Preset,
    /// A hash of all that happened.
    pub(super) fingerprint: Fingerprint,
    /// How many steps it took.
    pub(super) steps: u64,
    /// What it failed by.
    pub(super) first_violation: Violation,
    /// What the faults did, in order.
    pub(super) faults: Vec<Taken>,
    /// Fingerprints on the way, in order.
    pub(super) checkpoints: Vec<Checkpoint>,
    /// The scenario file's text.
    pub(crate) scenario: String,
    /// The report on the run, for readers; nothing is made of it.
    pub(super) report: Value,
}

/// What a fault did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Taken {
    pub(super) fault: FaultName,
    /// What it is, as the scenario calls it.
    pub(super) kind: String,
    /// When it struck.
    pub(super) at_ms: Millis,
    /// For how many events it waited, if for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) occurrence: Option<u32>,
    /// What it did, to whom; none if there was nobody to strike.
    pub(super) act: Option<NamedAct>,
    /// What chance left on the disk of a broker that lost its power.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) draws: Vec<u64>,
}

/// `fault 2`, `random fault 0`: a name that stays when other faults are added behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FaultName {
    pub(super) fault: u32,
    pub(super) random: bool,
}

impl std::fmt::Display for FaultName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", if self.random { RANDOM } else { PLANNED }, self.fault)
    }
}

const PLANNED: &str = "fault ";
const RANDOM: &str = "random fault ";

impl Serialize for FaultName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FaultName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let number = |prefix| name.strip_prefix(prefix).and_then(|number| number.parse().ok());
        let planned = number(PLANNED).map(|fault| Self { fault, random: false });
        planned.or_else(|| number(RANDOM).map(|fault| Self { fault, random: true })).ok_or_else(|| {
            D::Error::custom(format!("`{name}` names no fault; allowed: `fault 2` or `random fault 2`"))
        })
    }
}

/// What errors in a bundle's scenario name: the file that it came from is somewhere else, if anywhere.
pub(crate) fn scenario_in(file: &str) -> String {
    format!("the scenario in {file}")
}

impl Bundle {
    /// The scenario, made ready to be played.
    ///
    /// # Errors
    /// What this Highwater finds wrong with it. `file` is how the bundle was named.
    pub fn prepared(&self, file: &str) -> Result<Arc<Prepared>, LoadErrors> {
        let loaded = load_str(&format!("{}.json", self.name), &self.scenario, &self.overrides)
            .map_err(|errors| LoadErrors { file: scenario_in(file), ..errors })?;
        Ok(Arc::new(Prepared::new(loaded.plan)))
    }

    /// The seed that failed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// `chaos-7-3f2a91c0.json`: the same for the same failure.
    pub fn file_name(&self) -> String {
        format!("{}-{}-{}.json", self.name, self.seed, self.first_violation.slug())
    }

    /// As it is written.
    ///
    /// # Panics
    /// Never: its keys are strings.
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a bundle's keys are strings");
        text.push('\n');
        text
    }
}
