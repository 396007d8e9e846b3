//! What many seeds come to. Runs are added in any order, on any number of threads or computers: the sums, the smallest
//! seeds and so the whole report come out the same.

pub mod behaviours;
pub mod failures;
mod properties;

use std::collections::BTreeMap;
use std::sync::Arc;

use highwater_model::event::EventKind;
use highwater_model::protocol::Preset;
use serde::{Deserialize, Serialize};
use strum::IntoEnumIterator;

use crate::counts::Counts;
use crate::end::RunEnd;
use crate::expect::{Expect, HowOften};
use crate::faults::FaultsReport;
use crate::groups::GroupReport;
use crate::latency::Latencies;
use crate::must_see::Share;
use crate::outcome::{Outcome, Unexpected};
use crate::panel::PanelSetup;
use crate::property::Property;
use crate::report::{Fingerprint, RunReport, VERSION, are_few};
use crate::swarm::{Drawn, DrawnSweep};
use crate::switches::Differing;

use self::behaviours::Behaviours;
use self::failures::Failures;

pub use self::properties::{Broken, PropertySweep};

/// The report on many seeds of one scenario. What it does not write, or not as it is, a shard's file has besides
/// ([`crate::shard`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepReport {
    /// [`VERSION`].
    pub version: u32,
    /// The scenario's name.
    pub scenario: Arc<str>,
    /// Its story.
    pub story: Arc<str>,
    /// The Kafka version.
    pub protocol: Preset,
    /// Its switches that the scenario has set otherwise.
    #[serde(default, skip_serializing_if = "Differing::is_empty")]
    pub switches: Differing,
    /// `K=V` as given with `--set`, in their order.
    pub overrides: Arc<[String]>,
    /// How many seeds ran. A seed that is added twice counts twice.
    pub seeds: u64,
    /// The smallest seed.
    pub first_seed: Option<u64>,
    /// The largest seed.
    pub last_seed: Option<u64>,
    /// What ended it before its last seed, if anything did. What is missing is not in the numbers, so it is no report on the
    /// sweep that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_early: Option<EndedEarly>,
    /// How many runs had which outcome.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// How many runs had any of what mattered most, whatever their outcome.
    pub seeds_with: SeedsWith,
    /// For each outcome but the expected one, the smallest seed that had it.
    pub first_failures: BTreeMap<Outcome, Failure>,
    /// The runs in which a promise broke or that did not go as expected, by what they have in common.
    #[serde(serialize_with = "failures::reported", skip_deserializing)]
    pub failures: Failures,
    /// What became of each property.
    pub properties: BTreeMap<Property, PropertySweep>,
    /// The events that every run must show, or that a share of all runs must.
    pub must_see: BTreeMap<EventKind, SeenSweep>,
    /// On how many seeds each fault of the scenario struck.
    pub faults: FaultsReport,
    /// Sums over all runs.
    pub counts: Counts,
    /// Over all runs, from a record's sending to its acknowledgement; null if none was acknowledged.
    #[serde(rename = "ack_latency", skip_deserializing)]
    pub latencies: Latencies,
    /// The same by topic, if producers write to several and records of more than one were acknowledged.
    #[serde(rename = "ack_latency_by_topic", skip_serializing_if = "are_few", skip_deserializing)]
    pub latencies_by_topic: BTreeMap<String, Latencies>,
    /// For how long writes with acks=-1 could not have been acknowledged, in milliseconds: counted as in a
    /// [`RunReport`], and summed over runs.
    pub unavailable_ms: u64,
    /// What became of each group, over all runs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, GroupReport>,
    /// Where the scenario is a swarm: on how many seeds each kind of fault was on and each setting was drawn.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub swarm: BTreeMap<String, DrawnSweep>,
    /// How many different behaviours runs had, and how likely the next seed shows another one.
    #[serde(serialize_with = "behaviours::reported", skip_deserializing)]
    pub behaviours: Behaviours,
    /// Every kind of event that came, and how often in all.
    pub seen: BTreeMap<EventKind, u64>,
    /// How many inputs machines took in all.
    pub steps: u64,
    /// How many events came of them.
    pub events: u64,
    /// How many messages left nodes, whatever became of them on the network.
    pub messages: u64,
    /// The sum of all runs' fingerprints, modulo 2⁶⁴.
    pub fingerprint: Fingerprint,
    /// What the scenario expects.
    #[serde(skip)]
    pub expect: Arc<Expect>,
}

/// Why a sweep ended before its last seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedEarly {
    /// In words: `interrupted`, `the time was up`.
    pub why: String,
}

/// How many runs had any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedsWith {
    /// Of [`Counts::lost`].
    pub lost: u64,
    /// Of [`Counts::lost_unconfirmed`].
    pub lost_unconfirmed: u64,
    /// Of [`Counts::duplicated`].
    pub duplicated: u64,
    /// They ended before they converged, expected or not.
    pub stalled: u64,
}

