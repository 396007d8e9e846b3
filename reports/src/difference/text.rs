//! The face for people.

use super::{Change, Class, Difference, ScenarioDifference};
use crate::render::{WIDTH, wrapped};

/// How many changes of one class are told of a scenario. Verdicts and new anomalies are all told, and all are in the JSON.
const TOLD_MAX: usize = 12;

/// The whole difference.
pub fn difference(difference: &Difference) -> String {
    let mut text = headline(difference) + "\n";
    for scenario in difference.scenarios.iter().filter(|it| it.class.is_some()) {
        text += &one(scenario);
    }
    text
}

/// `CHANGED  2 of 3 scenarios, at worst a verdict`
pub(super) fn headline(difference: &Difference) -> String {
    let all = difference.scenarios.len();
    let scenarios = if all == 1 { "scenario" } else { "scenarios" };
    match difference.class {
        None => format!("NO CHANGE  {all} {scenarios}"),
        Some(worst) => {
            let changed = difference.scenarios.iter().filter(|it| it.class.is_some()).count();
            format!("CHANGED  {changed} of {all} {scenarios}, the gravest change: {}", worst.words())
        }
    }
}

fn one(scenario: &ScenarioDifference) -> String {
    let mut text = format!("\n{}\n", scenario.scenario);
    for (class, changes, more) in by_class(scenario) {
        for change in changes {
            text += &line(class, &change.words());
        }
        if more > 0 {
            text += &line(class, &format!("and {more} more; --format json has all"));
        }
    }
    text
}

/// The changes of each class that are told, the gravest class first, and how many are not.
pub(super) fn by_class(scenario: &ScenarioDifference) -> impl Iterator<Item = (Class, &[Change], usize)> {
    scenario.changes.chunk_by(|one, other| one.class == other.class).map(|changes| {
        let class = changes[0].class;
        let all_told = class >= Class::NewAnomaly || changes.len() <= TOLD_MAX;
        let told = if all_told { changes.len() } else { TOLD_MAX };
        (class, &changes[..told], changes.len() - told)
    })
}

fn line(class: Class, words: &str) -> String {
    const INDENT: &str = "                    ";
    let text = wrapped(words, INDENT, WIDTH);
    let head = format!("  {:<18}", class.words());
    text.strip_prefix(INDENT).map_or_else(String::new, |rest| format!("{head}{rest}"))
}
