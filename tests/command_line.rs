//! What the shell sees of `highwater`: results on stdout, errors on stderr, and the exit code.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const STEADY: &str = "scenarios/steady_state.json";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_owned()
}

/// `highwater` with these arguments, to be run at the workspace's root. No terminal's width, no colours.
pub(crate) fn highwater(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_highwater-under-test"));
    command
        .args(arguments)
        .current_dir(root())
        .env_remove("COLUMNS")
        .env_remove("GITHUB_STEP_SUMMARY")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    highwater(arguments).output().expect("the binary is there")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it writes UTF-8").replace("highwater-under-test", "highwater")
}

/// The command, its exit code, and what it wrote, as one text.
fn seen(arguments: &[&str]) -> String {
    let output = run(arguments);
    let line = [&["highwater"], arguments].concat().join(" ");
    let mut told = format!("$ {line}\nexit code {}\n", output.status.code().unwrap_or(-1));
    for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        if !bytes.is_empty() {
            told += &format!("---- {stream}\n{}", text(bytes));
        }
    }
    told
}

fn is_as_written(name: &str, told: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(format!("command_line.{name}"), told));
}

macro_rules! sessions {
    ($($name:ident: $($argument:literal)*;)*) => {
        /// Their names.
        pub(crate) const SESSIONS: &[&str] = &[$(stringify!($name)),*];

        $(
            #[test]
            fn $name() {
                is_as_written(stringify!($name), &seen(&[$($argument),*]));
            }
        )*
    };
}

