use highwater_model::event::{Event, Step, StepId, TruncationReason};
use highwater_model::ids::{BrokerId, BrokerSet, LeaderEpoch, NodeId, Offset, PartitionEpoch};
use highwater_model::machine::Ending;
use highwater_model::view::ClusterView;

use super::{Role, Shapes, Signature, Stage};
use crate::clients_for_tests::{ORDERS, batch, led};
use crate::finding::Finding;
use crate::property::Property;

fn view() -> ClusterView {
    led(&[batch(0, &[0])], 1)
}

fn all(brokers: &[u8]) -> BrokerSet {
    brokers.iter().map(|&broker| BrokerId(broker)).collect()
}

fn step(id: u64, node: u16) -> Step {
    Step { id: StepId(id), node: NodeId(node), ..Step::default() }
}

fn took_office(broker: u8, epoch: u32) -> Event {
    let (broker, epoch) = (BrokerId(broker), LeaderEpoch(epoch));
    Event::BecameLeader { partition: ORDERS, broker, epoch, high_watermark: Offset(1), end_offset: Offset(1) }
}

fn crash(node: u16) -> Event {
    Event::NodeStopped { node: NodeId(node), ending: Ending::Process }
}

fn fenced(broker: u8) -> Event {
    Event::BrokerFenced { broker: BrokerId(broker) }
}

fn elected(broker: u8, epoch: u32) -> Event {
    let (broker, epoch) = (BrokerId(broker), LeaderEpoch(epoch));
    Event::LeaderElected { partition: ORDERS, broker, epoch, isr: all(&[2, 3]), unclean: false }
}

fn cut(broker: u8) -> Event {
    let (partition, broker, reason) = (ORDERS, BrokerId(broker), TruncationReason::BecameFollower);
    Event::LogTruncated {
        partition,
        broker,
        from: Offset(1),
        to: Offset(0),
        high_watermark: Offset(0),
        reason,
    }
}

fn expanded(isr: &[u8]) -> Event {
    Event::IsrExpanded { partition: ORDERS, added: all(&[3]), isr: all(isr), version: PartitionEpoch(1) }
}

/// The signature of a run in which this happened, an event a step, and in which the last one's step broke a property.
fn of(events: &[Event], node: u16, property: Property) -> Signature {
    let (mut shapes, view) = (Shapes::default(), view());
    for (id, event) in (1..).zip(events) {
        shapes.hear(&step(id, 0), event, &view);
    }
    let step = step(events.len() as u64, node);
    let finding = Finding { property, step, partition: Some(ORDERS), evidence: String::new() };
    shapes.signature(&finding, &Stage { view: &view, groups: &[], is_internal: false })
}

#[test]
fn a_signature_names_parts_that_are_played_and_no_broker() {
    let events = [took_office(1, 0), crash(1), fenced(1), elected(2, 1), took_office(2, 1), cut(3)];
    let signature = of(&events, 3, Property::StrongIsr);
    assert_eq!(
        signature.to_string(),
        "a4fd52c4  strong-isr at a follower: crash of leader > fencing > clean election > truncation (became follower)"
    );
    assert_eq!(signature.role, Role::Follower);
}

#[test]
fn other_brokers_in_the_same_parts_and_repeats_change_nothing() {
    let one = of(&[took_office(1, 0), crash(1), fenced(1), elected(2, 1), cut(3)], 3, Property::StrongIsr);
    let events = [took_office(2, 0), crash(2), fenced(2), elected(3, 1), elected(3, 2), cut(1)];
    assert_eq!(one, of(&events, 1, Property::StrongIsr));
    let of_a_follower = [took_office(1, 0), crash(2), fenced(2), elected(2, 1), cut(3)];
    assert_ne!(one.name, of(&of_a_follower, 3, Property::StrongIsr).name);
}

#[test]
fn faults_that_had_no_hand_in_it_are_dropped() {
    let pause = |node| Event::NodePaused { node: NodeId(node) };
    let events = [
        took_office(1, 0),
        pause(2),
        crash(1),
        pause(3),
        fenced(1),
        pause(0),
        elected(2, 1),
        pause(5),
        cut(3),
    ];
    let signature = of(&events, 3, Property::StrongIsr);
    let kept =
        ["crash of leader", "pause of follower", "fencing", "clean election", "truncation (became follower)"];
    assert_eq!(signature.shape, kept, "it was the one that was seen that stood still");
    assert_eq!(
        of(&[crash(2), pause(3)], 1, Property::StrongIsr).shape,
        ["pause of follower"],
        "the last one, else"
    );
}

#[test]
fn what_came_before_the_isr_was_complete_is_dropped() {
    let healed = of(&[crash(3), fenced(3), expanded(&[1, 2, 3]), crash(2), cut(2)], 2, Property::StrongIsr);
    assert_eq!(healed.shape, ["crash of follower", "truncation (became follower)"]);
    let joined = of(&[crash(3), fenced(3), expanded(&[1, 3]), cut(2)], 2, Property::StrongIsr);
    assert_eq!(
        joined.shape,
        ["crash of follower", "fencing", "ISR expanded", "truncation (became follower)"]
    );
    let broke_by_it = of(&[crash(3), fenced(3), expanded(&[1, 2, 3])], 1, Property::StrongIsr);
    assert_eq!(broke_by_it.shape, ["crash of follower", "fencing", "ISR expanded"]);
}

#[test]
fn what_the_end_shows_is_told_from_all_that_happened_under_the_faults() {
    let events = [
        crash(3),
        fenced(3),
        expanded(&[1, 2, 3]),
        cut(2),
        Event::HealStarted,
        crash(1),
        expanded(&[1, 2, 3]),
    ];
    let signature = of(&events, 0, Property::LostWrite);
    assert_eq!(signature.role, Role::End);
    assert_eq!(
        signature.shape,
        ["crash of follower", "fencing", "ISR expanded", "truncation (became follower)"]
    );
}

#[test]
fn once_something_broke_what_follows_is_not_noted_and_until_then_only_the_latest_is_kept() {
    let (mut shapes, view) = (Shapes::default(), view());
    let mut at = 0;
    while !shapes.is_full() {
        at += 1;
        shapes.hear(&step(at, 0), &crash(2), &view);
    }
    shapes.make_room(false);
    assert!(!shapes.is_full());
    shapes.hear(&step(at + 1, 0), &cut(3), &view);
    shapes.make_room(true);
    shapes.hear(&step(at + 2, 0), &elected(2, 1), &view);
    let finding = Finding {
        property: Property::StrongIsr,
        step: step(at + 9, 3),
        partition: Some(ORDERS),
        evidence: String::new(),
    };
    let signature = shapes.signature(&finding, &Stage { view: &view, groups: &[], is_internal: false });
    assert_eq!(signature.shape, ["truncation (became follower)"]);
}
