//! Whether a scenario fails as the one did that is to be made smaller.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use highwater_model::event::{Event, Step};
use highwater_model::view::ClusterView;
use highwater_reports::end::RunEnd;
use highwater_reports::liveness::converged;
use highwater_reports::panel::{Panel, PanelSetup};
use highwater_reports::property::Property;
use highwater_reports::signature::Signature;
use serde_json::Value;

use crate::bare;
use crate::crew::Cluster;
use crate::driver::{Ended, Observer};
use crate::prepared::Prepared;
use crate::scenario::load::load_value;
use crate::scenario::overrides;
use crate::scenario::shape::Shape;
use crate::world::World;

/// After how many steps it is looked again whether something broke.
const LOOK_EVERY: u64 = 16;

/// The failure that is to be kept.
#[derive(Clone, Debug)]
pub(super) struct Sought {
    /// What broke.
    pub(super) property: Property,
    /// Whether only this property counts, whatever broke before it.
    pub(super) only: bool,
    /// What it was like, once that is known.
    pub(super) signature: Option<Signature>,
}

impl Sought {
    /// Whether a failure is of the same kind: the same property, seen at the same part, and of the shape what the protocol did.
    ///
    /// Of truncations and of elections it may show fewer kinds, not others, and not none where there were some. Faults, ISR
    /// changes and retries are what shrinking is there to take away: they may differ.
    pub(super) fn is_like(&self, other: &Signature) -> bool {
        let Some(Signature { role, shape, .. }) = &self.signature else {
            return self.property == other.property;
        };
        let alike = |is_of: fn(&str) -> bool| {
            let mine: Vec<&String> = shape.iter().filter(|part| is_of(part)).collect();
            let mut theirs = other.shape.iter().filter(|part| is_of(part)).peekable();
            theirs.peek().is_some() != mine.is_empty() && theirs.all(|part| mine.contains(&part))
        };
        (self.property, *role) == (other.property, other.role)
            && alike(|part| part.starts_with("truncation"))
            && alike(|part| part.ends_with("election"))
    }
}

/// Tries scenarios.
pub(super) struct Bench {
    pub(super) shape: Shape,
    pub(super) name: String,
    pub(super) sought: Sought,
    /// `KEY=VALUE` with which the failure is to be gone.
    pub(super) unless: Vec<String>,
    /// Once this is set a run ends, and has not failed.
    pub(super) stop: Option<Arc<AtomicBool>>,
}

impl Bench {
    /// Whether a scenario fails on a seed as is sought, and does not once it is changed so that it is mended. None if it does not,
    /// or is not valid.
    pub(super) fn fails(&self, file: &Value, seed: u64, overlaps: bool) -> Option<Signature> {
        let found = self.play(file.clone(), seed, overlaps, self.sought.only)?;
        let alike = self.sought.is_like(&found) && !self.fails_though_mended(file, seed, overlaps);
        alike.then_some(found)
    }

    fn fails_though_mended(&self, file: &Value, seed: u64, overlaps: bool) -> bool {
        if self.unless.is_empty() {
            return false;
        }
        let mut mended = file.clone();
        let applied = overrides::apply(&self.shape, &mut mended, &self.unless);
        let valid = load_value(&self.shape, &self.name, mended.clone(), overlaps).is_some();
        !applied.problems.is_empty() || !valid || self.play(mended, seed, overlaps, true).is_some()
    }

    /// Plays a scenario, and only as long as it may still fail as is sought.
    fn play(&self, file: Value, seed: u64, overlaps: bool, only: bool) -> Option<Signature> {
        let plan = load_value(&self.shape, &self.name, file, overlaps)?;
        let prepared = Arc::new(Prepared::new(Arc::new(plan)));
        let panel = Panel::new(PanelSetup { seed, ..prepared.panel.clone() });
        let hunt = Hunt { panel, sought: only.then_some(self.sought.property) };
        let mut world = World::new(&prepared, seed, hunt, None);
        world.stop.clone_from(&self.stop);
        let (mut looked, mut alike) = (0, false);
        bare::drive_until(world, Cluster::new(&prepared, seed), |world| {
            if alike || world.steps < looked + LOOK_EVERY {
                return false;
            }
            looked = world.steps;
            // Only the end tells whether a promise that broke was one: if it is alike by now, the run goes on.
            let Some(found) = world.observer.signature(&world.view) else { return false };
            alike = self.sought.is_like(&found);
            !alike && prepared.plan.expect.breaks.is_empty()
        })
    }
}

/// Looks for a failure.
struct Hunt {
    panel: Panel,
    sought: Option<Property>,
}

impl Hunt {
    fn signature(&self, view: &ClusterView) -> Option<Signature> {
        self.panel.signature(self.panel.broken(self.sought)?, view)
    }
}

impl Observer for Hunt {
    type Report = Option<Signature>;

    #[inline]
    fn look(&mut self, step: &Step, events: &[Event], view: &ClusterView) {
        self.panel.look(step, events, view);
    }

    fn converged(&self, view: &ClusterView) -> bool {
        converged(view).is_ok()
    }

    fn pending(&self, _view: &ClusterView) -> Vec<String> {
        Vec::new()
    }

    fn finish(mut self, view: &ClusterView, ended: Ended) -> Option<Signature> {
        let Ended { step, end, .. } = ended;
        if matches!(end, RunEnd::Panicked { .. } | RunEnd::Interrupted) {
            return None;
        }
        self.panel.close(&step, view, &end);
        self.signature(view)
    }
}
