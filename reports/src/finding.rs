//! Evidence: what a judge saw, where and when.

use std::collections::BTreeMap;

use highwater_model::event::Step;
use highwater_model::ids::{TopicId, TopicPartition};
use serde::Serialize;

use crate::property::Property;

/// One thing that a judge saw and that a property forbids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is broken.
    pub property: Property,
    /// At which step.
    pub step: Step,
    /// On which partition, if on one.
    pub partition: Option<TopicPartition>,
    /// In words: which actors, which offsets, what was there and what should have been.
    pub evidence: String,
}

/// What one property has seen so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How often something happened that could have broken it. 0 at the end means *not exercised*.
    pub looked: u64,
    /// How often it was broken.
    pub broken: u64,
    /// The first few breaks; at most [`Tally::KEPT`].
    pub findings: Vec<Finding>,
    /// How often it was broken on each topic. Breaks that are about no partition are not among them.
    pub broken_by_topic: BTreeMap<TopicId, u64>,
}

impl Tally {
    /// How many findings are kept.
    pub const KEPT: usize = 3;

    /// Counts a break, and keeps it if it is one of the first.
    pub fn broke(&mut self, finding: impl FnOnce() -> Finding) {
        let finding = finding();
        self.broken += 1;
        if let Some(partition) = finding.partition {
            *self.broken_by_topic.entry(partition.topic).or_default() += 1;
        }
        if self.findings.len() < Self::KEPT {
            self.findings.push(finding);
        }
    }
}
