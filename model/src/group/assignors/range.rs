//! Topic by topic, each member a stretch.

use std::ops::Range;

use crate::group::assignors::roster::{Owners, Roster};

/// Shares each topic out among those who subscribe to it, one topic after the other.
/// Source: 0.11.0.2 `RangeAssignor.assign`; the members' order of 2.4.0.
pub(super) fn assign(roster: &Roster) -> Owners {
    let mut owners = vec![None; roster.partitions()];
    for topic in &roster.topics {
        let members = topic.subscribers.len() as u16;
        for (index, &place) in (0..members).zip(&topic.subscribers) {
            for partition in range(index, members, topic.partitions) {
                owners[topic.first + usize::from(partition)] = Some(place);
            }
        }
    }
    owners
}

/// What the member at place `index` of `members`, in the order of their ids, gets of one topic: everyone a stretch of
/// equal length, and the first ones one more if it does not come out even. Topics are shared out one by one, so the
/// first members get more of each. Empty if there is no such member.
/// Source: 0.11.0.2 `RangeAssignor.assign`.
fn range(index: u16, members: u16, partitions: u16) -> Range<u16> {
    if index >= members {
        return 0..0;
    }
    let (each, left_over) = (partitions / members, partitions % members);
    let start = each * index + index.min(left_over);
    start..start + each + u16::from(index < left_over)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two members, two topics of three partitions each: the example in Kafka's documentation of `RangeAssignor`.
    #[test]
    fn the_first_of_two_members_gets_two_of_three_partitions_of_each_topic() {
        assert_eq!(range(0, 2, 3), 0..2);
        assert_eq!(range(1, 2, 3), 2..3);
    }

    #[test]
    fn members_beyond_the_partitions_get_none() {
        assert_eq!(range(1, 3, 2), 1..2);
        assert!(range(2, 3, 2).is_empty());
        assert!(range(3, 3, 9).is_empty(), "there is no fourth member");
        assert!(range(0, 0, 9).is_empty());
    }

    #[test]
    fn every_partition_has_exactly_one_owner() {
        for (members, partitions) in (1..8).flat_map(|members| (0..20).map(move |count| (members, count))) {
            let owned: Vec<_> = (0..members).flat_map(|index| range(index, members, partitions)).collect();
            assert_eq!(owned, (0..partitions).collect::<Vec<_>>());
        }
    }
}
