//! Kafka versions as vectors of switches. Every switch changed on its own date; a preset names one vector.
//!
//! [`Preset`] lists them; [`Switches`] set single ones besides, also those of later versions. Source: `kafka-behaviour.md`
//! section 0.1.

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TruncationMoment {
    /// As it obeys the notice. Source: 0.10.2.2 `ReplicaManager.makeFollowers`.
    OnNotice,
    /// Before it next fetches from the new leader; not before a fetch is answered that it already has under way there for
    /// other partitions. Source: 0.11.0.2 `AbstractFetcherThread.doWork`.
    BeforeFetch,
}

/// Where a producer sends a record that has neither a partition nor a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnkeyedRule {
    /// Round the available partitions, from a random one (0.8.2 to 2.3). Source: 0.11.0.2 `DefaultPartitioner`.
    RoundRobin,
    /// To one partition until a batch of it is full or has left, then to another available one at random (2.4 to 3.2, KIP-480).
    /// Source: 24 `StickyPartitionCache`.
    Sticky,
    /// To one partition until it has had batch.size bytes, then to another, the likelier the shorter its queue (3.3+,
    /// KIP-794). Source: 39 `BuiltInPartitioner`.
    UniformSticky,
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
    /// Where records without a key go.
    pub partitioner: UnkeyedRule,
    /// Whether an idempotent producer recovers from a lost sequence by raising its epoch, and brokers take any first
    /// sequence of a producer that they do not know (2.5+, KIP-360).
    pub epoch_bump: bool,
    /// What `group.initial.rebalance.delay.ms` is unless set. Source: KIP-134 brought it in 0.11.
    pub initial_rebalance_delay_default_ms: u64,
}

/// Single switches that differ from the preset's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Switches {
    /// When a follower cuts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncation_moment: Option<TruncationMoment>,
    /// Whether producers may be idempotent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotence: Option<bool>,
    /// Where records without a key go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitioner: Option<UnkeyedRule>,
    /// Whether an idempotent producer recovers from a lost sequence by raising its epoch (KIP-360).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch_bump: Option<bool>,
}

impl Switches {
    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Protocol {
    /// These switches in place of the preset's.
    #[must_use]
    pub fn with(self, switches: Switches) -> Self {
        Self {
            truncation_moment: switches.truncation_moment.unwrap_or(self.truncation_moment),
            idempotence: switches.idempotence.unwrap_or(self.idempotence),
            partitioner: switches.partitioner.unwrap_or(self.partitioner),
            epoch_bump: switches.epoch_bump.unwrap_or(self.epoch_bump),
            ..self
        }
    }
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
                partitioner: UnkeyedRule::RoundRobin,
                epoch_bump: false,
                initial_rebalance_delay_default_ms: 0,
            },
            Self::V0_11Iv1 => Protocol {
                preset: self,
                truncation: TruncationRule::OwnHighWatermark,
                truncation_moment: TruncationMoment::BeforeFetch,
                idempotence: true,
                unclean_election_default: false,
                partitioner: UnkeyedRule::RoundRobin,
                epoch_bump: false,
                initial_rebalance_delay_default_ms: 3_000,
            },
        }
    }

    /// `0.11-iv1`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}
