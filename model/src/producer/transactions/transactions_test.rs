//! A transactional producer, its coordinator played by hand.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks at the few kinds that it is about")]

use crate::message::CoordinatorKey;
use crate::producer::bench_test::*;

const PAY: TransactionalId = TransactionalId(0);
const LEADERS: [Option<BrokerId>; 2] = [Some(ONE), Some(ONE)];

/// A producer whose coordinator is broker 2.
struct Teller {
    bench: Bench,
}

impl Teller {
    fn new(change: impl FnOnce(&mut ProducerConfig)) -> Self {
        Self::under(Switches::default(), change)
    }

    fn under(switches: Switches, change: impl FnOnce(&mut ProducerConfig)) -> Self {
        let settings = settings(|settings| {
            five_in_flight(settings);
            change(settings);
        });
        let mut teller = Self { bench: Bench::started_as(Some(PAY), switches, settings) };
        let init = |body: &Body| matches!(body, Body::InitProducerIdRequest { .. });
        assert!(!teller.bench.requests.iter().any(|(.., body)| init(body)), "nobody has asked for anything");
        teller.command(Command::BeginTransaction);
        teller
    }

    /// Answers metadata and the search for the coordinator until nothing of that is left.
    fn settle(&mut self) {
        let clerks =
            |body: &Body| matches!(body, Body::MetadataRequest | Body::FindCoordinatorRequest { .. });
        while let Some(at) = self.bench.requests.iter().position(|(.., body)| clerks(body)) {
            let (broker, correlation, body) = self.bench.requests.remove(at);
            let reply = match body {
                Body::FindCoordinatorRequest { key } => {
                    assert_eq!(key, CoordinatorKey::Transaction(PAY));
                    Body::FindCoordinatorReply { error: ErrorCode::None, coordinator: Some(TWO) }
                }
                _ => led_by(&LEADERS),
            };
            self.bench.answer(broker, correlation, reply);
        }
    }

    fn command(&mut self, command: Command) {
        self.bench.input(Input::Command(command));
        self.settle();
    }

    /// The one request to the coordinator, answered.
    fn answer(&mut self, reply: Body) -> Body {
        let at = self.bench.requests.iter().position(|(broker, ..)| *broker == TWO);
        let (broker, correlation, body) = self.bench.requests.remove(at.expect("it asks its coordinator"));
        self.bench.answer(broker, correlation, reply);
        self.settle();
        body
    }

    fn init(&mut self, epoch: u16) -> Body {
        let (error, id, epoch) = (ErrorCode::None, ProducerId(7), ProducerEpoch(epoch));
        self.answer(Body::InitProducerIdReply { error, id, epoch })
    }

    fn add(&mut self, error: ErrorCode) -> Vec<TopicPartition> {
        match self.answer(Body::AddPartitionsToTxnReply { error }) {
            Body::AddPartitionsToTxnRequest { partitions, .. } => partitions,
            other => panic!("{other:?}"),
        }
    }

    /// How the coordinator is asked to end the transaction, and answers.
    fn end(&mut self, error: ErrorCode, next: Option<(ProducerId, ProducerEpoch)>) -> bool {
        match self.answer(Body::EndTxnReply { error, next }) {
            Body::EndTxnRequest { commit, .. } => commit,
            other => panic!("{other:?}"),
        }
    }

    /// A producer with a session whose transaction is open and has sent a record to partition 0.
    fn with_a_record_sent(change: impl FnOnce(&mut ProducerConfig)) -> (Self, Produce) {
        let mut teller = Self::new(change);
        teller.init(0);
        teller.command(Command::BeginTransaction);
        teller.bench.send(0);
        teller.settle();
        teller.add(ErrorCode::None);
        teller.bench.pass(1_000);
        let produce = teller.bench.produce();
        (teller, produce)
    }

