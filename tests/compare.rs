//! `highwater compare` from end to end. Its table, its help and its refusals are among the sessions of `command_line`.

use serde_json::Value;

use crate::command_line::{run, text};

const LOSING: &str = "scenarios/acks_1_loses_unreplicated.json";

fn compared(arguments: &[&str]) -> Vec<u8> {
    let output = run(&[&["compare", LOSING], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    output.stdout
}

fn in_json(arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--format", "json"]].concat();
    serde_json::from_slice(&compared(&arguments)).expect("it is JSON")
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().map(|object| object.keys().map(String::as_str).collect()).unwrap_or_default()
}

#[test]
fn the_json_has_the_documented_keys_in_their_order() {
    let comparison = in_json(&["--vary", "acks=1,-1", "--seeds", "5..=9", "--set", "retries=50"]);
    let documented = [
        "version",
        "scenario",
        "overrides",
        "vary",
        "first_seed",
        "last_seed",
        "seeds",
        "combinations",
        "rows",
    ];
    assert_eq!(keys(&comparison), documented);
    let documented = [
        "settings",
        "protocol",
        "sent",
        "acknowledged",
        "unconfirmed",
        "failed",
        "lost",
        "lost_unconfirmed",
        "duplicated",
        "unavailable_ms",
        "ack_latency",
        "messages",
        "messages_per_record",
        "groups",
        "verdicts",
        "fingerprint",
    ];
    assert_eq!(keys(&comparison["rows"][0]), documented);
    let documented = [
        "rebalances",
        "members_expired",
        "commits_refused",
        "reprocessed",
        "skipped",
        "max_lag",
        "unowned_ms",
    ];
    assert_eq!(keys(&comparison["rows"][0]["groups"]), documented);
    let verdicts = ["kept", "broken", "stalled", "panicked", "violated", "allowed"];
    assert_eq!(keys(&comparison["rows"][1]["verdicts"]), verdicts);
    assert_eq!(comparison["overrides"], serde_json::json!(["retries=50"]));
    assert_eq!(comparison["vary"], serde_json::json!([{ "key": "acks", "values": ["1", "-1"] }]));
    assert_eq!((&comparison["first_seed"], &comparison["last_seed"]), (&5.into(), &9.into()));
}

#[test]
fn a_row_says_what_a_sweep_with_the_same_settings_says() {
    let comparison = in_json(&["--vary", "acks=0,-1", "--vary", "min.insync.replicas=2", "--seeds", "0..5"]);
    let settings = ["--set", "acks=-1", "--set", "min.insync.replicas=2"];
    let sweep = [&["run", LOSING, "--seeds", "0..5", "--format", "json"], &settings[..]].concat();
    let sweep: Value = serde_json::from_slice(&run(&sweep).stdout).expect("it is JSON");
    let row = &comparison["rows"][1];
    assert_eq!(row["settings"], serde_json::json!({ "acks": "-1", "min.insync.replicas": "2" }));
    for key in ["fingerprint", "ack_latency", "messages", "protocol"] {
        assert_eq!(row[key], sweep[key], "{key}");
    }
    assert_eq!(row["duplicated"]["records"], sweep["counts"]["duplicated"]);
    assert_eq!(row["duplicated"]["seeds"], sweep["seeds_with"]["duplicated"]);
    assert_ne!(row["fingerprint"], comparison["rows"][0]["fingerprint"]);
}

#[test]
fn the_csv_has_a_column_a_setting_and_a_line_a_combination() {
    let arguments = ["--vary", "acks=1,-1", "--vary", "network.latency_ms=[1,2],[10,20]", "--seeds", "0..3"];
    let written = compared(&[&arguments[..], &["--format", "csv"]].concat());
    let mut reader = csv::Reader::from_reader(&written[..]);
    let header = reader.headers().expect("there is one").clone();
    assert_eq!(header.iter().take(3).collect::<Vec<_>>(), ["acks", "network.latency_ms", "seeds"]);
    let rows: Vec<_> = reader.records().map(|row| row.expect("it has all fields")).collect();
    let settings: Vec<_> = rows.iter().map(|row| (row[0].to_owned(), row[1].to_owned())).collect();
    let expected = [("1", "[1,2]"), ("1", "[10,20]"), ("-1", "[1,2]"), ("-1", "[10,20]")];
    assert_eq!(settings, expected.map(|(acks, latency)| (acks.to_owned(), latency.to_owned())));
    let lost = header.iter().position(|column| column == "lost_seeds_percent").expect("it is there");
    assert_eq!(rows.iter().map(|row| &row[lost]).collect::<Vec<_>>(), ["100", "100", "0", "0"]);
}

#[test]
fn the_number_of_jobs_changes_nothing() {
    for format in ["text", "json", "csv"] {
        let with = |jobs| {
            compared(&["--vary", "acks=0,1,-1", "--seeds", "0..30", "--format", format, "--jobs", jobs])
        };
        assert!(with("1") == with("3"), "{format}");
    }
}

#[test]
fn what_the_file_expects_changes_no_exit_code() {
    let missing = r#"expect.must_see=["log_truncated","records_lost_to_power"]"#;
    let event = r#"expect.must_see=["isr_expanded"]"#;
    let output = run(&["compare", LOSING, "--vary", "acks=1", "--seed", "1", "--set", missing]);
    assert_eq!(output.status.code(), Some(2), "an event that does not exist is misuse all the same");
    compared(&["--vary", "acks=1", "--seed", "1", "--set", event, "--set", "expect.breaks={}"]);
}

#[test]
fn a_stall_is_counted_and_the_exit_code_is_0() {
    let file = "scenarios/follower_restart_truncates_to_high_watermark.json";
    let set = ["duration_ms=16005", "producers.shop.records=140"].map(|set| ["--set", set]).concat();
    let vary = ["--vary", "liveness_ms=1,30000", "--seed", "1", "--format", "json"];
    let output = run(&[&["compare", file][..], &vary, &set].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let comparison: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let stalled: Vec<_> = (0..2).map(|row| &comparison["rows"][row]["verdicts"]["stalled"]).collect();
    assert_eq!(stalled, [1, 0]);
}