sessions! {
    help: "--help";
    help_on_run: "run" "--help";
    help_on_replay: "replay" "--help";
    help_on_shrink: "shrink" "--help";
    a_scenario_to_shrink_needs_its_seed: "shrink" "scenarios/chaos.json";
    where_nothing_breaks_there_is_nothing_to_shrink: "shrink" "scenarios/steady_state.json" "--seed" "0";
    a_property_to_shrink_by_is_told_the_nearest: "shrink" "scenarios/chaos.json" "--seed" "0" "--property" "acked-durabel";
    a_mending_that_is_no_setting_is_refused: "shrink" "scenarios/chaos.json" "--seed" "0" "--unless" "protocl=2.0";
    help_on_merge: "merge" "--help";
    help_on_compare: "compare" "--help";
    help_on_check: "check" "--help";
    help_on_coverage: "coverage" "--help";
    what_a_directory_reaches_and_what_it_does_not: "coverage" "scenarios/soundness" "--seeds" "0..2";
    an_event_that_is_rarer_than_stated_fails_the_sweep_and_no_seed: "run" "scenarios/acks_0_loses_on_crash.json" "--seeds" "0..4" "--set" "expect.must_see={\"node_stopped\":1,\"isr_update_refused\":0.5}";
    a_share_that_is_none_is_refused: "check" "scenarios/steady_state.json" "--set" "expect.must_see={\"records_polled\":1.5}";
    a_share_of_an_unknown_event_is_told_the_nearest: "check" "scenarios/steady_state.json" "--set" "expect.must_see={\"record_polled\":0.5}";
    a_share_is_set_by_its_path: "check" "scenarios/chaos.json" "--set" "expect.must_see.broker_halted=0.2";
    help_on_list: "list" "--help";
    help_on_schema: "schema" "--help";
    help_on_protocols: "protocols" "--help";
    help_on_museum: "museum" "--help";
    help_on_bisect: "bisect" "--help";
    the_matrix_of_protocols: "protocols";
    what_tells_two_protocols_apart: "protocols" "--diff" "2.0" "2.0.1";
    what_tells_two_protocols_apart_in_json: "protocols" "--diff" "3.3" "3.5" "--format" "json";
    an_unknown_preset_is_told_the_nearest: "protocols" "--diff" "2.0" "4.0";
    switches_that_never_made_sense_together_are_refused_with_the_reason: "check" "scenarios/steady_state.json" "--set" "protocol=4.0-elr" "--set" "high_watermark_frozen_below_min_isr=false";
    an_unknown_value_of_a_switch_is_told_the_nearest: "check" "scenarios/steady_state.json" "--set" "truncate_when=epoch_change";
    the_museum_in_one_table: "museum" "--seeds" "0..2";
    an_unknown_name_in_the_museum_is_told_the_nearest: "museum" "s1b_nobody_restrats";
    a_scenario_that_shows_no_bug_is_not_in_the_museum: "museum" "scenarios/steady_state.json";
    a_failure_hangs_on_one_switch: "bisect" "scenarios/hw_truncation_loses_acked.json" "--seed" "0" "--seeds" "0..5" "--to" "0.11";
    a_failure_hangs_on_one_switch_in_json: "bisect" "scenarios/hw_truncation_loses_acked.json" "--seed" "0" "--seeds" "0..2" "--to" "0.11" "--format" "json";
    a_seed_that_breaks_nothing_is_not_bisected: "bisect" "scenarios/steady_state.json" "--seed" "3";
    the_report_names_the_switches_that_differ: "run" "scenarios/steady_state.json" "--set" "last_isr_member_kept=true";
    help_on_size: "size" "--help";
    help_on_diff: "diff" "--help";
    help_on_accept: "accept" "--help";
    a_run_in_markdown: "run" "scenarios/hw_truncation_loses_acked.json" "--seed" "3" "--set" "expect.breaks={}" "--format" "markdown";
    several_sweeps_in_markdown: "run" "scenarios/hw_truncation_loses_acked.json" "scenarios/steady_state.json" "--seeds" "0..5" "--format" "markdown" "--annotations" "github" "--set" "expect.breaks={}";
    a_comparison_in_markdown: "compare" "scenarios/acks_1_loses_unreplicated.json" "--vary" "acks=0,1,-1" "--seeds" "0..5" "--format" "markdown";
    a_summary_of_no_server_is_told_what_to_name: "run" "scenarios/steady_state.json" "--summary";
    junit_into_no_directory_is_refused_before_anything_is_played: "run" "scenarios/steady_state.json" "--junit" "/nowhere/at/all.xml";
    reports_that_are_not_there_are_all_told: "diff" "nowhere.json" "no_report.json";
    what_is_no_report_is_not_accepted: "accept" "scenarios/steady_state.json" "--into" "/nowhere";
    jobs_that_play_nothing_are_refused: "run" "scenarios/steady_state.json" "--jobs" "0";
    size_by_less_than_nothing_is_refused: "size" "--topic-throughput" "-5MB/s" "--consumer-throughput" "1MB/s";
    no_command_is_told_what_there_is:;
    an_unknown_command_is_told_the_nearest: "chekc";
    seed_and_seeds_exclude_each_other: "run" "scenarios/steady_state.json" "--seed" "1" "--seeds" "0..3";
    a_range_without_seeds_is_refused: "run" "scenarios/steady_state.json" "--seeds" "9..3";
    a_sweep_ends_with_the_first_failure: "run" "scenarios/chaos.json" "--seeds" "0..1000" "--fail-fast" "--set" "expect.breaks={}";
    a_swarm_prints_what_was_drawn: "run" "scenarios/chaos.json" "--seeds" "0..20" "--set" "random_faults.swarm=true" "--set" "random_faults.swarm_settings={\"min.insync.replicas\":[1,2]}";
    a_setting_that_a_swarm_cannot_draw_is_pointed_at: "check" "tests/bad_scenarios/bad_swarm.json";
    a_timeline_shows_the_replica_that_each_event_is_about: "replay" "scenarios/min_isr_refuses.json" "--seed" "1" "--trace" "--partition" "orders-0" "--actor" "broker-1" "--from" "1000" "--until" "2500";
    an_unknown_actor_is_told_the_nearest: "replay" "scenarios/steady_state.json" "--trace" "--actor" "broker-7";
    an_unknown_partition_is_told_those_that_there_are: "replay" "scenarios/steady_state.json" "--trace" "--partition" "order-0";
    a_scenario_has_nothing_to_be_compared_with: "replay" "scenarios/steady_state.json" "--seed" "3";
    a_truncated_bundle_is_refused: "replay" "tests/bad_bundles/truncated.json";
    a_bundle_of_a_newer_version_is_refused: "replay" "tests/bad_bundles/newer.json";
    a_bundle_is_no_scenario: "check" "tests/bad_bundles/newer.json";
    filters_are_for_timelines: "replay" "scenarios/steady_state.json" "--actor" "shop";
    a_time_without_a_unit_is_refused: "run" "scenarios/steady_state.json" "--until" "5";
    a_bound_of_no_steps_is_refused: "run" "scenarios/steady_state.json" "--events-max" "0";
    a_seed_that_is_no_number_is_refused: "run" "scenarios/steady_state.json" "--seed" "abc";
    tries_of_nothing_are_refused: "shrink" "scenarios/chaos.json" "--seed" "7" "--tries" "0";
    a_bound_on_memory_without_a_unit_is_refused: "run" "scenarios/steady_state.json" "--memory-max" "200";
    a_directory_in_the_place_of_a_stream_is_told: "run" "scenarios/steady_state.json" "--ndjson" "scenarios";
    a_stream_into_a_directory_that_is_not_there_is_refused_before_anything_runs: "run" "scenarios/steady_state.json" "--ndjson" "not_there/runs.ndjson";
    a_part_beyond_the_last_is_refused: "run" "scenarios/steady_state.json" "--seeds" "0..10" "--shard" "17/16";
    a_part_of_no_range_is_refused: "run" "scenarios/steady_state.json" "--shard" "1/2";
    several_scenarios_are_not_played_until_failures_for_ever: "run" "scenarios/steady_state.json" "scenarios/chaos.json" "--until-failures" "3";
    trace_and_json_exclude_each_other: "run" "scenarios/steady_state.json" "--trace" "--format" "json";
    a_history_of_many_seeds_is_refused_with_the_reason: "run" "scenarios/steady_state.json" "--seeds" "0..3" "--history" "all.jsonl";
    a_history_of_several_scenarios_is_refused_with_the_reason: "run" "scenarios/steady_state.json" "scenarios/chaos.json" "--history" "all.jsonl";
    a_history_in_no_known_form_is_refused: "run" "scenarios/steady_state.json" "--history" "history.txt";
    a_missing_file_is_told_the_nearest: "run" "scenarios/steady_sate.json";
    malformed_json_is_pointed_at: "check" "tests/bad_scenarios/malformed.json";
    an_unknown_key_is_told_the_nearest: "check" "tests/bad_scenarios/unknown_key.json";
    all_errors_are_told_together: "check" "tests/bad_scenarios/several.json";
    targets_and_events_that_do_not_exist_are_pointed_at: "check" "tests/bad_scenarios/unknown_target.json";
    an_unknown_assignor_is_told_the_nearest: "check" "tests/bad_scenarios/unknown_assignor.json";
    members_of_no_group_and_topics_of_no_cluster_are_pointed_at: "check" "tests/bad_scenarios/unknown_members.json";
    timeouts_that_contradict_one_another_are_told_with_both: "check" "tests/bad_scenarios/contradictory_timeouts.json";
    members_that_cannot_join_commits_that_would_be_passed_over_and_topics_that_shrink_are_refused: "check" "tests/bad_scenarios/joins_and_commits.json";
    an_override_that_contradicts_the_brokers_is_refused: "check" "scenarios/group_shares_partitions.json" "--set" "session.timeout.ms=400000";
    an_override_with_an_unknown_assignor_is_told_the_nearest: "check" "scenarios/group_shares_partitions.json" "--set" "partition.assignment.strategy=roundrobbin";
    a_bad_file_keeps_every_scenario_from_running: "run" "scenarios/steady_state.json" "tests/bad_scenarios/unknown_key.json";
    good_files_are_told_beside_bad_ones: "check" "scenarios/steady_state.json" "tests/bad_scenarios/unknown_key.json";
    an_override_with_an_unknown_name_is_told_the_nearest: "run" "scenarios/steady_state.json" "--set" "min.insync.replica=2";
    an_override_with_an_unknown_path_is_told_the_nearest: "run" "scenarios/steady_state.json" "--set" "producers.shop.record=5";
    an_override_with_a_value_that_does_not_fit_is_refused: "run" "scenarios/steady_state.json" "--set" "acks=2";
    an_override_without_a_value_is_refused: "run" "scenarios/steady_state.json" "--set" "acks";
    size_by_throughput: "size" "--topic-throughput" "100MB/s" "--consumer-throughput" "10MB/s";
    size_by_throughput_and_retention: "size" "--topic-throughput" "100MB/s" "--consumer-throughput" "30MB/s" "--retained" "1TiB" "--replication" "3";
    size_in_json: "size" "--retained" "1TB" "--format" "json";
    size_of_nothing_is_told_what_to_ask: "size";
    size_by_bytes_and_records_is_refused: "size" "--topic-throughput" "100MB/s" "--consumer-throughput" "500 records/s";
    size_by_consumers_that_take_nothing_is_refused: "size" "--topic-throughput" "100MB/s" "--consumer-throughput" "0MB/s";
    size_in_an_unknown_unit_is_refused: "size" "--retained" "3 apples";
    a_comparison_prints_a_row_a_combination: "compare" "scenarios/acks_1_loses_unreplicated.json" "--vary" "acks=0,1,-1" "--seeds" "0..20";
    a_comparison_varies_every_setting_with_every_other: "compare" "scenarios/steady_state.json" "--vary" "network.latency_ms=[1,2],[10,20]" "--vary" "acks=1,-1" "--seeds" "0..3" "--set" "linger.ms=0";
    a_combination_that_is_not_valid_keeps_all_from_running: "compare" "scenarios/steady_state.json" "--vary" "acks=1,-1,7" "--vary" "replication=1,3,4";
    varying_an_unknown_key_is_told_the_nearest: "compare" "scenarios/steady_state.json" "--vary" "min.insync.replica=1,2";
    varying_without_values_is_refused: "compare" "scenarios/steady_state.json" "--vary" "acks";
    a_comparison_without_a_setting_to_vary_is_refused: "compare" "scenarios/steady_state.json";
    too_many_combinations_are_refused: "compare" "scenarios/steady_state.json" "--vary" "retries=1,2,3,4,5,6,7,8,9,10" "--vary" "linger.ms=1,2,3,4,5,6,7,8,9,10" "--vary" "every_ms=1,2,3,4,5,6,7,8,9,10,11";
    a_setting_is_set_or_varied_but_not_both: "compare" "scenarios/steady_state.json" "--vary" "acks=0,1" "--set" "acks=-1";
}

