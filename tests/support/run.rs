//! A run with everything that happened in it.

use std::sync::{Arc, Mutex};

use highwater_model::event::{Event, EventKind, Step};
use highwater_model::ids::{BrokerId, NodeId, Offset, TopicId, TopicPartition};
use highwater_model::machine::Input;
use highwater_model::message::Envelope;
use highwater_model::record::Record;
use highwater_model::time::Instant;
use highwater_model::view::ClusterView;
use highwater_reports::end::RunEnd;
use highwater_reports::report::RunReport;
use highwater_sim::prepared::Prepared;
use highwater_sim::run::{RunOptions, run_bare};
use highwater_sim::trace::Seen;

use super::ORDERS_0;

/// One step: what came in, what happened, what left.
pub(crate) struct Taken {
    pub(crate) step: Step,
    pub(crate) input: Option<Input>,
    pub(crate) events: Vec<Event>,
    pub(crate) sends: Vec<Envelope>,
    /// The replicas of orders-0 after it, in assignment order.
    pub(crate) replicas: Vec<Replica>,
}

/// HW and LEO of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Replica {
    pub(crate) broker: BrokerId,
    pub(crate) high_watermark: Offset,
    pub(crate) log_end: Offset,
}

/// A run, over.
pub(crate) struct Run {
    pub(crate) report: RunReport,
    pub(crate) steps: Vec<Taken>,
    /// `__consumer_offsets`, if there are groups.
    internal: Option<TopicId>,
    /// The true state when the cluster had converged.
    end: Option<ClusterView>,
}

/// An event and where it stands in its run.
#[derive(Clone, Copy)]
pub(crate) struct Fact<'a> {
    pub(crate) event: &'a Event,
    /// The step that it is part of; equal for events of the same step.
    pub(crate) taken: &'a Taken,
    /// When.
    pub(crate) at: Instant,
    /// Whose step it was.
    pub(crate) node: NodeId,
}

/// A record that a poll returned to a member's application.
#[derive(Clone, Copy)]
pub(crate) struct Polled<'a> {
    pub(crate) fact: Fact<'a>,
    pub(crate) member: NodeId,
    pub(crate) partition: TopicPartition,
    pub(crate) offset: Offset,
    pub(crate) record: &'a Record,
}

/// The facts that fit a pattern, each with what is taken out of it:
/// `facts!(run, Event::LogTruncated { to, .. } => *to)`.
macro_rules! facts {
    ($run:expr, $pattern:pat => $value:expr) => {
        $run.facts()
            .filter_map(|fact| if let $pattern = fact.event { Some((fact, $value)) } else { None })
            .collect::<Vec<_>>()
    };
}
pub(crate) use facts;

#[derive(Default)]
struct Kept {
    steps: Vec<Taken>,
    end: Option<ClusterView>,
}

impl Kept {
    fn keep(&mut self, seen: &Seen<'_>) {
        let partition = seen.view.partition(ORDERS_0).expect("the tests' topic is the first");
        self.steps.push(Taken {
            step: *seen.step,
            input: seen.input.cloned(),
            events: seen.events.to_vec(),
            sends: seen.sends.to_vec(),
            replicas: partition
                .replicas
                .iter()
                .map(|replica| Replica {
                    broker: replica.broker,
                    high_watermark: replica.high_watermark,
                    log_end: replica.log_end,
                })
                .collect(),
        });
        if seen.events.contains(&Event::Converged) {
            self.end = Some(seen.view.clone());
        }
    }
}

impl Run {
    /// Plays one seed on the bare loop.
    pub(crate) fn play(prepared: &Arc<Prepared>, seed: u64) -> Self {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let keeping = Arc::clone(&kept);
        let trace = move |seen: Seen<'_>| keeping.lock().expect("no step panicked").keep(&seen);
        let options = RunOptions { trace: Some(Box::new(trace)), ..RunOptions::default() };
        let report = run_bare(prepared, seed, options);
        let Kept { steps, end } = std::mem::take(&mut *kept.lock().expect("no step panicked"));
        Self { report, steps, internal: prepared.plan.config.offsets_topic, end }
    }

