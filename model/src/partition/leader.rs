//! A replica as leader. The handlers stand in the order in which a record meets them:
//! [`Replica::append`], [`Replica::follower_fetched`], [`Replica::advance_high_watermark`], and what it lets go.

use crate::config::{AckStrategy, ClusterConfig, Topic};
use crate::defects::Defect;
use crate::event::Event;
use crate::ids::{
    BrokerEpoch, BrokerId, BrokerSet, CorrelationId, LeaderEpoch, NodeId, Offset, PartitionEpoch,
};
use crate::machine::Effects;
use crate::message::{ErrorCode, Metadata, PartitionState};
use crate::partition::isr::{self, Remote};
use crate::partition::isr_changes::IsrChange;
use crate::partition::pending_acks::{ParkedId, Written};
use crate::partition::{Replica, Role, high_watermark};
use crate::producer_state::Verdict;
use crate::protocol::{IsrJoin, IsrWrite, Protocol};
use crate::record::RecordBatch;
use crate::time::{Instant, Micros};

/// What only a leader keeps. Source: 0.11.0.2 `Partition`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Leader {
    /// The in-sync replicas, as last confirmed.
    pub isr: BrokerSet,
    /// The version of the state that `isr` came from; ZooKeeper's.
    pub partition_epoch: PartitionEpoch,
    /// All assigned replicas, in order of preference.
    pub replicas: Vec<BrokerId>,
    /// The other assigned replicas.
    pub remotes: Vec<Remote>,
    /// A proposal that is not decided yet, as far as this leader knows.
    pub isr_change: Option<IsrChange>,
    /// A request about an older proposal, which a notice has overtaken; and until when to count on its answer.
    pub overtaken: Option<(CorrelationId, Instant)>,
    /// Whether the ISR changes by requests to the controller.
    pub asks_controller: bool,
    /// Whether a request that a notice has overtaken is remembered until it is answered.
    pub checks_replies: bool,
    /// A follower joins the ISR no earlier than its log reaches here, whatever the high watermark.
    pub join_from: Offset,
    /// Produces that wait until the high watermark reaches an offset.
    pub waiting: Vec<(Offset, ParkedId)>,
    /// `min.insync.replicas`, where acks=-1 waits for the ISR; otherwise nothing is asked of it.
    pub min_isr: usize,
    /// What acks=-1 waits for.
    pub ack_strategy: AckStrategy,
}

impl Leader {
    /// Everyone who may be in the ISR by now: the ISR and those whose joining is not confirmed yet. Who is to leave counts
    /// until it is confirmed. Source: 2.7.0 `PendingExpandIsr`, `PendingShrinkIsr`.
    pub fn maximal_isr(&self) -> BrokerSet {
        if Defect::MaximalIsrForgetsPending.is_on() {
            return self.isr;
        }
        self.isr_change.map_or(self.isr, |change| self.isr.union(change.isr))
    }

    /// What is asked of acks=-1: in ZooKeeper's eras the ISR counts, later the maximal one.
    /// Source: 2.6.0 and 2.7.0 `Partition.checkEnoughReplicasReachOffset`.
    fn isr_for_acks(&self) -> BrokerSet {
        if self.asks_controller { self.maximal_isr() } else { self.isr }
    }

    pub(super) fn remote_mut(&mut self, broker: BrokerId) -> Option<&mut Remote> {
        self.remotes.iter_mut().find(|remote| remote.broker == broker)
    }
}

/// How small the ISR may be for acks=-1. Source: 3.7.0 `Partition.effectiveMinIsr`.
fn required_isr(topic: &Topic, replicas: usize, protocol: &Protocol) -> usize {
    let min = topic.min_insync_replicas as usize;
    if Defect::AsksForNoMinIsr.is_on() {
        return 0;
    }
    match topic.ack_strategy {
        AckStrategy::Isr if protocol.min_isr_capped => min.min(replicas),
        AckStrategy::Isr => min,
        AckStrategy::Leader | AckStrategy::Majority => 0,
    }
}

/// From which offset on a follower may join. Source: KAFKA-7128, 2.0.1 `Partition.maybeExpandIsr`.
fn join_from(protocol: &Protocol, epoch_start: Offset) -> Offset {
    match protocol.isr_join {
        IsrJoin::HighWatermark => Offset::ZERO,
        IsrJoin::EpochStart => epoch_start,
    }
}

