//! What holds of the assignors whoever joins, and whatever they say that they own.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::test_runner::RngSeed;

use crate::config::Assignor;
use crate::group::assignors::testing::{Share, after, member, shares, with};
use crate::message::JoinedMember;

const TOPICS: [u16; 5] = [0, 1, 2, 3, 4];

/// Assignors that give each partition out at once.
const EAGER: [Assignor; 3] = [Assignor::Range, Assignor::RoundRobin, Assignor::Sticky];

const ALL: [Assignor; 4] =
    [Assignor::Range, Assignor::RoundRobin, Assignor::Sticky, Assignor::CooperativeSticky];

/// A group, and how many partitions each topic has.
#[derive(Clone, Debug)]
struct Group {
    members: Vec<JoinedMember>,
    partitions: Vec<u16>,
}

/// Nobody owns anything, and all subscribe to the same topics.
fn alike() -> impl Strategy<Value = Group> {
    let partitions = prop::collection::vec(0_u16..12, TOPICS.len());
    (1_u16..12, subsequence(&TOPICS, 1..=TOPICS.len()), partitions).prop_map(|(count, topics, partitions)| {
        let members = (0..count).map(|number| member(number, &topics)).collect();
        Group { members, partitions }
    })
}

/// Nobody owns anything, and each subscribes to what it likes.
fn mixed() -> impl Strategy<Value = Group> {
    let partitions = prop::collection::vec(0_u16..12, TOPICS.len());
    let wishes = prop::collection::vec(subsequence(&TOPICS, 0..=TOPICS.len()), 1..12);
    (wishes, partitions).prop_map(|(wishes, partitions)| {
        let members = (0..).zip(wishes).map(|(number, topics)| member(number, &topics)).collect();
        Group { members, partitions }
    })
}

/// Members claim all sorts of things, for few generations.
fn claiming(group: impl Strategy<Value = Group>) -> impl Strategy<Value = Group> {
    let claims = prop::collection::vec((0_u16..6, 0_u16..14), 0..12);
    let said = prop::collection::vec((claims, 0_u32..3), 12);
    (group, said).prop_map(|(mut group, said)| {
        for (joined, (mut owned, generation)) in group.members.iter_mut().zip(said) {
            owned.sort_unstable();
            owned.dedup();
            *joined = with(joined.clone(), generation, &owned);
        }
        group
    })
}

/// A group with claims, alike or mixed.
fn any_group() -> impl Strategy<Value = Group> {
    prop_oneof![claiming(alike()), claiming(mixed())]
}

/// Who has which partition. Nobody may have what it does not subscribe to, or what another has.
fn owners(group: &Group, shares: &[Share]) -> BTreeMap<(u16, u16), usize> {
    let mut owners = BTreeMap::new();
    for (place, share) in shares.iter().enumerate() {
        for &(topic, partition) in share {
            let topics = &group.members[place].subscription.topics;
            assert!(topics.iter().any(|wanted| wanted.0 == topic), "{place} does not want topic {topic}");
            assert!(partition < group.partitions[usize::from(topic)], "there is no {topic}-{partition}");
            assert_eq!(owners.insert((topic, partition), place), None, "{topic}-{partition} has two owners");
        }
    }
    owners
}

/// What anyone subscribes to.
fn wanted(group: &Group) -> BTreeSet<(u16, u16)> {
    let topics = group.members.iter().flat_map(|joined| joined.subscription.topics.iter());
    let partitions = |topic: u16| (0..group.partitions[usize::from(topic)]).map(move |one| (topic, one));
    topics.flat_map(|topic| partitions(topic.0)).collect()
}

fn assert_complete(group: &Group, shares: &[Share]) {
    let owned: BTreeSet<_> = owners(group, shares).into_keys().collect();
    assert_eq!(owned, wanted(group));
}

/// No member could take a partition from one that has at least two more. Source: 2.4.0 `StickyAssignor`, documentation.
fn assert_balanced(group: &Group, shares: &[Share]) {
    for (&(topic, partition), &owner) in &owners(group, shares) {
        for (place, joined) in group.members.iter().enumerate() {
            if joined.subscription.topics.iter().any(|wanted| wanted.0 == topic) {
                let (less, more) = (shares[place].len(), shares[owner].len());
                assert!(
                    less + 1 >= more,
                    "{place} has {less}, and {owner} {topic}-{partition} and {more} in all"
                );
            }
        }
    }
}

