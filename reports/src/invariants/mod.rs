//! The white box: what must hold after every step. One property a file, each citing its source.
//!
//! | property | file | says |
//! |---|---|---|
//! | `weak-isr` | [`weak_isr`] | a presumed leader's own ISR agrees with it below its high watermark |
//! | `strong-isr` | [`strong_isr`] | the controller's ISR holds all that was exposed |
//! | `leader-in-isr` | [`leader_in_isr`] | the controller's leader is in its ISR, and the ISR is not empty |
//! | `maximal-isr` | [`maximal_isr`] | the leader's maximal ISR contains the controller's ISR |
//! | `one-leader-per-epoch` | [`one_leader_per_epoch`] | leader epochs are unique and grow |
//! | `log-matching` | [`log_matching`] | two replicas agree below the smaller of their high watermarks |
//! | `candidate-completeness` | [`candidate_completeness`] | whoever may be elected holds all below the true HW |
//! | `leader-completeness` | [`leader_completeness`] | a new leader holds what was exposed and acknowledged |
//! | `acked-durable` | [`acked_durable`] | what was acknowledged is on the leader, and on some replica |
//! | `high-watermark-bound` | [`high_watermark_bound`] | HW ≤ LEO, and the leader's ≤ the smallest LEO in the ISR |
//! | `high-watermark-monotone` | [`high_watermark_monotone`] | a leader's HW never falls within its term |
//! | `truncation-to-high-watermark` | [`truncation_to_high_watermark`] | a follower cuts exactly at its own HW |
//! | `truncation-spares-committed` | [`truncation_spares_committed`] | no truncation removes an exposed record |
//! | `isr-eviction-timely` | [`isr_eviction_timely`] | a lagging follower leaves the ISR in time, none sooner |
//! | `isr-rejoin` | [`isr_rejoin`] | a replica enters the ISR only with LEO ≥ HW, and past the epoch's beginning |
//! | `min-isr-respected` | [`min_isr_respected`] | no acks=all success with too small an ISR |
//! | `visible-below-high-watermark` | [`visible_below_high_watermark`] | no consumer reads at or above the HW |
//! | `idempotent-dedup` | [`idempotent_dedup`] | a sequence is at most once in a leader's log |
//! | `ack-honesty` | [`ack_honesty`] | success means appended, or committed for acks=all |
//! | `group-exclusivity` | [`group_exclusivity`] | within a generation a partition has one owner |
//! | `commit-fencing` | [`commit_fencing`] | a commit is of the group's generation and of a member |
//! | `routing` | [`routing`] | a record goes where its sender or its key says, or where it is its turn |
//! | `producer-order` | [`producer_order`] | a leader's log has a producer's records in the order in which they were sent |
//! | `committed-durable` | [`committed_durable`] | the true leader holds all that was exposed, and some replica does |
//! | `epoch-order` | [`epoch_order`] | epochs in a log never fall, and an offset has one record an epoch |
//! | `repeatable-read` | [`repeatable_read`] | what was read at an offset never changes or vanishes |
//! | `partitions-never-shrink` | [`partitions_never_shrink`] | a topic never has fewer partitions than before |
//! | `lag-bounded` | [`lag_bounded`] | a group stands no further behind than its scenario says |
//!
//! What is remembered from step to step stands apart, so that several properties can ask it: [`ghosts`] (exposed
//! records, and every log as it was), [`agreement`] (common prefixes), [`acked`] (what was acknowledged), [`decisions`]
//! (what leaders knew when they decided to answer) and [`fetches`] (what they can know of their followers). All of it moves forward with the records that a step adds
//! or removes: no look costs more because a log is long.
//!
//! A condition that stays broken over many steps counts once, and again only after it was mended.

