//! What the application of a transactional producer does: it begins a transaction, hands over so many records, ends it, and
//! goes on. Every so many transactions it aborts.
//!
//! What belonged to a transaction that was aborted, by itself or because something of it failed, is not handed over again. A
//! producer that was fenced has told of no end: if it is started again, its application begins with what it was at.

use highwater_model::ids::NodeId;
use highwater_model::machine::Command;
use highwater_model::time::Instant;

use super::{Keys, Ledger, Workload, send};
use crate::scenario::plan::{Plan, PlannedProducer, PlannedTransactions};

/// How far an application is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    node: NodeId,
    transactions: PlannedTransactions,
    /// How many transactions have been ended, over all lives.
    ended: u32,
    /// How many records the open transaction has.
    open: Option<u32>,
}

/// What an application does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cue {
    Begin,
    Send,
    Commit,
    Abort,
}

/// The applications with transactions, by place in the plan; nothing if there is none.
pub(super) fn scripts(plan: &Plan) -> Vec<Option<Script>> {
    if plan.producers.iter().all(|producer| producer.transactions.is_none()) {
        return Vec::new();
    }
    let script = |producer: &PlannedProducer| {
        let node = producer.node;
        producer.transactions.map(|transactions| Script { node, transactions, ended: 0, open: None })
    };
    plan.producers.iter().map(script).collect()
}

impl Script {
    /// What comes next, if there is anything left to hand over or to end.
    fn next(&mut self, more: bool) -> Option<Cue> {
        let Some(count) = self.open else {
            return more.then(|| {
                self.open = Some(0);
                Cue::Begin
            });
        };
        if more && count < self.transactions.records {
            self.open = Some(count + 1);
            return Some(Cue::Send);
        }
        self.open = None;
        self.ended += 1;
        let aborts = self.transactions.abort_every.is_some_and(|every| self.ended.is_multiple_of(every));
        Some(if aborts { Cue::Abort } else { Cue::Commit })
    }

    /// Whether the next thing to do has to wait for a record's time.
    fn waits_for_a_record(&self, more: bool) -> bool {
        more && self.open.is_none_or(|count| count < self.transactions.records)
    }
}

impl Ledger {
    pub(super) fn of(producer: &PlannedProducer) -> Self {
        Self { transactional: producer.transactions.is_some(), ..Self::default() }
    }

    /// The application was told how its oldest transaction ended.
    pub(super) fn transaction_over(&mut self) {
        for number in self.transactions.pop_front().unwrap_or_default() {
            self.untold.remove(&number);
        }
    }
}

impl Workload {
    /// What a transactional producer is asked for next in this life, and when it is to be asked again.
    pub(super) fn next_of_script(
        &mut self,
        keys: &Keys,
        place: usize,
        producer: &PlannedProducer,
        life: u32,
    ) -> Option<(Command, Option<Instant>)> {
        if self.ledgers.get(&producer.node).is_some_and(|ledger| ledger.life != life) {
            return None;
        }
        let more = self.due(place, producer).is_some();
        let cue = self.scripts[place].as_mut()?.next(more)?;
        let command = match cue {
            Cue::Begin => {
                self.left += 1;
                if let Some(ledger) = self.ledgers.get_mut(&producer.node) {
                    ledger.transactions.push_back(Vec::new());
                }
                Command::BeginTransaction
            }
            Cue::Send => {
                let number = self.number(place, producer, life)?;
                self.left -= 1;
                if let Some(ledger) = self.ledgers.get_mut(&producer.node)
                    && let Some(open) = ledger.transactions.back_mut()
                {
                    open.push(number);
                }
                send(producer, keys, number)
            }
            Cue::Commit | Cue::Abort => {
                self.left -= 1;
                if cue == Cue::Commit { Command::CommitTransaction } else { Command::AbortTransaction }
            }
        };
        Some((command, self.due_of_script(place, producer)))
    }

    /// A record has its time; the end of a transaction comes at once.
    pub(super) fn due_of_script(&self, place: usize, producer: &PlannedProducer) -> Option<Instant> {
        let due = self.due(place, producer);
        let script = self.scripts.get(place)?.as_ref()?;
        if script.waits_for_a_record(due.is_some()) {
            return due;
        }
        script.open.map(|_| Instant::START)
    }

    /// A producer is dead: whether a transaction was open then.
    pub(super) fn cut_short(&mut self, node: NodeId) -> bool {
        let script = self.scripts.iter_mut().flatten().find(|script| script.node == node);
        script.is_some_and(|script| script.open.take().is_some())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use highwater_model::event::Event;
    use highwater_model::ids::TransactionalId;
    use highwater_model::machine::Ending;

    use super::*;
    use crate::scenario::plan::PlannedTarget;
    use crate::testing::{at, crash, plan};

    const SHOP: NodeId = NodeId(4);

    fn plan_of_transactions(records: u32) -> Plan {
        let mut plan = plan(vec![at(1_000, crash(PlannedTarget::Node(SHOP), Ending::Process))]);
        let shop = &mut plan.producers[0];
        shop.records = records;
        shop.transactions =
            Some(PlannedTransactions { id: TransactionalId(0), records: 2, abort_every: Some(2) });
        plan
    }

    /// All that the application asks for in a life: `B`, a record's number, `C` or `A`.
    fn asked(plan: &Plan, workload: &mut Workload, life: u32, most: usize) -> String {
        let keys = super::super::keys(plan);
        let mut said = Vec::new();
        while said.len() < most
            && let Some((command, again)) = workload.next(plan, &keys, SHOP, life)
        {
            said.push(match command {
                Command::BeginTransaction => "B".to_owned(),
                Command::CommitTransaction => "C".to_owned(),
                Command::AbortTransaction => "A".to_owned(),
                Command::Send { record, .. } => record.value.number().to_string(),
                Command::Close
                | Command::ControlledShutdown
                | Command::Shutdown
                | Command::PreferredElection(_)
                | Command::CreatePartitions { .. } => panic!("{command:?}"),
            });
            if again.is_none() {
                break;
            }
        }
        said.join(" ")
    }

    #[test]
    fn records_are_put_into_transactions_and_every_second_is_aborted() {
        let plan = plan_of_transactions(5);
        let mut workload = Workload::new(&plan);
        assert_eq!(asked(&plan, &mut workload, 0, 99), "B 0 1 C B 2 3 A B 4 C");
        assert_eq!(workload.left(), 0);
    }

    #[test]
    fn what_belongs_to_no_transaction_that_was_told_of_comes_again_after_a_restart() {
        let plan = plan_of_transactions(5);
        let mut workload = Workload::new(&plan);
        assert_eq!(asked(&plan, &mut workload, 0, 6), "B 0 1 C B 2");
        let (client, transaction) = (SHOP, TransactionalId(0));
        workload.hear(&Event::TransactionEnded { client, transaction, number: 0, commit: true });
        let record = highwater_model::record::Record {
            value: highwater_model::ids::RecordId::new(SHOP, 2),
            content: None,
            size_bytes: 1,
        };
        let (partition, base_offset) = (Default::default(), None);
        workload.hear(&Event::SendAcknowledged {
            client,
            partition,
            base_offset,
            records: Arc::from([record]),
        });
        workload.died(SHOP);
        let (life, _) = workload.revived(&plan, SHOP).expect("there is more to do");
        assert_eq!(asked(&plan, &mut workload, life, 99), "B 2 3 A B 4 C");
        assert_eq!(workload.left(), 0);
    }
}
