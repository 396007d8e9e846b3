//! A run as a timeline with the state of the replica that each event is about: one line an event, in fixed columns.
//!
//! ```text
//!           ms      step  who          role  epoch  HW/LEO     ISR      what happened
//!     1204.250      #381  broker-2     L     3      90/95      {1,2}    became leader of orders-0 in epoch 3 (HW 90, LEO 95)
//! ```
//!
//! The columns are of the event's partition on the broker whose step it was, as they are after the step: L, F or `-` for what the
//! replica takes itself for, its epoch, its high watermark and log end, and the ISR that a leader believes in. For the
//! controller (C) they are its own truth. What clients and the simulation itself do has no such state.

use std::fmt::Write as _;

use highwater_model::event::{Event, Step};
use highwater_model::ids::{BrokerSet, NodeId, TopicPartition};
use highwater_model::names::Names;
use highwater_model::time::Instant;
use highwater_model::view::{ClusterView, PartitionView, ReplicaView, Role};

use super::trace::{actor, describe, told_by_the_driver};

/// Which events a timeline shows. All that is set must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Not before this.
    pub from: Option<Instant>,
    /// Not after this.
    pub until: Option<Instant>,
    /// Only what this node does, or what is about it.
    pub actor: Option<NodeId>,
    /// Only what is about this partition, and the lives, links and faults that any may hang on.
    pub partition: Option<TopicPartition>,
}

/// Writes a timeline's lines.
#[derive(Clone, Copy, Debug)]
pub struct Timeline<'a> {
    names: &'a Names,
    /// The widths of the columns of nodes and of ISRs.
    widths: (usize, usize),
}

/// What stands in the columns of an event.
#[derive(Default)]
struct State {
    role: &'static str,
    epoch: String,
    ends: String,
    isr: String,
}

impl<'a> Timeline<'a> {
    /// A timeline of a run with these names.
    pub fn new(names: &'a Names) -> Self {
        let node = names.nodes.iter().map(|name| name.chars().count()).max().unwrap_or(1);
        let all = (1..=names.brokers).map(highwater_model::ids::BrokerId).collect::<BrokerSet>();
        Self { names, widths: (node, all.to_string().len().max(3)) }
    }

    /// What the columns are.
    pub fn header(&self) -> String {
        let state = State {
            role: "role",
            epoch: "epoch".to_owned(),
            ends: "HW/LEO".to_owned(),
            isr: "ISR".to_owned(),
        };
        let mut text = String::new();
        self.line(["ms", "step", "who", "what happened"], &state, &mut text);
        text
    }

    /// Adds an event's line to `text`, with its line feed. The view is as the step left it.
    pub fn write(&self, step: &Step, event: &Event, view: &ClusterView, text: &mut String) {
        let what = describe(self.names, event);
        let (at, number) = (step.at.to_string(), format!("#{}", step.id.0));
        let who = actor(self.names, step, event);
        self.line([&at, &number, who, &what], &state(step, event, view), text);
    }

    fn line(&self, [at, number, who, what]: [&str; 4], state: &State, text: &mut String) {
        let (node, isr) = self.widths;
        let State { role, epoch, ends, isr: members } = state;
        writeln!(
            text,
            "{at:>12}{number:>10}  {who:<node$}  {role:<4}  {epoch:<5}  {ends:<11}  {members:<isr$}  {what}"
        )
        .expect("a String takes all that is written");
    }
}

fn state(step: &Step, event: &Event, view: &ClusterView) -> State {
    let Some(partition) = event.partition().and_then(|it| view.partition(it)) else {
        return State::default();
    };
    if told_by_the_driver(event) {
        return State::default();
    }
    if step.node == NodeId::CONTROLLER {
        return of_controller(partition);
    }
    let broker = step.node.as_broker(view.brokers.len() as u8);
    broker.and_then(|broker| partition.replica(broker)).map(of_replica).unwrap_or_default()
}

fn of_controller(partition: &PartitionView) -> State {
    let controller = &partition.controller;
    State {
        role: "C",
        epoch: controller.leader_epoch.to_string(),
        ends: String::new(),
        isr: controller.isr.to_string(),
    }
}

fn of_replica(replica: &ReplicaView) -> State {
    State {
        role: match replica.role {
            Role::Leader => "L",
            Role::Follower => "F",
            Role::Offline => "-",
        },
        epoch: replica.leader_epoch.to_string(),
        ends: format!("{}/{}", replica.high_watermark, replica.log_end),
        isr: if replica.role == Role::Leader { replica.isr.to_string() } else { String::new() },
    }
}

impl Filter {
    /// Whether it lets this event through.
    pub fn passes(&self, step: &Step, event: &Event) -> bool {
        let late_enough = self.from.is_none_or(|from| step.at >= from);
        let early_enough = self.until.is_none_or(|until| step.at <= until);
        late_enough
            && early_enough
            && self.actor.is_none_or(|node| concerns(step, event, node))
            && self.partition.is_none_or(|wanted| match event.partition() {
                Some(partition) => partition == wanted,
                None => told_by_the_driver(event) && !matches!(event, Event::MessageDropped { .. }),
            })
    }
}

/// Whether a node does this, or it is about the node.
fn concerns(step: &Step, event: &Event, node: NodeId) -> bool {
    if let Event::NodeStopped { node: of, .. }
    | Event::NodeRestarted { node: of }
    | Event::NodePaused { node: of }
    | Event::NodeResumed { node: of } = event
    {
        *of == node
    } else if let Event::LinkCut { from, to }
    | Event::LinkHealed { from, to }
    | Event::LinkDegraded { from, to }
    | Event::MessageDropped { from, to, .. } = event
    {
        [*from, *to].contains(&node)
    } else {
        let does = step.node == node && !told_by_the_driver(event);
        does || event.broker().map(NodeId::from) == Some(node) || event.client() == Some(node)
    }
}

#[cfg(test)]
#[path = "timeline_test.rs"]
mod timeline_test;
