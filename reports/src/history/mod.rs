//! The black-box judge: it hears only what clients sent, were told and read, and speaks Jepsen's names.
//!
//! Every record's value is unique in a run. An offset is *reported* for a value by an acknowledged send and by each poll
//! that returns it. From these reports follow the anomalies, one a file:
//!
//! - [`inconsistent_offsets`]: one offset, two values;
//! - [`duplicate`]: one value, two offsets;
//! - [`lost_write`] and [`unseen`]: acknowledged and read by nobody, judged at the end of a run that converged, on topics that
//!   some group reads from the start.
//!
//! From who polled what, and what groups committed, follow the others:
//!
//! - [`aborted_read`]: a send that surely failed is read;
//! - [`poll_skip`] and [`nonmonotonic_poll`], [`int_poll_skip`] and [`int_nonmonotonic_poll`]: polls that jump over records or go
//!   back, from one to the next and inside one; [`poll_order`] knows where members stand;
//! - [`precommitted_read`], [`atomic_transactions`]: what readers with `read_committed` are given of [`transactions`], and of what
//!   groups make of what they read: [`processing`];
//! - [`nonmonotonic_send`]: a later send lands before an earlier one;
//! - [`reprocessed`], [`skipped`], [`key_order`]: what [`groups`] were delivered twice, committed and never finished, or finished
//!   out of its key's order.
//!
//! A failed or timed-out send is *unknown*: its records may turn up or not. A record sent with acks=0 is called done by
//! its own producer alone: it may be lost like any other, but nothing was promised.
//!
//! The cost is amortised O(1) a record: values and offsets index flat vectors. Only a value at a second offset costs
//! a lookup in an ordered set.

mod aborted_read;
mod anomaly;
mod atomic_transactions;
mod by_partition;
mod claims;
mod duplicate;
mod groups;
mod inconsistent_offsets;
mod int_nonmonotonic_poll;
mod int_poll_skip;
mod key_order;
mod keys;
mod ledger;
mod lost_write;
mod nonmonotonic_poll;
mod nonmonotonic_send;
mod offsets;
mod poll_order;
mod poll_skip;
mod precommitted_read;
mod processing;
mod reprocessed;
mod skipped;
mod spans;
mod transactions;
mod unseen;

use std::collections::BTreeSet;
use std::sync::Arc;

use highwater_model::config::Acks;
use highwater_model::event::{Event, Step};
use highwater_model::ids::{GroupId, NodeId, Offset, RecordId, TopicPartition};
use highwater_model::names::Names;
use highwater_model::record::Record;

pub use anomaly::Anomaly;
pub use groups::GroupTold;
pub use ledger::{Entry, Fate, Ledger};

