//! Where a log is cut: a follower's when it gets a new leader, and by what the leader says of its own.

use crate::defects::Defect;
use crate::event::{Event, TruncationReason};
use crate::ids::{LeaderEpoch, Offset};
use crate::log::Log;
use crate::machine::Effects;
use crate::message::ErrorCode;
use crate::partition::Replica;

/// Where a follower is to cut its log, by what the leader said of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Here, or at the log's end if that is lower.
    pub to: Offset,
    /// Whether the logs are known to agree then. If not, the leader's largest epoch was not known here: what is left is to be
    /// asked about again.
    pub agreed: bool,
}

impl Cut {
    /// The leader's largest epoch that is not above this log's last ends at `end`. It says which that is from 2.0 on.
    ///
    /// A log that holds that epoch, too, is cut where it ends first; one that does not, where the epoch below it ends here.
    /// Source: 0.11.0.2 `ReplicaFetcherThread.maybeTruncate`; 2.0.0 `AbstractFetcherThread.getOffsetTruncationState`.
    pub fn at(log: &Log, epoch: Option<LeaderEpoch>, end: Offset) -> Self {
        match epoch.and_then(|epoch| Some((epoch, log.end_of_epoch(epoch)?))) {
            Some((epoch, (mine, my_end))) if mine != epoch => Self { to: my_end, agreed: false },
            Some((_, (_, my_end))) => Self { to: my_end.min(end), agreed: true },
            None => Self { to: end, agreed: true },
        }
    }
}

impl Replica {
    /// Where this leader's log parts from that of a follower whose last record before `offset` is of `last_epoch`: the largest
    /// epoch here that is not above the follower's, and where it ends. None if the follower's is a beginning of this one.
    ///
    /// # Errors
    /// OFFSET_OUT_OF_RANGE: this log cannot tell.
    ///
    /// Source: 2.7.0, 3.9.0 `Partition.readRecords`.
    pub fn compare(
        &self,
        last_epoch: LeaderEpoch,
        offset: Offset,
    ) -> Result<Option<(LeaderEpoch, Offset)>, ErrorCode> {
        if Defect::NeverFindsDivergence.is_on() {
            return Ok(None);
        }
        let (epoch, end) = self.log.end_of_epoch(last_epoch).ok_or(ErrorCode::OffsetOutOfRange)?;
        Ok((epoch < last_epoch || end < offset).then_some((epoch, end)))
    }

    /// Cuts at the own high watermark. Up to 0.10.2, and in 0.11 below IV2, a follower does before it fetches from a new leader;
    /// the high watermark lags the leader's by a round trip or more: this is what KIP-101 mended. Later only if it has no epoch to
    /// ask about, or the leader knew of none. Source: 0.10.2.2 `ReplicaManager.makeFollowers`, 0.11.0.2
    /// `ReplicaFetcherThread.maybeTruncate`.
    pub fn truncate_to_high_watermark(&mut self, reason: TruncationReason, clamps: bool, out: &mut Effects) {
        let mut to = self.high_watermark;
        if Defect::TruncatesBelowHighWatermark.is_on() {
            to = Offset(to.0.saturating_sub(1));
        }
        self.truncate(to, reason, clamps, out);
    }

    /// Cuts the log at `to`. Until 2.4 the high watermark stays where it was, even beyond the new end; later it `clamps`. Source:
    /// 2.4.0 `Log.updateLogEndOffset`.
    pub fn truncate(&mut self, to: Offset, reason: TruncationReason, clamps: bool, out: &mut Effects) {
        let from = self.log.end_offset();
        let to = if Defect::NeverTruncates.is_on() { from } else { self.log.truncate_to(to) };
        self.was_cut(from, to, reason, clamps, out);
    }

    /// Says that the log was cut, if it was.
    pub(super) fn was_cut(
        &mut self,
        from: Offset,
        to: Offset,
        reason: TruncationReason,
        clamps: bool,
        out: &mut Effects,
    ) {
        if to < from {
            let (partition, broker, high_watermark) = (self.id, self.me, self.high_watermark);
            out.event(Event::LogTruncated { partition, broker, from, to, high_watermark, reason });
        }
        if clamps {
            self.high_watermark = self.high_watermark.min(to);
        }
    }
}

#[cfg(test)]
#[path = "truncation_test.rs"]
mod truncation_test;
