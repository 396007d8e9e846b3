//! In which order records reach the log when requests fail, with the producer at one end and a log at the other.

use super::bench_test::*;
use crate::ids::LeaderEpoch;
use crate::log::Log;
use crate::producer_state::{SequenceRules, Verdict};

/// So many batches are written. Then two leave at once; the leader refuses the first request, and takes the others as they
/// come. Returns the log.
fn log_after_one_refusal(
    switches: Switches,
    before: u32,
    change: impl FnOnce(&mut ProducerConfig),
) -> Vec<u32> {
    let mut bench = Bench::ready_under(switches, settings(change), &[Some(ONE)]);
    let mut leader = Leader { log: Log::new(rules(switches)), refusals: 0 };
    for _ in 0..before {
        bench.send(0);
        leader.answer(&mut bench);
    }
    leader.refusals = 1;
    bench.send(0);
    bench.send(0);
    for _ in 0..10 {
        leader.answer(&mut bench);
        bench.pass(50);
    }
    assert_eq!(bench.producer.pending, 0);
    leader.numbers()
}

/// Leaders remember five batches here unless a test says otherwise.
fn rules(switches: Switches) -> SequenceRules {
    let window = switches.dedup_window.unwrap_or(DedupWindow::FiveBatches);
    SequenceRules { window, ..SequenceRules::new(&Preset::V0_11Iv1.protocol().with(switches)) }
}

struct Leader {
    log: Log,
    refusals: u32,
}

impl Leader {
    /// Takes all requests of this round in order, as a connection brings them.
    fn answer(&mut self, bench: &mut Bench) {
        for produce in bench.produces() {
            let error = self.append(&produce);
            bench.reply(&produce, error);
        }
    }

    fn append(&mut self, produce: &Produce) -> ErrorCode {
        if self.refusals > 0 {
            self.refusals -= 1;
            return ErrorCode::NotEnoughReplicas;
        }
        let batch = &produce.partitions[0].batch;
        match self.log.check(batch) {
            Verdict::Append => {
                self.log.append_as_leader(LeaderEpoch::default(), batch);
                ErrorCode::None
            }
            Verdict::Duplicate { .. } => ErrorCode::None,
            Verdict::Refuse(error) => error,
        }
    }

    fn numbers(&self) -> Vec<u32> {
        let batches = self.log.read(self.log.start_offset(), self.log.end_offset(), u64::MAX);
        batches.iter().flat_map(|batch| numbers(&batch.records)).collect()
    }
}

#[test]
fn without_idempotence_a_retry_reorders_when_several_requests_are_in_flight() {
    assert_eq!(log_after_one_refusal(Switches::default(), 1, |s| s.max_in_flight = 5), [0, 2, 1]);
}

#[test]
fn with_one_request_in_flight_a_retry_keeps_the_order() {
    assert_eq!(log_after_one_refusal(Switches::default(), 1, |s| s.max_in_flight = 1), [0, 1, 2]);
}

#[test]
fn with_idempotence_a_retry_keeps_the_order_however_many_are_in_flight() {
    for switches in [Switches::default(), kip_360()] {
        assert_eq!(log_after_one_refusal(switches, 1, five_in_flight), [0, 1, 2]);
        assert_eq!(log_after_one_refusal(switches, 1, idempotent), [0, 1, 2]);
    }
}

#[test]
fn since_kip_360_the_very_first_batch_is_lost_when_the_second_overtakes_it() {
    // KAFKA-14359: the leader does not know the producer and takes sequence 1 for its beginning.
    assert_eq!(log_after_one_refusal(Switches::default(), 0, five_in_flight), [0, 1]);
    assert_eq!(log_after_one_refusal(kip_360(), 0, five_in_flight), [1]);
    assert_eq!(log_after_one_refusal(kip_360(), 0, idempotent), [0, 1], "one in flight is safe");
}

/// A leader that has lost its log, and with it all that it knew of the producer, while batches were on their way.
fn numbers_after_a_lost_log(switches: Switches) -> (Vec<u32>, Vec<Outcome>) {
    let mut bench = Bench::ready_under(switches, settings(five_in_flight), &[Some(ONE)]);
    let mut leader = Leader { log: Log::new(rules(switches)), refusals: 0 };
    for _ in 0..3 {
        bench.send(0);
        leader.answer(&mut bench);
    }
    leader.log.truncate_to(Offset(1));
    for _ in 0..10 {
        bench.answer_clerks(&[Some(ONE)]);
        if bench.sent < 6 {
            bench.send(0);
            bench.send(0);
        }
        leader.answer(&mut bench);
        bench.pass(100);
    }
    (leader.numbers(), bench.outcomes())
}

#[test]
fn after_a_lost_log_an_epoch_is_raised_and_nothing_more_is_lost_or_out_of_order() {
    let (numbers, outcomes) = numbers_after_a_lost_log(kip_360());
    assert_eq!(numbers, [0, 3, 4, 5, 6]);
    assert!(outcomes.iter().all(|(_, error)| error.is_none()), "{outcomes:?}");
}

#[test]
fn after_a_lost_log_the_producer_of_0_11_fails_a_batch_and_begins_under_another_pid() {
    let (numbers, outcomes) = numbers_after_a_lost_log(Switches::default());
    let error = ErrorCode::OutOfOrderSequenceNumber;
    assert!(outcomes.contains(&failed(&[3], error, true)), "{outcomes:?}");
    assert!(numbers.ends_with(&[5, 6]), "{numbers:?}");
}

/// Two batches, one request in flight a connection. The leader moves while the first is on its way, and that is then refused.
/// In which order they leave for the new leader.
fn order_when_the_leader_moves(switches: Switches) -> Vec<Vec<u32>> {
    let one = settings(|settings| {
        settings.max_in_flight = 1;
        settings.metadata_max_age_ms = 500;
    });
    let mut bench = Bench::ready_under(switches, one, &[Some(ONE)]);
    bench.send(0);
    let first = bench.produce();
    bench.send(0);
    bench.pass(1_000);
    bench.answer_clerks(&[Some(TWO)]);
    let mut produces = bench.produces();
    for produce in &produces {
        bench.reply(produce, ErrorCode::None);
    }
    bench.reply(&first, ErrorCode::NotLeaderForPartition);
    for _ in 0..3 {
        bench.pass(200);
        bench.answer_clerks(&[Some(TWO)]);
        for produce in bench.produces() {
            bench.reply(&produce, ErrorCode::None);
            produces.push(produce);
        }
    }
    produces.iter().flat_map(|produce| produce.records().into_iter().map(|(_, numbers)| numbers)).collect()
}

#[test]
fn in_0_9_a_batch_overtakes_one_that_is_still_on_its_way_to_the_former_leader() {
    // KAFKA-3197.
    let kafka_0_9 = Switches { retries_hold_up_later: Some(false), ..Switches::default() };
    assert_eq!(order_when_the_leader_moves(kafka_0_9)[0], [1]);
    assert_eq!(order_when_the_leader_moves(Switches::default()), [vec![0], vec![1]]);
}
