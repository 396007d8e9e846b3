//! The protocol's switches that a scenario has set otherwise than the preset; and the settings of a twin in the museum.

use std::collections::BTreeMap;

use highwater_model::protocol::{Preset, Switches};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// By the name of the switch or the setting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Differing(BTreeMap<String, Value>);

impl Differing {
    /// Those that differ from the preset's.
    pub fn new(preset: Preset, switches: Switches) -> Self {
        if switches.is_empty() {
            return Self::default();
        }
        let protocol = preset.protocol().with(switches);
        Self(entries(protocol.switches()))
    }

    /// These.
    pub fn of(settings: BTreeMap<String, Value>) -> Self {
        Self(settings)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn entries(switches: Switches) -> BTreeMap<String, Value> {
    let value = serde_json::to_value(switches).expect("switches are JSON: their keys are strings");
    value.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// ` with epoch_bump true, partitioner sticky`; nothing if there is none.
impl std::fmt::Display for Differing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, (name, value)) in self.0.iter().enumerate() {
            let before = if place == 0 { " with" } else { " and" };
            match value.as_str() {
                Some(word) => write!(f, "{before} {name} {word}")?,
                None => write!(f, "{before} {name} {value}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_model::protocol::UnkeyedRule;

    #[test]
    fn only_what_differs_from_the_preset_is_told() {
        let preset = Preset::V0_11Iv1;
        let switches = Switches {
            idempotence: Some(true),
            partitioner: Some(UnkeyedRule::UniformSticky),
            epoch_bump: Some(true),
            ..Switches::default()
        };
        let differing = Differing::new(preset, switches);
        assert_eq!(differing.to_string(), " with epoch_bump true and partitioner uniform_sticky");
        assert!(
            Differing::new(preset, Switches { idempotence: Some(true), ..Switches::default() }).is_empty()
        );
        assert!(Differing::new(preset, Switches::default()).is_empty());
    }
}
