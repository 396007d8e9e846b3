//! A replica as follower: what it does with what it fetched.

use std::sync::Arc;

use crate::event::Event;
use crate::ids::{BrokerId, LeaderEpoch, Offset};
use crate::machine::Effects;
use crate::partition::{Replica, Role, high_watermark};
use crate::record::Batch;

/// What an offset that its leader does not have makes a follower do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfRange {
    /// The leader's log is shorter: cut there.
    TruncateTo(Offset),
    /// The leader's log is shorter and unclean election is off, so a cut would lose committed data: the broker stops itself.
    Halt,
    /// The leader's log has grown past it meanwhile: fetch on. What differs below is not mended.
    FetchOn,
}

/// A fetched batch that does not begin where the log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misfit;

impl Replica {
    /// Follows `leader` from now on. True if that is somebody else than before: then it must truncate.
    /// Source: 0.11.0.2 `Partition.makeFollower`, which looks at the leader's id only.
    pub fn make_follower(&mut self, leader: BrokerId, epoch: LeaderEpoch, out: &mut Effects) -> bool {
        self.leader_epoch = Some(epoch);
        if self.role == Role::Follower(leader) {
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
    /// Source: 0.11.0.2 `ReplicaFetcherThread.handleOffsetOutOfRange`.
    pub fn out_of_range(&self, leader_end: Offset, unclean_election: bool) -> OutOfRange {
        if leader_end >= self.log.end_offset() {
            OutOfRange::FetchOn
        } else if unclean_election {
            OutOfRange::TruncateTo(leader_end)
        } else {
            OutOfRange::Halt
        }
    }
}
