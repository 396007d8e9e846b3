//! The museum: bugs that Kafka had, each as a scenario that breaks under the versions that had it and holds under the one that
//! mended it. One table of all of them.

mod harm;
pub mod text;

use std::collections::{BTreeMap, BTreeSet};

use highwater_model::event::EventKind;
use highwater_model::protocol::{Preset, Protocol};
use serde::Serialize;

use crate::expect::Expect;
use crate::expect::HowOften;
use crate::outcome::{Outcome, Unexpected};
use crate::sweep::SweepReport;
use crate::switches::Differing;

pub use harm::Harm;

/// The version of the table's shape.
pub const VERSION: u32 = 1;

/// What a file says that comes of the bug.
#[derive(Clone, Debug, PartialEq)]
pub struct Stated {
    /// What breaks.
    pub expect: Expect,
    /// What event comes only where the bug is.
    pub shows: Option<EventKind>,
}

/// The table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Museum {
    /// [`VERSION`].
    pub version: u32,
    /// Whether everything breaks and holds as its file states.
    pub as_stated: bool,
    /// How many files there were to play, if it was interrupted; no more than the rows were played.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interrupted_of: Option<usize>,
    /// A file each.
    pub rows: Vec<Row>,
}

/// One bug.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The scenario's name.
    pub name: String,
    /// The JIRA or KIP.
    pub issue: String,
    /// What breaks, in a few words.
    pub breaks: String,
    /// The version that has the bug.
    pub broken_in: Era,
    /// The version that mended it.
    pub mended_in: Era,
    /// What its twin sets otherwise, where no version mended it.
    #[serde(skip_serializing_if = "Differing::is_empty")]
    pub mended_settings: Differing,
    /// Whether every seed shows it.
    pub always: bool,
    /// How many seeds were played under every preset, and the first.
    pub seeds: u64,
    /// The first of them.
    pub first_seed: u64,
    /// How many seeds the broken version was played on.
    pub searched: u64,
    /// How many seeds it took until the bug showed; null if it did not.
    pub found_after: Option<u64>,
    /// What came of the broken version.
    pub broken: Harm,
    /// What came of the mended twin.
    pub mended: Harm,
    /// What came of it under each preset, without the file's own switches.
    pub verdicts: BTreeMap<Preset, Harm>,
    /// Under which of them records that were acknowledged to acks=all, or exposed, are gone: promised or not.
    pub lossy: BTreeSet<Preset>,
    /// What is not as the file states.
    pub amiss: Vec<Amiss>,
}

/// A preset and what differs from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Era {
    /// The preset.
    pub protocol: Preset,
    /// Its switches that were set otherwise.
    #[serde(skip_serializing_if = "Differing::is_empty")]
    pub switches: Differing,
}

/// Something that is not as a file states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Amiss {
    /// Of the broken version, or of its twin.
    pub twin: bool,
    /// The seed; null if only all seeds together show it.
    pub seed: Option<u64>,
    /// What, in words.
    pub what: Vec<String>,
    /// The command that shows it again.
    pub again: String,
}

impl Era {
    /// What these switches are.
    pub fn new(protocol: &Protocol) -> Self {
        Self { protocol: protocol.preset, switches: Differing::new(protocol.preset, protocol.switches()) }
    }
}

/// `2.0.1`, `2.0.1 with isr_join high_watermark`
impl std::fmt::Display for Era {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.protocol.name(), self.switches)
    }
}

impl Museum {
    /// The table of these rows.
    pub fn new(rows: Vec<Row>) -> Self {
        let as_stated = rows.iter().all(|row| row.amiss.is_empty());
        Self { version: VERSION, as_stated, interrupted_of: None, rows }
    }

    /// 0 if all is as stated, 101 if anything panicked, else 1.
    pub fn exit_code(&self) -> u8 {
        let panicked = |row: &Row| [row.broken, row.mended].contains(&Harm::Panicked);
        let outcome = if self.rows.iter().any(panicked) {
            Outcome::Panicked
        } else if self.as_stated {
            Outcome::AsExpected
        } else {
            Outcome::Broken
        };
        outcome.exit_code()
    }
}

/// Whether every property that a scenario is meant to break is to break on every seed.
pub fn is_always(report: &SweepReport) -> bool {
    !report.expect.breaks.values().any(|&often| often == HowOften::Sometimes)
}

/// How many seeds it took until the bug showed; none if it did not.
pub fn found_after(report: &SweepReport, stated: &Stated, first_seed: u64) -> Option<u64> {
    let broken = report.properties.iter().filter(|(property, _)| stated.expect.is_to_break(**property));
    let first = broken.filter_map(|(_, sweep)| sweep.first_seed).map(|seed| seed - first_seed + 1);
    let seen = stated.shows.and_then(|shows| report.must_see.get(&shows));
    first.chain(seen.filter(|seen| seen.seeds == report.seeds).map(|_| 1)).min()
}

/// What is not as stated of the broken version: `again` is the command line of the run without its seeds.
pub fn amiss_in_broken(report: &SweepReport, again: &str, seeds: &str) -> Vec<Amiss> {
    amiss(report, false, again, seeds, report.unexpected().iter().map(Unexpected::to_string).collect())
}

/// What is not as stated of the mended version: a promise broke; or what the other is there to break or to show came here too,
/// promised or not.
pub fn amiss_in_mended(report: &SweepReport, broken: &Stated, again: &str, seeds: &str) -> Vec<Amiss> {
    let allowed = report
        .properties
        .iter()
        .filter(|(property, sweep)| sweep.allowed > 0 && broken.expect.is_to_break(**property));
    let still = allowed.filter_map(|(property, sweep)| {
        Some(format!("{} breaks as before, first on seed {}", property.name(), sweep.first_seed?))
    });
    let shows = broken.shows.filter(|shows| report.seen.get(shows).is_some_and(|&times| times > 0));
    let comes = shows.map(|shows| format!("{} comes as before", shows.name()));
    amiss(report, true, again, seeds, still.chain(comes).collect())
}

fn amiss(report: &SweepReport, twin: bool, again: &str, seeds: &str, together: Vec<String>) -> Vec<Amiss> {
    let failures = report.first_failures.values().map(|failure| Amiss {
        twin,
        seed: Some(failure.seed),
        what: failure.unexpected.iter().map(Unexpected::to_string).collect(),
        again: format!("{again} --seed {}", failure.seed),
    });
    let again = format!("{again} --seeds {seeds}");
    let whole = (!together.is_empty()).then_some(Amiss { twin, seed: None, what: together, again });
    failures.chain(whole).collect()
}
