//! The black-box judge: it hears only what clients sent, were told and read, and speaks Jepsen's names.
//!
//! Every record's value is unique in a run. An offset is *reported* for a value by an acknowledged send and by each poll
//! that returns it. From these reports follow the anomalies, one a file:
//!
//! - [`inconsistent_offsets`](Property::InconsistentOffsets): one offset, two values;
//! - [`duplicate`](Property::Duplicate): one value, two offsets;
//! - [`lost_write`](Property::LostWrite) and [`unseen`](Property::Unseen): acknowledged and read by nobody, judged at
//!   the end of a run that converged, on topics that some group reads from the start.
//!
//! A failed or timed-out send is *unknown*: its records may turn up or not. A record sent with acks=0 is called done by
//! its own producer alone: it may be lost like any other, but nothing was promised.
//!
//! The cost is amortised O(1) a record: values and offsets index flat vectors. Only a value at a second offset costs
//! a lookup in an ordered set.

mod anomaly;
mod claims;
mod duplicate;
mod inconsistent_offsets;
mod ledger;
mod lost_write;
mod offsets;
mod unseen;

use std::collections::BTreeSet;
use std::sync::Arc;

use highwater_model::config::Acks;
use highwater_model::event::{Event, Step};
use highwater_model::ids::{NodeId, Offset, RecordId, TopicPartition};
use highwater_model::names::Names;
use highwater_model::record::{Batch, Record};

pub use anomaly::Anomaly;
pub use ledger::{Entry, Fate, Ledger};

use crate::latency::Samples;
use crate::promises::Promises;
use crate::property::Property;
use offsets::Offsets;

/// A value at an offset, as a client was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Report {
    partition: TopicPartition,
    offset: Offset,
    value: RecordId,
    /// Whether the cluster stands by it: polls and acks=-1 report what is committed, acks=1 only what was appended.
    firm: bool,
}

/// What clients sent, were told and read, and what was wrong with it.
#[derive(Clone, Debug)]
pub struct History {
    names: Arc<Names>,
    records: Ledger,
    offsets: Offsets,
    /// Values at offsets other than the first that was reported for them.
    copies: BTreeSet<(RecordId, TopicPartition, Offset)>,
    latencies: Samples,
    told: Told,
    inconsistent_offsets: Anomaly,
    duplicate: Anomaly,
    lost_write: Anomaly,
    unseen: Anomaly,
}

/// How many records clients sent, were told of, and read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Handed to producers.
    pub sent: u64,
    /// Acknowledged by a leader: acks=1 and -1.
    pub acknowledged: u64,
    /// Called done by a producer with acks=0, which asks nobody.
    pub unconfirmed: u64,
    /// Given up. They may be in a log all the same.
    pub failed: u64,
    /// Returned by polls, each as often as it was returned.
    pub delivered: u64,
}

impl History {
    /// An empty history. `names` are for evidence.
    pub fn new(names: Arc<Names>) -> Self {
        Self {
            names,
            records: Ledger::default(),
            offsets: Offsets::default(),
            copies: BTreeSet::new(),
            latencies: Samples::default(),
            told: Told::default(),
            inconsistent_offsets: Anomaly::default(),
            duplicate: Anomaly::default(),
            lost_write: Anomaly::default(),
            unseen: Anomaly::default(),
        }
    }

    /// Hears one event. All but the four that clients can tell are passed over.
    #[inline]
    pub fn hear(&mut self, step: &Step, event: &Event, promises: &Promises) {
        if let Event::RecordSent { partition, record, .. } = event {
            self.on_sent(step, *partition, record);
        } else if let Event::SendAcknowledged { client, partition, base_offset, records } = event {
            self.on_acknowledged(step, *client, *partition, *base_offset, records, promises);
        } else if let Event::SendFailed { records, .. } = event {
            self.on_failed(records);
        } else if let Event::RecordsPolled { partition, from, batch, .. } = event {
            self.on_polled(step, *partition, *from, batch, promises);
        }
    }

