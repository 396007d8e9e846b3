//! Plays a failed seed once more, and writes down what it takes to have it again.
//!
//! The run that failed paid nothing: what its faults did is noted only when it is played for a bundle.

use std::sync::{Arc, Mutex, PoisonError};

use highwater_reports::replay::Violation;
use highwater_reports::report::{Evidence, RunReport};

use super::acts::NamedAct;
use super::checkpoints::{Checkpoint, Taker};
use super::format::{Bundle, FORMAT, FaultName, Taken, VERSION};
use crate::causes;
use crate::coverage::action;
use crate::faults::{Chance, Decision, Decisions};
use crate::prepared::Prepared;
use crate::run::{RunOptions, run_noted};
use crate::scenario::plan::PlannedWhen;
use crate::seed::Seed;
use crate::trace::Seen;

/// The bundle of a seed; none if it does not fail. `scenario` is the text of the file that it was prepared from.
pub fn record(prepared: &Arc<Prepared>, seed: u64, scenario: &str) -> Option<Bundle> {
    let (mut report, decisions, checkpoints) = noted(prepared, seed);
    let first_violation = violation(prepared, &report)?;
    causes::explain(prepared, &mut report);
    Some(Bundle {
        format: FORMAT.to_owned(),
        version: VERSION,
        highwater: env!("CARGO_PKG_VERSION").to_owned(),
        name: prepared.plan.name.clone(),
        overrides: prepared.plan.overrides.clone(),
        seed,
        preset: report.protocol,
        fingerprint: report.fingerprint,
        steps: report.steps,
        first_violation,
        faults: taken(prepared, seed, &decisions),
        checkpoints,
        scenario: scenario.to_owned(),
        report: serde_json::to_value(&report).expect("a report's keys are strings"),
    })
}

/// The run with what its faults did and its checkpoints.
fn noted(prepared: &Arc<Prepared>, seed: u64) -> (RunReport, Vec<Decision>, Vec<Checkpoint>) {
    let decisions = Decisions::default();
    let taker = Arc::new(Mutex::new(Taker::default()));
    let taking = Arc::clone(&taker);
    let look = move |seen: Seen<'_>| {
        taking.lock().unwrap_or_else(PoisonError::into_inner).look(seen.step, seen.events);
    };
    let options = RunOptions { trace: Some(Box::new(look)), ..RunOptions::default() };
    let report = run_noted(prepared, seed, options, &decisions);
    let taker = std::mem::take(&mut *taker.lock().unwrap_or_else(PoisonError::into_inner));
    (report, decisions.taken(), taker.taken())
}

/// What the run failed by, with the very first evidence of it.
fn violation(prepared: &Prepared, report: &RunReport) -> Option<Violation> {
    let first = report.first_broken.as_ref().map(|it| Evidence::new(it, &prepared.plan.names));
    Violation::of(report).map(|it| Violation { evidence: first.or(it.evidence), ..it })
}

/// What the faults of a seed did, with names.
pub(super) fn taken(prepared: &Arc<Prepared>, seed: u64, decisions: &[Decision]) -> Vec<Taken> {
    // A seed of a swarm is played by a plan of its own.
    let (prepared, _) = prepared.drawn_by(seed);
    let kinds = Chance::new(&prepared.plan, &Seed::new(seed)).map(Chance::kinds).unwrap_or_default();
    let named = |decision: &Decision| {
        let &Decision { fault, random, at, .. } = decision;
        let planned = prepared.plan.faults.get(fault as usize).filter(|_| !random);
        let by_chance = kinds.get(fault as usize).filter(|_| random).map(|kind| kind.name());
        let kind = planned.map(|planned| action(&planned.action)).or(by_chance).unwrap_or_default();
        Taken {
            fault: FaultName { fault, random },
            kind: kind.to_owned(),
            at_ms: highwater_reports::latency::Millis(highwater_model::time::Micros(at.0)),
            occurrence: planned.and_then(|planned| match planned.when {
                PlannedWhen::At(_) => None,
                PlannedWhen::Upon { occurrence, .. } => Some(occurrence.max(1)),
            }),
            act: decision.act.as_ref().map(|act| NamedAct::new(act, &prepared.plan.names)),
            draws: decision.draws.clone(),
        }
    };
    decisions.iter().map(named).collect()
}
