//! What must come of a run.

use highwater_reports::must_see::MustSee;

use super::super::errors::Problem;
use super::super::path::at;
use super::Check;

pub(super) fn check(check: &mut Check<'_>) {
    let MustSee::Always(must_see) = &check.scenario.expect.must_see else { return };
    for (index, event) in must_see.iter().enumerate() {
        if let Some(first) = must_see[..index].iter().position(|other| other == event) {
            let message = format!("expect.must_see names `{}` twice", event.name());
            let problem = Problem::new(at!["expect", "must_see", index], message).allowed("each event once");
            check.report(problem.because(at!["expect", "must_see", first], "first here"));
        }
    }
}
