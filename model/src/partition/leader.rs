//! A replica as leader. The handlers stand in the order in which a record meets them:
//! [`Replica::append`], [`Replica::follower_fetched`], [`Replica::advance_high_watermark`], and what it lets go.

use crate::config::{AckStrategy, BrokerConfig, Topic};
use crate::event::Event;
use crate::ids::{BrokerId, BrokerSet, CorrelationId, LeaderEpoch, NodeId, Offset, PartitionEpoch};
use crate::machine::Effects;
use crate::message::{ErrorCode, PartitionState};
use crate::partition::isr::{self, Remote};
use crate::partition::pending_acks::{ParkedId, Written};
use crate::partition::{Replica, Role, high_watermark};
use crate::producer_state::Verdict;
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
    /// A proposal that is not answered yet.
    pub isr_change: Option<IsrChange>,
    /// Produces that wait until the high watermark reaches an offset.
    pub waiting: Vec<(Offset, ParkedId)>,
    /// `min.insync.replicas`, where acks=-1 waits for the ISR; otherwise nothing is asked of it.
    pub min_isr: usize,
    /// What acks=-1 waits for.
    pub ack_strategy: AckStrategy,
}

/// An ISR that was proposed to the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IsrChange {
    /// The proposal.
    pub isr: BrokerSet,
    /// Under which number it was sent.
    pub correlation: CorrelationId,
    /// When to propose it again, if it is not answered by then.
    pub again_at: Instant,
}

impl Leader {
    /// Everyone who may be in the ISR by now: the ISR and those whose joining is not confirmed yet.
    pub fn maximal_isr(&self) -> BrokerSet {
        self.isr_change.map_or(self.isr, |change| self.isr.union(change.isr))
    }

    fn remote_mut(&mut self, broker: BrokerId) -> Option<&mut Remote> {
        self.remotes.iter_mut().find(|remote| remote.broker == broker)
    }
}

/// How small the ISR may be for acks=-1.
fn required_isr(topic: &Topic) -> usize {
    match topic.ack_strategy {
        AckStrategy::Isr => topic.min_insync_replicas as usize,
        AckStrategy::Leader | AckStrategy::Majority => 0,
    }
}

/// A parked produce that may be answered now.
pub type Released = (ParkedId, ErrorCode);

impl Replica {
    /// What it keeps as leader, if it leads.
    pub fn as_leader(&self) -> Option<&Leader> {
        match &self.role {
            Role::Leader(leader) => Some(leader),
            Role::Offline | Role::Follower(_) => None,
        }
    }

    /// The same, to change.
    pub fn as_leader_mut(&mut self) -> Option<&mut Leader> {
        match &mut self.role {
            Role::Leader(leader) => Some(leader),
            Role::Offline | Role::Follower(_) => None,
        }
    }