pub(crate) mod ack_honesty;
pub(crate) mod acked;
pub(crate) mod acked_durable;
pub(crate) mod agreement;
mod batches;
pub(crate) mod candidate_completeness;
pub(crate) mod commit_fencing;
pub(crate) mod committed_durable;
pub(crate) mod decisions;
pub(crate) mod epoch_order;
pub(crate) mod fetches;
pub(crate) mod ghosts;
pub(crate) mod group_exclusivity;
pub(crate) mod high_watermark_bound;
pub(crate) mod high_watermark_monotone;
pub(crate) mod idempotent_dedup;
pub(crate) mod isr_eviction_timely;
pub(crate) mod isr_rejoin;
pub(crate) mod lag_bounded;
pub(crate) mod leader_completeness;
pub(crate) mod leader_in_isr;
pub(crate) mod log_matching;
pub(crate) mod maximal_isr;
mod memory;
pub(crate) mod min_isr_respected;
pub(crate) mod one_leader_per_epoch;
pub(crate) mod partitions_never_shrink;
pub(crate) mod producer_order;
pub(crate) mod repeatable_read;
pub(crate) mod routing;
pub(crate) mod scene;
pub(crate) mod slots;
pub(crate) mod strong_isr;
pub(crate) mod truncation_spares_committed;
pub(crate) mod truncation_to_high_watermark;
pub(crate) mod visible_below_high_watermark;
pub(crate) mod weak_isr;
pub(crate) mod whole;

#[cfg(test)]
mod durability_test;
#[cfg(test)]
mod exposure_test;
#[cfg(test)]
mod groups_test;
#[cfg(test)]
mod isr_test;
#[cfg(test)]
mod leadership_test;
#[cfg(test)]
mod produce_test;
#[cfg(test)]
mod producers_test;
#[cfg(test)]
mod strategies_test;
#[cfg(test)]
mod truncation_test;

use std::sync::Arc;

use highwater_model::config::{AckStrategy, Acks, ClusterConfig};
use highwater_model::event::{Event, TruncationReason};
use highwater_model::ids::GroupId;

use crate::clients::{Reader, Writer};
use crate::finding::Tally;
use crate::history::Anomaly;
use crate::property::Property;
use acked::Acknowledged;
use decisions::Decision;
use isr_rejoin::Expansion;
pub(crate) use memory::Memory;
use scene::Scene;
use truncation_to_high_watermark::Cut;
use visible_below_high_watermark::Served;
use whole::Whole;

/// All properties of the white box.
///
/// Those about the ISR are asked only where the ISR decides: not on topics with ack strategy `majority`.
#[derive(Clone, Debug, Default)]
pub(crate) struct WhiteBox {
    weak_isr: weak_isr::WeakIsr,
    strong_isr: strong_isr::StrongIsr,
    leader_in_isr: leader_in_isr::LeaderInIsr,
    maximal_isr: maximal_isr::MaximalIsr,
    one_leader_per_epoch: one_leader_per_epoch::OneLeaderPerEpoch,
    log_matching: log_matching::LogMatching,
    candidate_completeness: candidate_completeness::CandidateCompleteness,
    leader_completeness: leader_completeness::LeaderCompleteness,
    acked_durable: acked_durable::AckedDurable,
    high_watermark_bound: high_watermark_bound::HighWatermarkBound,
    high_watermark_monotone: high_watermark_monotone::HighWatermarkMonotone,
    truncation_to_high_watermark: truncation_to_high_watermark::TruncationToHighWatermark,
    truncation_spares_committed: truncation_spares_committed::TruncationSparesCommitted,
    isr_eviction_timely: isr_eviction_timely::IsrEvictionTimely,
    isr_rejoin: isr_rejoin::IsrRejoin,
    min_isr_respected: min_isr_respected::MinIsrRespected,
    visible_below_high_watermark: visible_below_high_watermark::VisibleBelowHighWatermark,
    idempotent_dedup: idempotent_dedup::IdempotentDedup,
    ack_honesty: ack_honesty::AckHonesty,
    group_exclusivity: group_exclusivity::GroupExclusivity,
    commit_fencing: commit_fencing::CommitFencing,
    routing: routing::Routing,
    producer_order: producer_order::ProducerOrder,
    committed_durable: committed_durable::CommittedDurable,
    epoch_order: epoch_order::EpochOrder,
    repeatable_read: repeatable_read::RepeatableRead,
    partitions_never_shrink: partitions_never_shrink::PartitionsNeverShrink,
    lag_bounded: lag_bounded::LagBounded,
}

