//! The failures of a sweep for people, grouped by what they have in common.

use super::{Again, WIDTH, wrapped};
use crate::sweep::SweepReport;
use crate::sweep::failures::Group;

/// How many groups are told; JSON has more.
const TOLD_MAX: usize = 16;

pub(super) fn failures(report: &SweepReport, again: &Again<'_>) -> String {
    let found = report.failures.report();
    if found.seeds == 0 {
        return String::new();
    }
    let mut text =
        "\nfailures, by what broke first, who was seen breaking it, and what led there\n".to_owned();
    let told = found.groups.len().min(TOLD_MAX);
    for group in &found.groups[..told] {
        text += &one(group, report, again);
    }
    let others = found.others + found.groups[told..].iter().map(|group| group.seeds).sum::<u64>();
    if others > 0 {
        text += &format!("  others, on {others} seeds\n");
    }
    text
}

fn one(group: &Group, report: &SweepReport, again: &Again<'_>) -> String {
    let Group { signature, seeds, unexpected, first_seed, evidence } = group;
    let expected = match unexpected {
        0 => ", all of them expected".to_owned(),
        all if all == seeds => String::new(),
        some => format!(", {some} of them not expected"),
    };
    let head = format!("{signature}: {seeds} of {} seeds{expected}, the first {first_seed}", report.seeds);
    let mut text = wrapped(&head, "  ", WIDTH);
    if let Some(evidence) = evidence {
        text += &wrapped(&evidence.to_string(), "      ", WIDTH);
    }
    text + "      " + &again.run(*first_seed, &report.overrides) + "\n"
}
