//! The face for comments on a change: GitHub's Markdown.

use super::text::{by_class, headline};
use super::{Change, Class, Difference, ScenarioDifference};
use crate::render::markdown::{Side, plain, table};

/// The whole difference.
pub fn difference(difference: &Difference) -> String {
    let changed = difference.scenarios.iter().filter(|it| it.class.is_some());
    let each: String = changed.map(one).collect();
    format!("**{}**\n{each}", plain(&headline(difference)))
}

fn one(scenario: &ScenarioDifference) -> String {
    let heads = ["class", "what", "before", "now"].map(|head| (head.to_owned(), Side::Left));
    let rows = by_class(scenario).flat_map(|(class, changes, more)| {
        let more = (more > 0).then(|| {
            vec![class.words().to_owned(), format!("and {more} more"), String::new(), String::new()]
        });
        changes.iter().map(move |change| row(class, change)).chain(more)
    });
    format!("\n### {}\n\n{}", plain(&scenario.scenario), table(&heads, rows))
}

fn row(class: Class, change: &Change) -> Vec<String> {
    let told = |value| super::told(value).map_or_else(|| "(differs)".to_owned(), |told| plain(&told));
    vec![class.words().to_owned(), plain(&change.what), told(&change.before), told(&change.after)]
}
