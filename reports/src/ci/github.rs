//! Annotations for GitHub's pages: workflow commands, a line each, which the runner reads in what a step prints.

use super::{About, Suite};

/// GitHub shows ten errors of a step and drops the rest; one of them says how many more there are.
const SHOWN_MAX: usize = 10;

/// An error for each scenario that did not go as expected, at the line of its file that `line` gives for what it failed by. Nothing
/// where all went as expected.
pub fn annotations(suites: &[Suite], line: impl Fn(&Suite, About) -> usize) -> String {
    let failed: Vec<&Suite> = suites.iter().filter(|suite| suite.failures().next().is_some()).collect();
    let shown = if failed.len() > SHOWN_MAX { SHOWN_MAX - 1 } else { failed.len() };
    let mut text: String = failed[..shown].iter().map(|suite| annotation(suite, &line)).collect();
    if failed.len() > shown {
        let more = failed.len() - shown;
        let message = format!("{more} more scenarios did not go as expected");
        text += &format!("::error title={}::{}\n", property("highwater"), data(&message));
    }
    text
}

fn annotation(suite: &Suite, line: impl Fn(&Suite, About) -> usize) -> String {
    let Some((about, _)) = suite.failures().next() else { return String::new() };
    let title = format!("{} {}, {}", suite.scenario, suite.words, suite.seeds);
    let mut message: Vec<&str> = suite.failures().map(|(_, failed)| failed.message.as_str()).collect();
    message.extend(suite.again.as_deref());
    format!(
        "::error file={},line={},title={}::{}\n",
        property(&suite.file),
        line(suite, about),
        property(&title),
        data(&message.join("\n"))
    )
}

/// What stands after the last colons.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands after an equals sign.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
