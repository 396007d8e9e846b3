//! What this configuration never promised: partitions that cannot make progress by their own settings.
//!
//! Source: `kafka-behaviour.md` section 11, *Not promised*: progress of acks=all while the ISR is below its minimum, and
//! any while the last ISR member is dead and unclean election is off.

use highwater_model::config::{AckStrategy, ClusterConfig};
use highwater_model::ids::BrokerSet;
use highwater_model::message::PartitionState;
use highwater_model::names::Names;
use highwater_model::view::{ClusterView, PartitionView};

use super::Last;
use crate::strategies;

/// Why a partition is unavailable as configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unavailable {
    /// Nobody may lead: no live broker is in the ISR, and unclean election is off; or no replica lives at all.
    NoLeader,
    /// With ack strategy `majority`: no more than half of all replicas live.
    NoMajority,
    /// With ack strategy `isr`: fewer replicas live than `min.insync.replicas`, and acks=all is refused.
    BelowMinimum,
}

/// The replicas whose brokers run.
pub(crate) fn live(view: &ClusterView, partition: &PartitionView) -> BrokerSet {
    let runs = |broker| view.broker(broker).is_some_and(|broker| broker.alive);
    partition.replicas.iter().map(|replica| replica.broker).filter(|broker| runs(*broker)).collect()
}

/// From whom a leader is elected while unclean election is off: the ISR; if it is empty the eligible leader replicas; if there are
/// none either, whoever led last. Source: KIP-966.
pub(crate) fn candidates(state: &PartitionState) -> BrokerSet {
    if !state.isr.is_empty() {
        state.isr
    } else if !state.elr.is_empty() {
        state.elr
    } else {
        state.last_known_leader.into_iter().collect()
    }
}

/// Why a partition is unavailable, if it is.
pub(crate) fn of(
    view: &ClusterView,
    partition: &PartitionView,
    config: &ClusterConfig,
) -> Option<Unavailable> {
    let live = live(view, partition);
    let strategy = strategies::of(config, partition.id().topic);
    if strategy == AckStrategy::Majority {
        return (live.len() * 2 <= partition.replicas.len()).then_some(Unavailable::NoMajority);
    }
    let may_lead = live.intersection(candidates(&partition.controller));
    if live.is_empty() || (may_lead.is_empty() && !partition.unclean_election) {
        Some(Unavailable::NoLeader)
    } else if strategy == AckStrategy::Isr
        && partition.min_insync_replicas > 1
        && live.len() < partition.min_insync_replicas as usize
    {
        Some(Unavailable::BelowMinimum)
    } else {
        None
    }
}

/// Whether a partition may be without a leader.
pub(crate) fn may_be_leaderless(last: &Last<'_>, partition: &PartitionView) -> bool {
    matches!(of(last.view, partition, last.config), Some(Unavailable::NoLeader | Unavailable::NoMajority))
}

/// The partitions of which no progress is demanded, each with the reason in words.
pub fn unavailable(view: &ClusterView, names: &Names, config: &ClusterConfig) -> Vec<String> {
    let told = |partition: &PartitionView| {
        let name = names.partition(partition.id());
        let live = live(view, partition);
        let reason = of(view, partition, config)?;
        Some(match reason {
            Unavailable::NoLeader => format!(
                "{name} is unavailable as configured: its ISR is {}, of its replicas {live} are alive, and \
                 unclean.leader.election.enable is {}",
                partition.controller.isr, partition.unclean_election
            ),
            Unavailable::NoMajority => format!(
                "{name} is unavailable as configured: of its {} replicas only {live} are alive, and ack_strategy is \
                 majority",
                partition.replicas.len()
            ),
            Unavailable::BelowMinimum => format!(
                "{name} is unavailable to acks=all as configured: of its replicas {live} are alive, and \
                 min.insync.replicas is {}",
                partition.min_insync_replicas
            ),
        })
    };
    view.partitions.iter().filter_map(told).collect()
}