/// A run that did not go as expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// What was unexpected.
    pub unexpected: Vec<Unexpected>,
}

/// How often an event came that was to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenSweep {
    /// On how many seeds.
    pub seeds: u64,
    /// How often in all.
    pub times: u64,
    /// On which share of seeds it was to come, unless on every one.
    #[serde(default, skip_serializing_if = "Share::is_whole")]
    pub stated: Share,
}

impl SweepReport {
    /// A sweep of no seeds. The seed in `setup` does not matter.
    pub fn new(setup: &PanelSetup) -> Self {
        let properties = Property::iter().map(|property| (property, PropertySweep::new(property.judge())));
        let must_see = setup
            .expect
            .must_see
            .iter()
            .map(|(kind, stated)| (kind, SeenSweep { stated, ..SeenSweep::default() }));
        Self {
            version: VERSION,
            scenario: Arc::clone(&setup.scenario),
            story: Arc::clone(&setup.story),
            protocol: setup.protocol.preset,
            switches: Differing::new(setup.protocol.preset, setup.switches),
            overrides: Arc::clone(&setup.overrides),
            seeds: 0,
            first_seed: None,
            last_seed: None,
            ended_early: None,
            outcomes: BTreeMap::new(),
            seeds_with: SeedsWith::default(),
            first_failures: BTreeMap::new(),
            failures: Failures::default(),
            properties: properties.collect(),
            must_see: must_see.collect(),
            faults: FaultsReport::new(&setup.names),
            counts: Counts::default(),
            latencies: Latencies::default(),
            latencies_by_topic: BTreeMap::new(),
            unavailable_ms: 0,
            groups: BTreeMap::new(),
            swarm: BTreeMap::new(),
            behaviours: Behaviours::default(),
            seen: BTreeMap::new(),
            steps: 0,
            events: 0,
            messages: 0,
            fingerprint: Fingerprint::default(),
            expect: Arc::clone(&setup.expect),
        }
    }

    /// Adds one run.
    pub fn add(&mut self, run: RunReport) {
        self.seeds += 1;
        self.first_seed = least(self.first_seed, Some(run.seed), |seed| *seed);
        self.last_seed = self.last_seed.max(Some(run.seed));
        *self.outcomes.entry(run.outcome).or_default() += 1;
        self.seeds_with.add(SeedsWith::of(&run));
        self.failures.add(&run);
        self.behaviours.add(run.behaviour);
        let drawn = run.swarm.as_ref().into_iter().flat_map(Drawn::each);
        let unexpected = u64::from(run.outcome != Outcome::AsExpected);
        for each in drawn {
            self.swarm.entry(each.to_owned()).or_default().add(DrawnSweep { seeds: 1, unexpected });
        }
        for (property, report) in run.properties {
            let sweep =
                self.properties.entry(property).or_insert_with(|| PropertySweep::new(property.judge()));
            sweep.add(run.seed, report);
        }
        for (kind, times) in run.must_see {
            self.must_see.entry(kind).or_default().count(u64::from(times > 0), times);
        }
        self.faults.add(&run.faults);
        self.counts.add(&run.counts);
        self.latencies.add(&run.latencies);
        for (topic, samples) in &run.latencies_by_topic {
            self.latencies_by_topic.entry(topic.clone()).or_default().add(samples);
        }
        self.unavailable_ms += run.unavailable_ms;
        self.add_groups(&run.groups);
        for (kind, times) in run.seen {
            *self.seen.entry(kind).or_default() += times;
        }
        self.steps += run.steps;
        self.events += run.events;
        self.messages += run.messages;
        self.fingerprint.0 = self.fingerprint.0.wrapping_add(run.fingerprint.0);
        if run.outcome != Outcome::AsExpected {
            self.failed(run.outcome, Failure { seed: run.seed, unexpected: run.unexpected });
        }
    }

    /// How many seeds were played until this property broke for the first time, the one on which it did among them; none if
    /// it never broke.
    pub fn seeds_to_first(&self, property: Property) -> Option<u64> {
        let seed = self.properties.get(&property)?.first_seed?;
        Some(seed.saturating_sub(self.first_seed?) + 1)
    }

