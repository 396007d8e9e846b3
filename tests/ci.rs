//! What CI servers are told, and what changed between two reports, from outside.

use std::fs;
use std::path::Path;

use crate::command_line::{folder, run, text};

const BROKEN: &str = "scenarios/hw_truncation_loses_acked.json";
const STEADY: &str = "scenarios/steady_state.json";
const UNEXPECTED: &[&str] = &["--set", "expect.breaks={}"];

fn said(arguments: &[&[&str]]) -> (Option<i32>, String, String) {
    let output = run(&arguments.concat());
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

#[test]
fn junit_has_a_failure_if_and_only_if_a_scenario_did_not_go_as_expected() {
    let folder = folder("junit");
    let file = path(&folder, "results.xml");
    for (arguments, fails) in [
        (&["run", BROKEN, "--seed", "3"][..], false),
        (&["run", BROKEN, "--seed", "3", "--set", "expect.breaks={}"], true),
        (&["run", BROKEN, STEADY, "--seeds", "0..4"], false),
        (&["run", STEADY, BROKEN, "--seeds", "0..4", "--set", "expect.breaks={}"], true),
        (&["run", STEADY, "--seeds", "0..4", "--set", "expect.breaks={\"lost-write\":\"sometimes\"}"], true),
        (&["run", STEADY, "--seeds", "0..4", "--set", "expect.breaks={\"lost-write\":\"always\"}"], true),
        (&["run", STEADY, "--seeds", "0..4", "--set", "expect.must_see={\"leader_elected\":0.5}"], true),
        (&["run", STEADY, "--seeds", "0..4", "--set", "expect.must_see=[\"leader_elected\"]"], true),
        (&["run", STEADY, "--seed", "1", "--set", "events_max=50"], true),
        (&["run", STEADY, "--seeds", "1..3", "--set", "events_max=50"], true),
    ] {
        let (code, _, err) = said(&[arguments, &["--junit", &file]]);
        assert_eq!(code != Some(0), fails, "{arguments:?}: {err}");
        let xml = fs::read_to_string(&file).expect("it was written");
        assert_eq!(xml.contains("<failure "), fails, "{arguments:?}: {xml}");
        assert_eq!(xml.contains("again: highwater run "), fails);
    }
    assert_eq!(fs::read_dir(&folder).expect("it is there").count(), 1, "nothing half written is left");
}

#[test]
fn junit_does_not_depend_on_the_number_of_jobs_and_leaves_the_report_as_it_is() {
    let folder = folder("junit_jobs");
    let with = |jobs: &str| {
        let file = path(&folder, jobs);
        let (_, out, _) =
            said(&[&["run", BROKEN, "--seeds", "0..30", "--jobs", jobs, "--junit", &file], UNEXPECTED]);
        (out, fs::read_to_string(&file).expect("it was written"))
    };
    let (one, without) = (with("1"), said(&[&["run", BROKEN, "--seeds", "0..30"], UNEXPECTED]).1);
    assert_eq!(with("3"), one);
    assert_eq!(one.0, without);
}

#[test]
fn an_annotation_points_at_the_line_that_says_what_was_expected() {
    let (code, _, err) =
        said(&[&["run", STEADY, "--annotations", "github", "--set", "expect.must_see=[\"leader_elected\"]"]]);
    assert_eq!(code, Some(1));
    let file = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(STEADY))
        .expect("it is there");
    let at = file.lines().position(|line| line.contains("\"must_see\"")).expect("it has some") + 1;
    let begin = format!(
        "::error file={STEADY},line={at},title=steady_state BROKEN%2C seed 0::leader_elected was to be seen"
    );
    assert!(err.starts_with(&begin) && err.lines().count() == 1, "{err}");
    assert_eq!(said(&[&["run", STEADY, "--annotations", "github"]]).2, "", "nothing where nothing failed");
}

#[test]
fn a_summary_is_appended_to() {
    let folder = folder("summary");
    let file = path(&folder, "summary.md");
    fs::write(&file, "what was there\n").expect("it can be written");
    let markdown = said(&[&["run", STEADY, "--format", "markdown"]]).1;
    let (code, out, _) = said(&[&["run", STEADY, &format!("--summary={file}")]]);
    assert_eq!((code, out), (Some(0), said(&[&["run", STEADY]]).1));
    assert_eq!(fs::read_to_string(&file).expect("it is there"), format!("what was there\n{markdown}"));
}

