//! Claims, and what follows from them.

use crate::config::Assignor;
use crate::group::assignors::testing::{after, member, members, shares, with};

/// Source: 3.5.0 `AbstractStickyAssignorTest.testEnsurePartitionsAssignedToHighestGeneration`.
#[test]
fn a_claim_of_an_older_generation_loses_against_a_newer_one() {
    let topics = [0, 1, 2];
    let all = [
        with(member(1, &topics), 10, &[(0, 0), (1, 0), (2, 0)]),
        with(member(2, &topics), 9, &[(0, 1), (1, 1), (2, 1)]),
        with(member(3, &topics), 8, &[(1, 1), (2, 0), (2, 2)]),
    ];
    let given = shares(Assignor::Sticky, &all, &[3, 3, 3]);
    let column = |partition| vec![(0, partition), (1, partition), (2, partition)];
    assert_eq!(given, [column(0), column(1), column(2)]);
}

/// Source: 3.5.0 `AbstractStickyAssignorTest.testOwnedPartitionsAreInvalidatedForConsumerWithMultipleGeneration`.
#[test]
fn a_claim_of_an_older_generation_counts_for_what_nobody_else_claims() {
    let all = [
        with(member(1, &[0, 1]), 10, &[(0, 0), (0, 1), (1, 1)]),
        with(member(2, &[0, 1]), 8, &[(0, 0), (1, 1), (1, 2)]),
    ];
    let given = shares(Assignor::Sticky, &all, &[3, 3]);
    assert_eq!(given, [vec![(0, 0), (0, 1), (1, 1)], vec![(0, 2), (1, 0), (1, 2)]]);
}

/// Source: 3.5.0 `AbstractStickyAssignorTest.testNoReassignmentOnCurrentMembers`.
#[test]
fn nothing_moves_among_members_that_have_their_shares() {
    let topics = [0, 1, 2, 3];
    let all = [
        member(1, &topics),
        with(member(2, &topics), 9, &[(0, 0), (1, 0), (2, 0)]),
        with(member(3, &topics), 8, &[(1, 1), (2, 2), (3, 2)]),
        with(member(4, &topics), 7, &[(0, 1), (0, 2), (3, 1)]),
    ];
    let given = shares(Assignor::Sticky, &all, &[3, 3, 3, 3]);
    assert_eq!(given[0], [(1, 2), (2, 1), (3, 0)]);
    assert_eq!(given, shares(Assignor::CooperativeSticky, &all, &[3, 3, 3, 3]), "nobody waits for anybody");
}

/// Source: 3.5.0 `AbstractStickyAssignorTest.testConsumerOwningMinQuotaExpectedMaxQuota`.
#[test]
fn whoever_has_the_least_share_already_can_get_one_more() {
    let all =
        [with(member(1, &[0, 1]), 1, &[(0, 0), (1, 1)]), with(member(2, &[0, 1]), 1, &[(0, 1), (1, 2)])];
    let given = shares(Assignor::Sticky, &all, &[2, 3]);
    assert_eq!(given, [vec![(0, 0), (1, 0), (1, 1)], vec![(0, 1), (1, 2)]]);
}

/// Source: 3.5.0 `AbstractStickyAssignorTest.testAllConsumersAreUnderMinQuota`.
#[test]
fn what_is_free_goes_to_whoever_has_least() {
    let all = [
        with(member(1, &[0, 1]), 1, &[(0, 0)]),
        with(member(2, &[0, 1]), 1, &[(0, 1)]),
        with(member(3, &[0, 1]), 1, &[]),
    ];
    let given = shares(Assignor::Sticky, &all, &[2, 3]);
    assert_eq!(given, [vec![(0, 0), (1, 1)], vec![(0, 1), (1, 2)], vec![(1, 0)]]);
}

/// Source: 3.5.0 `AbstractStickyAssignorTest.testMaxQuotaConsumerMoreThanNumExpectedMaxCapacityMembers`; who of the two
/// gives up one depends there on the order of a hash map.
#[test]
fn of_too_many_members_with_one_more_the_first_ones_keep_it() {
    let all = [
        with(member(1, &[0, 1]), 1, &[(0, 0), (1, 0)]),
        with(member(2, &[0, 1]), 1, &[(0, 1), (1, 1)]),
        with(member(3, &[0, 1]), 1, &[]),
    ];
    let given = shares(Assignor::Sticky, &all, &[2, 2]);
    assert_eq!(given, [vec![(0, 0), (1, 0)], vec![(0, 1)], vec![(1, 1)]]);
}

