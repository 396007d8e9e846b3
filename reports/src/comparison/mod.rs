//! One scenario and the same seeds under several settings, side by side. [`text`], [`markdown`], [`csv`] and [`json`] are its faces.
//!
//! A comparison measures: what the scenario expects is not judged, only what each combination's settings promise.

pub mod csv;
pub mod groups;
pub mod json;
pub mod markdown;
pub mod ratio;
pub mod text;

use std::sync::Arc;

use highwater_model::protocol::Preset;
use serde::{Serialize, Serializer};

use crate::comparison::groups::GroupSums;
use crate::comparison::ratio::Ratio;
use crate::latency::Percentiles;
use crate::outcome::{Outcome, Unexpected};
use crate::property::Property;
use crate::report::Fingerprint;
use crate::sweep::{PropertySweep, SweepReport};

/// The version of a comparison's shape. Grows when a field changes its meaning or goes.
pub const VERSION: u32 = 1;

/// Several sweeps of one scenario over the same seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// [`VERSION`].
    pub version: u32,
    /// The scenario's name.
    pub scenario: Arc<str>,
    /// `K=V` as given with `--set`, the same for every combination, in their order.
    pub overrides: Vec<String>,
    /// What is varied, in order.
    pub vary: Vec<Variation>,
    /// The smallest seed.
    pub first_seed: u64,
    /// The largest seed.
    pub last_seed: u64,
    /// How many seeds each combination plays.
    pub seeds: u64,
    /// How many combinations there are. Fewer rows than that mean that the comparison was interrupted.
    pub combinations: u64,
    /// A row for each combination that was played to its end, the last varied setting varying fastest.
    pub rows: Vec<Row>,
}

/// A setting that is varied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Variation {
    /// As `--set` takes it.
    pub key: String,
    /// As they were written.
    pub values: Vec<String>,
}

/// The varied settings of one combination: each key and its value, as they were written, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(pub Vec<(String, String)>);

/// As an object.
impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// `acks=1, min.insync.replicas=2`
impl std::fmt::Display for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, (key, value)) in self.0.iter().enumerate() {
            let joint = if place == 0 { "" } else { ", " };
            write!(f, "{joint}{key}={value}")?;
        }
        Ok(())
    }
}

/// What one combination came to, over all seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The varied settings.
    pub settings: Settings,
    /// The Kafka version.
    pub protocol: Preset,
    /// Records handed to producers.
    pub sent: u64,
    /// Records that were acknowledged: acks=1 and -1.
    pub acknowledged: u64,
    /// Records that a producer with acks=0 called done without an answer.
    pub unconfirmed: u64,
    /// Records that a producer gave up.
    pub failed: u64,
    /// Acknowledged records that were lost.
    pub lost: Harm,
    /// Unconfirmed records that were lost, which nobody promised to keep.
    pub lost_unconfirmed: Harm,
    /// Extra copies of records.
    pub duplicated: Harm,
    /// For how long partitions could not have acknowledged a write with acks=-1: milliseconds a seed, the mean.
    pub unavailable_ms: Option<Ratio>,
    /// From a record's sending to its acknowledgement, over all seeds; null if none was acknowledged.
    pub ack_latency: Option<Percentiles>,
    /// Messages that left nodes, of every kind.
    pub messages: u64,
    /// Those for each record that was acknowledged or unconfirmed; null if there is none.
    pub messages_per_record: Option<Ratio>,
    /// What became of the groups, all together, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<GroupSums>,
    /// How many seeds had which verdict.
    pub verdicts: Verdicts,
    /// The first seed on which a machine panicked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_panic: Option<FirstPanic>,
    /// The sum of all runs' fingerprints, modulo 2⁶⁴.
    pub fingerprint: Fingerprint,
}

/// Records that came to harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Harm {
    /// How many, over all seeds.
    pub records: u64,
    /// On how many seeds any did.
    pub seeds: u64,
    /// The same in per cent of all seeds.
    pub seeds_percent: Option<Ratio>,
}

