//! Brokers die, and others go on with what they knew.

use super::*;

#[test]
fn a_new_coordinator_carries_out_what_was_decided() {
    let mut bench = Bench::new(Preset::V2_0);
    let ann = bench.init(ANN);
    bench.add(ann, &[orders(1)]);
    bench.produce(ann, orders(1), 0, 8);
    bench.hold(is_marker);
    assert_eq!(bench.end(ann, true), ErrorCode::None);
    assert!(bench.committed(orders(1)).values.is_empty());
    bench.held = None;
    bench.kept_back.clear();
    bench.crash(1, 3);
    assert_eq!(bench.committed(orders(1)).values, [8]);
    assert_eq!(bench.moves().last(), Some(&TransactionState::CompleteCommit));
    assert_eq!(bench.add(ann, &[orders(0)]), ErrorCode::None, "and the session goes on");
}

#[test]
fn a_new_coordinator_knows_what_is_open_and_since_when() {
    let mut bench = Bench::new(Preset::V2_0);
    let ann = bench.init(ANN);
    bench.add(ann, &[orders(1)]);
    bench.produce(ann, orders(1), 0, 8);
    bench.at(15_000);
    bench.crash(1, 3);
    bench.at(29_000);
    assert!(bench.saw(EventKind::TransactionTimedOut));
    assert_eq!(bench.committed(orders(1)).aborted, [(ann.producer.0, 0)]);
}

#[test]
fn a_new_leader_knows_what_is_open() {
    let mut bench = Bench::new(Preset::V2_0);
    let ann = bench.init(ANN);
    bench.add(ann, &[orders(1)]);
    bench.produce(ann, orders(1), 0, 7);
    assert_eq!(bench.end(ann, true), ErrorCode::None);
    bench.add(ann, &[orders(1)]);
    bench.produce(ann, orders(1), 1, 8);
    bench.crash(2, 3);
    let read = bench.committed(orders(1));
    assert_eq!((read.values, read.stable), (vec![7], 2));
    assert_eq!(bench.end(ann, false), ErrorCode::None);
    bench.pass(1_000);
    let read = bench.committed(orders(1));
    assert_eq!((read.stable, read.aborted), (4, vec![(ann.producer.0, 2)]));
}

#[test]
fn a_change_whose_coordinator_loses_office_is_answered_by_nobody_else() {
    let mut bench = Bench::new(Preset::V2_0);
    let ann = bench.init(ANN);
    bench.hold(|body| matches!(body, Body::FetchRequest { .. }));
    let body = Body::EndTxnRequest { producer: ann, commit: false };
    assert_eq!(
        bench.ask(STATE, ANN, body, Bench::end_told).map(|told| told.0),
        Some(ErrorCode::InvalidTxnState)
    );
    let partitions = vec![orders(0)];
    let body = Body::AddPartitionsToTxnRequest { producer: ann, partitions, verify_only: false };
    let told = |body: &Body| {
        let Body::AddPartitionsToTxnReply { error } = body else { return None };
        Some(*error)
    };
    assert_eq!(bench.ask(STATE, ANN, body, told), None, "no follower has it");
    let state = bench.states.last_mut().expect("there are partitions");
    (state.leader, state.leader_epoch) = (Some(BrokerId(2)), LeaderEpoch(1));
    bench.notify();
    assert_eq!(bench.answer(ANN, told), Some(ErrorCode::NotCoordinator));
}

fn add_told(body: &Body) -> Option<ErrorCode> {
    let Body::AddPartitionsToTxnReply { error } = body else { return None };
    Some(*error)
}

/// Broker 1 has written that `orders-0` is in the transaction, no follower has that, and broker 1 takes office again.
fn read_though_it_is_not_replicated(loaded_uncommitted: bool) -> (Bench, Body) {
    let transactions_loaded_uncommitted = loaded_uncommitted;
    let mut bench = Bench::of(Protocol { transactions_loaded_uncommitted, ..Preset::V2_0.protocol() });
    let ann = bench.init(ANN);
    let add =
        Body::AddPartitionsToTxnRequest { producer: ann, partitions: vec![orders(0)], verify_only: false };
    bench.hold(|body| matches!(body, Body::FetchRequest { .. } | Body::OffsetForLeaderEpochRequest { .. }));
    assert_eq!(bench.ask(STATE, ANN, add.clone(), add_told), None, "no follower has it");
    for (leader, epoch) in [(2, 1), (1, 2)] {
        let state = bench.states.last_mut().expect("there are partitions");
        (state.leader, state.leader_epoch) = (Some(BrokerId(leader)), LeaderEpoch(epoch));
        bench.notify();
    }
    (bench, add)
}

#[test]
fn a_coordinator_goes_by_what_no_follower_has_and_so_does_its_producer() {
    let (mut bench, add) = read_though_it_is_not_replicated(true);
    assert_eq!(bench.ask(STATE, ANN, add, add_told), Some(ErrorCode::None), "it is there already");
}

#[test]
fn a_coordinator_that_waits_until_all_is_replicated_is_none_before() {
    let (mut bench, add) = read_though_it_is_not_replicated(false);
    assert_eq!(bench.ask(STATE, ANN, add.clone(), add_told), Some(ErrorCode::NotCoordinator));
    bench.let_go();
    bench.pass(1_000);
    assert_eq!(bench.ask(STATE, ANN, add, add_told), Some(ErrorCode::None));
}
