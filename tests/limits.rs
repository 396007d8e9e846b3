//! What ends a run or a command before its time, and what is left of it then: bounds, Ctrl-C, a full disk.

use std::fs;
use std::process::Output;

use serde_json::Value;

use crate::command_line::{folder, highwater, run, text};

const STEADY: &str = "scenarios/steady_state.json";
/// A day of heartbeats.
const ENDLESS: [&str; 4] = ["run", STEADY, "--set", "duration_ms=86400000"];

fn lines(written: &str) -> Vec<Value> {
    assert!(written.is_empty() || written.ends_with('\n'), "the last line is whole");
    written.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

fn assert_exit(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}{}", text(&output.stdout), text(&output.stderr));
}

// ---- bounds ----

#[test]
fn a_scenario_that_never_ends_meets_its_bound_and_says_how_to_meet_it_again() {
    let output = run(&[&ENDLESS[..], &["--events-max", "20000"]].concat());
    assert_exit(&output, 3);
    let told = text(&output.stdout);
    assert!(told.starts_with("STOPPED  steady_state"), "{told}");
    assert!(told.contains("\n  the run took more steps than events_max allows\n"), "{told}");
    let again =
        format!("again: highwater run {STEADY} --seed 0 --set duration_ms=86400000 --set events_max=20000");
    assert_eq!(told.lines().last(), Some(again.as_str()));
}

#[test]
fn a_run_that_holds_too_much_is_a_finding_and_the_same_on_any_number_of_threads() {
    let sweep = |most, jobs| {
        let records = ["--set", "producers.shop.records=2000", "--set", "producers.shop.every_ms=1"];
        let arguments = ["run", STEADY, "--seeds", "0..6", "--memory-max", most, "--jobs", jobs];
        run(&[&arguments[..], &records].concat())
    };
    let (one, two) = (sweep("300kB", "1"), sweep("300kB", "2"));
    assert_exit(&one, 3);
    assert!(one.stdout == two.stdout, "the reports differ");
    let told = text(&one.stdout);
    assert!(told.contains("more memory than memory_max_bytes"), "{told}");
    assert!(told.contains("--set memory_max_bytes=300000"), "{told}");
    assert_exit(&sweep("1GB", "2"), 0);
}

#[test]
fn the_largest_seeds_are_played_as_any() {
    let output = run(&["run", STEADY, "--seeds", "18446744073709551610..=18446744073709551614"]);
    assert_exit(&output, 0);
    assert!(text(&output.stdout).contains("5 seeds, 18446744073709551610 to 18446744073709551614"));
    assert_exit(&run(&["run", STEADY, "--seed", "18446744073709551615"]), 0);
}

#[test]
fn a_timeline_that_meets_a_bound_says_so() {
    let output = run(&["replay", STEADY, "--set", "events_max=100", "--trace"]);
    assert_exit(&output, 0);
    assert!(!output.stdout.is_empty());
    assert_eq!(
        text(&output.stderr),
        "highwater: the timeline ends early: the run took more steps than events_max allows\n"
    );
}

// ---- files ----

#[test]
fn what_is_read_is_never_written_over_and_no_two_outputs_have_one_file() {
    let folder = folder("written_over");
    let file = folder.join("mine.json");
    fs::copy("../scenarios/steady_state.json", &file).expect("the folder for tests can be written");
    let before = fs::read(&file).expect("it is there");
    let (mine, roundabout) =
        (file.display().to_string(), folder.join(".").join("mine.json").display().to_string());
    for option in ["--junit", "--ndjson", "--history"] {
        let output = run(&["run", &mine, option, &roundabout]);
        assert_exit(&output, 2);
        let told = text(&output.stderr);
        assert!(
            told.contains(option) && told.contains("is what is to be played; name another file"),
            "{told}"
        );
    }
    assert_exit(&run(&["run", &mine, &format!("--summary={mine}")]), 2);
    assert!(fs::read(&file).expect("it is there") == before);

    let (one, other) = (folder.join("a.x"), folder.join(".").join("a.x"));
    let output = run(&[
        "run",
        STEADY,
        "--ndjson",
        &one.display().to_string(),
        "--junit",
        &other.display().to_string(),
    ]);
    assert_exit(&output, 2);
    assert!(text(&output.stderr).contains("--ndjson and --junit both name"), "{}", text(&output.stderr));
    assert!(!one.exists());
    assert_exit(&run(&["run", STEADY, "--ndjson", "/dev/null", "--junit", "/dev/null"]), 0);
}

