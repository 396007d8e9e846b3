//! `aborted-read`, and the order in which polls return what is there: the four of `poll-skip`.

use super::known::{Fate, Known};
use super::opinion::Opinion;
use super::told::Said;

/// Read, and surely failed; or read by someone who is to be given no aborted transaction, and aborted.
pub(crate) fn aborted_read(known: &Known<'_>) -> Opinion {
    let mut opinion = Opinion::default();
    for (at, line) in known.lines() {
        match &line.said {
            Said::Polled { reads } => {
                for (partition, (_, value)) in
                    reads.iter().flat_map(|(partition, it)| it.iter().map(move |it| (partition, it)))
                {
                    if known.group(&line.group).committed_only && was_aborted(known, *value, at) {
                        opinion.surely(known.is_clean(partition));
                    }
                    if known.fate(*value, at) == Fate::SurelyFailed {
                        opinion.surely(true);
                    }
                }
            }
            Said::Failed { values, surely: true } => {
                let read = |of: u64| known.reports.iter().any(|it| it.read && it.value == of && it.at < at);
                let refused =
                    values.iter().filter(|(_, value)| known.fate(*value, at + 1) == Fate::SurelyFailed);
                refused.filter(|(_, value)| read(*value)).for_each(|_| opinion.surely(true));
            }
            Said::Ended { commit: false } => {
                let ended = known.transactions.iter().find(|it| it.ended == Some((at, false)));
                for (_, partition, value) in ended.iter().flat_map(|it| &it.records) {
                    if known.was_read_committed(*value, at) && was_aborted(known, *value, at + 1) {
                        opinion.surely(known.is_clean(partition));
                    }
                }
            }
            _ => {}
        }
    }
    opinion
}

fn was_aborted(known: &Known<'_>, value: u64, until: usize) -> bool {
    let transaction = known.transaction_of(value, until);
    let told = transaction.and_then(|it| it.ended).is_some_and(|(at, commit)| !commit && at < until);
    told && known.sendings(value, until).len() == 1
}

/// What is wrong with the order of polls.
#[derive(Default)]
pub(crate) struct PollOrder {
    pub(crate) skips: Opinion,
    pub(crate) backwards: Opinion,
    pub(crate) skips_inside: Opinion,
    pub(crate) backwards_inside: Opinion,
}

/// Each record of a poll against the one that the member had of the partition before.
pub(crate) fn poll_order(known: &Known<'_>) -> PollOrder {
    let mut order = PollOrder::default();
    for (at, line) in known.lines() {
        let Said::Polled { reads } = &line.said else { continue };
        for (partition, records) in reads {
            let before = last_polled(known, at, partition);
            for (place, &(offset, _)) in records.iter().enumerate() {
                let last = if place == 0 { before } else { Some(records[place - 1].0) };
                let Some(next) = last.map(|last| last + 1) else { continue };
                let skips = offset > next && leaves_one_out(known, at, partition, (next, offset));
                let (skipped, back) = if place == 0 {
                    (&mut order.skips, &mut order.backwards)
                } else {
                    (&mut order.skips_inside, &mut order.backwards_inside)
                };
                if skips {
                    skipped.surely(true);
                }
                if offset < next {
                    back.surely(true);
                }
            }
        }
    }
    order
}

/// What the member last had of the partition, if nothing has happened since that lets it begin anew.
fn last_polled(known: &Known<'_>, until: usize, of: &str) -> Option<u64> {
    let me = &known.told.lines[until].client;
    let mine = known.told.lines[..until].iter().enumerate().rev().filter(|(_, line)| line.client == *me);
    for (at, line) in mine {
        match &line.said {
            Said::Polled { reads } => {
                if let Some((_, records)) = reads.iter().find(|(partition, _)| partition == of) {
                    return records.last().map(|(offset, _)| *offset);
                }
            }
            Said::Positioned(places) if places.iter().any(|(partition, _)| partition == of) => return None,
            Said::Revoked(partitions) if partitions.iter().any(|it| it == of) => return None,
            Said::Assigned(partitions) if !partitions.iter().any(|it| it == of) => return None,
            Said::Assigned(_) if !owned(known, at, me, of) => return None,
            Said::Crashed | Said::Restarted => return None,
            _ => {}
        }
    }
    None
}

/// Whether the member owned the partition before this line.
fn owned(known: &Known<'_>, until: usize, me: &str, of: &str) -> bool {
    let mine = known.told.lines[..until].iter().rev().filter(|line| line.client == me);
    let told = mine.into_iter().find_map(|line| match &line.said {
        Said::Assigned(partitions) => Some(partitions.iter().any(|it| it == of)),
        Said::Revoked(partitions) if partitions.iter().any(|it| it == of) => Some(false),
        Said::Crashed | Said::Restarted => Some(false),
        _ => None,
    });
    told.unwrap_or(false)
}

/// Whether a record stands there that the member was owed, as known then or at the end.
fn leaves_one_out(known: &Known<'_>, at: usize, partition: &str, (from, to): (u64, u64)) -> bool {
    let committed_only = known.group(&known.told.lines[at].group).committed_only;
    let owed = |offset: u64, until: usize| {
        let standing = known.standing(partition, offset, until);
        standing.is_some_and(|report| !committed_only || known.must_be_given(report.value, until))
    };
    (from..to).any(|offset| owed(offset, at + 1) || owed(offset, known.told.lines.len()))
}
