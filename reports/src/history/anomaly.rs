//! One anomaly's tally, kept apart for those who were promised that it would not happen.

use std::collections::BTreeMap;

use crate::finding::{Finding, Tally};

/// What one anomaly has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anomaly {
    /// How often something happened that could have shown it.
    pub looked: u64,
    /// Where settings promised its absence.
    pub promised: Tally,
    /// Where they did not.
    pub unpromised: Tally,
}

impl Anomaly {
    /// Counts something that could have shown it.
    pub fn looked(&mut self) {
        self.looked += 1;
    }

    /// Counts one.
    pub fn broke(&mut self, promised: bool, finding: impl FnOnce() -> Finding) {
        let tally = if promised { &mut self.promised } else { &mut self.unpromised };
        // Instances come by the thousand, and whose they are is known: no more is said than is kept.
        if tally.findings.len() < Tally::KEPT {
            tally.broke(finding);
        } else {
            tally.broken += 1;
        }
    }

    /// All of it, the broken promises first.
    pub fn tally(&self) -> Tally {
        let kept = self.promised.findings.iter().chain(&self.unpromised.findings);
        Tally {
            looked: self.looked,
            broken: self.promised.broken + self.unpromised.broken,
            findings: kept.take(Tally::KEPT).cloned().collect(),
            broken_by_topic: BTreeMap::new(),
        }
    }
}
