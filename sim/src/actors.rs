//! The driver: one madsim node and one task for each machine.
//!
//! The machines do not use madsim's network or timers. Steps come one at a time in the order of the [wire](crate::wire), so
//! exactly one actor has work at any moment: the one that finishes asks the [`World`] for the next turn, and if that is not its
//! own, puts the input in the other's mailbox, moves madsim's clock there, wakes it and sleeps. Nothing hangs on the order in
//! which madsim polls. Lives end and begin by madsim's own kill and restart, pauses by its pause and resume; those are the
//! supervisor's turns.
//!
//! The time of a step comes with the turn, never from madsim's clock, which drifts by some nanoseconds with every poll.

#[cfg(not(madsim))]
compile_error!(
    "Highwater runs on the madsim simulator: build inside the repository, where .cargo/config.toml says \
     `--cfg madsim`. A RUSTFLAGS variable replaces that line; unset it, or add `--cfg madsim` to it."
);

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use highwater_model::ids::NodeId;
use highwater_model::machine::Input;
use highwater_model::time::Instant;
use madsim::runtime::{Handle, Runtime};
use madsim::time::TimeHandle;

use crate::driver::{Crew, Observer, Turn};
use crate::world::World;

/// Runs a world to its end on a madsim runtime of its own. `seed` is madsim's; nothing depends on it but the order in which
/// madsim polls.
pub fn drive<C, O>(mut world: World<O>, mut crew: C, seed: u64) -> O::Report
where
    C: Crew + Send + 'static,
    C::Actor: Send,
    O: Observer + Send + 'static,
{
    let runtime = Runtime::with_seed_and_config(seed, madsim::Config::default());
    let prepared = Arc::clone(&world.prepared);
    let names = &prepared.plan.names.nodes;
    let stage = Arc::new(Mutex::new(Stage {
        actors: first_lives(&world, &mut crew, names.len() as u16),
        mailboxes: names.iter().map(|_| None).collect(),
        wakers: vec![None; names.len()],
        supervisor: Supervisor { turn: Some(world.next()), waker: None },
        world: Some(world),
        crew,
        clock: runtime.block_on(async { TimeHandle::current() }),
        clock_at: Instant::START,
    }));
    let nodes: Vec<_> =
        names.iter().zip(0..).map(|(name, node)| enact(&runtime, &stage, name, node)).collect();
    runtime.block_on(async {
        let handle = Handle::current();
        Supervise { stage: &stage, handle: &handle, nodes: &nodes }.await;
        for &node in &nodes {
            handle.kill(node);
        }
        // Tasks that are still pending when the runtime is dropped are never freed (madsim issue 242): let them go.
        madsim::time::sleep(Duration::from_millis(1)).await;
    });
    let world = lock(&stage).world.take();
    world.expect("the world stays on the stage until here").finish()
}

/// The machines of those that run from the start. The others have a task too, which finds nothing to do.
fn first_lives<C: Crew, O: Observer>(world: &World<O>, crew: &mut C, nodes: u16) -> Vec<Option<C::Actor>> {
    (0..nodes).map(NodeId).map(|node| world.is_running(node).then(|| crew.start(node))).collect()
}

/// Makes the madsim node of one machine. Its task starts again with each life.
fn enact<C, O>(
    runtime: &Runtime,
    stage: &Arc<Mutex<Stage<C, O>>>,
    name: &str,
    node: u16,
) -> madsim::task::NodeId
where
    C: Crew + Send + 'static,
    C::Actor: Send,
    O: Observer + Send + 'static,
{
    let stage = Arc::clone(stage);
    let act = move || Act { stage: Arc::clone(&stage), node: NodeId(node) };
    runtime.create_node().name(name).init(act).build().id()
}

/// Everything that the actors share. Only one of them is ever awake, so the lock is always free.
struct Stage<C: Crew, O> {
    /// Taken when the run is over.
    world: Option<World<O>>,
    crew: C,
    /// By node; none while it is dead.
    actors: Vec<Option<C::Actor>>,
    mailboxes: Vec<Option<Input>>,
    wakers: Vec<Option<Waker>>,
    supervisor: Supervisor,
    /// madsim's clock, and where it was moved to last.
    clock: TimeHandle,
    clock_at: Instant,
}

/// The supervisor's mailbox.
struct Supervisor {
    turn: Option<Turn>,
    waker: Option<Waker>,
}

