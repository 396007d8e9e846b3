use highwater_model::event::{Event, Step};
use highwater_model::ids::{BrokerId, LeaderEpoch, NodeId, Offset, TopicPartition};
use highwater_model::machine::Ending;
use highwater_model::time::Instant;

use super::{Filter, Timeline};
use crate::clients_for_tests::{SHOP, names, step};
use crate::testing::{ORDERS, Stage};

fn became_leader(partition: TopicPartition) -> Event {
    let (high_watermark, end_offset) = (Offset(90), Offset(95));
    Event::BecameLeader { partition, broker: BrokerId(1), epoch: LeaderEpoch(0), high_watermark, end_offset }
}

fn line(node: NodeId, event: &Event) -> String {
    let mut text = String::new();
    Timeline::new(&names()).write(&step(381, node), event, &Stage::new().view, &mut text);
    text
}

#[test]
fn the_columns_stand_below_their_heads_and_show_the_replica_that_the_event_is_about() {
    let names = names();
    let text = Timeline::new(&names).header() + &line(NodeId(1), &became_leader(ORDERS));
    let words: Vec<&str> = text.lines().collect();
    let column = |head: &str| words[0].find(head).expect("the header has it");
    let below = |head: &str| words[1][column(head)..].split_whitespace().next();
    assert_eq!(below("who"), Some("broker-1"));
    assert_eq!(below("role"), Some("L"));
    assert_eq!(below("epoch"), Some("0"));
    assert_eq!(below("HW/LEO"), Some("0/0"));
    assert_eq!(below("ISR"), Some("{1,2,3}"));
    assert_eq!(below("what"), Some("became"));
}

#[test]
fn what_clients_and_the_simulation_do_has_no_replica() {
    let died = line(NodeId::CONTROLLER, &Event::NodeStopped { node: NodeId(2), ending: Ending::Process });
    assert!(!died.contains('/') && !died.contains('{'), "{died}");
}

#[test]
fn filters_combine() {
    let other = TopicPartition { partition: 1, ..ORDERS };
    let (leads, elsewhere) = (became_leader(ORDERS), became_leader(other));
    let died = Event::NodeStopped { node: NodeId(2), ending: Ending::Process };
    let at = |node: NodeId| Step { at: Instant(5_000), ..step(5, node) };
    let (one, driver) = (at(NodeId(1)), at(NodeId::CONTROLLER));

    let partition = Filter { partition: Some(ORDERS), ..Filter::default() };
    assert!(partition.passes(&one, &leads) && !partition.passes(&one, &elsewhere));
    assert!(partition.passes(&driver, &died), "any partition may hang on a broker's life");

    let actor = |node| Filter { actor: Some(node), ..Filter::default() };
    assert!(actor(NodeId(1)).passes(&one, &leads) && !actor(SHOP).passes(&one, &leads));
    assert!(actor(NodeId(2)).passes(&driver, &died) && !actor(NodeId(1)).passes(&driver, &died));
    assert!(!actor(NodeId::CONTROLLER).passes(&driver, &died), "the simulation is not the controller");

    let both = Filter { actor: Some(NodeId(1)), ..partition };
    assert!(both.passes(&one, &leads) && !both.passes(&driver, &died));

    let between = |from, until| Filter { from: Some(Instant(from)), until: Some(Instant(until)), ..both };
    assert!(between(5_000, 5_000).passes(&one, &leads));
    assert!(!between(5_001, 9_000).passes(&one, &leads) && !between(0, 4_999).passes(&one, &leads));
}