fn spread(counts: impl Iterator<Item = usize> + Clone) -> usize {
    counts.clone().max().unwrap_or(0) - counts.min().unwrap_or(0)
}

/// How many partitions are no longer with the member that had them.
fn moves(group: &Group, before: &[Share], after: &[Share]) -> usize {
    let (before, after) = (owners(group, before), owners(group, after));
    before.iter().filter(|(partition, owner)| after.get(*partition) != Some(owner)).count()
}

/// The assignment after so many rebalances of a group that does not change.
fn settled(assignor: Assignor, group: &Group, rounds: usize) -> (Group, Vec<Share>) {
    let mut group = group.clone();
    let mut given = shares(assignor, &group.members, &group.partitions);
    for _ in 1..rounds {
        group.members = after(&group.members, &given);
        given = shares(assignor, &group.members, &group.partitions);
    }
    (group, given)
}

/// The same cases each time.
fn config() -> ProptestConfig {
    ProptestConfig { rng_seed: RngSeed::Fixed(54), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_partition_has_exactly_one_owner_that_subscribes_to_it(group in any_group()) {
        for assignor in EAGER {
            assert_complete(&group, &shares(assignor, &group.members, &group.partitions));
        }
        owners(&group, &shares(Assignor::CooperativeSticky, &group.members, &group.partitions));
    }

    #[test]
    fn the_order_in_which_members_are_told_has_no_influence(
        (group, shuffled) in any_group().prop_flat_map(|group| {
            let order = Just((0..group.members.len()).collect::<Vec<_>>()).prop_shuffle();
            (Just(group), order)
        })
    ) {
        let others: Vec<_> = shuffled.iter().map(|&place| group.members[place].clone()).collect();
        for assignor in ALL {
            let given = shares(assignor, &group.members, &group.partitions);
            let again = shares(assignor, &others, &group.partitions);
            let expected: Vec<_> = shuffled.iter().map(|&place| given[place].clone()).collect();
            prop_assert_eq!(again, expected, "{:?}", assignor);
        }
    }

    #[test]
    fn shares_of_members_with_the_same_subscription_differ_by_at_most_one(group in claiming(alike())) {
        for assignor in [Assignor::RoundRobin, Assignor::Sticky] {
            let given = shares(assignor, &group.members, &group.partitions);
            prop_assert!(spread(given.iter().map(Vec::len)) <= 1, "{:?}: {:?}", assignor, given);
        }
        let given = shares(Assignor::Range, &group.members, &group.partitions);
        for topic in TOPICS {
            let of_topic = given.iter().map(|share| share.iter().filter(|one| one.0 == topic).count());
            prop_assert!(spread(of_topic) <= 1, "topic {}: {:?}", topic, given);
        }
    }

    #[test]
    fn sticky_shares_are_as_even_as_single_moves_can_make_them(group in any_group()) {
        assert_balanced(&group, &shares(Assignor::Sticky, &group.members, &group.partitions));
    }

    #[test]
    fn a_sticky_assignment_that_is_repeated_changes_nothing(group in any_group()) {
        let (settled, given) = settled(Assignor::Sticky, &group, 1);
        let members = after(&settled.members, &given);
        for assignor in [Assignor::Sticky, Assignor::CooperativeSticky] {
            prop_assert_eq!(&shares(assignor, &members, &group.partitions), &given, "{:?}", assignor);
        }
    }

    #[test]
    fn when_a_member_leaves_the_others_keep_all_that_they_had(group in claiming(alike()), leaver in 0_usize..12) {
        let mut given = shares(Assignor::Sticky, &group.members, &group.partitions);
        let mut members = after(&group.members, &given);
        let leaver = leaver % members.len();
        members.remove(leaver);
        given.remove(leaver);
        for assignor in [Assignor::Sticky, Assignor::CooperativeSticky] {
            let left = shares(assignor, &members, &group.partitions);
            for (had, has) in given.iter().zip(&left) {
                prop_assert!(had.iter().all(|one| has.contains(one)), "{:?} became {:?}", had, has);
            }
        }
    }

    #[test]
    fn when_a_member_joins_no_more_moves_than_what_it_gets(group in claiming(alike()), number in 0_u64..2) {
        let mut given = shares(Assignor::Sticky, &group.members, &group.partitions);
        let mut members = after(&group.members, &given);
        let mut joiner = group.members[members.len() / 2].clone();
        joiner.member.number = number + 1;
        members.push(with(joiner, 0, &[]));
        given.push(Vec::new());
        let larger = Group { members, partitions: group.partitions };
        let grown = shares(Assignor::Sticky, &larger.members, &larger.partitions);
        let share = grown[grown.len() - 1].len();
        prop_assert_eq!(moves(&larger, &given, &grown), share);
        prop_assert!(share <= wanted(&larger).len().div_ceil(larger.members.len()));
    }

    #[test]
    fn where_subscriptions_differ_nobody_gives_up_what_it_could_have_swapped_back(group in claiming(mixed())) {
        let (settled, before) = settled(Assignor::Sticky, &group, 1);
        let mut left = Group { members: after(&settled.members, &before), ..settled };
        left.members.pop();
        let before = &before[..left.members.len()];
        let given = shares(Assignor::Sticky, &left.members, &left.partitions);
        let (had, has) = (owners(&left, before), owners(&left, &given));
        for ((topic, partition), home) in had {
            let away = has[&(topic, partition)];
            let swap = given[home].iter().find(|one| one.0 == topic && !before[home].contains(one));
            prop_assert!(home == away || swap.is_none(), "{topic}-{partition} could stay with {home} for {swap:?}");
        }
    }

    #[test]
    fn cooperative_members_never_get_what_another_one_may_still_read(group in any_group()) {
        let given = shares(Assignor::CooperativeSticky, &group.members, &group.partitions);
        for (partition, owner) in owners(&group, &given) {
            let says = |joined: &JoinedMember| {
                let owned = &joined.subscription.owned;
                owned.iter().any(|one| (one.topic.0, one.partition) == partition)
            };
            let mine = &group.members[owner];
            let newer = |joined: &&JoinedMember| {
                says(joined) && joined.subscription.generation >= mine.subscription.generation
            };
            let others: Vec<_> = group.members.iter().filter(|joined| joined.member != mine.member).collect();
            if says(mine) {
                prop_assert!(!others.iter().any(newer), "{:?} is disputed", partition);
            } else {
                prop_assert!(!others.iter().any(|joined| says(joined)), "{:?} is not given up", partition);
            }
        }
    }

    #[test]
    fn two_cooperative_rebalances_reach_a_sticky_assignment(group in claiming(alike())) {
        let (settled, given) = settled(Assignor::CooperativeSticky, &group, 2);
        assert_complete(&settled, &given);
        assert_balanced(&settled, &given);
        let sticky = shares(Assignor::Sticky, &settled.members, &settled.partitions);
        prop_assert_eq!(sticky, given);
    }

    /// Two are not always enough: what is given out in the second can make shares uneven again.
    #[test]
    fn cooperative_rebalances_of_members_with_different_subscriptions_end_too(group in claiming(mixed())) {
        let (settled, given) = settled(Assignor::CooperativeSticky, &group, 8);
        assert_complete(&settled, &given);
        assert_balanced(&settled, &given);
    }
}

/// Fifty members and two hundred partitions, the largest group that a scenario is made for.
#[test]
fn fifty_members_share_two_hundred_partitions() {
    let members: Vec<_> = (0..50).map(|number| member(number, &TOPICS)).collect();
    let group = Group { members, partitions: vec![40; TOPICS.len()] };
    for assignor in ALL {
        let given = shares(assignor, &group.members, &group.partitions);
        assert_complete(&group, &given);
        let expected = if assignor == Assignor::Range { 5 } else { 4 };
        assert_eq!(given.iter().map(Vec::len).max(), Some(expected), "{assignor:?}");
    }
}
