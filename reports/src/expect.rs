//! What a scenario says must come of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::must_see::MustSee;
use crate::property::Property;

/// What must come of a scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// Each must happen, or the scenario has lost its corner: a list of events that come on every seed, or an object that says on
    /// which share of seeds each comes.
    pub must_see: MustSee,
    /// Properties that this scenario is meant to break. What is promised and not named here must hold.
    pub breaks: BTreeMap<Property, HowOften>,
}

impl Expect {
    /// Whether the scenario is there to break it: on every seed, or on some.
    pub fn is_to_break(&self, property: Property) -> bool {
        self.breaks.get(&property).is_some_and(|&often| often != HowOften::May)
    }
}

/// On how many seeds a property is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HowOften {
    /// On every seed.
    Always,
    /// On at least one seed of a sweep.
    Sometimes,
    /// On any number of seeds, none included.
    May,
}
