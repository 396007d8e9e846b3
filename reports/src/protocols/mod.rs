//! What the versions are made of, as the code has it: every switch under every preset, and what tells two of them apart.

pub mod text;

use std::collections::BTreeMap;

use highwater_model::protocol::{Preset, Protocol, Switch};
use serde::Serialize;
use strum::IntoEnumIterator;

/// Every switch under every preset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Matrix {
    /// The presets, by age.
    pub presets: Vec<PresetRow>,
    /// The switches, in the order of the code.
    pub switches: Vec<SwitchRow>,
}

/// A preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PresetRow {
    /// Its name.
    pub name: Preset,
    /// What it is.
    pub says: &'static str,
}

/// A switch under every preset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SwitchRow {
    /// Its name.
    pub name: Switch,
    /// What it decides.
    pub says: &'static str,
    /// The KIP or JIRA that changed it.
    pub changed_by: &'static str,
    /// What it is set to.
    pub values: BTreeMap<Preset, &'static str>,
}

/// What tells two presets apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The one.
    pub from: PresetRow,
    /// The other.
    pub to: PresetRow,
    /// The switches that differ, in the order of the code.
    pub switches: Vec<Difference>,
}

/// A switch that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its name.
    pub name: Switch,
    /// What it is set to in the one.
    pub from: &'static str,
    /// What it is set to in the other.
    pub to: &'static str,
    /// What the one means; nothing for on and off.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub from_says: &'static str,
    /// What the other means.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub to_says: &'static str,
    /// What it decides.
    pub says: &'static str,
    /// The KIP or JIRA that changed it.
    pub changed_by: &'static str,
}

impl PresetRow {
    fn new(preset: Preset) -> Self {
        Self { name: preset, says: preset.says() }
    }
}

/// The whole matrix.
pub fn matrix() -> Matrix {
    let values = |switch: Switch| Preset::iter().map(move |preset| (preset, preset.protocol().value(switch)));
    let row = |switch: Switch| SwitchRow {
        name: switch,
        says: switch.says(),
        changed_by: switch.changed_by(),
        values: values(switch).collect(),
    };
    Matrix {
        presets: Preset::iter().map(PresetRow::new).collect(),
        switches: Switch::iter().map(row).collect(),
    }
}

/// What tells `from` and `to` apart.
pub fn diff(from: Preset, to: Preset) -> Diff {
    let (one, other) = (from.protocol(), to.protocol());
    let differs = |switch: &Switch| one.value(*switch) != other.value(*switch);
    Diff {
        from: PresetRow::new(from),
        to: PresetRow::new(to),
        switches: Switch::iter().filter(differs).map(|switch| difference(switch, &one, &other)).collect(),
    }
}

/// What a switch is in the one and in the other.
pub fn difference(switch: Switch, from: &Protocol, to: &Protocol) -> Difference {
    Difference {
        name: switch,
        from: from.value(switch),
        to: to.value(switch),
        from_says: from.meaning(switch),
        to_says: to.meaning(switch),
        says: switch.says(),
        changed_by: switch.changed_by(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_has_every_switch_under_every_preset() {
        let Matrix { presets, switches } = matrix();
        assert_eq!(presets.len(), Preset::iter().count());
        assert_eq!(switches.len(), Switch::iter().count());
        assert!(switches.iter().all(|row| row.values.len() == presets.len()));
    }

    #[test]
    fn what_two_presets_share_is_not_told() {
        let names = |from, to| diff(from, to).switches.iter().map(|row| row.name.name()).collect::<Vec<_>>();
        assert_eq!(names(Preset::V3_3, Preset::V3_5), ["isr_eligibility"]);
        assert_eq!(names(Preset::V3_5, Preset::V3_3), ["isr_eligibility"]);
        assert_eq!(names(Preset::V3_7, Preset::V3_7), <[&str; 0]>::default());
    }
}