    /// Takes office, or hears of a new epoch of its own term. Source: 0.11.0.2 `Partition.makeLeader`.
    ///
    /// A leader that stays keeps what it knows of its followers' logs; all clocks start anew.
    pub fn make_leader(&mut self, now: Instant, state: &PartitionState, topic: &Topic, out: &mut Effects) {
        let end = self.log.end_offset();
        self.leader_epoch = Some(state.leader_epoch);
        let me = self.me;
        if topic.ack_strategy == AckStrategy::Majority {
            self.log.note_epoch(state.leader_epoch);
        }
        if let Some(leader) = self.as_leader_mut() {
            leader.isr = state.isr;
            leader.partition_epoch = state.partition_epoch;
            leader.isr_change = None;
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
                waiting: Vec::new(),
                min_isr: required_isr(topic),
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
        if needs_whole_isr && leader.isr.len() < leader.min_isr {
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
            Verdict::Append => {
                let epoch = self.leader_epoch.expect("a leader has an epoch");
                let batch = self.log.append_as_leader(epoch, sent);
                let written = Written { base: batch.base_offset, end: batch.end_offset() };
                out.event(Event::RecordsAppended { partition, broker, client, batch });
                self.flush_if_due(flush_every, out);
                Ok(written)
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

    /// A follower asked for `offset`, so its log ends there. Returns true if it should join the ISR.
    /// `last_epoch` is that of the follower's log, where it tells.
    ///
    /// Source: 0.11.0.2 `Partition.updateReplicaLogReadResult`, `maybeExpandIsr`.
    pub fn follower_fetched(
        &mut self,
        now: Instant,
        follower: BrokerId,
        offset: Offset,
        last_epoch: Option<LeaderEpoch>,
        out: &mut Effects,
    ) -> bool {
        let (partition, broker) = (self.id, self.me);
        let in_step = last_epoch.is_some() && last_epoch == self.leader_epoch;
        let (leader_end, high_watermark) = (self.log.end_offset(), self.high_watermark);
        let Some(leader) = self.as_leader_mut() else { return false };
        let Some(remote) = leader.remote_mut(follower) else { return false };
        remote.fetched(now, offset, leader_end);
        remote.in_step = in_step;
        let remote = remote.clone();
        let may_join = leader.isr_change.is_none() && isr::may_join(leader.isr, &remote, high_watermark);
        out.event(Event::FollowerFetched { partition, broker, replica: follower, offset, leader_end });
        may_join
    }

    /// A follower asked for an offset that is not in the log.
    pub fn follower_out_of_range(&mut self, follower: BrokerId) {
        if let Some(remote) = self.as_leader_mut().and_then(|leader| leader.remote_mut(follower)) {
            remote.fetched_out_of_range();
        }
    }

    /// The ISR with one more member, to be proposed.
    pub fn propose_expand(&mut self, added: BrokerId, out: &mut Effects) -> Option<BrokerSet> {
        let (partition, broker, high_watermark) = (self.id, self.me, self.high_watermark);
        let leader = self.as_leader_mut()?;
        let end_offset = leader.remote_mut(added)?.log_end?;
        let isr = leader.isr.with(added);
        out.event(Event::IsrExpandProposed { partition, broker, added, isr, end_offset, high_watermark });
        Some(isr)
    }

    /// The ISR less those that have not caught up for `lag_max`, to be proposed; none if all have, or if a proposal
    /// is on its way. Source: 0.11.0.2 `Partition.maybeShrinkIsr`.
    pub fn propose_shrink(&mut self, now: Instant, lag_max: Micros, out: &mut Effects) -> Option<BrokerSet> {
        let (partition, broker) = (self.id, self.me);
        let leader = self.as_leader().filter(|leader| leader.ack_strategy != AckStrategy::Majority)?;
        let removed = isr::out_of_sync(leader.isr, &leader.remotes, now, lag_max);
        if removed.is_empty() || leader.isr_change.is_some() {
            return None;
        }
        let isr = leader.isr.difference(removed);
        out.event(Event::IsrShrinkProposed { partition, broker, removed, isr });
        Some(isr)
    }

    /// The partition's state with a proposed ISR, as it is sent to the controller.
    pub fn proposal(&self, isr: BrokerSet) -> Option<PartitionState> {
        let leader = self.as_leader()?;
        Some(PartitionState {
            partition: self.id,
            leader: Some(self.me),
            leader_epoch: self.leader_epoch?,
            isr,
            partition_epoch: leader.partition_epoch,
            replicas: leader.replicas.clone(),
            ..PartitionState::default()
        })
    }

    /// The controller's answer to the proposal numbered `correlation`. False if it is about an older one.
    ///
    /// A refusal leaves the ISR as it was: the version is out of date, and a notice with the current one is on its way.
    /// Source: 0.11.0.2 `Partition.updateIsr`.
    pub fn isr_change_answered(
        &mut self,
        correlation: CorrelationId,
        answer: Result<(BrokerSet, PartitionEpoch), ErrorCode>,
        out: &mut Effects,
    ) -> bool {
        let (partition, broker) = (self.id, self.me);
        let Some(leader) = self.as_leader_mut() else { return false };
        if leader.isr_change.is_none_or(|change| change.correlation != correlation) {
            return false;
        }
        leader.isr_change = None;
        match answer {
            Ok((isr, version)) => {
                leader.isr = isr;
                leader.partition_epoch = version;
            }
            Err(error) => out.event(Event::IsrUpdateRefused { partition, broker, error }),
        }
        true
    }

    /// Moves the high watermark to the smallest log end among the ISR and the followers that have caught up lately.
    /// True if it rose.
    ///
    /// While a proposal is unanswered it stays: Kafka of this era holds the partition's lock through the write to
    /// ZooKeeper. Source: 0.11.0.2 `Partition.maybeIncrementLeaderHW`, `updateIsr`; KAFKA-4485.
    pub fn advance_high_watermark(&mut self, now: Instant, config: &BrokerConfig, out: &mut Effects) -> bool {
        let lag_max = Micros::from_millis(config.replica_lag_time_max_ms);
        let from = self.high_watermark;
        let Some(leader) = self.as_leader() else { return false };
        if leader.isr_change.is_some() {
            return false;
        }
        if leader.ack_strategy == AckStrategy::Majority {
            let to = self.held_by_majority(leader);
            return self.raise_high_watermark(to, out);
        }
        let counts =
            |remote: &&Remote| leader.isr.contains(remote.broker) || remote.is_caught_up(now, lag_max);
        let others = leader.remotes.iter().filter(counts).map(|remote| remote.log_end);
        let to = high_watermark::advance(from, others.chain([Some(self.log.end_offset())]));
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
        (self.high_watermark >= end).then(|| {
            if leader.isr.len() >= leader.min_isr {
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
