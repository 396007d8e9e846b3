//! One record, from the application that sends it to the one that reads it. Begin here.
//!
//! Three brokers, numbered 1 to 3, hold a replica each of the partition `orders-0`; broker 1 leads it. The producer `shop`
//! sends one record with acks=-1, the consumer `billing-0` waits for it. Each replica has a log, whose end is called
//! LEO, and a high watermark, HW: what lies below it every in-sync replica is known to have. Pictures below show HW/LEO of
//! brokers 1, 2 and 3.
//!
//! Every step of a run is one input to one machine, and knows the step that sent it that input: its cause. So the record
//! can be followed from cause to effect.

use highwater_model::event::{Event, EventKind};
use highwater_model::ids::{BrokerId, NodeId, Offset, RecordId};
use serde_json::json;

use crate::support::{
    Fact, LATENCY_MAX, ONE, ORDERS_0, Run, SHOP, THREE, TWO, at, ms, on_each_seed, scenario,
};

const BILLING_0: NodeId = NodeId(5);

/// The first event of a kind that came of a step directly, at a node.
fn comes_of<'a>(run: &'a Run, cause: &Fact<'_>, node: impl Into<NodeId>, kind: EventKind) -> Fact<'a> {
    let node = node.into();
    run.all(kind)
        .into_iter()
        .find(|fact| fact.node == node && fact.taken.step.cause == cause.taken.step.id)
        .unwrap_or_else(|| panic!("{} at node {node} did not come of {:?}", kind.name(), cause.event))
}

/// The same step tells of an event of this kind too.
fn in_the_same_step<'a>(run: &'a Run, fact: &Fact<'_>, kind: EventKind) -> Fact<'a> {
    let step = fact.taken.step.id;
    let found = run.all(kind).into_iter().find(|other| other.taken.step.id == step);
    found.unwrap_or_else(|| panic!("{} is not in the step of {:?}", kind.name(), fact.event))
}

/// The record comes when the consumer has joined its group and waits for it: a new group waits for more members for
/// group.initial.rebalance.delay.ms, 3 s. How members share partitions out is told in `behaviours/groups.rs`.
#[test]
fn a_record_walks_from_its_producer_through_the_replicas_to_its_consumer() {
    let producer = json!({
        "name": "shop", "topic": "orders", "records": 1, "every_ms": 0, "start_ms": 4300, "config": { "acks": "-1" }
    });
    on_each_seed(&json!({ "producers": [producer], "duration_ms": 8_000 }), walk);
}

