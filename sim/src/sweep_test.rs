use std::ops::ControlFlow;
use std::sync::atomic::AtomicU64;

use highwater_reports::outcome::Outcome;
use highwater_reports::render::json;

use super::*;
use crate::scenario::load::load_str;

/// A leader that may or may not die before its first record: some seeds lack an election.
fn prepared() -> Arc<Prepared> {
    let text = r#"{
        "story": "A broker may stop.",
        "protocol": "0.11-iv1",
        "cluster": { "brokers": 3 },
        "topics": [ { "name": "orders", "partitions": 1, "replication": 3 } ],
        "producers": [ { "name": "shop", "topic": "orders", "records": 2, "every_ms": 50 } ],
        "random_faults": { "every_ms": 2000, "budget": 1, "lasts_ms": 100, "weights": { "pause": 1 } },
        "duration_ms": 3000,
        "expect": { "must_see": ["fault_struck"] }
    }"#;
    let loaded = load_str("maybe.json", text, &[]).expect("the scenario is valid");
    Arc::new(Prepared::new(loaded.plan))
}

fn printed(report: &SweepReport) -> String {
    json::sweep(report).expect("a report's keys are strings")
}

fn within(jobs: usize, failures: Option<u64>, heard: &mut Vec<(u64, Outcome)>) -> SweepReport {
    let options = SweepOptions { seeds: 5..405, jobs };
    let bounds = Bounds { failures, stop: &|| false, give_up: None };
    sweep_within(&prepared(), &options, &bounds, &(), &mut |run| {
        heard.push((run.seed, run.outcome));
        ControlFlow::Continue(())
    })
}

#[test]
fn a_sweep_that_stops_at_the_third_failure_does_not_depend_on_the_number_of_threads() {
    let mut heard = Vec::new();
    let one = within(1, Some(3), &mut heard);
    let failed = |heard: &[(u64, Outcome)]| heard.iter().filter(|run| run.1 == Outcome::Broken).count();
    assert_eq!(failed(&heard), 3);
    assert_eq!(heard.last().map(|last| last.1), Some(Outcome::Broken), "it ends with the failing seed");
    assert!(heard.len() < 400 && one.seeds == heard.len() as u64, "{}", heard.len());
    for jobs in [2, 3, 8] {
        let mut also = Vec::new();
        assert_eq!(printed(&within(jobs, Some(3), &mut also)), printed(&one));
        assert_eq!(also, heard);
    }
}

#[test]
fn seeds_are_heard_in_ascending_order_whatever_the_number_of_threads() {
    let mut heard = Vec::new();
    within(4, None, &mut heard);
    assert!(heard.iter().map(|run| run.0).eq(5..405));
}

#[test]
fn a_sweep_that_is_stopped_keeps_a_row_of_seeds_without_a_gap_and_these_again_are_the_same() {
    let begun = AtomicU64::new(0);
    let options = SweepOptions { seeds: 0..10_000, jobs: 3 };
    let stop = || begun.fetch_add(1, Ordering::Relaxed) > 100;
    let stopped = sweep_within(
        &prepared(),
        &options,
        &Bounds { failures: None, stop: &stop, give_up: None },
        &(),
        &mut |_| ControlFlow::Continue(()),
    );
    assert!((1..=102).contains(&stopped.seeds), "{}", stopped.seeds);
    let again = SweepOptions { seeds: 0..stopped.seeds, jobs: 1 };
    assert_eq!(printed(&sweep(&prepared(), &again, &(), &Arc::default())), printed(&stopped));
}

#[test]
fn who_listens_may_end_the_sweep() {
    let options = SweepOptions { seeds: 0..100, jobs: 2 };
    let bounds = Bounds { failures: None, stop: &|| false, give_up: None };
    let ended = sweep_within(&prepared(), &options, &bounds, &(), &mut |run| {
        if run.seed == 11 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((ended.seeds, ended.last_seed), (12, Some(11)));
}

#[test]
fn a_seed_that_is_given_up_is_in_no_report() {
    let options = SweepOptions { seeds: 0..10, jobs: 2 };
    let given_up = Arc::new(AtomicBool::new(true));
    let bounds = Bounds { failures: None, stop: &|| false, give_up: Some(&given_up) };
    let mut heard = 0;
    let report = sweep_within(&prepared(), &options, &bounds, &(), &mut |_| {
        heard += 1;
        ControlFlow::Continue(())
    });
    assert_eq!((report.seeds, heard), (0, 0));
}
