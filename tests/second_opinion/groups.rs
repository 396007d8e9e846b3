//! `reprocessed` and `skipped`: what groups were given and what they committed.

use super::known::Known;
use super::opinion::Opinion;
use super::told::{Places, Said, topic_of};

/// Delivered to a group that had it already.
pub(crate) fn reprocessed(known: &Known<'_>) -> Opinion {
    let mut opinion = Opinion::default();
    for (place, report) in known.reports.iter().enumerate().filter(|(_, report)| report.read) {
        let group = &known.told.lines[report.at].group;
        let had = known.reports[..place].iter().any(|it| {
            it.read
                && it.offset == report.offset
                && it.partition == report.partition
                && known.told.lines[it.at].group == *group
        });
        // After a loss another record may stand there, which the group has not had.
        let standing = known.standing(&report.partition, report.offset, report.at + 1);
        if had && standing.is_none_or(|it| it.value == report.value) {
            opinion.surely(false);
        }
    }
    opinion
}

/// Below what a group committed, and finished by no member.
pub(crate) fn skipped(known: &Known<'_>) -> Opinion {
    let mut opinion = Opinion::default();
    if !known.told.converged {
        return opinion;
    }
    let end = known.told.lines.len();
    for group in &known.told.groups {
        for partition in partitions(known, &group.name) {
            let (sure, possible) = committed(known, &group.name, &partition);
            let start = first_position(known, &group.name, &partition);
            for offset in start..possible {
                let Some(first) = known.standing(&partition, offset, end) else { continue };
                // Another may have been written there since, and acknowledged for all copies.
                let last = known
                    .reports
                    .iter()
                    .rev()
                    .find(|it| it.firm && !it.read && it.offset == offset && it.partition == partition);
                let value = last.map_or(first.value, |last| last.value);
                let owed = !group.committed_only || known.must_be_given(value, end);
                let same = value == first.value || was_given(known, &group.name, &partition, (offset, value));
                if !owed || (same && has_finished(known, &group.name, &partition, offset)) {
                    continue;
                }
                let promised = group.commits_after && group.from_start && known.is_clean(&partition);
                if offset < sure { opinion.surely(promised) } else { opinion.perhaps(promised) }
            }
        }
    }
    opinion
}

/// The largest offset that a group committed: as far as clients know for certain, and as far as it may be.
pub(crate) fn committed(known: &Known<'_>, group: &str, of: &str) -> (u64, u64) {
    let (mut sure, mut possible) = (0, 0);
    let here = |places: &Places| {
        places.iter().find(|(partition, _)| partition == of).map_or(0, |(_, offset)| *offset)
    };
    for (at, line) in known.lines().filter(|(_, line)| line.group == group) {
        match &line.said {
            Said::HasCommitted(places) => sure = sure.max(here(places)),
            Said::AsksToCommit(places) => possible = possible.max(here(places)),
            Said::BringsOffsets(places) => {
                let transaction = known
                    .transactions
                    .iter()
                    .find(|it| it.client == line.client && it.begun < at && at < it.over);
                match transaction.and_then(|it| it.ended) {
                    Some((_, true)) => sure = sure.max(here(places)),
                    Some((_, false)) => {}
                    None => possible = possible.max(here(places)),
                }
            }
            _ => {}
        }
    }
    (sure, possible.max(sure))
}

/// Whatever the group has to do with.
fn partitions(known: &Known<'_>, group: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (_, line) in known.lines().filter(|(_, line)| line.group == group) {
        if let Said::AsksToCommit(places) | Said::HasCommitted(places) | Said::BringsOffsets(places) =
            &line.said
        {
            found.extend(places.iter().map(|(partition, _)| partition.clone()));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Where the group first stood. In partitions that were added to what it read, all counts.
fn first_position(known: &Known<'_>, group: &str, of: &str) -> u64 {
    let mut reads = false;
    for (_, line) in known.lines() {
        match &line.said {
            Said::Positioned(places) if line.group == group => {
                if let Some((_, offset)) = places.iter().find(|(partition, _)| partition == of) {
                    return *offset;
                }
                reads |= places.iter().any(|(partition, _)| topic_of(partition) == topic_of(of));
            }
            Said::Grown { topic, first, count } if reads && topic_of(of) == topic => {
                let number = of.rsplit_once('-').and_then(|(_, number)| number.parse::<u64>().ok());
                if number.is_some_and(|number| (*first..*count).contains(&number)) {
                    return 0;
                }
            }
            _ => {}
        }
    }
    0
}

/// A poll of the group returned this very value there.
fn was_given(known: &Known<'_>, group: &str, of: &str, record: (u64, u64)) -> bool {
    let mut mine = known.lines().filter(|(_, line)| line.group == group);
    mine.any(|(_, line)| match &line.said {
        Said::Polled { reads } => {
            reads.iter().any(|(partition, records)| partition == of && records.contains(&record))
        }
        _ => false,
    })
}

/// What takes no time is finished as it is polled.
fn has_finished(known: &Known<'_>, group: &str, of: &str, offset: u64) -> bool {
    let mine = || known.lines().filter(|(_, line)| line.group == group);
    let takes_time = mine().any(|(_, line)| matches!(line.said, Said::Finished { .. }));
    mine().any(|(_, line)| match &line.said {
        Said::Finished { partition, from, to } => partition == of && (*from..*to).contains(&offset),
        Said::Polled { reads } if !takes_time => {
            let here = reads.iter().filter(|(partition, _)| partition == of);
            here.into_iter().any(|(_, records)| records.iter().any(|(at, _)| *at == offset))
        }
        _ => false,
    })
}
