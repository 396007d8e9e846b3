//! What is committed, who knows it, and when.

use highwater_model::event::{Event, EventKind};
use highwater_model::ids::{NodeId, Offset};
use highwater_model::machine::Input;
use highwater_model::message::{Body, Fetcher};
use serde_json::json;

use crate::support::run::Taken;
use crate::support::{LATENCY_MAX, ONE, THREE, TWO, facts, ms, on_each_seed, shop};

/// The high watermark in the answer that a step gives at once to the follower whose fetch it took.
fn answered_at_once(taken: &Taken) -> Option<Offset> {
    let Some(Input::Message { from, message }) = &taken.input else { return None };
    let Body::FetchRequest { fetcher: Fetcher::Replica(_), .. } = message.body else { return None };
    let answer = taken
        .sends
        .iter()
        .find(|sent| sent.to == *from && sent.message.correlation == message.correlation)?;
    let Body::FetchReply { partitions } = &answer.message.body else { return None };
    partitions.first().map(|partition| partition.high_watermark)
}

#[test]
fn the_fetch_that_advances_the_high_watermark_is_answered_with_the_old_one() {
    // Records come so fast that nearly every fetch finds some and is answered at once.
    on_each_seed(&json!({ "producers": [shop(1000, 1, json!({ "acks": "1" }))] }), |run| {
        let advanced = facts!(run, Event::HighWatermarkAdvanced { from, to, .. } => (*from, *to));
        let mut answered = 0;
        for (advanced, (from, to)) in advanced {
            if let Some(told) = answered_at_once(advanced.taken) {
                assert_eq!(told, from, "the step that raises it from {from} to {to}");
                answered += 1;
            }
        }
        assert!(answered > 20, "{answered} such fetches");
    });
}

#[test]
fn the_high_watermark_rises_to_the_smallest_end_that_the_leader_knows_of_and_no_further() {
    on_each_seed(&json!({ "producers": [shop(300, 10, json!({ "acks": "1" }))] }), |run| {
        let mut known = [Offset(0); 2];
        for fact in run.facts() {
            if let Event::FollowerFetched { replica, offset, .. } = *fact.event {
                known[usize::from(replica.0) - 2] = offset;
            }
            if let Event::HighWatermarkAdvanced { to, .. } = *fact.event {
                assert_eq!(to, known[0].min(known[1]));
            }
        }
        assert!(run.count(EventKind::HighWatermarkAdvanced) > 50);
    });
}

#[test]
fn the_followers_of_an_idle_partition_learn_it_within_the_wait_of_a_fetch() {
    let idle = json!({
        "cluster": { "config": { "replica.fetch.wait.max.ms": 300 } },
        "producers": [shop(1, 0, json!({}))]
    });
    on_each_seed(&idle, |run| {
        let advanced = run.first_of(EventKind::HighWatermarkAdvanced);
        let learned = facts!(run, Event::HighWatermarkLearned { broker, .. } => *broker);
        for follower in [TWO, THREE] {
            let (learned, _) = learned.iter().find(|(_, broker)| *broker == follower).expect("it learns it");
            assert!(learned.at.since(advanced.at) <= ms(300) + LATENCY_MAX);
        }
    });
}

#[test]
fn a_follower_that_dies_comes_back_with_the_high_watermark_on_its_disk() {
    let dead = json!({
        "cluster": { "config": { "replica.high.watermark.checkpoint.interval.ms": 3000 } },
        "producers": [shop(100, 100, json!({}))],
        "faults": [{ "when": { "at_ms": 8000 }, "do": { "crash": 2, "restart_after_ms": 3000 } }]
    });
    on_each_seed(&dead, |run| {
        let stopped = run.first_of(EventKind::NodeStopped);
        let written = facts!(run, Event::HighWatermarksCheckpointed { broker: TWO } => ());
        let (written, ()) =
            written.iter().rfind(|(written, ())| written.before(&stopped)).expect("it was written");
        let on_disk = written.taken.replica(TWO).high_watermark;
        let back = facts!(run, Event::BecameFollower { broker: TWO, high_watermark, .. } => *high_watermark);
        let (_, back) = back.iter().find(|(fact, _)| stopped.before(fact)).expect("it follows again");
        assert_eq!(*back, on_disk);
        assert!(on_disk < stopped.taken.replica(ONE).high_watermark, "the checkpoint was behind");
    });
}

#[test]
fn a_follower_that_stops_in_good_order_comes_back_with_the_high_watermark_it_had() {
    let stopped = json!({
        "cluster": { "config": { "replica.high.watermark.checkpoint.interval.ms": 3000 } },
        "producers": [shop(100, 100, json!({}))],
        "faults": [{ "when": { "at_ms": 8000 }, "do": { "shutdown": 2, "restart_after_ms": 3000 } }]
    });
    on_each_seed(&stopped, |run| {
        let stopped = run.first_of(EventKind::NodeStopped);
        let back = facts!(run, Event::BecameFollower { broker: TWO, high_watermark, .. } => *high_watermark);
        let (_, back) = back.iter().find(|(fact, _)| stopped.before(fact)).expect("it follows again");
        assert_eq!(*back, stopped.taken.replica(TWO).high_watermark);
        assert_eq!(stopped.node, NodeId::CONTROLLER, "a life's end is told by the driver");
    });
}
