use std::sync::Arc;

use highwater_model::config::{Acks, IsolationLevel};
use highwater_model::event::Event;
use highwater_model::ids::{BrokerId, GroupId, Offset, RecordId, TopicPartition};
use highwater_model::record::{Content, Origin, Record};

use super::super::history_test::judged;
use crate::clients_for_tests::{SHOP, idempotent, polled, setup};
use crate::panel::PanelSetup;
use crate::property::Property;

/// A group with `read_committed`, which here reads what it has made itself.
fn careful() -> PanelSetup {
    let mut setup = idempotent(setup(Acks::All));
    let mut groups = setup.groups.to_vec();
    groups[0].settings.isolation_level = IsolationLevel::ReadCommitted;
    setup.groups = groups.into();
    setup
}

/// The record `number` was made of the one at `offset`.
fn made(number: u32, offset: u64) -> Event {
    let (group, partition) = (GroupId(0), TopicPartition::default());
    let origin = Origin { group, partition, offset: Offset(offset) };
    let content = Some(Arc::new(Content::Output(origin)));
    let record = Record { value: RecordId::new(SHOP, number), content, size_bytes: 1 };
    Event::RecordSent { client: SHOP, partition, record }
}

fn committed(offset: u64) -> Event {
    let (partition, broker) = (TopicPartition::default(), BrokerId(1));
    Event::OffsetCommitted { partition, broker, client: SHOP, group: GroupId(0), offset: Offset(offset) }
}

fn broken(events: &[Event]) -> (u64, u64, u64) {
    judged(&careful(), events, Property::AtomicTransactions)
}

#[test]
fn one_output_for_each_input_below_the_committed_offset_shows_nothing() {
    assert_eq!(broken(&[made(0, 0), made(1, 1), polled(0, &[0]), committed(1)]), (2, 0, 0));
}

#[test]
fn two_outputs_of_one_input_are_not_atomic() {
    assert_eq!(broken(&[made(0, 0), made(1, 0), polled(0, &[0, 1]), committed(1)]), (1, 1, 0));
}

#[test]
fn a_committed_input_without_an_output_is_not_atomic() {
    assert_eq!(broken(&[made(0, 0), committed(1)]), (1, 1, 0));
}

#[test]
fn an_output_of_an_input_that_is_not_committed_is_not_atomic() {
    assert_eq!(broken(&[made(0, 3), polled(0, &[0]), committed(3)]), (1, 1, 0));
}
