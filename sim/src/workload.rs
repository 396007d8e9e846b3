//! What clients are asked to do.

use std::sync::Arc;

use highwater_model::ids::{NodeId, RecordId};
use highwater_model::machine::Command;
use highwater_model::record::{Content, Record};
use highwater_model::time::{Instant, Micros};

use crate::scenario::plan::{Plan, PlannedProducer};

/// The keys of records, made once a plan.
pub(crate) type Keys = Vec<Arc<Content>>;

/// As many keys as any producer of the plan can use.
pub(crate) fn keys(plan: &Plan) -> Keys {
    let wanted = plan.producers.iter().filter_map(|producer| Some(producer.keys?.min(producer.records)));
    let key = |number: u32| Content::Key(format!("key-{number}").into_bytes().into());
    (0..wanted.max().unwrap_or(0)).map(|number| Arc::new(key(number))).collect()
}

/// How far each producer's work has come. One entry a producer is on the wire at a time: the next record's.
pub(crate) struct Workload {
    /// In the plan's order.
    asked: Vec<u32>,
    left: u64,
}

impl Workload {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            asked: vec![0; plan.producers.len()],
            left: plan.producers.iter().map(|producer| u64::from(producer.records)).sum(),
        }
    }

    /// How many records no producer has been asked for.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// The first time of each producer that has anything to do.
    pub(crate) fn starts(plan: &Plan) -> impl Iterator<Item = (NodeId, Instant)> {
        let busy = plan.producers.iter().filter(|producer| producer.records > 0);
        busy.map(|producer| (producer.node, producer.start))
    }

    /// What the producer at `node` is asked for next, and when it is to be asked again.
    pub(crate) fn next(
        &mut self,
        plan: &Plan,
        keys: &Keys,
        node: NodeId,
    ) -> Option<(Command, Option<Instant>)> {
        let place = plan.producers.iter().position(|producer| producer.node == node)?;
        let producer = &plan.producers[place];
        let number = self.asked[place];
        if number == producer.records {
            return None;
        }
        self.asked[place] += 1;
        self.left -= 1;
        let again = (number + 1 < producer.records).then(|| due(producer, number + 1));
        Some((send(producer, keys, number), again))
    }
}

fn due(producer: &PlannedProducer, number: u32) -> Instant {
    producer.start + Micros(producer.every.0.saturating_mul(u64::from(number)))
}

fn send(producer: &PlannedProducer, keys: &Keys, number: u32) -> Command {
    let content = producer.keys.map(|keys_used| Arc::clone(&keys[(number % keys_used.max(1)) as usize]));
    let value = RecordId::new(producer.node, number);
    let record = Record { value, content, size_bytes: producer.record_bytes };
    Command::Send { topic: producer.topic, partition: producer.partition, record }
}
