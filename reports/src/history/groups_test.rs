//! `reprocessed`, `skipped`, `key-order`.

use std::sync::Arc;

use highwater_model::config::{AutoOffsetReset, CommitPoint};
use highwater_model::event::Event;
use highwater_model::ids::{BrokerId, GroupId, NodeId, Offset, RecordId, TopicPartition};
use highwater_model::record::{Batch, Content, Record};

use super::history_test::{all, judged, told};
use crate::clients::Reader;
use crate::clients_for_tests::{BILLING, ORDERS, SHOP, acknowledged, idempotent, polled, sent, unclean};
use crate::panel::PanelSetup;
use crate::property::Property::{KeyOrder, Reprocessed, Skipped};

fn by(client: u16, mut event: Event) -> Event {
    if let Event::RecordsPolled { client: poller, .. } = &mut event {
        *poller = NodeId(client);
    }
    event
}

fn committed(offset: u64) -> Event {
    Event::OffsetCommitted {
        partition: ORDERS,
        broker: BrokerId(1),
        client: BILLING,
        group: GroupId(0),
        offset: Offset(offset),
    }
}

fn processed(from: u64, to: u64) -> Event {
    Event::RecordsProcessed {
        client: BILLING,
        group: GroupId(0),
        partition: ORDERS,
        from: Offset(from),
        to: Offset(to),
    }
}

fn reading(mut setup: PanelSetup, change: impl FnOnce(&mut Reader)) -> PanelSetup {
    let mut groups = setup.groups.to_vec();
    change(&mut groups[0]);
    setup.groups = groups.into();
    setup
}

#[test]
fn what_another_member_had_already_is_reprocessed() {
    let events = [polled(0, &[0, 1]), by(6, polled(1, &[1, 2])), by(6, polled(3, &[3]))];
    assert_eq!(judged(&all(), &events, Reprocessed), (3, 0, 1));
    let history = told(&all(), &events);
    assert_eq!(
        history.reprocessed.unpromised.findings[0].evidence,
        "shop#1 at offset 1 was delivered to group billing again, now to ?"
    );
    let told = history.told_to(GroupId(0));
    assert_eq!((told.delivered, told.reprocessed), (5, 1));
}

#[test]
fn another_group_and_another_record_at_the_same_offset_are_no_repetition() {
    let mut elsewhere = polled(0, &[0, 1]);
    if let Event::RecordsPolled { group, .. } = &mut elsewhere {
        *group = GroupId(1);
    }
    assert_eq!(judged(&all(), &[polled(0, &[0, 1]), elsewhere], Reprocessed), (2, 0, 0));
    assert_eq!(judged(&all(), &[polled(0, &[0]), polled(0, &[1])], Reprocessed), (2, 0, 0));
}

#[test]
fn what_was_committed_and_never_delivered_is_skipped() {
    let events = [sent(0), acknowledged(0, &[0]), polled(1, &[1, 2]), committed(3)];
    assert_eq!(judged(&all(), &events, Skipped), (3, 1, 0));
    let history = told(&all(), &events);
    assert_eq!(
        history.skipped.promised.findings[0].evidence,
        "group billing committed orders-0 up to offset 3 and never finished shop#0 at offset 0"
    );
    assert_eq!(history.told_to(GroupId(0)).skipped, 1);
    assert_eq!(judged(&unclean(all()), &events, Skipped), (3, 0, 1));
    let latest = reading(all(), |group| group.settings.auto_offset_reset = AutoOffsetReset::Latest);
    assert_eq!(judged(&latest, &events, Skipped), (3, 0, 1));
}

fn begins_at(partition: TopicPartition, to: u64) -> Event {
    Event::PositionReset { client: BILLING, group: GroupId(0), partition, to: Offset(to) }
}

#[test]
fn what_stood_there_before_a_group_first_did_is_not_skipped() {
    let before = [sent(0), acknowledged(0, &[0]), sent(1), acknowledged(1, &[1])];
    let after = |firsts: &[u64]| {
        let resets = firsts.iter().map(|to| begins_at(ORDERS, *to));
        before.iter().cloned().chain(resets).chain([polled(2, &[2]), committed(3)]).collect::<Vec<_>>()
    };
    assert_eq!(judged(&all(), &after(&[2]), Skipped), (1, 0, 0));
    assert_eq!(judged(&all(), &after(&[1]), Skipped), (2, 1, 0));
    assert_eq!(judged(&all(), &after(&[0, 2]), Skipped), (3, 2, 0), "its first position counts");
}

#[test]
fn all_of_a_partition_is_owed_that_was_added_while_the_group_read_its_topic() {
    let elsewhere = TopicPartition { partition: 1, ..ORDERS };
    let grown = Event::PartitionsCreated { partition: ORDERS, count: 1 };
    let end = [sent(0), acknowledged(0, &[0]), begins_at(ORDERS, 1), polled(1, &[1]), committed(2)];
    let told = |first: &[Event]| first.iter().chain(&end).cloned().collect::<Vec<_>>();
    assert_eq!(judged(&all(), &told(&[begins_at(elsewhere, 0), grown.clone()]), Skipped), (2, 1, 0));
    assert_eq!(judged(&all(), &told(&[grown, begins_at(elsewhere, 0)]), Skipped), (1, 0, 0));
}

