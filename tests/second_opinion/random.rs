//! Both judges on histories that no cluster would make: clients that are told anything in any order, lies among it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use highwater_model::event::{Event, Step, StepId};
use highwater_model::ids::{
    BrokerId, BrokerSet, CorrelationId, Generation, GroupId, LeaderEpoch, MemberId, NodeId, Offset,
    ProducerEpoch, ProducerId, RecordId, TopicId, TopicPartition, TransactionalId,
};
use highwater_model::machine::{Ending, Input};
use highwater_model::message::{Body, Envelope, ErrorCode, Message, TransactionState, TransactionalProducer};
use highwater_model::record::{Batch, Content, Origin, Record};
use highwater_model::time::Instant;
use highwater_reports::end::RunEnd;
use highwater_reports::history::History;
use highwater_reports::history_file::header::Header;
use highwater_reports::history_file::{Recorder, jsonl};
use highwater_reports::promises::Promises;
use highwater_reports::property::Property;
use highwater_sim::prepared::Prepared;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use serde_json::json;

use super::{PROPERTIES, opinions};
use crate::support::scenario;

/// The producers: transactional, with acks=1, and with acks=0.
const PRODUCERS: [NodeId; 3] = [NodeId(4), NodeId(5), NodeId(6)];
/// A member of each group: with `read_committed`, with an application that takes its time, and one that begins at the end.
const MEMBERS: [(GroupId, NodeId); 3] =
    [(GroupId(0), NodeId(7)), (GroupId(1), NodeId(8)), (GroupId(2), NodeId(9))];
const BROKER: NodeId = NodeId(1);
const PAY: TransactionalId = TransactionalId(0);

/// Small clusters: with clean and unclean elections, and with a topic whose acks=-1 means the leader alone.
fn clusters() -> &'static [Arc<Prepared>] {
    static CLUSTERS: OnceLock<Vec<Arc<Prepared>>> = OnceLock::new();
    CLUSTERS.get_or_init(|| {
        [json!({}), json!({ "unclean.leader.election.enable": true })]
            .into_iter()
            .map(|config| {
                let producer = |name, config| json!({ "name": name, "topic": "orders", "records": 1, "every_ms": 1, "config": config });
                let mut pay = producer("pay", json!({ "transactional.id": "pay" }));
                pay["transactions"] = json!({ "records": 1 });
                let group = |name, config| json!({ "name": name, "topics": ["orders"], "config": config });
                let mut busy = group("busy", json!({ "auto.offset.reset": "earliest" }));
                busy["service_rate"] = json!({ "records_per_second": 10 });
                scenario(&json!({
                    "protocol": "4.0-elr",
                    "topics": [{ "name": "orders", "partitions": 2, "replication": 3, "config": config }],
                    "producers": [pay, producer("web", json!({ "acks": "1", "enable.idempotence": false })), producer("log", json!({ "acks": "0", "enable.idempotence": false }))],
                    "groups": [
                        group("careful", json!({ "auto.offset.reset": "earliest", "isolation.level": "read_committed" })),
                        busy,
                        group("late", json!({ "auto.offset.reset": "latest" }))
                    ]
                }))
            })
            .collect()
    })
}

/// Something that happens to a client. Numbers say which one of few.
#[derive(Clone, Debug)]
enum Happens {
    Sent { producer: usize, partition: u16, number: u32, made_of: Option<u64> },
    Acknowledged { producer: usize, partition: u16, number: u32, count: u32, base: u64 },
    Failed { producer: usize, partition: u16, number: u32, definite: bool },
    Polled { member: usize, partition: u16, from: u64, values: Vec<(usize, u32)>, same_poll: bool },
    Finished { partition: u16, from: u64, count: u64 },
    Assigned { member: usize, partitions: Vec<u16> },
    Revoked { member: usize, partition: u16 },
    Positioned { member: usize, partition: u16, to: u64 },
    Commits { member: usize, partition: u16, offset: u64, stored: bool, told: bool },
    Begins,
    AsksForEnd { commit: bool },
    Decides,
    CompletesLate,
    IsTold,
    Fenced,
    Restarts { client: usize },
    Grows,
}

