use std::sync::Arc;

use highwater_model::config::{Acks, IsolationLevel};
use highwater_model::event::Event;
use highwater_model::ids::{
    BrokerId, CoordinatorEpoch, Offset, ProducerEpoch, ProducerId, TopicPartition, TransactionalId,
};
use highwater_model::message::{ErrorCode, Marker, TransactionState};

use super::super::history_test::{judged, told};
use crate::clients_for_tests::{ORDERS, SHOP, acknowledged, idempotent, polled, sent, setup, unclean};
use crate::panel::PanelSetup;
use crate::property::Property;

const PAY: TransactionalId = TransactionalId(0);

/// A group with `read_committed`.
fn careful() -> PanelSetup {
    let mut setup = idempotent(setup(Acks::All));
    let mut groups = setup.groups.to_vec();
    groups[0].settings.isolation_level = IsolationLevel::ReadCommitted;
    setup.groups = groups.into();
    setup
}

fn begun(number: u32) -> Event {
    Event::TransactionBegun { client: SHOP, transaction: PAY, number }
}

fn ended(number: u32, commit: bool) -> Event {
    Event::TransactionEnded { client: SHOP, transaction: PAY, number, commit }
}

fn fenced() -> Event {
    Event::ProducerFenced { client: SHOP, transaction: PAY, error: ErrorCode::ProducerFenced }
}

fn decided() -> Event {
    Event::TransactionMoved {
        broker: BrokerId(1),
        transaction: PAY,
        producer: ProducerId(1),
        epoch: ProducerEpoch(0),
        state: TransactionState::PrepareCommit,
    }
}

fn initialized() -> Event {
    Event::ProducerInitialized {
        broker: BrokerId(1),
        client: SHOP,
        transaction: PAY,
        producer: ProducerId(1),
        epoch: ProducerEpoch(0),
    }
}

fn marked(partition: TopicPartition, offset: u64) -> Event {
    let marker = Marker {
        producer: ProducerId(1),
        epoch: ProducerEpoch(0),
        commit: true,
        coordinator_epoch: CoordinatorEpoch(0),
    };
    Event::MarkerAppended { partition, broker: BrokerId(1), marker, offset: Offset(offset) }
}

/// A transaction of the first two records, acknowledged at offsets 0 and 1, and then what follows.
fn two(then: &[Event]) -> Vec<Event> {
    let mut events = vec![begun(0), sent(0), sent(1), acknowledged(0, &[0, 1])];
    events.extend_from_slice(then);
    events
}

#[test]
fn a_committed_transaction_that_is_read_whole_shows_nothing() {
    let events = two(&[decided(), ended(0, true), polled(0, &[0, 1])]);
    for (property, looked) in
        [(Property::AbortedRead, 0), (Property::PrecommittedRead, 2), (Property::AtomicTransactions, 1)]
    {
        assert_eq!(judged(&careful(), &events, property), (looked, 0, 0), "{property:?}");
    }
}

#[test]
fn a_record_of_an_aborted_transaction_that_is_read_is_an_aborted_read() {
    let after = two(&[ended(0, false), polled(0, &[0])]);
    assert_eq!(judged(&careful(), &after, Property::AbortedRead), (2, 1, 0));
    let before = two(&[polled(0, &[0]), ended(0, false)]);
    assert_eq!(judged(&careful(), &before, Property::AbortedRead), (2, 1, 0));
    assert_eq!(judged(&unclean(careful()), &before, Property::AbortedRead), (2, 0, 1));
    let uncommitted = judged(&idempotent(setup(Acks::All)), &after, Property::AbortedRead);
    assert_eq!(uncommitted, (2, 0, 0), "who reads everything reads that too");
}

#[test]
fn what_completes_the_transaction_before_decides_nothing() {
    let completed = Event::TransactionMoved {
        broker: BrokerId(1),
        transaction: PAY,
        producer: ProducerId(1),
        epoch: ProducerEpoch(0),
        state: TransactionState::CompleteCommit,
    };
    let before = [initialized(), decided(), ended(0, true)];
    let events = [&before[..], &two(&[completed, marked(ORDERS, 0), polled(1, &[0])])].concat();
    assert_eq!(judged(&careful(), &events, Property::PrecommittedRead), (1, 1, 0));
}

