//! The world in which the machines live: what is on its way, what goes wrong, and who looks on.
//!
//! A driver owns the machines and does one [`Turn`] after the other; everything else is decided here, so that it is the same under
//! every driver.
//!
//! A step is over before any of its messages leaves: the view is brought up to date, the observer has looked, and the
//! faults that waited for one of its events know of it. That is what `"before": "ack"` means: such a fault strikes first, and
//! then the messages leave into the world as it is by then. If the node is dead they never leave; if it stands still they
//! leave when it goes on; if a link is cut they are held.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use highwater_model::event::{Event, Step, StepId};
use highwater_model::ids::NodeId;
use highwater_model::machine::{Effects, Ending, Input, Machine};
use highwater_model::time::Instant;
use highwater_model::view::ClusterView;
use highwater_reports::end::RunEnd;
use rand_chacha::ChaCha8Rng;

use crate::driver::{Observer, Turn};
use crate::faults::{Anchors, Chance, Decisions, Mend, Recorded, Strike};
use crate::fingerprint::Fingerprint;
use crate::lives::Stopping;
use crate::panics::caught;
use crate::prepared::Prepared;
use crate::seed::Seed;
use crate::trace::{Seen, Trace};
use crate::wire::{Errand, Next, Wire};
use crate::workload::Workload;

/// What a step sends and has not sent yet, because its node stands still.
struct Parked {
    step: Step,
    effects: Effects,
}

/// The world of one run.
pub struct World<O> {
    pub(crate) prepared: Arc<Prepared>,
    pub(crate) seed: Seed,
    pub(crate) wire: Wire,
    pub(crate) view: ClusterView,
    pub(crate) observer: O,
    trace: Option<Box<dyn Trace>>,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) workload: Workload,
    // ---- faults ----
    pub(crate) anchors: Anchors,
    pub(crate) chance: Option<Chance>,
    /// Where to note what faults turn out to do.
    pub(crate) decisions: Option<Decisions>,
    /// What faults are to do, if they are not to decide it themselves.
    pub(crate) recorded: Option<Recorded>,
    /// Faults that have been set off and wait for their time; [`Errand::Strike`] names one by its place.
    strikes: Vec<Option<Strike>>,
    /// How to end those that are under way, and the steps that began them; [`Errand::Mend`] names one by its place.
    pub(crate) mends: Vec<Option<(Mend, StepId)>>,
    /// By node: the place among `mends` of what keeps it standing still.
    pub(crate) pauses: Vec<Option<u32>>,
    /// By node: when it starts again once it has stopped as it was asked to.
    pub(crate) restarts: Vec<Option<Instant>>,
    /// By node: whether it is not to run until a fault lets it join: a member that has not come yet, or that was asked to leave.
    pub(crate) away: Vec<bool>,
    /// By node: the stream that says what a power failure leaves.
    pub(crate) power: Vec<Option<ChaCha8Rng>>,
    pub(crate) stopping: Option<Stopping>,
    pub(crate) starting: Option<(NodeId, StepId)>,
    // ---- the step ----
    /// The latest step, or the one that is due.
    pub(crate) step: Step,
    pub(crate) steps: u64,
    pub(crate) events: u64,
    effects: Effects,
    /// Whether the wire has to wait for any of what follows.
    pub(crate) interrupted: bool,
    /// Faults that strike before the latest step's messages leave.
    urgent: VecDeque<(Strike, StepId)>,
    /// The latest step, if its effects wait for those.
    withheld: Option<Step>,
    parked: Vec<Parked>,
    /// Nodes that end their own lives. Several may: two that stood still with a stop parked, and go on at the heal.
    leaving: VecDeque<(NodeId, Ending, StepId)>,
    pub(crate) turns: VecDeque<Turn>,
    // ---- phases ----
    pub(crate) healing: bool,
    pub(crate) end: Option<RunEnd>,
    /// Ends the run once it is set.
    pub(crate) stop: Option<Arc<AtomicBool>>,
    /// At which step to look next whether a bound is met.
    pub(crate) look_at: u64,
}

impl<O: Observer> World<O> {
    /// The world of this seed, at its beginning.
    pub fn new(prepared: &Arc<Prepared>, seed: u64, observer: O, trace: Option<Box<dyn Trace>>) -> Self {
        crate::panics::quieten();
        let plan = &prepared.plan;
        let nodes = plan.names.nodes.len();
        let seed = Seed::new(seed);
        let streams = Arc::clone(&prepared.link_streams);
        let mut world = Self {
            wire: Wire::new(nodes, plan.latency, streams, seed.clone()),
            view: prepared.view.clone(),
            observer,
            trace,
            fingerprint: Fingerprint::default(),
            workload: Workload::new(plan),
            anchors: Anchors::new(plan),
            chance: Chance::new(plan, &seed),
            decisions: None,
            recorded: None,
            strikes: Vec::new(),
            mends: Vec::new(),
            pauses: vec![None; nodes],
            restarts: vec![None; nodes],
            away: prepared.away.clone(),
            power: vec![None; nodes],
            stopping: None,
            starting: None,
            step: Step::default(),
            steps: 0,
            events: 0,
            effects: Effects::default(),
            interrupted: false,
            urgent: VecDeque::new(),
            withheld: None,
            parked: Vec::new(),
            leaving: VecDeque::new(),
            turns: VecDeque::new(),
            healing: false,
            end: None,
            stop: None,
            look_at: 0,
            prepared: Arc::clone(prepared),
            seed,
        };
        world.begin();
        world
    }