    fn on_sent(&mut self, step: &Step, partition: TopicPartition, record: &Record) {
        self.told.sent += 1;
        let entry = self.records.entry(record.value);
        entry.fate = Fate::Pending;
        entry.partition = partition;
        entry.sent_at = step.at;
    }

    fn on_acknowledged(
        &mut self,
        step: &Step,
        client: NodeId,
        partition: TopicPartition,
        base_offset: Option<Offset>,
        records: &[Record],
        promises: &Promises,
    ) {
        let acks = promises.acks(client);
        for (place, record) in (0..).zip(records) {
            let entry = self.records.entry(record.value);
            entry.answered = *step;
            if acks == Some(Acks::None) {
                entry.fate = Fate::Unconfirmed;
                self.told.unconfirmed += 1;
                continue;
            }
            entry.fate = Fate::Acknowledged;
            self.told.acknowledged += 1;
            self.latencies.push(step.at.since(entry.sent_at));
            if let Some(base) = base_offset {
                let firm = acks == Some(Acks::All);
                self.take(
                    step,
                    Report { partition, offset: base.plus(place), value: record.value, firm },
                    promises,
                );
            }
        }
    }

    fn on_failed(&mut self, records: &[Record]) {
        self.told.failed += records.len() as u64;
        for record in records {
            self.records.entry(record.value).fate = Fate::Failed;
        }
    }

    fn on_polled(
        &mut self,
        step: &Step,
        partition: TopicPartition,
        from: Offset,
        batch: &Batch,
        promises: &Promises,
    ) {
        let skipped = from.0.saturating_sub(batch.base_offset.0) as usize;
        for (place, record) in (0..).zip(batch.records.iter()).skip(skipped) {
            let offset = batch.base_offset.plus(place);
            self.told.delivered += 1;
            self.duplicate.looked();
            self.records.entry(record.value).read = true;
            self.take(step, Report { partition, offset, value: record.value, firm: true }, promises);
        }
        self.offsets.read_up_to(partition, batch.end_offset());
    }

    fn take(&mut self, step: &Step, report: Report, promises: &Promises) {
        inconsistent_offsets::look(self, step, report, promises);
        duplicate::look(self, step, report, promises);
    }

    /// Judges what only the end can tell. Only for a run that converged: until then, someone may still read.
    pub fn finish(&mut self, step: &Step, promises: &Promises) {
        for claim in claims::claims(&self.records, &self.offsets) {
            if promises.read_from_start(claim.partition.topic) {
                lost_write::judge(self, &claim, step, promises);
                unseen::judge(self, &claim, step, promises);
            }
        }
    }

    /// What one of the four anomalies has shown; nothing for other properties.
    pub fn anomaly(&self, property: Property) -> Option<&Anomaly> {
        [
            (Property::InconsistentOffsets, &self.inconsistent_offsets),
            (Property::Duplicate, &self.duplicate),
            (Property::LostWrite, &self.lost_write),
            (Property::Unseen, &self.unseen),
        ]
        .into_iter()
        .find_map(|(name, anomaly)| (name == property).then_some(anomaly))
    }

    /// How many records were sent, answered and read.
    pub fn told(&self) -> Told {
        self.told
    }

    /// What is known of each record.
    pub fn records(&self) -> &Ledger {
        &self.records
    }

    /// Values at offsets other than the first that was reported for them.
    pub fn copies(&self) -> &BTreeSet<(RecordId, TopicPartition, Offset)> {
        &self.copies
    }

    /// How long acknowledgements took.
    pub fn into_latencies(self) -> Samples {
        self.latencies
    }
}

/// `shop#17`: the eighteenth record of the producer `shop`.
pub fn record_name(names: &Names, value: RecordId) -> String {
    format!("{}#{}", names.node(value.client()), value.number())
}

#[cfg(test)]
#[path = "history_test.rs"]
mod history_test;
