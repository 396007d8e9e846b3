//! What an assignor is told, laid out so that it need not search: members have places, partitions have numbers.

use crate::ids::{MemberId, TopicId, TopicPartition};
use crate::message::JoinedMember;

/// Where a member stands among the sorted members.
pub(super) type Place = usize;

/// For each partition, by its number: who is to own it.
pub(super) type Owners = Vec<Option<Place>>;

/// A topic that somebody subscribes to.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) id: TopicId,
    pub(super) partitions: u16,
    /// The number of its partition 0; its other partitions follow.
    pub(super) first: usize,
    /// The places of those who subscribe to it, ascending; at least one.
    pub(super) subscribers: Vec<Place>,
}

impl Topic {
    /// The numbers of its partitions.
    pub(super) fn numbers(&self) -> std::ops::Range<usize> {
        self.first..self.first + usize::from(self.partitions)
    }
}

/// The members in an assignor's order, and the topics that they subscribe to, ascending.
#[derive(Debug)]
pub(super) struct Roster<'a> {
    /// By place.
    pub(super) members: Vec<&'a JoinedMember>,
    pub(super) topics: Vec<Topic>,
    /// For each member as it was handed in: its place.
    places: Vec<Place>,
}

impl<'a> Roster<'a> {
    /// Static members by their instance ids, then the others by their member ids.
    /// Source: 2.4.0 `AbstractPartitionAssignor.MemberInfo.compareTo`.
    pub(super) fn instances_first(
        members: &'a [JoinedMember],
        partitions_of: &dyn Fn(TopicId) -> u16,
    ) -> Self {
        Self::sorted(members, partitions_of, |joined| {
            (joined.instance.is_none(), joined.instance, joined.member)
        })
    }

    /// By member ids alone. Source: 3.5.0 `AbstractStickyAssignor`, which sorts the ids as texts.
    pub(super) fn by_member_id(members: &'a [JoinedMember], partitions_of: &dyn Fn(TopicId) -> u16) -> Self {
        Self::sorted(members, partitions_of, |joined| joined.member)
    }

    fn sorted<Key: Ord>(
        members: &'a [JoinedMember],
        partitions_of: &dyn Fn(TopicId) -> u16,
        key: impl Fn(&JoinedMember) -> Key,
    ) -> Self {
        let mut order: Vec<usize> = (0..members.len()).collect();
        order.sort_by_key(|&given| key(&members[given]));
        let mut places = vec![0; members.len()];
        for (place, &given) in order.iter().enumerate() {
            places[given] = place;
        }
        let members: Vec<_> = order.into_iter().map(|given| &members[given]).collect();
        let topics = topics(&members, partitions_of);
        Self { members, topics, places }
    }

    /// How many partitions there are to share out.
    pub(super) fn partitions(&self) -> usize {
        self.topics.last().map_or(0, |topic| topic.numbers().end)
    }

    /// The number of a partition; none if there is no such partition, or nobody wants it.
    pub(super) fn number(&self, partition: TopicPartition) -> Option<usize> {
        let place = self.topics.binary_search_by_key(&partition.topic, |topic| topic.id).ok()?;
        let topic = &self.topics[place];
        (partition.partition < topic.partitions).then_some(topic.first + usize::from(partition.partition))
    }

    /// The shares as the group learns of them.
    pub(super) fn shares(&self, owners: &Owners) -> Vec<(MemberId, Vec<TopicPartition>)> {
        let mut by_place = vec![Vec::new(); self.members.len()];
        for topic in &self.topics {
            for (partition, owner) in (0..topic.partitions).zip(&owners[topic.numbers()]) {
                if let Some(owner) = *owner {
                    by_place[owner].push(TopicPartition { topic: topic.id, partition });
                }
            }
        }
        let share = |&place: &Place| (self.members[place].member, std::mem::take(&mut by_place[place]));
        self.places.iter().map(share).collect()
    }
}

/// What anyone subscribes to, ascending, with those who do. A topic that is named twice counts once.
fn topics(members: &[&JoinedMember], partitions_of: &dyn Fn(TopicId) -> u16) -> Vec<Topic> {
    let mut wishes: Vec<(TopicId, Place)> = members
        .iter()
        .enumerate()
        .flat_map(|(place, joined)| joined.subscription.topics.iter().map(move |&topic| (topic, place)))
        .collect();
    wishes.sort_unstable();
    wishes.dedup();
    let mut first = 0;
    let topic = |wishes: &[(TopicId, Place)]| {
        let id = wishes[0].0;
        let partitions = partitions_of(id);
        let subscribers = wishes.iter().map(|&(_, place)| place).collect();
        let topic = Topic { id, partitions, first, subscribers };
        first = topic.numbers().end;
        topic
    };
    wishes.chunk_by(|one, next| one.0 == next.0).map(topic).collect()
}
