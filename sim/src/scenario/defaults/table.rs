//! The settings whose defaults Kafka changed: since which version, and to what.

use highwater_model::protocol::Preset;
use serde_json::Value;

/// Whose setting it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Every broker's, `cluster.config`.
    Brokers,
    /// A producer's.
    Producers,
    /// A group's members'.
    Consumers,
}

/// What one setting is since one version, unless set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Default {
    /// Whose it is.
    pub whose: Whose,
    /// Kafka's name.
    pub name: &'static str,
    /// The first preset with this value.
    pub since: Preset,
    /// The value, as JSON.
    pub value: &'static str,
    /// The release that changed it, and where that can be seen.
    pub source: &'static str,
}

const fn of_whom(
    whose: Whose,
    name: &'static str,
    since: Preset,
    value: &'static str,
    source: &'static str,
) -> Default {
    Default { whose, name, since, value, source }
}

const fn brokers(name: &'static str, since: Preset, value: &'static str, source: &'static str) -> Default {
    of_whom(Whose::Brokers, name, since, value, source)
}

const fn producers(name: &'static str, since: Preset, value: &'static str, source: &'static str) -> Default {
    of_whom(Whose::Producers, name, since, value, source)
}

const fn consumers(name: &'static str, since: Preset, value: &'static str, source: &'static str) -> Default {
    of_whom(Whose::Consumers, name, since, value, source)
}

/// All of them; of one setting the older first. What stands nowhere here is the same in all versions.
///
/// `unclean.leader.election.enable` and `enable.idempotence` are switches of the protocol's; the latter and
/// `max.in.flight.requests.per.connection` hang on other settings besides.
pub const DEFAULTS: &[Default] = &[
    brokers("replica.lag.time.max.ms", Preset::V0_10, "10000", "0.10.2.2 `Defaults.ReplicaLagTimeMaxMs`"),
    brokers("replica.lag.time.max.ms", Preset::V2_7, "30000", "2.5.0, KIP-537"),
    brokers("zookeeper.session.timeout.ms", Preset::V0_10, "6000", "0.10.2.2 `Defaults.ZkSessionTimeoutMs`"),
    brokers("zookeeper.session.timeout.ms", Preset::V2_7, "18000", "2.5.0, KIP-537"),
    brokers("group.initial.rebalance.delay.ms", Preset::V0_10, "0", "KIP-134 came with 0.11"),
    brokers("group.initial.rebalance.delay.ms", Preset::V0_11Iv1, "3000", "0.11.0.2, KIP-134"),
    brokers(
        "group.max.session.timeout.ms",
        Preset::V0_10,
        "300000",
        "0.10.2.2 `Defaults.GroupMaxSessionTimeoutMs`",
    ),
    brokers(
        "group.max.session.timeout.ms",
        Preset::V2_4,
        "1800000",
        "2.3.0 `Defaults.GroupMaxSessionTimeoutMs`",
    ),
    producers("acks", Preset::V0_10, "\"1\"", "0.10.2.2 `ProducerConfig`"),
    producers("acks", Preset::V3_3, "\"-1\"", "3.0.0, KIP-679"),
    producers("retries", Preset::V0_10, "0", "0.10.2.2 `ProducerConfig`"),
    producers("retries", Preset::V2_1, "2147483647", "2.1.0, KIP-91"),
    producers("delivery.timeout.ms", Preset::V2_1, "120000", "2.1.0, KIP-91"),
    producers("linger.ms", Preset::V0_10, "0", "0.10.2.2 `ProducerConfig`"),
    producers("linger.ms", Preset::V4_0Elr, "5", "4.0.0, KIP-1030"),
    consumers("session.timeout.ms", Preset::V0_10, "10000", "0.10.2.2 `ConsumerConfig`"),
    consumers("session.timeout.ms", Preset::V3_3, "45000", "3.0.0, KIP-735"),
    consumers("request.timeout.ms", Preset::V0_10, "305000", "0.10.2.2 `ConsumerConfig`"),
    consumers("request.timeout.ms", Preset::V2_0, "30000", "2.0.0, KIP-266"),
];

/// What a setting is in this version; none if it was not there yet.
pub(super) fn value(whose: Whose, name: &str, preset: Preset) -> Option<Value> {
    of(whose, preset).into_iter().find_map(|(found, value)| (found == name).then_some(value))
}

/// All settings of an owner that the table has, in its order.
pub(super) fn of(whose: Whose, preset: Preset) -> Vec<(&'static str, Value)> {
    let mut found: Vec<(&'static str, Value)> = Vec::new();
    for default in DEFAULTS.iter().filter(|default| default.whose == whose && default.since <= preset) {
        let value = serde_json::from_str(default.value).expect("the table's values are JSON");
        match found.iter_mut().find(|(name, _)| *name == default.name) {
            Some((_, older)) => *older = value,
            None => found.push((default.name, value)),
        }
    }
    found
}
