use highwater_model::config::Acks;
use highwater_model::event::Event;
use highwater_model::ids::{BrokerId, Generation, GroupId, MemberId, NodeId, TopicPartition};
use highwater_model::machine::Ending;

use super::{GroupReport, GroupTold, Groups};
use crate::clients_for_tests::{BILLING, ORDERS, led, setup, step};

const GROUP: GroupId = GroupId(0);

fn assigned(client: NodeId, partitions: &[TopicPartition]) -> Event {
    Event::PartitionsAssigned {
        client,
        group: GROUP,
        generation: Generation(1),
        partitions: partitions.into(),
    }
}

fn stabilized() -> Event {
    let broker = BrokerId(1);
    Event::GroupStabilized { broker, group: GROUP, generation: Generation(1), assignment: [].into() }
}

fn watched(events: &[(u64, Event)]) -> GroupReport {
    let (readers, view) = (setup(Acks::All).groups, led(&[], 0));
    let mut groups = Groups::new(&readers);
    for (millis, event) in events {
        groups.hear(&step(*millis, BILLING), event, &view, &readers);
    }
    let told = GroupTold { delivered: 9, reprocessed: 2, skipped: 1 };
    groups.report(GROUP, told, 7, step(1_000, BILLING).at)
}

#[test]
fn time_without_an_owner_counts_from_the_first_stable_generation_to_the_heal() {
    let dies = Event::NodeStopped { node: BILLING, ending: Ending::Process };
    let events = [
        (100, stabilized()),
        (110, assigned(BILLING, &[ORDERS])),
        (300, dies),
        (400, assigned(NodeId(6), &[ORDERS])),
        (500, assigned(NodeId(6), &[])),
        (520, Event::HealStarted),
    ];
    assert_eq!(watched(&events).unowned_ms, 10 + 100 + 20);
    assert_eq!(watched(&events[..3]).unowned_ms, 10 + 700, "a run that was cut short ends where it ends");
    assert_eq!(watched(&[(300, assigned(BILLING, &[ORDERS])), (400, assigned(BILLING, &[]))]).unowned_ms, 0);
}

#[test]
fn a_partition_with_a_zombie_and_an_owner_has_one_when_either_goes() {
    let events = [
        (100, assigned(BILLING, &[ORDERS])),
        (100, stabilized()),
        (200, assigned(NodeId(6), &[ORDERS])),
        (300, assigned(BILLING, &[])),
        (900, Event::HealStarted),
    ];
    assert_eq!(watched(&events).unowned_ms, 0);
}

#[test]
fn a_group_is_told_in_numbers() {
    let member = MemberId { client: BILLING, number: 1 };
    let (broker, group, generation) = (BrokerId(1), GROUP, Generation(4));
    let events = [
        Event::RebalanceStarted { broker, group, generation: Generation(3) },
        Event::GenerationStarted { broker, group, generation, members: 1 },
        Event::MemberExpired { broker, group, client: BILLING, member },
        Event::CommitAccepted { broker, group, client: BILLING, generation, offsets: [].into() },
    ];
    let report = watched(&events.map(|event| (1, event)));
    assert_eq!(
        report.to_string(),
        "rebalances 1, last generation 4, members expired 1, commits 1, refused 0, delivered 9, reprocessed 2, \
         skipped 1, positions reset 0, truncations detected 0, max lag 7 records, unowned 0 ms, summed over partitions"
    );
    let mut sum = report;
    sum.add(&GroupReport { last_generation: 2, max_lag: 9, commits: 1, ..GroupReport::default() });
    assert_eq!((sum.last_generation, sum.max_lag, sum.commits), (4, 9, 2));
}