/// What a leader learned from a follower's fetch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// The follower has come far enough to join the ISR.
    pub may_join: bool,
    /// Its log does not end where it ended before.
    pub end_moved: bool,
}

/// A parked produce that may be answered now.
pub type Released = (ParkedId, ErrorCode);

impl Replica {
    /// What it keeps as leader, if it leads.
    pub fn as_leader(&self) -> Option<&Leader> {
        match &self.role {
            Role::Leader(leader) => Some(leader),
            Role::Offline | Role::Leaderless | Role::Follower(_) => None,
        }
    }

    /// The same, to change.
    pub fn as_leader_mut(&mut self) -> Option<&mut Leader> {
        match &mut self.role {
            Role::Leader(leader) => Some(leader),
            Role::Offline | Role::Leaderless | Role::Follower(_) => None,
        }
    }

    /// Takes office, or hears of a new epoch of its own term. Source: 0.11.0.2 `Partition.makeLeader`.
    ///
    /// A leader that stays keeps what it knows of its followers' logs; all clocks start anew. A notice within the epoch brings
    /// another ISR only (3.3.0 `Partition.makeLeader`).
    pub fn make_leader(
        &mut self,
        now: Instant,
        state: &PartitionState,
        topic: &Topic,
        protocol: &Protocol,
        out: &mut Effects,
    ) {
        if self.leads() && self.leader_epoch == Some(state.leader_epoch) {
            return self.hear_of_isr(state, out);
        }
        let end = self.log.end_offset();
        self.leader_epoch = Some(state.leader_epoch);
        let me = self.me;
        if topic.ack_strategy == AckStrategy::Majority {
            self.log.note_epoch(state.leader_epoch);
        } else {
            self.log.begin_epoch(state.leader_epoch);
        }
        if let Some(leader) = self.as_leader_mut() {
            leader.isr = state.isr;
            leader.partition_epoch = state.partition_epoch;
            leader.join_from = join_from(protocol, end);
            leader.drop_proposal();
            for remote in &mut leader.remotes {
                remote.reset_clock(state.isr.contains(remote.broker), now, end);
            }
        } else {
            let others = state.replicas.iter().filter(|&&broker| broker != me);
            self.role = Role::Leader(Leader {
                isr: state.isr,
                partition_epoch: state.partition_epoch,
                replicas: state.replicas.clone(),
                remotes: others.map(|&broker| Remote::new(broker, state.isr.contains(broker), now)).collect(),
                isr_change: None,
                overtaken: None,
                asks_controller: protocol.isr_write == IsrWrite::AlterPartition,
                checks_replies: protocol.isr_reply_checked,
                join_from: join_from(protocol, end),
                waiting: Vec::new(),
                min_isr: required_isr(topic, state.replicas.len(), protocol),
                ack_strategy: topic.ack_strategy,
            });
            // A follower whose log was cut below its high watermark, elected before it fetched again, starts over.
            // Source: 0.11.0.2 `Replica.convertHWToLocalOffsetMetadata`.
            if self.high_watermark > end {
                self.high_watermark = self.log.start_offset();
            }
        }
        out.event(Event::BecameLeader {
            partition: self.id,
            broker: me,
            epoch: state.leader_epoch,
            high_watermark: self.high_watermark,
            end_offset: end,
        });
        // Nothing is done to recover a log; the controller hears of it with the next proposal.
        // Source: KIP-704, 3.2.0 `Partition.makeLeader`.
        if protocol.leader_recovery_state && state.recovering {
            out.event(Event::LeaderRecovered { partition: self.id, broker: me });
        }
    }

