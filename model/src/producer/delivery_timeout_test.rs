//! delivery.timeout.ms: how long the application waits at most (KIP-91).

use super::bench_test::*;

fn within(millis: u64) -> impl FnOnce(&mut ProducerConfig) {
    move |settings| {
        settings.delivery_timeout_ms = Some(millis);
        settings.request_timeout_ms = 1_000;
        settings.retries = i32::MAX as u32;
    }
}

fn idempotent_within(millis: u64) -> impl FnOnce(&mut ProducerConfig) {
    move |settings| {
        five_in_flight(settings);
        within(millis)(settings);
    }
}

const TIMED_OUT: ErrorCode = ErrorCode::RequestTimedOut;

#[test]
fn a_batch_that_waits_for_a_leader_is_given_up_after_it_and_not_after_request_timeout() {
    let mut bench = Bench::ready(settings(within(3_000)), &[None]);
    bench.send(0);
    bench.pass(2_999);
    assert!(bench.outcomes().is_empty());
    bench.pass(1);
    assert_eq!(bench.outcomes(), [failed(&[0], TIMED_OUT, true)], "it never left");
}

#[test]
fn a_batch_in_flight_is_given_up_as_unknown_and_a_late_answer_is_passed_over() {
    let mut bench = Bench::ready(settings(within(700)), &[Some(ONE)]);
    bench.send(0);
    let produce = bench.produce();
    bench.pass(699);
    assert!(bench.outcomes().is_empty());
    bench.pass(1);
    assert_eq!(bench.outcomes(), [failed(&[0], TIMED_OUT, false)]);
    bench.reply(&produce, ErrorCode::None);
    bench.pass(10_000);
    assert!(bench.outcomes().is_empty() && bench.produces().is_empty());
    assert_eq!(bench.producer.pending, 0);
}

#[test]
fn a_batch_that_backs_off_is_given_up_before_it_is_sent_again() {
    let slow = settings(|s| {
        within(700)(s);
        s.retry_backoff_ms = 800;
    });
    let mut bench = Bench::ready(slow, &[Some(ONE)]);
    bench.send(0);
    let produce = bench.produce();
    bench.pass(100);
    bench.reply(&produce, ErrorCode::NotEnoughReplicas);
    bench.pass(599);
    assert!(bench.outcomes().is_empty());
    bench.pass(1);
    assert_eq!(bench.outcomes(), [failed(&[0], TIMED_OUT, true)]);
    bench.pass(1_000);
    assert!(bench.produces().is_empty());
}

#[test]
fn age_counts_from_the_first_record_through_all_retries() {
    let mut bench = Bench::ready(settings(within(1_000)), &[Some(ONE)]);
    bench.send(0);
    for _ in 0..9 {
        let produce = bench.produce();
        bench.reply(&produce, ErrorCode::NotEnoughReplicas);
        bench.pass(100);
    }
    let last = bench.produce();
    bench.pass(99);
    assert!(bench.outcomes().is_empty());
    bench.pass(1);
    assert_eq!(bench.outcomes(), [failed(&[0], TIMED_OUT, false)], "the last attempt is unanswered");
    bench.reply(&last, ErrorCode::NotEnoughReplicas);
    assert!(bench.outcomes().is_empty());
}

#[test]
fn retries_still_bound_the_attempts() {
    let once = settings(|s| {
        within(60_000)(s);
        s.retries = 1;
    });
    let mut bench = Bench::ready(once, &[Some(ONE)]);
    bench.send(0);
    for _ in 0..2 {
        let produce = bench.produce();
        bench.reply(&produce, ErrorCode::NotEnoughReplicas);
        bench.pass(100);
    }
    assert_eq!(bench.outcomes(), [failed(&[0], ErrorCode::NotEnoughReplicas, true)]);
}

#[test]
fn with_one_in_flight_the_next_batch_waits_for_the_answer_that_nobody_wants_any_more() {
    let one = settings(|s| {
        within(700)(s);
        s.max_in_flight = 1;
    });
    let mut bench = Bench::ready(one, &[Some(ONE)]);
    bench.send(0);
    let first = bench.produce();
    bench.pass(600);
    bench.send(0);
    bench.pass(100);
    assert_eq!(bench.outcomes(), [failed(&[0], TIMED_OUT, false)]);
    assert!(bench.produces().is_empty());
    bench.reply(&first, ErrorCode::None);
    assert_eq!(bench.produce().records(), [(0, vec![1])]);
}