impl WhiteBox {
    /// Of a run with these clients.
    pub(crate) fn new(config: &ClusterConfig, writers: Arc<[Writer]>, readers: Arc<[Reader]>) -> Self {
        Self {
            routing: routing::Routing::new(config, writers),
            lag_bounded: lag_bounded::LagBounded::new(readers),
            ..Self::default()
        }
    }

    /// Hears an event of a partition before the ghosts take over the step. `next` is the step's next event.
    pub(crate) fn hear(
        &mut self,
        scene: &Scene<'_>,
        memory: &mut Memory,
        event: &Event,
        next: Option<&Event>,
    ) {
        match *event {
            Event::RecordSent { client, ref record, .. } => self.routing.sent(scene, client, record, next),
            Event::RecordsAppended { broker, client, ref batch, .. } => {
                self.idempotent_dedup.appended(scene, broker, batch);
                self.producer_order.appended(scene, broker, client, batch);
                self.epoch_order.appended(scene, broker, batch);
                if let Some(place) = scene.place_of(broker) {
                    memory.fetches.grew(place, scene.step.at);
                }
            }
            Event::FollowerFetched { broker, replica, offset, leader_end, .. } => {
                if let (Some(leader), Some(follower)) = (scene.place_of(broker), scene.place_of(replica)) {
                    memory.fetches.fetched(leader, follower, offset, leader_end, scene.step.at);
                }
            }
            Event::FetchOutOfRange { broker, fetcher, .. } => {
                let follower = fetcher.as_broker(scene.config.brokers).and_then(|it| scene.place_of(it));
                let forgets = scene.config.protocol.failed_read_forgets_end;
                if let (true, Some(leader), Some(follower)) = (forgets, scene.place_of(broker), follower) {
                    memory.fetches.out_of_range(leader, follower);
                }
            }
            Event::Replicated { broker, client, base_offset, .. } => {
                memory.decisions.add(scene, broker, client, base_offset);
            }
            Event::ProduceAcknowledged { broker, client, acks, base_offset, ref records, .. } => {
                let records = Arc::clone(records);
                let entry = Acknowledged { base: base_offset, records, by: broker, vanished: false };
                let to_all = acks == Acks::All && memory.strategy != AckStrategy::Leader;
                let decision = if to_all {
                    memory.decisions.take(scene, broker, client, base_offset)
                } else {
                    Decision::now(scene, broker, base_offset)
                };
                self.ack_honesty.acknowledged(scene, acks, &entry, decision.as_ref());
                if let Some(decision) = decision.filter(|_| to_all && memory.by_isr()) {
                    self.min_isr_respected.acknowledged(scene, &entry, &decision);
                }
                if to_all {
                    self.acked_durable.acknowledged();
                    memory.acked.add(entry);
                    // The step may have answered for a partition that it did not touch.
                    self.acked_durable.look(scene, &memory.ghost, &mut memory.acked);
                }
            }
            Event::RecordsPolled { client, from, ref batch, .. } => {
                self.repeatable_read.polled(scene, client, from, batch);
            }
            Event::RecordsServed { broker, client, from, to, high_watermark, .. } => {
                let served = Served { broker, client, from, to, high_watermark };
                self.visible_below_high_watermark.served(scene, served);
            }
            Event::LeaderElected { broker, epoch, .. } => {
                self.one_leader_per_epoch.elected(scene, broker, epoch);
                self.routing.leaders_changed(scene.partition.id().topic);
            }
            Event::PartitionOffline { .. } => self.routing.leaders_changed(scene.partition.id().topic),
            Event::PartitionsCreated { partition, count } => {
                self.routing.grew(scene.partition.id().topic, count);
                self.partitions_never_shrink.created(&scene.whole(), partition, count);
            }
            Event::HighWatermarkAdvanced { broker, to, .. } => self.lag_bounded.advanced(scene, broker, to),
            Event::OffsetCommitted { group, offset, .. } => self.lag_bounded.committed(scene, group, offset),
            Event::CoordinatorLoaded { broker, .. } => self.commit_fencing.loaded(scene, broker),
            Event::BecameLeader { broker, epoch, end_offset, .. } => {
                if let Some(place) = scene.place_of(broker) {
                    memory.fetches.took_office(place, end_offset);
                }
                self.one_leader_per_epoch.took_office(scene, broker, epoch);
                self.truncation_to_high_watermark.settled(scene, broker);
            }
            Event::BecameFollower { broker, high_watermark, end_offset, .. } => {
                self.truncation_to_high_watermark.followed(scene, broker, high_watermark, end_offset);
                self.commit_fencing.changed_hands(scene, broker);
            }
            Event::RecordsFetched { broker, from, .. } => {
                self.truncation_to_high_watermark.wrote(scene, broker, from);
                self.epoch_order.wrote(scene, broker, from);
            }
            Event::LogTruncated { broker, from, to, high_watermark, reason, .. } => {
                let cut = Cut { broker, from, to, high_watermark, reason };
                self.truncation_to_high_watermark.truncated(scene, &memory.ghost, cut);
                self.truncation_spares_committed.truncated(scene, &memory.ghost, cut);
                if let Some(place) = scene.place_of(broker) {
                    memory.ghost.cut(place, to);
                }
                if reason == TruncationReason::PowerLoss {
                    self.candidate_completeness.lost(scene, broker);
                }
            }
            Event::IsrShrinkProposed { broker, removed, .. } => {
                if memory.by_isr() {
                    self.isr_eviction_timely.proposed(scene, &mut memory.fetches, broker, removed);
                }
            }
            Event::IsrExpandProposed { broker, added, end_offset, high_watermark, .. } => {
                let expansion = Expansion { leader: broker, added, end: end_offset, high_watermark };
                if memory.by_isr() {
                    self.isr_rejoin.proposed(scene, &memory.ghost, &memory.fetches, expansion);
                }
            }
            Event::ProduceSent { .. }
            | Event::ProduceRetried { .. }
            | Event::DuplicateDiscarded { .. }
            | Event::ProduceRefused { .. }
            | Event::HighWatermarkLearned { .. }
            | Event::ProduceFailed { .. }
            | Event::SendAcknowledged { .. }
            | Event::SendFailed { .. }
            | Event::PositionReset { .. }
            | Event::FetcherDied { .. }
            | Event::IsrUpdateRefused { .. }
            | Event::MarkerAppended { .. }
            | Event::LastStableOffsetAdvanced { .. }
            | Event::TransactionBegun { .. }
            | Event::TransactionEnded { .. }
            | Event::TransactionFailed { .. }
            | Event::ProducerFenced { .. }
            | Event::ProducerInitialized { .. }
            | Event::TransactionRefused { .. }
            | Event::TransactionMoved { .. }
            | Event::TransactionTimedOut { .. }
            | Event::EpochEndTold { .. }
            | Event::DivergenceTold { .. }
            | Event::FetchFenced { .. }
            | Event::IsrUpdated { .. }
            | Event::LeaderRecovered { .. }
            | Event::ElrChanged { .. }
            | Event::BrokerUnfenced { .. }
            | Event::UncleanShutdownDetected { .. }
            | Event::BounceOverlooked { .. }
            | Event::PositionValidated { .. }
            | Event::TruncationDetected { .. }
            | Event::ProducerEpochBumped { .. }
            | Event::RecordsProcessed { .. }
            | Event::PartitionsAssigned { .. }
            | Event::PartitionsRevoked { .. }
            | Event::PartitionsKept { .. }
            | Event::MemberFenced { .. }
            | Event::PollExpired { .. }
            | Event::MemberJoined { .. }
            | Event::MemberLeft { .. }
            | Event::MemberExpired { .. }
            | Event::RebalanceStarted { .. }
            | Event::GenerationStarted { .. }
            | Event::GroupStabilized { .. }
            | Event::CommitAccepted { .. }
            | Event::CommitRefused { .. }
            | Event::VoteGiven { .. }
            | Event::BrokerStarted { .. }
            | Event::HighWatermarksCheckpointed { .. }
            | Event::LogFlushed { .. }
            | Event::BrokerHalted { .. }
            | Event::ControlledShutdownStarted { .. }
            | Event::ControlledShutdownCompleted { .. }
            | Event::BrokerRegistered { .. }
            | Event::BrokerFenced { .. }
            | Event::IsrShrunk { .. }
            | Event::IsrExpanded { .. }
            | Event::PartitionsRefused { .. }
            | Event::FaultStruck { .. }
            | Event::FaultMissed { .. }
            | Event::NodeStopped { .. }
            | Event::NodeRestarted { .. }
            | Event::NodePaused { .. }
            | Event::NodeResumed { .. }
            | Event::LinkCut { .. }
            | Event::LinkHealed { .. }
            | Event::LinkDegraded { .. }
            | Event::FollowerLagged { .. }
            | Event::FollowerLagEnded { .. }
            | Event::MessageDropped { .. }
            | Event::HealStarted
            | Event::Converged => {}
        }
    }

