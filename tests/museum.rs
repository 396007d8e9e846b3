//! The museum: every bug shows as its file says, its twin holds, and what was mended stays so; and the counter-examples by which
//! Kafka's rules of truncation were found come out as they were told.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::available_parallelism;

use highwater_model::protocol::Preset;
use highwater_reports::museum::{Harm, Row};
use highwater_reports::property::Property;
use highwater_reports::sweep::SweepReport;
use highwater_sim::museum::{Exhibit, Tour, tour};
use highwater_sim::prepared::Prepared;
use highwater_sim::scenario::files::{self, ScenarioFile};
use highwater_sim::scenario::load::load_str;
use highwater_sim::sweep::{SweepOptions, sweep};
use strum::IntoEnumIterator;

fn hall() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/museum")
}

fn jobs() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}

fn visited() -> Vec<Row> {
    let files = files::expand(&[hall()]).expect("the museum is there");
    let open =
        |file: &ScenarioFile| Exhibit::open(file).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    let exhibits: Vec<_> = files.iter().map(open).collect();
    tour(&exhibits, &Tour { seeds: Some(0..10), jobs: jobs() }, &(), &Arc::default())
}

/// Bugs that a version had again, or another bug that the same story meets there.
const AGAIN: [(&str, Preset, Harm); 9] = [
    // KAFKA-13141: a fetch that tells a leader of another history counts.
    ("kafka_2143_out_of_range_wipes", Preset::V2_8, Harm::Hw),
    ("s4_missed_epoch_same_leader", Preset::V2_8, Harm::Hw),
    ("s2_power_failure_forks_logs", Preset::V2_8, Harm::Isr),
    // Before 2.4 a cut leaves the high watermark where it was: beyond the log's end.
    ("kafka_2143_out_of_range_wipes", Preset::V0_11, Harm::Hw),
    ("kafka_2143_out_of_range_wipes", Preset::V2_0, Harm::Hw),
    ("kafka_2143_out_of_range_wipes", Preset::V2_0_1, Harm::Hw),
    ("kafka_2143_out_of_range_wipes", Preset::V2_1, Harm::Hw),
    ("s3n_unclean_forks", Preset::V2_0_1, Harm::Hw),
    ("s3n_unclean_forks", Preset::V2_1, Harm::Hw),
];

#[test]
fn every_bug_shows_and_what_was_mended_stays_so() {
    for row in visited() {
        assert_eq!(row.amiss, [], "{}", row.name);
        assert_ne!(row.broken, Harm::Holds, "{}", row.name);
        // A bug that was never mended, or that is one switch off, has no version from which it is gone.
        if row.broken_in.protocol >= row.mended_in.protocol {
            continue;
        }
        for (&preset, &harm) in row.verdicts.range(row.mended_in.protocol..) {
            let known = AGAIN.contains(&(row.name.as_str(), preset, harm));
            assert_eq!(harm == Harm::Holds, !known, "{} under {}: {harm:?}", row.name, preset.name());
        }
    }
}

/// What a counter-example comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comes {
    Safe,
    /// An acknowledged record is gone.
    Lost,
    /// What a leader calls committed is another record on a replica in sync, or logs differ for good.
    Diverged,
    LostAndDiverged,
}

/// What each comes to with truncation to high watermarks (0.10 and 0.11-iv1), with KIP-101 (0.11), with KIP-279 (2.0), with
/// KAFKA-7128, 7164 and 7415 (2.0.1), and with KIP-320 (2.1 and later).
///
/// Source: section 5 of `kafka-behaviour.md`, whose last column begins with 2.0.1 but for S6. It leaves S3n open: with clean
/// elections nothing diverges.
const EXPECTED: [(&str, [Comes; 5]); 9] = {
    use Comes::{Diverged, Lost, LostAndDiverged, Safe};
    [
        ("s1_bounced_follower_leads", [Lost, Safe, Safe, Safe, Safe]),
        ("s1b_nobody_restarts", [Lost, Safe, Safe, Safe, Safe]),
        ("s2_power_failure_forks_logs", [LostAndDiverged, Lost, Lost, Lost, Lost]),
        ("s3_fast_failover_forks", [Safe, Diverged, Safe, Safe, Safe]),
        ("s3n_silent_leader_knows_no_epoch", [Safe, Safe, Safe, Safe, Safe]),
        ("s3n_unclean_forks", [Safe, Diverged, Diverged, Safe, Safe]),
        ("s4_missed_epoch_same_leader", [Diverged, Diverged, Diverged, Safe, Safe]),
        ("s5_lagging_high_watermark_admits", [Lost, Lost, Lost, Safe, Safe]),
        (
            "s6_unfenced_follower_counts",
            [LostAndDiverged, LostAndDiverged, LostAndDiverged, LostAndDiverged, Safe],
        ),
    ]
};

#[test]
fn the_counter_examples_come_out_as_they_are_told() {
    for (name, expected) in EXPECTED {
        for preset in Preset::iter() {
            let column = match preset {
                Preset::V0_10 | Preset::V0_11Iv1 => 0,
                Preset::V0_11 => 1,
                Preset::V2_0 => 2,
                Preset::V2_0_1 => 3,
                Preset::V2_1
                | Preset::V2_4
                | Preset::V2_7
                | Preset::V2_8
                | Preset::V3_3
                | Preset::V3_5
                | Preset::V3_7
                | Preset::V4_0Elr => 4,
            };
            // Where a leader of 2.8.0 counts a fetch that is answered with the place where the logs part (KAFKA-13141).
            let again = name.starts_with("s4") && preset == Preset::V2_8;
            let expected = if again { Comes::Diverged } else { expected[column] };
            assert_eq!(comes(&under(name, preset)), expected, "{name} under {}", preset.name());
        }
    }
}

fn under(name: &str, preset: Preset) -> SweepReport {
    let text = std::fs::read_to_string(hall().join(format!("{name}.json"))).expect("a file of the museum");
    let overrides = [format!("protocol={}", preset.name()), "expect={}".to_owned()];
    let loaded =
        load_str(name, &text, &overrides).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    let options = SweepOptions { seeds: 0..5, jobs: jobs() };
    sweep(&Arc::new(Prepared::new(loaded.plan)), &options, &(), &Arc::default())
}

fn comes(report: &SweepReport) -> Comes {
    let first = |property: Property| report.properties[&property].first_broken.as_ref()?.evidence.as_ref();
    let tells = |property, words: &str| first(property).is_some_and(|evidence| evidence.text.contains(words));
    let lost = report.properties[&Property::AckedDurable].broken_seeds > 0;
    let diverged =
        tells(Property::WeakIsr, " it has record ") || tells(Property::Converged, "differs from that");
    match (lost, diverged) {
        (false, false) => Comes::Safe,
        (true, false) => Comes::Lost,
        (false, true) => Comes::Diverged,
        (true, true) => Comes::LostAndDiverged,
    }
}

#[test]
fn every_file_is_as_it_says() {
    for file in files::expand(&[hall()]).expect("the museum is there") {
        let text = std::fs::read_to_string(&file.path).expect("it can be read");
        let loaded =
            load_str(&file.given, &text, &[]).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
        let options = SweepOptions { seeds: 0..100, jobs: jobs() };
        let report = sweep(&Arc::new(Prepared::new(loaded.plan)), &options, &(), &Arc::default());
        let amiss = (report.unexpected(), &report.first_failures);
        assert!(amiss.0.is_empty() && amiss.1.is_empty(), "{}: {amiss:?}", file.given);
    }
}