use crate::clients::Writer;
use crate::latency::Samples;
use crate::promises::Promises;
use crate::property::Property;
use groups::{Delivery, Group};
use keys::Keys;
use nonmonotonic_send::NonmonotonicSend;
use offsets::Offsets;
use poll_order::{Known, PollOrder};
use processing::Processing;
use transactions::Transactions;

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
    /// By topic; empty where producers write to one topic only.
    latencies_by_topic: Vec<Samples>,
    told: Told,
    inconsistent_offsets: Anomaly,
    duplicate: Anomaly,
    lost_write: Anomaly,
    unseen: Anomaly,
    aborted_read: Anomaly,
    transactions: Transactions,
    precommitted_read: Anomaly,
    atomic_transactions: Anomaly,
    processing: Processing,
    poll_order: PollOrder,
    nonmonotonic_send: NonmonotonicSend,
    keys: Keys,
    /// By group.
    groups: Vec<Group>,
    reprocessed: Anomaly,
    skipped: Anomaly,
    key_order: Anomaly,
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
            latencies_by_topic: Vec::new(),
            told: Told::default(),
            inconsistent_offsets: Anomaly::default(),
            duplicate: Anomaly::default(),
            lost_write: Anomaly::default(),
            unseen: Anomaly::default(),
            aborted_read: Anomaly::default(),
            transactions: Transactions::default(),
            precommitted_read: Anomaly::default(),
            atomic_transactions: Anomaly::default(),
            processing: Processing::default(),
            poll_order: PollOrder::default(),
            nonmonotonic_send: NonmonotonicSend::default(),
            keys: Keys::default(),
            groups: Vec::new(),
            reprocessed: Anomaly::default(),
            skipped: Anomaly::default(),
            key_order: Anomaly::default(),
        }
    }

    /// The same, with latencies topic by topic if producers write to several.
    #[must_use]
    pub fn of_producers(mut self, producers: &[Writer]) -> Self {
        let topics = || producers.iter().map(|producer| usize::from(producer.topic.0));
        if topics().min() != topics().max() {
            self.latencies_by_topic = vec![Samples::default(); topics().max().unwrap_or_default() + 1];
        }
        self
    }

    /// Hears one event. All but those that clients can tell are passed over.
    #[inline]
    pub fn hear(&mut self, step: &Step, event: &Event, promises: &Promises) {
        if let Event::RecordSent { client, partition, record } = event {
            self.on_sent(step, *client, *partition, record, promises);
        } else if let Event::SendAcknowledged { client, partition, base_offset, records } = event {
            self.on_acknowledged(step, *client, *partition, *base_offset, records, promises);
        } else if let Event::SendFailed { partition, records, definite, .. } = event {
            self.on_failed(step, *partition, records, *definite);
        } else if let Event::RecordsPolled { client, group, partition, from, batch } = event {
            let (client, group, partition, from) = (*client, *group, *partition, *from);
            self.on_polled(step, Delivery { client, group, partition, from, batch }, promises);
        } else if let Event::RecordsProcessed { group, partition, from, to, .. } = event {
            groups::processed(self, step, *group, (*partition, *from, *to), promises);
        } else if let Event::OffsetCommitted { group, partition, offset, .. } = event {
            let committed = groups::group(&mut self.groups, *group).committed.at(*partition);
            *committed = (*committed).max(*offset);
        } else if let Event::PositionReset { client, group, partition, to } = event {
            self.poll_order.reset(*client, *partition);
            groups::positioned(self, *group, *partition, *to);
        } else if let Event::PartitionsCreated { partition, count } = event {
            groups::grew(self, *partition, *count);
        } else if let Event::PartitionsAssigned { client, partitions, .. } = event {
            self.poll_order.assigned(*client, partitions);
        } else if let Event::PartitionsRevoked { client, partitions, .. }
        | Event::MemberFenced { client, partitions, .. } = event
        {
            self.poll_order.lost(*client, partitions);
        } else if let Event::TransactionBegun { client, transaction, number } = event {
            self.transactions.begun(*client, *transaction, *number);
        } else if let Event::TransactionEnded { client, commit, .. } = event {
            transactions::ended(self, step, *client, *commit, promises);
        } else if let Event::ProducerFenced { client, .. } = event {
            self.transactions.lost(*client);
        } else if let Event::ProducerInitialized { transaction, producer, .. } = event {
            self.transactions.initialized(*transaction, *producer);
        } else if let Event::MarkerAppended { partition, marker, offset, .. } = event {
            self.transactions.marked(marker, *partition, *offset);
        } else if let Event::TransactionMoved { transaction, state, .. } = event {
            self.transactions.moved(step, *transaction, *state);
        } else if let Event::NodeStopped { node, .. } | Event::NodeRestarted { node } = event {
            self.transactions.lost(*node);
            self.poll_order.restarted(*node);
            self.nonmonotonic_send.restarted(*node);
        }
    }

    fn on_sent(
        &mut self,
        step: &Step,
        client: NodeId,
        partition: TopicPartition,
        record: &Record,
        promises: &Promises,
    ) {
        let stream = self.keys.stream(client, record);
        let transaction = self.transactions.joined(client, record.value, partition);
        if transaction > 0 {
            precommitted_read::goes_on(self, step, transaction, promises);
        }
        self.processing.sent(record);
        let entry = self.records.entry(record.value);
        entry.transaction = transaction;
        if entry.fate == Fate::Unsent {
            self.told.sent += 1;
            entry.sent_at = step.at;
        } else {
            entry.resent = true;
        }
        entry.fate = Fate::Pending;
        entry.partition = partition;
        entry.stream = stream;
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
        let firm = promises.is_firm(client, partition.topic);
        if let Some(base) = base_offset {
            let what = (base, records);
            self.nonmonotonic_send.acknowledged((step, client), partition, what, promises, &self.names);
        }
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
            let took = step.at.since(entry.sent_at);
            self.latencies.push(took);
            if let Some(of_topic) = self.latencies_by_topic.get_mut(usize::from(partition.topic.0)) {
                of_topic.push(took);
            }
            if let Some(base) = base_offset {
                let (offset, value) = (base.plus(place), record.value);
                let other = self.take(step, Report { partition, offset, value, firm }, promises);
                if firm {
                    self.offsets.acknowledged((partition, offset), value, other);
                }
            }
        }
    }

    fn on_failed(&mut self, step: &Step, partition: TopicPartition, records: &[Record], definite: bool) {
        self.told.failed += records.len() as u64;
        for record in records {
            if definite {
                aborted_read::refused(self, step, partition, record.value);
            } else {
                self.records.entry(record.value).fate = Fate::Failed;
            }
        }
    }

    fn on_polled(&mut self, step: &Step, delivery: Delivery<'_>, promises: &Promises) {
        let Delivery { client, group, partition, from, batch } = delivery;
        let committed_only = promises.committed_only(group);
        let skipped = from.0.saturating_sub(batch.base_offset.0) as usize;
        for (place, record) in (0..).zip(batch.records.iter()).skip(skipped) {
            let offset = batch.base_offset.plus(place);
            let report = Report { partition, offset, value: record.value, firm: true };
            self.told.delivered += 1;
            self.duplicate.looked();
            // First of all: what the others find names the place.
            if self.take(step, report, promises) {
                groups::given_another(&mut self.groups, group, (partition, offset, record.value));
            }
            let entry = self.records.entry(record.value);
            entry.read = true;
            entry.read_committed |= committed_only;
            let (refused, in_transaction) = (entry.fate == Fate::Refused, entry.transaction > 0);
            if committed_only && in_transaction {
                precommitted_read::read(self, step, client, report, promises);
            }
            if refused {
                aborted_read::read(self, step, partition, record.value);
            }
        }
        let end = batch.end_offset();
        self.offsets.read_up_to(partition, end);
        let known = Known {
            offsets: &self.offsets,
            records: &self.records,
            transactions: &self.transactions,
            names: &self.names,
        };
        self.poll_order.polled((step, client), partition, (from, end), committed_only, known);
        groups::delivered(self, step, delivery, promises);
    }

    /// Whether the cluster stands by another value at that offset, and now is said to stand by this one.
    fn take(&mut self, step: &Step, report: Report, promises: &Promises) -> bool {
        let other = inconsistent_offsets::look(self, step, report, promises);
        duplicate::look(self, step, report, promises);
        other
    }

    /// The run is over, however it ended.
    pub fn close(&mut self) {
        self.poll_order.close(Known {
            offsets: &self.offsets,
            records: &self.records,
            transactions: &self.transactions,
            names: &self.names,
        });
    }

    /// Judges what only the end can tell. Only for a run that converged: until then, someone may still read.
    pub fn finish(&mut self, step: &Step, promises: &Promises) {
        for claim in claims::claims(&self.records, &self.offsets) {
            if promises.read_from_start(claim.partition.topic) && self.is_owed(&claim) {
                lost_write::judge(self, &claim, step, promises);
                unseen::judge(self, &claim, step, promises);
            }
        }
        skipped::judge(self, step, promises);
        atomic_transactions::judge(self, step, promises);
        processing::judge(self, step, promises);
    }

    /// Whether readers are owed a record that its producer takes for done: unless its transaction was not committed, and
    /// perhaps all of them read only what is.
    fn is_owed(&self, claim: &claims::Claim) -> bool {
        self.records.get(claim.value).is_none_or(|entry| self.transactions.must_be_given(entry))
    }

    /// What one of the anomalies has shown; nothing for other properties.
    pub fn anomaly(&self, property: Property) -> Option<&Anomaly> {
        [
            (Property::InconsistentOffsets, &self.inconsistent_offsets),
            (Property::Duplicate, &self.duplicate),
            (Property::LostWrite, &self.lost_write),
            (Property::Unseen, &self.unseen),
            (Property::AbortedRead, &self.aborted_read),
            (Property::PrecommittedRead, &self.precommitted_read),
            (Property::AtomicTransactions, &self.atomic_transactions),
            (Property::PollSkip, &self.poll_order.skips[0]),
            (Property::NonmonotonicPoll, &self.poll_order.backwards[0]),
            (Property::IntPollSkip, &self.poll_order.skips[1]),
            (Property::IntNonmonotonicPoll, &self.poll_order.backwards[1]),
            (Property::NonmonotonicSend, &self.nonmonotonic_send.anomaly),
            (Property::Reprocessed, &self.reprocessed),
            (Property::Skipped, &self.skipped),
            (Property::KeyOrder, &self.key_order),
        ]
        .into_iter()
        .find_map(|(name, anomaly)| (name == property).then_some(anomaly))
    }

    /// How many records were sent, answered and read.
    pub fn told(&self) -> Told {
        self.told
    }

    /// How much a group was delivered.
    pub fn told_to(&self, group: GroupId) -> GroupTold {
        self.groups.get(usize::from(group.0)).map_or_else(GroupTold::default, |group| group.told)
    }

    /// What is known of each record.
    pub fn records(&self) -> &Ledger {
        &self.records
    }

    /// Values at offsets other than the first that was reported for them.
    pub fn copies(&self) -> &BTreeSet<(RecordId, TopicPartition, Offset)> {
        &self.copies
    }

    /// How long acknowledgements took: all, and by topic if producers write to several.
    pub fn into_latencies(self) -> (Samples, Vec<Samples>) {
        (self.latencies, self.latencies_by_topic)
    }
}

/// `shop#17`: the eighteenth record of the producer `shop`.
pub fn record_name(names: &Names, value: RecordId) -> String {
    format!("{}#{}", names.node(value.client()), value.number())
}

/// `shop#17 at offset 5 of orders-0`, if anyone was told of a place.
fn located(names: &Names, value: RecordId, place: Option<(TopicPartition, Offset)>) -> String {
    let name = record_name(names, value);
    match place {
        Some((partition, offset)) => format!("{name} at offset {offset} of {}", names.partition(partition)),
        None => name,
    }
}

#[cfg(test)]
mod groups_test;
#[cfg(test)]
#[path = "history_test.rs"]
mod history_test;
#[cfg(test)]
mod order_test;
