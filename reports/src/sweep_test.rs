use std::collections::BTreeMap;
use std::sync::Arc;

use highwater_model::config::Acks;
use highwater_model::event::EventKind;

use super::SweepReport;
use crate::ci::{About, State, Suite};
use crate::clients_for_tests::{SHOP, acknowledged, batch, led, polled, sent, setup, step};
use crate::end::RunEnd;
use crate::expect::{Expect, HowOften};
use crate::outcome::{Outcome, Unexpected};
use crate::panel::{Extent, Panel, PanelSetup};
use crate::property::Property;
use crate::render::{Again, text};
use crate::report::RunReport;
use crate::verdict::Verdict;

fn expecting(often: HowOften) -> PanelSetup {
    let expect = Expect {
        must_see: vec![EventKind::RecordsPolled].into(),
        breaks: BTreeMap::from([(Property::Duplicate, often)]),
    };
    PanelSetup { expect: Arc::new(expect), ..setup(Acks::All) }
}

/// A run that reads a record at this many offsets, acknowledged as late as its seed is large.
fn run(setup: &PanelSetup, seed: u64, copies: u64, end: RunEnd) -> RunReport {
    let mut panel = Panel::new(PanelSetup { seed, ..setup.clone() });
    let log: Vec<_> = (0..copies.max(1)).map(|offset| batch(offset, &[0])).collect();
    let view = led(&log, copies.max(1));
    panel.look(&step(1, SHOP), &[sent(0)], &view);
    panel.look(&step(2 + seed, SHOP), &[acknowledged(0, &[0])], &view);
    for offset in 0..copies {
        panel.look(&step(30 + offset, SHOP), &[polled(offset, &[0])], &view);
    }
    panel.finish(
        &step(99, SHOP),
        &view,
        end,
        &Extent { fingerprint: seed + 1, steps: 5, events: 5, messages: 7 },
    )
}

fn runs(setup: &PanelSetup) -> Vec<RunReport> {
    let stalled = RunEnd::Stalled { pending: vec!["orders-0 has no leader".to_owned()] };
    vec![
        run(setup, 4, 2, RunEnd::Converged),
        run(setup, 2, 3, RunEnd::Converged),
        run(setup, 9, 1, stalled.clone()),
        run(setup, 6, 1, stalled),
        run(setup, 8, 0, RunEnd::Converged),
    ]
}

fn swept(setup: &PanelSetup, runs: impl IntoIterator<Item = RunReport>) -> SweepReport {
    let mut sweep = SweepReport::new(setup);
    runs.into_iter().for_each(|run| sweep.add(run));
    sweep
}

#[test]
fn a_sweep_does_not_depend_on_the_order_of_its_runs() {
    let setup = expecting(HowOften::Sometimes);
    let forwards = swept(&setup, runs(&setup));
    let backwards = swept(&setup, runs(&setup).into_iter().rev());
    assert_eq!(forwards, backwards);
    let mut halves = swept(&setup, runs(&setup).into_iter().skip(2));
    halves.merge(swept(&setup, runs(&setup).into_iter().take(2)));
    assert_eq!(forwards, halves);
}

#[test]
fn a_sweep_keeps_the_smallest_seeds_and_the_sums() {
    let setup = expecting(HowOften::Sometimes);
    let sweep = swept(&setup, runs(&setup));
    assert_eq!((sweep.seeds, sweep.first_seed, sweep.last_seed), (5, Some(2), Some(9)));
    let duplicate = &sweep.properties[&Property::Duplicate];
    assert_eq!((duplicate.broken_seeds, duplicate.broken, duplicate.allowed), (2, 3, 2));
    assert_eq!(duplicate.first_broken.as_ref().map(|broken| broken.seed), Some(2));
    assert_eq!(sweep.first_failures[&Outcome::Stalled].seed, 6);
    assert_eq!(sweep.first_failures[&Outcome::Broken].seed, 8);
    assert_eq!((sweep.seeds_with.duplicated, sweep.seeds_with.stalled, sweep.seeds_with.lost), (2, 2, 0));
    assert_eq!(
        (sweep.must_see[&EventKind::RecordsPolled].seeds, sweep.must_see[&EventKind::RecordsPolled].times),
        (4, 7)
    );
    assert_eq!((sweep.counts.sent, sweep.fingerprint.0, sweep.messages), (5, 34, 35));
    assert_eq!(sweep.outcome(), Outcome::Broken);
}