    fn told(&mut self) -> Vec<String> {
        let told = |event: &Event| match event {
            Event::TransactionBegun { number, .. } => Some(format!("begun {number}")),
            Event::TransactionEnded { number, commit, .. } => Some(format!("ended {number} {commit}")),
            Event::TransactionFailed { number, error, .. } => {
                Some(format!("failed {number} {}", error.name()))
            }
            Event::ProducerFenced { error, .. } => Some(format!("fenced {}", error.name())),
            _ => None,
        };
        self.bench.events.iter().filter_map(told).collect()
    }
}

#[test]
fn nothing_is_sent_before_the_coordinator_knows_of_the_partition() {
    let mut teller = Teller::new(|_| ());
    teller.command(Command::BeginTransaction);
    assert!(teller.told().is_empty(), "the application waits for the session");
    let Body::InitProducerIdRequest { transactional: Some(init) } = teller.init(3) else { panic!("an init") };
    assert_eq!((init.id, init.timeout, init.current), (PAY, Micros::from_millis(60_000), None));
    teller.bench.send(1);
    teller.settle();
    assert!(teller.bench.produces().is_empty());
    assert_eq!(teller.add(ErrorCode::None), [partition(1)]);
    let produce = teller.bench.produce();
    let stamp = produce.partitions[0].batch.producer.unwrap();
    assert_eq!((stamp.epoch, stamp.transactional), (ProducerEpoch(3), true));
}

#[test]
fn a_commit_waits_for_all_acknowledgements() {
    let (mut teller, produce) = Teller::with_a_record_sent(|_| ());
    teller.command(Command::CommitTransaction);
    assert!(teller.bench.requests.is_empty(), "{:?}", teller.bench.requests);
    teller.command(Command::BeginTransaction);
    teller.bench.reply(&produce, ErrorCode::None);
    assert!(teller.end(ErrorCode::None, None));
    assert_eq!(teller.told(), ["begun 0", "ended 0 true", "begun 1"], "the second begin waited");
}

#[test]
fn the_end_is_asked_for_again_until_the_coordinator_answers() {
    let (mut teller, produce) = Teller::with_a_record_sent(|_| ());
    teller.command(Command::CommitTransaction);
    teller.bench.reply(&produce, ErrorCode::None);
    assert!(teller.end(ErrorCode::NotCoordinator, None));
    teller.bench.pass(100);
    teller.settle();
    assert!(teller.end(ErrorCode::ConcurrentTransactions, None));
    teller.bench.pass(100);
    teller.bench.input(Input::Disconnected(TWO.into()));
    teller.bench.requests.retain(|(broker, ..)| *broker != TWO);
    teller.bench.pass(200);
    teller.settle();
    assert!(teller.end(ErrorCode::None, None));
    assert_eq!(teller.told(), ["begun 0", "ended 0 true"]);
}

#[test]
fn an_abort_drops_what_has_not_left_and_waits_for_the_rest() {
    let (mut teller, produce) = Teller::with_a_record_sent(|settings| settings.linger_ms = 1_000);
    teller.bench.send(0);
    teller.command(Command::AbortTransaction);
    assert_eq!(teller.bench.outcomes(), [failed(&[1], ErrorCode::TransactionAbortable, true)]);
    assert!(teller.bench.requests.is_empty(), "the first is still in flight");
    teller.bench.reply(&produce, ErrorCode::None);
    assert!(!teller.end(ErrorCode::None, None));
    assert_eq!(teller.told(), ["ended 0 false"]);
}

#[test]
fn an_empty_transaction_ends_without_its_coordinator() {
    let mut teller = Teller::new(|_| ());
    teller.init(0);
    teller.command(Command::BeginTransaction);
    teller.command(Command::CommitTransaction);
    assert_eq!(teller.told(), ["begun 0", "ended 0 true"]);
    assert!(teller.bench.requests.is_empty());
}

