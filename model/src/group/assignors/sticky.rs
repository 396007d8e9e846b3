//! As even as can be, and each member keeps what it had as far as that allows.

use std::collections::BTreeSet;

use crate::group::assignors::claims::claims;
use crate::group::assignors::levelled;
use crate::group::assignors::roster::{Owners, Roster};

/// The sticky assignment. Source: KIP-54; 3.5.0 `AbstractStickyAssignor.assignPartitions`.
pub(super) fn assign(roster: &Roster) -> Owners {
    assign_beside(roster, &claims(roster).owners)
}

/// The sticky assignment, if `before` are the owners that are believed.
pub(super) fn assign_beside(roster: &Roster, before: &Owners) -> Owners {
    let everyone = roster.members.len();
    if roster.topics.iter().all(|topic| topic.subscribers.len() == everyone) {
        even(roster, before)
    } else {
        levelled::assign(roster, before)
    }
}

/// How many partitions each member gets if all of them may get any.
#[derive(Clone, Copy)]
struct Quota {
    /// What everyone gets at least.
    least: usize,
    /// How many get one more.
    with_one_more: usize,
}

/// Everyone may get any partition: shares are known beforehand, and what is free goes to whoever has least.
///
/// Kafka serves members below the least share in turn, and not the one with least first, since 2.5.1; its documentation
/// still shows what is done here.
/// Source: 3.5.0 `AbstractStickyAssignor.ConstrainedAssignmentBuilder`; 2.4.0 `AbstractStickyAssignor.assignPartition`.
fn even(roster: &Roster, before: &Owners) -> Owners {
    let members = roster.members.len();
    if members == 0 {
        return Owners::new();
    }
    let quota = Quota { least: before.len() / members, with_one_more: before.len() % members };
    let (mut owners, counts) = kept(before, members, quota);
    let counts = counts.into_iter().enumerate().map(|(place, count)| (count, place));
    let mut hungry: BTreeSet<_> = counts.filter(|&(count, _)| count <= quota.least).collect();
    for owner in owners.iter_mut().filter(|owner| owner.is_none()) {
        let (count, place) = hungry.pop_first().expect("the shares add up to the partitions");
        *owner = Some(place);
        if count < quota.least {
            hungry.insert((count + 1, place));
        }
    }
    owners
}

/// What everyone keeps of what it had, and how much that is: its first partitions, up to its share. The first members
/// with more than the least share are those who keep one more.
fn kept(before: &Owners, members: usize, quota: Quota) -> (Owners, Vec<usize>) {
    let mut had = vec![0; members];
    for owner in before.iter().flatten() {
        had[*owner] += 1;
    }
    let mut left = quota.with_one_more;
    let shares: Vec<usize> = had
        .iter()
        .map(|&had| {
            let more = had > quota.least && left > 0;
            left -= usize::from(more);
            quota.least + usize::from(more)
        })
        .collect();
    let mut counts = vec![0; members];
    let mut keep = |owner: &Option<usize>| {
        let place = owner.filter(|&place| counts[place] < shares[place])?;
        counts[place] += 1;
        Some(place)
    };
    let owners = before.iter().map(&mut keep).collect();
    (owners, counts)
}