fn happens() -> impl Strategy<Value = Happens> {
    use Happens::*;
    // Few of each, and some more often than others, so that what is told of one bears on another.
    let producer = prop_oneof![4 => Just(0_usize), 2 => Just(1), 1 => Just(2)];
    let member = prop_oneof![3 => Just(0_usize), 2 => Just(1), 1 => Just(2)];
    let partition = prop_oneof![4 => Just(0_u16), 1 => Just(1)];
    let (number, offset) = (0..5_u32, 0..5_u64);
    prop_oneof![
        6 => (producer.clone(), partition.clone(), number.clone(), proptest::option::weighted(0.2, offset.clone()))
            .prop_map(|(producer, partition, number, made_of)| Sent { producer, partition, number, made_of }),
        6 => (producer.clone(), partition.clone(), number.clone(), 1..3_u32, offset.clone())
            .prop_map(|(producer, partition, number, count, base)| Acknowledged { producer, partition, number, count, base }),
        2 => (producer.clone(), partition.clone(), number.clone(), any::<bool>())
            .prop_map(|(producer, partition, number, definite)| Failed { producer, partition, number, definite }),
        8 => (member.clone(), partition.clone(), offset.clone(), vec((producer, number), 1..3), any::<bool>())
            .prop_map(|(member, partition, from, values, same_poll)| Polled { member, partition, from, values, same_poll }),
        1 => (partition.clone(), offset.clone(), 1..3_u64)
            .prop_map(|(partition, from, count)| Finished { partition, from, count }),
        1 => (member.clone(), vec(partition.clone(), 0..2)).prop_map(|(member, partitions)| Assigned { member, partitions }),
        1 => (member.clone(), partition.clone()).prop_map(|(member, partition)| Revoked { member, partition }),
        1 => (member.clone(), partition.clone(), offset.clone())
            .prop_map(|(member, partition, to)| Positioned { member, partition, to }),
        2 => (member, partition, offset, any::<bool>(), any::<bool>())
            .prop_map(|(member, partition, offset, stored, told)| Commits { member, partition, offset, stored, told }),
        3 => Just(Begins),
        3 => any::<bool>().prop_map(|commit| AsksForEnd { commit }),
        3 => Just(Decides),
        1 => Just(CompletesLate),
        3 => Just(IsTold),
        1 => Just(Fenced),
        1 => (0..6_usize).prop_map(|client| Restarts { client }),
        1 => Just(Grows),
    ]
}

/// Where the transactional producer stands: it is told nothing that was not decided, and nothing is decided that it did not ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Ready,
    Open,
    Asked(bool),
    Decided(bool),
}

/// Both judges, hearing the same.
struct Both {
    prepared: Arc<Prepared>,
    judge: History,
    promises: Promises,
    recorder: Recorder,
    step: Step,
    stage: Stage,
    transactions: u32,
    /// What producers were handed: of nothing else are they told how it went.
    handed: BTreeSet<(usize, u32)>,
}

impl Both {
    fn new(prepared: &Arc<Prepared>) -> Self {
        let setup = &prepared.panel;
        let mut promises = Promises::new(&setup.config, &setup.producers, &setup.groups);
        // Clients know of no election: where there may be an unclean one, there has been one.
        for topic in (0..).map(TopicId).zip(&setup.config.topics).map(|(id, _)| id) {
            promises.hear(&unclean_election(topic));
        }
        Self {
            prepared: Arc::clone(prepared),
            judge: History::new(Arc::clone(&setup.names)),
            promises,
            recorder: Recorder::new(setup.config.brokers),
            step: Step::default(),
            stage: Stage::Ready,
            transactions: 0,
            handed: BTreeSet::new(),
        }
    }

