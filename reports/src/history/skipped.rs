//! `skipped`: below a group's committed offset, and finished by no member.
//!
//! Source: R1 of the requirements; I23 of `kafka-behaviour.md` (at least once). A record exists if a poll or an
//! acknowledgement has told of it, whoever was told. The largest offset that the group ever committed counts: what lies
//! below an older commit was skipped by it, if by any. Promised to groups that commit what they have worked on, or leave
//! commits to their polls, and that read from the start.
//!
//! What stands below the position at which a group first stood in a partition was there before the group read it, and
//! is nothing that it left out. In partitions that a topic was given while the group read it, all counts from the start.
//!
//! A group passes over a record too if it had finished another one at that offset: the log was cut below its position, and what
//! was written there anew it is never given. So what counts at an offset is the value that was acknowledged there last, for all
//! copies, and a group has finished it only if it was delivered this very value.
//!
//! Looked at: offsets from there to groups' committed offsets, at the end of a run that converged. Broken for each record.

use highwater_model::event::Step;
use highwater_model::ids::{GroupId, Offset, RecordId, TopicPartition};

use super::{History, groups, record_name};
use crate::finding::Finding;
use crate::promises::Promises;
use crate::property::Property;

/// Judges the end.
pub(super) fn judge(history: &mut History, step: &Step, promises: &Promises) {
    for id in (0..history.groups.len() as u16).map(GroupId) {
        let group = &history.groups[usize::from(id.0)];
        let committed: Vec<(TopicPartition, Offset)> =
            group.committed.iter().map(|(partition, offset)| (partition, *offset)).collect();
        for (partition, end) in committed {
            let group = &history.groups[usize::from(id.0)];
            let start = group.first.get(partition).copied().flatten().unwrap_or(Offset::ZERO);
            history.skipped.looked += end.0.saturating_sub(start.0);
            let left_out = left_out(history, id, partition, (start, end));
            for (offset, value) in left_out {
                broke(history, step, id, (partition, offset, end), value, promises);
            }
        }
    }
}

/// What stands at these offsets and was not finished, in order.
fn left_out(
    history: &History,
    id: GroupId,
    partition: TopicPartition,
    (start, end): (Offset, Offset),
) -> Vec<(Offset, RecordId)> {
    let group = &history.groups[usize::from(id.0)];
    let gaps = match group.finished().get(partition) {
        Some(finished) => finished.gaps(end),
        None => vec![(Offset::ZERO, end)],
    };
    let never = gaps.iter().flat_map(|(from, to)| start.0.max(from.0)..to.0).map(Offset);
    let stands = |offset| {
        history.offsets.rewritten(partition, offset).or_else(|| history.offsets.value(partition, offset))
    };
    let never = never.filter_map(|offset| Some((offset, stands(offset)?)));
    let rewritten = history.offsets.all_rewritten(partition, (start, end));
    let another = rewritten.filter(|(offset, value)| {
        group.has_finished((partition, *offset)) && !group.was_given(partition, *offset, *value)
    });
    let mut left_out: Vec<(Offset, RecordId)> = never.chain(another).collect();
    left_out.sort_unstable();
    left_out
}

fn broke(
    history: &mut History,
    step: &Step,
    id: GroupId,
    (partition, offset, end): (TopicPartition, Offset, Offset),
    value: RecordId,
    promises: &Promises,
) {
    if promises.committed_only(id)
        && history.records.get(value).is_some_and(|entry| !history.transactions.must_be_given(entry))
    {
        return;
    }
    let promised = promises.covers_group(Property::Skipped, id) && promises.is_clean(partition.topic);
    let group = groups::group(&mut history.groups, id);
    group.told.skipped += 1;
    let had = group.has_finished((partition, offset));
    let (names, before) = (&history.names, history.offsets.value(partition, offset));
    history.skipped.broke(promised, || Finding {
        property: Property::Skipped,
        step: *step,
        partition: Some(partition),
        evidence: format!(
            "group {} committed {} up to offset {end} and never finished {} at offset {offset}{}",
            names.group(id),
            names.partition(partition),
            record_name(names, value),
            match before.filter(|before| had && *before != value) {
                Some(before) => format!("; what it had there was {}", record_name(names, before)),
                None => String::new(),
            }
        ),
    });
}