#[test]
fn what_two_claim_for_one_generation_is_neithers_and_cooperative_members_both_give_it_up_first() {
    let all = [
        with(member(1, &[0]), 7, &[(0, 0), (0, 1)]),
        with(member(2, &[0]), 7, &[(0, 0), (0, 2)]),
        with(member(3, &[0]), 6, &[(0, 0), (0, 3)]),
    ];
    let given = shares(Assignor::Sticky, &all, &[4]);
    assert_eq!(given, [vec![(0, 0), (0, 1)], vec![(0, 2)], vec![(0, 3)]], "it is dealt as if it were free");
    let given = shares(Assignor::CooperativeSticky, &all, &[4]);
    assert_eq!(given, [vec![(0, 1)], vec![(0, 2)], vec![(0, 3)]]);
    let given = shares(Assignor::CooperativeSticky, &after(&all, &given), &[4]);
    assert_eq!(given, [vec![(0, 0), (0, 1)], vec![(0, 2)], vec![(0, 3)]]);
}

#[test]
fn a_dispute_of_an_older_generation_does_not_hurt_a_newer_owner() {
    for newest in 1..=3 {
        let claim = |number| with(member(number, &[0]), if number == newest { 5 } else { 4 }, &[(0, 0)]);
        let all = [claim(1), claim(2), claim(3)];
        let given = shares(Assignor::CooperativeSticky, &all, &[1]);
        assert_eq!(given[usize::from(newest) - 1], [(0, 0)], "{given:?}");
    }
}

#[test]
fn what_a_member_no_longer_subscribes_to_goes_to_others_after_it_gave_it_up() {
    let all = [with(member(1, &[0]), 3, &[(0, 0), (1, 0)]), with(member(2, &[0, 1]), 3, &[(0, 1), (1, 1)])];
    let given = shares(Assignor::Sticky, &all, &[2, 2]);
    assert_eq!(given, [vec![(0, 0), (0, 1)], vec![(1, 0), (1, 1)]]);
    let given = shares(Assignor::CooperativeSticky, &all, &[2, 2]);
    assert_eq!(given, [vec![(0, 0)], vec![(1, 1)]]);
    let given = shares(Assignor::CooperativeSticky, &after(&all, &given), &[2, 2]);
    assert_eq!(given, [vec![(0, 0), (0, 1)], vec![(1, 0), (1, 1)]]);
}

#[test]
fn partitions_that_are_gone_and_topics_that_are_unknown_are_passed_over() {
    let all = [with(member(1, &[0, 7]), 1, &[(0, 5), (7, 0)]), with(member(2, &[0, 7]), 1, &[(0, 0)])];
    for assignor in [Assignor::Range, Assignor::RoundRobin] {
        assert_eq!(shares(assignor, &all, &[2]), [vec![(0, 0)], vec![(0, 1)]], "{assignor:?}");
    }
    for assignor in [Assignor::Sticky, Assignor::CooperativeSticky] {
        assert_eq!(shares(assignor, &all, &[2]), [vec![(0, 1)], vec![(0, 0)]], "{assignor:?}");
    }
}

#[test]
fn a_topic_that_grows_gives_its_new_partitions_to_those_with_least() {
    let all = members(3, &[0]);
    let given = shares(Assignor::Sticky, &all, &[4]);
    assert_eq!(given, [vec![(0, 0), (0, 3)], vec![(0, 1)], vec![(0, 2)]]);
    let given = shares(Assignor::Sticky, &after(&all, &given), &[6]);
    assert_eq!(given, [vec![(0, 0), (0, 3)], vec![(0, 1), (0, 4)], vec![(0, 2), (0, 5)]]);
}

#[test]
fn where_subscriptions_differ_only_what_must_move_moves() {
    let all = [
        with(member(1, &[0, 1]), 1, &[(0, 0), (0, 1), (0, 2), (0, 3)]),
        with(member(2, &[0]), 1, &[]),
        with(member(3, &[1]), 1, &[(1, 0), (1, 1)]),
    ];
    let given = shares(Assignor::Sticky, &all, &[4, 2]);
    assert_eq!(given[2], [(1, 0), (1, 1)]);
    assert_eq!((given[0].len(), given[1].len()), (2, 2));
}

#[test]
fn without_members_or_topics_there_is_nothing_to_share_out() {
    for assignor in [Assignor::Range, Assignor::RoundRobin, Assignor::Sticky, Assignor::CooperativeSticky] {
        assert!(shares(assignor, &[], &[3]).is_empty());
        assert_eq!(shares(assignor, &[member(1, &[])], &[3]), [vec![]]);
        assert_eq!(shares(assignor, &members(2, &[0]), &[0]), [vec![], vec![]]);
    }
}
