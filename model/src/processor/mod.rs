//! An application that reads, processes and writes: a group's member and a transactional producer in one process.
//!
//! What a poll returned is processed within one transaction: one record is written for each that was read, and the transaction
//! commits the group's offsets with them (KIP-98, KIP-447). It polls again when the transaction has ended; if that was aborted, it
//! goes back to what the group has committed. If its producer can do nothing any more, mostly because its coordinator gave the
//! transaction up, it closes that producer and goes on with a new one.
//!
//! Source: 2.5.0 `kafka.examples.ExactlyOnceMessageProcessor`.
//!
//! The member and the producer do not know of each other. Their requests are told apart by their correlations.

use std::sync::Arc;

use crate::client::network::life_of;
use crate::group::{Member, MemberSetup, Polled};
use crate::ids::{GroupId, NodeId, RecordId, TopicId};
use crate::machine::{Command, Effects, Input, Machine};
use crate::producer::{Offsets, Outcome, Producer, ProducerSetup};
use crate::record::{Content, Origin, Record};
use crate::time::Instant;
use crate::view::ClusterView;

/// The lives of a process's producers are numbered from here on, and those of its member below.
const PRODUCERS: u32 = 1 << 9;

/// How many producers a process may come to have.
const PRODUCERS_OF_A_LIFE: u32 = 1 << 4;

/// What a processor is made of.
#[derive(Clone, Debug)]
pub struct ProcessorSetup {
    /// Its member.
    pub member: MemberSetup,
    /// Its producer, on the same node.
    pub producer: ProducerSetup,
    /// Where it writes.
    pub topic: TopicId,
    /// The size of what it writes for each record.
    pub record_bytes: u32,
    /// How many records it has written in former lives.
    pub written: u32,
}

/// A processor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Processor {
    node: NodeId,
    group: GroupId,
    member: Member,
    producer: Producer,
    /// Of the next producer.
    next: ProducerSetup,
    topic: TopicId,
    record_bytes: u32,
    written: u32,
    /// Whether commits say which member of which generation has read. Source: KIP-447.
    names_member: bool,
    closing: bool,
}

impl Processor {
    /// A processor that has not been started.
    pub fn new(setup: ProcessorSetup) -> Self {
        let ProcessorSetup { member, producer: mut next, topic, record_bytes, written } = setup;
        let (node, group) = (member.node, member.group);
        next.life = PRODUCERS + next.life * PRODUCERS_OF_A_LIFE % PRODUCERS;
        let names_member = next.config.protocol.pending_offsets_refused;
        let producer = Producer::new(next.clone());
        let member = Member::new(member).handing_over();
        Self {
            node,
            group,
            member,
            producer,
            next,
            topic,
            record_bytes,
            written,
            names_member,
            closing: false,
        }
    }

    /// How many records it has written in this life and those before.
    pub fn written(&self) -> u32 {
        self.written
    }

    /// Takes what a poll returned, and how transactions went, as long as there is any of it.
    fn go_on(&mut self, now: Instant, out: &mut Effects) {
        loop {
            if let Some(outcome) = self.producer.take_outcome() {
                if outcome == Outcome::Over {
                    self.begin_anew(now, out);
                }
                if self.member.is_in_transaction() {
                    self.member.transaction_over(outcome == Outcome::Committed, now, out);
                }
            } else if self.closing && !self.member.is_in_transaction() {
                self.closing = false;
                self.member.handle(now, Input::Command(Command::Close), out);
            } else if let Some(polled) = self.member.take_polled() {
                self.process(polled, now, out);
            } else {
                return;
            }
        }
    }

    /// One transaction: a record for each that was read, and how far the group has come with them.
    fn process(&mut self, polled: Polled, now: Instant, out: &mut Effects) {
        let Polled { inputs, offsets, member } = polled;
        let (group, topic, size_bytes) = (self.group, self.topic, self.record_bytes);
        let member = member.filter(|_| self.names_member);
        self.producer.commit_with_next(Offsets { group, member, offsets });
        let mut ask = |command| self.producer.handle(now, Input::Command(command), out);
        ask(Command::BeginTransaction);
        for (partition, offset) in inputs {
            let value = RecordId::new(self.node, self.written);
            self.written += 1;
            let content = Some(Arc::new(Content::Output(Origin { group, partition, offset })));
            let record = Record { value, content, size_bytes };
            ask(Command::Send { topic, partition: None, record });
        }
        ask(Command::CommitTransaction);
    }

    /// Closes the producer and makes another one.
    fn begin_anew(&mut self, now: Instant, out: &mut Effects) {
        self.next.life = PRODUCERS + (self.next.life + 1) % PRODUCERS;
        self.producer = Producer::new(self.next.clone());
        self.producer.handle(now, Input::Start, out);
    }
}

impl Machine for Processor {
    fn handle(&mut self, now: Instant, input: Input, out: &mut Effects) {
        match input {
            Input::Message { from, message } if life_of(message.correlation) >= PRODUCERS => {
                self.producer.handle(now, Input::Message { from, message }, out);
            }
            Input::Message { .. } => self.member.handle(now, input, out),
            Input::Command(Command::Close) => self.closing = true,
            Input::Start | Input::Disconnected(_) | Input::Deadline => {
                self.producer.handle(now, input.clone(), out);
                self.member.handle(now, input, out);
            }
            Input::Command(_) => {}
        }
        self.go_on(now, out);
    }

    fn next_deadline(&self) -> Option<Instant> {
        Instant::first(self.member.next_deadline(), self.producer.next_deadline())
    }

    fn show(&mut self, view: &mut ClusterView) {
        self.member.show(view);
        self.producer.show(view);
    }
}
