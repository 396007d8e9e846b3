//! Kafka versions, each as the one before it and what changed.
//!
//! A preset is the first release of its line: `2.8` is 2.8.0, with what 2.8.1 mended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

use super::Protocol;
use super::values::{
    ControllerKind, DedupWindow, IsrEligibility, IsrJoin, IsrWrite, Transactions, TruncateWhen,
    TruncationMoment, TruncationRule, UnkeyedRule, UnknownProducer,
};

macro_rules! presets {
    ($($(#[doc = $doc:literal])+ $name:literal $id:ident,)*) => {
        /// A named Kafka version. Ascending by age.
        #[derive(
            Clone,
            Copy,
            Debug,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            Serialize,
            Deserialize,
            JsonSchema,
            EnumIter,
            IntoStaticStr,
        )]
        pub enum Preset {
            $(
                $(#[doc = $doc])+
                #[serde(rename = $name)]
                #[strum(serialize = $name)]
                $id,
            )*
        }

        impl Preset {
            /// What it is, in a sentence or two.
            pub fn says(self) -> &'static str {
                match self {
                    $(Self::$id => concat!($($doc),+).trim_ascii(),)*
                }
            }
        }
    };
}

presets! {
    /// 0.10.2, and versions before it: followers truncate to their own high watermark; no idempotent producer; unclean election on.
    "0.10" V0_10,
    /// 0.11 with `inter.broker.protocol.version=0.11.0-IV1`: idempotent producers on the truncation of 0.10. A hybrid, but a
    /// legal one.
    "0.11-iv1" V0_11Iv1,
    /// 0.11 to 1.1: followers ask the leader where their last epoch ends (KIP-101).
    "0.11" V0_11,
    /// 2.0.0: they ask until both have an epoch in common (KIP-279).
    "2.0" V2_0,
    /// 2.0.1: the holes of KIP-279 are closed: epochs are noted at elections, missed ones are noticed, and a follower joins
    /// the ISR only past the beginning of the epoch.
    "2.0.1" V2_0_1,
    /// 2.1 to 2.3: every fetch is fenced by the leader epoch (KIP-320).
    "2.1" V2_1,
    /// 2.4 to 2.6: high watermarks stay within their logs and are pushed to followers; consumers validate positions.
    "2.4" V2_4,
    /// 2.7: the ISR changes by requests to the controller (KIP-497); idempotent producers raise their epochs (KIP-360).
    "2.7" V2_7,
    /// 2.8 to 3.2, on ZooKeeper: followers truncate as their fetches are answered (KIP-595).
    "2.8" V2_8,
    /// 3.3 and 3.4: KRaft; no fenced broker joins an ISR (KIP-841).
    "3.3" V3_3,
    /// 3.5 and 3.6: nor does one that has been restarted since it fetched (KIP-903).
    "3.5" V3_5,
    /// 3.7 to 3.9: the high watermark stands still while the ISR is too small; transactions are verified.
    "3.7" V3_7,
    /// 4.0 with `eligible.leader.replicas.enable`: KIP-966, and `transaction.version=2`. KAFKA-19522 is mended already.
    "4.0-elr" V4_0Elr,
}

impl Default for Preset {
    /// That of the text from which Highwater began.
    fn default() -> Self {
        Self::V0_11Iv1
    }
}

impl Preset {
    /// The newest.
    pub const NEWEST: Self = Self::V4_0Elr;

    /// `0.11-iv1`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Its switches.
    pub fn protocol(self) -> Protocol {
        Protocol { preset: self, ..self.changes() }
    }