    /// Whether the process at `node` runs. The drivers ask it before the first step, for the first lives.
    pub fn is_running(&self, node: NodeId) -> bool {
        self.wire.is_running(node)
    }

    /// What is to be done next. Ask again only once it is done.
    #[expect(clippy::should_implement_trait, reason = "it never runs out: it ends with Turn::Done")]
    pub fn next(&mut self) -> Turn {
        caught(|| self.find_turn()).unwrap_or_else(|message| self.panicked(message))
    }

    /// Whatever panicked, the run is over.
    pub(crate) fn panicked(&mut self, message: String) -> Turn {
        self.end = Some(RunEnd::Panicked { message });
        self.interrupted = false;
        Turn::Done
    }

    fn find_turn(&mut self) -> Turn {
        loop {
            while self.interrupted {
                if let Some(turn) = self.catch_up() {
                    return turn;
                }
            }
            if self.end.is_some() {
                return Turn::Done;
            }
            if self.steps >= self.look_at
                && let Some(end) = self.met_a_bound()
            {
                self.end = Some(end);
                return Turn::Done;
            }
            let turn = match self.wire.pop() {
                Some(Next::Input { node, input, cause }) => Some(self.deliver(node, input, cause)),
                Some(Next::Ask { node, life }) => self.ask(node, life),
                Some(Next::Errand { errand, cause }) => self.run_errand(errand, cause),
                None => {
                    self.stall();
                    None
                }
            };
            if let Some(turn) = turn {
                return turn;
            }
        }
    }

    fn deliver(&mut self, node: NodeId, input: Input, cause: StepId) -> Turn {
        self.step = Step { id: StepId(self.steps + 1), cause, at: self.wire.now(), node };
        Turn::Deliver { node, input }
    }

    fn ask(&mut self, node: NodeId, life: u32) -> Option<Turn> {
        let prepared = Arc::clone(&self.prepared);
        let (command, again) = self.workload.next(&prepared.plan, &prepared.keys, node, life)?;
        if let Some(at) = again {
            self.wire.ask(node, life, at);
        }
        Some(self.deliver(node, Input::Command(command), StepId(0)))
    }

    fn run_errand(&mut self, errand: Errand, cause: StepId) -> Option<Turn> {
        match errand {
            Errand::Strike(place) => {
                let strike = self.strikes[place as usize].take().filter(|_| !self.healing)?;
                self.strike(&strike, cause)
            }
            Errand::Mend(owner) => self.mend(owner, None),
            Errand::Chance => self.strike_by_chance(),
            Errand::Restart(node) => self.restart(node, cause),
            Errand::Heal => {
                self.heal();
                None
            }
            Errand::Check => {
                self.check();
                None
            }
            Errand::Depart(_) => None,
        }
    }

    /// What must be done before anything else comes off the wire.
    fn catch_up(&mut self) -> Option<Turn> {
        while let Some((strike, cause)) = self.urgent.pop_front() {
            if let Some(turn) = self.strike(&strike, cause) {
                return Some(turn);
            }
        }
        if let Some(step) = self.withheld.take() {
            let mut effects = std::mem::take(&mut self.effects);
            if self.wire.is_paused(step.node) {
                self.parked.push(Parked { step, effects });
            } else {
                self.leave(&step, &mut effects);
                self.effects = effects;
            }
        }
        while let Some((node, ending, cause)) = self.leaving.pop_front() {
            if self.wire.is_running(node) {
                return Some(self.stop(Stopping {
                    node,
                    ending,
                    keeps: None,
                    restart_at: None,
                    cause,
                    events: Vec::new(),
                }));
            }
        }
        if let Some(turn) = self.turns.pop_front() {
            return Some(turn);
        }
        self.interrupted = !self.urgent.is_empty();
        None
    }

    // ---- a step ----

    /// The machine whose turn it is takes its input. If it panics, the run is over.
    pub fn step<M: Machine + ?Sized>(&mut self, input: Input, machine: &mut M) {
        if let Err(message) = caught(|| self.take_step(input, machine)) {
            self.panicked(message);
        }
    }

