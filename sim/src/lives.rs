//! How lives end and begin.

use highwater_model::event::{Event, StepId};
use highwater_model::ids::NodeId;
use highwater_model::machine::Ending;
use highwater_model::time::{Instant, Micros};
use highwater_model::view::{BrokerView, Role};

use crate::driver::{Crew, Observer, Turn};
use crate::faults::Recorded;
use crate::panics::caught;
use crate::seed::even;
use crate::wire::Errand;
use crate::world::World;

/// A life that is about to end.
pub(crate) struct Stopping {
    pub(crate) node: NodeId,
    pub(crate) ending: Ending,
    /// How many of each log's unflushed batches survive a power failure; `None`: chance decides.
    pub(crate) keeps: Option<u64>,
    pub(crate) restart_at: Option<Instant>,
    pub(crate) cause: StepId,
    /// What the step has told so far.
    pub(crate) events: Vec<Event>,
}

impl<O: Observer> World<O> {
    /// Does a turn that begins or ends a life, for whoever owns the machines.
    ///
    /// # Panics
    /// If the turn is about a node without a place among the `actors`.
    pub fn attend<C: Crew>(&mut self, turn: &Turn, crew: &mut C, actors: &mut [Option<C::Actor>]) {
        let attended = caught(|| match *turn {
            Turn::Stop { node, ending } => {
                let actor = actors[usize::from(node.0)].take();
                let keeps = self.stopping.as_ref().and_then(|stopping| stopping.keeps);
                let mut keep = |n: u64| keeps.map_or_else(|| self.keep(node, n), |keeps| keeps.min(n));
                let losses = actor.map(|actor| crew.stop(node, actor, ending, &mut keep));
                self.stopped(losses.unwrap_or_default());
            }
            Turn::Start { node } => {
                actors[usize::from(node.0)] = Some(crew.start(node));
                self.started();
            }
            Turn::Deliver { .. } | Turn::Pause { .. } | Turn::Resume { .. } | Turn::Done => {}
        });
        if let Err(message) = attended {
            self.panicked(message);
        }
    }

    /// The view of a broker; none of other nodes.
    pub(crate) fn view_of(&mut self, node: NodeId) -> Option<&mut BrokerView> {
        self.view.brokers.get_mut(usize::from(node.0).checked_sub(1)?)
    }

    pub(crate) fn is_broker(&self, node: NodeId) -> bool {
        (1..=self.view.brokers.len()).contains(&usize::from(node.0))
    }

    /// Whether it is a group's member.
    pub(crate) fn is_member(&self, node: NodeId) -> bool {
        self.view.consumers.binary_search_by_key(&node, |consumer| consumer.node).is_ok()
    }

    /// A member takes part as long as its process runs.
    pub(crate) fn show_member(&mut self, node: NodeId, active: bool) {
        if let Ok(place) = self.view.consumers.binary_search_by_key(&node, |consumer| consumer.node) {
            let member = &mut self.view.consumers[place];
            member.active = active;
            member.stable = false;
            member.busy = false;
            member.positions.clear();
        }
    }

    /// What a dead process knew is gone: a member owns nothing, and what a producer had not been told of nobody waits for
    /// any more. A dead broker's replicas are offline; they go on showing the logs that its disk holds.
    pub(crate) fn show_stopped(&mut self, node: NodeId, losses: &[Event]) {
        self.show_member(node, false);
        if let Ok(place) = self.view.producers.binary_search_by_key(&node, |producer| producer.node) {
            self.view.producers[place].pending = 0;
        }
        let Some(broker) = self.view_of(node) else { return };
        broker.alive = false;
        broker.paused = false;
        for place in 0..self.view.partitions.len() {
            let partition = &mut self.view.partitions[place];
            let id = partition.id();
            let Some(replica) =
                partition.replicas.iter_mut().find(|replica| NodeId::from(replica.broker) == node)
            else {
                continue;
            };
            replica.role = Role::Offline;
            for loss in losses {
                if let Event::LogTruncated { partition, to, .. } = *loss
                    && partition == id
                {
                    replica.log.truncate(replica.log.partition_point(|batch| batch.end_offset() <= to));
                    replica.log_end = to;
                    replica.high_watermark = replica.high_watermark.min(to);
                }
            }
            self.view.touch(place);
        }
    }

    /// A node's life is to end: its driver takes the machine apart and calls [`World::stopped`].
    pub(crate) fn stop(&mut self, stopping: Stopping) -> Turn {
        let turn = Turn::Stop { node: stopping.node, ending: stopping.ending };
        self.stopping = Some(stopping);
        turn
    }

    /// The machine is gone, and so are these parts of its disk.
    pub(crate) fn stopped(&mut self, losses: Vec<Event>) {
        let Some(Stopping { node, ending, restart_at, cause, mut events, .. }) = self.stopping.take() else {
            return;
        };
        self.show_stopped(node, &losses);
        events.push(Event::NodeStopped { node, ending });
        events.extend(losses);
        let step = self.tell(cause, events);
        self.wire.stop(node, ending, step);
        self.pauses[usize::from(node.0)] = None;
        self.forget_unsent(node);
        self.workload.died(node);
        let asked = self.restarts[usize::from(node.0)].take();
        if let Some(at) = restart_at.or(asked).or_else(|| self.restart_unasked()) {
            self.wire.errand(at.max(self.now()), Errand::Restart(node), step);
        }
    }

    /// After the heal nothing stays down but what is to stay away: whoever looks after the nodes starts one again within a
    /// second.
    fn restart_unasked(&self) -> Option<Instant> {
        self.is_healing().then(|| self.now() + Micros::from_millis(1_000))
    }

    /// Starts a node, if it is down and not to stay away.
    pub(crate) fn restart(&mut self, node: NodeId, cause: StepId) -> Option<Turn> {
        (!self.wire.is_running(node) && !self.away[usize::from(node.0)]).then(|| {
            self.starting = Some((node, cause));
            Turn::Start { node }
        })
    }

    /// A new machine is in the node's place.
    pub(crate) fn started(&mut self) {
        let Some((node, cause)) = self.starting.take() else { return };
        if let Some(broker) = self.view_of(node) {
            broker.alive = true;
        }
        self.show_member(node, true);
        let step = self.tell(cause, vec![Event::NodeRestarted { node }]);
        self.wire.restart(node, step);
        self.wire.start(node, step);
        if let Some((life, at)) = self.workload.revived(&self.prepared.plan, node) {
            self.wire.ask(node, life, at);
        }
    }

    /// What chance leaves of `n` things on a broker's disk when its power fails: 0 to `n`.
    pub(crate) fn keep(&mut self, node: NodeId, n: u64) -> u64 {
        let place = usize::from(node.0);
        let name = self.prepared.power_streams[place];
        let stream = self.power[place].get_or_insert_with(|| self.seed.open(name));
        let drawn = even(stream, 0, n);
        let kept = self.recorded.as_mut().and_then(Recorded::draw).map_or(drawn, |kept| kept.min(n));
        if let Some(decisions) = &self.decisions {
            decisions.drew(kept);
        }
        kept
    }
}
