use highwater_model::ids::{BrokerId, Generation, GroupId, NodeId, Offset, TopicPartition};
use highwater_model::view::{ConsumerView, ProducerView, Role};

use super::{Pending, converged, unavailable};
use crate::end::RunEnd;
use crate::property::Property::{AllSeen, Answered, Converged, Elected, GroupStable, HighWatermarkReached};
use crate::testing::{ORDERS, SHOP, Stage, set};

const ALL: [crate::property::Property; 6] =
    [Converged, Elected, Answered, HighWatermarkReached, GroupStable, AllSeen];

/// A settled cluster with a producer that has nothing pending and a consumer at the end.
fn settled() -> Stage {
    let mut stage = Stage::settled();
    stage.view.producers = vec![ProducerView { node: SHOP, pending: 0, transactional: false }];
    stage.view.consumers = vec![consumer(5, Some(3))];
    stage
}

fn consumer(node: u16, position: Option<u64>) -> ConsumerView {
    ConsumerView {
        node: NodeId(node),
        group: GroupId(0),
        positions: vec![(ORDERS, position.map(Offset))],
        active: true,
        stable: true,
        ..ConsumerView::default()
    }
}

fn stalled(stage: &mut Stage) {
    stage.judge.finish(&stage.step, &stage.view, &RunEnd::Stalled { pending: Vec::new() });
}

#[test]
fn a_cluster_in_order_has_converged_and_breaks_nothing() {
    let mut stage = settled();
    assert_eq!(converged(&stage.view), Ok(()));
    stage.judge.finish(&stage.step, &stage.view, &RunEnd::Converged);
    for property in ALL {
        stage.assert_held(property);
    }
}

#[test]
fn a_run_that_was_cut_short_says_nothing_about_liveness() {
    let mut stage = settled();
    stage.view.producers[0].pending = 1;
    stage.judge.finish(&stage.step, &stage.view, &RunEnd::EventsExhausted);
    for property in ALL {
        assert_eq!(stage.tally(property).looked, 0);
    }
}

#[test]
fn whatever_is_pending_keeps_the_cluster_from_having_converged() {
    type Spoil = fn(&mut Stage);
    let cases: [(Spoil, Pending); 9] = [
        (|stage| stage.view.brokers[1].paused = true, Pending::Broker(BrokerId(2))),
        (|stage| stage.view.brokers[2].registered = false, Pending::Broker(BrokerId(3))),
        (|stage| stage.replica(1).role = Role::Follower, Pending::Leader(ORDERS)),
        (|stage| stage.orders().controller.isr = set(&[1, 2]), Pending::Isr(ORDERS, set(&[1, 2]))),
        (|stage| stage.cut(3, 2), Pending::LogEnd(ORDERS, BrokerId(3), Offset(2))),
        (
            |stage| stage.replica(2).high_watermark = Offset(2),
            Pending::HighWatermark(ORDERS, BrokerId(2), Offset(2)),
        ),
        (|stage| stage.view.producers[0].pending = 4, Pending::Producer(SHOP, 4)),
        (|stage| stage.view.consumers[0] = consumer(5, None), Pending::Consumer(NodeId(5), ORDERS, None)),
        (
            |stage| stage.view.consumers[0] = consumer(5, Some(2)),
            Pending::Consumer(NodeId(5), ORDERS, Some(Offset(2))),
        ),
    ];
    for (spoil, pending) in cases {
        let mut stage = settled();
        spoil(&mut stage);
        assert_eq!(converged(&stage.view), Err(pending));
    }
}

#[test]
fn a_partition_that_was_added_and_that_no_member_has_noticed_keeps_the_cluster_from_having_converged() {
    let add = |stage: &mut Stage, number| {
        let mut another = stage.view.partitions[0].clone();
        another.controller.partition = TopicPartition { partition: number, ..ORDERS };
        stage.view.partitions.push(another);
        TopicPartition { partition: number, ..ORDERS }
    };
    let mut stage = settled();
    let (first, second) = (add(&mut stage, 1), add(&mut stage, 2));
    assert_eq!(converged(&stage.view), Err(Pending::Unowned(GroupId(0), first)));

    let mut other = consumer(6, Some(3));
    other.positions[0].0 = second;
    stage.view.consumers.push(other);
    assert_eq!(converged(&stage.view), Err(Pending::Unowned(GroupId(0), first)), "between two owned ones");

    stage.view.consumers[1].positions.insert(0, (first, Some(Offset(3))));
    assert_eq!(converged(&stage.view), Ok(()));
    stage.view.consumers[1].group = GroupId(1);
    assert_eq!(converged(&stage.view), Err(Pending::Unowned(GroupId(0), first)), "another group is no help");
    stage.view.consumers.remove(0);
    assert_eq!(converged(&stage.view), Err(Pending::Unowned(GroupId(1), ORDERS)), "below an owned one");
}

