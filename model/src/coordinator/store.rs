//! What a coordinator writes to `__consumer_offsets`, and what follows once it is stored.
//! Source: 0.11.0.2 `GroupMetadataManager.storeGroup`, `storeOffsets`.

use std::sync::Arc;

use crate::ids::{
    Generation, GroupId, MemberId, NodeId, Offset, ProducerId, RecordId, Sequence, TopicPartition,
};
use crate::message::{ErrorCode, TransactionalProducer};
use crate::record::{Content, GroupRecord, ProducerStamp, Record, RecordBatch, StoredMember};

use super::Coordinator;
use super::group::{Group, Member};
use super::request::Asker;

/// About what a committed offset takes, key and value: two names and a few numbers.
const OFFSET_BYTES: usize = 100;
/// About what a group takes besides its members.
const GROUP_BYTES: usize = 100;
/// About what a member takes: its id, its client and host, its timeouts, its subscription.
const MEMBER_BYTES: usize = 150;
/// About what a partition takes in a member's share.
const PARTITION_BYTES: usize = 4;

/// Records for one partition of `__consumer_offsets`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Write {
    partition: TopicPartition,
    records: Vec<GroupRecord>,
    /// The producer in whose transaction it is written.
    producer: Option<ProducerStamp>,
    then: Stored,
}

/// A commit that is let in and not answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Commit {
    pub(super) group: GroupId,
    pub(super) asker: Asker,
    pub(super) offsets: Arc<[(TopicPartition, Offset)]>,
}

/// What was to be stored; tells the coordinator how to go on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stored {
    /// Offsets.
    Commit(Commit),
    /// Offsets that hold once this producer's transaction is committed.
    TransactionalCommit(ProducerId, Commit),
    /// The shares of a generation.
    Assignment {
        /// Of which group.
        group: GroupId,
        /// Of which generation.
        generation: Generation,
        /// Ascending by member; everyone is in it.
        assignment: Arc<[(MemberId, Vec<TopicPartition>)]>,
    },
    /// That a static member has another id.
    StaticMember {
        /// In which group.
        group: GroupId,
        /// Its id.
        member: MemberId,
        /// Its id until then.
        old: MemberId,
        /// The group's leader until then.
        leader: Option<MemberId>,
    },
    /// That a group has no members.
    Empty,
}

impl Commit {
    fn records(&self) -> Vec<GroupRecord> {
        let group = self.group;
        let record = |&(partition, offset)| GroupRecord::Offset { group, partition, offset };
        self.offsets.iter().map(record).collect()
    }
}

impl Write {
    /// Offsets.
    pub(super) fn commit(group: &Group, commit: Commit) -> Self {
        let records = commit.records();
        Self { partition: group.partition, records, producer: None, then: Stored::Commit(commit) }
    }

    /// Offsets that hold once a producer's transaction is committed.
    pub(super) fn transactional(group: &Group, of: TransactionalProducer, commit: Commit) -> Self {
        let stamp = ProducerStamp {
            id: of.producer,
            epoch: of.epoch,
            base_sequence: Sequence(0),
            transactional: true,
        };
        let (records, producer) = (commit.records(), Some(stamp));
        let then = Stored::TransactionalCommit(of.producer, commit);
        Self { partition: group.partition, records, producer, then }
    }

    /// The group as it is.
    pub(super) fn metadata(group: &Group, then: Stored) -> Self {
        Self::of(group, &|_, member| member.assignment.clone(), then)
    }

    /// The group with the shares of its present generation.
    pub(super) fn assignment(group: &Group, assignment: Arc<[(MemberId, Vec<TopicPartition>)]>) -> Self {
        let shares = Arc::clone(&assignment);
        let share = |id: MemberId, _: &Member| {
            let place = shares.binary_search_by_key(&id, |&(member, _)| member).ok();
            place.map(|place| shares[place].1.clone()).unwrap_or_default()
        };
        let then = Stored::Assignment { group: group.id, generation: group.generation, assignment };
        Self::of(group, &share, then)
    }

    /// That the group has no members any more.
    pub(super) fn empty(group: &Group) -> Self {
        Self::metadata(group, Stored::Empty)
    }

    fn of(group: &Group, share: &dyn Fn(MemberId, &Member) -> Vec<TopicPartition>, then: Stored) -> Self {
        let stored = |(&id, member): (&MemberId, &Member)| StoredMember {
            member: id,
            instance: member.instance,
            session_timeout: member.session_timeout,
            rebalance_timeout: member.rebalance_timeout,
            subscription: member.subscription.clone(),
            assignment: share(id, member),
        };
        let record = GroupRecord::Metadata {
            group: group.id,
            generation: group.generation,
            assignor: group.assignor,
            leader: group.leader,
            members: group.members.iter().map(stored).collect(),
        };
        Self { partition: group.partition, records: vec![record], producer: None, then }
    }
}

impl Coordinator {
    /// The next thing that is to be appended to a partition of `__consumer_offsets`, with acks=-1.
    pub fn next_write(&mut self) -> Option<(TopicPartition, RecordBatch, Stored)> {
        let Write { partition, records, producer, then } = self.writes.pop_front()?;
        let me = NodeId::from(self.me);
        let records = records
            .into_iter()
            .map(|record| {
                let value = RecordId::new(me, self.record_numbers);
                self.record_numbers += 1;
                let size_bytes = size_bytes(&record);
                Record { value, content: Some(Arc::new(Content::Group(record))), size_bytes }
            })
            .collect();
        Some((partition, RecordBatch { producer, records }, then))
    }
}

fn size_bytes(record: &GroupRecord) -> u32 {
    let bytes = match record {
        GroupRecord::Offset { .. } => OFFSET_BYTES,
        GroupRecord::Metadata { members, .. } => {
            let share = |member: &StoredMember| member.assignment.len() * PARTITION_BYTES;
            GROUP_BYTES + members.iter().map(|member| MEMBER_BYTES + share(member)).sum::<usize>()
        }
    };
    bytes as u32
}

/// What a member is told of a commit that could not be stored. Source: 0.11.0.2 `GroupMetadataManager.storeOffsets`.
pub(super) fn commit_error(error: ErrorCode) -> ErrorCode {
    let cannot_write = [
        ErrorCode::UnknownTopicOrPartition,
        ErrorCode::NotEnoughReplicas,
        ErrorCode::NotEnoughReplicasAfterAppend,
    ];
    if cannot_write.contains(&error) {
        ErrorCode::CoordinatorNotAvailable
    } else if error == ErrorCode::NotLeaderForPartition {
        ErrorCode::NotCoordinator
    } else {
        error
    }
}

/// What members are told of a generation that could not be stored. Source: 0.11.0.2 `GroupMetadataManager.storeGroup`.
pub(super) fn metadata_error(error: ErrorCode) -> ErrorCode {
    if error == ErrorCode::RequestTimedOut { ErrorCode::RebalanceInProgress } else { commit_error(error) }
}
