//! How a member tells its group how far it has come: now and then, or while its application waits.

use crate::defects::Defect;
use crate::event::Event;
use crate::group::member::joining::Phase;
use crate::group::member::{Asked, Member, Owned, Position, Request};
use crate::ids::{BrokerId, Generation, Offset, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode};
use crate::time::{Instant, Micros};

/// What the application's thread does once a commit that it waits for is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    /// It goes into the rebalance.
    BeforeRebalance,
    /// It gives partitions up.
    BeforeRevocation,
    /// It works on what the poll returned, if the commit went well.
    BeforeWork,
    /// It polls again.
    AfterWork,
}

impl Purpose {
    /// Whether `poll` itself commits, for auto commit, and not the application.
    fn is_of_rebalance(self) -> bool {
        match self {
            Self::BeforeRebalance | Self::BeforeRevocation => true,
            Self::BeforeWork | Self::AfterWork => false,
        }
    }
}

/// A commit that is repeated until it has gone well, has been refused, or took too long.
/// Source: 0.11.0.2 `ConsumerCoordinator.commitOffsetsSync`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SyncCommit {
    purpose: Purpose,
    offsets: Vec<(TopicPartition, Offset)>,
    asked: Option<Asked>,
    /// After an error, it is not repeated before this moment.
    retry_at: Instant,
    /// When `poll` goes on without it. An application waits for ever.
    until: Option<Instant>,
}

/// What has to be committed: the position, if it has changed since the last commit. Kafka repeats the others, to no
/// effect. What awaits validation is not committed. Source: 2.4.0 `SubscriptionState.allConsumed`.
fn changed(owned: &Owned) -> Option<(TopicPartition, Offset)> {
    match owned.position {
        Position::At(offset) => {
            let offset = offset.plus(u64::from(Defect::CommitsOnePast.is_on()));
            Some((owned.partition, offset)).filter(|_| owned.committed != Some(offset))
        }
        Position::AwaitCommitted | Position::AwaitReset { .. } | Position::AwaitValidation { .. } => None,
    }
}

impl Member {
    /// Part of every poll, before it returns records: commits what earlier polls have returned, every
    /// auto.commit.interval.ms. Source: 0.11.0.2 `ConsumerCoordinator.maybeAutoCommitOffsetsAsync`.
    pub(in crate::group) fn auto_commit(&mut self, now: Instant, out: &mut Effects) {
        if !self.settings.enable_auto_commit || self.commit_at > now {
            return;
        }
        let sent = self.commit_async(now, out);
        let interval = Micros::from_millis(self.settings.auto_commit_interval_ms);
        self.commit_at = now + if sent { interval } else { self.retry_backoff };
    }

    /// False if the coordinator cannot be reached at the moment. Between two generations nothing is sent: Kafka's client
    /// refuses the commit itself and tries again after the interval.
    fn commit_async(&mut self, now: Instant, out: &mut Effects) -> bool {
        if !self.membership.is_in_generation() || self.owned.iter().all(|owned| changed(owned).is_none()) {
            return true;
        }
        if self.ready_coordinator(now, out).is_none() {
            return false;
        }
        let offsets: Vec<_> = self.owned.iter().filter_map(changed).collect();
        self.note_committed(&offsets);
        self.send_commit(Request::AsyncCommit(self.membership.generation), offsets, now, out);
        true
    }

    fn send_commit(
        &mut self,
        request: Request,
        mut offsets: Vec<(TopicPartition, Offset)>,
        now: Instant,
        out: &mut Effects,
    ) -> Option<Asked> {
        if Defect::CommitsToNeighbours.is_on() {
            let of_next: Vec<Offset> =
                offsets.iter().cycle().skip(1).map(|(_, offset)| *offset).take(offsets.len()).collect();
            offsets.iter_mut().zip(of_next).for_each(|((_, offset), next)| *offset = next);
        }
        let (group, generation, instance) = (self.group, self.membership.generation, self.instance);
        let member = self.membership.member?;
        let body = Body::OffsetCommitRequest { group, generation, member, instance, offsets };
        self.ask_coordinator(request, body, now, out)
    }

    fn note_committed(&mut self, offsets: &[(TopicPartition, Offset)]) {
        for &(partition, offset) in offsets {
            if let Some(place) = self.place(partition) {
                self.owned[place].committed = Some(offset);
            }
        }
    }

    /// What is committed is not known any more: the next commit repeats everything.
    fn forget_committed(&mut self) {
        for owned in &mut self.owned {
            owned.committed = None;
        }
    }

    /// A commit was refused or lost: the next one follows after retry.backoff.ms at the earliest.
    /// Source: 0.11.0.2 `ConsumerCoordinator.doAutoCommitOffsetsAsync`.
    pub(super) fn commit_failed(&mut self, now: Instant) {
        self.forget_committed();
        self.commit_at = self.commit_at.min(now + self.retry_backoff);
    }

    /// Source: 0.11.0.2 `ConsumerCoordinator.OffsetCommitResponseHandler`; 2.4.0 for REBALANCE_IN_PROGRESS, which no longer
    /// costs the membership, and 2.6.0 for answers of an older generation.
    pub(super) fn on_async_commit_reply(
        &mut self,
        generation: Generation,
        error: ErrorCode,
        now: Instant,
        out: &mut Effects,
    ) {
        if error == ErrorCode::None {
            return;
        }
        if error == ErrorCode::RebalanceInProgress {
            self.forget_committed();
        } else {
            self.commit_failed(now);
        }
        self.take_refusal_of_commit(generation, error, out);
    }