    /// Hears an event that is of no partition.
    pub(crate) fn hear_of_cluster(&mut self, whole: &Whole<'_>, event: &Event) {
        if let Event::BrokerStarted { broker, .. } = event {
            self.isr_eviction_timely.disturbed(*broker, whole.step.at);
        } else if let Event::NodePaused { node } | Event::NodeResumed { node } = event {
            self.isr_eviction_timely.node_disturbed(*node, whole.config.brokers, whole.step.at);
        } else if let Event::NodeRestarted { node } = event {
            self.producer_order.restarted(*node);
            self.routing.restarted(*node);
        } else if *event == Event::HealStarted {
            self.lag_bounded.heal_started();
        } else {
            self.hear_of_groups(whole, event);
        }
    }

    /// Hears of a partition that there is not: a topic may be said to grow to less than it was.
    pub(crate) fn hear_of_nowhere(&mut self, whole: &Whole<'_>, event: &Event) {
        if let Event::PartitionsCreated { partition, count } = event {
            self.partitions_never_shrink.created(whole, *partition, *count);
        }
    }

    fn hear_of_groups(&mut self, whole: &Whole<'_>, event: &Event) {
        if let Event::PartitionsAssigned { group, .. } = event {
            self.lag_bounded.shared_out(*group);
        }
        self.group_exclusivity.hear(whole, event);
        self.commit_fencing.hear(whole, event);
    }

