//! Whether what a member has read is still in the log, asked of each new leader. Source: KIP-320; 2.4.0
//! `Fetcher.validateOffsetsIfNeeded`, `OffsetsForLeaderEpochClient`, `SubscriptionState`.
//!
//! Left out: OffsetCommit carries no epoch here, so a position that was committed is not validated before something has been
//! read from it.

use crate::client::network::Ask;
use crate::config::AutoOffsetReset;
use crate::event::Event;
use crate::group::member::{Member, Owned, Position, Request};
use crate::ids::{BrokerId, CorrelationId, Offset};
use crate::machine::Effects;
use crate::message::{Body, EpochEnd, EpochQuery, ErrorCode, Fetcher};
use crate::time::Instant;

impl Member {
    /// Part of every poll, before it returns records. Positions that stand for another leader than the present one, or for
    /// another epoch of it, are held against its log; until then nothing is fetched there, and what was fetched is dropped.
    pub(super) fn validate_positions(&mut self, now: Instant, out: &mut Effects) {
        if self.validated_by != self.net.metadata.version() {
            self.validated_by = self.net.metadata.version();
            self.note_leaders();
        }
        if self.validating {
            for broker in self.net.brokers() {
                self.ask_for_epoch_ends(broker, now, out);
            }
            let waits = |owned: &Owned| matches!(owned.position, Position::AwaitValidation { .. });
            self.validating = self.owned.iter().any(waits);
        }
    }

    /// Source: 2.4.0 `SubscriptionState.TopicPartitionState.maybeValidatePosition`; a partition without a leader is left alone,
    /// as in 2.7.0.
    fn note_leaders(&mut self) {
        for owned in &mut self.owned {
            let at = match owned.position {
                Position::At(at) | Position::AwaitValidation { at, .. } => at,
                Position::AwaitCommitted | Position::AwaitReset { .. } => continue,
            };
            let leader = self.net.metadata.leader_and_epoch(owned.partition);
            if leader.is_none() || owned.leader == leader {
                continue;
            }
            owned.leader = leader;
            // Without the epoch of what was read there is nothing to ask for.
            if owned.epoch.is_some() {
                owned.position = Position::AwaitValidation { at, asked: None };
                owned.fetch = None;
                (self.validating, self.unseen) = (true, true);
            }
        }
    }

    fn ask_for_epoch_ends(&mut self, broker: BrokerId, now: Instant, out: &mut Effects) {
        let correlation = self.net.next_correlation();
        let mut partitions = Vec::new();
        for owned in &mut self.owned {
            let (Position::AwaitValidation { at, asked: None }, Some(epoch)) = (owned.position, owned.epoch)
            else {
                continue;
            };
            let Some((_, current)) = owned.leader.filter(|&(leader, _)| leader == broker) else { continue };
            if owned.retry_at > now {
                continue;
            }
            if partitions.is_empty() && !self.net.ready(broker, now, out) {
                return;
            }
            owned.position = Position::AwaitValidation { at, asked: Some(correlation) };
            partitions.push(EpochQuery { partition: owned.partition, current_epoch: Some(current), epoch });
        }
        if !partitions.is_empty() {
            let body = Body::OffsetForLeaderEpochRequest { fetcher: Fetcher::Consumer, partitions };
            self.net.send(broker, now, Ask::Own(Request::EpochEnds), body, out);
        }
    }

    /// The leader says where the epochs end that were read last.
    pub(super) fn on_epoch_ends(
        &mut self,
        correlation: CorrelationId,
        ends: &[EpochEnd],
        now: Instant,
        out: &mut Effects,
    ) {
        for end in ends {
            let Some(place) = self.place(end.partition) else { continue };
            match self.owned[place].position {
                Position::AwaitValidation { at, asked } if asked == Some(correlation) => {
                    self.on_epoch_end(place, at, end, now, out);
                }
                Position::AwaitValidation { .. }
                | Position::AwaitCommitted
                | Position::AwaitReset { .. }
                | Position::At(_) => {}
            }
        }
    }

    /// Source: 2.4.0 `OffsetsForLeaderEpochClient.handleResponse`, which asks again after any error, and
    /// `SubscriptionState.maybeCompleteValidation`. A leader that knows no such epoch makes the position begin anew, as 2.8.0
    /// says; in 2.4.0 the position becomes -1, which is out of range, and so begins anew.
    fn on_epoch_end(&mut self, place: usize, at: Offset, end: &EpochEnd, now: Instant, out: &mut Effects) {
        if end.error != ErrorCode::None {
            self.owned[place].position = Position::AwaitValidation { at, asked: None };
            self.owned[place].retry_at = now + self.retry_backoff;
            self.net.metadata.want();
            return;
        }
        let (client, group, partition) = (self.node, self.group, end.partition);
        let stands = end.end_offset.is_some_and(|end| end >= at);
        self.unseen = true;
        if stands {
            self.owned[place].position = Position::At(at);
            out.event(Event::PositionValidated { client, group, partition, offset: at });
            return;
        }
        let to = end.end_offset.unwrap_or(Offset::ZERO);
        out.event(Event::TruncationDetected { client, group, partition, from: at, to });
        match (end.end_offset, self.settings.auto_offset_reset) {
            (_, AutoOffsetReset::None) => self.stopped = true,
            (Some(to), AutoOffsetReset::Earliest | AutoOffsetReset::Latest) => {
                self.start_at(place, to, out);
                self.owned[place].epoch = end.epoch;
            }
            (None, AutoOffsetReset::Earliest | AutoOffsetReset::Latest) => self.reset(place),
        }
    }

    /// The connection to a leader broke: it is asked again after retry.backoff.ms.
    pub(super) fn epoch_ends_failed(&mut self, broker: BrokerId, now: Instant) {
        for owned in &mut self.owned {
            if let Position::AwaitValidation { at, asked: Some(_) } = owned.position
                && owned.leader.is_some_and(|(leader, _)| leader == broker)
            {
                owned.position = Position::AwaitValidation { at, asked: None };
                owned.retry_at = now + self.retry_backoff;
            }
        }
        self.net.metadata.want();
    }
}
