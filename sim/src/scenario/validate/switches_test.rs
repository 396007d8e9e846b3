use highwater_model::protocol::{Preset, Switch};
use strum::IntoEnumIterator;

use crate::scenario::load::load_str;

const TEXT: &str = r#"{
    "story": "One record.",
    "protocol": "4.0-elr",
    "cluster": { "brokers": 1 },
    "topics": [{ "name": "orders" }],
    "duration_ms": 5000
}"#;

fn load(sets: &[&str]) -> Result<(), String> {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    load_str("x.json", TEXT, &sets).map(|_| ()).map_err(|errors| errors.to_string())
}

#[test]
fn eligible_leader_replicas_without_the_frozen_high_watermark_are_refused_with_the_reason() {
    let told = load(&["high_watermark_frozen_below_min_isr=false"]).unwrap_err();
    assert!(
        told.contains(
            "--set high_watermark_frozen_below_min_isr=false: switches.eligible_leader_replicas true with \
             switches.high_watermark_frozen_below_min_isr false never made sense: a replica that left an ISR"
        ),
        "{told}"
    );
    assert!(told.contains("allowed: `high_watermark_frozen_below_min_isr` true beside it"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[test]
fn a_contradiction_is_told_where_it_was_set() {
    let told = load(&["protocol=0.11", "eligible_leader_replicas=true"]).unwrap_err();
    assert!(told.lines().all(|line| line.contains("--set eligible_leader_replicas=true: ")), "{told}");
    assert_eq!(told.lines().count(), 2, "it needs KRaft, and the frozen high watermark: {told}");
}

#[test]
fn every_switch_can_be_set_by_its_short_name_to_what_any_preset_has() {
    for switch in Switch::iter() {
        for preset in Preset::iter() {
            let set = format!("{}={}", switch.name(), preset.protocol().value(switch));
            if let Err(told) = load(&[&format!("protocol={}", preset.name()), &set]) {
                panic!("{set}: {told}");
            }
        }
    }
}

#[test]
fn unknown_presets_switches_and_values_are_told_the_nearest() {
    let near = |set: &str, name: &str| {
        let told = load(&[set]).unwrap_err();
        assert!(told.contains(&format!("did you mean `{name}`?")), "{told}");
    };
    near("protocol=4.0", "4.0-elr");
    near("truncate_wen=epoch_changes", "truncate_when");
    near("switches.truncate_wen=epoch_changes", "switches.truncate_when");
    near("truncate_when=epoch_change", "epoch_changes");
    let told = load(&["fetches_fenced=maybe"]).unwrap_err();
    assert!(told.contains("allowed: true or false"), "{told}");
}
