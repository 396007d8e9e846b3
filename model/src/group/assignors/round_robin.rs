//! All partitions of all topics, in turn.

use crate::group::assignors::roster::{Owners, Roster};

/// Deals the partitions, ascending, to the members in a circle; those who do not subscribe to a partition's topic are
/// passed over and do not get their turn back.
/// Source: 0.11.0.2 `RoundRobinAssignor.assign`; the members' order of 2.4.0.
pub(super) fn assign(roster: &Roster) -> Owners {
    let mut owners = Vec::with_capacity(roster.partitions());
    let mut turn = 0;
    for topic in &roster.topics {
        for _ in 0..topic.partitions {
            let next = topic.subscribers.partition_point(|&place| place < turn);
            let place = *topic.subscribers.get(next).unwrap_or(&topic.subscribers[0]);
            owners.push(Some(place));
            turn = place + 1;
        }
    }
    owners
}
