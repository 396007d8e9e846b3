//! `aborted-read`, the `poll` properties, `nonmonotonic-send`.

use highwater_model::config::Acks;
use highwater_model::event::{Event, StepId};
use highwater_model::ids::{Generation, GroupId, NodeId, Offset, TopicPartition};
use highwater_model::message::ErrorCode;
use std::sync::Arc;

use super::history_test::{all, judged, told};
use super::{Anomaly, History};
use crate::clients_for_tests::{
    BILLING, ORDERS, SHOP, acknowledged, idempotent, names, polled, sent, setup, step, timed_out, unclean,
};
use crate::promises::Promises;
use crate::property::Property::{
    self, AbortedRead, Duplicate, IntNonmonotonicPoll, IntPollSkip, NonmonotonicPoll, NonmonotonicSend,
    PollSkip,
};

fn refused(numbers: &[u32]) -> Event {
    let Event::SendFailed { client, partition, records, .. } = timed_out(numbers) else { unreachable!() };
    Event::SendFailed { client, partition, records, error: ErrorCode::NotEnoughReplicas, definite: true }
}

#[test]
fn a_send_that_surely_failed_and_is_read_was_aborted() {
    assert_eq!(judged(&all(), &[sent(0), refused(&[0])], AbortedRead), (1, 0, 0));
    let events = [sent(0), refused(&[0]), polled(0, &[0])];
    assert_eq!(judged(&all(), &events, AbortedRead), (1, 1, 0));
    let history = told(&all(), &events);
    assert_eq!(
        history.aborted_read.promised.findings[0].evidence,
        "shop#0 at offset 0 of orders-0 is read though it was given up as surely not written"
    );
    let events = [sent(0), polled(0, &[0]), refused(&[0])];
    assert_eq!(judged(&all(), &events, AbortedRead), (1, 1, 0), "in whatever order they are told");
}

#[test]
fn what_timed_out_or_was_sent_again_by_another_life_did_not_surely_fail() {
    let events = [sent(0), timed_out(&[0]), polled(0, &[0])];
    assert_eq!(judged(&all(), &events, AbortedRead), (0, 0, 0));
    let events = [sent(0), Event::NodeRestarted { node: SHOP }, sent(0), refused(&[0]), polled(0, &[0])];
    assert_eq!(judged(&all(), &events, AbortedRead), (0, 0, 0));
}

#[test]
fn a_record_that_is_handed_over_again_was_sent_once() {
    let history = told(&all(), &[sent(0), Event::NodeRestarted { node: SHOP }, sent(0)]);
    assert_eq!(history.told().sent, 1);
}

fn assigned(partitions: &[TopicPartition]) -> Event {
    let generation = Generation(1);
    Event::PartitionsAssigned {
        client: BILLING,
        group: GroupId(0),
        generation,
        partitions: partitions.into(),
    }
}

fn revoked(partitions: &[TopicPartition]) -> Event {
    let generation = Generation(1);
    Event::PartitionsRevoked { client: BILLING, group: GroupId(0), generation, partitions: partitions.into() }
}

/// From poll to poll.
fn polls(events: &[Event]) -> [(u64, u64, u64); 2] {
    [PollSkip, NonmonotonicPoll].map(|property| judged(&all(), events, property))
}

#[test]
fn polls_that_follow_each_other_are_not_reported() {
    assert_eq!(polls(&[polled(0, &[0, 1]), polled(2, &[2]), polled(3, &[3])]), [(2, 0, 0), (2, 0, 0)]);
}

#[test]
fn a_poll_that_jumps_over_a_record_skips_it() {
    let events = [sent(2), acknowledged(2, &[2]), polled(0, &[0, 1]), polled(3, &[3])];
    assert_eq!(polls(&events), [(1, 1, 0), (1, 0, 0)]);
    let history = told(&all(), &events);
    assert_eq!(
        history.poll_order.skips[0].promised.findings[0].evidence,
        "billing-0 polled orders-0 from offset 3 after it had come to 2: shop#2 at offset 2 is left out"
    );
}

#[test]
fn a_record_that_is_told_of_later_was_skipped_too_and_a_hole_was_not() {
    let events = [polled(0, &[0, 1]), polled(3, &[3])];
    assert_eq!(polls(&events), [(1, 0, 0), (1, 0, 0)]);
    let events = [polled(0, &[0, 1]), polled(3, &[3]), sent(2), acknowledged(2, &[2])];
    assert_eq!(polls(&events), [(1, 1, 0), (1, 0, 0)]);
}

#[test]
fn a_poll_that_goes_back_is_not_monotonic() {
    let events = [polled(0, &[0, 1]), polled(1, &[1])];
    assert_eq!(polls(&events), [(1, 0, 0), (1, 1, 0)]);
    let history = told(&all(), &events);
    assert_eq!(
        history.poll_order.backwards[0].promised.findings[0].evidence,
        "billing-0 polled orders-0 from offset 1 after it had come to 2, where it should have gone on"
    );
}

