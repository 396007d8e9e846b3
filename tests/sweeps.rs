//! Sweeps from outside: split and joined, ended early, streamed.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command_line::{run, text};

/// A folder of its own for each test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("the folder for tests can be written");
    folder
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("the folder for tests can be written");
    path.display().to_string()
}

fn out(arguments: &[&str]) -> Vec<u8> {
    run(arguments).stdout
}

/// Two scenarios: one in which much breaks, by chance and unexpected, and one in which nothing does.
const SWEEP: &[&str] = &[
    "run",
    "scenarios/chaos.json",
    "scenarios/steady_state.json",
    "--set",
    "expect.breaks={}",
    "--seeds",
    "3..40",
];

/// The files of all parts, in reverse.
fn parts(folder: &Path, sweep: &[&str], of: usize) -> Vec<String> {
    let part = |number: usize| {
        let shard = format!("{number}/{of}");
        let printed = out(&[sweep, &["--shard", &shard, "--format", "json", "--jobs", "2"]].concat());
        written(folder, &format!("{number}_of_{of}.json"), &printed)
    };
    (1..=of).rev().map(part).collect()
}

fn merged(parts: &[String], format: &str) -> std::process::Output {
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    run(&[&["merge", "--format", format], &parts[..]].concat())
}

#[test]
fn a_sweep_that_was_split_and_joined_is_to_the_last_byte_what_one_machine_makes() {
    let folder = folder("split_and_joined");
    let in_json = out(&[SWEEP, &["--format", "json"]].concat());
    let in_text = out(SWEEP);
    assert!(in_json.len() > 10_000 && in_text.len() > 1_000, "there is something to compare");
    for of in [1, 3, 16] {
        let parts = parts(&folder, SWEEP, of);
        assert!(merged(&parts, "json").stdout == in_json, "{of} shards");
        assert_eq!(text(&merged(&parts, "text").stdout), text(&in_text), "{of} shards");
    }
}

#[test]
fn parts_that_do_not_make_a_whole_are_refused_with_the_reason() {
    let folder = folder("no_whole");
    let sweep = &["run", "scenarios/steady_state.json", "--seeds", "0..6"];
    let [third, second, first] = &parts(&folder, sweep, 3)[..] else { panic!("three were asked for") };
    let of = |name, arguments: &[&str]| {
        written(&folder, name, &out(&[&["run"], arguments, &["--shard", "2/3", "--format", "json"]].concat()))
    };
    let other_range = of("range.json", &["scenarios/steady_state.json", "--seeds", "0..9"]);
    let other_set = of("set.json", &["scenarios/steady_state.json", "--seeds", "0..6", "--set", "acks=1"]);
    let other = of("other.json", &["scenarios/chaos.json", "--seeds", "0..6"]);
    let whole = written(&folder, "whole.json", &out(&[&sweep[..], &["--format", "json"]].concat()));
    let bytes = fs::read(second).expect("it was written");
    let cut = written(&folder, "cut.json", &bytes[..bytes.len() / 2]);
    let mut newer: Value = serde_json::from_slice(&bytes).expect("it is JSON");
    newer["version"] = 99.into();
    let newer = written(&folder, "newer.json", newer.to_string().as_bytes());
    let mut short: Value = serde_json::from_slice(&bytes).expect("it is JSON");
    short["seeds"] = 1.into();
    let short = written(&folder, "short.json", short.to_string().as_bytes());
    for (files, reason) in [
        (vec![first, third], "shard 2 of 3 is missing"),
        (vec![first], "shards 2, 3 of 3 are missing"),
        (vec![first, second, second, third], "are both shard 2 of 3"),
        (vec![first, &other_range, third], "the range of seeds differs, 0..6 and 0..9"),
        (vec![first, &other_set, third], "what --set says differs, nothing and acks=1"),
        (vec![first, &other, third], "the scenario differs"),
        (vec![first, &whole, third], "is no part of a sweep"),
        (vec![first, &cut, third], "is not whole"),
        (vec![first, &newer, third], "is a report of version 99"),
        (vec![first, &short, third], "has 1 of the 2 seeds of shard 2 of 3: it was interrupted"),
    ] {
        let files: Vec<String> = files.into_iter().cloned().collect();
        let refused = merged(&files, "text");
        let said = text(&refused.stderr);
        assert_eq!((refused.status.code(), refused.stdout.len()), (Some(2), 0), "{said}");
        assert!(said.contains(reason), "{reason}: {said}");
    }
}

#[test]
fn a_stream_has_a_line_a_seed_in_ascending_order_whatever_the_number_of_jobs() {
    let folder = folder("streamed");
    let streamed = |jobs: &str| {
        let file = folder.join(format!("{jobs}.ndjson")).display().to_string();
        let sweep = ["run", "scenarios/chaos.json", "--seeds", "5..45", "--jobs", jobs, "--ndjson", &file];
        assert_eq!(run(&sweep).status.code(), Some(0));
        fs::read_to_string(file).expect("it was written")
    };
    let one = streamed("1");
    assert_eq!(streamed("3"), one);
    let lines: Vec<Value> =
        one.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    assert!(lines.iter().map(|line| &line["seed"]).eq((5..45).map(Value::from).collect::<Vec<_>>().iter()));
    assert!(lines.iter().all(|line| line["fingerprint"].is_string() && line["counts"]["sent"].is_u64()));
}

#[test]
fn a_stream_that_cannot_be_written_is_told_and_what_was_played_is_kept() {
    let output =
        run(&["run", "scenarios/steady_state.json", "--seeds", "0..5", "--ndjson", "/nowhere/x.ndjson"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("/nowhere/x.ndjson could not be written"));
    if Path::new("/dev/full").exists() {
        let output = run(&["run", "scenarios/steady_state.json", "--seeds", "0..5", "--ndjson", "/dev/full"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("no further seed was played"), "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains("seed 0"), "{}", text(&output.stdout));
    }
}

#[test]
fn a_sweep_with_a_time_says_which_seeds_it_played_and_these_again_make_the_same_report() {
    let output = run(&["run", "scenarios/steady_state.json", "--seeds", "7..1000000", "--until", "1s"]);
    let told = text(&output.stdout);
    let (first, report) = told.split_once("\n\n").expect("a sentence stands before the report");
    assert!(first.starts_with("Ended after seed ") && first.contains("the time was up"), "{first}");
    assert!(output.stderr.is_empty(), "piped, it shows no progress");
    let (_, again) =
        first.split_once("Exactly these seeds again: highwater ").expect("the command stands there");
    let again: Vec<&str> = again.split(' ').collect();
    assert_eq!(text(&out(&again)), report);
}
