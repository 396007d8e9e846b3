//! Faults that wait for an event.

use highwater_model::event::{Event, EventKind};
use highwater_model::ids::NodeId;
use highwater_model::time::{Instant, Micros};
use highwater_model::view::ClusterView;
use rand_chacha::ChaCha8Rng;

use super::resolve::Resolver;
use super::{Source, Strike, Witness};
use crate::scenario::plan::{Plan, PlannedWhen};
use crate::wire::Wire;

/// The faults of a plan that wait for an event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Anchors {
    /// One bit for each kind of event that any of them waits for.
    kinds: u128,
    waiting: Vec<Anchor>,
}

/// A fault that waits.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    /// Its place in the plan.
    fault: usize,
    kind: EventKind,
    /// How many events have passed its filters.
    seen: u32,
}

/// A fault whose event has come.
pub(crate) struct Struck {
    pub(crate) strike: Strike,
    /// This much later; at once.
    pub(crate) delay: Option<Micros>,
    /// Before the step's messages leave the node.
    pub(crate) before_send: bool,
}

const fn bit(kind: EventKind) -> u128 {
    1 << kind as u32
}

impl Anchors {
    pub(crate) fn new(plan: &Plan) -> Self {
        let waiting = plan.faults.iter().enumerate().filter_map(|(fault, planned)| match planned.when {
            PlannedWhen::At(_) => None,
            PlannedWhen::Upon { event, .. } => Some(Anchor { fault, kind: event, seen: 0 }),
        });
        let mut anchors = Self { kinds: 0, waiting: waiting.collect() };
        anchors.count_kinds();
        anchors
    }

    /// Whether any fault waits for an event of this kind.
    #[inline]
    pub(crate) fn wait_for(&self, kind: EventKind) -> bool {
        self.kinds & bit(kind) != 0
    }

    /// Whether any fault waits for anything.
    #[inline]
    pub(crate) fn wait(&self) -> bool {
        self.kinds != 0
    }

    /// No fault waits any more.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The faults that this event sets off, in the scenario's order.
    pub(crate) fn hear(
        &mut self,
        plan: &Plan,
        event: &Event,
        view: &ClusterView,
        wire: &Wire,
        stream: impl Fn(u32) -> ChaCha8Rng,
    ) -> Vec<Struck> {
        let kind = event.kind();
        let witness = Witness { broker: event.broker(), client: event.client() };
        let mut struck = Vec::new();
        self.waiting.retain_mut(|anchor| {
            if anchor.kind != kind {
                return true;
            }
            let planned = &plan.faults[anchor.fault];
            let resolver = || Resolver { view, wire, witness, stream: stream(planned.index) };
            if !passes(&planned.when, event, view.now, resolver) {
                return true;
            }
            anchor.seen += 1;
            let due = due(&planned.when, anchor.seen, planned.index, witness);
            let waits = due.is_none();
            struck.extend(due);
            waits
        });
        if !struck.is_empty() {
            self.count_kinds();
        }
        struck
    }

    fn count_kinds(&mut self) {
        self.kinds = self.waiting.iter().fold(0, |kinds, anchor| kinds | bit(anchor.kind));
    }
}

/// Whether an event of the right kind is the right one.
fn passes<'a>(when: &PlannedWhen, event: &Event, now: Instant, resolver: impl Fn() -> Resolver<'a>) -> bool {
    let &PlannedWhen::Upon { partition, broker, client, group, after, .. } = when else { return false };
    let is = |broker: NodeId| event.broker().map(NodeId::from) == Some(broker);
    now >= after
        && partition.is_none_or(|partition| event.partition() == Some(partition))
        && client.is_none_or(|client| event.client() == Some(client))
        && group.is_none_or(|group| event.group() == Some(group))
        && broker.is_none_or(|broker| resolver().node(broker).is_some_and(is))
}

/// The fault, if this was the event that it waited for.
fn due(when: &PlannedWhen, seen: u32, fault: u32, witness: Witness) -> Option<Struck> {
    let &PlannedWhen::Upon { occurrence, delay, before_send, .. } = when else { return None };
    let strike = Strike { fault, witness, source: Source::Scenario };
    (seen == occurrence.max(1)).then_some(Struck { strike, delay, before_send })
}
