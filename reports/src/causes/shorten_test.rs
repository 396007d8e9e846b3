use highwater_model::event::StepId;
use highwater_model::time::Instant;

use super::{Line, to_lines};
use crate::causes::{Cause, LINES_MAX, Part};
use crate::report::millis;

fn cause(step: u64, because_of: &[u64], part: Part) -> Cause {
    Cause {
        at_ms: millis(Instant(step)),
        step: StepId(step),
        actor: "broker-1".to_owned(),
        text: format!("did thing {step}"),
        because_of: because_of.iter().copied().map(StepId).collect(),
        part,
    }
}

fn line(step: u64, because_of: &[u64], depth: u32) -> Line {
    Line { cause: cause(step, because_of, Part::Led), depth, is_fault: depth == 0 && because_of.is_empty() }
}

fn steps(chain: &[Cause]) -> Vec<u64> {
    chain.iter().map(|cause| cause.step.0).collect()
}

#[test]
fn a_reason_that_another_reason_has_is_not_named() {
    let led = vec![line(1, &[], 2), line(2, &[1], 1), line(3, &[1, 2], 0)];
    let chain = to_lines(led, cause(3, &[1, 3], Part::Broke), None);
    assert_eq!(chain[2].because_of, [StepId(2)]);
    assert_eq!(chain[3].because_of, [StepId(3)]);
}

#[test]
fn what_is_far_from_the_break_is_left_out_and_what_came_of_it_comes_of_its_fault() {
    let fault = Line { is_fault: true, ..line(1, &[], 60) };
    let far = (2..=60).map(|step| line(step, &[step - 1], 61 - step as u32));
    let led: Vec<Line> = std::iter::once(fault).chain(far).collect();
    let noticed = cause(70, &[60], Part::Noticed);
    let chain = to_lines(led, cause(60, &[60], Part::Broke), Some(noticed));
    assert_eq!(chain.len(), LINES_MAX);
    assert_eq!(steps(&chain)[..3], [1, 2, 40]);
    assert_eq!(chain[1].text, "... 38 steps more, left out");
    assert_eq!((chain[1].part, chain[2].because_of.as_slice()), (Part::LeftOut, [StepId(1)].as_slice()));
    assert_eq!((chain[23].part, chain[24].part), (Part::Broke, Part::Noticed));
}

#[test]
fn what_happened_between_the_break_and_the_client_stands_between_them() {
    let led = vec![line(1, &[], 0), line(5, &[1], 1)];
    let chain = to_lines(led, cause(3, &[1], Part::Broke), Some(cause(7, &[5], Part::Noticed)));
    assert_eq!(steps(&chain), [1, 3, 5, 7]);
}
