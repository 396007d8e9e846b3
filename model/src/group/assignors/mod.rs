//! Who gets which partitions. The group's leader runs one of these; each is a pure function of what it is told.

mod range;

pub use range::range;

use crate::config::Assignor;
use crate::ids::{MemberId, TopicId, TopicPartition};
use crate::message::JoinedMember;

/// Everyone's share, in the order of `members`, each ascending. `partitions_of` says how many partitions a topic has; 0 if
/// it is not known.
pub fn assign(
    assignor: Assignor,
    members: &[JoinedMember],
    partitions_of: &dyn Fn(TopicId) -> u16,
) -> Vec<(MemberId, Vec<TopicPartition>)> {
    let _ = assignor;
    let count = members.len() as u16;
    let share = |(index, joined): (usize, &JoinedMember)| {
        let topics = joined.subscription.topics.iter();
        let mine = topics.flat_map(|&topic| {
            let mine = range(index as u16, count, partitions_of(topic));
            mine.map(move |partition| TopicPartition { topic, partition })
        });
        (joined.member, mine.collect())
    };
    members.iter().enumerate().map(share).collect()
}
