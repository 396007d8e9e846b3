//! How a follower finds where its log may differ from the leader's, and cuts it, before it fetches.

use crate::defects::Defect;
use crate::event::TruncationReason;
use crate::ids::{CorrelationId, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, EpochEnd, EpochQuery, ErrorCode, Fetcher as Who};
use crate::partition::truncation::Cut;
use crate::protocol::{TruncationMoment, TruncationRule};
use crate::time::{Instant, Micros};

use super::{Asked, Broker, Question, Stage};

impl Broker {
    /// What a follower does first with a partition that it is to fetch from now on.
    ///
    /// Where it truncates as its fetches are answered, and its log has an epoch to tell, it fetches at once. Source: 2.8.0
    /// `AbstractFetcherThread.partitionFetchState`.
    pub(in crate::broker) fn first_stage(&self, partition: TopicPartition) -> Stage {
        let protocol = &self.config.protocol;
        let cuts_first = match protocol.truncation {
            _ if self.by_majority(partition) => false,
            TruncationRule::OwnHighWatermark => protocol.truncation_moment == TruncationMoment::BeforeFetch,
            TruncationRule::EpochQuery | TruncationRule::EpochQueryIterative => true,
            TruncationRule::OnFetch => self.last_epoch(partition).is_none(),
        };
        if cuts_first { Stage::Truncating { again: false } } else { Stage::Fetching }
    }

    fn last_epoch(&self, partition: TopicPartition) -> Option<LeaderEpoch> {
        self.replicas.get(&partition)?.log.last_epoch()
    }

    /// Cuts what can be cut without asking, and asks the leader about the rest. While an answer is under way nothing is cut.
    ///
    /// Source: 0.11.0.2 `AbstractFetcherThread.maybeTruncate`; 2.8.0 the same. A log without any epoch is cut at the own high
    /// watermark at once, as 2.4 does; before, the leader was asked about no epoch at all, and answered so that it came to the
    /// same.
    pub(super) fn truncate_before_fetch(&mut self, now: Instant, place: usize, out: &mut Effects) {
        let fetcher = &self.fetchers[place];
        let is_due = |stage| matches!(stage, Stage::Truncating { .. });
        if !fetcher.partitions.iter().any(|fetched| is_due(fetched.stage)) {
            return;
        }
        let due: Vec<_> =
            fetcher.partitions.iter().filter(|fetched| is_due(fetched.stage)).copied().collect();
        let (rule, asks_now) = (self.config.protocol.truncation, !fetcher.asked_epochs);
        let (mut asked, mut queries) = (Vec::new(), Vec::new());
        for fetched in due {
            let partition = fetched.partition;
            match self.last_epoch(partition) {
                Some(epoch) if rule != TruncationRule::OwnHighWatermark => {
                    if asks_now && fetched.ready_at <= now {
                        let current_epoch = self.told_epoch(partition);
                        let offset = self.replicas[&partition].log.end_offset();
                        asked.push(Asked { partition, offset, epoch: self.minded_epoch(partition) });
                        queries.push(EpochQuery { partition, current_epoch, epoch });
                    }
                }
                Some(_) | None => {
                    let reason = match rule {
                        TruncationRule::OwnHighWatermark => TruncationReason::BecameFollower,
                        TruncationRule::EpochQuery
                        | TruncationRule::EpochQueryIterative
                        | TruncationRule::OnFetch => TruncationReason::UnknownEpoch,
                    };
                    self.truncate_to_high_watermark(partition, reason, out);
                    self.enter(place, partition, Stage::Fetching);
                }
            }
        }
        if !queries.is_empty() {
            let fetcher = Who::Replica(self.me);
            let request = Body::OffsetForLeaderEpochRequest { fetcher, partitions: queries };
            self.ask_leader(now, place, Question::Epochs, asked, request, out);
        }
    }

    /// Cuts as the era demands when it obeys a notice. Source: 0.10.2.2 `ReplicaManager.makeFollowers`.
    pub(in crate::broker) fn truncate_on_notice(&mut self, partition: TopicPartition, out: &mut Effects) {
        let protocol = &self.config.protocol;
        if protocol.truncation == TruncationRule::OwnHighWatermark
            && protocol.truncation_moment == TruncationMoment::OnNotice
            && !self.by_majority(partition)
        {
            self.truncate_to_high_watermark(partition, TruncationReason::BecameFollower, out);
        }
    }

