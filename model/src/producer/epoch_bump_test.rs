//! A producer that has lost a sequence raises its epoch and goes on (KIP-360).

use super::bench_test::*;

const LOST: ErrorCode = ErrorCode::OutOfOrderSequenceNumber;

fn ready(leaders: &[Option<BrokerId>]) -> Bench {
    Bench::ready_under(kip_360(), settings(five_in_flight), leaders)
}

#[test]
fn a_batch_that_is_out_of_order_though_nothing_went_before_is_renumbered_and_sent_again() {
    for error in [LOST, ErrorCode::UnknownProducerId] {
        let mut bench = ready(&[Some(ONE)]);
        bench.send(0);
        let first = bench.produce();
        bench.reply(&first, ErrorCode::None);
        bench.send(0);
        let second = bench.produce();
        assert_eq!(second.place(), (0, 1));
        bench.reply(&second, error);
        assert_eq!(bench.bumps(), [1]);
        bench.pass(100);
        let again = bench.produce();
        assert_eq!((again.place(), again.records()), ((1, 0), second.records()));
        assert_eq!(again.stamp().unwrap().0, first.stamp().unwrap().0, "the PID stays");
        bench.reply(&again, ErrorCode::None);
        bench.send(0);
        assert_eq!(bench.produce().place(), (1, 1));
        assert_eq!(bench.outcomes(), [acknowledged(&[0]), acknowledged(&[1])]);
    }
}

#[test]
fn what_was_in_flight_when_the_epoch_was_raised_raises_it_no_further() {
    for error in [LOST, ErrorCode::UnknownProducerId] {
        let mut bench = ready(&[Some(ONE)]);
        for _ in 0..4 {
            bench.send(0);
        }
        let lost = bench.produces();
        lost.iter().take(3).for_each(|produce| bench.reply(produce, error));
        assert_eq!(bench.bumps(), [1]);
        bench.pass(100);
        assert!(bench.produces().is_empty(), "the fourth is in flight still");
    }
}

#[test]
fn renumbered_batches_come_back_one_after_another() {
    let mut bench = ready(&[Some(ONE)]);
    for _ in 0..3 {
        bench.send(0);
    }
    let lost = bench.produces();
    lost.iter().for_each(|produce| bench.reply(produce, LOST));
    bench.send(0);
    bench.pass(100);
    let first = bench.produce();
    assert_eq!((first.place(), first.records()), ((1, 0), vec![(0, vec![0])]));
    bench.reply(&first, ErrorCode::None);
    let second = bench.produce();
    assert_eq!(second.place(), (1, 1));
    bench.reply(&second, ErrorCode::None);
    let [third, fourth] = &bench.produces()[..] else { panic!("a new batch may follow at once") };
    assert_eq!((third.place(), third.records()), ((1, 2), vec![(0, vec![2])]));
    assert_eq!((fourth.place(), fourth.records()), ((1, 3), vec![(0, vec![3])]));
}

#[test]
fn a_batch_that_runs_ahead_of_a_retry_raises_no_epoch() {
    let mut bench = ready(&[Some(ONE)]);
    bench.send(0);
    bench.send(0);
    let [first, second] = &bench.produces()[..] else { panic!("two requests") };
    bench.reply(first, ErrorCode::NotEnoughReplicas);
    bench.reply(second, LOST);
    bench.pass(100);
    assert_eq!((bench.bumps(), bench.produce().place()), (vec![], (0, 0)));
}

#[test]
fn other_partitions_end_their_batches_under_the_old_epoch_before_they_begin_anew() {
    let mut bench = ready(&[Some(ONE), Some(TWO)]);
    bench.send(0);
    bench.send(1);
    let [first, other] = &bench.produces()[..] else { panic!("two requests") };
    bench.reply(first, LOST);
    assert_eq!(bench.bumps(), [1]);
    bench.send(1);
    assert!(bench.produces().is_empty(), "a new batch waits for the one of before");
    bench.reply(other, ErrorCode::NotEnoughReplicas);
    bench.pass(100);
    let produces = bench.produces();
    let [again, other] = &produces[..] else { panic!("two requests: {produces:?}") };
    assert_eq!((again.place(), other.place()), ((1, 0), (0, 0)), "a retry keeps its stamp");
    bench.reply(other, ErrorCode::None);
    let next = bench.produce();
    assert_eq!((next.place(), next.records()), ((1, 0), vec![(1, vec![2])]));
}

