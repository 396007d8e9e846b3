//! What a scenario of the museum says of the bug that it shows.

use std::collections::BTreeMap;

use highwater_model::event::EventKind;
use highwater_model::protocol::{Preset, Switches};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A bug that Kafka had. The file pins the version that has it, and says in `expect.breaks` what breaks; its twin is the same file
/// under the version or the settings that mended it, where no promise may break.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Museum {
    /// Its JIRA or KIP: `KAFKA-7128`.
    pub issue: String,
    /// What breaks, in a few words.
    pub breaks: String,
    /// The version that mended it.
    pub mended_in: Preset,
    /// Single switches of the twin that differ from that version's.
    #[serde(default, skip_serializing_if = "Switches::is_empty")]
    pub mended_switches: Switches,
    /// Settings of the twin that differ from this file's, for what no version mended: `{ "auto.offset.reset": "earliest" }`. They are
    /// named as `--set` names them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mended_settings: BTreeMap<String, serde_json::Value>,
    /// On how many seeds, from 0, it is sure to show.
    #[serde(default = "one_u64")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub seeds: u64,
    /// An event that comes only where the bug is, for one that breaks no property. It must be in `expect.must_see`, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shows: Option<EventKind>,
}

fn one_u64() -> u64 {
    1
}
