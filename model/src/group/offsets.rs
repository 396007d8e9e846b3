//! Where a member begins, and how it tells its group how far it has come.

use crate::client::network::Ask;
use crate::config::AutoOffsetReset;
use crate::group::member::{Member, Owned, Position, Request};
use crate::ids::{Generation, Offset, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, Fetcher, ListOffset};
use crate::time::{Instant, Micros};

/// The only generation of a group whose members never change.
const GENERATION: Generation = Generation(1);

impl Member {
    /// Asks the coordinator for the committed offsets of all partitions that need one.
    /// Source: 0.11.0.2 `ConsumerCoordinator.refreshCommittedOffsetsIfNeeded`.
    pub(super) fn ask_for_committed_offsets(&mut self, now: Instant, out: &mut Effects) {
        let waits = |owned: &&Owned| owned.position == Position::AwaitCommitted;
        if self.fetching_offsets || !self.owned.iter().any(|owned| waits(&owned)) {
            return;
        }
        if self.offsets_retry_at > now {
            self.net.wake.by(self.offsets_retry_at);
            return;
        }
        if self.net.ready(self.coordinator, now, out) {
            let partitions = self.owned.iter().filter(waits).map(|owned| owned.partition).collect();
            let body = Body::OffsetFetchRequest { group: self.group, partitions };
            self.net.send(self.coordinator, now, Ask::Own(Request::OffsetFetch), body, out);
            self.fetching_offsets = true;
        }
    }

    /// Begins at what the group has committed, or as auto.offset.reset says.
    pub(super) fn on_committed_offsets(
        &mut self,
        error: ErrorCode,
        offsets: &[(TopicPartition, Option<Offset>)],
        now: Instant,
        out: &mut Effects,
    ) {
        self.offset_fetch_failed(now);
        if error != ErrorCode::None {
            return;
        }
        for &(partition, committed) in offsets {
            let Some(place) = self.place(partition) else { continue };
            if self.owned[place].position != Position::AwaitCommitted {
                continue;
            }
            self.owned[place].committed = committed;
            match committed {
                Some(offset) => self.start_at(place, offset, out),
                None => self.reset(place),
            }
        }
    }

    /// The next OffsetFetch, if one is needed, waits for retry.backoff.ms.
    pub(super) fn offset_fetch_failed(&mut self, now: Instant) {
        self.fetching_offsets = false;
        self.offsets_retry_at = now + self.retry_backoff;
    }

    /// Asks the leaders where the logs of partitions without an offset begin or end.
    /// Source: 0.11.0.2 `Fetcher.resetOffset`.
    pub(super) fn ask_for_resets(&mut self, now: Instant, out: &mut Effects) {
        let position = match self.settings.auto_offset_reset {
            AutoOffsetReset::Earliest => ListOffset::Earliest,
            AutoOffsetReset::Latest => ListOffset::Latest,
            AutoOffsetReset::None => return,
        };
        for owned in &mut self.owned {
            if owned.position != (Position::AwaitReset { asked: false }) || owned.retry_at > now {
                continue;
            }
            let partition = owned.partition;
            let Some(leader) = self.net.metadata.leader(partition) else { continue };
            if self.net.ready(leader, now, out) {
                let body = Body::ListOffsetsRequest { fetcher: Fetcher::Consumer, partition, position };
                self.net.send(leader, now, Ask::Own(Request::ListOffsets(partition)), body, out);
                owned.position = Position::AwaitReset { asked: true };
            }
        }
    }

    /// Begins where the log begins or ends.
    pub(super) fn on_listed_offset(
        &mut self,
        partition: TopicPartition,
        error: ErrorCode,
        offset: Offset,
        now: Instant,
        out: &mut Effects,
    ) {
        if error != ErrorCode::None {
            self.net.metadata.want();
            self.list_offsets_failed(partition, now);
            return;
        }
        let Some(place) = self.place(partition) else { return };
        if matches!(self.owned[place].position, Position::AwaitReset { .. }) {
            self.start_at(place, offset, out);
        }
    }

    /// The leader is asked again after retry.backoff.ms.
    pub(super) fn list_offsets_failed(&mut self, partition: TopicPartition, now: Instant) {
        let Some(place) = self.place(partition) else { return };
        let owned = &mut self.owned[place];
        if matches!(owned.position, Position::AwaitReset { .. }) {
            owned.position = Position::AwaitReset { asked: false };
            owned.retry_at = now + self.retry_backoff;
        }
    }

    /// Part of every poll, before it returns records: commits what earlier polls have returned, every
    /// auto.commit.interval.ms. Source: 0.11.0.2 `ConsumerCoordinator.maybeAutoCommitOffsetsAsync`.
    pub(super) fn auto_commit(&mut self, now: Instant, out: &mut Effects) {
        if !self.settings.enable_auto_commit || self.commit_at > now {
            return;
        }
        let ready = self.commit(now, out);
        let interval = Micros::from_millis(self.settings.auto_commit_interval_ms);
        self.commit_at = now + if ready { interval } else { self.retry_backoff };
    }

    /// Commits before partitions go to other members. Kafka waits for the answer, this one does not.
    pub(super) fn commit_before_revocation(&mut self, now: Instant, out: &mut Effects) {
        if self.settings.enable_auto_commit {
            self.commit(now, out);
        }
    }

    /// Commits the positions that have changed since the last commit; Kafka repeats the others, to no effect.
    /// False if the coordinator cannot be reached at the moment.
    fn commit(&mut self, now: Instant, out: &mut Effects) -> bool {
        let changed = |owned: &Owned| match owned.position {
            Position::At(offset) => Some(offset).filter(|_| owned.committed != Some(offset)),
            Position::AwaitCommitted | Position::AwaitReset { .. } => None,
        };
        if self.owned.iter().all(|owned| changed(owned).is_none()) {
            return true;
        }
        if !self.net.ready(self.coordinator, now, out) {
            return false;
        }
        let mut offsets = Vec::with_capacity(self.owned.len());
        for owned in &mut self.owned {
            if let Some(offset) = changed(owned) {
                owned.committed = Some(offset);
                offsets.push((owned.partition, offset));
            }
        }
        let body = Body::OffsetCommitRequest {
            group: self.group,
            generation: GENERATION,
            member: crate::ids::MemberId::default(),
            instance: None,
            offsets,
        };
        self.net.send(self.coordinator, now, Ask::Own(Request::OffsetCommit), body, out);
        true
    }

    /// A commit was refused or lost: the next one repeats everything, after retry.backoff.ms at the earliest.
    /// Source: 0.11.0.2 `ConsumerCoordinator.doAutoCommitOffsetsAsync`.
    pub(super) fn commit_failed(&mut self, now: Instant) {
        for owned in &mut self.owned {
            owned.committed = None;
        }
        self.commit_at = self.commit_at.min(now + self.retry_backoff);
    }
}