#[test]
fn a_live_replica_outside_the_isr_is_reported() {
    let mut stage = settled();
    stage.orders().controller.isr = set(&[1, 2]);
    stalled(&mut stage);
    stage.assert_broken(Converged, "brokers {3} are alive and outside the ISR {1,2} of orders-0");
}

#[test]
fn logs_of_one_length_that_differ_are_reported_though_the_run_came_right() {
    let mut stage = settled();
    stage.cut(3, 2);
    stage.append(3, &[9]);
    assert_eq!(converged(&stage.view), Ok(()));
    stage.judge.finish(&stage.step, &stage.view, &RunEnd::Converged);
    stage.assert_broken(
        Converged,
        "the log of orders-0 on broker 3 differs from that of its leader, broker 1: they end at 3 and 3, and first \
         differ at offset 2",
    );
}

#[test]
fn a_partition_that_stays_without_a_leader_is_reported() {
    let mut stage = settled();
    stage.orders().controller.leader = None;
    stalled(&mut stage);
    stage
        .assert_broken(Elected, "orders-0 has no leader though of its ISR {1,2,3} brokers {1,2,3} are alive");
}

#[test]
fn a_partition_whose_last_members_are_dead_is_unavailable_as_configured() {
    let mut stage = settled();
    stage.orders().controller.leader = None;
    stage.orders().controller.isr = set(&[1]);
    stage.view.brokers[0].alive = false;
    stage.view.producers[0].pending = 1;
    let names = highwater_model::names::Names { topics: vec![String::from("orders")], ..Default::default() };
    let config = crate::testing::config();
    assert_eq!(
        unavailable(&stage.view, &names, &config),
        ["orders-0 is unavailable as configured: its ISR is {1}, of its replicas {2,3} are alive, and \
          unclean.leader.election.enable is false"]
    );
    stalled(&mut stage);
    for property in [Elected, Answered, HighWatermarkReached] {
        assert_eq!(stage.tally(property).looked, 0, "{}", property.name());
    }
    // The partition is excused; the broker that did not come back is not.
    assert_eq!((stage.tally(Converged).looked, stage.tally(Converged).broken), (1, 1));
    stage.orders().unclean_election = true;
    assert!(unavailable(&stage.view, &names, &config).is_empty());
    stalled(&mut stage);
    assert_eq!(stage.tally(Elected).broken, 1);
}

#[test]
fn too_few_live_replicas_for_the_minimum_excuse_producers_alone() {
    let mut stage = settled();
    stage.orders().controller.isr = set(&[1]);
    stage.view.brokers[1].alive = false;
    stage.view.brokers[2].alive = false;
    stage.view.producers[0].pending = 1;
    stalled(&mut stage);
    assert_eq!(stage.tally(Answered).looked, 0);
    stage.assert_held(Elected);
}

#[test]
fn a_broker_that_is_down_after_the_heal_is_reported() {
    let mut stage = settled();
    stage.view.brokers[1].alive = false;
    stalled(&mut stage);
    let down = stage.tally(Converged).findings.iter().find(|finding| finding.partition.is_none());
    assert_eq!(
        down.map(|finding| finding.evidence.as_str()),
        Some("broker 2 is down, or not known to the controller, long after the heal")
    );
}

#[test]
fn a_produce_without_an_answer_is_reported() {
    let mut stage = settled();
    stage.view.producers[0].pending = 2;
    stalled(&mut stage);
    stage.assert_broken(Answered, "shop has 2 records neither answered nor given up");
}

#[test]
fn a_high_watermark_that_stays_below_the_end_is_reported() {
    let mut stage = settled();
    stage.replica(1).high_watermark = Offset(2);
    stalled(&mut stage);
    stage.assert_broken(
        HighWatermarkReached,
        "the high watermark of orders-0 on its leader, broker 1, stays at 2 while the log ends at 3; the ISR is {1,2,3}",
    );
}

