//! A replica as follower: what it does with what it fetched.

use std::sync::Arc;

use crate::event::Event;
use crate::ids::{BrokerId, LeaderEpoch, Offset};
use crate::machine::Effects;
use crate::partition::{Replica, Role, high_watermark};
use crate::protocol::{Protocol, TruncateWhen};
use crate::record::Batch;

/// What an offset that its leader does not have makes a follower do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfRange {
    /// The leader's log is shorter: cut there.
    TruncateTo(Offset),
    /// The leader's log is shorter and unclean election is off, so a cut would lose committed data: the broker stops itself
    /// (until 2.0.0).
    Halt,
    /// The leader's log has grown past it meanwhile: fetch on. What differs below is not mended.
    FetchOn,
}

/// A fetched batch that does not begin where the log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misfit;

impl Replica {
    /// Follows `leader` from now on. True if that is somebody else than before, or if the era minds the epoch: then it must
    /// look where its log may differ.
    ///
    /// Source: 0.11.0.2 `Partition.makeFollower`, which looks at the leader's id only; 2.0.1, which takes a jump of the epoch for a
    /// notice that was missed; 2.1.0, where every epoch counts.
    pub fn make_follower(
        &mut self,
        leader: BrokerId,
        epoch: LeaderEpoch,
        when: TruncateWhen,
        out: &mut Effects,
    ) -> bool {
        let before = self.leader_epoch.replace(epoch);
        let stays = match when {
            TruncateWhen::LeaderChanges => true,
            TruncateWhen::EpochMissed => before.is_some_and(|before| epoch.0 <= before.0 + 1),
            TruncateWhen::EpochChanges => before == Some(epoch),
        };
        if stays && self.role == Role::Follower(leader) {
            return false;
        }
        self.role = Role::Follower(leader);
        out.event(Event::BecameFollower {
            partition: self.id,
            broker: self.me,
            leader,
            epoch,
            high_watermark: self.high_watermark,
            end_offset: self.log.end_offset(),
        });
        true
    }

    /// Nobody leads in this epoch: if it led, it does so no more, and it follows nobody until it is told whom.
    ///
    /// Source: 3.3.2 `ReplicaManager.applyLocalFollowersDelta`.
    pub fn lose_leader(&mut self, epoch: LeaderEpoch) {
        self.leader_epoch = Some(epoch);
        self.role = Role::Leaderless;
    }

    /// Writes what it fetched and takes over the leader's high watermark. Source: 0.11.0.2 `ReplicaFetcherThread.processPartitionData`.
    ///
    /// # Errors
    /// The first batch does not begin at this log's end: the logs have come apart, and nothing is written.
    pub fn fetched(
        &mut self,
        batches: &[Arc<Batch>],
        leader_high_watermark: Offset,
        flush_every: u64,
        out: &mut Effects,
    ) -> Result<(), Misfit> {
        let (partition, broker) = (self.id, self.me);
        let from = self.log.end_offset();
        if batches.first().is_some_and(|batch| batch.base_offset != from) {
            return Err(Misfit);
        }
        for batch in batches {
            self.log.append_as_follower(Arc::clone(batch));
        }
        let to = self.log.end_offset();
        if from < to {
            out.event(Event::RecordsFetched { partition, broker, from, to });
            self.flush_if_due(flush_every, out);
        }
        let (old, new) = (self.high_watermark, high_watermark::follow(to, leader_high_watermark));
        if old != new {
            self.set_high_watermark(new);
            out.event(Event::HighWatermarkLearned { partition, broker, from: old, to: new });
        }
        Ok(())
    }

    /// The leader does not have the offset that this follower asked for; its log ends at `leader_end`.
    ///
    /// Source: 0.11.0.2 `ReplicaFetcherThread.handleOffsetOutOfRange`; 2.0.1 the same, where KAFKA-7414 has ended the halt; 0.8.2.2 the
    /// same, which took a leader that has grown meanwhile for one whose log has lost its beginning (KAFKA-2143).
    pub fn out_of_range(
        &self,
        leader_end: Offset,
        unclean_election: bool,
        protocol: &Protocol,
    ) -> OutOfRange {
        if leader_end < self.log.end_offset() {
            if protocol.halts_when_ahead && !unclean_election {
                OutOfRange::Halt
            } else {
                OutOfRange::TruncateTo(leader_end)
            }
        } else if protocol.out_of_range_wipes {
            OutOfRange::TruncateTo(self.log.start_offset())
        } else {
            OutOfRange::FetchOn
        }
    }
}