#[test]
fn every_scenario_is_valid_and_check_says_so() {
    let output = run(&["check", "scenarios"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout)
            .lines()
            .all(|line| line.starts_with("scenarios/") && line.ends_with(".json: ok"))
    );
}

#[test]
fn list_names_every_scenario_with_the_beginning_of_its_story() {
    let output = run(&["list"]);
    assert_eq!(output.status.code(), Some(0));
    let told = text(&output.stdout);
    let entries = |folder| fs::read_dir(root().join(folder)).expect("the scenarios are there").count();
    let files = entries("scenarios") - 4 + entries("scenarios/museum") + entries("scenarios/soundness");
    let begun = told.lines().filter(|line| !line.starts_with(' ')).count();
    assert_eq!(
        begun, files,
        "schema.json is none, regressions are bundles, and museum and soundness are folders"
    );
    assert!(told.lines().any(|line| line.starts_with("museum/s1b_nobody_restarts ")), "{told}");
    assert!(told.lines().any(|line| line.starts_with("steady_state")), "{told}");
    assert!(told.lines().all(|line| line.chars().count() <= 110), "{told}");
}

#[test]
fn an_empty_directory_holds_no_scenario() {
    let empty = Path::new(env!("CARGO_TARGET_TMPDIR")).join("empty");
    fs::create_dir_all(&empty).expect("the folder for tests can be written");
    let mut command = highwater(&["run", "empty"]);
    let output = command.current_dir(env!("CARGO_TARGET_TMPDIR")).output().expect("the binary is there");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("the directory holds no scenario"), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty());
}