    /// Adds another sweep of the same scenario.
    pub fn merge(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.first_seed = least(self.first_seed, other.first_seed, |seed| *seed);
        self.last_seed = self.last_seed.max(other.last_seed);
        for (outcome, runs) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += runs;
        }
        self.seeds_with.add(other.seeds_with);
        self.failures.merge(other.failures);
        self.behaviours.merge(&other.behaviours);
        for (drawn, on) in other.swarm {
            self.swarm.entry(drawn).or_default().add(on);
        }
        for (property, sweep) in other.properties {
            let mine =
                self.properties.entry(property).or_insert_with(|| PropertySweep::new(property.judge()));
            mine.merge(sweep);
        }
        for (kind, seen) in other.must_see {
            self.must_see.entry(kind).or_default().count(seen.seeds, seen.times);
        }
        self.faults.add(&other.faults);
        self.counts.add(&other.counts);
        self.latencies.merge(&other.latencies);
        for (topic, latencies) in &other.latencies_by_topic {
            self.latencies_by_topic.entry(topic.clone()).or_default().merge(latencies);
        }
        self.unavailable_ms += other.unavailable_ms;
        self.add_groups(&other.groups);
        for (kind, times) in other.seen {
            *self.seen.entry(kind).or_default() += times;
        }
        self.steps += other.steps;
        self.events += other.events;
        self.messages += other.messages;
        self.fingerprint.0 = self.fingerprint.0.wrapping_add(other.fingerprint.0);
        for (outcome, failure) in other.first_failures {
            self.failed(outcome, failure);
        }
    }

    fn add_groups(&mut self, groups: &BTreeMap<String, GroupReport>) {
        for (name, group) in groups {
            match self.groups.get_mut(name) {
                Some(mine) => mine.add(group),
                None => {
                    self.groups.insert(name.clone(), *group);
                }
            }
        }
    }

    fn failed(&mut self, outcome: Outcome, failure: Failure) {
        match self.first_failures.get(&outcome) {
            Some(first) if first.seed <= failure.seed => {}
            Some(_) | None => {
                self.first_failures.insert(outcome, failure);
            }
        }
    }

    /// `100 seeds, 0 to 99`
    pub fn seeds_in_words(&self) -> String {
        match (self.first_seed, self.last_seed) {
            (Some(first), Some(last)) if self.seeds > 1 => format!("{} seeds, {first} to {last}", self.seeds),
            (Some(seed), _) => format!("seed {seed}"),
            (None, _) => "no seeds".to_owned(),
        }
    }

    /// How many runs went as expected.
    pub fn expected_runs(&self) -> u64 {
        self.outcomes.get(&Outcome::AsExpected).copied().unwrap_or_default()
    }

    /// What no single seed can tell: properties that were to break on at least one and broke on none, and events that came on a
    /// smaller share than stated.
    pub fn unexpected(&self) -> Vec<Unexpected> {
        if self.seeds == 0 {
            return Vec::new();
        }
        let expected = self.expect.breaks.iter();
        let missing = expected.filter(|&(property, &often)| {
            let broke = self.properties.get(property).is_some_and(|sweep| sweep.broken_seeds > 0);
            often == HowOften::Sometimes && !broke
        });
        let missing = missing.map(|(&property, &expected)| Unexpected::BreakMissing { property, expected });
        missing.chain(self.too_rare()).collect()
    }

    /// Of events that every run must show, the runs speak themselves.
    fn too_rare(&self) -> impl Iterator<Item = Unexpected> + '_ {
        let seeds = self.seeds;
        let rare = self
            .must_see
            .iter()
            .filter(move |(_, seen)| !seen.stated.is_whole() && seen.seeds < seen.stated.of(seeds));
        rare.map(move |(&event, seen)| Unexpected::EventTooRare {
            event,
            seen: seen.seeds,
            seeds,
            stated: seen.stated,
        })
    }

    /// The gravest outcome of any run, or broken where the sweep as a whole lacks something. Of no seeds nothing is known.
    pub fn outcome(&self) -> Outcome {
        if self.seeds == 0 {
            return Outcome::NotPlayed;
        }
        let runs = self.outcomes.keys().copied().max().unwrap_or_default();
        if self.unexpected().is_empty() { runs } else { runs.max(Outcome::Broken) }
    }
}

impl SeedsWith {
    fn of(run: &RunReport) -> Self {
        let stalled = match run.end {
            RunEnd::Stalled { .. } | RunEnd::EventsExhausted | RunEnd::MemoryExhausted { .. } => 1,
            RunEnd::Converged | RunEnd::Interrupted | RunEnd::Panicked { .. } => 0,
        };
        Self {
            lost: u64::from(run.counts.lost > 0),
            lost_unconfirmed: u64::from(run.counts.lost_unconfirmed > 0),
            duplicated: u64::from(run.counts.duplicated > 0),
            stalled,
        }
    }

    fn add(&mut self, other: Self) {
        self.lost += other.lost;
        self.lost_unconfirmed += other.lost_unconfirmed;
        self.duplicated += other.duplicated;
        self.stalled += other.stalled;
    }
}

impl Default for SeenSweep {
    fn default() -> Self {
        Self { seeds: 0, times: 0, stated: Share::WHOLE }
    }
}

impl SeenSweep {
    fn count(&mut self, seeds: u64, times: u64) {
        self.seeds += seeds;
        self.times += times;
    }
}

/// The one of the smaller seed.
fn least<T>(one: Option<T>, other: Option<T>, seed: impl Fn(&T) -> u64) -> Option<T> {
    one.into_iter().chain(other).min_by_key(seed)
}

#[cfg(test)]
#[path = "sweep_test.rs"]
mod sweep_test;