#[test]
fn a_partition_with_two_owners_none_or_a_lost_one_is_reported() {
    let mut stage = settled();
    stage.view.consumers.push(consumer(6, Some(3)));
    stalled(&mut stage);
    stage.assert_broken(GroupStable, "orders-0 in group billing is owned by billing-0 and by ?");

    let mut stage = settled();
    let mut another = stage.view.partitions[0].clone();
    another.controller.partition = TopicPartition { partition: 1, ..ORDERS };
    stage.view.partitions.push(another);
    stalled(&mut stage);
    stage.assert_broken(GroupStable, "orders-1 in group billing has no owner");

    let mut stage = settled();
    stage.view.consumers[0] = consumer(5, None);
    stalled(&mut stage);
    stage.assert_broken(
        GroupStable,
        "orders-0 in group billing is owned by billing-0, which does not know where it stands",
    );
}

#[test]
fn a_consumer_below_the_high_watermark_is_reported() {
    let mut stage = settled();
    stage.view.consumers[0] = consumer(5, Some(1));
    stalled(&mut stage);
    stage.assert_broken(AllSeen, "billing-0 stands at 1 in orders-0, whose high watermark is 3");
}

#[test]
fn an_application_that_is_still_at_work_keeps_the_cluster_from_having_converged() {
    let mut stage = settled();
    stage.view.consumers[0].busy = true;
    assert_eq!(converged(&stage.view), Err(Pending::Busy(NodeId(5))));
}

#[test]
fn a_member_without_a_share_and_members_of_two_generations_keep_the_cluster_from_having_converged() {
    let mut stage = settled();
    stage.view.consumers[0].stable = false;
    assert_eq!(converged(&stage.view), Err(Pending::Unstable(NodeId(5))));
    stalled(&mut stage);
    stage.assert_broken(GroupStable, "billing-0 is active and has no share of a generation of group billing");
    let mut stage = settled();
    let mut other = consumer(6, Some(3));
    (other.generation, other.positions) = (Generation(2), Vec::new());
    stage.view.consumers.push(other);
    let two = Pending::Generations(GroupId(0), Generation(0), Generation(2));
    assert_eq!(converged(&stage.view), Err(two));
    stalled(&mut stage);
    stage.assert_broken(GroupStable, "billing-0 is in generation 0 of group billing and ? in generation 2");
}

#[test]
fn a_group_without_an_active_member_demands_nothing() {
    let mut stage = settled();
    stage.view.consumers[0] = consumer(5, None);
    (stage.view.consumers[0].active, stage.view.consumers[0].stable) = (false, false);
    assert_eq!(converged(&stage.view), Ok(()));
    stalled(&mut stage);
    for property in [GroupStable, AllSeen] {
        assert_eq!(stage.tally(property).looked, 0, "{}", property.name());
    }
}

#[test]
fn members_that_left_do_not_count_as_owners() {
    let mut stage = settled();
    let mut left = consumer(6, Some(1));
    left.active = false;
    stage.view.consumers.push(left);
    assert_eq!(converged(&stage.view), Ok(()));
    stalled(&mut stage);
    stage.assert_held(GroupStable);
    stage.assert_held(AllSeen);
}

#[test]
fn a_majority_topic_is_excused_without_a_majority_whatever_its_isr() {
    let mut stage = settled();
    stage.with_strategy(highwater_model::config::AckStrategy::Majority);
    stage.orders().controller.leader = None;
    (stage.view.brokers[0].alive, stage.view.brokers[2].alive) = (false, false);
    stalled(&mut stage);
    assert_eq!(stage.tally(Elected).looked, 0);
    stage.view.brokers[2].alive = true;
    stalled(&mut stage);
    assert_eq!(stage.tally(Elected).broken, 1);
}

#[test]
fn a_leader_topic_asks_for_no_minimum_of_live_replicas() {
    let mut stage = settled();
    stage.with_strategy(highwater_model::config::AckStrategy::Leader);
    stage.orders().controller.isr = set(&[1]);
    stage.view.brokers[1].alive = false;
    stage.view.brokers[2].alive = false;
    stage.view.producers[0].pending = 1;
    stalled(&mut stage);
    assert_eq!(stage.tally(Answered).broken, 1);
}
