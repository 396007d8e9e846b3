//! A scenario and what it could have failed by.

use std::collections::BTreeMap;

use highwater_model::event::EventKind;

use crate::expect::HowOften;
use crate::outcome::{Outcome, Unexpected};
use crate::property::Property;
use crate::render::{Again, causes, text};
use crate::report::{Evidence, Fingerprint, RunReport};
use crate::sweep::{Broken, PropertySweep, SweepReport};
use crate::verdict::Verdict;

/// What one scenario came to, on one seed or on many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suite {
    /// The scenario's name.
    pub scenario: String,
    /// Its file as it was named.
    pub file: String,
    /// `0.11-iv1 with partitioner sticky`
    pub protocol: String,
    /// `seed 7`, `100 seeds, 0 to 99`
    pub seeds: String,
    /// `K=V` as given with `--set`.
    pub overrides: Vec<String>,
    /// The gravest.
    pub outcome: Outcome,
    /// It in a word or two: `AS EXPECTED`, and of a bundle `GONE`.
    pub words: &'static str,
    /// Of how many seeds how many went as expected.
    pub as_expected: (u64, u64),
    /// Of the run, or the sum of all runs'.
    pub fingerprint: Fingerprint,
    /// How runs end, then the events, then the properties.
    pub cases: Vec<Case>,
    /// The command that plays the failure again: `again: highwater run ...`; none where there is no failure.
    pub again: Option<String>,
}

/// Something that a scenario could have failed by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What it is.
    pub about: About,
    /// What became of it.
    pub state: State,
}

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// How runs end.
    End,
    /// An event that must be seen.
    Event(EventKind),
    /// A property.
    Property(Property),
    /// What a bundle recorded.
    Recorded,
}

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// As expected.
    Passed,
    /// It could not fail, and why.
    Skipped(&'static str),
    /// Not as expected.
    Failed(Failed),
}

/// Why a case failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// `promise_broken`, as the JSON face calls it.
    pub kind: &'static str,
    /// In a sentence.
    pub message: String,
    /// What else is known, a line each.
    pub details: Vec<String>,
    /// The command that plays it again.
    pub again: String,
}

const NOT_EXERCISED: &str = "not exercised: nothing could have broken it";
const NOT_PLAYED: &str = "not played: no seed was played to its end";
const UNKNOWN: &str = "unknown: the run ended before it could be judged";

impl About {
    /// `strong-isr`, `leader_elected is seen`, `runs end as expected`.
    pub fn name(self) -> String {
        match self {
            Self::End => "runs end as expected".to_owned(),
            Self::Event(event) => format!("{} is seen", event.name()),
            Self::Property(property) => property.name().to_owned(),
            Self::Recorded => "the violation is still there".to_owned(),
        }
    }

    /// What something unexpected is about.
    fn of(unexpected: &Unexpected) -> Self {
        Self::and_kind(unexpected).0
    }

    fn and_kind(unexpected: &Unexpected) -> (Self, &'static str) {
        match *unexpected {
            Unexpected::Panicked { .. } => (Self::End, Failed::PANICKED),
            Unexpected::Stalled { .. } => (Self::End, "stalled"),
            Unexpected::EventsExhausted => (Self::End, "events_exhausted"),
            Unexpected::MemoryExhausted { .. } => (Self::End, "memory_exhausted"),
            Unexpected::Interrupted => (Self::End, "interrupted"),
            Unexpected::PromiseBroken { property, .. } => (Self::Property(property), "promise_broken"),
            Unexpected::BreakMissing { property, .. } => (Self::Property(property), "break_missing"),
            Unexpected::EventMissing { event } => (Self::Event(event), "event_missing"),
            Unexpected::EventTooRare { event, .. } => (Self::Event(event), Failed::TOO_RARE),
        }
    }
}

impl Failed {
    /// The kind of a defect of Highwater itself.
    pub const PANICKED: &'static str = "panicked";
    /// The kind of an event that came on too few seeds.
    pub(super) const TOO_RARE: &'static str = "event_too_rare";

    fn new(unexpected: &Unexpected, details: Vec<String>, again: String) -> Self {
        let (_, kind) = About::and_kind(unexpected);
        Self { kind, message: unexpected.to_string(), details, again }
    }

    /// On one seed of many.
    fn on(mut self, seed: u64) -> Self {
        self.message = format!("on seed {seed}: {}", self.message);
        self
    }
}

impl Suite {
    /// The suite of one seed.
    pub fn of_run(report: &RunReport, again: &Again<'_>) -> Self {
        let command = again.run(report.seed, &report.overrides);
        let mut failed = BTreeMap::new();
        for unexpected in &report.unexpected {
            let about = About::of(unexpected);
            let details = details(report, about);
            failed.entry(about).or_insert_with(|| Failed::new(unexpected, details, command.clone()));
        }
        let properties = report.properties.iter().map(|(&property, it)| (property, unjudged(it.verdict)));
        let cases = cases(report.must_see.keys().copied(), properties, failed);
        let expected = report.outcome == Outcome::AsExpected;
        Self {
            scenario: report.scenario.to_string(),
            file: again.scenario.to_owned(),
            protocol: format!("{}{}", report.protocol.name(), report.switches),
            seeds: format!("seed {}", report.seed),
            overrides: report.overrides.to_vec(),
            outcome: report.outcome,
            words: text::words(report),
            as_expected: (u64::from(expected), 1),
            fingerprint: report.fingerprint,
            cases,
            again: (!expected).then_some(command),
        }
    }

