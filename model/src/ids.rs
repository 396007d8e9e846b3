//! Newtypes for everything that is counted or named, so that an offset is never mistaken for an epoch.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// An actor on the wire. 0 is the controller, 1 to n are the brokers, clients follow.
    NodeId(u16)
}
number! {
    /// A broker's id, `broker.id`. Brokers of a scenario are numbered from 1; at most [`BrokerSet::MAX`].
    BrokerId(u8)
}
number! {
    /// A topic, by its place in the scenario file.
    TopicId(u16)
}
number! {
    /// A consumer group, by its place in the scenario file.
    GroupId(u16)
}
number! {
    /// A position in a partition's log. As an end (LEO, HW) it is exclusive: the next record's offset.
    Offset(u64)
}
number! {
    /// The leader epoch of a partition; grows with each election. Source: KIP-101.
    LeaderEpoch(u32)
}
number! {
    /// ZooKeeper's version of a partition's state, or KRaft's partition epoch: grows with each change.
    PartitionEpoch(u32)
}
number! {
    /// What a broker is given when it registers; a restarted broker gets a larger one. Source: KIP-380, KIP-903.
    BrokerEpoch(u64)
}
number! {
    /// An idempotent producer's id, PID. Source: KIP-98.
    ProducerId(u64)
}
number! {
    /// Fences older sessions of the same [`ProducerId`]. Source: KIP-98.
    ProducerEpoch(u16)
}
number! {
    /// A `transactional.id`, by the order in which they first stand in the scenario file.
    TransactionalId(u16)
}
number! {
    /// Which of a transactional id's coordinators: the leader epoch of its partition of `__transaction_state`.
    CoordinatorEpoch(u32)
}
number! {
    /// A record's number within its producer and partition, from 0. Source: KIP-98.
    Sequence(u32)
}
number! {
    /// Matches a reply to its request on one connection.
    CorrelationId(u32)
}
number! {
    /// A group's generation: grows with each rebalance.
    Generation(u32)
}
number! {
    /// The unique value of one record that an application handed to a producer:
    /// the sending client's [`NodeId`] in the upper 32 bits, a counter below.
    RecordId(u64)
}

/// What a coordinator calls a member of a group. Kafka's is a text, the client's id and a random part; here the client
/// and a number that no coordinator gives out twice. Source: 0.11.0.2 `GroupCoordinator.doJoinGroup`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct MemberId {
    /// Whose it is.
    pub client: NodeId,
    /// Which of the ids that this client was given.
    pub number: u64,
}

impl NodeId {
    /// The controller's node.
    pub const CONTROLLER: Self = Self(0);

    /// The broker at this node, where `brokers` is the number of brokers in the cluster.
    pub fn as_broker(self, brokers: u8) -> Option<BrokerId> {
        (1..=u16::from(brokers)).contains(&self.0).then_some(BrokerId(self.0 as u8))
    }
}

impl From<BrokerId> for NodeId {
    fn from(broker: BrokerId) -> Self {
        Self(u16::from(broker.0))
    }
}

impl RecordId {
    /// The `number`th record of `client`, from 0.
    pub fn new(client: NodeId, number: u32) -> Self {
        Self(u64::from(client.0) << 32 | u64::from(number))
    }

    /// The client that sent it.
    pub fn client(self) -> NodeId {
        NodeId((self.0 >> 32) as u16)
    }

    /// Its number among that client's records, from 0.
    pub fn number(self) -> u32 {
        self.0 as u32
    }
}

impl Offset {
    /// The first offset of any log.
    pub const ZERO: Self = Self(0);

    /// This offset moved forward by `count` records.
    #[must_use]
    pub fn plus(self, count: u64) -> Self {
        Self(self.0 + count)
    }
}

/// A partition of a topic; prints as `topic-partition` only with [`crate::names::Names`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicId,
    /// The partition's number within it, from 0.
    pub partition: u16,
}

/// A set of brokers, as ordered bits. Iterates in ascending id.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerSet(u64);

impl BrokerSet {
    /// No broker.
    pub const EMPTY: Self = Self(0);
    /// The largest broker id that fits.
    pub const MAX: u8 = 63;

    /// The set with only `broker`.
    pub fn one(broker: BrokerId) -> Self {
        Self(1 << broker.0)
    }
    /// Whether `broker` is in it.
    pub fn contains(self, broker: BrokerId) -> bool {
        self.0 & (1 << broker.0) != 0
    }
    /// How many brokers are in it.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }
    /// Whether it is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// This set and `broker`.
    #[must_use]
    pub fn with(self, broker: BrokerId) -> Self {
        Self(self.0 | 1 << broker.0)
    }
    /// This set less `broker`.
    #[must_use]
    pub fn without(self, broker: BrokerId) -> Self {
        Self(self.0 & !(1 << broker.0))
    }
    /// Members of either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// Members of both.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
    /// Members of this one that `other` lacks.
    #[must_use]
    pub fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
    /// Whether every member is in `other`.
    pub fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
    /// The members, in ascending id.
    pub fn iter(self) -> impl Iterator<Item = BrokerId> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            (rest != 0).then(|| {
                let id = rest.trailing_zeros();
                rest &= rest - 1;
                BrokerId(id as u8)
            })
        })
    }
}

impl FromIterator<BrokerId> for BrokerSet {
    fn from_iter<I: IntoIterator<Item = BrokerId>>(iter: I) -> Self {
        iter.into_iter().fold(Self::EMPTY, Self::with)
    }
}

/// `{1,2,3}`, as Kafka's tools print an ISR.
impl fmt::Display for BrokerSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (place, broker) in self.iter().enumerate() {
            if place > 0 {
                f.write_str(",")?;
            }
            write!(f, "{broker}")?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for BrokerSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for BrokerSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}
