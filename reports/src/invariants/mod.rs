//! The white box: what must hold after every step. One property a file, each citing its source.
//!
//! | property | file | says |
//! |---|---|---|
//! | `weak-isr` | [`weak_isr`] | a presumed leader's own ISR agrees with it below its high watermark |
//! | `strong-isr` | [`strong_isr`] | the controller's ISR holds all that was exposed |
//! | `leader-in-isr` | [`leader_in_isr`] | the controller's leader is in its ISR, and the ISR is not empty |
//! | `one-leader-per-epoch` | [`one_leader_per_epoch`] | leader epochs are unique and grow |
//! | `log-matching` | [`log_matching`] | two replicas agree below the smaller of their high watermarks |
//! | `leader-completeness` | [`leader_completeness`] | a new leader holds what was exposed and acknowledged |
//! | `acked-durable` | [`acked_durable`] | what was acknowledged is on the leader, and on some replica |
//! | `high-watermark-bound` | [`high_watermark_bound`] | HW ≤ LEO, and the leader's ≤ the smallest LEO in the ISR |
//! | `high-watermark-monotone` | [`high_watermark_monotone`] | a leader's HW never falls within its term |
//! | `truncation-to-high-watermark` | [`truncation_to_high_watermark`] | a follower cuts exactly at its own HW |
//! | `truncation-spares-committed` | [`truncation_spares_committed`] | no truncation removes an exposed record |
//! | `isr-eviction-timely` | [`isr_eviction_timely`] | a lagging follower leaves the ISR in time, none sooner |
//! | `isr-rejoin` | [`isr_rejoin`] | a replica enters the ISR only with LEO ≥ HW |
//! | `min-isr-respected` | [`min_isr_respected`] | no acks=all success with too small an ISR |
//! | `visible-below-high-watermark` | [`visible_below_high_watermark`] | no consumer reads at or above the HW |
//! | `idempotent-dedup` | [`idempotent_dedup`] | a sequence is at most once in a leader's log |
//! | `ack-honesty` | [`ack_honesty`] | success means appended, or committed for acks=all |
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
pub(crate) mod decisions;
pub(crate) mod fetches;
pub(crate) mod ghosts;
pub(crate) mod high_watermark_bound;
pub(crate) mod high_watermark_monotone;
pub(crate) mod idempotent_dedup;
pub(crate) mod isr_eviction_timely;
pub(crate) mod isr_rejoin;
pub(crate) mod leader_completeness;
pub(crate) mod leader_in_isr;
pub(crate) mod log_matching;
pub(crate) mod min_isr_respected;
pub(crate) mod one_leader_per_epoch;
pub(crate) mod scene;
pub(crate) mod slots;
pub(crate) mod strong_isr;
pub(crate) mod truncation_spares_committed;
pub(crate) mod truncation_to_high_watermark;
pub(crate) mod visible_below_high_watermark;
pub(crate) mod weak_isr;

#[cfg(test)]
mod exposure_test;
#[cfg(test)]
mod isr_test;
#[cfg(test)]
mod leadership_test;
#[cfg(test)]
mod produce_test;
#[cfg(test)]
mod truncation_test;

use std::sync::Arc;

use highwater_model::config::Acks;
use highwater_model::event::Event;
use highwater_model::time::Instant;

use crate::finding::Tally;
use crate::property::Property;
use acked::{Acked, Acknowledged};
use agreement::Agreement;
use decisions::{Decision, Decisions};
use fetches::Fetches;
use ghosts::Ghost;
use isr_rejoin::Expansion;
use scene::Scene;
use truncation_to_high_watermark::Cut;
use visible_below_high_watermark::Served;

/// What is remembered of one partition and asked by several properties.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    ghost: Ghost,
    agreement: Agreement,
    acked: Acked,
    fetches: Fetches,
    decisions: Decisions,
}

impl Memory {
    /// Of a partition with this many replicas.
    pub(crate) fn new(replicas: usize) -> Self {
        Self {
            ghost: Ghost::new(replicas),
            agreement: Agreement::new(replicas),
            acked: Acked::new(replicas),
            fetches: Fetches::new(replicas),
            decisions: Decisions::default(),
        }
    }
}

/// All properties of the white box.
#[derive(Clone, Debug, Default)]
pub(crate) struct WhiteBox {
    weak_isr: weak_isr::WeakIsr,
    strong_isr: strong_isr::StrongIsr,
    leader_in_isr: leader_in_isr::LeaderInIsr,
    one_leader_per_epoch: one_leader_per_epoch::OneLeaderPerEpoch,
    log_matching: log_matching::LogMatching,
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
}