    fn take_refusal_of_commit(&mut self, generation: Generation, error: ErrorCode, out: &mut Effects) {
        if self.membership.is_in_generation() && generation == self.membership.generation {
            self.take_refusal(error, out);
        }
    }

    /// The application's thread commits all positions that have changed and waits. Nothing to commit is a success.
    pub(super) fn begin_sync_commit(&mut self, purpose: Purpose, now: Instant, out: &mut Effects) {
        let offsets: Vec<_> = self.owned.iter().filter_map(changed).collect();
        if offsets.is_empty() {
            self.sync_commit_over(purpose, true, now, out);
            return;
        }
        let timeout = Micros::from_millis(self.settings.max_poll_interval_ms);
        let until = purpose.is_of_rebalance().then(|| now + timeout);
        self.sync_commit = Some(SyncCommit { purpose, offsets, asked: None, retry_at: now, until });
        self.go_on_with_sync_commit(now, out);
    }

    /// Sends the commit that the application's thread waits for, if that is due. True if it is over.
    pub(super) fn go_on_with_sync_commit(&mut self, now: Instant, out: &mut Effects) -> bool {
        let Some(commit) = &self.sync_commit else { return false };
        let out_of_time = commit.until.is_some_and(|until| until <= now);
        let (is_asked, retry_at, until) = (commit.asked.is_some(), commit.retry_at, commit.until);
        // Outside of a generation the client refuses the commit itself: CommitFailedException.
        if out_of_time || (!is_asked && !self.membership.is_in_generation()) {
            self.end_sync_commit(false, now, out);
            return true;
        }
        if let Some(until) = until {
            self.net.wake.by(until);
        }
        if retry_at > now {
            self.net.wake.by(retry_at);
        } else if !is_asked && self.ready_coordinator(now, out).is_some() {
            let offsets = commit_offsets(self.sync_commit.as_ref());
            self.note_committed(&offsets);
            let request = Request::SyncCommit(self.membership.generation);
            let asked = self.send_commit(request, offsets, now, out);
            if let Some(commit) = &mut self.sync_commit {
                commit.asked = asked;
            }
        }
        false
    }

    /// Errors that may pass are answered by asking again, the others end the wait.
    pub(super) fn on_sync_commit_reply(
        &mut self,
        asked: Asked,
        generation: Generation,
        error: ErrorCode,
        now: Instant,
        out: &mut Effects,
    ) {
        let is_awaited = self.sync_commit.as_ref().is_some_and(|commit| commit.asked == Some(asked));
        self.take_refusal_of_commit(generation, error, out);
        if !is_awaited {
            return;
        }
        if matches!(
            error,
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable | ErrorCode::RequestTimedOut
        ) {
            self.retry_sync_commit(now);
        } else {
            self.end_sync_commit(error == ErrorCode::None, now, out);
        }
    }

    fn retry_sync_commit(&mut self, now: Instant) {
        if let Some(commit) = &mut self.sync_commit {
            commit.asked = None;
            commit.retry_at = now + self.retry_backoff;
        }
    }

    /// The connection to a broker broke: a commit that was sent there is sent again.
    pub(super) fn sync_commit_disconnected(&mut self, broker: BrokerId, now: Instant) {
        let asked = self.sync_commit.as_ref().and_then(|commit| commit.asked);
        if asked.is_some_and(|asked| asked.0 == broker) {
            self.retry_sync_commit(now);
        }
    }

    fn end_sync_commit(&mut self, success: bool, now: Instant, out: &mut Effects) {
        if !success {
            self.forget_committed();
        }
        if let Some(commit) = self.sync_commit.take() {
            self.sync_commit_over(commit.purpose, success, now, out);
        }
    }

    /// The thread that has waited goes on.
    fn sync_commit_over(&mut self, purpose: Purpose, success: bool, now: Instant, out: &mut Effects) {
        match purpose {
            Purpose::BeforeRebalance if self.membership.phase == Phase::Preparing => self.give_away(out),
            Purpose::BeforeRebalance => {}
            Purpose::BeforeRevocation => self.take_share(now, out),
            Purpose::BeforeWork => self.committed_before_work(success, now),
            Purpose::AfterWork => self.back_to_poll(),
        }
    }

    /// A rebalance that has become pointless waits for no commit.
    pub(super) fn forget_sync_commit_of_rebalance(&mut self) {
        self.sync_commit.take_if(|commit| commit.purpose.is_of_rebalance());
    }

    /// The application closes the consumer. What a poll returned and it is still at work on is not committed: it will be
    /// read again. Source: 0.11.0.2 `ConsumerCoordinator.close`; 2.4.0 `ConsumerCoordinator.onLeavePrepare`.
    pub(super) fn close(&mut self, now: Instant, out: &mut Effects) {
        if self.settings.enable_auto_commit && self.membership.is_in_generation() {
            self.take_back_work();
            let offsets: Vec<_> = self.owned.iter().filter_map(changed).collect();
            if !offsets.is_empty() {
                self.send_commit(Request::AsyncCommit(self.membership.generation), offsets, now, out);
            }
        }
        if !self.owned.is_empty() {
            let (client, group, generation) = (self.node, self.group, self.membership.generation);
            let partitions = self.owned.iter().map(|owned| owned.partition).collect();
            out.event(Event::PartitionsRevoked { client, group, generation, partitions });
        }
        self.leave(now, out);
        self.lose_all();
        self.stopped = true;
        self.net.wake.clear();
        out.stop = Some(crate::machine::Ending::Clean);
    }
}

fn commit_offsets(commit: Option<&SyncCommit>) -> Vec<(TopicPartition, Offset)> {
    commit.map(|commit| commit.offsets.clone()).unwrap_or_default()
}
