//! What is produced, replicated and read: records in batches.

use std::sync::Arc;

use serde::Serialize;

use crate::config::Assignor;
use crate::ids::{
    Generation, GroupId, LeaderEpoch, MemberId, NodeId, Offset, ProducerEpoch, ProducerId, RecordId,
    Sequence, TopicPartition,
};
use crate::message::{Marker, Subscription, TransactionRecord};
use crate::time::Micros;

/// One record of an application. Its value is unique in a run, so that a judge knows it wherever it turns up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Record {
    /// The unique value.
    pub value: RecordId,
    /// What matters of its content; none if nothing does.
    pub content: Option<Arc<Content>>,
    /// Key and value together, in bytes; counts towards `batch.size` and fetch sizes.
    pub size_bytes: u32,
}

/// What a record holds, as far as anybody in the cluster looks into it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Content {
    /// The bytes of an application's key.
    Key(Box<[u8]>),
    /// A record of `__consumer_offsets`.
    Group(GroupRecord),
    /// A record of `__transaction_state`.
    Transaction(TransactionRecord),
    /// How a transaction ended in this partition: no consumer's application sees it.
    Marker(Marker),
    /// What an application made of a record that its group was delivered.
    Output(Origin),
}

/// Of which record an application made another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Origin {
    /// To which group it was delivered.
    pub group: GroupId,
    /// In which partition it stands.
    pub partition: TopicPartition,
    /// Where.
    pub offset: Offset,
}

/// What a group's coordinator writes to `__consumer_offsets`. Source: 0.11.0.2 `GroupMetadataManager`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum GroupRecord {
    /// How far the group has come in a partition.
    Offset {
        /// Which group.
        group: GroupId,
        /// In which partition.
        partition: TopicPartition,
        /// The next offset to read.
        offset: Offset,
    },
    /// Who is in the group, and who owns what.
    Metadata {
        /// Which group.
        group: GroupId,
        /// Its generation.
        generation: Generation,
        /// By which rule partitions are shared out.
        assignor: Assignor,
        /// The member that shares them out; none in an empty group.
        leader: Option<MemberId>,
        /// Ascending by member.
        members: Vec<StoredMember>,
    },
}

/// A member of a group, as its coordinator stores it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct StoredMember {
    /// Which.
    pub member: MemberId,
    /// `group.instance.id` of a static member: its client.
    pub instance: Option<NodeId>,
    /// How long it may be silent.
    pub session_timeout: Micros,
    /// How long a rebalance waits for it.
    pub rebalance_timeout: Micros,
    /// What it wants.
    pub subscription: Subscription,
    /// What it owns.
    pub assignment: Vec<TopicPartition>,
}

/// What an idempotent producer stamps on a batch. Source: KIP-98, `DefaultRecordBatch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct ProducerStamp {
    /// PID.
    pub id: ProducerId,
    /// The session of that PID.
    pub epoch: ProducerEpoch,
    /// The sequence of the batch's first record.
    pub base_sequence: Sequence,
    /// Whether the batch belongs to a transaction.
    pub transactional: bool,
}

/// A batch as a producer sends it: no offset and no epoch yet. A retry sends the very same batch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct RecordBatch {
    /// Present from idempotent producers only.
    pub producer: Option<ProducerStamp>,
    /// At least one record.
    pub records: Arc<[Record]>,
}

/// A batch as it lies in a log. Followers share the leader's, so copying one is cheap.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Batch {
    /// The first record's offset.
    pub base_offset: Offset,
    /// The epoch of the leader that appended it.
    pub leader_epoch: LeaderEpoch,
    /// Present from idempotent producers only.
    pub producer: Option<ProducerStamp>,
    /// At least one record; offsets are consecutive.
    pub records: Arc<[Record]>,
}

impl Record {
    /// The key's bytes, if it has a key.
    pub fn key(&self) -> Option<&[u8]> {
        match self.content.as_deref()? {
            Content::Key(key) => Some(key),
            Content::Group(_) | Content::Transaction(_) | Content::Marker(_) | Content::Output(_) => None,
        }
    }
}

impl RecordBatch {
    /// Sum of the records' sizes, in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.records.iter().map(|record| u64::from(record.size_bytes)).sum()
    }
}

impl ProducerStamp {
    /// The sequence of the last of `count` records.
    pub fn last_sequence(&self, count: usize) -> Sequence {
        self.base_sequence.plus(count as u32 - 1)
    }
}

impl Sequence {
    /// The sequence `count` later; after 2³¹−1 comes 0. Source: 39 `DefaultRecordBatch.incrementSequence`.
    #[must_use]
    pub fn plus(self, count: u32) -> Self {
        Self((u64::from(self.0) + u64::from(count)).rem_euclid(1 << 31) as u32)
    }

    /// Whether it comes after `other`, by less than half of all sequences.
    pub fn follows(self, other: Self) -> bool {
        let ahead = (u64::from(self.0) + (1 << 31) - u64::from(other.0)) % (1 << 31);
        (1..1 << 30).contains(&ahead)
    }
}

impl Batch {
    /// The batch that a leader of `leader_epoch` makes of what a producer sent.
    pub fn new(base_offset: Offset, leader_epoch: LeaderEpoch, sent: &RecordBatch) -> Self {
        Self { base_offset, leader_epoch, producer: sent.producer, records: Arc::clone(&sent.records) }
    }
    /// How a transaction ended, if that is what the batch says. Source: KIP-98, control batches.
    pub fn marker(&self) -> Option<&Marker> {
        if !self.producer?.transactional {
            return None;
        }
        match self.records.first()?.content.as_deref()? {
            Content::Marker(marker) => Some(marker),
            Content::Key(_) | Content::Group(_) | Content::Transaction(_) | Content::Output(_) => None,
        }
    }
    /// Whether the stamp's sequence counts: not in what coordinators write for a producer, the offsets that it commits and its
    /// markers. Kafka writes 0 there, or none.
    pub fn is_sequenced(&self) -> bool {
        let content = self.records.first().and_then(|record| record.content.as_deref());
        self.producer.is_some() && !matches!(content, Some(Content::Group(_) | Content::Marker(_)))
    }
    /// One past the last record's offset.
    pub fn end_offset(&self) -> Offset {
        self.base_offset.plus(self.records.len() as u64)
    }
    /// The record at `offset`, if it is in this batch.
    pub fn record_at(&self, offset: Offset) -> Option<&Record> {
        let place = offset.0.checked_sub(self.base_offset.0)?;
        self.records.get(usize::try_from(place).ok()?)
    }
    /// Sum of the records' sizes, in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.records.iter().map(|record| u64::from(record.size_bytes)).sum()
    }
}

/// The place of the batch that holds `offset`, or of the first one behind it. Whoever keeps up asks about the log's end: it is
/// looked for there first, since a search through the whole log touches memory that nobody has touched for long.
pub fn place_of(log: &[Arc<Batch>], offset: Offset) -> usize {
    const NEAR: usize = 4;
    let passed = |batch: &Arc<Batch>| batch.end_offset() <= offset;
    let near = log.len().saturating_sub(NEAR);
    if near == 0 || passed(&log[near - 1]) {
        near + log[near..].partition_point(passed)
    } else {
        log[..near].partition_point(passed)
    }
}