#[test]
fn a_history_that_has_no_place_is_told_with_what_to_do_and_the_report_is_printed() {
    let folder = folder("no_place");
    let output =
        run(&["run", STEADY, "--history", &folder.join("none").join("it.edn").display().to_string()]);
    assert_exit(&output, 2);
    assert!(text(&output.stdout).starts_with("AS EXPECTED"));
    let right = format!("there is no directory {}; make it first\n", folder.join("none").display());
    assert!(text(&output.stderr).ends_with(&right), "{}", text(&output.stderr));
}

#[cfg(target_os = "linux")]
mod linux {
    use std::process::{Child, Command, Stdio};

    use super::*;

    /// `highwater` where no file may have more than some kilobytes: a full disk, as far as it can tell.
    fn cramped(arguments: &[&str]) -> Output {
        let plain = highwater(arguments);
        Command::new("sh")
            .args(["-c", r#"trap "" XFSZ; ulimit -f 8; exec "$0" "$@""#])
            .arg(plain.get_program())
            .args(arguments)
            .current_dir(plain.get_current_dir().expect("it runs at the workspace's root"))
            .stdin(Stdio::null())
            .output()
            .expect("every Linux has a shell")
    }

    #[test]
    fn a_full_disk_ends_a_sweep_and_leaves_whole_lines() {
        let path = folder("full_stream").join("runs.ndjson");
        let output = cramped(&["run", STEADY, "--seeds", "0..1000", "--ndjson", &path.display().to_string()]);
        assert_exit(&output, 2);
        let told = text(&output.stderr);
        assert!(
            told.contains("could not be written") && told.contains("make room and play it again"),
            "{told}"
        );
        let written = lines(&fs::read_to_string(&path).expect("it was begun"));
        assert!(!written.is_empty());
        assert!((0..).zip(&written).all(|(seed, line): (u64, _)| line["seed"] == seed));
        assert!(text(&output.stdout).starts_with("Ended after seed "), "{}", text(&output.stdout));
    }

    #[test]
    fn a_full_disk_leaves_the_old_history_as_it_was_and_nothing_beside_it() {
        let folder = folder("full_history");
        let path = folder.join("it.jsonl");
        fs::write(&path, "old").expect("the folder for tests can be written");
        let output = cramped(&["run", STEADY, "--history", &path.display().to_string()]);
        assert_exit(&output, 2);
        assert!(text(&output.stderr).contains("make room and play it again"), "{}", text(&output.stderr));
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "old");
        assert_eq!(fs::read_dir(&folder).expect("it is there").count(), 1, "nothing half written is left");
    }

    // ---- Ctrl-C ----

    /// Waits until something holds, or the process has ended.
    fn wait(child: &mut Child, mut holds: impl FnMut(u32) -> bool) {
        while !holds(child.id()) {
            assert_eq!(child.try_wait().expect("it is our own"), None, "it ended before it was interrupted");
            std::thread::yield_now();
        }
    }

    /// Whether the process has its own way with SIGINT.
    fn listens(process: u32) -> bool {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        caught.is_some_and(|mask| mask & 1 << 1 != 0)
    }

    fn interrupted(arguments: &[&str], mut begun: impl FnMut(u32) -> bool) -> Output {
        let mut command = highwater(arguments);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary is there");
        wait(&mut child, |process| listens(process) && begun(process));
        let process = child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &process]).status().expect("every Linux has kill");
        assert!(sent.success());
        let output = child.wait_with_output().expect("it ends");
        assert_exit(&output, 130);
        assert!(text(&output.stderr).contains("highwater: interrupted"), "{}", text(&output.stderr));
        output
    }

    #[test]
    fn a_long_run_ends_when_it_is_interrupted_and_reports_how_far_it_came() {
        let output = interrupted(&[&ENDLESS[..], &["--set", "events_max=1000000000"]].concat(), |_| true);
        let told = text(&output.stdout);
        assert!(told.starts_with("INTERRUPTED  steady_state"), "{told}");
        assert!(told.contains("\nrun          interrupted at "), "{told}");
    }

    #[test]
    fn a_sweep_over_ten_million_long_seeds_ends_when_it_is_interrupted() {
        let folder = folder("interrupted_sweep");
        let junit = folder.join("sweep.xml").display().to_string();
        let sweep = ["--seeds", "0..10000000", "--set", "events_max=1000000000", "--format", "json"];
        let output = interrupted(&[&ENDLESS[..], &sweep, &["--junit", &junit]].concat(), |_| true);
        let report: Value = serde_json::from_slice(&output.stdout).expect("it is whole JSON");
        assert_eq!(report["seeds"], 0, "no seed was played to its end");
        assert_eq!(
            (&report["outcome"], &report["ended_early"]["why"]),
            (&"not_played".into(), &"interrupted".into())
        );
        let xml = fs::read_to_string(&junit).expect("it was written");
        assert!(xml.contains(" failures=\"0\"") && !xml.contains("time=\"0\"/>"), "nothing passed: {xml}");
        let now = folder.join("now.json").display().to_string();
        fs::write(&now, &output.stdout).expect("the folder for tests can be written");
        let accepted = run(&["accept", &now, "--into", &folder.join("accepted").display().to_string()]);
        assert_exit(&accepted, 2);
        let told = text(&accepted.stderr);
        assert!(told.contains("steady_state ended early: interrupted"), "{told}");
        assert!(text(&run(&["diff", &now, &now]).stderr).contains("steady_state ended early: interrupted"));
    }

    #[test]
    fn an_interrupted_sweep_leaves_a_row_of_whole_lines_and_a_report_on_just_these_seeds() {
        let path = folder("interrupted").join("runs.ndjson");
        let file = path.display().to_string();
        let begun = |_| fs::metadata(&path).is_ok_and(|file| file.len() > 0);
        let output = interrupted(&["run", STEADY, "--seeds", "0..10000000", "--ndjson", &file], begun);
        let written = lines(&fs::read_to_string(&path).expect("it was begun"));
        assert!((0..).zip(&written).all(|(seed, line): (u64, _)| line["seed"] == seed));
        let last = written.len() - 1;
        let told = text(&output.stdout);
        assert!(told.starts_with(&format!("Ended after seed {last}: interrupted.")), "{told}");
    }

    #[test]
    fn every_command_that_plays_many_runs_ends_when_it_is_interrupted_and_prints_what_it_has() {
        let seeds = ["--seeds", "0..10000000"];
        let compare =
            interrupted(&[&["compare", STEADY, "--vary", "acks=0,1"][..], &seeds].concat(), |_| true);
        assert!(text(&compare.stdout).contains("; interrupted after 0 of 2 combinations"));
        let museum = interrupted(&[&["museum"][..], &seeds].concat(), |_| true);
        assert!(text(&museum.stdout).starts_with("MUSEUM  interrupted after 0 of "));
        let coverage = interrupted(&[&["coverage", STEADY][..], &seeds].concat(), |_| true);
        assert!(text(&coverage.stdout).contains(", interrupted after "), "{}", text(&coverage.stdout));
        let file = "scenarios/hw_truncation_loses_acked.json";
        let bisect = [&["bisect", file, "--seed", "0", "--to", "0.11"][..], &seeds].concat();
        assert!(interrupted(&bisect, |_| true).stdout.is_empty(), "half an answer is none");
    }

    #[test]
    fn what_is_to_be_shrunk_is_not_called_sound_when_its_first_run_is_interrupted() {
        let endless = ["--seed", "1", "--set", "duration_ms=86400000", "--set", "events_max=1000000000"];
        let output = interrupted(&[&["shrink", STEADY][..], &endless].concat(), |_| true);
        assert!(output.stdout.is_empty());
        assert!(text(&output.stderr).contains("nothing was written"), "{}", text(&output.stderr));
    }

    #[test]
    fn an_interrupted_timeline_is_printed_as_far_as_it_came() {
        let endless = ["--trace", "--actor", "controller", "--set", "duration_ms=86400000"];
        let endless = [&["replay", STEADY][..], &endless, &["--set", "events_max=1000000000"]].concat();
        let output = interrupted(&endless, |_| true);
        assert!(!output.stdout.is_empty(), "it has a header at least");
    }

    #[test]
    fn what_cannot_be_printed_is_told_once_it_is_interrupted_too() {
        let full = fs::File::options().write(true).open("/dev/full").expect("every Linux has it");
        let mut child = highwater(&[&ENDLESS[..], &["--set", "events_max=1000000000"]].concat())
            .stdout(full)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary is there");
        wait(&mut child, listens);
        let process = child.id().to_string();
        Command::new("kill").args(["-INT", &process]).status().expect("every Linux has kill");
        let output = child.wait_with_output().expect("it ends");
        assert_exit(&output, 2);
        assert!(text(&output.stderr).contains("the result could not be written"));
    }
}