    /// A step of its own at a time of its own.
    fn take(&mut self, node: NodeId, input: Option<Body>, events: &[Event], sends: Option<Body>) {
        self.step =
            Step { id: StepId(self.step.id.0 + 1), node, at: Instant(self.step.at.0 + 1_000), ..self.step };
        self.go_on(input, events, sends);
    }

    /// More of the same step.
    fn go_on(&mut self, input: Option<Body>, events: &[Event], sends: Option<Body>) {
        let message = |body| Message { correlation: CorrelationId(self.step.id.0 as u32), body };
        let input = input.map(|body| Input::Message { from: BROKER, message: message(body) });
        let sends: Vec<Envelope> =
            sends.map(|body| Envelope { to: BROKER, message: message(body) }).into_iter().collect();
        self.recorder.take(&self.step, input.as_ref(), events, &sends);
        for event in events {
            self.promises.hear(event);
            self.judge.hear(&self.step, event, &self.promises);
        }
    }

    fn happens(&mut self, what: &Happens) {
        match what {
            // Who has asked for a transaction's end hands nothing over until it is told how it ended.
            Happens::Sent { producer: 0, .. } if !matches!(self.stage, Stage::Ready | Stage::Open) => {}
            Happens::Sent { producer, partition, number, made_of } => {
                self.handed.insert((*producer, *number));
                let (client, partition) = (PRODUCERS[*producer], orders(*partition));
                let origin =
                    |offset| Content::Output(Origin { group: GroupId(0), partition, offset: Offset(offset) });
                let record = Record {
                    content: made_of.map(|offset| Arc::new(origin(offset))),
                    ..record(*producer, *number)
                };
                self.take(client, None, &[Event::RecordSent { client, partition, record }], None);
            }
            Happens::Acknowledged { producer, partition, number, count, base } => {
                let client = PRODUCERS[*producer];
                let handed = |number: &u32| self.handed.contains(&(*producer, *number));
                let numbers = (*number..number + count).take_while(handed);
                let records: Arc<[Record]> = numbers.map(|number| record(*producer, number)).collect();
                if records.is_empty() {
                    return;
                }
                let base_offset = (client != PRODUCERS[2]).then_some(Offset(*base));
                let partition = orders(*partition);
                self.take(
                    client,
                    None,
                    &[Event::SendAcknowledged { client, partition, base_offset, records }],
                    None,
                );
            }
            Happens::Failed { producer, partition, number, definite }
                if self.handed.contains(&(*producer, *number)) =>
            {
                let (client, partition) = (PRODUCERS[*producer], orders(*partition));
                let (records, error) = ([record(*producer, *number)].into(), ErrorCode::RequestTimedOut);
                let failed = Event::SendFailed { client, partition, records, error, definite: *definite };
                self.take(client, None, &[failed], None);
            }
            Happens::Failed { .. } => {}
            Happens::Begins
            | Happens::AsksForEnd { .. }
            | Happens::Decides
            | Happens::CompletesLate
            | Happens::IsTold
            | Happens::Fenced => {
                self.happens_to_a_transaction(what);
            }
            Happens::Restarts { client } => {
                let node = NodeId(4 + *client as u16);
                if node == PRODUCERS[0] {
                    self.stage = Stage::Ready;
                }
                let (stopped, again) =
                    (Event::NodeStopped { node, ending: Ending::Process }, Event::NodeRestarted { node });
                self.take(NodeId::CONTROLLER, None, &[stopped], None);
                self.take(NodeId::CONTROLLER, None, &[again], None);
            }
            Happens::Grows => {
                let created = Event::PartitionsCreated { partition: orders(1), count: 2 };
                self.take(NodeId::CONTROLLER, None, &[created], None);
            }
            Happens::Polled { .. }
            | Happens::Finished { .. }
            | Happens::Assigned { .. }
            | Happens::Revoked { .. }
            | Happens::Positioned { .. }
            | Happens::Commits { .. } => {
                self.happens_to_a_member(what);
            }
        }
    }

