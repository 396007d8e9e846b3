//! Where a member begins in the partitions that it owns.

use crate::client::network::Ask;
use crate::config::{AutoOffsetReset, IsolationLevel};
use crate::defects::Defect;
use crate::group::member::{Member, Owned, Position, Request};
use crate::ids::{CorrelationId, Offset, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, Fetcher, ListOffset};
use crate::time::Instant;

impl Member {
    /// Asks the coordinator for the committed offsets of all partitions that need one.
    /// Source: 0.11.0.2 `ConsumerCoordinator.refreshCommittedOffsetsIfNeeded`.
    pub(super) fn ask_for_committed_offsets(&mut self, now: Instant, out: &mut Effects) {
        let waits = |owned: &&Owned| owned.position == Position::AwaitCommitted;
        if self.fetching_offsets.is_some() || !self.owned.iter().any(|owned| waits(&owned)) {
            return;
        }
        if self.offsets_retry_at > now {
            self.net.wake.by(self.offsets_retry_at);
            return;
        }
        if self.ready_coordinator(now, out).is_some() {
            let partitions = self.owned.iter().filter(waits).map(|owned| owned.partition).collect();
            let require_stable = self.settings.isolation_level == IsolationLevel::ReadCommitted;
            let body = Body::OffsetFetchRequest { group: self.group, partitions, require_stable };
            let asked = self.ask_coordinator(Request::OffsetFetch, body, now, out);
            self.fetching_offsets = asked.map(|(_, correlation)| correlation);
        }
    }

    /// Begins at what the group has committed, or as auto.offset.reset says.
    pub(super) fn on_committed_offsets(
        &mut self,
        correlation: CorrelationId,
        error: ErrorCode,
        offsets: &[(TopicPartition, Option<Offset>)],
        now: Instant,
        out: &mut Effects,
    ) {
        if self.fetching_offsets != Some(correlation) {
            return;
        }
        self.fetching_offsets = None;
        if error != ErrorCode::None {
            self.offset_fetch_failed(now);
            if matches!(error, ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable) {
                self.coordinator_dead();
            }
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
        self.fetching_offsets = None;
        self.offsets_retry_at = now + self.retry_backoff;
    }

    /// Asks the leaders where the logs of partitions without an offset begin or end.
    /// Source: 0.11.0.2 `Fetcher.resetOffset`.
    pub(super) fn ask_for_resets(&mut self, now: Instant, out: &mut Effects) {
        let position = match self.settings.auto_offset_reset {
            AutoOffsetReset::Earliest if !Defect::BeginsAtTheEnd.is_on() => ListOffset::Earliest,
            AutoOffsetReset::Earliest | AutoOffsetReset::Latest => ListOffset::Latest,
            AutoOffsetReset::None => return,
        };
        for owned in &mut self.owned {
            if owned.position != (Position::AwaitReset { asked: false }) || owned.retry_at > now {
                continue;
            }
            let partition = owned.partition;
            let Some(leader) = self.net.metadata.leader(partition) else { continue };
            if self.net.ready(leader, now, out) {
                let body = Body::ListOffsetsRequest {
                    fetcher: Fetcher::Consumer,
                    partition,
                    position,
                    isolation: self.settings.isolation_level,
                    current_epoch: None,
                };
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
}
