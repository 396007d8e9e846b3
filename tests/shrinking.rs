//! Failures that chance found, shrunk: KIP-101's lost record, the fork of KAFKA-6361, and the lagging high watermark of
//! KAFKA-7128. Each of `tests/shrunk` is what `highwater shrink` wrote.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use highwater_reports::property::Property;
use highwater_reports::report::RunReport;
use highwater_sim::prepared::Prepared;
use highwater_sim::run::{RunOptions, run};
use highwater_sim::scenario::load::load_str;

use crate::command_line;

/// A failure that was shrunk.
struct Case {
    name: &'static str,
    text: &'static str,
    seed: u64,
    broken: Property,
    /// A version that mended it.
    mended: &'static str,
}

const CASES: [Case; 3] = [
    Case {
        name: "s1b",
        text: include_str!("shrunk/s1b.json"),
        seed: 1,
        broken: Property::AckedDurable,
        mended: "protocol=0.11",
    },
    Case {
        name: "s3",
        text: include_str!("shrunk/s3.json"),
        seed: 4,
        broken: Property::LogMatching,
        mended: "protocol=2.0",
    },
    Case {
        name: "s5",
        text: include_str!("shrunk/s5.json"),
        seed: 2,
        broken: Property::StrongIsr,
        mended: "protocol=2.0.1",
    },
];

impl Case {
    fn played(&self, set: &[String]) -> RunReport {
        let loaded = load_str(self.name, self.text, set).expect("it is a valid scenario");
        run(&Arc::new(Prepared::new(loaded.plan)), self.seed, RunOptions::default())
    }
}

#[test]
fn what_chance_found_needs_three_faults_and_five_records_and_fails_on_its_own() {
    for case in CASES {
        let loaded = load_str(case.name, case.text, &[]).expect("it is a valid scenario");
        assert!(loaded.plan.random.is_none());
        assert!(loaded.plan.faults.len() <= 3, "{}", case.name);
        assert!(
            loaded.plan.producers.iter().map(|producer| producer.records).sum::<u32>() <= 5,
            "{}",
            case.name
        );
        let report = case.played(&[]);
        assert!(report.properties[&case.broken].broken > 0, "{}", case.name);
        assert_eq!(report.outcome.exit_code(), 1, "{}: nothing is expected to break", case.name);
        let mended = case.played(&[case.mended.to_owned()]);
        assert_eq!(mended.properties[&case.broken].broken, 0, "{} under {}", case.name, case.mended);
    }
}

/// It is told from where a file lies.
fn without_schema(text: &str) -> String {
    text.lines().filter(|line| !line.contains("\"$schema\"")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_schema_is_told_from_where_the_smaller_scenario_goes() {
    let folder = command_line::folder("schema_beside");
    let below = folder.join("below");
    fs::create_dir_all(&below).expect("the folder for tests can be written");
    let shrunk = |file: &Path, out: PathBuf| {
        let [file, out] = [file, &out].map(|path| path.display().to_string());
        let output = command_line::run(&["shrink", &file, "--seed", "1", "--tries", "1", "--out", &out]);
        assert_eq!(output.status.code(), Some(0), "{}", command_line::text(&output.stderr));
        fs::read_to_string(out).expect("it was written")
    };
    let file = folder.join("mine.json");
    fs::write(&file, CASES[0].text.replace("../../scenarios/schema.json", "./schema.json"))
        .expect("the folder for tests can be written");
    assert!(!shrunk(&file, folder.join("a.json")).contains("$schema"), "there is none");
    fs::write(folder.join("schema.json"), "{}").expect("the folder for tests can be written");
    assert!(shrunk(&file, folder.join("a.json")).contains(r#""$schema": "./schema.json""#));
    assert!(shrunk(&file, below.join("a.json")).contains(r#""$schema": "../schema.json""#));
}

#[test]
fn the_way_down_from_chaos_leads_to_the_same_file_wherever_it_is_gone() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("s1b.json");
    let out = out.to_str().expect("the folder for tests has a plain name");
    let from = ["shrink", "scenarios/chaos.json", "--seed", "40", "--property", "acked-durable"];
    let how = ["--unless", "protocol=0.11", "--tries", "1500", "--out", out];
    let output = command_line::run(&[&from[..], &how[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", command_line::text(&output.stderr));
    let told = command_line::text(&output.stdout);
    assert!(told.starts_with("SHRUNK  chaos, seed 40\n"), "{told}");
    let written = fs::read_to_string(out).expect("it was written");
    assert!(
        without_schema(&written) == without_schema(CASES[0].text),
        "look whether it is better, and keep it: {written}"
    );
}

#[test]
fn a_bundle_shrinks_as_its_scenario_does_on_its_seed() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let shrunk = |name: &str, from: &[&str]| {
        let out = out.join(name);
        let how = ["--tries", "100", "--out", out.to_str().expect("the folder for tests has a plain name")];
        let output = command_line::run(&[&["shrink"], from, &how].concat());
        assert_eq!(output.status.code(), Some(0), "{}", command_line::text(&output.stderr));
        fs::read_to_string(out).expect("it was written")
    };
    let of_bundle = shrunk("of_bundle.json", &["scenarios/regressions/chaos-7-8c24c08c.json"]);
    let of_scenario = shrunk("of_scenario.json", &["scenarios/chaos.json", "--seed", "7"]);
    assert!(!of_bundle.contains("$schema"), "nobody knows where it lay");
    assert_eq!(of_bundle, without_schema(&of_scenario));
}

#[test]
fn the_scenario_itself_is_never_written_over() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kept.json");
    fs::write(&file, CASES[0].text).expect("the folder for tests can be written");
    let file = file.to_str().expect("the folder for tests has a plain name");
    let output = command_line::run(&["shrink", file, "--seed", "0", "--out", file]);
    assert_eq!(output.status.code(), Some(2));
    assert!(command_line::text(&output.stderr).contains("name another file"));
    assert_eq!(fs::read_to_string(file).expect("it is there"), CASES[0].text);
}
