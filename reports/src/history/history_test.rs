use std::sync::Arc;

use highwater_model::config::{Acks, AutoOffsetReset};
use highwater_model::event::Event;
use highwater_model::ids::{Offset, TopicPartition};

use super::{Fate, History};
use crate::clients_for_tests::{
    ORDERS, SHOP, acknowledged, hoped, idempotent, names, polled, record, sent, setup, step, timed_out,
    unclean, unclean_election,
};
use crate::panel::PanelSetup;
use crate::promises::Promises;
use crate::property::Property;

/// What came of this history: how often `property` was looked at, broken where promised, and broken elsewhere.
pub(super) fn judged(setup: &PanelSetup, events: &[Event], property: Property) -> (u64, u64, u64) {
    let history = told(setup, events);
    let anomaly = history.anomaly(property).expect("a black-box property");
    (anomaly.looked, anomaly.promised.broken, anomaly.unpromised.broken)
}

pub(super) fn told(setup: &PanelSetup, events: &[Event]) -> History {
    let mut promises = Promises::new(&setup.config, &setup.producers, &setup.groups);
    // Where a leader may be elected uncleanly, one has been.
    promises.hear(&unclean_election());
    let mut history = History::new(Arc::new(names()));
    for (id, event) in (1..).zip(events) {
        let node = event.client().unwrap_or(SHOP);
        promises.hear(event);
        history.hear(&step(id, node), event, &promises);
    }
    history.close();
    history.finish(&step(99, SHOP), &promises);
    history
}

pub(super) fn all() -> PanelSetup {
    setup(Acks::All)
}

#[test]
fn an_honest_history_shows_no_anomaly() {
    let events = [sent(0), sent(1), acknowledged(0, &[0, 1]), polled(0, &[0, 1]), polled(0, &[0, 1])];
    assert_eq!(judged(&all(), &events, Property::InconsistentOffsets), (4, 0, 0));
    assert_eq!(judged(&all(), &events, Property::Duplicate), (4, 0, 0));
    assert_eq!(judged(&all(), &events, Property::LostWrite), (2, 0, 0));
    assert_eq!(judged(&all(), &events, Property::Unseen), (2, 0, 0));
}

#[test]
fn an_offset_with_two_values_is_inconsistent() {
    let events = [polled(0, &[0]), polled(0, &[1])];
    assert_eq!(judged(&all(), &events, Property::InconsistentOffsets), (1, 1, 0));
    let history = told(&all(), &events);
    let finding = &history.inconsistent_offsets.promised.findings[0];
    assert_eq!(finding.evidence, "offset 0 is shop#1 as billing-0 is told; before, it was shop#0");
    assert_eq!((finding.step.id.0, finding.partition), (2, Some(ORDERS)));
}

#[test]
fn an_offset_that_acks_1_reported_may_go_to_another_record() {
    let events = [sent(0), acknowledged(0, &[0]), polled(0, &[1])];
    assert_eq!(judged(&setup(Acks::Leader), &events, Property::InconsistentOffsets), (1, 0, 1));
    assert_eq!(judged(&all(), &events, Property::InconsistentOffsets), (1, 1, 0));
}

#[test]
fn what_was_read_counts_after_what_acks_1_reported() {
    let events = [sent(0), acknowledged(0, &[0]), polled(0, &[1]), polled(0, &[0])];
    assert_eq!(judged(&setup(Acks::Leader), &events, Property::InconsistentOffsets), (2, 1, 1));
}

#[test]
fn unclean_election_takes_the_promise_of_consistent_offsets_away() {
    let events = [polled(0, &[0]), polled(0, &[1])];
    assert_eq!(judged(&unclean(all()), &events, Property::InconsistentOffsets), (1, 0, 1));
}

#[test]
fn the_same_offset_of_two_partitions_may_hold_two_values() {
    let mut elsewhere = polled(0, &[1]);
    if let Event::RecordsPolled { partition, .. } = &mut elsewhere {
        *partition = TopicPartition { partition: 1, ..ORDERS };
    }
    assert_eq!(judged(&all(), &[polled(0, &[0]), elsewhere], Property::InconsistentOffsets), (0, 0, 0));
}

#[test]
fn a_value_at_two_offsets_is_a_duplicate_once_however_often_it_is_read() {
    let events = [sent(0), acknowledged(1, &[0]), polled(0, &[0, 0]), polled(0, &[0, 0])];
    assert_eq!(judged(&all(), &events, Property::Duplicate), (4, 0, 1));
    let history = told(&all(), &events);
    assert_eq!(
        history.duplicate.unpromised.findings[0].evidence,
        "shop#0 is at offset 0 and again at offset 1"
    );
    assert_eq!(history.copies().len(), 1);
}

