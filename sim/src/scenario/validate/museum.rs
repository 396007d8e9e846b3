//! What a scenario of the museum says of its bug.

use super::super::errors::Problem;
use super::super::path::at;
use super::Check;

pub(super) fn check(check: &mut Check<'_>) {
    let Some(museum) = &check.scenario.museum else { return };
    let mut problems = Vec::new();
    for (key, words) in [("issue", &museum.issue), ("breaks", &museum.breaks)] {
        if words.trim().is_empty() {
            let problem = Problem::new(at!["museum", key], format!("museum.{key} is empty"));
            problems.push(problem.allowed("a few words"));
        }
    }
    let mended = museum.mended_in.protocol().with(museum.mended_switches);
    for found in mended.contradictions() {
        let (switch, needs) = (found.switch.name(), found.needs.name());
        let message = format!(
            "the twin has `{switch}` {} with `{needs}` {}, which never made sense: {}",
            mended.value(found.switch),
            mended.value(found.needs),
            found.reason
        );
        let problem = Problem::new(at!["museum", "mended_switches"], message);
        problems.push(problem.allowed(format!("`{needs}` {}, or another `{switch}`", found.value)));
    }
    problems.into_iter().for_each(|problem| check.report(problem));
}
