//! The rules of the house, run as tests: who may know whom, how long a file may be, what every invariant must say.

use std::fs;
use std::path::{Path, PathBuf};

use highwater_reports::property::{Judge, Property};
use strum::IntoEnumIterator;

use crate::command_line::SESSIONS;
use crate::golden::IN_JSON;
use crate::support::scenarios::LISTED;

/// The longest file that still has one subject, tests not counted.
const LINES_MAX: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_owned()
}

/// Every Rust file below a folder of the workspace, with its text, ascending by path.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is there") {
            let path = entry.expect("its entries can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).expect("it lies in the workspace").display().to_string();
                found.push((name, fs::read_to_string(&path).expect("it is text")));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder} holds sources");
    found
}

/// The files of a folder that speak of any of these.
fn that_mention(folder: &str, words: &[&str]) -> Vec<String> {
    let mentions = |text: &str| {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        code.into_iter().any(|line| words.iter().any(|word| line.contains(word)))
    };
    sources(folder).into_iter().filter(|(_, text)| mentions(text)).map(|(name, _)| name).collect()
}

#[test]
fn the_model_knows_no_clock_no_network_no_disk_and_no_chance() {
    let outside = [
        "madsim",
        "rand::",
        "rand_chacha",
        "std::fs",
        "std::net",
        "std::thread",
        "std::time",
        "highwater_reports",
        "highwater_sim",
    ];
    assert_eq!(that_mention("model/src", &outside), Vec::<String>::new());
}

#[test]
fn the_judges_see_only_the_models_vocabulary() {
    let machines = [
        "highwater_sim",
        "madsim",
        "highwater_model::broker",
        "highwater_model::controller",
        "highwater_model::producer::",
        "highwater_model::coordinator",
        "highwater_model::group::",
        "highwater_model::partition",
        "highwater_model::log",
        "highwater_model::storage",
    ];
    assert_eq!(that_mention("reports/src", &machines), Vec::<String>::new());
}

#[test]
fn only_the_driver_of_actors_knows_madsim() {
    let knowing = that_mention("sim/src", &["madsim::"]);
    assert!(knowing.iter().all(|file| file.starts_with("sim/src/actors")), "{knowing:?}");
    assert!(!knowing.is_empty(), "this test would not notice if the driver moved");
}

#[test]
fn machines_never_import_each_other() {
    let machines = ["broker", "controller", "producer", "group"];
    for me in machines {
        let others: Vec<String> = machines
            .iter()
            .filter(|other| **other != me)
            .flat_map(|other| [format!("crate::{other}::"), format!("crate::{{{other}")])
            .collect();
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        assert_eq!(that_mention(&format!("model/src/{me}"), &others), Vec::<String>::new(), "{me}");
    }
}

/// The rules above look at paths as they are written; so no path is split over a tree of imports, or hidden behind `super`.
#[test]
fn imports_are_written_out() {
    assert_eq!(that_mention("model/src", &["use crate::{", "super::super::"]), Vec::<String>::new());
    assert_eq!(that_mention("reports/src", &["highwater_model::{"]), Vec::<String>::new());
    let whole = ["broker", "controller", "producer", "group"].map(|machine| format!("use crate::{machine};"));
    let whole: Vec<&str> = whole.iter().map(String::as_str).collect();
    assert_eq!(that_mention("model/src", &whole), Vec::<String>::new());
}

#[test]
fn a_file_has_one_subject() {
    let long: Vec<String> = ["model/src", "reports/src", "sim/src"]
        .into_iter()
        .flat_map(sources)
        .filter(|(name, text)| !name.ends_with("_test.rs") && text.lines().count() > LINES_MAX)
        .map(|(name, text)| format!("{name}: {}", text.lines().count()))
        .collect();
    assert_eq!(long, Vec::<String>::new());
}

#[test]
fn every_invariant_names_its_source() {
    let known = ["Source", "source", "specification", "`Kip", "KIP-", "Kafka"];
    let silent: Vec<String> = sources("reports/src/invariants")
        .into_iter()
        .filter(|(name, _)| !name.ends_with("_test.rs"))
        .filter(|(_, text)| {
            !text.lines().any(|line| line.starts_with("//!") && known.iter().any(|word| line.contains(word)))
        })
        .map(|(name, _)| name)
        .collect();
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn every_property_has_a_file_of_its_own_that_names_its_source() {
    for property in Property::iter() {
        let folder = match property.judge() {
            Judge::WhiteBox => "invariants",
            Judge::Liveness => "liveness",
            Judge::BlackBox => "history",
        };
        let file = format!("reports/src/{folder}/{}.rs", property.name().replace('-', "_"));
        let text = fs::read_to_string(root().join(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        let begin = format!("//! `{}`: ", property.name());
        assert!(head.first().is_some_and(|line| line.starts_with(&begin)), "{file} begins with {begin}");
        assert!(head.iter().any(|line| line.contains("Source: ")), "{file} names its source");
        assert!(
            head.iter().any(|line| line.contains("Looked at")),
            "{file} says when the property is looked at"
        );
    }
}

#[test]
fn nothing_is_left_for_later() {
    let owed = ["todo!(", "unimplemented!(", "FIXME", "XXX", "#[ignore"];
    let found: Vec<String> = ["model/src", "reports/src", "sim/src"]
        .into_iter()
        .flat_map(|folder| that_mention(folder, &owed))
        .collect();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn every_snapshot_has_a_test_that_reads_it() {
    let sessions = SESSIONS.iter().map(|session| format!("command_line.{session}"));
    let reports =
        LISTED.iter().flat_map(|(name, _)| [format!("{name}.seed_1"), format!("{name}.seeds_0_to_24")]);
    let in_json = IN_JSON.iter().map(|name| format!("{name}.seeds_0_to_24.json"));
    let mut read: Vec<String> = sessions
        .chain(reports)
        .chain(in_json)
        .chain(["mutants".to_owned()])
        .map(|name| format!("{name}.snap"))
        .collect();
    read.sort();
    let entries = fs::read_dir(root().join("tests/snapshots")).expect("the snapshots are there");
    let mut kept: Vec<String> = entries
        .map(|entry| entry.expect("its entries can be read").file_name().to_string_lossy().into_owned())
        .collect();
    kept.sort();
    assert_eq!(kept, read);
}
