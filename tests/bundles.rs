//! Failures that are written down, and played again from the command line.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command_line::{run, text};

/// A failure that comes on every seed, with all of its events.
const S1B: &str = "scenarios/museum/s1b_nobody_restarts.json";

/// A folder of its own for a test, empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bundles").join(name);
    let _absent = fs::remove_dir_all(&folder);
    folder
}

/// The bundle that a run of this seed writes into the folder.
fn written(folder: &Path, seed: &str) -> PathBuf {
    let output = run(&["run", S1B, "--seed", seed, "--bundle", &folder.display().to_string()]);
    assert_eq!(output.status.code(), Some(0), "it breaks what it is to break");
    let told = text(&output.stderr);
    let path = told.trim().strip_prefix("bundle: highwater replay ").expect("it says what plays it again");
    PathBuf::from(path)
}

#[test]
fn a_failure_is_written_down_and_is_the_same_to_the_last_event() {
    let folder = folder("same");
    let path = written(&folder, "5");
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    assert!(name.starts_with("s1b_nobody_restarts-5-"), "{name}");
    let bytes = fs::read(&path).expect("it is there");
    assert_eq!(written(&folder, "5"), path);
    assert!(fs::read(&path).expect("it is there") == bytes, "the same failure is the same file");
    assert_eq!(fs::read_dir(&folder).expect("it is there").count(), 1, "nothing lies beside it");

    for command in ["replay", "run"] {
        let output = run(&[command, &path.display().to_string()]);
        assert_eq!(output.status.code(), Some(0));
        assert!(
            text(&output.stdout).starts_with("SAME  s1b_nobody_restarts, seed 5"),
            "{}",
            text(&output.stdout)
        );
    }
}

#[test]
fn of_a_sweep_the_first_seed_of_each_kind_of_failure_is_written_down_whatever_the_number_of_jobs() {
    let names = |jobs: &str| {
        let folder = folder(&format!("sweep_{jobs}"));
        let directory = folder.display().to_string();
        run(&["run", "scenarios/chaos.json", "--seeds", "0..30", "--jobs", jobs, "--bundle", &directory]);
        let entries = fs::read_dir(&folder).expect("it was made");
        let mut names: Vec<(String, Vec<u8>)> = entries
            .map(|entry| entry.expect("it can be read"))
            .map(|it| {
                (it.file_name().to_string_lossy().into_owned(), fs::read(it.path()).expect("it is whole"))
            })
            .collect();
        names.sort();
        names
    };
    let (one, two) = (names("1"), names("2"));
    assert!(one == two);
    assert_eq!(one.len(), 16, "there are more kinds than that");
    let kind = |name: &str| name.rsplit('-').next().map(str::to_owned);
    let kinds: std::collections::BTreeSet<_> = one.iter().map(|(name, _)| kind(name)).collect();
    assert_eq!(kinds.len(), one.len());
}

