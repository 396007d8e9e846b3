//! A fault strikes, and ends.

use highwater_model::event::{Event, StepId};
use highwater_model::ids::{BrokerId, NodeId};
use highwater_model::machine::Command;
use highwater_model::time::Micros;

use super::resolve::Resolver;
use super::{Act, Source, Strike};
use crate::driver::{Observer, Turn};
use crate::lives::Stopping;
use crate::wire::Errand;
use crate::world::World;

/// What ends a fault that is under way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mend {
    /// The node goes on.
    Resume(NodeId),
    /// The links are whole.
    Links(Vec<(NodeId, NodeId)>),
    /// The link behaves.
    Degraded { from: NodeId, to: NodeId },
    /// The follower's fetches flow.
    Lag(BrokerId),
}

impl<O: Observer> World<O> {
    /// Strikes. Some faults need the driver's hand: they are a turn.
    pub(crate) fn strike(&mut self, strike: &Strike, cause: StepId) -> Option<Turn> {
        let act = self.resolve(strike).filter(|act| self.has_target(act));
        if let Some(decisions) = &self.decisions {
            decisions.note(strike.decided(self.now(), act.clone()));
        }
        let Some(act) = act else {
            self.tell(cause, vec![strike.missed()]);
            return None;
        };
        let struck = strike.struck();
        match act {
            Act::Crash { node, ending, keeps, restart_after } => {
                let restart_at = restart_after.map(|after| self.now() + after);
                Some(self.stop(Stopping { node, ending, keeps, restart_at, cause, events: vec![struck] }))
            }
            Act::Shutdown { node, controlled, restart_after } => {
                let step = self.tell(cause, vec![struck]);
                self.restarts[usize::from(node.0)] = restart_after.map(|after| self.now() + after);
                let command = match (self.is_broker(node), controlled) {
                    (true, true) => Command::ControlledShutdown,
                    (true, false) => Command::Shutdown,
                    (false, _) => Command::Close,
                };
                self.wire.command(node, command, step);
                None
            }
            Act::Leave { node } => {
                let step = self.tell(cause, vec![struck]);
                self.restarts[usize::from(node.0)] = None;
                self.away[usize::from(node.0)] = true;
                self.wire.command(node, Command::Close, step);
                None
            }
            Act::Join { node } => {
                let step = self.tell(cause, vec![struck]);
                self.away[usize::from(node.0)] = false;
                self.restart(node, step)
            }
            Act::Pause { node, lasts } => Some(self.pause(node, lasts, cause, struck)),
            Act::Cut { links, lasts } => {
                self.cut(links, lasts, cause, struck);
                None
            }
            Act::Degrade { from, to, degraded, lasts } => {
                let step = self.tell(cause, vec![struck, Event::LinkDegraded { from, to }]);
                let owner = self.will_mend(Mend::Degraded { from, to }, lasts, step);
                self.wire.degrade(from, to, owner, degraded);
                None
            }
            Act::Lag { broker, delay, lasts } => {
                let step = self.tell(cause, vec![struck, Event::FollowerLagged { broker, delay }]);
                let owner = self.will_mend(Mend::Lag(broker), lasts, step);
                self.wire.lag(broker.into(), owner, delay);
                None
            }
            Act::Drop(rule) => {
                self.tell(cause, vec![struck]);
                self.wire.add_drop(rule);
                None
            }
            Act::ElectPreferred(partition) => {
                let step = self.tell(cause, vec![struck]);
                self.wire.command(NodeId::CONTROLLER, Command::PreferredElection(partition), step);
                None
            }
            Act::CreatePartitions { topic, count } => {
                let step = self.tell(cause, vec![struck]);
                self.wire.command(NodeId::CONTROLLER, Command::CreatePartitions { topic, count }, step);
                None
            }
        }
    }

    fn resolve(&mut self, strike: &Strike) -> Option<Act> {
        if let Some(recorded) = &mut self.recorded {
            return recorded.act(strike);
        }
        match &strike.source {
            Source::Chance(act) => act.clone(),
            Source::Scenario => {
                let planned = self.prepared.plan.faults.iter().find(|fault| fault.index == strike.fault)?;
                let stream = self.fault_stream(strike.fault);
                Resolver { view: &self.view, wire: &self.wire, witness: strike.witness, stream }
                    .act(&planned.action)
            }
        }
    }