#[test]
fn schema_prints_the_file_beside_the_scenarios() {
    let output = run(&["schema"]);
    assert_eq!(output.status.code(), Some(0));
    let file = fs::read_to_string(root().join("scenarios/schema.json")).expect("the schema is there");
    assert!(text(&output.stdout) == file, "write it anew: highwater schema > scenarios/schema.json");
}

// ---- exit codes ----

#[test]
fn a_run_as_expected_exits_with_0_and_says_nothing_on_stderr() {
    let output = run(&["run", STEADY, "--seed", "3"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("AS EXPECTED  steady_state"));
    assert!(output.stderr.is_empty());
}

#[test]
fn an_event_that_does_not_come_exits_with_1_and_the_last_line_plays_it_again() {
    let set = r#"expect.must_see=["leader_elected"]"#;
    let output = run(&["run", STEADY, "--seed", "3", "--set", set]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stdout);
    assert!(told.contains("leader_elected was to be seen and never came"), "{told}");
    let last = format!("again: highwater run {STEADY} --seed 3 --set '{set}'");
    assert_eq!(told.lines().last(), Some(last.as_str()));
}

#[test]
fn a_promise_that_breaks_unannounced_exits_with_1() {
    let output =
        run(&["run", "scenarios/hw_truncation_loses_acked.json", "--seed", "3", "--set", "expect.breaks={}"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stdout);
    assert!(told.starts_with("BROKEN  hw_truncation_loses_acked"), "{told}");
    assert!(told.contains("acked-durable is promised and broke"), "{told}");
}

#[test]
fn a_cluster_that_has_no_time_to_converge_exits_with_3() {
    let file = "scenarios/follower_restart_truncates_to_high_watermark.json";
    let set = ["duration_ms=16005", "producers.shop.records=140", "liveness_ms=1", "expect.must_see=[]"];
    let arguments = [&["run", file, "--seed", "1"][..], &set.map(|set| ["--set", set]).concat()].concat();
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stdout));
    assert!(text(&output.stdout).starts_with("STALLED  follower_restart"));
}

