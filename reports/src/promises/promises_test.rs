use std::sync::Arc;

use highwater_model::config::{AckStrategy, Acks, AutoOffsetReset, CommitPoint, Topic};
use highwater_model::event::Event;
use highwater_model::ids::{BrokerId, GroupId, NodeId, TopicId};
use highwater_model::machine::Ending;
use highwater_model::protocol::Preset;
use strum::IntoEnumIterator;

use super::{Promise, Promises};
use crate::clients::Reader;
use crate::clients_for_tests::{ORDERS, SHOP, idempotent, setup, unclean, unclean_election};
use crate::panel::PanelSetup;
use crate::property::Property;

fn promises(setup: &PanelSetup) -> Promises {
    Promises::new(&setup.config, &setup.producers, &setup.groups)
}

/// The properties that are not promised to all, but for the one that nobody is promised.
fn withheld(promises: &Promises) -> Vec<&'static str> {
    assert_eq!(promises.of(Property::Reprocessed), Promise::NotMade);
    let withheld = Property::iter()
        .filter(|property| *property != Property::Reprocessed && promises.of(*property) != Promise::Made);
    withheld.map(Property::name).collect()
}

fn power_failure() -> Event {
    Event::NodeStopped { node: BrokerId(1).into(), ending: Ending::Power }
}

/// What rests on logs that last, for an idempotent producer.
const LASTING: [&str; 19] = [
    "weak-isr",
    "strong-isr",
    "log-matching",
    "candidate-completeness",
    "leader-completeness",
    "acked-durable",
    "truncation-spares-committed",
    "producer-order",
    "committed-durable",
    "repeatable-read",
    "inconsistent-offsets",
    "duplicate",
    "lost-write",
    "unseen",
    "nonmonotonic-send",
    "skipped",
    "precommitted-read",
    "atomic-transactions",
    "key-order",
];

#[test]
fn acks_all_idempotence_and_clean_elections_promise_everything() {
    assert_eq!(withheld(&promises(&idempotent(setup(Acks::All)))), [""; 0]);
}

#[test]
fn without_idempotence_neither_duplicates_nor_disorder_are_promised_away() {
    let disorder = ["producer-order", "duplicate", "nonmonotonic-send", "key-order"];
    assert_eq!(withheld(&promises(&setup(Acks::All))), disorder);
    let mut setup = setup(Acks::All);
    let mut producers = setup.producers.to_vec();
    producers[0].settings.max_in_flight = 1;
    setup.producers = producers.into();
    assert_eq!(withheld(&promises(&setup)), ["duplicate"], "one request in flight keeps the order");
}

#[test]
fn acks_1_promises_nothing_of_what_it_acknowledged() {
    let expected = ["acked-durable", "lost-write", "unseen", "nonmonotonic-send"];
    assert_eq!(withheld(&promises(&idempotent(setup(Acks::Leader)))), expected);
    assert_eq!(withheld(&promises(&idempotent(setup(Acks::None)))), expected);
}

#[test]
fn unclean_election_withdraws_what_rests_on_lasting_logs() {
    let mut promises = promises(&unclean(idempotent(setup(Acks::All))));
    assert_eq!(withheld(&promises), [""; 0], "as long as there was none, nothing is lost by it");
    promises.hear(&unclean_election());
    assert_eq!(withheld(&promises), LASTING);
}

#[test]
fn an_unclean_election_that_was_forbidden_withdraws_nothing() {
    let mut promises = promises(&idempotent(setup(Acks::All)));
    promises.hear(&unclean_election());
    assert_eq!(withheld(&promises), [""; 0]);
}

#[test]
fn a_power_failure_over_unflushed_logs_withdraws_promises_for_the_run() {
    let mut promises = promises(&idempotent(setup(Acks::All)));
    promises.hear(&power_failure());
    let mut expected = LASTING.to_vec();
    expected.insert(6, "high-watermark-bound");
    expected.insert(8, "group-exclusivity");
    expected.insert(11, "epoch-order");
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
    config.topics.insert(0, unclean);
    let mut promises = promises(&setup);
    promises.hear(&unclean_election());
    assert_eq!(promises.of(Property::StrongIsr), Promise::Some(vec![false, true]));
    assert!(!promises.covers(Property::LostWrite, SHOP, TopicId(0)));
    assert!(promises.covers(Property::LostWrite, SHOP, TopicId(1)));
    assert!(promises.read_from_start(TopicId(0)) && !promises.read_from_start(TopicId(1)));
}

