//! What the tests share: small scenarios written in place, played on the bare loop with everything that happened kept.

pub(crate) mod lockstep;
pub(crate) mod run;
pub(crate) mod scenarios;

pub(crate) use run::{Fact, Run, facts};

use std::ops::Range;
use std::sync::Arc;

use highwater_model::ids::{BrokerId, NodeId, TopicId, TopicPartition};
use highwater_model::time::{Instant, Micros};
use highwater_sim::prepared::Prepared;
use highwater_sim::scenario::load::load_str;
use serde_json::{Value, json};

/// The partition that nearly every test is about.
pub(crate) const ORDERS_0: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };
/// Its first leader, and its followers in assignment order.
pub(crate) const ONE: BrokerId = BrokerId(1);
pub(crate) const TWO: BrokerId = BrokerId(2);
pub(crate) const THREE: BrokerId = BrokerId(3);
/// The first client of a scenario with three brokers: the producer, unless a test says otherwise.
pub(crate) const SHOP: NodeId = NodeId(4);

/// How long a message takes at most, unless a test says otherwise.
pub(crate) const LATENCY_MAX: Micros = Micros::from_millis(10);

/// A moment, in milliseconds.
pub(crate) fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// A length of time, in milliseconds.
pub(crate) fn ms(millis: u64) -> Micros {
    Micros::from_millis(millis)
}

/// Three brokers, `orders` with one partition on all of them, led by broker 1; `shop` writes 20 records, one every
/// 100 ms, with acks=-1; `billing` reads them. Nothing goes wrong. A test changes what it is about: objects are
/// changed key by key, everything else is replaced.
pub(crate) fn scenario(changes: &Value) -> Arc<Prepared> {
    let mut file = json!({
        "story": "A test.",
        "cluster": { "brokers": 3, "config": { "min.insync.replicas": 2 } },
        "network": { "latency_ms": [1, 10] },
        "topics": [{ "name": "orders", "replication": 3 }],
        "producers": [shop(20, 100, json!({}))],
        "groups": [{ "name": "billing", "topics": ["orders"], "config": { "auto.offset.reset": "earliest" } }],
        "duration_ms": 20_000
    });
    merge(&mut file, changes);
    match load_str("test.json", &file.to_string(), &[]) {
        Ok(loaded) => Arc::new(Prepared::new(loaded.plan)),
        Err(errors) => panic!("{}", errors.render(false)),
    }
}

/// The producer `shop`, sending from 1,000 ms on with acks=-1 and any number of retries.
#[expect(clippy::needless_pass_by_value, reason = "so that a test writes json!({}) and not &json!({})")]
pub(crate) fn shop(records: u32, every_ms: u64, config: Value) -> Value {
    let mut settings = json!({ "acks": "-1", "retries": 2_147_483_647 });
    merge(&mut settings, &config);
    json!({
        "name": "shop", "topic": "orders", "records": records, "every_ms": every_ms, "start_ms": 1_000,
        "config": settings
    })
}

fn merge(into: &mut Value, changes: &Value) {
    match (into, changes) {
        (Value::Object(into), Value::Object(changes)) => {
            for (key, change) in changes {
                merge(into.entry(key).or_insert(Value::Null), change);
            }
        }
        (into, changes) => *into = changes.clone(),
    }
}

/// Plays a scenario on a few seeds and lets each run be checked. A failure says on which seed.
pub(crate) fn on_each_seed(changes: &Value, check: impl Fn(&Run)) {
    on_seeds(&scenario(changes), 0..8, check);
}

/// The same for one of the house's scenario files, with overrides.
pub(crate) fn on_each_seed_of(name: &str, overrides: &[&str], check: impl Fn(&Run)) {
    on_seeds(&scenarios::changed(name, overrides), 0..12, check);
}

/// Plays a prepared scenario on these seeds and lets each run be checked. A failure says on which seed.
pub(crate) fn on_seeds(prepared: &Arc<Prepared>, seeds: Range<u64>, mut check: impl FnMut(&Run)) {
    for seed in seeds {
        let run = Run::play(prepared, seed);
        let named = Named(seed);
        check(&run);
        drop(named);
    }
}

/// Says which seed it was if the test fails meanwhile.
struct Named(u64);

impl Drop for Named {
    #[expect(clippy::print_stderr, reason = "this is part of a failing test's message")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("on seed {}", self.0);
        }
    }
}
