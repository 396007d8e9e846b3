//! Bundles outlive a change of the code that has nothing to do with them.
//!
//! The change is made here: an event of a new kind is told, which moves every step's number and every fingerprint, and some
//! stream of chance gives other numbers.

use std::sync::Arc;

use highwater_model::event::Event;
use highwater_model::ids::NodeId;
use highwater_reports::replay::Standing;

use super::{Bundle, record};
use crate::prepared::Prepared;
use crate::run::{RunOptions, run_bare, run_changed, run_recalled};
use crate::scenario::load::load_str;
use crate::seed::StreamId;

/// How many bundles. ARCHITECTURE.md has the shares of 1 000.
const BUNDLES: usize = 100;

/// Where random failures come from: eras that lose records, each in its own way.
const SOURCES: [(&str, &str, &[&str]); 4] = [
    ("chaos", include_str!("../../../scenarios/chaos.json"), &[]),
    ("chaos_of_every_era", EVERY_ERA, &["protocol=0.10", "enable.idempotence=false"]),
    ("chaos_of_every_era", EVERY_ERA, &["protocol=0.11-iv1"]),
    ("chaos_of_every_era", EVERY_ERA, &["protocol=2.8"]),
];
const EVERY_ERA: &str = include_str!("../../../scenarios/chaos_of_every_era.json");

/// Of each source as many.
fn bundles(count: usize) -> Vec<Bundle> {
    let of = |&(name, text, set): &(&str, &'static str, &[&str])| {
        let set: Vec<String> = set.iter().map(ToString::to_string).collect();
        let loaded = load_str(&format!("{name}.json"), text, &set).expect("the scenario is valid");
        let prepared = Arc::new(Prepared::new(loaded.plan));
        (0..).filter_map(move |seed| record(&prepared, seed, text)).take(count / SOURCES.len())
    };
    SOURCES.iter().flat_map(of).collect()
}

/// Which stream gives other numbers.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// That of one link between brokers.
    OneLink,
    /// That of random faults: each is another one, at another time.
    RandomFaults,
    /// That of every link: no message takes as long as it did.
    AllLinks,
}

impl Change {
    fn made(self, bundle: &Bundle) -> Arc<Prepared> {
        let mut prepared = bundle.prepared("a.json").expect("it was valid when it was recorded");
        let plain = Arc::get_mut(&mut prepared).expect("nobody else has it");
        let mut streams = plain.link_streams.to_vec();
        let (broker_1, broker_2, places) = (1, 2, streams.len().isqrt());
        let which = match self {
            Self::OneLink => broker_1 * places + broker_2..broker_1 * places + broker_2 + 1,
            Self::RandomFaults => 0..0,
            Self::AllLinks => 0..streams.len(),
        };
        for place in which {
            streams[place] = StreamId::of(&format!("after the change, link {place}"));
        }
        plain.link_streams = streams.into();
        prepared
    }
}

/// On how many bundles a violation is there.
#[derive(Debug, Default)]
struct Still {
    bundles: usize,
    by_seed: usize,
    by_name: usize,
    by_either: usize,
    /// With the same signature, by either.
    same_signature: usize,
}

impl Still {
    fn count(bundles: &[Bundle], change: Change) -> Self {
        let mut still = Self { bundles: bundles.len(), ..Self::default() };
        for bundle in bundles {
            let prepared = change.made(bundle);
            let play = |decisions| {
                let more = Event::LinkHealed { from: NodeId::CONTROLLER, to: NodeId::CONTROLLER };
                let draws = matches!(change, Change::RandomFaults);
                let run = run_changed(&prepared, bundle.seed, more, draws, decisions);
                assert_ne!(run.fingerprint, bundle.fingerprint, "the change shows");
                bundle.first_violation.fate(&run).standing
            };
            let decisions = bundle.decisions(&prepared).expect("the names are the same");
            let (by_seed, by_name) = (play(None), play(Some(decisions)));
            let either = by_seed.max(by_name);
            still.by_seed += usize::from(by_seed > Standing::Gone);
            still.by_name += usize::from(by_name > Standing::Gone);
            still.by_either += usize::from(either > Standing::Gone);
            still.same_signature += usize::from(either == Standing::SameSignature);
        }
        still
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "whoever asks sees the shares")]
fn nine_of_ten_bundles_still_show_their_violation_after_a_change_of_the_code() {
    let bundles = bundles(BUNDLES);
    for change in [Change::OneLink, Change::RandomFaults, Change::AllLinks] {
        let still = Still::count(&bundles, change);
        println!("{change:?}: {still:?}");
        let enough = still.bundles * 9 / 10;
        match change {
            Change::OneLink => assert!(still.by_seed >= enough && still.by_name >= enough, "{still:?}"),
            // That other faults are other runs is why they are replayed by name.
            Change::RandomFaults => {
                assert!(still.by_name >= enough && still.by_seed < still.by_name, "{still:?}");
            }
            // No unrelated change: what hangs on which message came first may be gone.
            Change::AllLinks => assert!(still.by_either >= still.bundles * 3 / 4, "{still:?}"),
        }
    }
}

#[test]
fn faults_by_name_make_the_same_run_in_the_same_code() {
    for bundle in bundles(8) {
        let prepared = bundle.prepared("a.json").expect("it was valid when it was recorded");
        let decisions = bundle.decisions(&prepared).expect("the names are the same");
        assert!(!decisions.is_empty());
        let named = run_recalled(&prepared, bundle.seed, RunOptions::default(), decisions);
        assert_eq!(named.fingerprint, bundle.fingerprint);
        let bare = run_bare(&prepared, bundle.seed, RunOptions::default());
        assert_eq!(bare.fingerprint, bundle.fingerprint);
    }
}