#[test]
fn what_was_delivered_or_not_committed_or_never_existed_is_not_skipped() {
    let events = [polled(0, &[0, 1]), committed(2), sent(2), acknowledged(2, &[2])];
    assert_eq!(judged(&all(), &events, Skipped), (2, 0, 0));
    assert_eq!(judged(&all(), &[polled(1, &[1]), committed(2)], Skipped), (2, 0, 0));
}

#[test]
fn what_was_written_anew_below_a_groups_position_is_skipped() {
    let read = [polled(0, &[0, 1]), sent(2), sent(3)];
    let anew = acknowledged(1, &[2]);
    let with = |more: &[Event]| read.iter().chain(more).cloned().collect::<Vec<_>>();
    let events = with(&[anew.clone(), acknowledged(2, &[3]), polled(2, &[3]), committed(3)]);
    assert_eq!(judged(&all(), &events, Skipped), (3, 1, 0));
    assert_eq!(
        told(&all(), &events).skipped.promised.findings[0].evidence,
        "group billing committed orders-0 up to offset 3 and never finished shop#2 at offset 1; what it had there was shop#1"
    );
    assert_eq!(judged(&unclean(all()), &events, Skipped), (3, 0, 1));
    let went_back = with(&[anew.clone(), polled(1, &[2, 3]), committed(3)]);
    assert_eq!(judged(&all(), &went_back, Skipped), (3, 0, 0), "it was delivered both");
    let not_committed = with(&[anew, committed(1)]);
    assert_eq!(judged(&all(), &not_committed, Skipped), (1, 0, 0));
}

#[test]
fn where_work_takes_time_only_what_was_worked_on_is_finished() {
    let slow = reading(all(), |group| group.takes_time = true);
    let events = [polled(0, &[0, 1]), processed(0, 1), committed(2)];
    assert_eq!(judged(&slow, &events, Skipped), (2, 1, 0));
    let hasty = reading(slow.clone(), |group| {
        (group.commit, group.settings.enable_auto_commit) = (CommitPoint::BeforeProcessing, false);
    });
    assert_eq!(judged(&hasty, &events, Skipped), (2, 0, 1));
    let events = [polled(0, &[0, 1]), committed(2), processed(0, 1), processed(1, 2)];
    assert_eq!(judged(&slow, &events, Skipped), (2, 0, 0));
}

fn keyed(number: u32, key: &str) -> Record {
    let content = Some(Arc::new(Content::Key(key.as_bytes().into())));
    Record { value: RecordId::new(SHOP, number), content, size_bytes: 100 }
}

fn sent_with(number: u32, key: &str) -> Event {
    Event::RecordSent { client: SHOP, partition: ORDERS, record: keyed(number, key) }
}

/// Records 0, 1 and 2; 0 and 2 have key `a`.
fn three() -> Vec<Event> {
    vec![sent_with(0, "a"), sent_with(1, "b"), sent_with(2, "a")]
}

fn polled_with(base: u64, records: &[Record]) -> Event {
    let mut event = polled(base, &[0]);
    if let Event::RecordsPolled { batch, .. } = &mut event {
        let records = records.to_vec().into();
        *batch = Arc::new(Batch { records, ..Batch::clone(batch) });
    }
    event
}

fn after_three(events: impl IntoIterator<Item = Event>) -> Vec<Event> {
    three().into_iter().chain(events).collect()
}

#[test]
fn records_of_one_key_that_come_in_order_are_not_reported() {
    let events = after_three([polled_with(0, &[keyed(1, "b"), keyed(0, "a"), keyed(2, "a")])]);
    assert_eq!(judged(&idempotent(all()), &events, KeyOrder), (1, 0, 0));
}

#[test]
fn a_record_behind_a_later_one_of_its_key_is_reported() {
    let events = after_three([polled_with(0, &[keyed(2, "a"), keyed(0, "a")])]);
    assert_eq!(judged(&idempotent(all()), &events, KeyOrder), (1, 1, 0));
    assert_eq!(judged(&all(), &events, KeyOrder), (1, 0, 1));
    let history = told(&all(), &events);
    assert_eq!(
        history.key_order.unpromised.findings[0].evidence,
        "group billing finished shop#0 at offset 1 behind shop#2 of the same key, which was sent later"
    );
    let grown = Event::PartitionsCreated { partition: ORDERS, count: 2 };
    let mut events = events;
    events.insert(0, grown);
    assert_eq!(judged(&idempotent(all()), &events, KeyOrder), (1, 0, 1));
}

#[test]
fn what_is_delivered_again_is_not_out_of_order() {
    let again = [keyed(0, "a"), keyed(2, "a")];
    let events = after_three([polled_with(0, &again), by(6, polled_with(0, &again))]);
    assert_eq!(judged(&idempotent(all()), &events, KeyOrder), (1, 0, 0));
    let copy = after_three([polled_with(0, &again), polled_with(2, &[keyed(0, "a")])]);
    assert_eq!(judged(&idempotent(all()), &copy, KeyOrder), (2, 0, 0), "neither is a copy of what it had");
}

#[test]
fn where_work_takes_time_the_order_of_work_counts() {
    let slow = reading(idempotent(all()), |group| group.takes_time = true);
    let poll = polled_with(0, &[keyed(0, "a"), keyed(2, "a")]);
    let events = after_three([poll.clone(), processed(0, 1), processed(1, 2)]);
    assert_eq!(judged(&slow, &events, KeyOrder), (1, 0, 0));
    let events = after_three([poll, processed(1, 2), processed(0, 1)]);
    assert_eq!(judged(&slow, &events, KeyOrder), (1, 1, 0));
}
