//! No false alarm: in the newest version, under settings that promise all that can be promised, every property holds whatever goes
//! wrong, and every property that could break there is exercised.
//!
//! The long form is `highwater run scenarios/soundness --seeds 0..10000`.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;

use highwater_model::protocol::Preset;
use highwater_reports::outcome::Outcome;
use highwater_reports::property::Property;
use highwater_reports::render::{Again, text};
use highwater_sim::prepared::Prepared;
use highwater_sim::scenario::load::load;
use highwater_sim::sweep::{SweepOptions, sweep};

/// Only eras that cut at the high watermark could break it.
const OF_OLDER_ERAS: Property = Property::TruncationToHighWatermark;

#[test]
fn a_small_cluster_keeps_every_promise() {
    is_sound("small", 250, &[OF_OLDER_ERAS, Property::LagBounded]);
}

#[test]
fn a_wide_cluster_keeps_every_promise() {
    is_sound("wide", 250, &[OF_OLDER_ERAS, Property::LagBounded, Property::PartitionsNeverShrink]);
}

#[test]
fn an_hour_keeps_every_promise() {
    is_sound("long", 60, &[OF_OLDER_ERAS, Property::PartitionsNeverShrink]);
}

fn is_sound(name: &str, seeds: u64, not_exercised: &[Property]) {
    let given = format!("scenarios/soundness/{name}.json");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(&given);
    let loaded = load(&file, &[]).expect("the scenario is valid");
    assert_eq!(loaded.plan.config.protocol.preset, Preset::NEWEST);
    assert!(loaded.plan.expect.breaks.is_empty(), "nothing may break");
    let jobs = available_parallelism().map_or(1, NonZeroUsize::get);
    let prepared = Arc::new(Prepared::new(loaded.plan));
    let report = sweep(&prepared, &SweepOptions { seeds: 0..seeds, jobs }, &(), &Arc::default());
    let sweep = format!("highwater run {given} --seeds 0..{seeds}");
    let told = text::sweep(&report, &Again { scenario: &given, sweep: &sweep });
    assert_eq!(report.outcome(), Outcome::AsExpected, "{told}");
    let idle = report.properties.iter().filter(|(_, property)| property.not_exercised == seeds);
    let idle: Vec<Property> = idle.map(|(&property, _)| property).collect();
    assert!(idle.iter().all(|property| not_exercised.contains(property)), "not exercised: {idle:?}");
}
