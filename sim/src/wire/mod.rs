//! The simulated network and clock: everything that is on its way, and when it is due.
//!
//! One entry comes off at a time, in an order that is total (`queue::Key`): by time, then receiver, then sender, then the order
//! of sending. Kafka speaks over TCP, so a link is first in, first out, and what goes wrong with a link shows as TCP shows it:
//!
//! - Loss is delay: a lost segment is sent again after 200 ms, doubling, and what was sent behind it waits.
//! - A cut holds messages back and does not lose them, for TCP sends again until the link is whole. Those in flight are held when
//!   they would arrive; after the mending all arrive in order, each after a fresh latency.
//! - A process that dies breaks its connections: each peer hears of it behind what the dead one still had in flight, and a message
//!   that reaches a dead process, or a later life than it was meant for, comes back as a broken connection. A power failure
//!   tells nobody; peers learn of it when the machine is up again and knows nothing of their connections.
//! - A node that stands still takes nothing in; what reaches it waits, in order, and is delivered when it goes on.
//!
//! The one connection between two nodes is told from later ones by *sessions*: each end numbers its own, and a message carries both
//! ends' numbers.

mod links;
mod queue;
mod stations;
mod tamper;
#[cfg(test)]
#[path = "wire_test.rs"]
mod wire_test;

use std::sync::Arc;

use highwater_model::event::StepId;
use highwater_model::ids::NodeId;
use highwater_model::machine::{Command, Input};
use highwater_model::message::{Envelope, Message, MessageKind};
use highwater_model::time::{Instant, Micros};

pub(crate) use links::Degraded;
pub(crate) use queue::Errand;
pub(crate) use tamper::DropRule;

use self::links::Links;
use self::queue::{Due, Key, Load, Parcel, Place, Queue, Travel};
use self::stations::{Life, Station, Waiting};
use self::tamper::Departure;
use crate::seed::{Seed, StreamId};

/// The next thing to do.
#[derive(Debug)]
pub(crate) enum Next {
    /// A node gets an input.
    Input { node: NodeId, input: Input, cause: StepId },
    /// A producer is to be asked for its next record, if this is still the life that it was meant for.
    Ask { node: NodeId, life: u32 },
    /// The driver has something to do.
    Errand { errand: Errand, cause: StepId },
}

/// The network of one run.
pub(crate) struct Wire {
    now: Instant,
    queue: Queue,
    links: Links,
    /// By [`NodeId`].
    stations: Vec<Station>,
    names: Arc<[StreamId]>,
    drops: Vec<DropRule>,
    departures: Vec<Departure>,
    tickets: u64,
    sent: u64,
}

/// The streams of all links among nodes of these names, as [`Wire::new`] wants them.
pub(crate) fn link_streams(nodes: &[String]) -> Arc<[StreamId]> {
    let place = |place: usize| place.checked_sub(1).map_or("outside", |node| nodes[node].as_str());
    let places = nodes.len() + 1;
    (0..places * places)
        .map(|link| StreamId::of(&format!("link {} > {}", place(link / places), place(link % places))))
        .collect()
}

impl Wire {
    /// A network of `nodes` nodes that all run, with nothing on its way.
    pub(crate) fn new(nodes: usize, latency: (Micros, Micros), names: Arc<[StreamId]>, seed: Seed) -> Self {
        let mut stations = Vec::new();
        stations.resize_with(nodes, Station::default);
        Self {
            now: Instant::START,
            queue: Queue::default(),
            links: Links::new(nodes + 1, latency, seed),
            stations,
            names,
            drops: Vec::new(),
            departures: Vec::new(),
            tickets: 0,
            sent: 0,
        }
    }

    /// The time of what came off last.
    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    /// How many messages have left nodes so far, whatever became of them on their way.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// How many bytes hold what is on its way, held back by a cut, or waits for a node that stands still.
    pub(crate) fn held_bytes(&self) -> u64 {
        let waiting: usize = self.stations.iter().map(|station| station.backlog.len()).sum();
        self.queue.held_bytes() + ((waiting + self.links.held()) * size_of::<Parcel>()) as u64
    }

