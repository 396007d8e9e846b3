//! Where a follower cuts its log when it gets a new leader.

use crate::event::{Event, TruncationReason};
use crate::ids::Offset;
use crate::machine::Effects;
use crate::partition::Replica;
use crate::protocol::TruncationRule;

impl Replica {
    /// Cuts as the era demands before it fetches from a new leader.
    ///
    /// Up to 0.10.2, and in 0.11 below IV2, that is at its own high watermark, which lags the leader's by a round trip or more: this is
    /// what KIP-101 mended. Source: 0.10.2.2 `ReplicaManager.makeFollowers`.
    pub fn truncate_as_follower(&mut self, rule: TruncationRule, out: &mut Effects) {
        match rule {
            TruncationRule::OwnHighWatermark => {
                self.truncate(self.high_watermark, TruncationReason::BecameFollower, out);
            }
            TruncationRule::EpochQuery | TruncationRule::EpochQueryIterative | TruncationRule::OnFetch => {}
        }
    }

    /// Cuts the log at `to`. The high watermark stays where it was, even beyond the new end (until 2.4).
    pub fn truncate(&mut self, to: Offset, reason: TruncationReason, out: &mut Effects) {
        let from = self.log.end_offset();
        let to = self.log.truncate_to(to);
        self.tell_cut(from, to, reason, out);
    }

    /// Says that the log was cut, if it was.
    pub(super) fn tell_cut(&self, from: Offset, to: Offset, reason: TruncationReason, out: &mut Effects) {
        if to < from {
            let (partition, broker, high_watermark) = (self.id, self.me, self.high_watermark);
            out.event(Event::LogTruncated { partition, broker, from, to, high_watermark, reason });
        }
    }
}