fn lock<T>(stage: &Mutex<T>) -> MutexGuard<'_, T> {
    stage.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a task's waker; most polls find it there already.
fn keep(kept: &mut Option<Waker>, context: &Context<'_>) {
    if !kept.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
        *kept = Some(context.waker().clone());
    }
}

impl<C: Crew, O: Observer> Stage<C, O> {
    /// One actor's work: its own turns, until it is another's.
    fn act(&mut self, node: NodeId, context: &Context<'_>) {
        let place = usize::from(node.0);
        keep(&mut self.wakers[place], context);
        let (Some(mut input), Some(world)) = (self.mailboxes[place].take(), &mut self.world) else { return };
        let Some(actor) = &mut self.actors[place] else { return };
        let turn = loop {
            world.step(input, actor);
            match world.next() {
                Turn::Deliver { node: whose, input: next } if whose == node => input = next,
                turn @ (Turn::Deliver { .. }
                | Turn::Stop { .. }
                | Turn::Start { .. }
                | Turn::Pause { .. }
                | Turn::Resume { .. }
                | Turn::Done) => break turn,
            }
        };
        self.hand_over(turn);
    }

    /// Wakes whoever's turn it is.
    fn hand_over(&mut self, turn: Turn) {
        self.follow_time();
        let waker = match turn {
            Turn::Deliver { node, input } => {
                let place = usize::from(node.0);
                self.mailboxes[place] = Some(input);
                &self.wakers[place]
            }
            turn @ (Turn::Stop { .. }
            | Turn::Start { .. }
            | Turn::Pause { .. }
            | Turn::Resume { .. }
            | Turn::Done) => {
                self.supervisor.turn = Some(turn);
                &self.supervisor.waker
            }
        };
        // A task that was never polled has no waker yet: it is about to be polled, and will find its mail.
        if let Some(waker) = waker {
            waker.wake_by_ref();
        }
    }

    /// Moves madsim's clock to the next turn's time.
    fn follow_time(&mut self) {
        let Some(world) = &self.world else { return };
        let ahead = world.now().since(self.clock_at);
        if ahead.0 > 0 {
            self.clock.advance(Duration::from_micros(ahead.0));
            self.clock_at = world.now();
        }
    }

    /// Does turns until it is an actor's, and wakes that. Says whether the run is over.
    fn supervise(&mut self, handle: &Handle, nodes: &[madsim::task::NodeId], context: &Context<'_>) -> bool {
        keep(&mut self.supervisor.waker, context);
        let Some(world) = &mut self.world else { return true };
        let Some(mut turn) = self.supervisor.turn.take() else { return false };
        loop {
            match turn {
                Turn::Deliver { .. } => {
                    self.hand_over(turn);
                    return false;
                }
                Turn::Stop { node, .. } => {
                    let place = usize::from(node.0);
                    handle.kill(nodes[place]);
                    self.wakers[place] = None;
                    self.mailboxes[place] = None;
                    world.attend(&turn, &mut self.crew, &mut self.actors);
                }
                Turn::Start { node } => {
                    world.attend(&turn, &mut self.crew, &mut self.actors);
                    handle.restart(nodes[usize::from(node.0)]);
                }
                Turn::Pause { node } => handle.pause(nodes[usize::from(node.0)]),
                Turn::Resume { node } => handle.resume(nodes[usize::from(node.0)]),
                Turn::Done => return true,
            }
            turn = world.next();
        }
    }
}

/// An actor's task: sleeps until there is mail.
struct Act<C: Crew, O> {
    stage: Arc<Mutex<Stage<C, O>>>,
    node: NodeId,
}

impl<C: Crew, O: Observer> Future for Act<C, O> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        lock(&self.stage).act(self.node, context);
        Poll::Pending
    }
}

/// The supervisor's task: sleeps until a life begins or ends, or the run is over.
struct Supervise<'a, C: Crew, O> {
    stage: &'a Mutex<Stage<C, O>>,
    handle: &'a Handle,
    nodes: &'a [madsim::task::NodeId],
}

impl<C: Crew, O: Observer> Future for Supervise<'_, C, O> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut stage = lock(self.stage);
        if stage.supervise(self.handle, self.nodes, context) { Poll::Ready(()) } else { Poll::Pending }
    }
}
