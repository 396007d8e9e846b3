//! How many seeds a random search takes until an old era loses something.
//!
//! Twenty searches for each preset, each over 500 seeds that no other search has, of `scenarios/chaos_of_every_era.json`: how
//! many seeds until `strong-isr` first breaks, and until an acknowledged record is lost. Without `--bench`, which `cargo bench`
//! passes, two searches of a few seeds.

#![expect(clippy::print_stdout, reason = "a table is what it makes")]

use std::sync::Arc;

use highwater_model::protocol::Preset;
use highwater_reports::property::Property;
use highwater_reports::verdict::Verdict;
use highwater_sim::prepared::Prepared;
use highwater_sim::run::{RunOptions, run};
use highwater_sim::scenario::load::load_str;

const SCENARIO: &str = include_str!("../../scenarios/chaos_of_every_era.json");

/// The eras that lose something.
const PRESETS: [Preset; 5] = [Preset::V0_10, Preset::V0_11Iv1, Preset::V0_11, Preset::V2_0, Preset::V2_0_1];

/// What tells that an acknowledged record is gone.
const LOSSES: [Property; 3] = [Property::AckedDurable, Property::LeaderCompleteness, Property::LostWrite];

/// How many searches, and over how many seeds each.
const FULL: (u64, u64) = (20, 500);
const BRIEF: (u64, u64) = (2, 4);

fn prepared(preset: Preset) -> Arc<Prepared> {
    let mut set = vec![format!("protocol={}", preset.name())];
    if !preset.protocol().idempotence {
        set.push("enable.idempotence=false".to_owned());
    }
    let loaded = load_str("chaos_of_every_era", SCENARIO, &set).expect("the scenario suits every preset");
    Arc::new(Prepared::new(loaded.plan))
}

/// In one search: how many seeds until the first that breaks `strong-isr`, and until the first that loses what was acknowledged.
#[derive(Clone, Copy, Default)]
struct Search {
    strong_isr: Option<u64>,
    loss: Option<u64>,
}

impl Search {
    fn through(prepared: &Arc<Prepared>, first: u64, seeds: u64) -> Self {
        let mut found = Self::default();
        for count in 1..=seeds {
            let report = run(prepared, first + count - 1, RunOptions::default());
            let broke = |property| {
                report.properties.get(&property).is_some_and(|found| found.verdict == Verdict::Violated)
            };
            if broke(Property::StrongIsr) {
                found.strong_isr.get_or_insert(count);
            }
            if LOSSES.into_iter().any(broke) {
                found.loss.get_or_insert(count);
            }
            if found.strong_isr.is_some() && found.loss.is_some() {
                break;
            }
        }
        found
    }
}

/// `median / worst (found by so many)`; a search that found nothing comes last.
fn cell(found: &[Option<u64>]) -> String {
    let mut seeds: Vec<u64> = found.iter().map(|seeds| seeds.unwrap_or(u64::MAX)).collect();
    seeds.sort_unstable();
    let word = |seeds: u64| if seeds == u64::MAX { "-".to_owned() } else { seeds.to_string() };
    let (median, worst) = (seeds[(seeds.len() - 1) / 2], seeds[seeds.len() - 1]);
    let by = found.iter().flatten().count();
    format!("{} / {} ({by} of {})", word(median), word(worst), found.len())
}

fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let (searches, seeds) = if full { FULL } else { BRIEF };
    println!("{searches} searches of {seeds} seeds each: seeds until found, median / worst (in how many)");
    println!("{:<10} {:>28} {:>28}", "preset", "strong-isr", "acknowledged record lost");
    for preset in PRESETS {
        let prepared = prepared(preset);
        let found: Vec<Search> =
            (0..searches).map(|place| Search::through(&prepared, place * seeds, seeds)).collect();
        let strong: Vec<Option<u64>> = found.iter().map(|search| search.strong_isr).collect();
        let losses: Vec<Option<u64>> = found.iter().map(|search| search.loss).collect();
        println!("{:<10} {:>28} {:>28}", preset.name(), cell(&strong), cell(&losses));
    }
}