    /// Whether there is anything to strike: not if the node is down already, say.
    fn has_target(&self, act: &Act) -> bool {
        let runs = |node: NodeId| self.wire.is_running(node);
        match act {
            Act::Crash { node, .. } => *node != NodeId::CONTROLLER && runs(*node),
            Act::Shutdown { node, .. } => (self.is_broker(*node) || self.is_member(*node)) && runs(*node),
            Act::Leave { node } => self.is_member(*node) && runs(*node),
            Act::Join { node } => self.is_member(*node) && !runs(*node),
            Act::Pause { node, .. } => runs(*node) && !self.wire.is_paused(*node),
            Act::Cut { links, .. } => !links.is_empty(),
            Act::Degrade { from, to, .. } => from != to,
            Act::Lag { .. } | Act::Drop(_) | Act::ElectPreferred(_) | Act::CreatePartitions { .. } => true,
        }
    }

    fn pause(&mut self, node: NodeId, lasts: Option<Micros>, cause: StepId, struck: Event) -> Turn {
        if let Some(broker) = self.view_of(node) {
            broker.paused = true;
        }
        let step = self.tell(cause, vec![struck, Event::NodePaused { node }]);
        let owner = self.will_mend(Mend::Resume(node), lasts, step);
        self.pauses[usize::from(node.0)] = Some(owner);
        self.wire.pause(node);
        Turn::Pause { node }
    }

    fn cut(&mut self, links: Vec<(NodeId, NodeId)>, lasts: Option<Micros>, cause: StepId, struck: Event) {
        let mut events = vec![struck];
        for &(from, to) in &links {
            if self.wire.cut(from, to) {
                events.push(Event::LinkCut { from, to });
            }
        }
        let step = self.tell(cause, events);
        self.will_mend(Mend::Links(links), lasts, step);
    }

    /// Notes how to end a fault, and when unless only at the heal. Returns the number that the fault goes by until then.
    fn will_mend(&mut self, mend: Mend, lasts: Option<Micros>, step: StepId) -> u32 {
        let owner = self.mends.len() as u32;
        self.mends.push(Some((mend, step)));
        if let Some(lasts) = lasts {
            self.wire.errand(self.now() + lasts, Errand::Mend(owner), step);
        }
        owner
    }

    /// Ends a fault that is under way, unless that is done already.
    pub(crate) fn mend(&mut self, owner: u32, cause: Option<StepId>) -> Option<Turn> {
        let (mend, struck) = self.mends[owner as usize].take()?;
        let cause = cause.unwrap_or(struck);
        match mend {
            Mend::Resume(node) => return self.resume(node, owner, cause),
            Mend::Links(links) => {
                let healed = links.into_iter().filter(|&(from, to)| self.wire.mend(from, to));
                let events: Vec<Event> = healed.map(|(from, to)| Event::LinkHealed { from, to }).collect();
                self.tell_any(cause, events);
            }
            Mend::Degraded { from, to } => {
                if self.wire.undegrade(from, to, owner) {
                    self.tell(cause, vec![Event::LinkHealed { from, to }]);
                }
            }
            Mend::Lag(broker) => {
                if self.wire.unlag(broker.into(), owner) {
                    self.tell(cause, vec![Event::FollowerLagEnded { broker }]);
                }
            }
        }
        None
    }

    fn resume(&mut self, node: NodeId, owner: u32, cause: StepId) -> Option<Turn> {
        let pause = &mut self.pauses[usize::from(node.0)];
        if *pause != Some(owner) {
            return None;
        }
        *pause = None;
        if let Some(broker) = self.view_of(node) {
            broker.paused = false;
        }
        self.tell(cause, vec![Event::NodeResumed { node }]);
        self.wire.resume(node);
        self.leave_parked(node);
        Some(Turn::Resume { node })
    }

    fn tell_any(&mut self, cause: StepId, events: Vec<Event>) {
        if !events.is_empty() {
            self.tell(cause, events);
        }
    }
}