    /// Writes a batch, or says why not. Source: 0.11.0.2 `Partition.appendRecordsToLeader`, `Log.append`.
    ///
    /// A duplicate of one of the producer's last five batches is not written; the original's place is answered.
    ///
    /// # Errors
    /// What the producer is told: nothing was written.
    pub fn append(
        &mut self,
        client: NodeId,
        needs_whole_isr: bool,
        sent: &RecordBatch,
        flush_every: u64,
        out: &mut Effects,
    ) -> Result<Written, ErrorCode> {
        let Some(leader) = self.as_leader() else { return Err(ErrorCode::NotLeaderForPartition) };
        let too_few = needs_whole_isr && leader.isr.len() < leader.min_isr;
        if too_few && !Defect::LooksAtIsrTooLate.is_on() {
            return Err(ErrorCode::NotEnoughReplicas);
        }
        let (partition, broker) = (self.id, self.me);
        match self.log.check(sent) {
            Verdict::Refuse(error) => Err(error),
            Verdict::Duplicate { base_offset, end_offset } => {
                let stamp = sent.producer.expect("only stamped batches are known again");
                out.event(Event::DuplicateDiscarded {
                    partition,
                    broker,
                    client,
                    producer: stamp.id,
                    base_sequence: stamp.base_sequence,
                    offset: base_offset,
                });
                Ok(Written { base: base_offset, end: end_offset })
            }
            Verdict::Append if Defect::AcknowledgesUnwritten.is_on() && !needs_whole_isr => {
                let base = self.log.end_offset();
                Ok(Written { base, end: base.plus(sent.records.len() as u64) })
            }
            Verdict::Append => {
                let mut epoch = self.leader_epoch.expect("a leader has an epoch");
                if Defect::StampsEpochBefore.is_on() {
                    epoch = LeaderEpoch(epoch.0.saturating_sub(1));
                }
                let batch = self.log.append_as_leader(epoch, sent);
                let written = Written { base: batch.base_offset, end: batch.end_offset() };
                out.event(Event::RecordsAppended { partition, broker, client, batch });
                self.flush_if_due(flush_every, out);
                if too_few { Err(ErrorCode::NotEnoughReplicas) } else { Ok(written) }
            }
        }
    }

    /// Flushes once `log.flush.interval.messages` records are waiting. Source: 0.11.0.2 `Log.append`.
    pub(super) fn flush_if_due(&mut self, flush_every: u64, out: &mut Effects) {
        let unflushed = self.log.end_offset().0 - self.log.flushed_offset().0;
        if unflushed >= flush_every && self.log.flush() {
            let to = self.log.end_offset();
            out.event(Event::LogFlushed { partition: self.id, broker: self.me, to });
        }
    }

    /// A follower asked for `offset`, so its log ends there. `last_epoch` is that of the follower's log, where it tells.
    ///
    /// Source: 0.11.0.2 `Partition.updateReplicaLogReadResult`, `maybeExpandIsr`.
    pub fn follower_fetched(
        &mut self,
        now: Instant,
        follower: BrokerId,
        offset: Offset,
        last_epoch: Option<LeaderEpoch>,
        out: &mut Effects,
    ) -> Learned {
        let (partition, broker) = (self.id, self.me);
        let in_step = last_epoch.is_some() && last_epoch == self.leader_epoch;
        let (leader_end, high_watermark) = (self.log.end_offset(), self.high_watermark);
        let Some(leader) = self.as_leader_mut() else { return Learned::default() };
        let mut bound = high_watermark.max(leader.join_from);
        if Defect::JoinsAtFirstFetch.is_on() {
            bound = Offset::ZERO;
        }
        let (isr, free) = (leader.isr, leader.may_propose(now));
        let Some(remote) = leader.remote_mut(follower) else { return Learned::default() };
        let end_moved = remote.log_end != Some(offset);
        remote.fetched(now, offset, leader_end);
        remote.in_step = in_step;
        let may_join = free && isr::may_join(isr, remote, bound);
        out.event(Event::FollowerFetched { partition, broker, replica: follower, offset, leader_end });
        Learned { may_join, end_moved }
    }

    /// The registration under which a follower fetches, where it tells. Source: KIP-903, 3.5.0 `Replica.updateFetchState`.
    pub fn note_broker_epoch(&mut self, follower: BrokerId, epoch: Option<BrokerEpoch>) {
        let Some(epoch) = epoch else { return };
        if let Some(remote) = self.as_leader_mut().and_then(|leader| leader.remote_mut(follower)) {
            remote.broker_epoch = Some(epoch);
        }
    }

    /// A follower asked for an offset that is not in the log.
    pub fn follower_out_of_range(&mut self, follower: BrokerId) {
        if let Some(remote) = self.as_leader_mut().and_then(|leader| leader.remote_mut(follower)) {
            remote.fetched_out_of_range();
        }
    }

