use std::sync::Arc;

use super::*;
use crate::faults::Decisions;
use crate::prepared::Prepared;
use crate::run::{RunOptions, run_bare, run_noted};
use crate::scenario::load::{load_str, load_value};
use crate::scenario::shape::Shape;

fn text(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(name);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn without_chance_a_run_goes_as_it_went_with_it() {
    let shape = Shape::default();
    for name in ["chaos.json", "chaos_of_clients.json", "chaos_of_every_era.json"] {
        let text = text(name);
        let plan = load_str(name, &text, &[]).unwrap().plan;
        let prepared = Arc::new(Prepared::new(Arc::clone(&plan)));
        for seed in 0..6 {
            let decisions = Decisions::default();
            let by_chance = run_noted(&prepared, seed, RunOptions::default(), &decisions);
            let value = serde_json::from_str(&text).unwrap();
            let file = explicit(value, &decisions.taken(), &plan.names, plan.duration);
            assert!(file.get("random_faults").is_none());
            let plan = load_value(&shape, name, file, true).expect("what struck can be said");
            let said = run_bare(&Arc::new(Prepared::new(Arc::new(plan))), seed, RunOptions::default());
            let struck = decisions.taken().iter().filter(|it| it.act.is_some()).count();
            let told = |missed: u64| (by_chance.steps - missed, by_chance.events - missed);
            // A fault of chance that finds nobody is a step of its own; what does nothing is not written down.
            let missed = (decisions.taken().iter().filter(|it| it.random && it.act.is_none())).count() as u64;
            assert_eq!((said.steps, said.events), told(missed), "{name}, seed {seed}");
            assert_eq!(said.messages, by_chance.messages, "{name}, seed {seed}");
            assert_eq!(said.signature, by_chance.signature, "{name}, seed {seed}");
            assert_eq!(said.simulated_ms, by_chance.simulated_ms, "{name}, seed {seed}");
            assert_eq!(said.counts, by_chance.counts, "{name}, seed {seed}");
            assert!(struck > 0);
            for (property, report) in &by_chance.properties {
                assert_eq!(said.properties[property].broken, report.broken, "{name}, seed {seed}");
            }
        }
    }
}

#[test]
fn faults_that_overlap_are_told_from_the_first_and_strike_at_the_same_moments() {
    let file = json!({
        "story": "A stands still and dies.", "cluster": { "brokers": 2 }, "topics": [{ "name": "orders", "replication": 2 }],
        "faults": [
            { "when": { "at_ms": 700.5 }, "do": { "crash": "broker 1" } },
            { "when": { "at_ms": 400.25 }, "do": { "pause": "broker 1", "for_ms": 1000 } }
        ],
        "duration_ms": 2000
    });
    let shape = Shape::default();
    assert!(load_value(&shape, "one", file.clone(), false).is_none());
    let told = told_from_the_first(file.clone());
    assert_eq!(told["faults"][0]["when"], json!({ "event": "fault_struck", "delay_ms": 300.25 }));
    let played = |file: Value, overlaps: bool| {
        let plan = load_value(&shape, "one", file, overlaps).expect("it is valid");
        let (prepared, decisions) = (Arc::new(Prepared::new(Arc::new(plan))), Decisions::default());
        run_noted(&prepared, 0, RunOptions::default(), &decisions);
        decisions.taken().into_iter().map(|decision| (decision.at, decision.act)).collect::<Vec<_>>()
    };
    assert_eq!(played(told, false), played(file, true));
}