    /// Everything that happened, in order. How `__consumer_offsets` is replicated is left out: what a test says of records,
    /// replicas and leaders it says of the scenario's own topics. That a coordinator has loaded it is kept.
    pub(crate) fn facts(&self) -> impl Iterator<Item = Fact<'_>> {
        let internal = |event: &Event| event.partition().is_some_and(|id| Some(id.topic) == self.internal);
        self.facts_of_all_topics()
            .filter(move |fact| !internal(fact.event) || fact.event.kind() == EventKind::CoordinatorLoaded)
    }

    /// Everything that happened, in order, in `__consumer_offsets` too.
    pub(crate) fn facts_of_all_topics(&self) -> impl Iterator<Item = Fact<'_>> {
        self.steps.iter().flat_map(|taken| {
            let Step { at, node, .. } = taken.step;
            taken.events.iter().map(move |event| Fact { event, taken, at, node })
        })
    }

    /// Every record that polls returned, in order, each as often as it was returned.
    pub(crate) fn polled(&self) -> Vec<Polled<'_>> {
        let polls = facts!(self, Event::RecordsPolled { client, partition, from, batch, .. } => (*client, *partition, *from, batch));
        let records = polls.into_iter().flat_map(|(fact, (member, partition, from, batch))| {
            let placed = (batch.base_offset.0..).map(Offset).zip(batch.records.iter());
            let new = placed.filter(move |(offset, _)| *offset >= from);
            new.map(move |(offset, record)| Polled { fact, member, partition, offset, record })
        });
        records.collect()
    }

    /// All of a kind.
    pub(crate) fn all(&self, kind: EventKind) -> Vec<Fact<'_>> {
        self.facts().filter(|fact| fact.event.kind() == kind).collect()
    }

    /// How often one of a kind happened.
    pub(crate) fn count(&self, kind: EventKind) -> usize {
        self.all(kind).len()
    }

    /// The first that fits. Its absence fails the test with `what` was looked for.
    pub(crate) fn first(&self, what: &str, fits: impl Fn(&Event) -> bool) -> Fact<'_> {
        self.facts()
            .find(|fact| fits(fact.event))
            .unwrap_or_else(|| panic!("{what}: never happened; the run came to {:?}", self.report.seen))
    }

    /// The first of a kind.
    pub(crate) fn first_of(&self, kind: EventKind) -> Fact<'_> {
        self.first(kind.name(), |event| event.kind() == kind)
    }

    /// The numbers of the records in the log of the leader of orders-0 after everything has come right.
    pub(crate) fn log(&self) -> Vec<u32> {
        let Some(view) = &self.end else { panic!("the cluster did not converge: {:?}", self.report.end) };
        let partition = view.partition(ORDERS_0).expect("the tests' topic is the first");
        let leader = partition.true_leader().expect("a converged partition is led");
        leader.log.iter().flat_map(|batch| batch.records.iter()).map(|record| record.value.number()).collect()
    }

    /// All came right after the heal.
    pub(crate) fn assert_converged(&self) {
        assert_eq!(self.report.end, RunEnd::Converged);
    }
}

impl Taken {
    /// The replica on a broker, after this step.
    pub(crate) fn replica(&self, broker: BrokerId) -> Replica {
        *self.replicas.iter().find(|replica| replica.broker == broker).expect("every broker has a replica")
    }

    /// Each replica's high watermark and log end, in assignment order: `0/1 0/0 0/0`.
    pub(crate) fn watermarks(&self) -> String {
        let each =
            self.replicas.iter().map(|replica| format!("{}/{}", replica.high_watermark, replica.log_end));
        each.collect::<Vec<_>>().join(" ")
    }

    /// Whether an event of this kind is part of this step.
    pub(crate) fn holds(&self, kind: EventKind) -> bool {
        self.events.iter().any(|event| event.kind() == kind)
    }
}

impl Fact<'_> {
    /// Whether this is part of an earlier step than the other.
    pub(crate) fn before(&self, other: &Self) -> bool {
        self.taken.step.id < other.taken.step.id
    }
}
