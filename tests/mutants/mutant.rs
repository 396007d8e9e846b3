//! What is done wrong, where it is played, and who is to notice.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use highwater_model::defects::Defect;
use highwater_reports::property::Property;
use highwater_sim::prepared::Prepared;
use highwater_sim::scenario::load::load_str;

/// Something wrong on purpose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mutant {
    /// What is wrong.
    pub(crate) wrong: Wrong,
    /// What it stands for, in one sentence.
    pub(crate) says: &'static str,
    /// A file of `tests/mutants/scenarios`, or else of `scenarios`.
    scenario: &'static str,
    /// How that file is changed for the mutant and for its healthy twin, as `--set` takes it.
    set: &'static [&'static str],
    /// It is hunted on so many seeds at most, from 0.
    pub(crate) seeds: u64,
    /// The properties that are there for it: the hunt ends when all have killed it.
    pub(crate) aims: &'static [Property],
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// A machine does it.
    Defect(Defect),
    /// The scenario has settings that the healthy twin has not, as `--set` takes them.
    Set(&'static [&'static str]),
}

impl Mutant {
    /// A machine's defect.
    pub(crate) const fn defect(defect: Defect, says: &'static str) -> Self {
        Self::new(Wrong::Defect(defect), says)
    }

    /// Rules of an older Kafka.
    pub(crate) const fn set(set: &'static [&'static str], says: &'static str) -> Self {
        Self::new(Wrong::Set(set), says)
    }

    const fn new(wrong: Wrong, says: &'static str) -> Self {
        Self { wrong, says, scenario: "", set: &[], seeds: 20, aims: &[] }
    }

    /// Played on this scenario.
    pub(crate) const fn on(self, scenario: &'static str) -> Self {
        Self { scenario, ..self }
    }

    /// With these changes to it, with the mutant and without.
    pub(crate) const fn with(self, set: &'static [&'static str]) -> Self {
        Self { set, ..self }
    }

    /// On more seeds, or fewer, than 20.
    pub(crate) const fn within(self, seeds: u64) -> Self {
        Self { seeds, ..self }
    }

    /// To be killed by these.
    pub(crate) const fn aims(self, aims: &'static [Property]) -> Self {
        Self { aims, ..self }
    }

    /// `commits_one_too_far`; `isr_join=high_watermark`, the first where several settings are wrong.
    pub(crate) fn name(&self) -> &'static str {
        match self.wrong {
            Wrong::Defect(defect) => defect.name(),
            Wrong::Set(set) => set.first().map_or("", |first| first.trim_start_matches("switches.")),
        }
    }

    /// The scenario without what is wrong.
    pub(crate) fn healthy(&self) -> Arc<Prepared> {
        self.prepared(&[])
    }

    /// The scenario with what is wrong, but for a defect, which is in the machines.
    pub(crate) fn sick(&self) -> Arc<Prepared> {
        match self.wrong {
            Wrong::Defect(_) => self.prepared(&[]),
            Wrong::Set(set) => self.prepared(set),
        }
    }

    fn prepared(&self, wrong: &[&str]) -> Arc<Prepared> {
        let path = self.path();
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {}: {error}", self.name(), path.display()));
        let set = ["expect={}"].iter().chain(self.set).chain(wrong);
        let set: Vec<String> = set.map(ToString::to_string).collect();
        match load_str(self.scenario, &text, &set) {
            Ok(loaded) => Arc::new(Prepared::new(loaded.plan)),
            Err(errors) => panic!("{}: {}", self.name(), errors.render(false)),
        }
    }

    fn path(&self) -> PathBuf {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = format!("{}.json", self.scenario);
        let own = tests.join("mutants/scenarios").join(&file);
        if own.exists() { own } else { tests.join("../scenarios").join(file) }
    }
}
