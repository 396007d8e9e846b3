use std::collections::BTreeSet;
use std::sync::Arc;

use crate::prepared::Prepared;
use crate::run::{RunOptions, run, run_bare};
use crate::scenario::load::{Loaded, load_str};

const FILE: &str = r#"{
    "story": "Much may go wrong.",
    "protocol": "0.11-iv1",
    "cluster": { "brokers": 3 },
    "topics": [ { "name": "orders", "partitions": 1, "replication": 3 } ],
    "producers": [ { "name": "shop", "topic": "orders", "records": 5, "every_ms": 100 } ],
    "random_faults": { "every_ms": 300, "budget": 5, "lasts_ms": 400,
        "weights": { "crash_process": 2, "pause": 1, "isolate": 1, "lag": 0 } },
    "duration_ms": 2000
}"#;

fn loaded(overrides: &[&str]) -> Loaded {
    let overrides: Vec<String> = overrides.iter().map(|&pair| pair.to_owned()).collect();
    load_str("much.json", FILE, &overrides).unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

fn told(loaded: &Loaded, seed: u64) -> String {
    let report = run_bare(&Arc::new(Prepared::new(Arc::clone(&loaded.plan))), seed, RunOptions::default());
    report.swarm.map_or_else(String::new, |drawn| drawn.to_string())
}

#[test]
fn seeds_of_a_swarm_draw_different_kinds_and_all_come() {
    let swarm = loaded(&["random_faults.swarm=true"]);
    let drawn: BTreeSet<String> = (0..60).map(|seed| told(&swarm, seed)).collect();
    assert_eq!(drawn.len(), 7, "every choice but none of three kinds: {drawn:?}");
    assert!(!drawn.iter().any(|kinds| kinds.contains("lag")), "its weight is 0");
}

#[test]
fn without_a_swarm_nothing_is_drawn_and_nothing_told() {
    let (plain, swarm) = (loaded(&[]), loaded(&["random_faults.swarm=true"]));
    assert_eq!(told(&plain, 7), "");
    let prepared = |loaded: &Loaded| Arc::new(Prepared::new(Arc::clone(&loaded.plan)));
    let all = (0..200).find(|&seed| told(&swarm, seed) == "crash_process, pause, isolate").expect("it comes");
    let fingerprint = |loaded| run(&prepared(loaded), all, RunOptions::default()).fingerprint;
    assert_eq!(fingerprint(&plain), fingerprint(&swarm), "all kinds on is what it is without a swarm");
}

#[test]
fn a_setting_that_is_drawn_is_the_run_with_that_setting() {
    let drawn = r#"random_faults.swarm_settings={"min.insync.replicas":[1,3],"acks":[1,-1]}"#;
    let swarm = loaded(&[drawn]);
    let mut seen = BTreeSet::new();
    for seed in 0..30 {
        let of_swarm =
            run_bare(&Arc::new(Prepared::new(Arc::clone(&swarm.plan))), seed, RunOptions::default());
        let settings = of_swarm.swarm.clone().expect("it was drawn").settings;
        let set: Vec<&str> = settings.iter().map(String::as_str).collect();
        let alone = Arc::new(Prepared::new(loaded(&set).plan));
        assert_eq!(run_bare(&alone, seed, RunOptions::default()).fingerprint, of_swarm.fingerprint);
        seen.insert(settings);
    }
    assert_eq!(seen.len(), 4);
    let pinned = loaded(&[drawn, "acks=1"]);
    assert!((0..20).all(|seed| !told(&pinned, seed).contains("acks")), "--set leaves nothing to draw");
}

#[test]
fn settings_that_are_not_valid_or_change_more_than_a_setting_are_refused() {
    let refused = |settings: &str| {
        let set = format!("random_faults.swarm_settings={settings}");
        load_str("much.json", FILE, &[set]).expect_err("it is refused").render(false)
    };
    assert!(refused(r#"{"acks":[7]}"#).contains("cannot draw acks=7"));
    assert!(refused(r#"{"min.insync.replica":[1]}"#).contains("cannot draw min.insync.replica=1"));
    assert!(refused(r#"{"acks":[]}"#).contains("has no value to draw"));
    assert!(refused(r#"{"brokers":[3,5]}"#).contains("changes more than a setting"));
    let many = r#"{"retries":[1,2,3,4,5,6,7,8,9],"linger.ms":[1,2,3,4,5,6,7,8]}"#;
    assert!(refused(many).contains("too many combinations"));
}
