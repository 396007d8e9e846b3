//! What becomes of sends that do not go well.

use super::bench_test::*;

#[test]
fn an_unanswered_request_is_sent_again_after_timeout_and_back_off_and_fails_as_unknown() {
    let mut bench = Bench::ready(settings(|s| s.retries = 1), &[Some(ONE)]);
    bench.send(0);
    let first = bench.produce();
    bench.pass(29_999);
    assert!(bench.requests.is_empty());
    bench.pass(1);
    assert!(matches!(bench.requests[..], [(TWO, _, Body::MetadataRequest)]), "broker 1 is out of favour");
    bench.answer_clerks(&[Some(TWO)]);
    bench.reply(&first, ErrorCode::None);
    assert!(bench.outcomes().is_empty(), "the answer comes too late");
    bench.pass(100);
    let second = bench.produce();
    assert_eq!((second.broker, second.records()), (TWO, first.records()));
    assert!(bench.events.iter().any(|event| matches!(event, Event::ProduceRetried { attempt: 1, .. })));
    bench.input(Input::Disconnected(NodeId(2)));
    assert_eq!(bench.outcomes(), [failed(&[0], ErrorCode::NetworkException, false)]);
}

#[test]
fn request_timeout_bounds_the_wait_for_an_answer_the_leaders_patience_and_the_wait_for_a_leader() {
    let short = settings(|s| {
        s.request_timeout_ms = 700;
        s.retries = 0;
    });
    let mut bench = Bench::ready(short, &[Some(ONE), None]);
    bench.send(0);
    bench.send(1);
    let patience = Micros::from_millis(700);
    let patient = |body: &Body| matches!(body, Body::ProduceRequest { timeout, .. } if *timeout == patience);
    assert!(bench.requests.iter().any(|(.., body)| patient(body)));
    bench.pass(699);
    assert!(bench.outcomes().is_empty());
    bench.pass(1);
    let failures =
        [failed(&[0], ErrorCode::NetworkException, false), failed(&[1], ErrorCode::RequestTimedOut, true)];
    assert_eq!(bench.outcomes(), failures);
}

#[test]
fn retry_backoff_is_how_long_a_refused_batch_waits() {
    let slow = settings(|s| s.retry_backoff_ms = 250);
    let mut bench = Bench::ready(slow, &[Some(ONE)]);
    bench.send(0);
    let first = bench.produce();
    bench.reply(&first, ErrorCode::NotEnoughReplicas);
    bench.pass(249);
    assert!(bench.produces().is_empty());
    bench.pass(1);
    assert_eq!(bench.produce().records(), first.records());
}

#[test]
fn a_failure_is_definite_only_if_every_attempt_surely_wrote_nothing() {
    for (errors, definite) in [
        ([ErrorCode::NotEnoughReplicas, ErrorCode::UnknownTopicOrPartition], true),
        ([ErrorCode::NotEnoughReplicas, ErrorCode::NotEnoughReplicasAfterAppend], false),
        ([ErrorCode::NotLeaderForPartition, ErrorCode::NotEnoughReplicas], false),
        ([ErrorCode::RequestTimedOut, ErrorCode::NotEnoughReplicas], false),
    ] {
        let mut bench = Bench::ready(settings(|s| s.retries = 1), &[Some(ONE)]);
        bench.send(0);
        for error in errors {
            let produce = bench.produce();
            bench.reply(&produce, error);
            bench.answer_clerks(&[Some(ONE)]);
            bench.pass(100);
        }
        assert_eq!(bench.outcomes(), [failed(&[0], errors[1], definite)]);
    }
}

#[test]
fn a_broker_that_refuses_connections_costs_no_attempts() {
    let mut bench = Bench::started(settings(|s| s.retries = 0));
    bench.answer_clerks(&[Some(TWO)]);
    bench.send(0);
    for _ in 0..3 {
        assert!(bench.requests.iter().any(|(broker, ..)| *broker == TWO), "{:?}", bench.requests);
        bench.requests.clear();
        bench.input(Input::Disconnected(NodeId(2)));
        bench.answer_clerks(&[Some(TWO)]);
        bench.requests.clear();
        bench.pass(1_000);
    }
    assert!(bench.outcomes().is_empty());
    bench.pass(30_000);
    assert_eq!(bench.outcomes(), [failed(&[0], ErrorCode::RequestTimedOut, true)], "it never left");
}

#[test]
fn records_without_a_leader_expire_and_ask_for_metadata_meanwhile() {
    let mut bench = Bench::ready(settings(|_| {}), &[None]);
    bench.send(0);
    bench.pass(100);
    assert!(matches!(bench.requests[..], [(_, _, Body::MetadataRequest)]));
    bench.answer_clerks(&[None]);
    bench.pass(29_900);
    assert_eq!(bench.outcomes(), [failed(&[0], ErrorCode::RequestTimedOut, true)]);
}

#[test]
fn without_metadata_records_fail_after_max_block() {
    let mut bench = Bench::started(settings(|s| s.max_block_ms = 500));
    bench.send(0);
    bench.pass(499);
    assert!(bench.outcomes().is_empty());
    bench.pass(1);
    assert!(matches!(bench.events[0], Event::RecordSent { .. }));
    assert_eq!(bench.outcomes(), [failed(&[0], ErrorCode::RequestTimedOut, true)]);
    assert_eq!(bench.producer.pending, 0);
}

