//! The assignors against the examples in Kafka's own documentation of them.

use crate::config::Assignor;
use crate::group::assignors::testing::{Share, after, member, members, shares};
use crate::ids::NodeId;
use crate::message::JoinedMember;

/// Three members, of which `C0` subscribes to t0, `C1` to t0 and t1, and `C2` to all three topics.
fn of_different_topics() -> [JoinedMember; 3] {
    [member(0, &[0]), member(1, &[0, 1]), member(2, &[0, 1, 2])]
}

/// The same members after a rolling restart: other member ids, in another order, and the same instance ids.
fn restarted_static(numbers: &[u16], topics: &[u16]) -> Vec<JoinedMember> {
    let restarted = |(instance, &number): (usize, &u16)| JoinedMember {
        instance: Some(NodeId(instance as u16)),
        ..member(number, topics)
    };
    numbers.iter().enumerate().map(restarted).collect()
}

/// Source: 0.11.0.2 `RangeAssignor`, documentation of the class.
#[test]
fn range_gives_the_first_member_more_of_each_topic() {
    let given = shares(Assignor::Range, &members(2, &[0, 1]), &[3, 3]);
    assert_eq!(given, [vec![(0, 0), (0, 1), (1, 0), (1, 1)], vec![(0, 2), (1, 2)]]);
}

/// Source: 2.4.0 `RangeAssignor`, documentation of the class: `C0` becomes `C3`, `C1` becomes `C2`.
#[test]
fn range_turns_round_when_dynamic_members_come_back_and_stays_with_static_ones() {
    let (first, second) = (vec![(0, 0), (0, 1), (1, 0), (1, 1)], vec![(0, 2), (1, 2)]);
    let dynamic = [member(3, &[0, 1]), member(2, &[0, 1])];
    assert_eq!(shares(Assignor::Range, &dynamic, &[3, 3]), [second.clone(), first.clone()]);
    let fixed = restarted_static(&[3, 2], &[0, 1]);
    assert_eq!(shares(Assignor::Range, &fixed, &[3, 3]), [first, second]);
}

/// Source: 0.11.0.2 `RoundRobinAssignor`, documentation of the class, first example.
#[test]
fn round_robin_deals_all_partitions_in_turn() {
    let given = shares(Assignor::RoundRobin, &members(2, &[0, 1]), &[3, 3]);
    assert_eq!(given, [vec![(0, 0), (0, 2), (1, 1)], vec![(0, 1), (1, 0), (1, 2)]]);
}

/// Source: 0.11.0.2 `RoundRobinAssignor`, documentation of the class, second example.
#[test]
fn round_robin_passes_over_members_that_do_not_subscribe() {
    let given = shares(Assignor::RoundRobin, &of_different_topics(), &[1, 2, 3]);
    assert_eq!(given, [vec![(0, 0)], vec![(1, 0)], vec![(1, 1), (2, 0), (2, 1), (2, 2)]]);
}

/// Source: 2.4.0 `RoundRobinAssignor`, documentation of the class: `C0`, `C1` and `C2` become `C5`, `C3` and `C4`.
#[test]
fn round_robin_shuffles_when_dynamic_members_come_back_and_stays_with_static_ones() {
    let share = |partition| vec![(0, partition), (1, partition)];
    assert_eq!(shares(Assignor::RoundRobin, &members(3, &[0, 1]), &[3, 3]), [share(0), share(1), share(2)]);
    let dynamic = [member(5, &[0, 1]), member(3, &[0, 1]), member(4, &[0, 1])];
    assert_eq!(shares(Assignor::RoundRobin, &dynamic, &[3, 3]), [share(2), share(0), share(1)]);
    let fixed = restarted_static(&[5, 3, 4], &[0, 1]);
    assert_eq!(shares(Assignor::RoundRobin, &fixed, &[3, 3]), [share(0), share(1), share(2)]);
}

/// Source: 2.4.0 `StickyAssignor`, documentation of the class, example 1.
#[test]
fn sticky_keeps_all_that_remains_where_round_robin_shuffles() {
    let topics = [0, 1, 2, 3];
    let partitions = [2; 4];
    let all = members(3, &topics);
    let fresh: [Share; 3] =
        [vec![(0, 0), (1, 1), (3, 0)], vec![(0, 1), (2, 0), (3, 1)], vec![(1, 0), (2, 1)]];
    for assignor in [Assignor::RoundRobin, Assignor::Sticky, Assignor::CooperativeSticky] {
        assert_eq!(shares(assignor, &all, &partitions), fresh, "{assignor:?}");
    }

    let mut left = after(&all, &fresh);
    left.remove(1);
    let dealt = [vec![(0, 0), (1, 0), (2, 0), (3, 0)], vec![(0, 1), (1, 1), (2, 1), (3, 1)]];
    assert_eq!(shares(Assignor::RoundRobin, &left, &partitions), dealt);
    let kept = [vec![(0, 0), (1, 1), (2, 0), (3, 0)], vec![(0, 1), (1, 0), (2, 1), (3, 1)]];
    assert_eq!(shares(Assignor::Sticky, &left, &partitions), kept);
    assert_eq!(shares(Assignor::CooperativeSticky, &left, &partitions), kept);
}

/// Source: 2.4.0 `StickyAssignor`, documentation of the class, example 2.
#[test]
fn sticky_is_as_even_as_can_be_where_subscriptions_differ() {
    let all = of_different_topics();
    let fresh: [Share; 3] = [vec![(0, 0)], vec![(1, 0), (1, 1)], vec![(2, 0), (2, 1), (2, 2)]];
    assert_eq!(shares(Assignor::Sticky, &all, &[1, 2, 3]), fresh);

    let mut left = after(&all, &fresh);
    left.remove(0);
    let kept = [vec![(0, 0), (1, 0), (1, 1)], vec![(2, 0), (2, 1), (2, 2)]];
    assert_eq!(shares(Assignor::Sticky, &left, &[1, 2, 3]), kept);
    assert_eq!(
        shares(Assignor::RoundRobin, &left, &[1, 2, 3]),
        [vec![(0, 0), (1, 1)], vec![(1, 0), (2, 0), (2, 1), (2, 2)]]
    );
}
