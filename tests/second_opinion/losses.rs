//! `lost-write` and `unseen`: what its producer takes for done and nobody read, at the end.

use super::known::{Fate, Known};
use super::opinion::Opinion;
use super::told::Said;

/// Lost: readers came past it. Unseen: they did not come so far.
pub(crate) fn lost_and_unseen(known: &Known<'_>) -> (Opinion, Opinion) {
    let (mut lost, mut unseen) = (Opinion::default(), Opinion::default());
    if !known.told.converged {
        return (lost, unseen);
    }
    let end = known.told.lines.len();
    for value in known.values() {
        if known.fate(value, end) != Fate::Done || known.was_read(value) || !known.must_be_given(value, end) {
            continue;
        }
        let first = known.reports.iter().find(|report| report.value == value);
        let sent_to = last_sent_to(known, value);
        let partition = first.map_or(sent_to, |report| report.partition.as_str());
        if !known.read_from_start(partition, false) {
            continue;
        }
        let sender = known.sender(value);
        let passed = if sender.is_some_and(|sender| sender.acks == "0") {
            later_one_was_read(known, value, partition)
        } else {
            first.is_some_and(|report| {
                known
                    .reports
                    .iter()
                    .any(|it| it.read && it.partition == partition && it.offset >= report.offset)
            })
        };
        let promised = known.acks_last(sender, partition);
        if passed { lost.surely(promised) } else { unseen.surely(promised) }
    }
    (lost, unseen)
}

/// With acks=0 nobody says where it is: readers are past it when they read a later one of the same producer.
fn later_one_was_read(known: &Known<'_>, value: u64, partition: &str) -> bool {
    let sender = known.sender(value).map(|sender| sender.values_from);
    known.values().into_iter().any(|later| {
        later > value
            && known.sender(later).map(|sender| sender.values_from) == sender
            && last_sent_to(known, later) == partition
            && known.was_read(later)
            && known.fate(later, known.told.lines.len()) == Fate::Done
    })
}

fn last_sent_to<'a>(known: &Known<'a>, of: u64) -> &'a str {
    let sent = known.lines().rev().find_map(|(_, line)| match &line.said {
        Said::Sent { partition, value, .. } if *value == of => Some(partition.as_str()),
        _ => None,
    });
    sent.expect("it was handed over")
}
