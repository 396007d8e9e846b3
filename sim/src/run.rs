//! One seed of a plan, from the first step to the report.
//!
//! ```text
//! Prepared ── World (wire, faults, view) ┐
//!             Cluster (machines, disks)  ├─ driver ── Panel ── RunReport
//!             seed                       ┘
//! ```

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use highwater_model::event::{Event, Step};
use highwater_model::view::ClusterView;
use highwater_reports::liveness::{converged, unavailable};
use highwater_reports::panel::{Extent, Panel, PanelSetup};
use highwater_reports::report::RunReport;
use highwater_reports::swarm::Drawn;

use crate::crew::Cluster;
use crate::driver::{Ended, Observer};
use crate::faults::{Decision, Decisions};
use crate::prepared::Prepared;
use crate::trace::Trace;
use crate::world::World;
use crate::{actors, bare};

/// How to run a seed.
pub struct RunOptions {
    /// Whether the judges look. Without them the report says nothing about properties.
    pub judges: bool,
    /// Who is shown every step.
    pub trace: Option<Box<dyn Trace>>,
    /// Once this is set the run ends, within some milliseconds, as [`RunEnd::Interrupted`](highwater_reports::end::RunEnd).
    pub stop: Option<Arc<AtomicBool>>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { judges: true, trace: None, stop: None }
    }
}

/// Runs a seed on madsim: a node and a task for each machine.
pub fn run(prepared: &Arc<Prepared>, seed: u64, options: RunOptions) -> RunReport {
    let (prepared, drawn) = prepared.drawn_by(seed);
    actors::drive(world(&prepared, seed, drawn, options), Cluster::new(&prepared, seed), seed)
}

/// Runs a seed in a loop. The report is the same to the last bit.
pub fn run_bare(prepared: &Arc<Prepared>, seed: u64, options: RunOptions) -> RunReport {
    run_after(prepared, seed, options, |_| {})
}

/// As [`run_bare`], once the world at its beginning has been changed.
fn run_after(
    prepared: &Arc<Prepared>,
    seed: u64,
    options: RunOptions,
    change: impl FnOnce(&mut World<Watch>),
) -> RunReport {
    let (prepared, drawn) = prepared.drawn_by(seed);
    let mut world = world(&prepared, seed, drawn, options);
    change(&mut world);
    bare::drive(world, Cluster::new(&prepared, seed))
}

/// As [`run_bare`], and notes what every fault turned out to do.
pub(crate) fn run_noted(
    prepared: &Arc<Prepared>,
    seed: u64,
    options: RunOptions,
    decisions: &Decisions,
) -> RunReport {
    run_after(prepared, seed, options, |world| world.decisions = Some(decisions.clone()))
}

/// As [`run_bare`], with every fault striking as it did when it was recorded.
pub(crate) fn run_recalled(
    prepared: &Arc<Prepared>,
    seed: u64,
    options: RunOptions,
    decisions: Vec<Decision>,
) -> RunReport {
    run_after(prepared, seed, options, |world| world.recall(decisions))
}

/// As [`run_bare`], or as [`run_recalled`] if there are decisions, after a change of the code: one thing more is told, and random
/// faults may draw once more.
#[cfg(test)]
pub(crate) fn run_changed(
    prepared: &Arc<Prepared>,
    seed: u64,
    more: Event,
    one_draw_more: bool,
    decisions: Option<Vec<Decision>>,
) -> RunReport {
    run_after(prepared, seed, RunOptions::default(), |world| {
        if one_draw_more && let Some(chance) = &mut world.chance {
            chance.gap();
        }
        if let Some(decisions) = decisions {
            world.recall(decisions);
        }
        world.tell(highwater_model::event::StepId(0), vec![more]);
    })
}

fn world(prepared: &Arc<Prepared>, seed: u64, swarm: Option<Drawn>, options: RunOptions) -> World<Watch> {
    let setup = PanelSetup { seed, swarm, ..prepared.panel.clone() };
    let panel = if options.judges { Panel::new(setup) } else { Panel::off(setup) };
    let watch = Watch { panel, prepared: Arc::clone(prepared) };
    let mut world = World::new(prepared, seed, watch, options.trace);
    world.stop = options.stop;
    world
}

/// The judges, looking at a world.
struct Watch {
    panel: Panel,
    prepared: Arc<Prepared>,
}

impl Observer for Watch {
    type Report = RunReport;

    #[inline]
    fn look(&mut self, step: &Step, events: &[Event], view: &ClusterView) {
        self.panel.look(step, events, view);
    }

    fn converged(&self, view: &ClusterView) -> bool {
        converged(view).is_ok()
    }

    fn pending(&self, view: &ClusterView) -> Vec<String> {
        let (names, config) = (&self.prepared.plan.names, &self.prepared.plan.config);
        let first = converged(view).err().map(|pending| pending.in_words(names));
        first.into_iter().chain(unavailable(view, names, config)).collect()
    }

    fn finish(self, view: &ClusterView, ended: Ended) -> RunReport {
        let Ended { step, end, fingerprint, steps, events, messages } = ended;
        self.panel.finish(&step, view, end, &Extent { fingerprint, steps, events, messages })
    }
}

#[cfg(test)]
#[path = "run_test.rs"]
mod run_test;