    fn happens_to_a_member(&mut self, what: &Happens) {
        match what {
            Happens::Polled { member, partition, from, values, same_poll } => {
                let (group, client) = MEMBERS[*member];
                let records = values.iter().map(|(producer, number)| record(*producer, *number)).collect();
                let (base_offset, leader_epoch) = (Offset(*from), LeaderEpoch(0));
                let batch = Arc::new(Batch { base_offset, leader_epoch, producer: None, records });
                let polled = Event::RecordsPolled {
                    client,
                    group,
                    partition: orders(*partition),
                    from: base_offset,
                    batch,
                };
                let was_a_poll = self.recorder.ops().last().is_some_and(|op| op.what.f() == "poll");
                if *same_poll && was_a_poll && self.step.node == client {
                    self.go_on(None, &[polled], None);
                } else {
                    self.take(client, None, &[polled], None);
                }
            }
            Happens::Finished { partition, from, count } => {
                let (group, client) = MEMBERS[1];
                let (partition, from, to) = (orders(*partition), Offset(*from), Offset(from + count));
                self.take(
                    client,
                    None,
                    &[Event::RecordsProcessed { client, group, partition, from, to }],
                    None,
                );
            }
            Happens::Assigned { member, partitions } => {
                let (group, client) = MEMBERS[*member];
                let partitions = partitions.iter().map(|partition| orders(*partition)).collect();
                let given =
                    Event::PartitionsAssigned { client, group, generation: Generation(0), partitions };
                self.take(client, None, &[given], None);
            }
            Happens::Revoked { member, partition } => {
                let (group, client) = MEMBERS[*member];
                let partitions = [orders(*partition)].into();
                let taken = Event::PartitionsRevoked { client, group, generation: Generation(0), partitions };
                self.take(client, None, &[taken], None);
            }
            Happens::Positioned { member, partition, to } => {
                let (group, client) = MEMBERS[*member];
                let reset =
                    Event::PositionReset { client, group, partition: orders(*partition), to: Offset(*to) };
                self.take(client, None, &[reset], None);
            }
            Happens::Commits { member, partition, offset, stored, told } => {
                self.commits(MEMBERS[*member], orders(*partition), Offset(*offset), *stored, *told);
            }
            _ => unreachable!("it happens to a producer"),
        }
    }

    /// Nobody is told that a commit was stored unless it was.
    fn commits(
        &mut self,
        (group, client): (GroupId, NodeId),
        partition: TopicPartition,
        offset: Offset,
        stored: bool,
        told: bool,
    ) {
        let (member, generation) = (MemberId { client, number: 0 }, Generation(0));
        let offsets = vec![(partition, offset)];
        self.take(
            client,
            None,
            &[],
            Some(Body::OffsetCommitRequest { group, generation, member, instance: None, offsets }),
        );
        if stored {
            self.go_on(
                None,
                &[Event::OffsetCommitted { partition, broker: BrokerId(1), client, group, offset }],
                None,
            );
        }
        if told {
            let error = if stored { ErrorCode::None } else { ErrorCode::RequestTimedOut };
            self.go_on(Some(Body::OffsetCommitReply { error }), &[], None);
        }
    }