#[test]
fn a_transaction_whose_record_failed_is_aborted_and_the_session_begins_anew() {
    let (mut teller, produce) = Teller::with_a_record_sent(|settings| settings.retries = 0);
    teller.bench.reply(&produce, ErrorCode::NotEnoughReplicasAfterAppend);
    teller.bench.send(0);
    teller.command(Command::CommitTransaction);
    assert!(!teller.end(ErrorCode::None, None));
    assert_eq!(teller.told(), ["begun 0", "failed 0 NOT_ENOUGH_REPLICAS_AFTER_APPEND", "ended 0 false"]);
    let error = ErrorCode::NotEnoughReplicasAfterAppend;
    assert_eq!(teller.bench.outcomes(), [failed(&[0], error, false), failed(&[1], error, true)]);
    let Body::InitProducerIdRequest { transactional: Some(init) } = teller.init(1) else { panic!("an init") };
    assert_eq!(init.current, None, "before KIP-360 nobody says what it had");
}

#[test]
fn with_kip_360_it_says_which_session_it_wants_raised() {
    let mut teller = Teller::under(kip_360(), |settings| settings.retries = 0);
    teller.init(4);
    teller.command(Command::BeginTransaction);
    teller.bench.send(0);
    teller.settle();
    teller.add(ErrorCode::None);
    let produce = teller.bench.produce();
    teller.bench.reply(&produce, ErrorCode::OutOfOrderSequenceNumber);
    teller.command(Command::AbortTransaction);
    assert!(!teller.end(ErrorCode::None, None));
    let Body::InitProducerIdRequest { transactional: Some(init) } = teller.init(5) else { panic!("an init") };
    assert_eq!(init.current, Some((ProducerId(7), ProducerEpoch(4))));
}

#[test]
fn a_fenced_producer_stops() {
    let (mut teller, produce) = Teller::with_a_record_sent(|_| ());
    teller.bench.reply(&produce, ErrorCode::InvalidProducerEpoch);
    teller.command(Command::CommitTransaction);
    teller.command(Command::BeginTransaction);
    teller.bench.send(0);
    let told = teller.told();
    assert_eq!(told, ["begun 0", "fenced INVALID_PRODUCER_EPOCH", "failed 0 INVALID_PRODUCER_EPOCH"]);
    let error = ErrorCode::InvalidProducerEpoch;
    assert_eq!(teller.bench.outcomes(), [failed(&[0], error, true), failed(&[1], error, true)]);
    assert!(teller.bench.requests.is_empty());
    assert_eq!(teller.bench.producer.pending, 0);
}

#[test]
fn a_coordinator_that_fences_the_end_leaves_its_outcome_unknown() {
    let (mut teller, produce) = Teller::with_a_record_sent(|_| ());
    teller.bench.reply(&produce, ErrorCode::None);
    teller.command(Command::CommitTransaction);
    teller.end(ErrorCode::ProducerFenced, None);
    assert_eq!(teller.told(), ["begun 0", "fenced PRODUCER_FENCED", "failed 0 PRODUCER_FENCED"]);
}

#[test]
fn a_partition_is_added_again_soon_while_the_last_transaction_completes() {
    let mut teller = Teller::new(|_| ());
    teller.init(0);
    teller.command(Command::BeginTransaction);
    teller.bench.send(0);
    teller.settle();
    teller.add(ErrorCode::ConcurrentTransactions);
    teller.bench.pass(20);
    assert_eq!(teller.add(ErrorCode::None), [partition(0)]);
    assert_eq!(teller.bench.produces().len(), 1);
}

#[test]
fn the_session_that_comes_with_the_end_is_used_from_then_on() {
    let (mut teller, produce) = Teller::with_a_record_sent(|_| ());
    teller.bench.reply(&produce, ErrorCode::None);
    teller.command(Command::CommitTransaction);
    teller.end(ErrorCode::None, Some((ProducerId(7), ProducerEpoch(1))));
    teller.command(Command::BeginTransaction);
    teller.bench.send(0);
    teller.add(ErrorCode::None);
    assert_eq!(teller.bench.produce().place(), (1, 0));
}