#[test]
fn what_was_accepted_is_what_later_reports_are_held_against() {
    let folder = folder("accepted");
    let (accepted, kept) = (path(&folder, "accepted"), path(&folder, "accepted/pinned.json"));
    let now = path(&folder, "pinned.json");
    let play = |set: &[&str]| {
        let report = said(&[&["run", BROKEN, STEADY, "--seeds", "0..5", "--format", "json"], set]).1;
        fs::write(&now, report).expect("it can be written");
    };
    play(&[]);
    let (code, out, _) = said(&[&["accept", &now, "--into", &accepted]]);
    assert_eq!((code, out), (Some(0), format!("accepted as {kept}, which was not there\n")));
    assert_eq!(
        said(&[&["diff", &kept, &now]]),
        (Some(0), "NO CHANGE  2 scenarios\n".to_owned(), String::new())
    );
    play(UNEXPECTED);
    let (code, changed, _) = said(&[&["diff", &kept, &now]]);
    assert_eq!(code, Some(1));
    assert!(changed.starts_with("CHANGED  2 of 2 scenarios, the gravest change: verdict\n"), "{changed}");
    assert!(
        changed.contains("  verdict           unexpected: promise_broken strong-isr: false, now true\n"),
        "{changed}"
    );
    let (code, out, _) = said(&[&["accept", &now, "--into", &accepted]]);
    assert_eq!(
        (code, out),
        (Some(0), format!("{changed}\naccepted as {kept}\n")),
        "it says what was accepted"
    );
    assert_eq!(fs::read(&kept).expect("it was kept"), fs::read(&now).expect("it is there"));
    assert_eq!(fs::read_dir(&accepted).expect("it is there").count(), 1, "nothing half written is left");
}

#[test]
fn another_network_changes_counts_or_timing_and_no_verdict_and_may_be_let_pass() {
    let folder = folder("timing");
    let played = |name: &str, set: &[&str]| {
        let file = path(&folder, name);
        fs::write(&file, said(&[&["run", STEADY, "--format", "json"], set]).1).expect("it can be written");
        file
    };
    let (one, other) = (played("1.json", &[]), played("2.json", &["--set", "network.latency_ms=[2,3]"]));
    assert_eq!(said(&[&["diff", &one, &other]]).0, Some(1));
    assert_eq!(
        said(&[&["diff", &one, &other, "--allow", "timing"]]).0,
        Some(1),
        "other settings were played"
    );
    let (code, out, _) = said(&[&["diff", &one, &other, "--allow", "counts", "--format", "json"]]);
    assert_eq!(code, Some(0));
    let found: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!((&found["version"], &found["class"]), (&1.into(), &"counts".into()));
}

#[test]
fn a_report_that_is_cut_short_or_of_another_version_is_refused_and_nothing_is_kept() {
    let folder = folder("refused");
    let whole = said(&[&["run", STEADY, "--format", "json"]]).1;
    let (good, cut, newer) =
        (path(&folder, "good.json"), path(&folder, "cut.json"), path(&folder, "newer.json"));
    for (file, content) in [
        (&good, whole.clone()),
        (&cut, whole[..whole.len() / 2].to_owned()),
        (&newer, whole.replacen("\"version\": 1", "\"version\": 2", 1)),
    ] {
        fs::write(file, content).expect("it can be written");
    }
    for (file, reason) in [
        (&cut, "is not whole"),
        (&newer, "is a report of version 2; this Highwater reads those of version 1"),
    ] {
        let (code, out, err) = said(&[&["diff", &good, file]]);
        assert_eq!((code, out.as_str()), (Some(2), ""));
        assert!(err.contains(reason), "{err}");
        let into = path(&folder, "into");
        let (code, out, err) = said(&[&["accept", &good, file, "--into", &into]]);
        assert_eq!((code, out.as_str(), Path::new(&into).exists()), (Some(2), "", false), "{err}");
        assert!(err.contains(reason) && err.contains("nothing was accepted"), "{err}");
    }
}

