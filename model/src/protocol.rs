//! Kafka versions as vectors of switches. Every switch changed on its own date; a preset names one vector.
//!
//! Source: `kafka-behaviour.md` section 0.1. Presets so far: [`Preset::V0_10`], [`Preset::V0_11Iv1`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

/// A named Kafka version.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
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
    /// 0.10.2: followers truncate to their own high watermark; no idempotent producer; unclean election on.
    #[serde(rename = "0.10")]
    #[strum(serialize = "0.10")]
    V0_10,
    /// 0.11 with `inter.broker.protocol.version=0.11.0-IV1`: idempotent producers on the truncation of 0.10.
    /// Source: 0.11.0.2 `ReplicaFetcherThread.shouldSendLeaderEpochRequest` is false below IV2.
    #[default]
    #[serde(rename = "0.11-iv1")]
    #[strum(serialize = "0.11-iv1")]
    V0_11Iv1,
}

/// How a follower finds where its log may differ from the leader's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum TruncationRule {
    /// It cuts at its own high watermark. Source: 0.10.2.2 `ReplicaManager.makeFollowers`.
    OwnHighWatermark,
}

/// When a follower cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum TruncationMoment {
    /// As it obeys the notice. Source: 0.10.2.2 `ReplicaManager.makeFollowers`.
    OnNotice,
    /// Before it next fetches from the new leader; not before a fetch is answered that it already has under way there for
    /// other partitions. Source: 0.11.0.2 `AbstractFetcherThread.doWork`.
    BeforeFetch,
}

/// The switches that a preset sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Protocol {
    /// The preset that the switches came from.
    pub preset: Preset,
    /// Where a follower truncates.
    pub truncation: TruncationRule,
    /// When it does.
    pub truncation_moment: TruncationMoment,
    /// Whether producers may be idempotent (KIP-98).
    pub idempotence: bool,
    /// What `unclean.leader.election.enable` is unless set. Source: KIP-106 turned it off in 0.11.
    pub unclean_election_default: bool,
}

impl Preset {
    /// Its switches.
    pub fn protocol(self) -> Protocol {
        match self {
            Self::V0_10 => Protocol {
                preset: self,
                truncation: TruncationRule::OwnHighWatermark,
                truncation_moment: TruncationMoment::OnNotice,
                idempotence: false,
                unclean_election_default: true,
            },
            Self::V0_11Iv1 => Protocol {
                preset: self,
                truncation: TruncationRule::OwnHighWatermark,
                truncation_moment: TruncationMoment::BeforeFetch,
                idempotence: true,
                unclean_election_default: false,
            },
        }
    }

    /// `0.11-iv1`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}
