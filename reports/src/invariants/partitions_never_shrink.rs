//! `partitions-never-shrink`: a topic never has fewer partitions than before.
//!
//! Source: I25 of `kafka-behaviour.md`; R2 of the requirements.
//!
//! Looked at: topics that were given partitions. Broken at each that has no more than before, and once when a partition is gone.

use highwater_model::ids::{TopicId, TopicPartition};

use super::whole::Whole;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct PartitionsNeverShrink {
    pub(crate) tally: Tally,
    /// By topic, as last told.
    counts: Vec<u16>,
    reported: bool,
}

impl PartitionsNeverShrink {
    /// A topic has so many partitions now, the first new one of which is `partition`: it had as many as that one's number.
    pub(crate) fn created(&mut self, whole: &Whole<'_>, partition: TopicPartition, count: u16) {
        self.tally.looked += 1;
        let before = (*self.count(partition.topic)).max(partition.partition);
        if count <= before {
            self.tally.broke(|| {
                let evidence = format!(
                    "the topic of {} was given {count} partitions, no more than the {before} that it had",
                    whole.names.partition(partition)
                );
                whole.finding(Property::PartitionsNeverShrink, evidence)
            });
        }
        *self.count(partition.topic) = count;
    }

    /// Of the partitions that there were, some are gone.
    pub(crate) fn shrank(&mut self, whole: &Whole<'_>, before: usize, now: usize) {
        self.tally.looked += 1;
        if !self.reported {
            self.reported = true;
            self.tally.broke(|| {
                let evidence = format!("the cluster shows {now} partitions, and it had {before}");
                whole.finding(Property::PartitionsNeverShrink, evidence)
            });
        }
    }

    fn count(&mut self, topic: TopicId) -> &mut u16 {
        let place = usize::from(topic.0);
        if self.counts.len() <= place {
            self.counts.resize(place + 1, 0);
        }
        &mut self.counts[place]
    }
}
