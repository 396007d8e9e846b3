//! `inconsistent-offsets` and `duplicate`: which value is where.

use super::known::Known;
use super::opinion::Opinion;

/// One offset, two values.
pub(crate) fn inconsistent_offsets(known: &Known<'_>) -> Opinion {
    let mut opinion = Opinion::default();
    for (place, report) in known.reports.iter().enumerate() {
        let earlier = known.reports[..place]
            .iter()
            .filter(|it| it.offset == report.offset && it.partition == report.partition);
        let Some(first) = earlier.clone().find(|it| it.firm).or_else(|| earlier.clone().next()) else {
            continue;
        };
        if first.value != report.value {
            opinion.surely(first.firm && report.firm && known.is_clean(&report.partition));
        }
    }
    opinion
}

/// One value, two offsets: each further place once.
pub(crate) fn duplicate(known: &Known<'_>) -> Opinion {
    let mut opinion = Opinion::default();
    for (place, report) in known.reports.iter().enumerate() {
        let mut earlier = known.reports[..place].iter().filter(|it| it.value == report.value).peekable();
        let is_first = earlier.peek().is_none();
        let is_known = earlier.any(|it| it.offset == report.offset && it.partition == report.partition);
        if is_first || is_known {
            continue;
        }
        let promised = known
            .sender(report.value)
            .is_some_and(|sender| sender.idempotent && !known.restarted_before(&sender.client, report.at));
        opinion.surely(promised && known.is_clean(&report.partition));
    }
    opinion
}
