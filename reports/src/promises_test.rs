use std::sync::Arc;

use highwater_model::config::{Acks, Topic};
use highwater_model::event::Event;
use highwater_model::ids::{BrokerId, TopicId};
use highwater_model::machine::Ending;
use strum::IntoEnumIterator;

use super::{Promise, Promises};
use crate::clients_for_tests::{SHOP, idempotent, setup, unclean};
use crate::panel::PanelSetup;
use crate::property::Property;

fn promises(setup: &PanelSetup) -> Promises {
    Promises::new(&setup.config, &setup.producers, &setup.groups)
}

/// The properties that are not promised to all.
fn withheld(promises: &Promises) -> Vec<&'static str> {
    let withheld = Property::iter().filter(|property| promises.of(*property) != Promise::Made);
    withheld.map(Property::name).collect()
}

fn power_failure() -> Event {
    Event::NodeStopped { node: BrokerId(1).into(), ending: Ending::Power }
}

const LASTING: [&str; 9] = [
    "weak-isr",
    "strong-isr",
    "log-matching",
    "leader-completeness",
    "acked-durable",
    "truncation-spares-committed",
    "inconsistent-offsets",
    "lost-write",
    "unseen",
];

#[test]
fn acks_all_idempotence_and_clean_elections_promise_everything() {
    assert_eq!(withheld(&promises(&idempotent(setup(Acks::All)))), [""; 0]);
}

#[test]
fn without_idempotence_duplicates_are_not_promised_away() {
    assert_eq!(withheld(&promises(&setup(Acks::All))), ["duplicate"]);
}

#[test]
fn acks_1_promises_nothing_of_what_it_acknowledged() {
    let expected = ["acked-durable", "duplicate", "lost-write", "unseen"];
    assert_eq!(withheld(&promises(&setup(Acks::Leader))), expected);
    assert_eq!(withheld(&promises(&setup(Acks::None))), expected);
}

#[test]
fn unclean_election_withdraws_what_rests_on_lasting_logs() {
    let mut expected = LASTING.to_vec();
    expected.insert(7, "duplicate");
    assert_eq!(withheld(&promises(&unclean(idempotent(setup(Acks::All))))), expected);
}

#[test]
fn a_power_failure_over_unflushed_logs_withdraws_promises_for_the_run() {
    let mut promises = promises(&idempotent(setup(Acks::All)));
    promises.hear(&power_failure());
    let mut expected = LASTING.to_vec();
    expected.insert(5, "high-watermark-bound");
    expected.insert(8, "duplicate");
    assert_eq!(withheld(&promises), expected);
}

#[test]
fn a_power_failure_over_flushed_logs_withdraws_nothing() {
    let mut setup = idempotent(setup(Acks::All));
    Arc::make_mut(&mut setup.config).broker.log_flush_interval_messages = 1;
    let mut promises = promises(&setup);
    promises.hear(&power_failure());
    assert_eq!(withheld(&promises), [""; 0]);
}

#[test]
fn a_process_that_dies_withdraws_nothing() {
    let mut promises = promises(&idempotent(setup(Acks::All)));
    promises.hear(&Event::NodeStopped { node: BrokerId(1).into(), ending: Ending::Process });
    assert_eq!(withheld(&promises), [""; 0]);
}

#[test]
fn each_topic_has_its_own_promise() {
    let mut setup = setup(Acks::All);
    let config = Arc::make_mut(&mut setup.config);
    let unclean = Topic { unclean_leader_election_enable: true, ..config.topics[0].clone() };
    config.topics.push(unclean);
    let promises = promises(&setup);
    assert_eq!(promises.of(Property::StrongIsr), Promise::Some(vec![true, false]));
    assert!(promises.covers(Property::LostWrite, SHOP, TopicId(0)));
    assert!(!promises.covers(Property::LostWrite, SHOP, TopicId(1)));
    assert!(promises.read_from_start(TopicId(0)) && !promises.read_from_start(TopicId(1)));
}
