//! How far a group has come: OffsetCommit and OffsetFetch.
//! Source: 0.11.0.2 `GroupCoordinator.doCommitOffsets`, `GroupMetadataManager.storeOffsets`, `getOffsets`.

use std::sync::Arc;

use crate::defects::Defect;
use crate::event::Event;
use crate::ids::{GroupId, Offset, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode};
use crate::time::Instant;

use super::Coordinator;
use super::group::{Context, Group, State};
use super::request::{Asker, Who};
use super::store::{self, Commit, Write};

impl Coordinator {
    /// A commit of nothing is answered as it is. Source: 0.11.0.2 `KafkaApis.handleOffsetCommitRequest`.
    pub(super) fn on_commit(
        &mut self,
        now: Instant,
        asker: Asker,
        id: GroupId,
        who: Who,
        offsets: Vec<(TopicPartition, Offset)>,
        out: &mut Effects,
    ) {
        if offsets.is_empty() {
            asker.send(Body::OffsetCommitReply { error: ErrorCode::None }, out);
            return;
        }
        let result = match self.group(now, id, out) {
            Some((group, mut cx)) => group.commit(asker, who, offsets.into(), &mut cx),
            None => Err(ErrorCode::IllegalGeneration),
        };
        if let Err(error) = result {
            let (broker, client, generation) = (self.me, asker.node, who.generation);
            out.event(Event::CommitRefused { broker, group: id, client, generation, error });
            asker.send(Body::OffsetCommitReply { error }, out);
        }
    }

    /// A commit is in all in-sync replicas: the group has come so far. Or it is not known to be: it may turn out to be stored
    /// all the same when the next coordinator reads the log.
    pub(super) fn commit_stored(&mut self, commit: Commit, error: ErrorCode, out: &mut Effects) {
        let Commit { group, asker, offsets } = commit;
        if error == ErrorCode::None {
            let (broker, client) = (self.me, asker.node);
            let mut known = self.groups.get_mut(&group);
            for &(partition, offset) in offsets.iter() {
                if let Some(known) = &mut known {
                    known.committed.insert(partition, offset);
                }
                out.event(Event::OffsetCommitted { partition, broker, client, group, offset });
            }
        }
        asker.send(Body::OffsetCommitReply { error: store::commit_error(error) }, out);
    }

    /// Whoever asks is told, whatever the group's state. Of a group that it does not know nothing was committed. While a
    /// transaction has offsets pending, nobody can say how far the group has come: Kafka refuses those partitions only, which a
    /// member takes for a failure of all. Source: 2.5.0 `GroupMetadataManager.getOffsets`.
    pub(super) fn on_offset_fetch(
        &self,
        asker: Asker,
        id: GroupId,
        partitions: Vec<TopicPartition>,
        require_stable: bool,
        out: &mut Effects,
    ) {
        let group = self.groups.get(&id);
        let refuses = require_stable && self.config.protocol.pending_offsets_refused;
        if refuses && group.is_some_and(|group| group.has_pending(&partitions)) {
            let (error, offsets) = (ErrorCode::UnstableOffsetCommit, Vec::new());
            return asker.send(Body::OffsetFetchReply { error, offsets }, out);
        }
        let committed = |partition| group.and_then(|group| group.committed.get(&partition)).copied();
        let offsets = partitions.into_iter().map(|partition| (partition, committed(partition))).collect();
        asker.send(Body::OffsetFetchReply { error: ErrorCode::None, offsets }, out);
    }
}

impl Group {
    /// Lets a commit in: from a member, in its generation. Also while a rebalance is prepared, so that members can commit before
    /// they join; not while the new generation has no shares yet. It counts as a heartbeat.
    fn commit(
        &mut self,
        asker: Asker,
        who: Who,
        offsets: Arc<[(TopicPartition, Offset)]>,
        cx: &mut Context<'_>,
    ) -> Result<(), ErrorCode> {
        let is_checked = !Defect::AcceptsAnyCommit.is_on();
        self.check(who).or_else(|error| if is_checked { Err(error) } else { Ok(()) })?;
        match self.state {
            State::Empty if is_checked => return Err(ErrorCode::UnknownMemberId),
            State::CompletingRebalance => return Err(ErrorCode::RebalanceInProgress),
            State::Empty | State::PreparingRebalance(_) | State::Stable => {}
        }
        self.renew_session(who.member, cx);
        cx.out.event(Event::CommitAccepted {
            broker: cx.broker,
            group: self.id,
            client: asker.node,
            generation: who.generation,
            offsets: Arc::clone(&offsets),
        });
        cx.writes.push_back(Write::commit(self, Commit { group: self.id, asker, offsets }));
        Ok(())
    }
}