fn walk(run: &Run) {
    let the_record = RecordId::new(SHOP, 0);

    // The application hands the record to the producer. It may wait for company (linger.ms), but not here: the producer
    // sends it at once, alone in its batch, to the broker that it takes for the leader.
    let sent = run.first_of(EventKind::RecordSent);
    assert!(matches!(sent.event, Event::RecordSent { record, .. } if record.value == the_record));
    assert_eq!((sent.node, sent.at), (SHOP, at(4_300)));
    let produced = in_the_same_step(run, &sent, EventKind::ProduceSent);
    assert!(
        matches!(*produced.event, Event::ProduceSent { broker: ONE, first, count: 1, .. } if first == the_record)
    );
    assert_eq!(produced.taken.watermarks(), "0/0 0/0 0/0");

    // The leader writes it to its log. With acks=-1 it does not answer yet: the produce waits in what Kafka calls the
    // purgatory.
    let appended = comes_of(run, &produced, ONE, EventKind::RecordsAppended);
    assert_eq!(appended.taken.watermarks(), "0/1 0/0 0/0");
    assert!(!appended.taken.holds(EventKind::ProduceAcknowledged));

    // Both followers had asked for offset 0 some time ago, and the leader had kept their fetches waiting because there was
    // nothing to send. Now there is, and they write it to their logs. The HW that came along is still 0.
    let copied = [TWO, THREE].map(|follower| comes_of(run, &appended, follower, EventKind::RecordsFetched));
    for copied in &copied {
        assert!(matches!(*copied.event, Event::RecordsFetched { from: Offset(0), to: Offset(1), .. }));
    }

    // A follower never says what it has. It asks for what it lacks: a fetch at offset 1 tells the leader that the follower's
    // log ends there.
    let asked = copied.map(|copied| comes_of(run, &copied, ONE, EventKind::FollowerFetched));
    for asked in &asked {
        assert!(matches!(
            *asked.event,
            Event::FollowerFetched { offset: Offset(1), leader_end: Offset(1), .. }
        ));
    }
    let [earlier, later] = if asked[0].before(&asked[1]) { asked } else { [asked[1], asked[0]] };

    // After the first of the two fetches one replica could still lack the record, and nothing happens. With the second,
    // the leader knows it on every in-sync replica and raises the HW.
    assert!(!earlier.taken.holds(EventKind::HighWatermarkAdvanced));
    assert_eq!(earlier.taken.replica(ONE).high_watermark, Offset(0));
    let advanced = in_the_same_step(run, &later, EventKind::HighWatermarkAdvanced);
    assert!(matches!(*advanced.event, Event::HighWatermarkAdvanced { from: Offset(0), to: Offset(1), .. }));
    assert_eq!(advanced.taken.watermarks(), "1/1 0/1 0/1");

    // In that very step the produce is let out of the purgatory and answered, and the consumer, whose fetch was waiting
    // too, is served: it may see what lies below the HW.
    in_the_same_step(run, &advanced, EventKind::Replicated);
    let acknowledged = in_the_same_step(run, &advanced, EventKind::ProduceAcknowledged);
    let served = in_the_same_step(run, &advanced, EventKind::RecordsServed);
    assert!(matches!(
        *served.event,
        Event::RecordsServed { from: Offset(0), to: Offset(1), high_watermark: Offset(1), .. }
    ));

    // The producer tells its application that the record is safe, and where it is.
    let told = comes_of(run, &acknowledged, SHOP, EventKind::SendAcknowledged);
    assert!(matches!(
        *told.event,
        Event::SendAcknowledged { partition: ORDERS_0, base_offset: Some(Offset(0)), .. }
    ));

    // The consumer hands it to its own.
    let polled = comes_of(run, &served, BILLING_0, EventKind::RecordsPolled);
    let Event::RecordsPolled { batch, .. } = polled.event else { unreachable!("it is of that kind") };
    assert_eq!(batch.record_at(Offset(0)).map(|record| record.value), Some(the_record));

    // The followers are the last to learn that it is committed. The HW travels with the answers to their fetches, and the
    // fetch that raised it is waiting for more records, for up to replica.fetch.wait.max.ms: half a second. If the leader
    // died before that, a follower would cut the record off again: see behaviours/truncation.rs.
    let learned = [TWO, THREE].map(|follower| learns(run, follower));
    for learned in learned {
        assert!(advanced.before(&learned));
        assert!(learned.at <= advanced.at + ms(500) + LATENCY_MAX);
    }
    let last = run.steps.last().expect("there were steps");
    assert_eq!(last.watermarks(), "1/1 1/1 1/1");
}

fn learns(run: &Run, follower: BrokerId) -> Fact<'_> {
    run.first("the follower learns the HW", |event| {
        matches!(*event, Event::HighWatermarkLearned { broker, to: Offset(1), .. } if broker == follower)
    })
}

/// A walk is a walk whatever the network does, as long as nobody fails: the scenario is the same for every seed.
#[test]
fn the_same_walk_takes_other_times_on_other_seeds() {
    let prepared = scenario(&json!({}));
    let acknowledged = |seed| Run::play(&prepared, seed).first_of(EventKind::ProduceAcknowledged).at;
    assert_ne!(acknowledged(1), acknowledged(2));
}
