use highwater_model::event::EventKind;
use highwater_model::machine::Ending;
use highwater_model::time::{Instant, Micros};
use highwater_reports::end::RunEnd;

use super::*;
use crate::scenario::format::{RandomFault, RandomFaults};
use crate::scenario::plan::{Plan, PlannedAction, PlannedTarget};
use crate::testing::{ORDERS_0, at, crash, plan, prepared, upon};

/// On both drivers, with judges and without.
fn run_everywhere(plan: Plan, seeds: std::ops::Range<u64>) -> Vec<RunReport> {
    let prepared = prepared(plan);
    seeds
        .map(|seed| {
            let bare = run_bare(&prepared, seed, RunOptions::default());
            let simulated = run(&prepared, seed, RunOptions::default());
            assert_eq!(bare, simulated, "seed {seed}");
            let unjudged = run_bare(&prepared, seed, RunOptions { judges: false, trace: None });
            assert_eq!(bare.fingerprint, unjudged.fingerprint, "seed {seed}: judges only look");
            bare
        })
        .collect()
}

fn seen(report: &RunReport, kind: EventKind) -> u64 {
    report.seen.get(&kind).copied().unwrap_or(0)
}

#[test]
fn a_quiet_cluster_converges_at_the_heal_with_everything_sent_and_seen() {
    for report in run_everywhere(plan(vec![]), 0..5) {
        assert_eq!(report.end, RunEnd::Converged, "seed {}", report.seed);
        assert_eq!(seen(&report, EventKind::RecordSent), 40);
        assert_eq!(seen(&report, EventKind::SendAcknowledged), 40);
        assert_eq!(seen(&report, EventKind::LeaderElected), 0);
    }
}

#[test]
fn a_crashed_leader_is_replaced_and_comes_back() {
    let mut plan = plan(vec![at(1_000, crash(PlannedTarget::Leader(ORDERS_0), Ending::Process))]);
    plan.duration = Instant::from_millis(20_000);
    plan.liveness = Micros::from_millis(60_000);
    for report in run_everywhere(plan, 0..5) {
        assert_eq!(report.end, RunEnd::Converged, "seed {}", report.seed);
        assert_eq!(seen(&report, EventKind::NodeStopped), 1);
    }
}

#[test]
fn a_leader_that_dies_before_it_answers_is_struck_at_that_very_step() {
    let PlannedAction::Crash { target, ending, .. } = crash(PlannedTarget::EventBroker, Ending::Process)
    else {
        panic!()
    };
    let crash = PlannedAction::Crash { target, ending, restart_after: None };
    let mut when = upon(EventKind::ProduceAcknowledged);
    if let crate::scenario::plan::PlannedWhen::Upon { before_send, occurrence, .. } = &mut when {
        (*before_send, *occurrence) = (true, 5);
    }
    let mut plan = plan(vec![(when, crash)]);
    plan.duration = Instant::from_millis(20_000);
    plan.liveness = Micros::from_millis(60_000);
    for report in run_everywhere(plan, 0..5) {
        assert_eq!(report.end, RunEnd::Converged, "seed {}", report.seed);
        assert!(seen(&report, EventKind::LeaderElected) >= 1);
        assert!(seen(&report, EventKind::ProduceRetried) >= 1);
    }
}

#[test]
fn random_faults_on_a_real_cluster_end_alike_on_both_drivers() {
    let mut plan = plan(vec![]);
    plan.duration = Instant::from_millis(60_000);
    plan.liveness = Micros::from_millis(120_000);
    plan.events_max = 1_000_000;
    plan.producers[0].records = 1_000;
    let kinds = [
        RandomFault::CrashProcess,
        RandomFault::CrashPower,
        RandomFault::Shutdown,
        RandomFault::Pause,
        RandomFault::Isolate,
        RandomFault::Cut,
        RandomFault::Degrade,
        RandomFault::Lag,
        RandomFault::DropAck,
        RandomFault::ElectPreferred,
    ];
    let weights = kinds.map(|kind| (kind, 1)).into();
    plan.random = Some(RandomFaults { every_ms: 3_000, budget: 30, lasts_ms: 5_000, weights });
    for report in run_everywhere(plan, 0..20) {
        assert!(!matches!(report.end, RunEnd::Panicked { .. } | RunEnd::EventsExhausted), "{:?}", report.end);
    }
}
