//! What a topic is set to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::BrokerId;
use crate::time::Micros;

/// What a topic may set for itself; the rest comes from the broker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TopicConfig {
    /// Overrides the broker's.
    #[serde(rename = "min.insync.replicas", skip_serializing_if = "Option::is_none")]
    pub min_insync_replicas: Option<u32>,
    /// Overrides the broker's.
    #[serde(rename = "unclean.leader.election.enable", skip_serializing_if = "Option::is_none")]
    pub unclean_leader_election_enable: Option<bool>,
}

/// What an acknowledgement of acks=-1 waits for, by topic. Kafka has but `isr`; the others are what it might have been.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AckStrategy {
    /// The leader has it. n + 1 replicas outlive n failures only if the followers had copied it by then.
    Leader,
    /// More than half of all replicas have it; a leader is elected as the most up to date of a majority. 2n + 1 replicas
    /// outlive n failures.
    Majority,
    /// Every in-sync replica has it. n + 1 replicas outlive n failures.
    #[default]
    Isr,
}

impl AckStrategy {
    /// `isr`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::Majority => "majority",
            Self::Isr => "isr",
        }
    }
}

/// How much of one partition can be worked on in a second: by its leader that writes it, or by the member that reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceRate {
    /// So many records.
    RecordsPerSecond(#[schemars(range(min = 1))] u64),
    /// So many bytes.
    BytesPerSecond(#[schemars(range(min = 1))] u64),
}

impl ServiceRate {
    /// How long this much work takes, rounded up to a microsecond. A rate of nothing counts as one a second.
    pub fn time_for(self, records: u64, bytes: u64) -> Micros {
        const SECOND: u64 = 1_000_000;
        let (amount, rate) = match self {
            Self::RecordsPerSecond(rate) => (records, rate),
            Self::BytesPerSecond(rate) => (bytes, rate),
        };
        Micros(amount.saturating_mul(SECOND).div_ceil(rate.max(1)))
    }
}

/// A topic as the cluster knows it, with the broker's settings where it set none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Topic {
    /// `min.insync.replicas`.
    pub min_insync_replicas: u32,
    /// `unclean.leader.election.enable`.
    pub unclean_leader_election_enable: bool,
    /// What acks=-1 waits for.
    pub ack_strategy: AckStrategy,
    /// How fast a leader writes each of its partitions; none: at once.
    pub service_rate: Option<ServiceRate>,
    /// The assigned replicas of each partition, in order of preference.
    pub assignment: Vec<Vec<BrokerId>>,
}

impl Topic {
    /// A topic with ack strategy `isr` whose leaders write at once.
    pub fn new(
        min_insync_replicas: u32,
        unclean_leader_election_enable: bool,
        assignment: Vec<Vec<BrokerId>>,
    ) -> Self {
        let (ack_strategy, service_rate) = (AckStrategy::Isr, None);
        Self { min_insync_replicas, unclean_leader_election_enable, ack_strategy, service_rate, assignment }
    }
}