    fn happens_to_a_transaction(&mut self, what: &Happens) {
        let (client, transaction, number) = (PRODUCERS[0], PAY, self.transactions);
        match (what, self.stage) {
            (Happens::Begins, Stage::Ready) => {
                self.transactions += 1;
                self.stage = Stage::Open;
                self.take(client, None, &[Event::TransactionBegun { client, transaction, number }], None);
            }
            (Happens::AsksForEnd { commit }, Stage::Open) => {
                self.stage = Stage::Asked(*commit);
                let producer =
                    TransactionalProducer { id: PAY, producer: ProducerId(0), epoch: ProducerEpoch(0) };
                self.take(client, None, &[], Some(Body::EndTxnRequest { producer, commit: *commit }));
            }
            (Happens::Decides, Stage::Asked(commit)) => {
                self.stage = Stage::Decided(commit);
                let state =
                    if commit { TransactionState::PrepareCommit } else { TransactionState::PrepareAbort };
                self.take(BROKER, None, &[moved(state)], None);
            }
            // The markers of the last transaction are all written, when the next may have begun already.
            (Happens::CompletesLate, Stage::Ready | Stage::Open) if self.transactions > 0 => {
                self.take(BROKER, None, &[moved(TransactionState::CompleteCommit)], None);
            }
            (Happens::IsTold, Stage::Decided(commit)) => {
                self.stage = Stage::Ready;
                self.take(
                    client,
                    None,
                    &[Event::TransactionEnded { client, transaction, number, commit }],
                    None,
                );
            }
            (Happens::Fenced, Stage::Open) => {
                self.stage = Stage::Ready;
                let error = ErrorCode::ProducerFenced;
                self.take(client, None, &[Event::ProducerFenced { client, transaction, error }], None);
            }
            _ => {}
        }
    }

    /// What the one has kept is read by the other. Which properties broke, as both say.
    fn agree(mut self) -> Result<Vec<Property>, TestCaseError> {
        self.judge.close();
        self.judge.finish(&self.step, &self.promises);
        let names = &self.prepared.plan.names;
        let header = Header::new(&self.prepared.panel);
        let text = jsonl::file(&header, self.recorder.ops(), &RunEnd::Converged, names).expect("it is JSON");
        let mut broke = Vec::new();
        for (property, opinion) in opinions(&text) {
            let judged = self.judge.anomaly(property).expect("a black-box property");
            let (promised, all) = (judged.promised.broken, judged.promised.broken + judged.unpromised.broken);
            let at = format!("{}: {opinion:?}, {judged:?}\n{text}", property.name());
            prop_assert!((opinion.least..=opinion.most).contains(&all), "{at}");
            prop_assert!((opinion.promised_least..=opinion.promised_most).contains(&promised), "{at}");
            if opinion.least > 0 {
                broke.push(property);
            }
        }
        Ok(broke)
    }
}

fn orders(partition: u16) -> TopicPartition {
    TopicPartition { topic: TopicId(0), partition }
}

fn record(producer: usize, number: u32) -> Record {
    Record { value: RecordId::new(PRODUCERS[producer], number), content: None, size_bytes: 1 }
}

fn unclean_election(topic: TopicId) -> Event {
    let (partition, broker) = (TopicPartition { topic, partition: 0 }, BrokerId(1));
    Event::LeaderElected { partition, broker, epoch: LeaderEpoch(0), isr: BrokerSet::EMPTY, unclean: true }
}

fn moved(state: TransactionState) -> Event {
    let (broker, epoch) = (BrokerId(1), ProducerEpoch(0));
    Event::TransactionMoved { broker, transaction: PAY, producer: ProducerId(0), epoch, state }
}

#[test]
fn both_judges_agree_on_any_history() {
    let broke: RefCell<BTreeMap<Property, u32>> = RefCell::default();
    // The same histories each time: whoever looks for more takes another seed.
    let config = ProptestConfig {
        cases: 3_000,
        rng_seed: RngSeed::Fixed(11),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new(config);
    let done = runner.run(&(0..2_usize, vec(happens(), 1..60)), |(cluster, history)| {
        let mut both = Both::new(&clusters()[cluster]);
        for what in &history {
            both.happens(what);
        }
        for property in both.agree()? {
            *broke.borrow_mut().entry(property).or_default() += 1;
        }
        Ok(())
    });
    if let Err(error) = done {
        panic!("{error}");
    }
    let broke = broke.into_inner();
    assert!(
        broke.len() == PROPERTIES && broke.values().all(|times| *times >= 20),
        "too seldom broken to say anything: {broke:?}"
    );
}
