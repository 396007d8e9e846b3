//! The scenario files of the house.

use std::path::Path;
use std::sync::Arc;

use highwater_sim::prepared::Prepared;
use highwater_sim::scenario::load::load_str;

/// Hands the list of scenarios to another macro, which makes a test of each.
macro_rules! each_scenario {
    ($make:ident) => {
        $make! {
            ack_strategies_failures,
            ack_strategies_latency,
            acks_0_loses_on_crash,
            acks_1_loses_unreplicated,
            chaos,
            chaos_of_clients,
            chaos_of_every_era,
            commit_before_processing_loses,
            consumers_fall_behind_below_it,
            consumers_keep_up_at_computed_partitions,
            cooperative_rebalance_keeps_reading,
            coordinator_crash_keeps_offsets,
            exactly_once_processing,
            follower_lag_evicts_from_isr,
            follower_restart_truncates_to_high_watermark,
            group_member_crash_reprocesses,
            group_shares_partitions,
            group_zombie_is_fenced,
            groups_are_independent,
            high_watermark_bounds_consumers,
            hw_truncation_loses_acked,
            in_flight_retry_idempotent_keeps_order,
            in_flight_retry_reorders,
            keys_over_available_break_order,
            leader_crash_before_ack_deduplicated,
            leader_crash_before_ack_duplicates,
            leader_failover_truncates_followers,
            min_isr_refuses,
            new_partition_latest_skips,
            partition_growth_moves_keys,
            partitioner_round_robin,
            partitioner_sticky,
            partitions_grow_under_traffic,
            producer_restart_duplicates,
            producer_retry_deduplicated,
            producer_retry_duplicates,
            steady_state,
            transactions_commit_and_abort,
            transactions_coordinator_crash,
            transactions_zombie_is_fenced,
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
    changed(name, &[])
}

/// A scenario with overrides, as `--set` takes them.
pub(crate) fn changed(name: &str, overrides: &[&str]) -> Arc<Prepared> {
    let (_, text) = LISTED.iter().find(|(listed, _)| *listed == name).expect("a listed scenario");
    let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
    match load_str(&given(name), text, &overrides) {
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
