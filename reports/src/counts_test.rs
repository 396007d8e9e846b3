use std::sync::Arc;

use highwater_model::config::Acks;
use highwater_model::event::{Event, TruncationReason};
use highwater_model::ids::{BrokerId, BrokerSet, LeaderEpoch, Offset};
use highwater_model::view::ClusterView;

use super::{Counter, Counts};
use crate::clients_for_tests::{
    ORDERS, SHOP, acknowledged, batch, hoped, led, names, polled, sent, setup, step,
};
use crate::coverage::Coverage;
use crate::history::History;
use crate::promises::Promises;

fn counted(acks: Acks, events: &[Event], view: &ClusterView) -> Counts {
    let setup = setup(acks);
    let promises = Promises::new(&setup.config, &setup.producers, &setup.groups);
    let mut history = History::new(Arc::new(names()));
    let (mut coverage, mut counter) = (Coverage::default(), Counter::default());
    for event in events {
        coverage.count(event.kind());
        counter.hear(event);
        history.hear(&step(1, SHOP), event, &promises);
    }
    counter.counts(&coverage, &history, view, &setup.config)
}

#[test]
fn an_acknowledged_record_that_the_last_log_lacks_is_lost() {
    let events = [sent(0), sent(1), acknowledged(0, &[0, 1])];
    let counts = counted(Acks::All, &events, &led(&[batch(0, &[1])], 1));
    assert_eq!((counts.sent, counts.acknowledged, counts.committed, counts.lost), (2, 2, 1, 1));
}

#[test]
fn a_lost_record_that_was_sent_with_acks_0_is_counted_apart() {
    let counts = counted(Acks::None, &[sent(0), hoped(&[0])], &led(&[], 0));
    assert_eq!((counts.unconfirmed, counts.lost, counts.lost_unconfirmed), (1, 0, 1));
}

#[test]
fn where_nobody_leads_nothing_is_known_to_be_lost() {
    let mut view = led(&[], 0);
    view.partitions[0].controller.leader = None;
    assert_eq!(counted(Acks::All, &[sent(0), acknowledged(0, &[0])], &view).lost, 0);
}

#[test]
fn a_copy_counts_once_whether_logs_acknowledgements_or_polls_show_it() {
    let log = || led(&[batch(0, &[0]), batch(1, &[0]), batch(2, &[1])], 3);
    assert_eq!(counted(Acks::All, &[sent(0), sent(1)], &log()).duplicated, 1);
    assert_eq!(counted(Acks::All, &[sent(0), sent(1), acknowledged(1, &[0])], &log()).duplicated, 1);
    let read = [sent(0), sent(1), acknowledged(1, &[0]), polled(0, &[0, 0, 1])];
    assert_eq!(counted(Acks::All, &read, &log()).duplicated, 1);
}

#[test]
fn what_power_takes_is_no_truncation() {
    let cut = |from, to, reason| Event::LogTruncated {
        partition: ORDERS,
        broker: BrokerId(1),
        from: Offset(from),
        to: Offset(to),
        high_watermark: Offset::ZERO,
        reason,
    };
    let events = [cut(9, 7, TruncationReason::BecameFollower), cut(7, 2, TruncationReason::PowerLoss)];
    let counts = counted(Acks::All, &events, &ClusterView::default());
    assert_eq!((counts.truncations, counts.records_truncated, counts.records_lost_to_power), (1, 2, 5));
}

#[test]
fn elections_are_clean_or_unclean() {
    let elected = |unclean| Event::LeaderElected {
        partition: ORDERS,
        broker: BrokerId(2),
        epoch: LeaderEpoch(1),
        isr: BrokerSet::one(BrokerId(2)),
        unclean,
    };
    let counts =
        counted(Acks::All, &[elected(true), elected(false), elected(false)], &ClusterView::default());
    assert_eq!((counts.elections_clean, counts.elections_unclean), (2, 1));
}

#[test]
fn what_coordinators_write_is_no_applications_record() {
    let mut setup = setup(Acks::All);
    Arc::make_mut(&mut setup.config).offsets_topic = Some(ORDERS.topic);
    let (history, coverage) = (History::new(Arc::new(names())), Coverage::default());
    let view = led(&[batch(0, &[0])], 1);
    assert_eq!(Counter::default().counts(&coverage, &history, &view, &setup.config).committed, 0);
}