    fn truncate_to_high_watermark(
        &mut self,
        partition: TopicPartition,
        reason: TruncationReason,
        out: &mut Effects,
    ) {
        let clamps = self.config.protocol.high_watermark_clamped;
        if let Some(replica) = self.replica_mut(partition) {
            replica.truncate_to_high_watermark(reason, clamps, out);
        }
    }

    fn enter(&mut self, place: usize, partition: TopicPartition, stage: Stage) {
        if let Some(fetched) = self.fetchers[place].find(partition) {
            fetched.stage = stage;
        }
    }

    /// The leader says where epochs end. What was told another epoch meanwhile, or is fetched no more, is left alone.
    ///
    /// Source: 0.11.0.2 `ReplicaFetcherThread.maybeTruncate`; 2.0.0 the same; 2.2.0
    /// `AbstractFetcherThread.truncateToEpochEndOffsets`.
    pub(in crate::broker) fn on_epoch_ends(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: CorrelationId,
        ends: &[EpochEnd],
        out: &mut Effects,
    ) {
        let Some((place, asked)) = self.take_question(from, correlation, Question::Epochs) else { return };
        let backed_off = now + Micros::from_millis(self.config.broker.replica_fetch_backoff_ms);
        self.fetchers[place].asked_epochs = true;
        let mut failed = Vec::new();
        for (end, asked) in ends.iter().zip(&asked) {
            let partition = end.partition;
            assert_eq!(partition, asked.partition, "a leader answers what it was asked");
            let epoch = self.minded_epoch(partition);
            let Some(fetched) = self.fetchers[place].find(partition) else { continue };
            let Stage::Truncating { again } = fetched.stage else { continue };
            if epoch != asked.epoch {
                continue;
            }
            if end.error == ErrorCode::None {
                let stage = self.epoch_ends(partition, end, again, out);
                self.enter(place, partition, stage);
            } else if end.error == ErrorCode::FencedLeaderEpoch {
                failed.push(partition);
            } else {
                fetched.ready_at = backed_off;
            }
        }
        for partition in failed {
            self.stop_fetching(partition);
        }
    }

    /// Where the leader knows of no such epoch, the log is cut at the own high watermark; but not if it has been cut already and
    /// was to be looked at once more (source: 2.0.0 `AbstractFetcherThread.getOffsetTruncationState`, which then takes the offset
    /// of the cut for the one to begin at).
    fn epoch_ends(
        &mut self,
        partition: TopicPartition,
        end: &EpochEnd,
        again: bool,
        out: &mut Effects,
    ) -> Stage {
        let Some(end_offset) = end.end_offset else {
            if !again {
                self.truncate_to_high_watermark(partition, TruncationReason::UnknownEpoch, out);
            }
            return Stage::Fetching;
        };
        let agreed = self.cut(partition, end.epoch, end_offset, TruncationReason::EpochEnd, out);
        if agreed { Stage::Fetching } else { Stage::Truncating { again: true } }
    }

    /// The leader's log parts from this one's, as the answer to a fetch says. If the logs need not agree after the cut, the next
    /// fetch will tell. Source: 2.8.0 `AbstractFetcherThread.truncateOnFetchResponse`.
    pub(super) fn parted(
        &mut self,
        partition: TopicPartition,
        epoch: LeaderEpoch,
        end: Offset,
        out: &mut Effects,
    ) {
        self.cut(partition, Some(epoch), end, TruncationReason::Diverged, out);
    }

    fn cut(
        &mut self,
        partition: TopicPartition,
        epoch: Option<LeaderEpoch>,
        end: Offset,
        reason: TruncationReason,
        out: &mut Effects,
    ) -> bool {
        let clamps = self.config.protocol.high_watermark_clamped;
        let Some(replica) = self.replica_mut(partition) else { return true };
        let Cut { mut to, agreed } = Cut::at(&replica.log, epoch, end);
        if Defect::TruncatesBelowDivergence.is_on() {
            to = Offset(to.0.saturating_sub(1));
        }
        replica.truncate(to, reason, clamps, out);
        agreed
    }
}