/// A batch fails once, is sent again, and another follows it; then the first is given up in flight.
fn given_up_in_retry(switches: Switches) -> (Bench, Produce) {
    let mut bench = Bench::ready_under(switches, settings(idempotent_within(700)), &[Some(ONE)]);
    bench.send(0);
    let first = bench.produce();
    bench.reply(&first, ErrorCode::NotEnoughReplicas);
    bench.pass(500);
    assert_eq!(bench.produce().records(), [(0, vec![0])]);
    bench.send(0);
    let second = bench.produce();
    bench.pass(200);
    assert_eq!(bench.outcomes(), [failed(&[0], TIMED_OUT, false)]);
    (bench, second)
}

#[test]
fn no_new_batch_leaves_while_sequences_are_unresolved_and_a_later_success_resolves_them() {
    for switches in [Switches::default(), kip_360()] {
        let (mut bench, second) = given_up_in_retry(switches);
        bench.send(0);
        assert!(bench.produces().is_empty());
        bench.reply(&second, ErrorCode::None);
        let third = bench.produce();
        assert_eq!(third.stamp(), Some((second.stamp().unwrap().0, Sequence(2))), "nothing was lost");
    }
}

#[test]
fn a_gap_before_the_next_batch_takes_the_pid_with_it() {
    let (mut bench, second) = given_up_in_retry(Switches::default());
    bench.reply(&second, ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(bench.outcomes(), [failed(&[1], ErrorCode::OutOfOrderSequenceNumber, true)]);
    assert!(bench.requests.iter().any(|(.., body)| matches!(body, Body::InitProducerIdRequest { .. })));
}

#[test]
fn a_gap_before_the_next_batch_raises_the_epoch_and_the_batch_goes_on() {
    let (mut bench, second) = given_up_in_retry(kip_360());
    bench.reply(&second, ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(bench.bumps(), [1]);
    bench.pass(100);
    let again = bench.produce();
    assert_eq!((again.place(), again.records()), ((1, 0), vec![(0, vec![1])]));
    bench.reply(&again, ErrorCode::None);
    assert_eq!(bench.outcomes(), [acknowledged(&[1])]);
}

#[test]
fn when_all_batches_in_flight_are_given_up_sequences_begin_anew() {
    for (switches, epochs) in [(Switches::default(), vec![]), (kip_360(), vec![1])] {
        let mut bench = Bench::ready_under(switches, settings(idempotent_within(700)), &[Some(ONE)]);
        bench.send(0);
        let first = bench.produce();
        bench.reply(&first, ErrorCode::NotEnoughReplicas);
        bench.pass(600);
        let again = bench.produce();
        bench.pass(100);
        assert_eq!(bench.bumps(), epochs);
        assert_eq!(bench.outcomes(), [failed(&[0], TIMED_OUT, false)]);
        bench.answer_clerks(&[Some(ONE)]);
        bench.send(0);
        let next = bench.produce();
        assert_eq!(next.stamp().unwrap().1, Sequence(0));
        assert_ne!(next.partitions[0].batch.producer, first.partitions[0].batch.producer);
        bench.reply(&again, ErrorCode::None);
        bench.reply(&next, ErrorCode::None);
        bench.send(0);
        assert_eq!(bench.produce().stamp().unwrap().1, Sequence(1), "the late answer is of another count");
    }
}

#[test]
fn a_batch_given_up_on_its_first_way_leaves_a_gap_that_the_next_one_cannot_pass() {
    let mut bench = Bench::ready_under(kip_360(), settings(idempotent_within(700)), &[Some(ONE)]);
    bench.send(0);
    let first = bench.produce();
    bench.pass(700);
    bench.reply(&first, ErrorCode::NotEnoughReplicas);
    bench.send(0);
    for _ in 0..7 {
        let next = bench.produce();
        assert_eq!(next.place(), (0, 1));
        bench.reply(&next, ErrorCode::OutOfOrderSequenceNumber);
        bench.pass(100);
    }
    assert!(bench.produce().place() == (0, 1), "sent once more as it is given up");
    let failures = [failed(&[0], TIMED_OUT, false), failed(&[1], TIMED_OUT, false)];
    assert_eq!((bench.bumps(), bench.outcomes()), (vec![1], failures.to_vec()));
}