/// How many seeds had which verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdicts {
    /// Every promise held and the cluster converged.
    pub kept: u64,
    /// A promise broke, other than by a stall alone.
    pub broken: u64,
    /// The cluster did not converge after the heal, whether or not a promise broke before.
    pub stalled: u64,
    /// A machine panicked: a defect of Highwater itself.
    pub panicked: u64,
    /// Properties that were promised and broke, and on how many seeds, worst first.
    pub violated: Vec<Broke>,
    /// Properties that broke without a promise, and on how many seeds, worst first.
    pub allowed: Vec<Broke>,
}

/// A property that broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Broke {
    /// Which.
    pub property: Property,
    /// On how many seeds.
    pub seeds: u64,
    /// On how many of them its promise broke on `__consumer_offsets` and on nothing else.
    #[serde(skip_serializing_if = "is_zero")]
    pub only_on_offsets: u64,
}

/// A defect of Highwater itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FirstPanic {
    /// On which seed.
    pub seed: u64,
    /// What was said.
    pub message: String,
}

impl Row {
    /// The row of a combination, from its sweep. The sweep is to be one that expects nothing.
    pub fn new(settings: Settings, sweep: &SweepReport) -> Self {
        let counts = &sweep.counts;
        let harm =
            |records, seeds| Harm { records, seeds, seeds_percent: Ratio::percent(seeds, sweep.seeds) };
        Self {
            settings,
            protocol: sweep.protocol,
            sent: counts.sent,
            acknowledged: counts.acknowledged,
            unconfirmed: counts.unconfirmed,
            failed: counts.failed,
            lost: harm(counts.lost, sweep.seeds_with.lost),
            lost_unconfirmed: harm(counts.lost_unconfirmed, sweep.seeds_with.lost_unconfirmed),
            duplicated: harm(counts.duplicated, sweep.seeds_with.duplicated),
            unavailable_ms: Ratio::of(sweep.unavailable_ms, sweep.seeds),
            ack_latency: sweep.latencies.percentiles(),
            messages: sweep.messages,
            messages_per_record: Ratio::of(sweep.messages, counts.acknowledged + counts.unconfirmed),
            groups: GroupSums::of(&sweep.groups),
            verdicts: Verdicts::new(sweep),
            first_panic: first_panic(sweep),
            fingerprint: sweep.fingerprint,
        }
    }
}

impl Verdicts {
    fn new(sweep: &SweepReport) -> Self {
        let seeds = |outcome| sweep.outcomes.get(&outcome).copied().unwrap_or_default();
        Self {
            kept: seeds(Outcome::AsExpected),
            broken: seeds(Outcome::Broken),
            stalled: sweep.seeds_with.stalled,
            panicked: seeds(Outcome::Panicked),
            violated: worst_first(sweep, |found| (found.violated, found.violated_only_on_offsets)),
            allowed: worst_first(sweep, |found| (found.allowed, 0)),
        }
    }
}

/// `seeds` tells on how many a property broke, and on how many of them on `__consumer_offsets` alone.
fn worst_first(sweep: &SweepReport, seeds: impl Fn(&PropertySweep) -> (u64, u64)) -> Vec<Broke> {
    let each = sweep.properties.iter().map(|(&property, found)| {
        let (seeds, only_on_offsets) = seeds(found);
        Broke { property, seeds, only_on_offsets }
    });
    let mut broke: Vec<Broke> = each.filter(|broke| broke.seeds > 0).collect();
    broke.sort_by_key(|broke| (std::cmp::Reverse(broke.seeds), broke.property));
    broke
}

fn first_panic(sweep: &SweepReport) -> Option<FirstPanic> {
    let failure = sweep.first_failures.get(&Outcome::Panicked)?;
    let message = failure.unexpected.iter().find_map(|unexpected| match unexpected {
        Unexpected::Panicked { message } => Some(message.clone()),
        Unexpected::PromiseBroken { .. }
        | Unexpected::BreakMissing { .. }
        | Unexpected::EventMissing { .. }
        | Unexpected::EventTooRare { .. }
        | Unexpected::Stalled { .. }
        | Unexpected::EventsExhausted
        | Unexpected::MemoryExhausted { .. }
        | Unexpected::Interrupted => None,
    });
    Some(FirstPanic { seed: failure.seed, message: message.unwrap_or_default() })
}

/// Serde hands over a reference.
fn is_zero(seeds: &u64) -> bool {
    *seeds == 0
}

#[cfg(test)]
#[path = "comparison_test.rs"]
mod comparison_test;
