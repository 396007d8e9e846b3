//! The real machines without a network: what one sends the other takes at once, and the clock jumps from deadline to
//! deadline. For what a scenario cannot ask for.

use std::collections::VecDeque;
use std::sync::Arc;

use highwater_model::event::Event;
use highwater_model::ids::{NodeId, RecordId};
use highwater_model::machine::{Command, Effects, Input, Machine};
use highwater_model::record::Record;
use highwater_model::time::Instant;
use highwater_sim::crew::{Actor, Cluster};
use highwater_sim::driver::Crew;
use highwater_sim::prepared::Prepared;

use super::{ORDERS_0, SHOP};

/// Machines that take turns.
pub(crate) struct Lockstep {
    crew: Cluster,
    machines: Vec<Actor>,
    now: Instant,
    due: VecDeque<(NodeId, Input)>,
    sent: u32,
    /// Everything that has happened.
    pub(crate) events: Vec<Event>,
}

impl Lockstep {
    /// All machines of a scenario, started. Its workload and its faults are left to the test.
    pub(crate) fn new(prepared: &Arc<Prepared>) -> Self {
        let mut crew = Cluster::new(prepared, 0);
        let nodes = (0..prepared.plan.names.nodes.len() as u16).map(NodeId);
        let machines = nodes.clone().map(|node| crew.start(node)).collect();
        let due = nodes.map(|node| (node, Input::Start)).collect();
        Self { crew, machines, now: Instant::START, due, sent: 0, events: Vec::new() }
    }

    /// The application sends this many records.
    pub(crate) fn produce(&mut self, records: u32) -> &mut Self {
        for _ in 0..records {
            let record = Record { value: RecordId::new(SHOP, self.sent), content: None, size_bytes: 100 };
            self.sent += 1;
            let send = Command::Send { topic: ORDERS_0.topic, partition: None, record };
            self.due.push_back((SHOP, Input::Command(send)));
        }
        self
    }

    /// The node's process dies and another takes its place. What was on its way to it is gone.
    pub(crate) fn replace(&mut self, node: NodeId) -> &mut Self {
        self.machines[usize::from(node.0)] = self.crew.start(node);
        self.due.retain(|(to, input)| {
            *to != node && !matches!(input, Input::Message { from, .. } if *from == node)
        });
        self.due.push_back((node, Input::Start));
        self
    }

    /// Lets everything happen that happens up to this moment.
    pub(crate) fn run_until(&mut self, end: Instant) -> &mut Self {
        while let Some((node, input)) = self.due.pop_front().or_else(|| self.deadline(end)) {
            let mut effects = Effects::default();
            self.machines[usize::from(node.0)].handle(self.now, input, &mut effects);
            self.events.append(&mut effects.events);
            for sent in effects.sends {
                self.due.push_back((sent.to, Input::Message { from: node, message: sent.message }));
            }
        }
        self.now = end;
        self
    }

    /// The next deadline, if it has come by `end`. The clock moves there.
    fn deadline(&mut self, end: Instant) -> Option<(NodeId, Input)> {
        let deadlines = (0..).map(NodeId).zip(&self.machines);
        let next = deadlines.filter_map(|(node, machine)| Some((machine.next_deadline()?, node))).min();
        let (at, node) = next.filter(|(at, _)| *at <= end)?;
        self.now = self.now.max(at);
        Some((node, Input::Deadline))
    }
}
