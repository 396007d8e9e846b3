//! Bundles outlive a change of the code that has nothing to do with them.
//!
//! The change is made here: an event more is told, which moves every step's number and every fingerprint, and links draw
//! their latencies from other places of other streams.

use std::sync::Arc;

use highwater_model::event::Event;
use highwater_model::ids::NodeId;
use highwater_reports::replay::Standing;

use super::{Bundle, record};
use crate::prepared::Prepared;
use crate::run::{RunOptions, run_bare, run_telling_more};
use crate::scenario::load::load_str;
use crate::seed::StreamId;

/// How many bundles.
const BUNDLES: usize = 80;

/// Where random failures come from, and how: eras that lose records, each with other faults.
const SOURCES: [(&str, &str, &[&str]); 4] = [
    ("chaos", include_str!("../../../scenarios/chaos.json"), &[]),
    ("chaos_of_every_era", EVERY_ERA, &["protocol=0.10", "enable.idempotence=false"]),
    ("chaos_of_every_era", EVERY_ERA, &["protocol=0.11-iv1"]),
    ("chaos_of_every_era", EVERY_ERA, &["protocol=2.8"]),
];
const EVERY_ERA: &str = include_str!("../../../scenarios/chaos_of_every_era.json");

fn bundles(count: usize) -> Vec<Bundle> {
    let each = count.div_ceil(SOURCES.len());
    let of = |&(name, text, set): &(&str, &'static str, &[&str])| {
        let set: Vec<String> = set.iter().map(ToString::to_string).collect();
        let loaded = load_str(&format!("{name}.json"), text, &set).expect("the scenario is valid");
        let prepared = Arc::new(Prepared::new(loaded.plan));
        (0..).filter_map(move |seed| record(&prepared, seed, text)).take(each)
    };
    SOURCES.iter().flat_map(of).take(count).collect()
}

/// What the change does to links.
#[derive(Clone, Copy, Debug)]
enum Links {
    Nothing,
    One,
    All,
}

fn changed(bundle: &Bundle, links: Links) -> Arc<Prepared> {
    let mut prepared = bundle.prepared().expect("it was valid when it was recorded");
    let plain = Arc::get_mut(&mut prepared).expect("nobody else has it");
    let mut streams = plain.link_streams.to_vec();
    let count = streams.len();
    let which = match links {
        Links::Nothing => 0..0,
        Links::One => 7..8,
        Links::All => 0..count,
    };
    for place in which {
        streams[place] = StreamId::of(&format!("another {place}"));
    }
    plain.link_streams = streams.into();
    prepared
}

/// How often a violation is still there: by its seed, with its faults by name, and either.
fn still_there(bundles: &[Bundle], links: Links) -> [usize; 5] {
    let more = || Event::LinkHealed { from: NodeId::CONTROLLER, to: NodeId::CONTROLLER };
    let mut still = [0; 5];
    for bundle in bundles {
        let prepared = changed(bundle, links);
        let decisions = bundle.decisions(&prepared).expect("the names are the same");
        let seed = run_telling_more(&prepared, bundle.seed, more(), None);
        let named = run_telling_more(&prepared, bundle.seed, more(), Some(decisions));
        assert_ne!(seed.fingerprint, bundle.fingerprint);
        let by_seed = bundle.first_violation.fate(&seed).standing;
        let by_name = bundle.first_violation.fate(&named).standing;
        still[0] += usize::from(by_seed > Standing::Gone);
        still[1] += usize::from(by_name > Standing::Gone);
        still[2] += usize::from(by_seed.max(by_name) > Standing::Gone);
        still[3] += usize::from(by_seed == Standing::SameSignature);
        still[4] += usize::from(by_name == Standing::SameSignature);
    }
    still
}

#[test]
fn faults_by_name_are_the_same_run_in_the_same_code() {
    for bundle in bundles(12) {
        let prepared = bundle.prepared().unwrap();
        let run = crate::run::run_recalled(&prepared, bundle.seed, RunOptions::default(), bundle.decisions(&prepared).unwrap());
        assert_eq!(run.fingerprint, bundle.fingerprint);
        assert_eq!(run_bare(&prepared, bundle.seed, RunOptions::default()).fingerprint, bundle.fingerprint);
    }
}

#[test]
fn nine_of_ten_bundles_still_show_their_violation_after_a_change_of_the_code() {
    let bundles = bundles(BUNDLES);
    for links in [Links::Nothing, Links::One, Links::All] {
        for part in bundles.chunks(BUNDLES / SOURCES.len()) {
            let still = still_there(part, links);
            println!("{links:?}: of {} {} {:?} by seed, by name, either, sig by seed, sig by name: {still:?}", part.len(), part[0].name, part[0].overrides);
        }
    }
}