    /// Moves the high watermark to the smallest log end among the ISR and the followers that have caught up lately.
    /// True if it rose.
    ///
    /// While a write to ZooKeeper is unanswered it stays: Kafka then holds the partition's lock. While a request to the
    /// controller is, the maximal ISR counts. Source: 0.11.0.2 `Partition.maybeIncrementLeaderHW`, `updateIsr`; KAFKA-4485;
    /// 2.7.0 and 3.7.0 `Partition.maybeIncrementLeaderHW`; KAFKA-15583.
    pub fn advance_high_watermark(
        &mut self,
        now: Instant,
        config: &ClusterConfig,
        metadata: &Metadata,
        out: &mut Effects,
    ) -> bool {
        let lag_max = Micros::from_millis(config.broker.replica_lag_time_max_ms);
        let protocol = &config.protocol;
        let from = self.high_watermark;
        let Some(leader) = self.as_leader() else { return false };
        if leader.isr_change.is_some() && !leader.asks_controller {
            return false;
        }
        if leader.ack_strategy == AckStrategy::Majority {
            let to = self.held_by_majority(leader);
            return self.raise_high_watermark(to, out);
        }
        if protocol.high_watermark_frozen_below_min_isr && leader.isr.len() < leader.min_isr {
            return false;
        }
        let maximal_isr = leader.maximal_isr();
        let counts = |remote: &&Remote| {
            maximal_isr.contains(remote.broker)
                || remote.is_caught_up(now, lag_max)
                    && (!protocol.caught_up_must_be_eligible || remote.is_eligible(protocol, metadata))
        };
        let tells = |end: &Option<Offset>| end.is_some() || !Defect::CommitsWithoutTheUnknown.is_on();
        let others = leader.remotes.iter().filter(counts).map(|remote| remote.log_end).filter(tells);
        let mut to = high_watermark::advance(from, others.chain([Some(self.log.end_offset())]));
        if Defect::CommitsOneTooFar.is_on() && to > from {
            to = to.plus(1).min(self.log.end_offset());
        } else if Defect::CommitsAtOwnEnd.is_on() {
            to = self.log.end_offset();
        } else if Defect::CommitsOneTooFew.is_on() {
            to = from.max(Offset(to.0.saturating_sub(1)));
        }
        self.raise_high_watermark(to, out)
    }

    pub(super) fn raise_high_watermark(&mut self, to: Offset, out: &mut Effects) -> bool {
        let from = self.high_watermark;
        if to == from {
            return false;
        }
        let stable_from = self.set_high_watermark(to);
        out.event(Event::HighWatermarkAdvanced { partition: self.id, broker: self.me, from, to });
        self.tell_stable(stable_from, out);
        true
    }

    /// Lets a produce wait until the high watermark reaches `end`.
    pub fn wait_for(&mut self, end: Offset, produce: ParkedId) {
        if let Some(leader) = self.as_leader_mut() {
            leader.waiting.push((end, produce));
        }
    }

    /// What a produce that needs `end` may be told now, if anything. Source: 0.11.0.2 `Partition.checkEnoughReplicasReachOffset`.
    pub fn ack_for(&self, end: Offset) -> Option<ErrorCode> {
        let leader = self.as_leader()?;
        (self.high_watermark >= end || Defect::AcknowledgesWhenAppended.is_on()).then(|| {
            if leader.isr_for_acks().len() >= leader.min_isr {
                ErrorCode::None
            } else {
                ErrorCode::NotEnoughReplicasAfterAppend
            }
        })
    }

    /// Takes out the produces that the high watermark has reached.
    pub fn release(&mut self, released: &mut Vec<Released>) {
        let reached = self.high_watermark;
        let Some(error) = self.ack_for(reached) else { return };
        let Some(leader) = self.as_leader_mut() else { return };
        if Defect::ForgetsParkedProduces.is_on() {
            return leader.waiting.clear();
        }
        leader.waiting.retain(|&(end, produce)| {
            let ready = end <= reached;
            if ready {
                released.push((produce, error));
            }
            !ready
        });
    }

    /// Forgets a produce that waits no more.
    pub fn forget(&mut self, produce: ParkedId) {
        if let Some(leader) = self.as_leader_mut() {
            leader.waiting.retain(|&(_, waiting)| waiting != produce);
        }
    }
}