#[test]
fn a_producer_that_restarts_is_no_more_promised_what_rests_on_one_session() {
    let setup = idempotent(setup(Acks::All));
    let mut promises = promises(&setup);
    promises.hear(&Event::NodeRestarted { node: BrokerId(1).into() });
    assert_eq!(withheld(&promises), [""; 0], "a broker that restarts takes nothing away");
    promises.hear(&Event::NodeRestarted { node: SHOP });
    assert_eq!(withheld(&promises), ["producer-order", "duplicate", "key-order"]);
    assert!(!promises.covers(Property::Duplicate, SHOP, TopicId(0)));
    assert!(promises.covers(Property::NonmonotonicSend, SHOP, TopicId(0)));
}

#[test]
fn a_topic_that_grows_is_no_more_promised_the_order_of_keys() {
    let mut promises = promises(&idempotent(setup(Acks::All)));
    assert!(promises.covers(Property::KeyOrder, SHOP, TopicId(0)));
    promises.hear(&Event::PartitionsCreated { partition: ORDERS, count: 2 });
    assert!(!promises.covers(Property::KeyOrder, SHOP, TopicId(0)));
    assert!(promises.covers(Property::ProducerOrder, SHOP, TopicId(0)));
}

#[test]
fn a_group_that_commits_before_its_work_or_begins_at_the_end_may_skip() {
    let with = |change: fn(&mut Reader)| {
        let mut setup = setup(Acks::All);
        let mut groups = setup.groups.to_vec();
        change(&mut groups[0]);
        setup.groups = groups.into();
        promises(&setup).covers_group(Property::Skipped, GroupId(0))
    };
    assert!(with(|_| {}), "auto commit commits what was worked on");
    assert!(with(|group| group.commit = CommitPoint::BeforeProcessing), "which auto commit overrides");
    assert!(!with(|group| {
        (group.commit, group.settings.enable_auto_commit) = (CommitPoint::BeforeProcessing, false);
    }));
    assert!(with(|group| {
        (group.commit, group.settings.enable_auto_commit) = (CommitPoint::AfterProcessing, false);
    }));
    assert!(!with(|group| group.settings.auto_offset_reset = AutoOffsetReset::Latest));
}

#[test]
fn acks_all_on_a_topic_of_strategy_leader_is_promised_what_acks_1_is() {
    let mut setup = idempotent(setup(Acks::All));
    Arc::make_mut(&mut setup.config).topics[0].ack_strategy = AckStrategy::Leader;
    let promises = promises(&setup);
    for property in [Property::LostWrite, Property::Unseen, Property::NonmonotonicSend] {
        assert!(!promises.covers(property, SHOP, TopicId(0)), "{}", property.name());
    }
    assert!(!promises.is_firm(SHOP, TopicId(0)));
    assert!(promises.covers(Property::Duplicate, SHOP, TopicId(0)));
}

#[test]
fn a_majority_needs_no_clean_election() {
    let mut setup = unclean(idempotent(setup(Acks::All)));
    Arc::make_mut(&mut setup.config).topics[0].ack_strategy = AckStrategy::Majority;
    let mut promises = promises(&setup);
    promises.hear(&unclean_election());
    assert_eq!(withheld(&promises), [""; 0]);
}

#[test]
fn coordinators_are_promised_that_their_records_last() {
    let mut setup = setup(Acks::Leader);
    let config = Arc::make_mut(&mut setup.config);
    config.topics.push(config.topics[0].clone());
    (config.offsets_topic, config.offsets_partitions) = (Some(TopicId(1)), vec![0]);
    let promises = promises(&setup);
    assert_eq!(promises.of(Property::AckedDurable), Promise::Made);
    assert!(promises.covers(Property::ProducerOrder, NodeId(1), TopicId(1)));
    assert!(!promises.covers(Property::LostWrite, SHOP, TopicId(0)));
}

#[test]
fn under_elr_acknowledged_records_outlive_fewer_unclean_endings_than_min_insync_replicas() {
    let mut setup = idempotent(setup(Acks::All));
    Arc::make_mut(&mut setup.config).protocol = Preset::V4_0Elr.protocol();
    let mut promises = promises(&setup);
    promises.hear(&power_failure());
    assert_eq!(promises.of(Property::AckedDurable), Promise::Made);
    assert_eq!(promises.of(Property::StrongIsr), Promise::NotMade, "until it is fenced it is in the ISR");
    promises.hear(&Event::NodeStopped { node: BrokerId(2).into(), ending: Ending::Process });
    assert_eq!(promises.of(Property::AckedDurable), Promise::NotMade);
}