#[test]
fn junit_names_a_seed_that_does_fail_by_what_it_says() {
    let file = path(&folder("junit_seed"), "results.xml");
    let chaos = "scenarios/chaos.json";
    let (code, ..) = said(&[&["run", chaos, "--seeds", "0..8", "--junit", &file], &["--set", "expect={}"]]);
    assert_eq!(code, Some(1));
    let xml = fs::read_to_string(&file).expect("it was written");
    let named = xml.split("weak-isr is promised and broke").nth(1).expect("it did");
    let seed: String = named.split("for one on seed ").nth(1).into_iter().flat_map(str::chars).collect();
    let seed: String = seed.chars().take_while(char::is_ascii_digit).collect();
    let (_, out, _) = said(&[&["run", chaos, "--seed", &seed, "--set", "expect={}"]]);
    assert!(out.lines().any(|line| line.starts_with("  weak-isr ") && line.contains(" VIOLATED ")), "{out}");
}

#[test]
fn a_bundle_whose_violation_is_gone_fails_in_all_that_ci_servers_read() {
    let folder = folder("junit_bundles");
    let recorded = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/regressions/chaos-7-8c24c08c.json"),
    )
    .expect("it is there");
    let (there, gone) = (path(&folder, "there.json"), path(&folder, "gone.json"));
    fs::write(&there, &recorded).expect("it can be written");
    // It never was such a failure.
    let mut bundle: serde_json::Value = serde_json::from_str(&recorded).expect("it is JSON");
    bundle["first_violation"]["property"] = "ack-honesty".into();
    bundle["first_violation"]["signature"] = "00000000 ack-honesty at a leader: crash of leader".into();
    let told = serde_json::to_string(&bundle).expect("keys are strings");
    fs::write(&gone, told).expect("it can be written");
    let (xml, summary) = (path(&folder, "results.xml"), path(&folder, "summary.md"));
    let outputs = ["--junit", &xml, "--annotations", "github", &format!("--summary={summary}")];
    let (code, _, err) = said(&[&["run", &there, &gone, STEADY], &outputs]);
    assert_eq!(code, Some(4));
    let (xml, summary) =
        (fs::read_to_string(xml).expect("written"), fs::read_to_string(summary).expect("written"));
    assert!(xml.contains(" failures=\"1\" errors=\"0\""), "{xml}");
    assert_eq!(xml.matches("name=\"the violation is still there\"").count(), 2, "{xml}");
    assert!(xml.contains(&format!("again: highwater replay {gone}")), "{xml}");
    assert!(err.starts_with(&format!("::error file={gone},line=1,title=bundle of chaos GONE")), "{err}");
    assert!(summary.starts_with("**2 of 3 scenarios and bundles as expected**\n"), "{summary}");
    assert!(summary.contains("| **GONE** | 0 of 1 | violation gone |\n"), "{summary}");
    let (_, out, _) = said(&[&["run", &there, &gone, STEADY, "--format", "markdown"]]);
    assert_eq!(out, summary, "what is printed is what is appended");
}

#[test]
fn what_is_no_report_or_not_there_is_refused_with_what_to_do_first() {
    let folder = folder("no_report");
    let now = path(&folder, "pinned.json");
    let report = said(&[&["run", BROKEN, "--seeds", "0..3", "--format", "json"], UNEXPECTED]).1;
    fs::write(&now, report).expect("it can be written");
    let (code, _, err) = said(&[&["diff", &now, "scenarios/regressions/chaos-7-8c24c08c.json"]]);
    assert_eq!(code, Some(2));
    assert!(err.contains("is a failure bundle and no report"), "{err}");
    let accepted = path(&folder, "accepted");
    let (code, _, err) = said(&[&["diff", &format!("{accepted}/pinned.json"), &now]]);
    assert_eq!(code, Some(2));
    assert!(err.contains(&format!("`highwater accept {now} --into {accepted}` comes first")), "{err}");
    let (code, _, err) = said(&[&["accept", &now, "--into", &accepted]]);
    assert_eq!(code, Some(0));
    assert!(err.contains("did not go as expected: hw_truncation_loses_acked is broken"), "{err}");
}