    fn changes(self) -> Protocol {
        match self {
            Self::V0_10 => OLDEST,
            Self::V0_11Iv1 => Protocol {
                truncation_moment: TruncationMoment::BeforeFetch,
                idempotence: true,
                unclean_election_default: false,
                transactions: Transactions::V1,
                transactions_loaded_uncommitted: true,
                ..Self::V0_10.protocol()
            },
            Self::V0_11 => Protocol { truncation: TruncationRule::EpochQuery, ..Self::V0_11Iv1.protocol() },
            Self::V2_0 => Protocol {
                truncation: TruncationRule::EpochQueryIterative,
                dedup_window: DedupWindow::FiveBatches,
                unknown_producer: UnknownProducer::UnknownProducerId,
                last_isr_member_kept: true,
                ..Self::V0_11.protocol()
            },
            Self::V2_0_1 => Protocol {
                truncate_when: TruncateWhen::EpochMissed,
                epoch_cached_at_election: true,
                isr_join: IsrJoin::EpochStart,
                halts_when_ahead: false,
                ..Self::V2_0.protocol()
            },
            Self::V2_1 => Protocol {
                truncate_when: TruncateWhen::EpochChanges,
                fetches_fenced: true,
                isr_shrink_spares_level: true,
                ..Self::V2_0_1.protocol()
            },
            Self::V2_4 => Protocol {
                misfit_kills_fetcher: false,
                high_watermark_clamped: true,
                failed_read_forgets_end: false,
                high_watermark_each_fetch: false,
                high_watermark_pushed: true,
                broker_epochs: true,
                partitioner: UnkeyedRule::Sticky,
                round_robin_skips: true,
                positions_validated: true,
                offset_not_available: true,
                ..Self::V2_1.protocol()
            },
            Self::V2_7 => Protocol {
                stale_epochs_dropped: true,
                high_watermark_pushed: false,
                isr_write: IsrWrite::AlterPartition,
                high_watermark_retried: false,
                isr_reply_checked: false,
                diverging_fetch_counted: true,
                unknown_producer: UnknownProducer::AnySequence,
                epoch_bump: true,
                epoch_bump_resets_idle: false,
                heartbeat_refused_in_sync: false,
                pending_offsets_refused: true,
                producer_fenced: true,
                ..Self::V2_4.protocol()
            },
            Self::V2_8 => Protocol {
                truncation: TruncationRule::OnFetch,
                epoch_bump_resets_idle: true,
                ..Self::V2_7.protocol()
            },
            Self::V3_3 => Protocol {
                controller: ControllerKind::Kraft,
                isr_eligibility: IsrEligibility::Unfenced,
                high_watermark_retried: true,
                isr_reply_checked: true,
                diverging_fetch_counted: false,
                leader_epoch_bumped_on_shrink: true,
                leader_recovery_state: true,
                idempotence_default: true,
                partitioner: UnkeyedRule::UniformSticky,
                transactions_reloaded: true,
                ..Self::V2_8.protocol()
            },
            Self::V3_5 => Protocol { isr_eligibility: IsrEligibility::BrokerEpoch, ..Self::V3_3.protocol() },
            Self::V3_7 => Protocol {
                caught_up_must_be_eligible: true,
                high_watermark_frozen_below_min_isr: true,
                min_isr_capped: true,
                stale_fetch_refused: true,
                leader_epoch_bumped_on_shrink: false,
                transactions: Transactions::Verified,
                ..Self::V3_5.protocol()
            },
            Self::V4_0Elr => Protocol {
                eligible_leader_replicas: true,
                unclean_shutdown_detected: true,
                transactions: Transactions::V2,
                transactions_reloaded: false,
                ..Self::V3_7.protocol()
            },
        }
    }
}

/// Kafka 0.10.2.
const OLDEST: Protocol = Protocol {
    preset: Preset::V0_10,
    truncation: TruncationRule::OwnHighWatermark,
    truncation_moment: TruncationMoment::OnNotice,
    truncate_when: TruncateWhen::LeaderChanges,
    epoch_cached_at_election: false,
    stale_epochs_dropped: false,
    fetches_fenced: false,
    diverging_fetch_counted: false,
    halts_when_ahead: true,
    out_of_range_wipes: false,
    misfit_kills_fetcher: true,
    high_watermark_clamped: false,
    failed_read_forgets_end: true,
    high_watermark_pushed: false,
    high_watermark_each_fetch: true,
    caught_up_must_be_eligible: false,
    high_watermark_frozen_below_min_isr: false,
    high_watermark_retried: true,
    min_isr_capped: false,
    isr_join: IsrJoin::HighWatermark,
    isr_eligibility: IsrEligibility::Anyone,
    stale_fetch_refused: false,
    isr_shrink_spares_level: false,
    isr_write: IsrWrite::Zookeeper,
    isr_reply_checked: true,
    controller: ControllerKind::Zookeeper,
    broker_epochs: false,
    last_isr_member_kept: false,
    leader_epoch_bumped_on_shrink: false,
    leader_recovery_state: false,
    eligible_leader_replicas: false,
    unclean_shutdown_detected: false,
    last_known_leader_checked: true,
    unclean_election_default: true,
    checkpoint_keeps_untold: true,
    idempotence: false,
    idempotence_default: false,
    dedup_window: DedupWindow::LastBatch,
    unknown_producer: UnknownProducer::OutOfOrder,
    epoch_bump: false,
    epoch_bump_resets_idle: true,
    retries_hold_up_later: true,
    partitioner: UnkeyedRule::RoundRobin,
    round_robin_skips: false,
    positions_validated: false,
    offset_not_available: false,
    auto_commits_fetched: false,
    revoking_stops_reading: true,
    joins_after_commit: true,
    heartbeat_refused_in_sync: true,
    transactions: Transactions::None,
    transactions_reloaded: false,
    transactions_loaded_uncommitted: false,
    pending_offsets_refused: false,
    producer_fenced: false,
};