#[test]
fn a_partition_without_batches_on_their_way_begins_anew_at_once() {
    let mut bench = ready(&[Some(ONE), Some(TWO)]);
    bench.send(1);
    let done = bench.produce();
    bench.reply(&done, ErrorCode::None);
    bench.send(0);
    let lost = bench.produce();
    bench.reply(&lost, LOST);
    bench.send(1);
    assert_eq!(bench.produce().place(), (1, 0));
}

#[test]
fn after_the_last_epoch_comes_another_pid() {
    let mut bench = ready(&[Some(ONE)]);
    let Session::Open { id, .. } = bench.producer.session else { panic!("it has a PID") };
    bench.producer.session = Session::Open { id, epoch: ProducerEpoch(i16::MAX as u16) };
    bench.send(0);
    let first = bench.produce();
    bench.reply(&first, LOST);
    assert!(bench.bumps().is_empty());
    bench.pass(100);
    assert!(bench.produces().is_empty());
    bench.answer_clerks(&[Some(ONE)]);
    let again = bench.produce();
    assert_eq!((again.place(), again.records()), ((0, 0), first.records()));
    assert_ne!(again.stamp().unwrap().0, id);
}

#[test]
fn a_batch_whose_retries_are_used_up_leaves_its_sequence_and_the_next_failure_raises_the_epoch() {
    let never = settings(|s| {
        five_in_flight(s);
        s.retries = 0;
    });
    let mut bench = Bench::ready_under(kip_360(), never, &[Some(ONE)]);
    bench.send(0);
    let first = bench.produce();
    bench.reply(&first, ErrorCode::RequestTimedOut);
    assert!(bench.bumps().is_empty(), "it may have been written");
    bench.send(0);
    let second = bench.produce();
    assert_eq!(second.place(), (0, 1));
    bench.reply(&second, LOST);
    assert_eq!(bench.bumps(), [1]);
    bench.send(0);
    assert_eq!(bench.produce().place(), (1, 0));
}

/// KAFKA-12152.
fn kafka_2_7_0() -> Switches {
    Switches { epoch_bump_resets_idle: Some(false), ..kip_360() }
}

#[test]
fn until_2_7_0_a_partition_without_batches_on_their_way_goes_on_where_it_was_and_is_refused() {
    let mut bench = Bench::ready_under(kafka_2_7_0(), settings(five_in_flight), &[Some(ONE), Some(TWO)]);
    bench.send(1);
    let done = bench.produce();
    bench.reply(&done, ErrorCode::None);
    bench.send(0);
    let lost = bench.produce();
    bench.reply(&lost, LOST);
    bench.send(1);
    let next = bench.produce();
    assert_eq!(next.place(), (1, 1), "a leader takes only sequence 0 of a new epoch");
    bench.reply(&next, LOST);
    assert_eq!(bench.bumps(), [1, 2], "so the epoch is raised again");
}

#[test]
fn until_2_7_0_a_partition_begins_anew_behind_a_batch_that_was_on_its_way_only_if_that_was_written() {
    for (error, next) in [(ErrorCode::None, (1, 0)), (ErrorCode::NotEnoughReplicas, (1, 1))] {
        let never = settings(|s| {
            five_in_flight(s);
            s.retries = 1;
        });
        let mut bench = Bench::ready_under(kafka_2_7_0(), never, &[Some(ONE), Some(TWO)]);
        bench.send(1);
        let other = bench.produce();
        bench.reply(&other, ErrorCode::NotEnoughReplicas);
        bench.pass(100);
        let other = bench.produce();
        bench.send(0);
        let lost = bench.produce();
        bench.reply(&lost, LOST);
        bench.reply(&other, error);
        bench.send(1);
        let produces = bench.produces();
        let sent = produces.iter().find(|produce| produce.partitions[0].partition.partition == 1);
        assert_eq!(sent.map(Produce::place), Some(next));
    }
}
