//! Who gets which partitions. The group's leader runs one of these; each is a pure function of what it is told.

mod claims;
mod cooperative;
mod levelled;
mod range;
mod roster;
mod round_robin;
mod sticky;

use crate::config::Assignor;
use crate::group::assignors::roster::Roster;
use crate::ids::{MemberId, TopicId, TopicPartition};
use crate::message::JoinedMember;

/// Everyone's share, in the order of `members`, each ascending. `partitions_of` says how many partitions a topic has; 0 if
/// it is not known. The order of `members` has no influence on who gets what.
pub fn assign(
    assignor: Assignor,
    members: &[JoinedMember],
    partitions_of: &dyn Fn(TopicId) -> u16,
) -> Vec<(MemberId, Vec<TopicPartition>)> {
    let roster = match assignor {
        Assignor::Range | Assignor::RoundRobin => Roster::instances_first(members, partitions_of),
        Assignor::Sticky | Assignor::CooperativeSticky => Roster::by_member_id(members, partitions_of),
    };
    let owners = match assignor {
        Assignor::Range => range::assign(&roster),
        Assignor::RoundRobin => round_robin::assign(&roster),
        Assignor::Sticky => sticky::assign(&roster),
        Assignor::CooperativeSticky => cooperative::assign(&roster),
    };
    roster.shares(&owners)
}

#[cfg(test)]
mod documented_test;
#[cfg(test)]
mod properties_test;
#[cfg(test)]
mod sticky_test;
#[cfg(test)]
mod testing;
