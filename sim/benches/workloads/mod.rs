//! What the benchmarks run. Every workload is a scenario; nothing here is tuned for one driver.

use std::sync::Arc;

use highwater_model::config::Assignor;
use highwater_model::protocol::Preset;
use highwater_sim::prepared::Prepared;
use highwater_sim::scenario::load::load_str;

/// How many records the runs have that show how a run's time grows with them.
pub(crate) const SCALES: [u32; 3] = [200, 2_000, 20_000];

/// A scenario, ready to be run.
pub(crate) struct Workload {
    /// What the tables call it.
    pub(crate) name: String,
    /// What is run.
    pub(crate) prepared: Arc<Prepared>,
}

/// The scenario of the same name: 20 records, 10 simulated seconds, no faults.
pub(crate) fn steady_state() -> Workload {
    workload("steady_state", include_str!("../../../scenarios/steady_state.json"))
}

/// The scenario of the same name: everything goes wrong by chance.
pub(crate) fn chaos() -> Workload {
    workload("chaos", include_str!("../../../scenarios/chaos.json"))
}

/// Three brokers, two partitions on all of them, two producers, two consumers, 30 simulated seconds, no faults.
pub(crate) fn busy() -> Workload {
    let text = r#"{
        "story": "Two producers write as two consumers read, and nothing goes wrong.",
        "protocol": "0.11-iv1",
        "cluster": { "brokers": 3, "config": { "min.insync.replicas": 2 } },
        "topics": [{ "name": "orders", "partitions": 2, "replication": 3 }],
        "producers": [
            { "name": "shop", "topic": "orders", "records": 1000, "every_ms": 28, "config": { "acks": "-1", "retries": 100 } },
            { "name": "web", "topic": "orders", "records": 1000, "every_ms": 28, "config": { "acks": "-1", "retries": 100 } }
        ],
        "groups": [
            { "name": "billing", "topics": ["orders"], "members": 2, "config": { "auto.offset.reset": "earliest" } }
        ],
        "duration_ms": 30000
    }"#;
    workload("busy", text)
}

/// One producer that sends so many records, one every 10 ms, and one consumer. The run lasts just as long, and 100 ms more.
pub(crate) fn scaled(records: u32) -> Workload {
    lasting(records, records * 10 + 100)
}

/// The same for so many simulated milliseconds: once all records are written, the cluster stands idle.
pub(crate) fn lasting(records: u32, duration_ms: u32) -> Workload {
    let text = format!(
        r#"{{
        "story": "A record every ten milliseconds, for as long as they last.",
        "protocol": "0.11-iv1",
        "cluster": {{ "brokers": 3, "config": {{ "min.insync.replicas": 2 }} }},
        "topics": [{{ "name": "orders", "partitions": 1, "replication": 3 }}],
        "producers": [
            {{ "name": "shop", "topic": "orders", "records": {records}, "every_ms": 10, "start_ms": 100, "config": {{ "acks": "-1" }} }}
        ],
        "groups": [
            {{ "name": "billing", "topics": ["orders"], "config": {{ "auto.offset.reset": "earliest" }} }}
        ],
        "duration_ms": {duration_ms}
    }}"#
    );
    workload(&format!("{records} records"), &text)
}

/// Fifty members share 200 partitions on three brokers for 60 simulated seconds; one leaves and another comes, so that
/// there are at least three rebalances. A record every 20 ms.
pub(crate) fn rebalances(assignor: Assignor) -> Workload {
    let assignor = assignor.name();
    let text = format!(
        r#"{{
        "story": "A large group rebalances three times.",
        "protocol": "0.11-iv1",
        "cluster": {{ "brokers": 3, "config": {{ "min.insync.replicas": 2 }} }},
        "topics": [{{ "name": "orders", "partitions": 200, "replication": 3 }}],
        "producers": [
            {{ "name": "shop", "topic": "orders", "records": 2500, "every_ms": 20, "config": {{ "acks": "-1", "retries": 100 }} }}
        ],
        "groups": [
            {{ "name": "billing", "topics": ["orders"], "members": 50, "joining": 1,
               "config": {{ "auto.offset.reset": "earliest", "partition.assignment.strategy": "{assignor}" }} }}
        ],
        "faults": [
            {{ "when": {{ "at_ms": 20000 }}, "do": {{ "leave": "billing-7" }} }},
            {{ "when": {{ "at_ms": 40000 }}, "do": {{ "join": "billing-50" }} }}
        ],
        "duration_ms": 60000
    }}"#
    );
    workload(assignor, &text)
}

/// [`steady_state`] under another preset, with the defaults of `0.11-iv1`: the same work by other rules.
#[allow(dead_code, reason = "of the benchmarks that share this file only `ratios` goes through the presets")]
pub(crate) fn steady_state_under(preset: Preset) -> Workload {
    const PINNED: [&str; 8] = [
        "unclean.leader.election.enable=false",
        "replica.lag.time.max.ms=10000",
        "zookeeper.session.timeout.ms=6000",
        "group.initial.rebalance.delay.ms=3000",
        "producers.shop.config.linger.ms=0",
        "producers.shop.config.enable.idempotence=false",
        "groups.billing.config.session.timeout.ms=10000",
        "groups.billing.config.request.timeout.ms=30000",
    ];
    let protocol = format!("protocol={}", preset.name());
    let set: Vec<String> = PINNED.into_iter().map(str::to_owned).chain([protocol]).collect();
    workload_with(preset.name(), include_str!("../../../scenarios/steady_state.json"), &set)
}

fn workload(name: &str, text: &str) -> Workload {
    workload_with(name, text, &[])
}

fn workload_with(name: &str, text: &str, set: &[String]) -> Workload {
    let loaded = load_str(name, text, set).expect("the benchmark's scenario is valid");
    Workload { name: name.to_owned(), prepared: Arc::new(Prepared::new(loaded.plan)) }
}
