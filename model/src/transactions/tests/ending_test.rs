//! Transactions that are committed, aborted, or open for too long.

use super::*;
use TransactionState::{CompleteAbort, CompleteCommit, Empty, Ongoing, PrepareAbort, PrepareCommit};

#[test]
fn what_is_committed_on_two_brokers_is_seen_and_not_before() {
    let mut bench = Bench::new(Preset::V2_0);
    let ann = bench.init(ANN);
    assert_eq!(bench.add(ann, &[orders(0), orders(1)]), ErrorCode::None);
    assert_eq!(bench.produce(ann, orders(0), 0, 7), ErrorCode::None);
    assert_eq!(bench.produce(ann, orders(1), 0, 8), ErrorCode::None);
    assert_eq!(bench.read(orders(0), crate::config::IsolationLevel::ReadUncommitted).values, [7]);
    assert!(bench.committed(orders(0)).values.is_empty());
    assert_eq!(bench.committed(orders(0)).stable, 0);
    assert_eq!(bench.end(ann, true), ErrorCode::None);
    assert_eq!(bench.committed(orders(0)).values, [7]);
    assert_eq!(bench.committed(orders(1)).values, [8]);
    assert_eq!(bench.committed(orders(1)).stable, 2, "past the marker");
    assert_eq!(bench.moves(), [Empty, Ongoing, PrepareCommit, CompleteCommit]);
    assert!(bench.saw(EventKind::MarkerAppended) && bench.saw(EventKind::LastStableOffsetAdvanced));
}

#[test]
fn what_is_aborted_is_told_as_aborted() {
    let mut bench = Bench::new(Preset::V2_0);
    let ann = bench.init(ANN);
    bench.add(ann, &[orders(0)]);
    bench.produce(ann, orders(0), 0, 7);
    assert_eq!(bench.end(ann, false), ErrorCode::None);
    let read = bench.committed(orders(0));
    assert_eq!((read.values, read.aborted), (vec![7], vec![(ann.producer.0, 0)]));
    assert_eq!(bench.read(orders(0), crate::config::IsolationLevel::ReadUncommitted).aborted, []);
    assert_eq!(bench.moves(), [Empty, Ongoing, PrepareAbort, CompleteAbort]);
}

#[test]
fn a_parked_fetch_is_answered_as_the_log_becomes_stable() {
    let mut bench = Bench::new(Preset::V2_0);
    let ann = bench.init(ANN);
    bench.add(ann, &[orders(0)]);
    bench.produce(ann, orders(0), 0, 7);
    let body = Bench::fetch_request(orders(0), 0, IsolationLevel::ReadCommitted, 500);
    assert!(bench.ask(orders(0), BOB, body, Bench::fetched).is_none());
    assert_eq!(bench.end(ann, true), ErrorCode::None);
    let fetched = bench.answer(BOB, Bench::fetched).expect("the marker made it stable");
    assert!(!fetched.batches.is_empty());
}

#[test]
fn a_transaction_that_is_asked_for_while_the_last_one_ends_has_to_wait() {
    let mut bench = Bench::new(Preset::V2_0);
    let ann = bench.init(ANN);
    bench.add(ann, &[orders(0)]);
    bench.hold(is_marker);
    assert_eq!(bench.end(ann, true), ErrorCode::None, "it is decided");
    assert_eq!(bench.add(ann, &[orders(1)]), ErrorCode::ConcurrentTransactions);
    assert_eq!(bench.end(ann, true), ErrorCode::ConcurrentTransactions);
    assert_eq!(bench.try_init(ANN, TIMEOUT).0, ErrorCode::ConcurrentTransactions);
    bench.let_go();
    assert_eq!(bench.end(ann, true), ErrorCode::None, "asked again");
    assert_eq!(bench.end(ann, false), ErrorCode::InvalidTxnState);
    assert_eq!(bench.add(ann, &[orders(1)]), ErrorCode::None);
}

#[test]
fn markers_that_are_lost_are_sent_again() {
    let mut bench = Bench::new(Preset::V2_0);
    let ann = bench.init(ANN);
    bench.add(ann, &[orders(1)]);
    bench.produce(ann, orders(1), 0, 8);
    bench.hold(is_marker);
    bench.end(ann, true);
    bench.held = None;
    bench.kept_back.clear();
    bench.pass(29_000);
    assert!(bench.committed(orders(1)).values.is_empty());
    bench.pass(2_000);
    assert_eq!(bench.committed(orders(1)).values, [8]);
}

#[test]
fn a_transaction_that_is_open_for_too_long_is_aborted_and_its_producer_fenced() {
    let mut bench = Bench::new(Preset::V2_0);
    let ann = bench.init(ANN);
    bench.add(ann, &[orders(0)]);
    bench.produce(ann, orders(0), 0, 7);
    bench.at(20_000);
    assert!(!bench.saw(EventKind::TransactionTimedOut));
    bench.at(31_000);
    assert!(bench.saw(EventKind::TransactionTimedOut));
    assert_eq!(bench.committed(orders(0)).aborted, [(ann.producer.0, 0)]);
    assert_eq!(bench.produce(ann, orders(0), 1, 8), ErrorCode::InvalidProducerEpoch);
    assert_eq!(bench.end(ann, true), ErrorCode::InvalidProducerEpoch);
}

#[test]
fn a_marker_of_an_older_coordinator_is_fenced() {
    let mut bench = Bench::new(Preset::V2_0);
    let ann = bench.init(ANN);
    bench.add(ann, &[orders(1)]);
    bench.produce(ann, orders(1), 0, 8);
    bench.crash(1, 3);
    assert_eq!(bench.end(ann, true), ErrorCode::None);
    let marker = crate::message::Marker {
        producer: ann.producer,
        epoch: ann.epoch,
        commit: false,
        coordinator_epoch: CoordinatorEpoch(0),
    };
    let body = Body::WriteTxnMarkersRequest { marker, partitions: vec![orders(1)] };
    let told = |body: &Body| {
        let Body::WriteTxnMarkersReply { errors } = body else { return None };
        Some(errors[0].1)
    };
    let error = bench.ask(orders(1), BOB, body, told);
    assert_eq!(error, Some(ErrorCode::TransactionCoordinatorFenced));
}
