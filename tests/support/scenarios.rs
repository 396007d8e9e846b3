//! The scenario files of the house.

use std::path::Path;
use std::sync::Arc;

use highwater_sim::prepared::Prepared;
use highwater_sim::scenario::load::load_str;

/// Hands the list of scenarios to another macro, which makes a test of each.
macro_rules! each_scenario {
    ($make:ident) => {
        $make! {
            acks_0_loses_on_crash,
            acks_1_loses_unreplicated,
            chaos,
            follower_lag_evicts_from_isr,
            follower_restart_truncates_to_high_watermark,
            high_watermark_bounds_consumers,
            hw_truncation_loses_acked,
            leader_crash_before_ack_deduplicated,
            leader_crash_before_ack_duplicates,
            leader_failover_truncates_followers,
            min_isr_refuses,
            partitions_grow_under_traffic,
            producer_retry_deduplicated,
            producer_retry_duplicates,
            steady_state,
        }
    };
}
pub(crate) use each_scenario;

macro_rules! listed {
    ($($name:ident),* $(,)?) => {
        /// Every scenario's name, and its file's text.
        pub(crate) const LISTED: &[(&str, &str)] =
            &[$((stringify!($name), include_str!(concat!("../../scenarios/", stringify!($name), ".json")))),*];
    };
}
each_scenario!(listed);

/// How a scenario is named on a command line.
pub(crate) fn given(name: &str) -> String {
    format!("scenarios/{name}.json")
}

/// A scenario, ready to be run.
pub(crate) fn prepared(name: &str) -> Arc<Prepared> {
    let (_, text) = LISTED.iter().find(|(listed, _)| *listed == name).expect("a listed scenario");
    match load_str(&given(name), text, &[]) {
        Ok(loaded) => Arc::new(Prepared::new(loaded.plan)),
        Err(errors) => panic!("{}", errors.render(false)),
    }
}

#[test]
fn every_scenario_file_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let entries = std::fs::read_dir(folder).expect("the scenarios are there");
    let mut files: Vec<String> = entries
        .map(|entry| entry.expect("its entries can be read").file_name().to_string_lossy().into_owned())
        .filter_map(|file| file.strip_suffix(".json").map(str::to_owned))
        .filter(|name| name != "schema")
        .collect();
    files.sort();
    let listed: Vec<&str> = LISTED.iter().map(|(name, _)| *name).collect();
    assert_eq!(files, listed, "each_scenario! must list every file, in order of name");
}