#[test]
fn a_sweep_exits_as_its_gravest_scenario_does() {
    let set = r#"expect.must_see=["became_leader","leader_elected"]"#;
    let output =
        run(&["run", STEADY, "scenarios/producer_retry_duplicates.json", "--seeds", "0..3", "--set", set]);
    assert_eq!(output.status.code(), Some(1));
}

// ---- formats ----

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().map(|object| object.keys().map(String::as_str).collect()).unwrap_or_default()
}

#[test]
fn the_json_of_a_run_has_the_documented_keys_in_their_order() {
    let output = run(&["run", STEADY, "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let documented = [
        "version",
        "scenario",
        "story",
        "protocol",
        "overrides",
        "seed",
        "outcome",
        "unexpected",
        "end",
        "steps",
        "events",
        "messages",
        "simulated_ms",
        "fingerprint",
        "properties",
        "must_see",
        "faults",
        "replicas",
        "counts",
        "ack_latency",
        "unavailable_ms",
        "groups",
        "seen",
    ];
    assert_eq!(keys(&report), documented);
    assert_eq!((report["version"].as_u64(), report["seed"].as_u64()), (Some(1), Some(0)));
    assert_eq!(
        (&report["outcome"], &report["end"]),
        (&Value::from("as_expected"), &Value::from("converged"))
    );
    assert_eq!(keys(&report["properties"]["weak-isr"]), ["judge", "verdict", "looked", "broken", "evidence"]);
    assert_eq!(keys(&report["ack_latency"]), ["samples", "p50_ms", "p99_ms", "p999_ms", "max_ms"]);
    assert_eq!(report["fingerprint"].as_str().map(str::len), Some(16));
}

#[test]
fn the_json_of_a_sweep_has_the_documented_keys_in_their_order() {
    let output = run(&["run", STEADY, "--seeds", "5..=9", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let documented = [
        "outcome",
        "unexpected",
        "version",
        "scenario",
        "story",
        "protocol",
        "overrides",
        "seeds",
        "first_seed",
        "last_seed",
        "outcomes",
        "seeds_with",
        "first_failures",
        "failures",
        "properties",
        "must_see",
        "faults",
        "counts",
        "ack_latency",
        "unavailable_ms",
        "groups",
        "behaviours",
        "seen",
        "steps",
        "events",
        "messages",
        "fingerprint",
        "frequencies",
    ];
    assert_eq!(keys(&report), documented);
    assert_eq!(
        (report["seeds"].as_u64(), report["first_seed"].as_u64(), report["last_seed"].as_u64()),
        (Some(5), Some(5), Some(9))
    );
}

#[test]
fn several_scenarios_make_a_json_array() {
    let output = run(&["run", STEADY, "scenarios/producer_retry_deduplicated.json", "--format", "json"]);
    let reports: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let names: Vec<_> = reports.as_array().into_iter().flatten().map(|report| &report["scenario"]).collect();
    assert_eq!(names, ["steady_state", "producer_retry_deduplicated"]);
}

#[test]
fn the_trace_tells_every_event_before_the_report() {
    let told = text(&run(&["run", STEADY, "--seed", "3", "--trace"]).stdout);
    let report = told.find("AS EXPECTED").expect("the report follows");
    let count = told[..report].lines().filter(|line| !line.is_empty()).count();
    let json = run(&["run", STEADY, "--seed", "3", "--format", "json"]);
    let json: Value = serde_json::from_slice(&json.stdout).expect("it is JSON");
    assert_eq!(json["events"].as_u64(), Some(count as u64));
}

// ---- options ----

#[test]
fn the_number_of_jobs_changes_nothing() {
    let with = |jobs| run(&["run", "scenarios", "--seeds", "0..20", "--jobs", jobs]);
    let (one, four) = (with("1"), with("4"));
    assert_eq!(one.status, four.status);
    assert!(one.stdout == four.stdout, "the reports differ");
}

#[test]
fn an_override_by_path_and_one_by_kafka_name_do_the_same() {
    let with = |set| {
        let output = run(&["run", STEADY, "--seed", "3", "--format", "json", "--set", set]);
        let report: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        (report["fingerprint"].clone(), report["overrides"].clone())
    };
    let (by_name, by_path) = (with("acks=1"), with("producers.shop.config.acks=1"));
    assert_eq!(by_name.0, by_path.0);
    assert_eq!(
        by_path.1,
        serde_json::json!(["producers.shop.config.acks=1"]),
        "the report says what was overridden"
    );
    assert_ne!(by_name.0, with("acks=-1").0, "acks=1 makes another run");
}

// ---- where results go ----

#[test]
fn a_reader_that_has_read_enough_is_not_told_off() {
    let mut child = highwater(&["run", STEADY, "--trace"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary is there");
    drop(child.stdout.take());
    let status = child.wait().expect("it ends");
    let mut told = String::new();
    child.stderr.take().expect("it was piped").read_to_string(&mut told).expect("it writes UTF-8");
    assert_eq!((status.code(), told.as_str()), (Some(0), ""));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_exits_with_2_and_says_so() {
    let full = File::options().write(true).open("/dev/full").expect("every Linux has it");
    let output = highwater(&["run", STEADY]).stdout(full).output().expect("the binary is there");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("the result could not be written"), "{}", text(&output.stderr));
}

/// A folder of this test's own.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _absent = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("Cargo's own folder can be written to");
    folder
}

#[test]
fn a_history_is_the_same_each_time_and_leaves_the_report_and_its_folder_as_they_are() {
    let folder = folder("histories");
    let without = run(&["run", STEADY, "--seed", "3"]);
    for form in ["jsonl", "json", "edn"] {
        let [one, other] = ["one", "other"].map(|name| folder.join(name).with_extension(form));
        for path in [&one, &other] {
            let output = run(&["run", STEADY, "--seed", "3", "--history", &path.display().to_string()]);
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
            assert_eq!(output.stdout, without.stdout);
        }
        let [one, other] = [one, other].map(|path| fs::read_to_string(path).expect("it was written"));
        assert!(one.lines().count() > 20 && one == other);
    }
    assert_eq!(fs::read_dir(&folder).expect("it is there").count(), 6, "nothing half written is left");
}

#[test]
fn a_history_that_cannot_be_written_is_told_and_the_report_is_printed() {
    let path = folder("no_histories").join("not_there").join("history.edn");
    let output = run(&["run", STEADY, "--history", &path.display().to_string()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("highwater: the history could not be written to "));
    assert_eq!(output.stdout, run(&["run", STEADY]).stdout);
}