    /// All nodes.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.stations.len() as u16).map(NodeId)
    }

    /// Whether its process runs; it may stand still.
    pub(crate) fn is_running(&self, node: NodeId) -> bool {
        self.stations[usize::from(node.0)].life == Life::Running
    }

    /// Whether it stands still.
    pub(crate) fn is_paused(&self, node: NodeId) -> bool {
        self.stations[usize::from(node.0)].paused
    }

    // ---- what is put on ----

    /// The driver will do this at `at`, before anything is delivered at that instant.
    pub(crate) fn errand(&mut self, at: Instant, errand: Errand, cause: StepId) {
        self.push_outside(Place::OUTSIDE, at, Load::Errand(errand), cause);
    }

    /// A life of this node begins now.
    pub(crate) fn start(&mut self, node: NodeId, cause: StepId) {
        self.push_outside(node.into(), self.now, Load::Start, cause);
    }

    /// Someone outside wants something of this node now.
    pub(crate) fn command(&mut self, node: NodeId, command: Command, cause: StepId) {
        self.push_outside(node.into(), self.now, Load::Command(command), cause);
    }

    /// This producer will be asked for its next record at `at`, or now if that is past, unless its life is over by then.
    pub(crate) fn ask(&mut self, node: NodeId, life: u32, at: Instant) {
        self.push_outside(node.into(), at.max(self.now), Load::Ask(life), StepId(0));
    }

    /// Sends a message. Says of what kind it was if a scenario made it vanish.
    pub(crate) fn send(&mut self, from: NodeId, envelope: Envelope, cause: StepId) -> Option<MessageKind> {
        self.sent += 1;
        if !self.drops.is_empty()
            && let Some(kind) = self.dropped(from, &envelope)
        {
            return Some(kind);
        }
        if let Some(envelope) = self.lagging(from, envelope, cause) {
            self.post(from, envelope.to, envelope.message, cause);
        }
        None
    }

    /// The machine's next deadline, after each of its steps.
    #[inline]
    pub(crate) fn set_deadline(&mut self, node: NodeId, deadline: Option<Instant>, step: StepId) {
        let now = self.now;
        let station = &mut self.stations[usize::from(node.0)];
        if station.deadline != deadline {
            station.deadline = deadline;
            station.deadline_cause = step;
        }
        if let Some(deadline) = deadline {
            let at = deadline.max(now);
            if station.scheduled.is_none_or(|scheduled| at < scheduled) {
                self.set_timer(node, at);
            }
        }
    }

    fn set_timer(&mut self, node: NodeId, at: Instant) {
        self.stations[usize::from(node.0)].scheduled = Some(at);
        let place = node.into();
        let count = self.links.count(place, place);
        self.queue.push_timer(Key::new(at, place, place, count));
    }

    fn push_outside(&mut self, to: Place, at: Instant, load: Load, cause: StepId) {
        let (from, travel) = (Place::OUTSIDE, Travel::Arrived);
        let count = self.links.count(from, to);
        let parcel = Parcel { from, cause, from_session: 0, to_session: 0, travel, entered: false, load };
        self.queue.push(Key::new(at, to, from, count), parcel);
    }

    /// Puts a message on its link, opening a connection if there is none.
    fn post(&mut self, from: NodeId, to: NodeId, message: Message, cause: StepId) {
        let (from, to) = (Place::from(from), Place::from(to));
        let theirs = self.links.get(to, from).session;
        let link = self.links.get_mut(from, to);
        if link.peer == 0 {
            link.peer = theirs;
        }
        let (from_session, to_session) = (link.session, link.peer);
        let load = Load::Message(message);
        let travel = Travel::InOrder;
        self.enter_or_hold(
            to,
            Parcel { from, cause, from_session, to_session, travel, entered: false, load },
        );
    }

    /// Tells `to` that its connection with this session of `from` is broken.
    fn break_connection(&mut self, from: Place, to: Place, session: u32, cause: StepId) {
        let (load, travel) = (Load::Broken(session), Travel::InOrder);
        self.enter_or_hold(
            to,
            Parcel { from, cause, from_session: 0, to_session: 0, travel, entered: false, load },
        );
    }

    fn enter_or_hold(&mut self, to: Place, parcel: Parcel) {
        let count = self.links.count(parcel.from, to);
        match &mut self.links.get_mut(parcel.from, to).trouble {
            Some(trouble) if trouble.cuts > 0 => trouble.held.push((count, parcel)),
            Some(_) | None => {
                self.enter(to, count, parcel);
            }
        }
    }

    /// Puts something on a link that is whole; returns when it arrives.
    fn enter(&mut self, to: Place, count: u32, mut parcel: Parcel) -> Instant {
        let from = parcel.from;
        let arrival = self.links.arrival(from, to, self.now, &self.names);
        let copied = std::mem::replace(&mut parcel.entered, true);
        if let Some(at) = arrival.copy_at.filter(|_| !copied) {
            let count = self.links.count(from, to);
            let copy = Parcel { travel: Travel::Overtaking, ..parcel.clone() };
            self.queue.push(Key::new(at, to, from, count), copy);
        }
        if arrival.overtaking {
            parcel.travel = Travel::Overtaking;
        }
        self.queue.push(Key::new(arrival.at, to, from, count), parcel);
        arrival.at
    }

    // ---- what comes off ----

    /// Takes off what is due next, and moves the clock there. Nothing once nothing is on its way.
    pub(crate) fn pop(&mut self) -> Option<Next> {
        loop {
            let (key, due) = self.queue.pop()?;
            self.now = key.at();
            let next = match (due, key.to().node()) {
                (Due::Timer, Some(node)) => self.timer(node),
                (Due::Parcel(parcel), Some(node)) => self.arrive(node, key, parcel),
                (Due::Parcel(parcel), None) => self.take_errand(&parcel),
                (Due::Timer, None) => None,
            };
            if next.is_some() {
                return next;
            }
        }
    }

    fn timer(&mut self, node: NodeId) -> Option<Next> {
        let now = self.now;
        let station = &mut self.stations[usize::from(node.0)];
        if station.scheduled != Some(now) {
            return None;
        }
        station.scheduled = None;
        let deadline = station.deadline?;
        if deadline > now {
            self.set_timer(node, deadline);
            return None;
        }
        if station.paused {
            station.backlog.push(Waiting::Timer);
            return None;
        }
        Some(Next::Input { node, input: Input::Deadline, cause: station.deadline_cause })
    }

    fn take_errand(&mut self, parcel: &Parcel) -> Option<Next> {
        let Load::Errand(errand) = parcel.load else { return None };
        if let Errand::Depart(ticket) = errand {
            self.depart(ticket);
            return None;
        }
        Some(Next::Errand { errand, cause: parcel.cause })
    }

    /// A parcel has come to the end of its link.
    fn arrive(&mut self, node: NodeId, key: Key, parcel: Parcel) -> Option<Next> {
        let place = Place::from(node);
        if parcel.travel != Travel::Arrived {
            let link = self.links.get_mut(parcel.from, place);
            if let Some(trouble) = &mut link.trouble
                && trouble.cuts > 0
            {
                trouble.held.push((key.count(), parcel));
                return None;
            }
            if key.at() < link.floor && parcel.travel == Travel::InOrder {
                let floor = link.floor;
                self.queue.push(key.moved_to(floor), parcel);
                return None;
            }
        }
        if let Load::Message(_) = parcel.load
            && (!self.is_running(node) || self.links.get(place, parcel.from).session != parcel.to_session)
        {
            self.refuse(node, &parcel);
            return None;
        }
        let station = &mut self.stations[usize::from(node.0)];
        if station.life != Life::Running {
            return None;
        }
        if station.paused {
            station.backlog.push(Waiting::Parcel(Parcel { travel: Travel::Arrived, ..parcel }));
            return None;
        }
        self.deliver(node, parcel)
    }

    fn deliver(&mut self, node: NodeId, parcel: Parcel) -> Option<Next> {
        let cause = parcel.cause;
        let link = self.links.get_mut(node.into(), parcel.from);
        let input = match parcel.load {
            Load::Message(message) => {
                link.peer = link.peer.max(parcel.from_session);
                Input::Message { from: parcel.from.node()?, message }
            }
            Load::Broken(session) if link.peer == session => {
                link.peer = 0;
                Input::Disconnected(parcel.from.node()?)
            }
            Load::Broken(_) | Load::Errand(_) => return None,
            Load::Start => Input::Start,
            Load::Command(command) => Input::Command(command),
            Load::Ask(life) => return Some(Next::Ask { node, life }),
        };
        Some(Next::Input { node, input, cause })
    }

    /// A message came for a node that is dead, or for a connection that it knows nothing of.
    fn refuse(&mut self, node: NodeId, parcel: &Parcel) {
        let place = Place::from(node);
        let silent = self.stations[usize::from(node.0)].life == Life::Silent;
        if !silent && self.links.get(parcel.from, place).peer == parcel.to_session {
            self.break_connection(place, parcel.from, parcel.to_session, parcel.cause);
        }
    }
}