#[test]
fn a_named_partition_that_new_metadata_does_not_know_is_refused() {
    let mut bench = Bench::ready(settings(|_| {}), &[Some(ONE)]);
    bench.pass(1_000);
    bench.send(3);
    assert!(bench.outcomes().is_empty());
    bench.answer_clerks(&[Some(ONE)]);
    assert_eq!(bench.outcomes(), [failed(&[0], ErrorCode::UnknownTopicOrPartition, true)]);
}

#[test]
fn with_one_in_flight_a_retry_keeps_its_place() {
    let mut bench = Bench::ready(settings(|s| s.max_in_flight = 1), &[Some(ONE)]);
    bench.send(0);
    bench.send(0);
    let first = bench.produce();
    bench.reply(&first, ErrorCode::NotEnoughReplicas);
    assert!(bench.produces().is_empty(), "the second batch waits behind the first one's back-off");
    bench.pass(100);
    assert_eq!(bench.produce().records(), first.records());
}

#[test]
fn with_more_in_flight_a_retry_may_be_overtaken() {
    let mut bench = Bench::ready(settings(|_| {}), &[Some(ONE)]);
    bench.send(0);
    bench.send(0);
    let [first, second] = &bench.produces()[..] else { panic!("two requests") };
    bench.reply(first, ErrorCode::NotEnoughReplicas);
    bench.reply(second, ErrorCode::None);
    bench.pass(100);
    let again = bench.produce();
    bench.reply(&again, ErrorCode::None);
    assert_eq!(bench.outcomes(), [acknowledged(&[1]), acknowledged(&[0])]);
}

#[test]
fn two_batches_whose_connection_breaks_come_back_in_order() {
    let mut bench = Bench::ready(settings(|_| {}), &[Some(ONE)]);
    bench.send(0);
    bench.send(0);
    assert_eq!(bench.produces().len(), 2);
    bench.input(Input::Disconnected(NodeId(1)));
    bench.pass(10);
    bench.answer_clerks(&[Some(ONE)]);
    bench.pass(100);
    bench.answer_clerks(&[Some(ONE)]);
    let records: Vec<_> = bench.produces().iter().flat_map(Produce::records).collect();
    assert_eq!(records, [(0, vec![0]), (0, vec![1])]);
}

#[test]
fn two_batches_that_are_refused_one_by_one_come_back_in_reverse_without_idempotence() {
    let mut bench = Bench::ready(settings(|_| {}), &[Some(ONE)]);
    bench.send(0);
    bench.send(0);
    let [first, second] = &bench.produces()[..] else { panic!("two requests") };
    bench.reply(first, ErrorCode::NotEnoughReplicas);
    bench.reply(second, ErrorCode::NotEnoughReplicas);
    bench.pass(100);
    let records: Vec<_> = bench.produces().iter().flat_map(Produce::records).collect();
    assert_eq!(records, [(0, vec![1]), (0, vec![0])]);
}

/// Chance without a generator: the numbers of a xorshift.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Answers, loses or refuses what is outstanding, as the dice say.
fn trouble(bench: &mut Bench, dice: &mut Dice) {
    let leaders = [[Some(ONE), Some(TWO)], [Some(TWO), None], [None, Some(ONE)]];
    for produce in bench.produces() {
        let errors = [
            ErrorCode::None,
            ErrorCode::NotLeaderForPartition,
            ErrorCode::NotEnoughReplicasAfterAppend,
            ErrorCode::OutOfOrderSequenceNumber,
        ];
        match dice.roll(6) {
            4 => {}
            5 => bench.input(Input::Disconnected(produce.broker.into())),
            error => bench.reply(&produce, errors[error as usize]),
        }
    }
    if dice.roll(4) > 0 {
        bench.answer_clerks(&leaders[dice.roll(3) as usize]);
    }
}

#[test]
fn whatever_happens_every_record_comes_to_one_end() {
    for seed in 1..200 {
        let mut dice = Dice(seed * 0x9e37_79b9);
        let mixed = settings(|s| {
            if seed % 2 == 0 {
                idempotent(s);
            }
            s.max_in_flight = 1 + dice.roll(5) as u32;
            s.linger_ms = dice.roll(3) * 5;
            s.retry_backoff_ms = 1 + dice.roll(2) * 99;
            s.request_timeout_ms = 1_000;
            s.delivery_timeout_ms = (seed % 3 == 0).then_some(1_500);
        });
        let switches = Switches { epoch_bump: Some(seed % 4 < 2), ..Switches::default() };
        let mut bench = Bench::started_under(switches, mixed);
        for _ in 0..60 {
            bench.send(dice.roll(2) as u16);
            bench.pass(dice.roll(200));
            trouble(&mut bench, &mut dice);
        }
        for _ in 0..100 {
            bench.answer_clerks(&[Some(ONE), Some(TWO)]);
            bench.produces().iter().for_each(|produce| bench.reply(produce, ErrorCode::None));
            bench.pass(100);
        }
        let mut ended: Vec<_> = bench.outcomes().into_iter().flat_map(|(records, _)| records).collect();
        ended.sort_unstable();
        assert_eq!(ended, (0..60).collect::<Vec<_>>(), "seed {seed}");
        assert_eq!(bench.producer.pending, 0);
    }
}