    fn take_step<M: Machine + ?Sized>(&mut self, input: Input, machine: &mut M) {
        let step = self.step;
        let mut effects = std::mem::take(&mut self.effects);
        effects.clear();
        let shown = self.trace.is_some().then(|| input.clone());
        machine.handle(step.at, input, &mut effects);
        self.view.now = step.at;
        machine.show(&mut self.view);
        self.look(&step, shown.as_ref(), &effects);
        self.wire.set_deadline(step.node, machine.next_deadline(), step.id);
        if self.urgent.is_empty() {
            self.leave(&step, &mut effects);
        } else {
            self.withheld = Some(step);
        }
        self.effects = effects;
    }

    /// Everyone who looks on learns of a step.
    fn look(&mut self, step: &Step, input: Option<&Input>, effects: &Effects) {
        let events = &effects.events;
        self.steps = step.id.0;
        self.events += events.len() as u64;
        self.fingerprint.take(step, events);
        if let Some(trace) = &mut self.trace {
            trace.step(Seen { step, input, events, sends: &effects.sends, view: &self.view });
        }
        self.observer.look(step, events, &self.view);
        self.view.touched.clear();
        if self.workload.keeps_ledgers() {
            for event in events {
                self.workload.hear(event);
            }
        }
        if self.anchors.wait() {
            for event in events {
                if self.anchors.wait_for(event.kind()) {
                    self.hear(event, step.id);
                }
            }
        }
    }

    /// Some fault may wait for this event.
    fn hear(&mut self, event: &Event, step: StepId) {
        let stream = |fault| self.seed.stream(&format!("fault {fault}"));
        let plan = &self.prepared.plan;
        for struck in self.anchors.hear(plan, event, &self.view, &self.wire, stream) {
            if struck.before_send {
                self.urgent.push_back((struck.strike, step));
                self.interrupted = true;
            } else {
                let at = struck.delay.map_or(self.wire.now(), |delay| self.wire.now() + delay);
                self.strike_at(at, struck.strike, step);
            }
        }
    }

    /// What the step sends leaves the node.
    fn leave(&mut self, step: &Step, effects: &mut Effects) {
        let from = step.node;
        let mut dropped = Vec::new();
        for envelope in effects.sends.drain(..) {
            let to = envelope.to;
            if let Some(kind) = self.wire.send(from, envelope, step.id) {
                dropped.push(Event::MessageDropped { from, to, kind });
            }
        }
        for peer in effects.closes.drain(..) {
            self.wire.disconnect(from, peer, step.id);
        }
        if let Some(ending) = effects.stop.take() {
            self.leaving.push_back((from, ending, step.id));
            self.interrupted = true;
        }
        if !dropped.is_empty() {
            self.tell(step.id, dropped);
        }
    }

    /// A step of the driver: a fault, or what came of one. The view shows it already.
    pub(crate) fn tell(&mut self, cause: StepId, events: Vec<Event>) -> StepId {
        let step = Step { id: StepId(self.steps + 1), cause, at: self.wire.now(), node: NodeId::CONTROLLER };
        self.step = step;
        self.view.now = step.at;
        self.look(&step, None, &Effects { events, ..Effects::default() });
        step.id
    }

    /// What a node could not send while it stood still leaves it.
    pub(crate) fn leave_parked(&mut self, node: NodeId) {
        while let Some(place) = self.parked.iter().position(|parked| parked.step.node == node) {
            let Parked { step, mut effects } = self.parked.remove(place);
            self.leave(&step, &mut effects);
        }
    }

    /// What a node had not sent when it died never leaves it.
    pub(crate) fn forget_unsent(&mut self, node: NodeId) {
        self.parked.retain(|parked| parked.step.node != node);
        self.withheld.take_if(|step| step.node == node);
        self.leaving.retain(|&(leaving, _, _)| leaving != node);
    }

    // ---- small things that the other parts of the world need ----

    pub(crate) fn now(&self) -> Instant {
        self.wire.now()
    }

    pub(crate) fn is_healing(&self) -> bool {
        self.healing
    }

    pub(crate) fn fault_stream(&self, fault: u32) -> ChaCha8Rng {
        self.seed.stream(&format!("fault {fault}"))
    }

    /// A fault will strike at `at`.
    pub(crate) fn strike_at(&mut self, at: Instant, strike: Strike, cause: StepId) {
        let place = self.strikes.len() as u32;
        self.strikes.push(Some(strike));
        self.wire.errand(at, Errand::Strike(place), cause);
    }

    /// The driver has this to do before anything else comes off the wire.
    pub(crate) fn interrupt(&mut self, turn: Turn) {
        self.turns.push_back(turn);
        self.interrupted = true;
    }
}

#[cfg(test)]
#[path = "world_test.rs"]
mod world_test;