    /// Looks at a partition that the step touched; the ghosts take the step over on the way. What depends on the
    /// replicas and the controller alone is asked only where these changed.
    pub(crate) fn look(&mut self, scene: &Scene<'_>, memory: &mut Memory) {
        let by_isr = memory.by_isr();
        let Memory { ghost, agreement, acked, fetches, decisions, strategy } = memory;
        self.high_watermark_monotone.look(scene, ghost);
        let changed = ghost.follow(scene.partition);
        fetches.follow(scene.partition, scene.step.at, scene.config.protocol.isr_shrink_spares_level);
        if changed {
            agreement.follow(ghost);
            acked.follow(ghost);
            decisions.follow(scene);
            self.routing.look(scene);
            self.one_leader_per_epoch.look(scene);
            if by_isr {
                self.leader_in_isr.look(scene);
                self.strong_isr.look(scene, ghost);
                self.candidate_completeness.look(scene, ghost);
                self.weak_isr.look(scene, agreement);
            }
            self.log_matching.look(scene, agreement);
            self.high_watermark_bound.look(scene, *strategy);
            self.committed_durable.look(scene, ghost);
            self.repeatable_read.look(scene, ghost);
        }
        self.acked_durable.look(scene, ghost, acked);
        if by_isr {
            self.maximal_isr.look(scene, ghost);
            self.isr_eviction_timely.look(scene, fetches);
        }
        ghost.settle();
    }

