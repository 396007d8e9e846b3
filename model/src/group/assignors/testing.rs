//! Members and shares for the assignors' tests.

use crate::config::Assignor;
use crate::group::assignors::assign;
use crate::ids::{Generation, MemberId, NodeId, TopicId, TopicPartition};
use crate::message::{JoinedMember, Subscription};

/// A share as Kafka's documentation writes it: (topic, partition).
pub(super) type Share = Vec<(u16, u16)>;

/// `C0`, `C1` and so on, which own nothing yet.
pub(super) fn member(number: u16, topics: &[u16]) -> JoinedMember {
    let topics = topics.iter().map(|&topic| TopicId(topic)).collect();
    JoinedMember {
        member: MemberId { client: NodeId(number), number: 0 },
        instance: None,
        subscription: Subscription { topics, owned: Vec::new(), generation: Generation(0) },
    }
}

/// `count` members that subscribe to the same topics.
pub(super) fn members(count: u16, topics: &[u16]) -> Vec<JoinedMember> {
    (0..count).map(|number| member(number, topics)).collect()
}

/// The same member, which owned these in that generation.
pub(super) fn with(mut joined: JoinedMember, generation: u32, owned: &[(u16, u16)]) -> JoinedMember {
    let owned = owned.iter().map(|&(topic, partition)| TopicPartition { topic: TopicId(topic), partition });
    joined.subscription.owned = owned.collect();
    joined.subscription.owned.sort_unstable();
    joined.subscription.generation = Generation(generation);
    joined
}

/// The shares of the members, in their order; `partitions` says how many each topic has.
pub(super) fn shares(assignor: Assignor, members: &[JoinedMember], partitions: &[u16]) -> Vec<Share> {
    let count = |topic: TopicId| partitions.get(usize::from(topic.0)).copied().unwrap_or(0);
    let assigned = assign(assignor, members, &count);
    assert!(assigned.iter().map(|(member, _)| member).eq(members.iter().map(|joined| &joined.member)));
    assert!(assigned.iter().all(|(_, share)| share.is_sorted()), "{assigned:?}");
    let plain = |share: Vec<TopicPartition>| share.iter().map(|one| (one.topic.0, one.partition)).collect();
    assigned.into_iter().map(|(_, share)| plain(share)).collect()
}

/// The members after the rebalance: each owns what it was given.
pub(super) fn after(members: &[JoinedMember], shares: &[Share]) -> Vec<JoinedMember> {
    let next = |(joined, share): (&JoinedMember, &Share)| {
        with(joined.clone(), joined.subscription.generation.0 + 1, share)
    };
    members.iter().zip(shares).map(next).collect()
}