impl WhiteBox {
    /// Hears an event of a partition before the ghosts take over the step.
    pub(crate) fn hear(&mut self, scene: &Scene<'_>, memory: &mut Memory, event: &Event) {
        match *event {
            Event::RecordsAppended { broker, ref batch, .. } => {
                self.idempotent_dedup.appended(scene, broker, batch);
            }
            Event::FollowerFetched { broker, replica, offset, leader_end, .. } => {
                if let (Some(leader), Some(follower)) = (scene.place_of(broker), scene.place_of(replica)) {
                    memory.fetches.fetched(leader, follower, offset, leader_end, scene.step.at);
                }
            }
            Event::FetchOutOfRange { broker, fetcher, .. } => {
                let follower = fetcher.as_broker(scene.config.brokers).and_then(|it| scene.place_of(it));
                if let (Some(leader), Some(follower)) = (scene.place_of(broker), follower) {
                    memory.fetches.out_of_range(leader, follower);
                }
            }
            Event::Replicated { broker, client, base_offset, .. } => {
                memory.decisions.add(scene, broker, client, base_offset);
            }
            Event::ProduceAcknowledged { broker, client, acks, base_offset, ref records, .. } => {
                let records = Arc::clone(records);
                let entry = Acknowledged { base: base_offset, records, by: broker, vanished: false };
                let to_all = acks == Acks::All;
                let decision = if to_all {
                    memory.decisions.take(scene, broker, client, base_offset)
                } else {
                    Decision::now(scene, broker, base_offset)
                };
                self.ack_honesty.acknowledged(scene, acks, &entry, decision.as_ref());
                if let Some(decision) = decision.filter(|_| to_all) {
                    self.min_isr_respected.acknowledged(scene, broker, &decision);
                }
                if to_all {
                    self.acked_durable.acknowledged();
                    memory.acked.add(entry);
                }
            }
            Event::RecordsServed { broker, client, from, to, high_watermark, .. } => {
                let served = Served { broker, client, from, to, high_watermark };
                self.visible_below_high_watermark.served(scene, served);
            }
            Event::LeaderElected { broker, epoch, .. } => {
                self.one_leader_per_epoch.elected(scene, broker, epoch);
            }
            Event::BecameLeader { broker, epoch, .. } => {
                self.one_leader_per_epoch.took_office(scene, broker, epoch);
                self.truncation_to_high_watermark.settled(scene, broker);
            }
            Event::BecameFollower { broker, high_watermark, end_offset, .. } => {
                self.truncation_to_high_watermark.followed(scene, broker, high_watermark, end_offset);
            }
            Event::RecordsFetched { broker, from, .. } => {
                self.truncation_to_high_watermark.wrote(scene, broker, from);
            }
            Event::LogTruncated { broker, from, to, high_watermark, reason, .. } => {
                let cut = Cut { broker, from, to, high_watermark, reason };
                self.truncation_to_high_watermark.truncated(scene, &memory.ghost, cut);
                self.truncation_spares_committed.truncated(scene, &memory.ghost, cut);
                if let Some(place) = scene.place_of(broker) {
                    memory.ghost.cut(place, to);
                }
            }
            Event::IsrShrinkProposed { broker, removed, .. } => {
                self.isr_eviction_timely.proposed(scene, &mut memory.fetches, broker, removed);
            }
            Event::IsrExpandProposed { broker, added, end_offset, high_watermark, .. } => {
                let expansion = Expansion { leader: broker, added, end: end_offset, high_watermark };
                self.isr_rejoin.proposed(scene, &memory.ghost, &memory.fetches, expansion);
            }
            Event::RecordSent { .. }
            | Event::ProduceSent { .. }
            | Event::ProduceRetried { .. }
            | Event::DuplicateDiscarded { .. }
            | Event::ProduceRefused { .. }
            | Event::HighWatermarkAdvanced { .. }
            | Event::HighWatermarkLearned { .. }
            | Event::ProduceFailed { .. }
            | Event::SendAcknowledged { .. }
            | Event::SendFailed { .. }
            | Event::RecordsPolled { .. }
            | Event::OffsetCommitted { .. }
            | Event::PositionReset { .. }
            | Event::FetcherDied { .. }
            | Event::IsrUpdateRefused { .. }
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
            | Event::CoordinatorLoaded { .. }
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
            | Event::PartitionOffline { .. }
            | Event::IsrShrunk { .. }
            | Event::IsrExpanded { .. }
            | Event::PartitionsCreated { .. }
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
    pub(crate) fn hear_of_cluster(&mut self, event: &Event, brokers: u8, now: Instant) {
        if let Event::BrokerStarted { broker, .. } = event {
            self.isr_eviction_timely.disturbed(*broker, now);
        } else if let Event::NodePaused { node } | Event::NodeResumed { node } = event {
            self.isr_eviction_timely.node_disturbed(*node, brokers, now);
        }
    }

    /// Looks at a partition that the step touched; the ghosts take the step over on the way. What depends on the
    /// replicas and the controller alone is asked only where these changed.
    pub(crate) fn look(&mut self, scene: &Scene<'_>, memory: &mut Memory) {
        let Memory { ghost, agreement, acked, fetches, decisions } = memory;
        self.high_watermark_monotone.look(scene, ghost);
        let changed = ghost.follow(scene.partition);
        fetches.follow(scene.partition, scene.step.at);
        if changed {
            agreement.follow(ghost);
            acked.follow(ghost);
            decisions.follow(scene);
            self.leader_in_isr.look(scene);
            self.one_leader_per_epoch.look(scene);
            self.strong_isr.look(scene, ghost);
            self.weak_isr.look(scene, agreement);
            self.log_matching.look(scene, agreement);
            self.high_watermark_bound.look(scene);
        }
        self.acked_durable.look(scene, ghost, acked);
        self.isr_eviction_timely.look(scene, fetches);
        ghost.settle();
    }

    /// Looks for what only time brings about, on a partition that nothing may have touched.
    pub(crate) fn patrol(&mut self, scene: &Scene<'_>, memory: &mut Memory) {
        self.isr_eviction_timely.look(scene, &memory.fetches);
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
            Property::OneLeaderPerEpoch => &self.one_leader_per_epoch.tally,
            Property::LogMatching => &self.log_matching.tally,
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
            Property::Converged
            | Property::Elected
            | Property::Answered
            | Property::HighWatermarkReached
            | Property::GroupStable
            | Property::AllSeen
            | Property::InconsistentOffsets
            | Property::Duplicate
            | Property::LostWrite
            | Property::Unseen => return None,
        })
    }
}
