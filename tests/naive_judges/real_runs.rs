//! Runs of random faults under old and new protocols, seen by both judges.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use highwater_reports::property::Property;
use highwater_sim::prepared::Prepared;
use highwater_sim::run::{RunOptions, run_bare};
use highwater_sim::trace::Seen;

use super::Both;
use crate::support::scenarios::changed;

/// Plays a seed before both judges.
fn play(prepared: &Arc<Prepared>, seed: u64) -> Both {
    let both = Arc::new(Mutex::new(Some(Both::new(&prepared.panel))));
    let looking = Arc::clone(&both);
    let trace = move |seen: Seen<'_>| {
        let mut both = looking.lock().expect("no step panicked");
        both.as_mut().expect("it is taken at the end").look(seen.step, seen.events, seen.view);
    };
    let options = RunOptions { trace: Some(Box::new(trace)), judges: false, ..RunOptions::default() };
    run_bare(prepared, seed, options);
    let both = both.lock().expect("no step panicked").take();
    both.expect("it is taken once")
}

/// How often each property was found broken, if both judges agree on all.
fn agree(scenario: &str, overrides: &[&str], seeds: std::ops::Range<u64>) -> BTreeMap<Property, u32> {
    let prepared = changed(scenario, overrides);
    let mut broken = BTreeMap::new();
    let mut differing = Vec::new();
    for seed in seeds {
        let both = play(&prepared, seed);
        let found = both.disagreements();
        differing.extend(found.iter().map(|it| format!("{scenario} {overrides:?} seed {seed}: {it}")));
        for property in both.naive.firsts.keys() {
            *broken.entry(*property).or_default() += 1;
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    broken
}

#[test]
fn both_judges_agree_under_0_10() {
    let broken = agree("chaos", &["protocol=0.10", "enable.idempotence=false"], 0..10);
    assert!(broken.contains_key(&Property::StrongIsr), "{broken:?}");
}

#[test]
fn both_judges_agree_under_0_11() {
    let broken = agree("chaos", &["protocol=0.11-iv1"], 0..10);
    assert!(broken.contains_key(&Property::TruncationSparesCommitted), "{broken:?}");
}

#[test]
fn both_judges_agree_under_2_0() {
    agree("chaos", &["protocol=2.0"], 0..10);
}

#[test]
fn both_judges_agree_under_the_newest() {
    agree("chaos_of_every_era", &[], 0..10);
}
