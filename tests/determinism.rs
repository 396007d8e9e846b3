//! The same seed is the same run: in another process, on other threads, in another build, beside other clients.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use highwater_model::event::Event;
use highwater_model::ids::NodeId;
use highwater_model::names::Names;
use highwater_model::time::Instant;
use highwater_reports::render::json;
use highwater_sim::sweep::{SweepOptions, sweep};
use serde_json::{Value, json};

use crate::support::scenarios::prepared;
use crate::support::{Run, scenario, shop};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_owned()
}

fn succeeded(command: &mut Command) -> Output {
    let output = command.current_dir(root()).output().expect("it can be started");
    assert!(
        matches!(output.status.code(), Some(0 | 1 | 3)),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

#[test]
fn two_processes_print_the_same_bytes() {
    let chaos = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_highwater-under-test"));
        succeeded(command.args(["run", "scenarios/chaos.json", "--seed", "7", "--trace"])).stdout
    };
    let first = chaos();
    assert!(first.len() > 10_000, "there is something to compare");
    assert!(first == chaos());
}

#[test]
fn one_thread_and_three_make_the_same_report() {
    let prepared = prepared("chaos");
    let by = |jobs| {
        let options = SweepOptions { seeds: 0..60, jobs };
        json::sweep(&sweep(&prepared, &options, &(), &Arc::default())).expect("a report's keys are strings")
    };
    assert_eq!(by(1), by(3));
}

#[test]
fn an_optimised_build_prints_the_same_bytes_as_an_unoptimised_one() {
    let arguments = ["run", "scenarios", "--seeds", "0..10", "--format", "json"];
    let optimised = succeeded(Command::new(built_for_release()).args(arguments));
    let unoptimised = succeeded(Command::new(env!("CARGO_BIN_EXE_highwater-under-test")).args(arguments));
    assert_eq!(optimised.status, unoptimised.status);
    assert!(optimised.stdout == unoptimised.stdout, "the reports differ");
}

/// Builds `highwater` as users do, and says where it is. RUSTFLAGS would replace `--cfg madsim` of .cargo/config.toml.
fn built_for_release() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build",
        "--release",
        "-p",
        "highwater-sim",
        "--bin",
        "highwater",
        "--message-format",
        "json",
    ]);
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    let output = succeeded(&mut cargo);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let built = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut executables = built.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    executables.next_back().expect("cargo says what it has built")
}

/// When each of the producer's records was sent, written and acknowledged.
fn times(changes: &Value, seed: u64) -> Vec<(&'static str, Instant)> {
    let prepared = scenario(changes);
    let names: &Names = &prepared.plan.names;
    let shop = (0..).map(NodeId).find(|node| names.node(*node) == "shop").expect("there is a producer");
    let run = Run::play(&prepared, seed);
    let about =
        |event: &Event| event.client() == Some(shop) && event.partition().is_some_and(|id| id.topic.0 == 0);
    run.facts().filter(|fact| about(fact.event)).map(|fact| (fact.event.kind().name(), fact.at)).collect()
}

#[test]
fn another_client_moves_nothing_of_what_chance_decides_for_the_others() {
    // acks=1: how long the producer waits hangs on the two links between it and its leader, and on nothing else.
    let reader = |name: &str| json!({ "name": name, "topics": ["idle"] });
    let with = |groups: Vec<Value>, before: Option<Value>| {
        let producers: Vec<Value> =
            before.into_iter().chain([shop(30, 100, json!({ "acks": "1" }))]).collect();
        json!({
            "topics": [{ "name": "orders", "replication": 3 }, { "name": "idle" }],
            "groups": groups,
            "producers": producers
        })
    };
    let other = json!({ "name": "a-other", "topic": "idle", "records": 50, "every_ms": 70 });
    for seed in 0..8 {
        let alone = times(&with(vec![], None), seed);
        assert!(alone.iter().filter(|(kind, _)| *kind == "send_acknowledged").count() == 30);
        assert_eq!(alone, times(&with(vec![reader("one")], None), seed), "seed {seed}: with a group");
        assert_eq!(
            alone,
            times(&with(vec![reader("two"), reader("one")], None), seed),
            "seed {seed}: with two"
        );
        assert_eq!(
            alone,
            times(&with(vec![], Some(other.clone())), seed),
            "seed {seed}: behind another producer"
        );
    }
}
