//! Produces with acks=-1 that wait for the ISR. Kafka calls this place the purgatory.
//!
//! Source: 0.11.0.2 `DelayedProduce`, `ReplicaManager.appendRecords`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Acks;
use crate::coordinator::{Asker, Stored};
use crate::defects::Defect;
use crate::event::Event;
use crate::ids::{BrokerId, CorrelationId, NodeId, Offset, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, Marker, ProducePartition, ProducedPartition};
use crate::record::Record;
use crate::time::Instant;
use crate::transactions;

/// A parked produce request, within its broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParkedId(pub u64);

/// How far one partition of a produce request has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Part {
    /// Which partition.
    pub partition: TopicPartition,
    /// The records, to name them when they are acknowledged.
    pub records: Arc<[Record]>,
    /// Where they were written, if they were.
    pub written: Option<Written>,
    /// What to answer; none while it waits.
    pub answer: Option<ErrorCode>,
}

impl Part {
    /// Nothing was written.
    pub fn refused(asked: ProducePartition, error: ErrorCode) -> Self {
        let ProducePartition { partition, batch } = asked;
        Self { partition, records: batch.records, written: None, answer: Some(error) }
    }

    /// Says that every in-sync replica has these records.
    pub fn say_replicated(&self, broker: BrokerId, client: NodeId, out: &mut Effects) {
        if let Some(Written { base, end }) = self.written {
            let partition = self.partition;
            out.event(Event::Replicated { partition, broker, client, base_offset: base, end_offset: end });
        }
    }
}

/// Where records lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Written {
    /// The first record's offset.
    pub base: Offset,
    /// One past the last: the high watermark must reach it.
    pub end: Offset,
}

/// What a broker has to do once something of its own is stored, or could not be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Then {
    /// Its coordinator of groups is to hear.
    Groups(Stored),
    /// Its coordinator of transactions is to hear.
    Transactions(transactions::Stored),
    /// The coordinator that sent markers is to hear, be it this broker's own.
    Markers(Asker, Marker),
}

/// A produce request whose answer is owed; or what the broker itself wrote.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Produce {
    /// Who sent it.
    pub client: NodeId,
    /// Its number.
    pub correlation: CorrelationId,
    /// What it asked for.
    pub acks: Acks,
    /// In the request's order.
    pub parts: Vec<Part>,
    /// What is to be done instead of an answer that is sent; none for a request of a producer.
    pub then: Option<Box<Then>>,
}

impl Produce {
    /// Answers, and says what became of each part. Nothing is sent for acks=0. What the broker itself wrote is not answered but
    /// returned, with the outcome.
    pub fn answer(self, me: BrokerId, out: &mut Effects) -> Option<(Then, Vec<ProducedPartition>)> {
        let Self { client, correlation, acks, parts, then } = self;
        let mut answers = Vec::with_capacity(parts.len());
        for Part { partition, records, written, answer } in parts {
            let error = answer.expect("a produce is answered once each part has its answer");
            let told = |written: Written| written.base.plus(u64::from(Defect::AnswersOneOffsetOn.is_on()));
            let base_offset = written.filter(|_| error == ErrorCode::None).map(told);
            answers.push(ProducedPartition { partition, error, base_offset });
            let Some(Written { base: base_offset, .. }) = written else {
                out.event(Event::ProduceRefused { partition, broker: me, client, error });
                continue;
            };
            if error != ErrorCode::None {
                out.event(Event::ProduceFailed { partition, broker: me, client, base_offset, error });
            } else if acks != Acks::None {
                out.event(Event::ProduceAcknowledged {
                    partition,
                    broker: me,
                    client,
                    acks,
                    base_offset,
                    records,
                });
            }
        }
        if let Some(then) = then {
            return Some((*then, answers));
        }
        if acks != Acks::None {
            out.send(client, correlation, Body::ProduceReply { partitions: answers });
        } else if answers.iter().any(|answer| answer.error != ErrorCode::None) {
            // The producer hears of it no other way. Source: 0.11.0.2 `KafkaApis.handleProduceRequest`.
            out.closes.push(client);
        }
        None
    }
}

/// All parked produce requests of a broker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PendingAcks {
    produces: BTreeMap<ParkedId, (Instant, Produce)>,
    next: u64,
}

impl PendingAcks {
    /// Parks a request until `deadline`.
    pub fn park(&mut self, deadline: Instant, produce: Produce) -> ParkedId {
        let id = ParkedId(self.next);
        self.next += 1;
        self.produces.insert(id, (deadline, produce));
        id
    }

    /// Gives the waiting part on `partition` its answer. Returns the request if that was its last, and its deadline.
    pub fn settle(
        &mut self,
        id: ParkedId,
        partition: TopicPartition,
        error: ErrorCode,
    ) -> Option<(Instant, Produce)> {
        let (_, produce) = self.produces.get_mut(&id)?;
        for part in &mut produce.parts {
            if part.partition == partition && part.answer.is_none() {
                part.answer = Some(error);
            }
        }
        let done = produce.parts.iter().all(|part| part.answer.is_some());
        if done { self.produces.remove(&id) } else { None }
    }

    /// Time is up: every part that still waits is answered REQUEST_TIMED_OUT. Its records may commit later.
    pub fn expire(&mut self, id: ParkedId) -> Option<Produce> {
        let (_, mut produce) = self.produces.remove(&id)?;
        for part in &mut produce.parts {
            part.answer.get_or_insert(ErrorCode::RequestTimedOut);
        }
        Some(produce)
    }

    /// The client of a parked request, and its part that waits on `partition`.
    pub fn waiting_part(&self, id: ParkedId, partition: TopicPartition) -> Option<(NodeId, &Part)> {
        let (_, produce) = self.produces.get(&id)?;
        let waits = |part: &&Part| part.partition == partition && part.answer.is_none();
        Some((produce.client, produce.parts.iter().find(waits)?))
    }
}
