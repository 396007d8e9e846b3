//! What clients are asked to do.
//!
//! The application outlives its producer: when that has crashed and is there again, the application hands over once more, in order
//! and at once, whatever it has heard nothing of, and then goes on. It knows no better: what it has heard nothing of may be
//! written or not. A record keeps its value, and so a judge knows it for the same.
//!
//! The application of a transactional producer puts its records into transactions: see [`scripts`]. It has heard of a record once
//! its transaction has ended, and hands over again what belonged to one of which it heard nothing.

mod scripts;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use highwater_model::event::Event;
use highwater_model::ids::{NodeId, RecordId};
use highwater_model::machine::Command;
use highwater_model::record::{Content, Record};
use highwater_model::time::{Instant, Micros};

use crate::scenario::format::RandomFault;
use crate::scenario::plan::{Plan, PlannedAction, PlannedProducer, PlannedTarget};
use scripts::Script;

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
    /// How many records each was asked for at least once; in the plan's order.
    asked: Vec<u32>,
    left: u64,
    /// Only of producers that may crash, so that nobody else pays for it.
    ledgers: BTreeMap<NodeId, Ledger>,
    /// By place in the plan; none for producers without transactions. Empty if all are.
    scripts: Vec<Option<Script>>,
}

/// What an application remembers of what it handed over.
#[derive(Default)]
struct Ledger {
    /// How often the producer has died. What was to be asked of an earlier life is not asked.
    life: u32,
    /// Records that were handed over and not told of since, by number.
    untold: BTreeSet<u32>,
    /// Those of them that are to be handed over again.
    again: VecDeque<u32>,
    /// The records handed over so far, transaction after transaction, of those whose ends nobody has told of yet.
    transactions: VecDeque<Vec<u32>>,
    /// A record is told of only with the end of its transaction.
    transactional: bool,
}

impl Workload {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mortal = plan.producers.iter().filter(|producer| may_crash(plan, producer.node));
        Self {
            asked: vec![0; plan.producers.len()],
            left: plan.producers.iter().map(|producer| u64::from(producer.records)).sum(),
            ledgers: mortal.map(|producer| (producer.node, Ledger::of(producer))).collect(),
            scripts: scripts::scripts(plan),
        }
    }

    /// How many records no producer has been asked for, or has to be asked for again.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// The first time of each producer that has anything to do.
    pub(crate) fn starts(plan: &Plan) -> impl Iterator<Item = (NodeId, Instant)> {
        let busy = plan.producers.iter().filter(|producer| producer.records > 0);
        busy.map(|producer| (producer.node, producer.start))
    }

    /// What the producer at `node` is asked for next in this life, and when it is to be asked again.
    pub(crate) fn next(
        &mut self,
        plan: &Plan,
        keys: &Keys,
        node: NodeId,
        life: u32,
    ) -> Option<(Command, Option<Instant>)> {
        let place = plan.producers.iter().position(|producer| producer.node == node)?;
        let producer = &plan.producers[place];
        if self.scripts.get(place).is_some_and(Option::is_some) {
            return self.next_of_script(keys, place, producer, life);
        }
        let number = self.number(place, producer, life)?;
        self.left -= 1;
        Some((send(producer, keys, number), self.due(place, producer)))
    }

    /// The next record: one that is to be handed over again, or the next one of the schedule.
    fn number(&mut self, place: usize, producer: &PlannedProducer, life: u32) -> Option<u32> {
        let fresh = self.asked[place];
        let Some(ledger) = self.ledgers.get_mut(&producer.node) else {
            self.asked[place] += 1;
            return (fresh < producer.records).then_some(fresh);
        };
        if ledger.life != life {
            return None;
        }
        if let Some(number) = ledger.again.pop_front() {
            return Some(number);
        }
        if fresh == producer.records {
            return None;
        }
        self.asked[place] += 1;
        ledger.untold.insert(fresh);
        Some(fresh)
    }

    /// When the next record is due; what is to be handed over again has been due all the time.
    fn due(&self, place: usize, producer: &PlannedProducer) -> Option<Instant> {
        if self.ledgers.get(&producer.node).is_some_and(|ledger| !ledger.again.is_empty()) {
            return Some(Instant::START);
        }
        let number = self.asked[place];
        (number < producer.records)
            .then(|| producer.start + Micros(producer.every.0.saturating_mul(u64::from(number))))
    }

    // ---- producers that may crash ----

    /// Whether anyone has to [`hear`](Self::hear) what producers tell.
    #[inline]
    pub(crate) fn keeps_ledgers(&self) -> bool {
        !self.ledgers.is_empty()
    }

    /// An application is told how it went; that something failed is an answer too.
    pub(crate) fn hear(&mut self, event: &Event) {
        if let Event::TransactionEnded { client, .. } = event
            && let Some(ledger) = self.ledgers.get_mut(client)
        {
            ledger.transaction_over();
        } else if let Event::SendAcknowledged { client, records, .. }
        | Event::SendFailed { client, records, .. } = event
            && let Some(ledger) = self.ledgers.get_mut(client)
            && !ledger.transactional
        {
            for record in records.iter() {
                ledger.untold.remove(&record.value.number());
            }
        }
    }

    /// A producer is dead: what its application has not been told of it will hand over again.
    pub(crate) fn died(&mut self, node: NodeId) {
        self.left -= u64::from(self.cut_short(node));
        let Some(ledger) = self.ledgers.get_mut(&node) else { return };
        ledger.life += 1;
        self.left -= ledger.again.len() as u64;
        ledger.transactions.clear();
        ledger.again = ledger.untold.iter().copied().collect();
        self.left += ledger.again.len() as u64;
    }

    /// A producer lives again: the number of this life, and when it is to be asked, if there is anything left to ask for.
    pub(crate) fn revived(&self, plan: &Plan, node: NodeId) -> Option<(u32, Instant)> {
        let ledger = self.ledgers.get(&node)?;
        let place = plan.producers.iter().position(|producer| producer.node == node)?;
        let producer = &plan.producers[place];
        let due = match self.scripts.get(place) {
            Some(Some(_)) => self.due_of_script(place, producer),
            Some(None) | None => self.due(place, producer),
        };
        Some((ledger.life, due?))
    }
}

/// Whether any fault of the plan can end this producer's life.
fn may_crash(plan: &Plan, node: NodeId) -> bool {
    let by_chance = plan.random.as_ref().and_then(|random| random.weights.get(&RandomFault::CrashClient));
    by_chance.is_some_and(|&weight| weight > 0)
        || plan.faults.iter().any(|fault| {
            let PlannedAction::Crash { target, .. } = fault.action else { return false };
            target == PlannedTarget::Node(node) || target == PlannedTarget::EventClient
        })
}

fn send(producer: &PlannedProducer, keys: &Keys, number: u32) -> Command {
    let content = producer.keys.map(|keys_used| Arc::clone(&keys[(number % keys_used.max(1)) as usize]));
    let value = RecordId::new(producer.node, number);
    let record = Record { value, content, size_bytes: producer.record_bytes };
    Command::Send { topic: producer.topic, partition: producer.partition, record }
}

#[cfg(test)]
#[path = "workload_test.rs"]
mod workload_test;
