use highwater_model::event::{Event, Step};
use highwater_model::ids::{BrokerId, LeaderEpoch, NodeId, Offset};
use highwater_model::machine::Ending;
use highwater_model::time::Instant;

use super::Trace;
use crate::clients_for_tests::{ORDERS, SHOP, acknowledged, names, polled, step, timed_out};

fn line(step: &Step, event: &Event) -> String {
    Trace::new(&names()).line(step, event)
}

#[test]
fn a_line_has_time_step_node_and_words() {
    let event = Event::BecameLeader {
        partition: ORDERS,
        broker: BrokerId(2),
        epoch: LeaderEpoch(3),
        high_watermark: Offset(90),
        end_offset: Offset(95),
    };
    let step = Step { at: Instant(1_204_250), ..step(381, NodeId(2)) };
    assert_eq!(
        line(&step, &event),
        "    1204.250      #381  broker-2    became leader of orders-0 in epoch 3 (HW 90, LEO 95)"
    );
}

#[test]
fn what_the_simulation_does_has_no_actor() {
    let event = Event::NodeStopped { node: NodeId(2), ending: Ending::Power };
    assert_eq!(
        line(&step(5, NodeId::CONTROLLER), &event),
        "       5.000        #5  -           broker-2 lost its power"
    );
}

#[test]
fn only_a_broker_has_a_log_that_survives() {
    let ends = |node| line(&step(5, node), &Event::NodeStopped { node, ending: Ending::Process });
    assert!(ends(NodeId(2)).ends_with("-           broker-2 died; its log survives"));
    assert!(ends(SHOP).ends_with("-           shop died"));
    let starts = line(&step(5, SHOP), &Event::NodeRestarted { node: SHOP });
    assert!(starts.ends_with("-           shop is started"));
}

#[test]
fn one_group_is_not_many() {
    let read = |groups| Event::CoordinatorLoaded { partition: ORDERS, broker: BrokerId(1), groups };
    let words = |groups| line(&step(5, NodeId(1)), &read(groups));
    assert!(words(1).ends_with("read 1 group from orders-0 and coordinates it"));
    assert!(words(0).ends_with("read 0 groups from orders-0 and coordinates them"));
}

#[test]
fn clients_say_which_records_and_offsets() {
    let words =
        |event| line(&step(5, SHOP), &event).split_once("shop        ").map(|(_, words)| words.to_owned());
    let said = |text: &str| Some(text.to_owned());
    assert_eq!(
        words(acknowledged(5, &[3, 4])),
        said("was told that shop#3 and 1 more is in orders-0 at offsets 5 to 6")
    );
    assert_eq!(words(polled(5, &[3])), said("read shop#3 from orders-0 at offset 5"));
    assert_eq!(
        words(timed_out(&[3])),
        said("gave up shop#3 for orders-0: REQUEST_TIMED_OUT (perhaps written)")
    );
}