#[test]
fn a_new_assignment_a_reset_and_a_restart_begin_anew() {
    let back = || [polled(0, &[0, 1]), polled(0, &[0, 1])];
    let reset =
        Event::PositionReset { client: BILLING, group: GroupId(0), partition: ORDERS, to: Offset::ZERO };
    for between in [
        vec![revoked(&[ORDERS]), assigned(&[ORDERS])],
        vec![assigned(&[]), assigned(&[ORDERS])],
        vec![reset],
        vec![Event::NodeRestarted { node: BILLING }],
    ] {
        let [first, again] = back();
        let mut events = vec![assigned(&[ORDERS]), first];
        events.extend(between.clone());
        events.push(again);
        assert_eq!(polls(&events), [(0, 0, 0), (0, 0, 0)], "{between:?}");
    }
    let [first, again] = back();
    let kept = [assigned(&[ORDERS]), first, assigned(&[ORDERS]), again];
    assert_eq!(polls(&kept), [(1, 0, 0), (1, 1, 0)], "what was kept goes on");
}

#[test]
fn what_one_poll_returns_is_compared_with_itself() {
    let setup = all();
    let promises = Promises::new(&setup.config, &setup.producers, &setup.groups);
    let mut history = History::new(Arc::new(names()));
    for event in [sent(1), acknowledged(1, &[1]), polled(0, &[0]), polled(2, &[2]), polled(1, &[1])] {
        history.hear(&step(7, BILLING), &event, &promises);
    }
    let judged = |property: Property| {
        let Anomaly { looked, promised, .. } = history.anomaly(property).expect("a black-box property");
        (*looked, promised.broken)
    };
    assert_eq!([IntPollSkip, IntNonmonotonicPoll].map(judged), [(2, 1), (2, 1)]);
    assert_eq!([PollSkip, NonmonotonicPoll].map(judged), [(0, 0), (0, 0)]);
    let finding = &history.anomaly(IntPollSkip).expect("one of them").promised.findings[0];
    assert_eq!((finding.property, finding.step.id), (IntPollSkip, StepId(7)));
}

#[test]
fn another_member_stands_where_it_stands() {
    let mut elsewhere = polled(0, &[0]);
    if let Event::RecordsPolled { client, .. } = &mut elsewhere {
        *client = NodeId(6);
    }
    assert_eq!(polls(&[polled(0, &[0, 1]), elsewhere]), [(0, 0, 0), (0, 0, 0)]);
}

#[test]
fn sends_that_land_in_order_are_not_reported_whatever_order_they_are_acknowledged_in() {
    let events = [acknowledged(0, &[0]), acknowledged(2, &[2]), acknowledged(1, &[1]), acknowledged(3, &[3])];
    assert_eq!(judged(&idempotent(all()), &events, NonmonotonicSend), (3, 0, 0));
}

#[test]
fn a_later_send_that_lands_before_an_earlier_one_is_reported() {
    let events = [acknowledged(1, &[0]), acknowledged(0, &[1])];
    assert_eq!(judged(&idempotent(all()), &events, NonmonotonicSend), (1, 1, 0));
    assert_eq!(judged(&all(), &events, NonmonotonicSend), (1, 0, 1));
    assert_eq!(judged(&idempotent(unclean(all())), &events, NonmonotonicSend), (1, 0, 1));
    assert_eq!(judged(&idempotent(setup(Acks::Leader)), &events, NonmonotonicSend), (1, 0, 1));
    let history = told(&all(), &events);
    assert_eq!(
        history.nonmonotonic_send.anomaly.unpromised.findings[0].evidence,
        "shop#0 was acknowledged at offset 1, and shop#1, which was sent later, at offset 0"
    );
    let late = [acknowledged(0, &[1]), acknowledged(1, &[0])];
    assert_eq!(judged(&idempotent(all()), &late, NonmonotonicSend), (1, 1, 0));
}

#[test]
fn another_life_of_a_producer_sends_again() {
    let events = [acknowledged(5, &[5]), Event::NodeRestarted { node: SHOP }, acknowledged(6, &[4])];
    assert_eq!(judged(&idempotent(all()), &events, NonmonotonicSend), (0, 0, 0));
}

#[test]
fn a_producer_that_restarts_may_duplicate() {
    let copies = || [polled(0, &[0]), polled(1, &[0])];
    let [one, two] = copies();
    let events = [Event::NodeRestarted { node: SHOP }, one, two];
    assert_eq!(judged(&idempotent(all()), &events, Duplicate), (2, 0, 1));
}