#[test]
fn bundles_are_played_before_the_scenarios_beside_them_and_fail_only_if_their_violation_is_gone() {
    let folder = folder("beside");
    let path = written(&folder, "1");
    fs::copy("../scenarios/steady_state.json", folder.join("a.json")).expect("it is there");
    let directory = folder.display().to_string();
    let played = || run(&["run", &directory]);
    let first = |output: &std::process::Output| text(&output.stdout).lines().next().map(str::to_owned);

    let same = played();
    assert_eq!(same.status.code(), Some(0));
    assert!(first(&same).is_some_and(|line| line.starts_with("SAME ")), "{:?}", first(&same));
    assert!(text(&same.stdout).contains("\nAS EXPECTED  a"), "the scenario comes next");

    let bundle = fs::read_to_string(&path).expect("it is there");
    let key = "\"fingerprint\": \"";
    let at = bundle.find(key).expect("it has one") + key.len();
    let other = format!("{}0123456789abcdef{}", &bundle[..at], &bundle[at + 16..]);
    fs::write(&path, other).expect("it can be written");
    let different = played();
    assert_eq!(different.status.code(), Some(0), "it is another run, and fails all the same");
    assert!(first(&different).is_some_and(|line| line.starts_with("DIFFERENT ")), "{:?}", first(&different));
    let differs = run(&["replay", &path.display().to_string()]);
    assert_eq!(differs.status.code(), Some(4));
    assert!(text(&differs.stdout).contains("by name: the same run\n"), "{}", text(&differs.stdout));

    let mended = bundle.replacen(r#"\"protocol\": \"0.10\""#, r#"\"protocol\": \"0.11\""#, 1);
    assert_ne!(mended, bundle);
    fs::write(&path, mended).expect("it can be written");
    let gone = played();
    assert_eq!(gone.status.code(), Some(4));
    assert!(first(&gone).is_some_and(|line| line.starts_with("GONE ")), "{:?}", first(&gone));
    let in_json = run(&["run", &directory, "--format", "json"]);
    assert_eq!(in_json.status.code(), Some(4));
    assert!(in_json.stdout.starts_with(b"{\n  \"version\""), "reports alone are printed");
    assert!(text(&in_json.stderr).starts_with("GONE "), "{}", text(&in_json.stderr));
}

#[test]
fn what_says_something_to_scenarios_alone_is_refused_if_there_are_only_bundles() {
    let bundle = "scenarios/regressions/chaos-7-8c24c08c.json";
    let history = folder("no_history.edn").display().to_string();
    for options in [
        &["--set", "acks=1"][..],
        &["--trace"],
        &["--seed", "8"],
        &["--history", &history],
        &["--events-max", "9"],
    ] {
        for path in [bundle, "scenarios/regressions"] {
            let output = run(&[&["run", path], options].concat());
            assert_eq!(output.status.code(), Some(2), "{options:?}");
            assert!(output.stdout.is_empty());
            let told = text(&output.stderr);
            let right = format!("leave {} out, or name a scenario file", options[0]);
            assert!(told.contains(&right), "{told}");
        }
    }
    assert_eq!(run(&["run", bundle, "--seed", "7"]).status.code(), Some(0), "it is its own");
}

#[test]
fn several_bundles_have_a_line_each_and_a_total() {
    let output = run(&["run", "scenarios/regressions"]);
    assert_eq!(output.status.code(), Some(0));
    let told = text(&output.stdout);
    let bundles = fs::read_dir("../scenarios/regressions").expect("they are there").count();
    assert_eq!(told.lines().filter(|line| line.starts_with("SAME  ")).count(), bundles);
    assert_eq!(told.lines().count(), bundles + 2, "{told}");
    let total = format!("{bundles} bundles: {bundles} the same, 0 different, 0 gone");
    assert_eq!(told.lines().last(), Some(total.as_str()));
}

#[test]
fn what_is_wrong_in_a_bundle_is_told_with_the_bundle_and_where_in_its_scenario() {
    let folder = folder("wrong");
    let path = written(&folder, "2");
    let bundle = fs::read_to_string(&path).expect("it is there");
    let file = path.display().to_string();
    let told_of = |text_now: &str, command: &str| {
        fs::write(&path, text_now).expect("it can be written");
        let output = run(&[command, &file]);
        assert_eq!(output.status.code(), Some(2));
        text(&output.stderr)
    };
    let wrong = bundle.replacen(r#"\"protocol\": \"0.10\""#, r#"\"protocol\": \"0.99\""#, 1);
    for command in ["replay", "run", "shrink"] {
        let told = told_of(&wrong, command);
        assert!(told.contains(&format!("error: the scenario in {file}:")), "{told}");
    }
    let without = bundle.replacen("\"checkpoints\"", "\"chekpoints\"", 1);
    let told = told_of(&without, "replay");
    assert!(
        told.contains("missing field `checkpoints`") && told.contains(&format!("{file}: line ")),
        "{told}"
    );
}

#[test]
fn a_directory_that_cannot_be_made_is_told_before_anything_runs() {
    let output = run(&["run", S1B, "--seeds", "0..100000000", "--bundle", "/dev/null/x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let told = text(&output.stderr);
    assert!(told.contains("the directory /dev/null/x could not be made"), "{told}");
}
