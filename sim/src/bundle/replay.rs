//! Plays a bundle again.
//!
//! First by its seed, as any run. Only if that is another run now, it is played twice more: to find where it parts from what
//! was recorded, and with every fault striking as it was recorded.

use std::sync::{Arc, Mutex, PoisonError};

use highwater_model::time::Instant;
use highwater_reports::latency::Millis;
use highwater_reports::replay::{Differs, Fate, FaultDiffers, Played, ReplayReport, VERSION, Violation};
use highwater_reports::report::RunReport;

use super::checkpoints::Comparer;
use super::format::{Bundle, Taken};
use super::record;
use crate::faults::{Decision, Decisions};
use crate::prepared::Prepared;
use crate::run::{self, RunOptions};
use crate::scenario::errors::LoadErrors;
use crate::trace::Seen;

/// What becomes of a bundle. `file` is how it was named, for errors.
///
/// # Errors
/// The scenario in it is not valid for this Highwater, or its faults strike whom the scenario does not have.
pub fn replay(bundle: &Bundle, file: &str) -> Result<ReplayReport, LoadErrors> {
    let prepared = bundle.prepared(file)?;
    let decisions = bundle.decisions(&prepared).map_err(|why| LoadErrors::of_file(file, why, None))?;
    let run = run::run_bare(&prepared, bundle.seed, RunOptions::default());
    Ok(judged(bundle, &prepared, &run, decisions))
}

/// What the run of its seed tells of a bundle.
pub(super) fn judged(
    bundle: &Bundle,
    prepared: &Arc<Prepared>,
    run: &RunReport,
    decisions: Vec<Decision>,
) -> ReplayReport {
    let same = run.fingerprint == bundle.fingerprint;
    let by_name = (!same).then(|| run::run_recalled(prepared, bundle.seed, RunOptions::default(), decisions));
    ReplayReport {
        version: VERSION,
        scenario: bundle.name.clone(),
        overrides: bundle.overrides.clone(),
        seed: bundle.seed,
        same,
        recorded: Played {
            highwater: bundle.highwater.clone(),
            fingerprint: bundle.fingerprint,
            steps: bundle.steps,
            violation: Some(bundle.first_violation.clone()),
        },
        now: Played {
            highwater: env!("CARGO_PKG_VERSION").to_owned(),
            fingerprint: run.fingerprint,
            steps: run.steps,
            violation: Violation::of(run),
        },
        differs: (!same).then(|| bundle.differs(prepared)),
        violation: bundle.fate(run),
        by_name_same: by_name.as_ref().is_some_and(|named| named.fingerprint == run.fingerprint),
        by_name: by_name.map(|named| bundle.fate(&named)),
    }
}

impl Bundle {
    /// What the faults did, with numbers.
    ///
    /// # Errors
    /// A name that nothing in the scenario has.
    pub(crate) fn decisions(&self, prepared: &Prepared) -> Result<Vec<Decision>, String> {
        let decision = |taken: &Taken| {
            let Taken { fault, at_ms, act, draws, .. } = taken;
            let act = act.as_ref().map(|act| act.act(&prepared.plan.names)).transpose();
            Ok(Decision {
                fault: fault.fault,
                random: fault.random,
                at: Instant(at_ms.0.0),
                act: act.map_err(|why| format!("{fault}: {why}"))?,
                draws: draws.clone(),
            })
        };
        self.faults.iter().map(decision).collect()
    }

    fn fate(&self, run: &RunReport) -> Fate {
        self.first_violation.fate(run)
    }

    /// Where the run of its seed parts from what was recorded.
    fn differs(&self, prepared: &Arc<Prepared>) -> Differs {
        let comparer = Arc::new(Mutex::new(Comparer::new(self.checkpoints.clone())));
        let comparing = Arc::clone(&comparer);
        let look = move |seen: Seen<'_>| {
            comparing.lock().unwrap_or_else(PoisonError::into_inner).look(seen.step, seen.events);
        };
        let decisions = Decisions::default();
        let options = RunOptions { judges: false, trace: Some(Box::new(look)), ..RunOptions::default() };
        run::run_noted(prepared, self.seed, options, &decisions);
        let comparer = comparer.lock().unwrap_or_else(PoisonError::into_inner);
        let now = record::taken(prepared, self.seed, &decisions.taken());
        Differs {
            same_until: comparer.same_until,
            differ_by: comparer.differ_by,
            first_fault: first_fault(&self.faults, &now),
        }
    }
}

/// The first of the recorded faults that did something else, or the first that came beside them.
fn first_fault(recorded: &[Taken], now: &[Taken]) -> Option<FaultDiffers> {
    let by_name = |all: &[Taken], taken: &Taken| all.iter().find(|it| it.fault == taken.fault).cloned();
    let differs = |taken: &Taken, recorded: Option<&Taken>, now: Option<&Taken>| FaultDiffers {
        fault: taken.fault.to_string(),
        recorded: recorded.map(did),
        now: now.map(did),
    };
    let changed = recorded.iter().find_map(|taken| {
        let now = by_name(now, taken);
        (now.as_ref() != Some(taken)).then(|| differs(taken, Some(taken), now.as_ref()))
    });
    let added = || now.iter().find(|taken| by_name(recorded, taken).is_none());
    changed.or_else(|| added().map(|taken| differs(taken, None, Some(taken))))
}

/// `at 1300.000 ms: {"do":"crash","node":"broker-1",...}`
fn did(taken: &Taken) -> String {
    let at = Millis(taken.at_ms.0);
    match &taken.act {
        None => format!("at {at} ms: {} that found nobody", taken.kind),
        Some(act) => {
            let act = serde_json::to_string(act).expect("an act's keys are strings");
            format!("at {at} ms: {act}")
        }
    }
}
