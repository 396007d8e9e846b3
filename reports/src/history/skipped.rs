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
//! Looked at: offsets from there to groups' committed offsets, at the end of a run that converged. Broken for each record.

use highwater_model::event::Step;
use highwater_model::ids::{GroupId, Offset, TopicPartition};

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
            let gaps = match group.finished().get(partition) {
                Some(finished) => finished.gaps(end),
                None => vec![(Offset::ZERO, end)],
            };
            history.skipped.looked += end.0.saturating_sub(start.0);
            for offset in gaps.iter().flat_map(|(from, to)| start.0.max(from.0)..to.0).map(Offset) {
                left_out(history, step, id, (partition, offset, end), promises);
            }
        }
    }
}

fn left_out(
    history: &mut History,
    step: &Step,
    id: GroupId,
    (partition, offset, end): (TopicPartition, Offset, Offset),
    promises: &Promises,
) {
    let Some(value) = history.offsets.value(partition, offset) else { return };
    if promises.committed_only(id)
        && history.records.get(value).is_some_and(|entry| !history.transactions.must_be_given(entry))
    {
        return;
    }
    let promised = promises.covers_group(Property::Skipped, id) && promises.is_clean(partition.topic);
    groups::group(&mut history.groups, id).told.skipped += 1;
    let names = &history.names;
    history.skipped.broke(promised, || Finding {
        property: Property::Skipped,
        step: *step,
        partition: Some(partition),
        evidence: format!(
            "group {} committed {} up to offset {end} and never finished {} at offset {offset}",
            names.group(id),
            names.partition(partition),
            record_name(names, value)
        ),
    });
}
