//! Ack strategy `majority`: a record is committed once more than half of all replicas hold it, as in Raft and KRaft.
//!
//! Not Kafka's for partitions; KRaft (KIP-595) is the nearest, and Raft's proof is leaned on:
//!
//! - *Election.* The controller, the only one who elects, takes the replica with the largest (last epoch, log end) of a majority
//!   that has promised to follow nobody older ([`Replica::vote`]). So a committed record is in the log of every later leader.
//! - *Commitment.* A record of an earlier epoch that lies on a majority may still be lost: a replica that led in between, and
//!   wrote alone, has a later last epoch and may be elected (figure 8 of the Raft paper). So only replicas count whose log has
//!   reached the leader's own epoch (section 5.4.2; 3.9.0 `LeaderState.maybeUpdateHighWatermark`).
//! - *Instead of an empty record.* Raft's and KRaft's leaders begin their term with a record of their own; without one, what
//!   was written before would stay uncommitted until the next produce, and a retried batch that the log knows already would wait
//!   for ever. Here no record is written that no application sent: the epoch itself is noted in the log
//!   ([`Log::note_epoch`](crate::log::Log::note_epoch)), by the leader as it takes office, by a follower once it has all that
//!   the leader has ([`Replica::is_level`]). It counts in votes and in fetches as an entry without length would.
//! - *Divergence.* A follower never cuts at its own high watermark. Its fetch says its last epoch; a leader whose log is another
//!   answers where they part ([`Replica::compare`]), and the follower cuts there ([`Replica::parted`]).

use crate::config::AckStrategy;
use crate::event::{Event, TruncationReason};
use crate::ids::{BrokerId, LeaderEpoch, Offset};
use crate::machine::Effects;
use crate::partition::{Leader, Replica, Role, high_watermark};

impl Replica {
    /// The largest offset up to which more than half of all replicas hold this log, the leader included. A follower whose log
    /// has not reached this epoch counts as holding nothing.
    pub(super) fn held_by_majority(&self, leader: &Leader) -> Offset {
        let in_step = leader.remotes.iter().map(|remote| remote.log_end.filter(|_| remote.in_step));
        let ends = in_step.chain([Some(self.log.end_offset())]);
        high_watermark::advance_by_majority(self.high_watermark, ends)
    }

    /// Whether this follower must be answered at once though there is nothing to read: it has everything and does not know yet
    /// that its log has reached this epoch. One that was told and asks the same again waits as any other does.
    pub fn owes_epoch(&self, follower: BrokerId, offset: Offset, last_epoch: Option<LeaderEpoch>) -> bool {
        let Some(leader) = self.as_leader().filter(|leader| leader.ack_strategy == AckStrategy::Majority)
        else {
            return false;
        };
        let remote = leader.remotes.iter().find(|remote| remote.broker == follower);
        last_epoch != self.leader_epoch
            && remote.is_some_and(|remote| remote.in_step || remote.log_end != Some(offset))
    }

    /// The leader had nothing more: this log is equal to its, and has reached its epoch.
    ///
    /// The leader may by then lead in a later epoch, of which this follower has not heard. Then it led in this one too, and
    /// wrote nothing in it, or there had been something to read; so what is noted is right.
    pub fn is_level(&mut self) {
        if let Some(epoch) = self.leader_epoch {
            self.log.note_epoch(epoch);
        }
    }

    /// The leader's log is another from here on. Source: 3.9.0 `AbstractFetcherThread.truncateOnFetchResponse`.
    pub fn parted(&mut self, epoch: LeaderEpoch, leader_end: Offset, clamps: bool, out: &mut Effects) {
        let from = self.log.end_offset();
        let to = self.log.truncate_to_epoch(epoch, leader_end);
        self.was_cut(from, to, TruncationReason::Diverged, clamps, out);
    }

    /// Whether it has not yet been told who leads in this epoch, nor of a later one. A request that is repeated, or comes late,
    /// must not undo what the controller told since.
    pub fn may_vote(&self, epoch: LeaderEpoch) -> bool {
        let undecided = self.role == Role::Offline && self.leader_epoch == Some(epoch);
        undecided || self.leader_epoch.is_none_or(|known| known < epoch)
    }

    /// Says how far its log goes, and follows nobody of an older epoch from now on; if it leads, it does so no more.
    pub fn vote(&mut self, epoch: LeaderEpoch, out: &mut Effects) -> (LeaderEpoch, Offset) {
        self.leader_epoch = Some(epoch);
        self.role = Role::Offline;
        let (last_epoch, end_offset) = (self.log.last_epoch().unwrap_or_default(), self.log.end_offset());
        let (partition, broker) = (self.id, self.me);
        out.event(Event::VoteGiven { partition, broker, epoch, last_epoch, end_offset });
        (last_epoch, end_offset)
    }
}

#[cfg(test)]
#[path = "majority_test.rs"]
mod majority_test;