    /// There are fewer partitions than there were.
    pub(crate) fn shrank(&mut self, whole: &Whole<'_>, before: usize, now: usize) {
        self.partitions_never_shrink.shrank(whole, before, now);
    }

    /// Looks for what only time brings about, on a partition that nothing may have touched.
    pub(crate) fn patrol(&mut self, scene: &Scene<'_>, memory: &mut Memory) {
        if memory.by_isr() {
            self.isr_eviction_timely.look(scene, &memory.fetches);
        }
    }

    /// A broker took office, and the ghosts have taken over the step.
    pub(crate) fn took_office(&mut self, scene: &Scene<'_>, memory: &mut Memory, event: &Event) {
        if let Event::BecameLeader { broker, epoch, .. } = event {
            let Memory { ghost, acked, .. } = memory;
            self.leader_completeness.took_office(scene, ghost, acked, *broker, *epoch);
        }
    }

    /// What a property has seen, if it is one of the white box.
    pub(crate) fn tally(&self, property: Property) -> Option<&Tally> {
        Some(match property {
            Property::WeakIsr => &self.weak_isr.tally,
            Property::StrongIsr => &self.strong_isr.tally,
            Property::LeaderInIsr => &self.leader_in_isr.tally,
            Property::MaximalIsr => &self.maximal_isr.tally,
            Property::OneLeaderPerEpoch => &self.one_leader_per_epoch.tally,
            Property::LogMatching => &self.log_matching.tally,
            Property::CandidateCompleteness => &self.candidate_completeness.tally,
            Property::LeaderCompleteness => &self.leader_completeness.tally,
            Property::AckedDurable => &self.acked_durable.tally,
            Property::HighWatermarkBound => &self.high_watermark_bound.tally,
            Property::HighWatermarkMonotone => &self.high_watermark_monotone.tally,
            Property::TruncationToHighWatermark => &self.truncation_to_high_watermark.tally,
            Property::TruncationSparesCommitted => &self.truncation_spares_committed.tally,
            Property::IsrEvictionTimely => &self.isr_eviction_timely.tally,
            Property::IsrRejoin => &self.isr_rejoin.tally,
            Property::MinIsrRespected => &self.min_isr_respected.tally,
            Property::VisibleBelowHighWatermark => &self.visible_below_high_watermark.tally,
            Property::IdempotentDedup => &self.idempotent_dedup.tally,
            Property::AckHonesty => &self.ack_honesty.tally,
            Property::GroupExclusivity => &self.group_exclusivity.tally,
            Property::CommitFencing => &self.commit_fencing.tally,
            Property::Routing => &self.routing.tally,
            Property::CommittedDurable => &self.committed_durable.tally,
            Property::EpochOrder => &self.epoch_order.tally,
            Property::RepeatableRead => &self.repeatable_read.tally,
            Property::PartitionsNeverShrink => &self.partitions_never_shrink.tally,
            Property::LagBounded => &self.lag_bounded.tally,
            Property::ProducerOrder
            | Property::Converged
            | Property::Elected
            | Property::Answered
            | Property::HighWatermarkReached
            | Property::GroupStable
            | Property::AllSeen
            | Property::LastStableOffsetReached
            | Property::PrecommittedRead
            | Property::AtomicTransactions
            | Property::InconsistentOffsets
            | Property::Duplicate
            | Property::LostWrite
            | Property::Unseen
            | Property::AbortedRead
            | Property::PollSkip
            | Property::NonmonotonicPoll
            | Property::IntPollSkip
            | Property::IntNonmonotonicPoll
            | Property::NonmonotonicSend
            | Property::Reprocessed
            | Property::Skipped
            | Property::KeyOrder => return None,
        })
    }

    /// What a property has seen that is judged client by client.
    pub(crate) fn anomaly(&self, property: Property) -> Option<&Anomaly> {
        (property == Property::ProducerOrder).then_some(&self.producer_order.anomaly)
    }

    /// The largest lag of a group in a partition, until the faults were over.
    pub(crate) fn largest_lag(&self, group: GroupId) -> u64 {
        self.lag_bounded.largest(group)
    }
}
