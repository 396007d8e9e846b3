//! Evidence: what a judge saw, where and when.

use std::collections::BTreeMap;

use highwater_model::event::Step;
use highwater_model::ids::{NodeId, RecordId, TopicId, TopicPartition};
use highwater_model::names::Names;
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

impl Finding {
    /// The record that the finding is about: the first that the evidence names; where an offset has two values, the
    /// second, which was there before. Judges have two ways of naming one: `shop#17` and `record 17 of shop`.
    pub(crate) fn record(&self, names: &Names) -> Option<RecordId> {
        record_named(&self.evidence, self.property, names)
    }
}

/// As [`Finding::record`], of what was found of this property.
pub(crate) fn record_named(evidence: &str, property: Property, names: &Names) -> Option<RecordId> {
    let words = evidence.split(|c: char| !is_of_a_name(c)).map(|it| it.trim_end_matches('.'));
    let words: Vec<&str> = words.filter(|it| !it.is_empty()).collect();
    let of = |name: &str, number: &str| {
        let node = names.nodes.iter().position(|node| node == name)?;
        Some(RecordId::new(NodeId(node as u16), number.parse().ok()?))
    };
    let named = (0..words.len()).filter_map(|place| match (words[place].rsplit_once('#'), &words[place..]) {
        (Some((name, number)), _) => of(name, number),
        (None, ["record", number, "of", name, ..]) => of(name, number),
        (None, _) => None,
    });
    named.take(if property == Property::InconsistentOffsets { 2 } else { 1 }).last()
}

fn is_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || "-_.#".contains(c)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients_for_tests::{SHOP, names};
    use crate::history::record_name;

    #[test]
    fn the_record_that_a_finding_is_about_is_known_by_either_name() {
        let record = |evidence: &str| {
            let (property, step) = (Property::StrongIsr, Step::default());
            Finding { property, step, partition: None, evidence: evidence.to_owned() }
        };
        let (seventh, first) = (RecordId::new(SHOP, 7), RecordId::new(SHOP, 1));
        let about = |finding: Finding| finding.record(&names());
        let told =
            format!("offset 5 is {} as shop is told; before, it was shop#1", record_name(&names(), seventh));
        assert_eq!(about(record(&told)), Some(seventh));
        assert_eq!(about(Finding { property: Property::InconsistentOffsets, ..record(&told) }), Some(first));
        assert_eq!(
            about(record("offset 2 is missing, where record 7 of shop belongs (record 1 of shop)")),
            Some(seventh)
        );
        assert_eq!(about(record("at its end it lacks record 7 of shop.")), Some(seventh));
        assert_eq!(about(record("removed 1 exposed records, of nobody#3")), None);
    }
}