#[test]
fn a_marker_behind_a_record_decides_though_nobody_told_of_the_decision() {
    let events = [&[initialized()], &two(&[marked(ORDERS, 2), polled(0, &[0, 1])])[..]].concat();
    assert_eq!(judged(&careful(), &events, Property::PrecommittedRead), (2, 0, 0));
    let elsewhere = TopicPartition { partition: 1, ..ORDERS };
    let events = [&[initialized()], &two(&[marked(elsewhere, 9), polled(0, &[0, 1])])[..]].concat();
    assert_eq!(judged(&careful(), &events, Property::PrecommittedRead), (2, 2, 0));
}

#[test]
fn a_record_that_is_read_before_the_decision_is_a_precommitted_read() {
    let events = two(&[polled(0, &[0, 1]), decided(), ended(0, true)]);
    assert_eq!(judged(&careful(), &events, Property::PrecommittedRead), (2, 2, 0));
    let history = told(&careful(), &events);
    assert_eq!(
        history.precommitted_read.promised.findings[0].evidence,
        "billing-0 is given shop#0 at offset 0 of orders-0, of transaction 0 of shop, and nobody has decided that it is committed"
    );
    let mut late = two(&[decided(), ended(0, true), begun(1), sent(2), acknowledged(3, &[2])]);
    late.push(polled(3, &[2]));
    assert_eq!(judged(&careful(), &late, Property::PrecommittedRead), (1, 1, 0), "that was another one's");
}

#[test]
fn a_transaction_that_goes_on_after_it_was_read_was_not_committed_by_its_application() {
    let events = two(&[decided(), polled(0, &[0, 1]), sent(2), ended(0, true)]);
    assert_eq!(judged(&careful(), &events, Property::PrecommittedRead), (2, 1, 0));
    let honest = two(&[decided(), polled(0, &[0, 1]), ended(0, true), begun(1), sent(2)]);
    assert_eq!(judged(&careful(), &honest, Property::PrecommittedRead), (2, 0, 0));
}

#[test]
fn a_transaction_of_which_a_part_is_read_is_torn() {
    let committed = two(&[decided(), ended(0, true), polled(0, &[0])]);
    assert_eq!(judged(&careful(), &committed, Property::AtomicTransactions), (1, 1, 0));
    let unknown = two(&[fenced(), decided(), polled(0, &[0])]);
    assert_eq!(judged(&careful(), &unknown, Property::AtomicTransactions), (1, 1, 0));
    let history = told(&careful(), &unknown);
    assert_eq!(
        history.atomic_transactions.promised.findings[0].evidence,
        "transaction 0 of shop may have been committed or not; no reader with isolation.level=read_committed was given \
         shop#1 at offset 1 of orders-0, but shop#0 at offset 0 of orders-0"
    );
}

#[test]
fn of_a_transaction_whose_end_nobody_knows_nothing_or_all_is_read() {
    let nothing = two(&[fenced()]);
    assert_eq!(judged(&careful(), &nothing, Property::AtomicTransactions), (1, 0, 0));
    let all = two(&[fenced(), decided(), polled(0, &[0, 1])]);
    assert_eq!(judged(&careful(), &all, Property::AtomicTransactions), (1, 0, 0));
}

#[test]
fn a_committed_transaction_that_nobody_reads_is_not_atomic_and_an_aborted_one_is_no_lost_write() {
    let lost = two(&[decided(), ended(0, true)]);
    assert_eq!(judged(&careful(), &lost, Property::AtomicTransactions), (1, 1, 0));
    let mut passed = two(&[ended(0, false), begun(1), sent(2), acknowledged(3, &[2]), decided()]);
    passed.extend([ended(1, true), polled(3, &[2])]);
    assert_eq!(judged(&careful(), &passed, Property::LostWrite), (1, 0, 0));
    assert_eq!(judged(&careful(), &passed, Property::Unseen), (1, 0, 0));
}

#[test]
fn a_jump_over_an_aborted_transaction_and_markers_is_no_skip() {
    let mut events = two(&[ended(0, false), begun(1), sent(2), sent(3), acknowledged(3, &[2, 3])]);
    events.extend([decided(), ended(1, true)]);
    events.push(Event::PartitionsAssigned {
        client: crate::clients_for_tests::BILLING,
        group: Default::default(),
        generation: Default::default(),
        partitions: Arc::from([crate::clients_for_tests::ORDERS]),
    });
    events.extend([sent(4), polled(3, &[2]), polled(5, &[4])]);
    assert_eq!(judged(&careful(), &events, Property::PollSkip), (1, 1, 0), "offset 4 was committed");
    let mut honest = two(&[begun(1), sent(2), acknowledged(4, &[2]), decided(), ended(1, true)]);
    honest.insert(0, polled(0, &[7]));
    assert_eq!(judged(&careful(), &honest, Property::PollSkip).1, 0);
}