#[test]
fn a_seed_that_broke_a_promise_is_shown_before_a_smaller_one_that_broke_none() {
    let setup = PanelSetup { expect: Arc::default(), ..setup(Acks::All) };
    let played = |seed, verdict| {
        let mut run = run(&setup, seed, 2, RunEnd::Converged);
        run.properties.get_mut(&Property::Duplicate).expect("it is judged").verdict = verdict;
        run
    };
    let runs = || {
        let seeds =
            [(0, Verdict::Allowed), (7, Verdict::Violated), (5, Verdict::Violated), (1, Verdict::Allowed)];
        seeds.map(|(seed, verdict)| played(seed, verdict))
    };
    let whole = swept(&setup, runs());
    let duplicate = &whole.properties[&Property::Duplicate];
    assert_eq!(duplicate.first_broken.as_ref().map(|broken| broken.seed), Some(5));
    assert_eq!(whole.seeds_to_first(Property::Duplicate), Some(1), "it broke on the first seed, allowed");
    for parts in 1..4 {
        let mut joined = swept(&setup, runs().into_iter().skip(parts));
        joined.merge(swept(&setup, runs().into_iter().take(parts)));
        assert_eq!(joined, whole);
    }
    let suite = Suite::of_sweep(&whole, &Again { scenario: "x.json", sweep: "" });
    let told = suite.failures().find(|(about, _)| *about == About::Property(Property::Duplicate));
    let (_, failed) = told.expect("a promise broke");
    assert!(failed.message.ends_with("broke on 2 of 4 seeds, for one on seed 5"), "{}", failed.message);
    assert_eq!(failed.again, "again: highwater run x.json --seed 5");
}

#[test]
fn of_what_was_not_played_nothing_passed_and_nothing_failed() {
    let none = swept(&expecting(HowOften::Sometimes), []);
    assert_eq!((none.outcome(), none.unexpected()), (Outcome::NotPlayed, Vec::new()));
    let again = Again { scenario: "x.json", sweep: "" };
    let suite = Suite::of_sweep(&none, &again);
    assert!(suite.cases.iter().all(|case| matches!(case.state, State::Skipped(_))));
    assert_eq!((suite.words, suite.again), ("NOT PLAYED", None));
    let text = text::sweep(&none, &again);
    assert!(text.starts_with("NOT PLAYED  ") && !text.contains("again: "), "{text}");
}

#[test]
fn what_breaks_sometimes_must_break_on_at_least_one_seed() {
    let setup = expecting(HowOften::Sometimes);
    let never = swept(&setup, [run(&setup, 1, 1, RunEnd::Converged)]);
    assert_eq!(never.outcome(), Outcome::Broken);
    let expected = Unexpected::BreakMissing { property: Property::Duplicate, expected: HowOften::Sometimes };
    assert_eq!(never.unexpected(), [expected]);
    let once = swept(&setup, [run(&setup, 1, 1, RunEnd::Converged), run(&setup, 2, 2, RunEnd::Converged)]);
    assert_eq!(once.outcome(), Outcome::AsExpected);
}

#[test]
fn what_breaks_always_must_break_on_every_seed() {
    let setup = expecting(HowOften::Always);
    let runs = [run(&setup, 1, 1, RunEnd::Converged), run(&setup, 2, 2, RunEnd::Converged)];
    let sweep = swept(&setup, runs);
    assert_eq!(sweep.outcome(), Outcome::Broken);
    assert_eq!(sweep.first_failures[&Outcome::Broken].seed, 1);
}

#[test]
fn an_event_that_comes_on_a_smaller_share_of_seeds_than_stated_breaks_the_sweep_and_no_seed() {
    let half = serde_json::from_str(r#"{ "records_polled": 0.5 }"#).expect("a share");
    let setup = PanelSetup {
        expect: Arc::new(Expect {
            must_see: half,
            breaks: BTreeMap::from([(Property::Unseen, HowOften::May)]),
        }),
        ..setup(Acks::All)
    };
    let (seen, unseen) =
        (|seed| run(&setup, seed, 1, RunEnd::Converged), |seed| run(&setup, seed, 0, RunEnd::Converged));
    let enough = swept(&setup, [seen(1), unseen(2), unseen(3)]);
    assert_eq!((enough.outcome(), enough.expected_runs()), (Outcome::AsExpected, 3), "half of three is one");
    let mut rare = swept(&setup, [seen(1), unseen(2)]);
    rare.merge(swept(&setup, [unseen(3), unseen(4)]));
    assert_eq!((rare.outcome(), rare.expected_runs()), (Outcome::Broken, 4));
    let told: Vec<String> = rare.unexpected().iter().map(ToString::to_string).collect();
    assert_eq!(told, ["records_polled was seen on 1 of 4 seeds, 50 % stated"]);
}
