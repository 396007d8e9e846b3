//! Sessions: the later one fences the earlier.

use super::*;

#[test]
fn a_second_session_aborts_the_transaction_of_the_first_and_fences_it() {
    let mut bench = Bench::new(Preset::V2_0);
    let zombie = bench.init(ANN);
    bench.add(zombie, &[orders(0)]);
    bench.produce(zombie, orders(0), 0, 7);
    assert_eq!(bench.try_init(BOB, TIMEOUT).0, ErrorCode::ConcurrentTransactions);
    let bob = bench.init(BOB);
    assert_eq!(bob.producer, zombie.producer);
    assert_eq!(bob.epoch, ProducerEpoch(zombie.epoch.0 + 2), "once to abort, once for the session");
    assert_eq!(bench.committed(orders(0)).aborted, [(zombie.producer.0, 0)]);
    assert_eq!(bench.produce(zombie, orders(0), 1, 8), ErrorCode::InvalidProducerEpoch);
    assert_eq!(bench.add(zombie, &[orders(1)]), ErrorCode::InvalidProducerEpoch);
    assert_eq!(bench.end(zombie, true), ErrorCode::InvalidProducerEpoch);
    assert!(bench.saw(EventKind::TransactionRefused) && bench.saw(EventKind::ProducerInitialized));
}

#[test]
fn from_2_7_on_a_fenced_session_is_told_so() {
    let mut bench = Bench::new(Preset::V2_7);
    let zombie = bench.init(ANN);
    bench.init(BOB);
    assert_eq!(bench.end(zombie, true), ErrorCode::ProducerFenced);
}

#[test]
fn a_producer_that_raises_its_own_epoch_and_asks_again_gets_the_same() {
    let mut bench = Bench::new(Preset::V2_7);
    let ann = bench.init(ANN);
    let mut raise = |current| {
        let timeout = Micros::from_millis(TIMEOUT);
        let init = TransactionalInit { id: PAY, timeout, current: Some((ann.producer, current)) };
        let read = |body: &Body| {
            let Body::InitProducerIdReply { error, epoch, .. } = *body else { return None };
            Some((error, epoch))
        };
        let body = Body::InitProducerIdRequest { transactional: Some(init) };
        bench.ask(STATE, ANN, body, read).expect("it is answered")
    };
    assert_eq!(raise(ann.epoch), (ErrorCode::None, ProducerEpoch(1)));
    assert_eq!(raise(ann.epoch), (ErrorCode::None, ProducerEpoch(1)));
    assert_eq!(raise(ProducerEpoch(1)), (ErrorCode::None, ProducerEpoch(2)));
    assert_eq!(raise(ann.epoch).0, ErrorCode::ProducerFenced);
}

#[test]
fn a_timeout_that_is_too_long_is_refused() {
    let mut bench = Bench::new(Preset::V2_0);
    assert_eq!(bench.try_init(ANN, 900_001).0, ErrorCode::InvalidTransactionTimeout);
    assert_eq!(bench.try_init(ANN, 0).0, ErrorCode::InvalidTransactionTimeout);
}

#[test]
fn another_pid_is_not_the_ids() {
    let mut bench = Bench::new(Preset::V2_0);
    let ann = bench.init(ANN);
    let other = TransactionalProducer { producer: ProducerId(99), ..ann };
    assert_eq!(bench.add(other, &[orders(0)]), ErrorCode::InvalidProducerIdMapping);
    assert_eq!(bench.end(other, true), ErrorCode::InvalidProducerIdMapping);
}

#[test]
fn before_0_11_there_are_no_transactions() {
    let mut bench = Bench::new(Preset::V0_10);
    assert_eq!(bench.try_init(ANN, TIMEOUT).0, ErrorCode::InvalidRequest);
}

#[test]
fn whoever_does_not_lead_the_partition_is_not_the_coordinator() {
    let mut bench = Bench::new(Preset::V2_0);
    let ann = bench.init(ANN);
    let body = Body::EndTxnRequest { producer: ann, commit: true };
    let told = bench.ask(orders(1), ANN, body, Bench::end_told);
    assert_eq!(told, Some((ErrorCode::NotCoordinator, None)));
}
