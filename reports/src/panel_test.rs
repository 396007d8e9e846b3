use std::sync::Arc;

use highwater_model::config::Acks;
use highwater_model::event::{Event, EventKind};
use highwater_model::ids::BrokerId;
use highwater_model::machine::Ending;

use super::{Extent, Panel, PanelSetup};
use crate::clients_for_tests::{SHOP, acknowledged, batch, led, polled, sent, setup, step};
use crate::end::RunEnd;
use crate::expect::Expect;
use crate::outcome::Outcome;
use crate::property::Property;
use crate::report::RunReport;
use crate::verdict::Verdict;

fn told(panel: Panel, events: &[Event], end: RunEnd) -> RunReport {
    let mut panel = panel;
    let view = led(&[batch(0, &[0]), batch(1, &[0])], 2);
    for (id, event) in (1..).zip(events) {
        panel.look(&step(id, SHOP), std::slice::from_ref(event), &view);
    }
    panel.finish(
        &step(20, SHOP),
        &view,
        end,
        &Extent { fingerprint: 0xfeed, steps: 9, events: events.len() as u64, messages: 0 },
    )
}

fn twice() -> Vec<Event> {
    vec![sent(0), acknowledged(0, &[0]), polled(0, &[0]), polled(1, &[0])]
}

fn must_see(kind: EventKind) -> PanelSetup {
    let expect = Expect { must_see: vec![kind].into(), ..Default::default() };
    PanelSetup { expect: Arc::new(expect), ..setup(Acks::All) }
}

#[test]
fn a_report_holds_verdicts_counts_and_what_was_seen() {
    let report = told(Panel::new(must_see(EventKind::RecordsPolled)), &twice(), RunEnd::Converged);
    let duplicate = &report.properties[&Property::Duplicate];
    assert_eq!((duplicate.verdict, duplicate.broken), (Verdict::Allowed, 1));
    assert_eq!(duplicate.evidence[0].actor, "shop");
    assert_eq!(report.properties[&Property::LostWrite].verdict, Verdict::Held);
    assert_eq!((report.counts.sent, report.counts.duplicated, report.counts.delivered), (1, 1, 2));
    assert_eq!(report.must_see[&EventKind::RecordsPolled], 2);
    assert_eq!(report.latencies.percentiles().map(|found| found.max_ms.to_string()), Some("1.000".into()));
    assert_eq!((report.outcome, report.seed, report.steps, report.events), (Outcome::AsExpected, 7, 9, 4));
}

#[test]
fn an_event_that_must_be_seen_is_demanded_of_every_seed() {
    let report = told(Panel::new(must_see(EventKind::LeaderElected)), &twice(), RunEnd::Converged);
    assert_eq!(report.outcome, Outcome::Broken);
}

#[test]
fn what_only_the_end_tells_is_unknown_when_the_run_was_cut_short() {
    let report = told(Panel::new(setup(Acks::All)), &twice(), RunEnd::EventsExhausted);
    assert_eq!(report.properties[&Property::LostWrite].verdict, Verdict::Unknown);
    assert_eq!(report.properties[&Property::Unseen].verdict, Verdict::Unknown);
    assert_eq!(report.properties[&Property::Duplicate].verdict, Verdict::Allowed);
    assert_eq!(report.outcome, Outcome::Stalled);
}

#[test]
fn a_power_failure_turns_a_broken_promise_into_what_is_allowed() {
    let mut events = vec![polled(0, &[0]), polled(0, &[1])];
    let report = told(Panel::new(setup(Acks::All)), &events, RunEnd::Converged);
    assert_eq!(report.properties[&Property::InconsistentOffsets].verdict, Verdict::Violated);
    events.push(Event::NodeStopped { node: BrokerId(2).into(), ending: Ending::Power });
    let report = told(Panel::new(setup(Acks::All)), &events, RunEnd::Converged);
    assert_eq!(report.properties[&Property::InconsistentOffsets].verdict, Verdict::Allowed);
}

#[test]
fn a_panel_that_is_off_looks_at_nothing_and_expects_nothing() {
    let report = told(Panel::off(must_see(EventKind::LeaderElected)), &twice(), RunEnd::Converged);
    assert_eq!(report.outcome, Outcome::AsExpected);
    assert!(report.properties.values().all(|property| property.verdict == Verdict::NotExercised));
    assert_eq!(report.counts.sent, 0);
}
