//! What never makes sense together.

use super::values::{ControllerKind, IsrEligibility, IsrWrite, Transactions};
use super::{Protocol, Switch};

/// Two switches that contradict each other, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The one that asks for something.
    pub switch: Switch,
    /// The one that does not give it.
    pub needs: Switch,
    /// What that one would have to be.
    pub value: &'static str,
    /// Why.
    pub reason: &'static str,
}

impl Protocol {
    /// Everything in these switches that never made sense together.
    pub fn contradictions(&self) -> Vec<Contradiction> {
        let kraft = self.controller == ControllerKind::Kraft;
        let asks = self.isr_write == IsrWrite::AlterPartition;
        let all = [
            (
                self.eligible_leader_replicas && !self.high_watermark_frozen_below_min_isr,
                Switch::EligibleLeaderReplicas,
                Switch::HighWatermarkFrozenBelowMinIsr,
                "true",
                "a replica that left an ISR below the minimum has all that was committed only if nothing is committed below it",
            ),
            (
                self.eligible_leader_replicas && !kraft,
                Switch::EligibleLeaderReplicas,
                Switch::Controller,
                "kraft",
                "ZooKeeper has no place for them",
            ),
            (
                self.unclean_shutdown_detected && !kraft,
                Switch::UncleanShutdownDetected,
                Switch::Controller,
                "kraft",
                "a broker tells a KRaft controller the epoch of its last clean shutdown when it registers",
            ),
            (
                kraft && !asks,
                Switch::Controller,
                Switch::IsrWrite,
                "alter_partition",
                "without ZooKeeper there is nothing that a leader could write to",
            ),
            (
                self.isr_eligibility != IsrEligibility::Anyone && !asks,
                Switch::IsrEligibility,
                Switch::IsrWrite,
                "alter_partition",
                "who writes to ZooKeeper itself is not told that a member may not join",
            ),
            (
                self.isr_eligibility == IsrEligibility::BrokerEpoch && !kraft,
                Switch::IsrEligibility,
                Switch::Controller,
                "kraft",
                "only KRaft's metadata tell a leader the epochs of brokers",
            ),
            (
                self.stale_fetch_refused && self.isr_eligibility != IsrEligibility::BrokerEpoch,
                Switch::StaleFetchRefused,
                Switch::IsrEligibility,
                "broker_epoch",
                "fetches carry broker epochs only since KIP-903",
            ),
            (
                self.leader_recovery_state && !asks,
                Switch::LeaderRecoveryState,
                Switch::IsrWrite,
                "alter_partition",
                "a leader tells the controller by AlterPartition that it has recovered",
            ),
            (
                self.epoch_bump && !self.idempotence,
                Switch::EpochBump,
                Switch::Idempotence,
                "true",
                "without idempotent producers there is no epoch",
            ),
            (
                self.transactions != Transactions::None && !self.idempotence,
                Switch::Transactions,
                Switch::Idempotence,
                "true",
                "a transactional producer is an idempotent one",
            ),
        ];
        let broken = all.into_iter().filter(|(broken, ..)| *broken);
        broken
            .map(|(_, switch, needs, value, reason)| Contradiction { switch, needs, value, reason })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;
    use crate::protocol::{Preset, Switches};

    #[test]
    fn no_preset_contradicts_itself() {
        for preset in Preset::iter() {
            assert_eq!(preset.protocol().contradictions(), [], "{}", preset.name());
        }
    }

    #[test]
    fn eligible_leader_replicas_need_the_frozen_high_watermark() {
        let thawed = Switches { high_watermark_frozen_below_min_isr: Some(false), ..Switches::default() };
        let found = Preset::V4_0Elr.protocol().with(thawed).contradictions();
        let pairs: Vec<_> = found.iter().map(|found| (found.switch, found.needs)).collect();
        assert_eq!(pairs, [(Switch::EligibleLeaderReplicas, Switch::HighWatermarkFrozenBelowMinIsr)]);
    }

    #[test]
    fn switches_are_those_by_which_a_protocol_differs_from_its_preset() {
        for preset in Preset::iter() {
            assert!(preset.protocol().switches().is_empty());
            for switch in Switch::iter() {
                let changed = preset.protocol().taking(switch, &Preset::NEWEST.protocol());
                assert_eq!(preset.protocol().with(changed.switches()), changed);
            }
        }
    }
}