    /// The suite of many seeds. A failed case tells of the smallest seed that is known to fail by it.
    pub fn of_sweep(report: &SweepReport, again: &Again<'_>) -> Self {
        let mut failed = broken_promises(report, again);
        for failure in report.first_failures.values().rev() {
            for unexpected in &failure.unexpected {
                let command = again.run(failure.seed, &report.overrides);
                let new = || Failed::new(unexpected, Vec::new(), command).on(failure.seed);
                failed.entry(About::of(unexpected)).or_insert_with(new);
            }
        }
        for unexpected in report.unexpected() {
            let new = || Failed::new(&unexpected, Vec::new(), again.sweep());
            failed.entry(About::of(&unexpected)).or_insert_with(new);
        }
        let properties = report.properties.iter().map(|(&property, it)| (property, unjudged_by_any(it)));
        let mut cases = cases(report.must_see.keys().copied(), properties, failed);
        if report.outcome() == Outcome::NotPlayed {
            cases.iter_mut().for_each(|case| case.state = State::Skipped(NOT_PLAYED));
        }
        Self {
            scenario: report.scenario.to_string(),
            file: again.scenario.to_owned(),
            protocol: format!("{}{}", report.protocol.name(), report.switches),
            seeds: report.seeds_in_words(),
            overrides: report.overrides.to_vec(),
            outcome: report.outcome(),
            words: report.outcome().words(),
            as_expected: (report.expected_runs(), report.seeds),
            fingerprint: report.fingerprint,
            cases,
            again: again.of(report),
        }
    }

    /// Whether it is a bundle's.
    pub fn is_bundle(&self) -> bool {
        self.cases.iter().any(|case| case.about == About::Recorded)
    }

    /// The cases that failed.
    pub fn failures(&self) -> impl Iterator<Item = (About, &Failed)> {
        self.cases.iter().filter_map(|case| match &case.state {
            State::Failed(failed) => Some((case.about, failed)),
            State::Passed | State::Skipped(_) => None,
        })
    }
}

/// Where a promise broke on any seed that no one was to break.
fn broken_promises(report: &SweepReport, again: &Again<'_>) -> BTreeMap<About, Failed> {
    let breaks = &report.expect.breaks;
    let broken =
        report.properties.iter().filter(|(it, sweep)| sweep.violated > 0 && !breaks.contains_key(it));
    let failed = broken.map(|(&property, sweep)| {
        let mut message = format!(
            "{} is promised and broke on {} of {} seeds",
            property.name(),
            sweep.violated,
            report.seeds
        );
        // Of a property that was violated on any seed, this is such a seed: on others it may have broken without a promise.
        let first = sweep.first_broken.as_ref();
        if let Some(Broken { seed, .. }) = first {
            message += &format!(", for one on seed {seed}");
        }
        let evidence = first.and_then(|first| first.evidence.as_ref());
        let details = evidence.map(Evidence::to_string).into_iter().collect();
        let again = first.map_or_else(|| again.sweep(), |first| again.run(first.seed, &report.overrides));
        (About::Property(property), Failed { kind: "promise_broken", message, details, again })
    });
    failed.collect()
}

/// What was seen, and of what broke first what led there.
fn details(report: &RunReport, about: About) -> Vec<String> {
    let About::Property(property) = about else { return Vec::new() };
    let evidence = report.properties.get(&property).into_iter().flat_map(|found| &found.evidence);
    let mut details: Vec<String> = evidence.map(Evidence::to_string).collect();
    let is_first = report.signature.as_ref().is_some_and(|signature| signature.property == property);
    if is_first && !report.causes.is_empty() {
        details.push("causes:".to_owned());
        details.extend(causes::lines(&report.causes));
    }
    details
}

fn cases(
    events: impl Iterator<Item = EventKind>,
    properties: impl Iterator<Item = (Property, Option<&'static str>)>,
    mut failed: BTreeMap<About, Failed>,
) -> Vec<Case> {
    let events = events.map(|event| (About::Event(event), None));
    let properties = properties.map(|(property, skipped)| (About::Property(property), skipped));
    let all = std::iter::once((About::End, None)).chain(events).chain(properties);
    let case = |(about, skipped): (About, Option<&'static str>)| {
        let state = match (failed.remove(&about), skipped) {
            (Some(failed), _) => State::Failed(failed),
            (None, Some(why)) => State::Skipped(why),
            (None, None) => State::Passed,
        };
        Case { about, state }
    };
    all.map(case).collect()
}

fn unjudged(verdict: Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Held | Verdict::Violated | Verdict::Allowed => None,
        Verdict::NotExercised => Some(NOT_EXERCISED),
        Verdict::Unknown => Some(UNKNOWN),
    }
}

fn unjudged_by_any(sweep: &PropertySweep) -> Option<&'static str> {
    if sweep.held + sweep.violated + sweep.allowed > 0 {
        None
    } else if sweep.unknown > 0 {
        Some(UNKNOWN)
    } else {
        Some(NOT_EXERCISED)
    }
}

/// How often the scenario says that a property is to break.
pub(super) fn expected(often: Option<HowOften>) -> &'static str {
    match often {
        None => "",
        Some(HowOften::Always) => "always",
        Some(HowOften::Sometimes) => "sometimes",
        Some(HowOften::May) => "may",
    }
}
