//! Offsets that hold once a transaction is committed: TxnOffsetCommit.
//!
//! Left out: that an ordinary commit, made later, wins over a transactional one whose marker comes later still (Kafka looks at where
//! they lie in the log, and warns of mixing the two).
//!
//! Source: KIP-98, KIP-447; 2.0.0 and 3.9.0 `GroupCoordinator.handleTxnCommitOffsets`, `GroupMetadata.prepareTxnOffsetCommit`,
//! `completePendingTxnOffsetCommit`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::defects::Defect;
use crate::event::Event;
use crate::ids::{Generation, GroupId, MemberId, NodeId, Offset, ProducerId, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, PendingOffset, TransactionalProducer};
use crate::time::Instant;

use super::Coordinator;
use super::group::Group;
use super::request::{Asker, Who};
use super::store::{self, Commit, Write};

/// A commit of a group's offsets within a transaction; see [`Body::TxnOffsetCommitRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TransactionalCommit {
    /// Whose.
    pub group: GroupId,
    /// In whose transaction.
    pub producer: TransactionalProducer,
    /// The member that read them, and its generation; none from a producer that knows of no group.
    pub member: Option<(MemberId, Generation)>,
    /// The next offset to read, by partition.
    pub offsets: Vec<PendingOffset>,
}

/// What a transaction would commit for a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pending {
    /// Who asked; none that the coordinator knows of if it has read this from the log.
    pub client: Option<NodeId>,
    pub offsets: BTreeMap<TopicPartition, Offset>,
}

impl Coordinator {
    pub(super) fn on_transactional_commit(
        &mut self,
        now: Instant,
        asker: Asker,
        commit: TransactionalCommit,
        out: &mut Effects,
    ) {
        let TransactionalCommit { group: id, producer, member, offsets } = commit;
        let Some(stored_in) = self.config.offsets_partition(id) else { return };
        self.groups.entry(id).or_insert_with(|| Group::new(id, stored_in));
        let broker = self.me;
        let Some((group, cx)) = self.group(now, id, out) else { return };
        let generation = member.map_or(group.generation, |(_, generation)| generation);
        let who = |(member, generation)| Who { member, instance: None, generation };
        if let Err(error) = member.map_or(Ok(()), |member| group.check(who(member))) {
            cx.out.event(Event::CommitRefused { broker, group: id, client: asker.node, generation, error });
            return asker.send(Body::TxnOffsetCommitReply { error }, out);
        }
        let offsets: Arc<[_]> = offsets.into();
        cx.out.event(Event::CommitAccepted {
            broker,
            group: id,
            client: asker.node,
            generation,
            offsets: Arc::clone(&offsets),
        });
        let pending = group.pending.entry(producer.producer);
        let pending = pending.or_insert_with(|| Pending { client: None, offsets: BTreeMap::new() });
        pending.client = Some(asker.node);
        pending.offsets.extend(offsets.iter().copied());
        cx.writes.push_back(Write::transactional(group, producer, Commit { group: id, asker, offsets }));
    }

    /// The offsets are in all in-sync replicas, and pending; or they are not known to be, and forgotten.
    pub(super) fn transactional_commit_stored(
        &mut self,
        producer: ProducerId,
        commit: &Commit,
        error: ErrorCode,
        out: &mut Effects,
    ) {
        if Defect::CommitsOffsetsAtOnce.is_on()
            && error == ErrorCode::None
            && let Some(group) = self.groups.get_mut(&commit.group)
        {
            let (broker, client, group_id) = (self.me, commit.asker.node, commit.group);
            for &(partition, offset) in commit.offsets.iter() {
                group.committed.insert(partition, offset);
                out.event(Event::OffsetCommitted { partition, broker, client, group: group_id, offset });
            }
        }
        if error != ErrorCode::None
            && let Some(group) = self.groups.get_mut(&commit.group)
            && let Some(pending) = group.pending.get_mut(&producer)
        {
            for (partition, _) in commit.offsets.iter() {
                pending.offsets.remove(partition);
            }
            if pending.offsets.is_empty() {
                group.pending.remove(&producer);
            }
        }
        commit.asker.send(Body::TxnOffsetCommitReply { error: store::commit_error(error) }, out);
    }

    /// The marker of a producer's transaction is replicated in this partition of `__consumer_offsets`.
    pub fn transaction_ended(
        &mut self,
        partition: TopicPartition,
        producer: ProducerId,
        commit: bool,
        out: &mut Effects,
    ) {
        let broker = self.me;
        for group in self.groups.values_mut().filter(|group| group.partition == partition) {
            let Some(pending) = group.pending.remove(&producer).filter(|_| commit) else { continue };
            let client = pending.client.unwrap_or_else(|| NodeId::from(broker));
            for (partition, offset) in pending.offsets {
                group.committed.insert(partition, offset);
                out.event(Event::OffsetCommitted { partition, broker, client, group: group.id, offset });
            }
        }
    }
}

impl Group {
    /// Whether a transaction has offsets of one of these partitions pending.
    pub(super) fn has_pending(&self, partitions: &[TopicPartition]) -> bool {
        let touches = |pending: &Pending| partitions.iter().any(|it| pending.offsets.contains_key(it));
        self.pending.values().any(touches)
    }

    /// Reads back what a transaction would commit.
    pub(super) fn load_pending(&mut self, producer: ProducerId, partition: TopicPartition, offset: Offset) {
        let pending = self.pending.entry(producer);
        let pending = pending.or_insert_with(|| Pending { client: None, offsets: BTreeMap::new() });
        pending.offsets.insert(partition, offset);
    }

    /// Reads back how a transaction ended: the partitions in which it committed.
    pub(super) fn load_end(&mut self, producer: ProducerId, commit: bool) -> Vec<TopicPartition> {
        let Some(pending) = self.pending.remove(&producer).filter(|_| commit) else { return Vec::new() };
        let partitions = pending.offsets.keys().copied().collect();
        self.committed.extend(pending.offsets);
        partitions
    }
}