#[test]
fn an_idempotent_producer_is_promised_no_duplicates() {
    let events = [polled(0, &[0]), polled(1, &[0])];
    assert_eq!(judged(&idempotent(all()), &events, Property::Duplicate), (2, 1, 0));
}

#[test]
fn an_acknowledged_record_that_readers_passed_by_is_lost() {
    let events = [sent(0), sent(1), acknowledged(0, &[0]), acknowledged(1, &[1]), polled(1, &[1])];
    assert_eq!(judged(&all(), &events, Property::LostWrite), (2, 1, 0));
    assert_eq!(judged(&all(), &events, Property::Unseen), (2, 0, 0));
    let history = told(&all(), &events);
    assert_eq!(
        history.lost_write.promised.findings[0].evidence,
        "shop#0 was acknowledged at offset 0 (3.000 ms, step 3) and read by nobody, though readers went on to offset 2"
    );
}

#[test]
fn acks_1_promises_no_lost_writes_away() {
    let events = [sent(0), acknowledged(0, &[0]), polled(0, &[1])];
    assert_eq!(judged(&setup(Acks::Leader), &events, Property::LostWrite), (1, 0, 1));
}

#[test]
fn an_acknowledged_record_that_readers_never_reached_is_unseen() {
    let events = [sent(0), sent(1), acknowledged(0, &[0, 1]), polled(0, &[0])];
    assert_eq!(judged(&all(), &events, Property::Unseen), (2, 1, 0));
    assert_eq!(judged(&all(), &events, Property::LostWrite), (1, 0, 0));
}

#[test]
fn without_a_reader_from_the_start_nothing_is_lost_or_unseen() {
    let mut setup = all();
    let mut groups = setup.groups.to_vec();
    groups[0].settings.auto_offset_reset = AutoOffsetReset::Latest;
    setup.groups = groups.into();
    let events = [sent(0), acknowledged(0, &[0]), polled(5, &[1])];
    assert_eq!(judged(&setup, &events, Property::LostWrite), (0, 0, 0));
    assert_eq!(judged(&setup, &events, Property::Unseen), (0, 0, 0));
}

#[test]
fn a_send_that_timed_out_is_unknown_whether_it_is_read_or_not() {
    let events = [sent(0), sent(1), timed_out(&[0, 1]), polled(0, &[0])];
    assert_eq!(judged(&all(), &events, Property::Unseen), (0, 0, 0));
    assert_eq!(judged(&all(), &events, Property::LostWrite), (0, 0, 0));
    assert_eq!(told(&all(), &events).told().failed, 2);
}

#[test]
fn acks_0_may_lose_what_its_producer_called_done() {
    let events = [sent(0), hoped(&[0]), sent(1), hoped(&[1]), sent(2), hoped(&[2]), polled(0, &[1])];
    let setup = setup(Acks::None);
    assert_eq!(judged(&setup, &events, Property::LostWrite), (1, 0, 1));
    assert_eq!(judged(&setup, &events, Property::Unseen), (3, 0, 1));
    let history = told(&setup, &events);
    assert_eq!(
        history.lost_write.unpromised.findings[0].evidence,
        "shop#0 was called done with acks=0 (2.000 ms, step 2) and read by nobody, though readers went on to offset 1"
    );
}

#[test]
fn acks_0_is_counted_apart() {
    let events = [sent(0), hoped(&[0]), polled(0, &[1])];
    let setup = setup(Acks::None);
    let history = told(&setup, &events);
    assert_eq!((history.told().acknowledged, history.told().unconfirmed), (0, 1));
    assert_eq!(history.records().get(record(0).value).map(|entry| entry.fate), Some(Fate::Unconfirmed));
}

#[test]
fn a_poll_from_within_a_batch_returns_only_the_rest_of_it() {
    let mut poll = polled(0, &[0, 1, 2]);
    if let Event::RecordsPolled { from, .. } = &mut poll {
        *from = Offset(2);
    }
    let history = told(&all(), &[poll]);
    assert_eq!(history.told().delivered, 1);
    assert!(history.records().get(record(2).value).is_some_and(|entry| entry.read));
    assert!(history.records().get(record(1).value).is_none_or(|entry| !entry.read));
}
