//! Why something broke: every step knows what it came of, and a report tells the chain from the fault to what broke and on to
//! what a client could notice.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use highwater_model::event::Event;
use highwater_model::machine::Input;
use highwater_reports::causes::{Cause, LINES_MAX, Part};
use highwater_reports::property::Judge;
use highwater_reports::render::causes::lines;
use highwater_reports::report::RunReport;
use highwater_sim::causes::explain;
use highwater_sim::prepared::Prepared;
use highwater_sim::run::{RunOptions, run_bare};
use highwater_sim::scenario::load::load;
use highwater_sim::trace::Seen;

use crate::support::scenarios::{changed, prepared};

fn explained(prepared: &Arc<Prepared>, seed: u64) -> RunReport {
    let mut report = run_bare(prepared, seed, RunOptions::default());
    explain(prepared, &mut report);
    report
}

fn exhibit(name: &str) -> Arc<Prepared> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../scenarios/museum/{name}.json"));
    Arc::new(Prepared::new(load(&file, &[]).expect("the museum's files are valid").plan))
}

/// The words of the lines, in their order, without when and whose.
fn told(chain: &[Cause]) -> Vec<&str> {
    chain.iter().map(|cause| cause.text.as_str()).collect()
}

/// A chain is short, its reasons stand in it and before what they bring about, and it says what broke.
fn is_whole(report: &RunReport, what: &str) {
    let chain = &report.causes;
    assert_eq!(chain.is_empty(), report.signature.is_none(), "{what}");
    if chain.is_empty() {
        return;
    }
    let text = lines(chain);
    assert!(text.len() <= LINES_MAX, "{what}: {} lines", text.len());
    assert!(text.iter().all(|line| line.chars().count() <= 140), "{what}: {text:#?}");
    assert_eq!(chain.iter().filter(|cause| cause.part == Part::Broke).count(), 1, "{what}");
    let first = report.first_broken.as_ref().expect("it broke");
    let noticed = chain.iter().filter(|cause| cause.part == Part::Noticed).count();
    assert_eq!(noticed, usize::from(first.property.judge() != Judge::BlackBox), "{what}");
    let mut before = BTreeSet::new();
    for cause in chain {
        before.extend((cause.part != Part::LeftOut).then_some(cause.step));
        assert!(cause.because_of.iter().all(|step| before.contains(step)), "{what}: {cause:?} of {text:#?}");
    }
}

#[test]
fn every_step_knows_the_step_that_it_came_of() {
    for (name, protocol) in
        [("chaos", "0.11-iv1"), ("chaos_of_clients", "4.0-elr"), ("exactly_once_processing", "3.7")]
    {
        let prepared = changed(name, &[&format!("protocol={protocol}")]);
        let roots = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&roots);
        let look = move |seen: Seen<'_>| {
            assert!(seen.step.cause < seen.step.id, "a cause comes first");
            if seen.step.cause.0 == 0 {
                let first = seen.events.first().cloned();
                kept.lock().expect("nobody panics with it").push((seen.step.at, seen.input.cloned(), first));
            }
        };
        run_bare(&prepared, 1, RunOptions { trace: Some(Box::new(look)), ..RunOptions::default() });
        // Nothing comes of nothing but the first lives, the workload, faults at a time or by chance, and the end of the faults.
        for (at, input, first) in roots.lock().expect("the same").iter() {
            let is_known = match (input, first) {
                (Some(Input::Start), _) => at.0 == 0,
                (Some(Input::Command(_)), _) => true,
                (Some(Input::Message { .. } | Input::Disconnected(_) | Input::Deadline), _) => false,
                (
                    None,
                    Some(
                        Event::FaultStruck { .. }
                        | Event::FaultMissed { .. }
                        | Event::HealStarted
                        | Event::Converged,
                    ),
                ) => true,
                (None, _) => false,
            };
            assert!(is_known, "{name}: {input:?} at {at} came of nothing: {first:?}");
        }
    }
}

#[test]
fn a_lost_record_is_told_from_the_crash_to_the_client_that_is_told_another() {
    let report = explained(&prepared("hw_truncation_loses_acked"), 1);
    is_whole(&report, "hw_truncation_loses_acked");
    let told = told(&report.causes).join("\n");
    for each in [
        "appended shop#2",
        "acknowledged shop#2",
        "strikes; broker-1 died",
        "elected broker-2",
        "cut the log",
    ] {
        assert!(told.contains(each), "{each} is missing of\n{told}");
    }
    assert!(!told.contains("audit"), "what had no part in it is told:\n{told}");
}

#[test]
fn chains_of_the_museum_and_of_chaos_are_short_and_whole() {
    for name in [
        "s1_bounced_follower_leads",
        "s3_fast_failover_forks",
        "reboot_race_empty_replica_joins",
        "kafka_14402_late_produce_hangs",
    ] {
        let report = explained(&exhibit(name), 0);
        is_whole(&report, name);
        let told = told(&report.causes).join("\n");
        assert!(told.contains("strikes"), "{name} comes of no fault:\n{told}");
    }
    for protocol in ["0.11-iv1", "2.0", "4.0-elr"] {
        for name in ["chaos", "chaos_of_clients"] {
            let prepared = changed(name, &[&format!("protocol={protocol}")]);
            for seed in 0..12 {
                is_whole(&explained(&prepared, seed), &format!("{name}, {protocol}, seed {seed}"));
            }
        }
    }
}

#[test]
fn a_run_in_which_nothing_broke_has_neither_causes_nor_a_signature() {
    let report = explained(&prepared("steady_state"), 0);
    assert!(report.causes.is_empty() && report.signature.is_none());
}

#[test]
fn a_story_has_the_same_signature_on_every_seed() {
    let prepared = prepared("hw_truncation_loses_acked");
    let signature =
        |seed| run_bare(&prepared, seed, RunOptions::default()).signature.map(|it| it.to_string());
    let all: BTreeSet<_> = (0..50).map(signature).collect();
    assert_eq!(all.len(), 1, "{all:#?}");
}
