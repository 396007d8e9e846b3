//! The faces of a report: [`text`] for people, [`json`] for machines, the [`trace`] of a run, one line an event,
//! and the chain of [`causes`] of what broke.
//!
//! A face says the same on every machine. The only thing that it takes from outside is how the user named the scenario
//! file, for the command that plays a failure again.

pub mod causes;
mod failures_text;
pub mod json;
pub(crate) mod markdown;
mod sweep_text;
pub mod text;
pub mod timeline;
pub mod trace;

use crate::outcome::Outcome;
use crate::sweep::SweepReport;

/// How wide texts for people are, where words allow.
pub const WIDTH: usize = 110;

/// What the user typed, for the command that plays a failure again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again<'a> {
    /// The scenario file as it was named on the command line.
    pub scenario: &'a str,
    /// The whole command of a sweep, for failures that no single seed shows.
    pub sweep: &'a str,
}

impl Again<'_> {
    /// `again: highwater run scenarios/x.json --seed 7 --set K=V`
    pub fn run(&self, seed: u64, overrides: &[String]) -> String {
        let mut line = format!("again: highwater run {} --seed {seed}", quoted(self.scenario));
        for pair in overrides {
            line.push_str(" --set ");
            line.push_str(&quoted(pair));
        }
        line
    }

    /// What plays a sweep's failure again: the smallest seed of the gravest outcome, or the sweep where no single seed fails;
    /// none where there is no failure.
    pub fn of(&self, report: &SweepReport) -> Option<String> {
        match report.first_failures.values().next_back() {
            Some(gravest) => Some(self.run(gravest.seed, &report.overrides)),
            None if matches!(report.outcome(), Outcome::AsExpected | Outcome::NotPlayed) => None,
            None => Some(self.sweep()),
        }
    }

    /// `again: ` and the sweep's own command.
    pub fn sweep(&self) -> String {
        format!("again: {}", self.sweep)
    }
}

/// The word as a POSIX shell reads it back.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The words in lines of at most `width` characters, each begun with `indent`. A longer word has a line of its own.
pub fn wrapped(words: &str, indent: &str, width: usize) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in words.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length <= width {
            text.push(' ');
            column += 1 + length;
        } else {
            if column > 0 {
                text.push('\n');
            }
            text.push_str(indent);
            column = indent.chars().count() + length;
        }
        text.push_str(word);
    }
    if column > 0 {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_survives_a_shell() {
        let again = Again { scenario: "my scenarios/x.json", sweep: "" };
        let overrides = ["acks=1".to_owned(), "story=it's $HOME".to_owned()];
        assert_eq!(
            again.run(7, &overrides),
            r"again: highwater run 'my scenarios/x.json' --seed 7 --set acks=1 --set 'story=it'\''s $HOME'"
        );
    }

    #[test]
    fn words_are_wrapped_at_the_width() {
        assert_eq!(wrapped("one two  three\nfour", "  ", 9), "  one two\n  three\n  four\n");
        assert_eq!(wrapped("unbreakably long", "", 4), "unbreakably\nlong\n");
        assert_eq!(wrapped("", "  ", 9), "");
    }
}
