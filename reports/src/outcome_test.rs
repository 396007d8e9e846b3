use std::collections::BTreeMap;

use highwater_model::event::EventKind;

use super::{Outcome, Unexpected, outcome, unexpected};
use crate::end::RunEnd;
use crate::expect::{Expect, HowOften};
use crate::property::Property;
use crate::report::PropertyReport;
use crate::verdict::Verdict;

fn judged(property: Property, verdict: Verdict) -> BTreeMap<Property, PropertyReport> {
    let broken = u64::from(matches!(verdict, Verdict::Violated | Verdict::Allowed));
    let report = PropertyReport {
        judge: property.judge(),
        verdict,
        looked: 1,
        broken,
        promised_with: None,
        only_on_offsets: false,
        evidence: vec![],
    };
    BTreeMap::from([(property, report)])
}

fn breaks(property: Property, often: HowOften) -> Expect {
    Expect { breaks: BTreeMap::from([(property, often)]), ..Default::default() }
}

fn ended(expect: &Expect, end: &RunEnd, properties: &BTreeMap<Property, PropertyReport>) -> Outcome {
    outcome(end, &unexpected(expect, end, properties, &BTreeMap::new()))
}

fn stalled() -> RunEnd {
    RunEnd::Stalled { pending: vec!["orders-0 has no leader".to_owned()] }
}

#[test]
fn a_broken_promise_is_unexpected_unless_it_was_named() {
    let violated = judged(Property::Duplicate, Verdict::Violated);
    assert_eq!(ended(&Expect::default(), &RunEnd::Converged, &violated), Outcome::Broken);
    for often in [HowOften::Always, HowOften::Sometimes, HowOften::May] {
        let expect = breaks(Property::Duplicate, often);
        assert_eq!(ended(&expect, &RunEnd::Converged, &violated), Outcome::AsExpected);
    }
}

#[test]
fn what_was_never_promised_may_break() {
    let allowed = judged(Property::Duplicate, Verdict::Allowed);
    assert_eq!(ended(&Expect::default(), &RunEnd::Converged, &allowed), Outcome::AsExpected);
}

#[test]
fn what_breaks_always_must_break_promised_or_not() {
    let expect = breaks(Property::Duplicate, HowOften::Always);
    let allowed = judged(Property::Duplicate, Verdict::Allowed);
    assert_eq!(ended(&expect, &RunEnd::Converged, &allowed), Outcome::AsExpected);
    let held = judged(Property::Duplicate, Verdict::Held);
    assert_eq!(ended(&expect, &RunEnd::Converged, &held), Outcome::Broken);
    for often in [HowOften::Sometimes, HowOften::May] {
        let expect = breaks(Property::Duplicate, often);
        assert_eq!(ended(&expect, &RunEnd::Converged, &held), Outcome::AsExpected);
    }
}

#[test]
fn an_event_that_must_be_seen_and_never_came_breaks_the_scenario() {
    let must_see = BTreeMap::from([(EventKind::LeaderElected, 0), (EventKind::ProduceRetried, 2)]);
    let found = unexpected(&Expect::default(), &RunEnd::Converged, &BTreeMap::new(), &must_see);
    assert_eq!(found, [Unexpected::EventMissing { event: EventKind::LeaderElected }]);
    assert_eq!(outcome(&RunEnd::Converged, &found), Outcome::Broken);
    assert_eq!(found[0].to_string(), "leader_elected was to be seen and never came");
}

#[test]
fn a_stall_explains_what_is_missing_at_its_end() {
    let expect = breaks(Property::Duplicate, HowOften::Always);
    let held = judged(Property::Duplicate, Verdict::Held);
    assert_eq!(ended(&expect, &stalled(), &held), Outcome::Stalled);
    let liveness = judged(Property::Elected, Verdict::Violated);
    assert_eq!(ended(&Expect::default(), &stalled(), &liveness), Outcome::Stalled);
}

#[test]
fn a_safety_break_outweighs_a_stall() {
    let violated = judged(Property::StrongIsr, Verdict::Violated);
    assert_eq!(ended(&Expect::default(), &stalled(), &violated), Outcome::Broken);
}

#[test]
fn a_stall_is_as_expected_where_the_scenario_is_meant_to_stall() {
    let expect = breaks(Property::Elected, HowOften::Always);
    let violated = judged(Property::Elected, Verdict::Violated);
    assert_eq!(ended(&expect, &stalled(), &violated), Outcome::AsExpected);
}

#[test]
fn a_liveness_break_of_a_run_that_converged_is_a_break() {
    let violated = judged(Property::AllSeen, Verdict::Violated);
    assert_eq!(ended(&Expect::default(), &RunEnd::Converged, &violated), Outcome::Broken);
}

#[test]
fn a_panic_outweighs_everything() {
    let violated = judged(Property::StrongIsr, Verdict::Violated);
    let end = RunEnd::Panicked { message: "overflow".to_owned() };
    assert_eq!(ended(&Expect::default(), &end, &violated), Outcome::Panicked);
    assert_eq!(ended(&Expect::default(), &RunEnd::EventsExhausted, &BTreeMap::new()), Outcome::Stalled);
}

#[test]
fn exit_codes_are_those_of_the_design() {
    assert_eq!(ended(&Expect::default(), &RunEnd::Interrupted, &BTreeMap::new()), Outcome::Interrupted);
    let codes = [Outcome::AsExpected, Outcome::Broken, Outcome::Stalled, Outcome::Panicked];
    assert_eq!(codes.map(Outcome::exit_code), [0, 1, 3, 101]);
}
