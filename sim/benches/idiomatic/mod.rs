//! The usual way to run machines on madsim, to be measured against.
//!
//! A node for each machine, madsim's own `Endpoint` between them and its own random latency, a task for each message that is
//! sent and one for each deadline, all on madsim's clock. The machines are the same and so is the workload. What it lacks is
//! what madsim does not give: judges, faults, connections. It is for scenarios without faults.
//!
//! Wherever there is a choice it is the faster one, so that the comparison is not unfair: payloads are handed over and not
//! encoded, a deadline's task is aborted once the deadline has moved, and nothing is logged.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use highwater_model::event::Event;
use highwater_model::ids::{NodeId, RecordId};
use highwater_model::machine::{Command, Effects, Input, Machine};
use highwater_model::message::Message;
use highwater_model::record::{Content, Record};
use highwater_model::time::{Instant, Micros};
use highwater_model::view::ClusterView;
use highwater_sim::crew::{Actor, Cluster};
use highwater_sim::driver::Crew;
use highwater_sim::prepared::Prepared;
use highwater_sim::scenario::plan::PlannedProducer;
use madsim::net::Endpoint;
use madsim::runtime::{Handle, Runtime};
use madsim::task;
use madsim::time::{TimeHandle, sleep};

/// The tag of all messages; there is nothing to tell apart by it.
const TAG: u64 = 0;

const PORT: u16 = 9092;

/// By then every node has its endpoint; what is sent to an endpoint that is not there yet is lost.
const START: Duration = Duration::from_millis(10);

/// What a run did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Work {
    /// Inputs that machines handled. The driver's own steps are not among them: there are none.
    pub(crate) steps: u64,
    /// Events that machines told.
    pub(crate) events: u64,
    /// Records that polls returned.
    pub(crate) delivered: u64,
}

/// Runs a seed until the plan's duration is over and every record has come through.
pub(crate) fn run(prepared: &Arc<Prepared>, seed: u64) -> Work {
    let plan = &prepared.plan;
    let mut config = madsim::Config::default();
    config.net.send_latency = span(plan.latency.0)..span(plan.latency.1);
    let written = plan.producers.iter().map(|planned| u64::from(planned.records)).sum();
    let runtime = Runtime::with_seed_and_config(seed, config);
    let work = Arc::new(Mutex::new(Work::default()));
    let mut crew = Cluster::new(prepared, seed);
    let mut nodes = Vec::new();
    for (name, node) in plan.names.nodes.iter().zip(0..) {
        let node = NodeId(node);
        let place = runtime.create_node().name(name).ip(address(node).ip()).build();
        place.spawn(live(Arc::clone(prepared), node, crew.start(node), Arc::clone(&work)));
        nodes.push(place.id());
    }
    runtime.block_on(async {
        sleep_until(plan.duration).await;
        // As Highwater does, it looks every 100 ms whether all has come through.
        while lock(&work).delivered < written && now() < plan.duration + plan.liveness {
            sleep(Duration::from_millis(100)).await;
        }
        for node in nodes {
            Handle::current().kill(node);
        }
        sleep(Duration::from_millis(1)).await;
    });
    *lock(&work)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn span(micros: Micros) -> Duration {
    Duration::from_micros(micros.0)
}

fn address(node: NodeId) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, node.0 as u8 + 1)), PORT)
}

fn now() -> Instant {
    Instant(TimeHandle::current().elapsed().as_micros() as u64)
}

/// madsim sleeps for a millisecond at least, and not always to the very microsecond.
async fn sleep_until(at: Instant) {
    while now() < at {
        sleep(span(at.since(now()))).await;
    }
}

/// A node's process.
async fn live(prepared: Arc<Prepared>, node: NodeId, machine: Actor, work: Arc<Mutex<Work>>) {
    let endpoint = Endpoint::bind(address(node)).await.expect("the address is free");
    let view = ClusterView { brokers: prepared.view.brokers.clone(), ..ClusterView::default() };
    let inside = Inside { machine, effects: Effects::default(), view, timer: None };
    let process = Arc::new(Process { node, endpoint, inside: Mutex::new(inside), work });
    sleep(START).await;
    process.take(Input::Start);
    if let Some(planned) = prepared.plan.producers.iter().position(|planned| planned.node == node) {
        task::spawn(write(Arc::clone(&process), Arc::clone(&prepared), planned));
    }
    loop {
        let (payload, _) = process.endpoint.recv_from_raw(TAG).await.expect("the network is up");
        let sent = payload.downcast::<(NodeId, Message)>().expect("everyone sends messages");
        let (from, message) = *sent;
        process.take(Input::Message { from, message });
    }
}

/// A producer's application.
async fn write(process: Arc<Process>, prepared: Arc<Prepared>, planned: usize) {
    let planned = &prepared.plan.producers[planned];
    for number in 0..planned.records {
        sleep_until(planned.start + Micros(planned.every.0 * u64::from(number))).await;
        process.take(Input::Command(send(planned, number)));
    }
}

fn send(planned: &PlannedProducer, number: u32) -> Command {
    let content = planned.keys.map(|keys| {
        let key = format!("key-{}", number % keys.max(1));
        Arc::new(Content::Key(key.into_bytes().into()))
    });
    let record =
        Record { value: RecordId::new(planned.node, number), content, size_bytes: planned.record_bytes };
    Command::Send { topic: planned.topic, partition: planned.partition, record }
}

/// A machine in its node.
struct Process {
    node: NodeId,
    endpoint: Endpoint,
    inside: Mutex<Inside>,
    work: Arc<Mutex<Work>>,
}

struct Inside {
    machine: Actor,
    effects: Effects,
    /// Nobody looks at it, but a machine keeps account of what it has to show until it was asked. Without partitions, so that
    /// showing costs nothing.
    view: ClusterView,
    /// The task that waits for the machine's deadline.
    timer: Option<(Instant, task::AbortHandle)>,
}

impl Process {
    /// The machine takes an input; what it sends leaves at once, each message by a task of its own.
    fn take(self: &Arc<Self>, input: Input) {
        let Inside { machine, effects, view, timer } = &mut *lock(&self.inside);
        effects.clear();
        machine.handle(now(), input, effects);
        machine.show(view);
        self.count(&effects.events);
        for envelope in effects.sends.drain(..) {
            let process = Arc::clone(self);
            task::spawn(async move {
                let payload = Box::new((process.node, envelope.message));
                let sent = process.endpoint.send_to_raw(address(envelope.to), TAG, payload).await;
                sent.expect("the network is up");
            });
        }
        let deadline = machine.next_deadline();
        if timer.as_ref().map(|&(at, _)| at) != deadline {
            if let Some((_, stale)) = timer.take() {
                stale.abort();
            }
            *timer = deadline.map(|at| (at, task::spawn(Arc::clone(self).wait(at)).abort_handle()));
        }
    }

    async fn wait(self: Arc<Self>, at: Instant) {
        sleep_until(at).await;
        // This task is done: nobody needs to abort it any more.
        lock(&self.inside).timer = None;
        self.take(Input::Deadline);
    }

    fn count(&self, events: &[Event]) {
        let mut work = lock(&self.work);
        work.steps += 1;
        work.events += events.len() as u64;
        for event in events {
            if let Event::RecordsPolled { batch, .. } = event {
                work.delivered += batch.records.len() as u64;
            }
        }
    }
}
