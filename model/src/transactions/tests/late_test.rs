//! What comes late, when its transaction is over: by era. Source: KIP-890.

use super::*;

/// Ann aborts a transaction on `orders-0`, and goes on as returned.
fn aborted(preset: Preset) -> (Bench, TransactionalProducer, TransactionalProducer) {
    let mut bench = Bench::new(preset);
    let ann = bench.init(ANN);
    bench.add(ann, &[orders(0)]);
    assert_eq!(bench.produce(ann, orders(0), 0, 7), ErrorCode::None);
    let next = bench.end_epoch(ann, false);
    (bench, ann, next)
}

#[test]
fn a_late_produce_opens_a_transaction_that_nobody_ends_before_3_6() {
    let (mut bench, ann, _) = aborted(Preset::V3_5);
    assert_eq!(bench.produce(ann, orders(0), 1, 8), ErrorCode::None);
    let next = bench.init(ANN);
    bench.add(next, &[orders(1)]);
    bench.produce(next, orders(1), 0, 9);
    assert_eq!(bench.end(next, true), ErrorCode::None);
    bench.pass(100_000);
    assert_eq!(bench.committed(orders(0)).stable, 2, "no marker ever comes here");
}

#[test]
fn a_late_produce_is_not_verified_from_3_6_on() {
    let (mut bench, ann, _) = aborted(Preset::V3_7);
    assert_eq!(bench.produce(ann, orders(0), 1, 8), ErrorCode::InvalidTxnState);
    assert!(bench.saw(EventKind::TransactionRefused));
    assert_eq!(bench.committed(orders(0)).stable, 2);
    assert_eq!(bench.read(orders(0), crate::config::IsolationLevel::ReadUncommitted).values, [7]);
    bench.add(ann, &[orders(0)]);
    assert_eq!(bench.produce(ann, orders(0), 1, 9), ErrorCode::None);
    assert_eq!(bench.produce(ann, orders(0), 2, 10), ErrorCode::None, "the second needs no word");
}

#[test]
fn a_late_produce_is_of_an_older_epoch_where_each_transaction_ends_its_own() {
    let (mut bench, ann, next) = aborted(Preset::V4_0Elr);
    assert_eq!(next.epoch, ProducerEpoch(ann.epoch.0 + 1));
    assert_eq!(bench.produce(ann, orders(0), 1, 8), ErrorCode::InvalidProducerEpoch);
    assert_eq!(bench.produce(next, orders(0), 0, 9), ErrorCode::None, "the leader adds the partition");
    let next = bench.end_epoch(next, true);
    let read = bench.committed(orders(0));
    assert_eq!((read.values, read.stable), (vec![7, 9], 4));
    assert_eq!(next.epoch, ProducerEpoch(ann.epoch.0 + 2));
}

#[test]
fn an_abort_that_races_with_the_verification_wins() {
    let mut bench = Bench::new(Preset::V3_7);
    let ann = bench.init(ANN);
    bench.add(ann, &[orders(0)]);
    bench.hold(|body| matches!(body, Body::AddPartitionsToTxnReply { .. }));
    let body = Bench::produce_request(ann, orders(0), 0, 7);
    assert_eq!(bench.ask(orders(0), ANN, body, Bench::produced), None, "it waits for the coordinator");
    let body = Body::EndTxnRequest { producer: ann, commit: false };
    assert!(bench.ask(STATE, BOB, body, Bench::end_told).is_some());
    bench.let_go();
    assert_eq!(bench.answer(ANN, Bench::produced), Some(ErrorCode::InvalidTxnState));
    assert_eq!(bench.committed(orders(0)).stable, 1, "there is only the marker");
}

#[test]
fn a_coordinator_that_cannot_be_asked_lets_the_producer_try_again() {
    let mut bench = Bench::new(Preset::V3_7);
    let ann = bench.init(ANN);
    bench.add(ann, &[orders(1)]);
    bench.hold(|body| matches!(body, Body::AddPartitionsToTxnRequest { .. }));
    let body = Bench::produce_request(ann, orders(1), 0, 7);
    assert_eq!(bench.ask(orders(1), ANN, body, Bench::produced), None);
    bench.give(2, Input::Disconnected(NodeId(1)));
    bench.settle();
    assert_eq!(bench.answer(ANN, Bench::produced), Some(ErrorCode::NotEnoughReplicas));
    bench.held = None;
    assert_eq!(bench.produce(ann, orders(1), 0, 7), ErrorCode::None);
}

#[test]
fn a_late_end_ends_the_next_transaction_before_epochs_end_with_theirs() {
    let (mut bench, ann, _) = aborted(Preset::V3_7);
    bench.add(ann, &[orders(0)]);
    bench.produce(ann, orders(0), 1, 8);
    assert_eq!(bench.end(ann, false), ErrorCode::None, "asked for the transaction before");
    assert_eq!(bench.committed(orders(0)).aborted.len(), 2);
}

#[test]
fn a_late_end_is_known_again_where_epochs_end_with_their_transaction() {
    let (mut bench, ann, next) = aborted(Preset::V4_0Elr);
    assert_eq!(bench.end_epoch(ann, false), next, "while nothing else has begun");
    bench.produce(next, orders(0), 0, 8);
    assert_eq!(bench.end(ann, false), ErrorCode::ProducerFenced);
    bench.end_epoch(next, true);
    assert_eq!(bench.committed(orders(0)).aborted.len(), 1);
}

#[test]
fn a_producer_that_knows_of_no_addition_may_abort_nothing() {
    let mut bench = Bench::new(Preset::V4_0Elr);
    let ann = bench.init(ANN);
    let next = bench.end_epoch(ann, false);
    assert_eq!(next.epoch, ProducerEpoch(ann.epoch.0 + 1));
    assert_eq!(bench.end(next, true), ErrorCode::InvalidTxnState);
}
