//! `key-order`: a group finishes the records of one key and one producer in the order in which they were sent.
//!
//! Source: R5 and R6 of the requirements: keys are for order. Not an anomaly of Jepsen's; it is what its `nonmonotonic-`
//! pair comes to for an application. Only the first time counts that a group finishes a record. Promised where the
//! producer's records keep their order in the log, its keys stay on their partitions, the topic does not grow, and the
//! group commits only what it has worked on.
//!
//! Looked at: records with a key that a group finishes for the first time, after others of the same key and producer.
//! Broken at each that comes behind one that was sent later.

use highwater_model::event::Step;
use highwater_model::ids::{GroupId, Offset, RecordId, TopicPartition};

use super::{History, groups, record_name};
use crate::finding::Finding;
use crate::promises::Promises;
use crate::property::Property;

/// A group has finished what stands at an offset, for the first time.
#[inline]
pub(super) fn finished(
    history: &mut History,
    step: &Step,
    group: GroupId,
    (partition, offset, value): (TopicPartition, Offset, RecordId),
    promises: &Promises,
) {
    let stream = history.records.entry(value).stream as usize;
    if stream == 0 {
        return;
    }
    let newest = &mut groups::group(&mut history.groups, group).newest;
    if stream >= newest.len() {
        newest.resize(stream + 1, 0);
    }
    let end = value.number() + 1;
    let before = newest[stream];
    if before > 0 {
        history.key_order.looked();
    }
    if end > before {
        newest[stream] = end;
    } else if end < before {
        behind(history, step, group, (partition, offset, value), before - 1, promises);
    }
}

#[cold]
fn behind(
    history: &mut History,
    step: &Step,
    group: GroupId,
    (partition, offset, value): (TopicPartition, Offset, RecordId),
    newest: u32,
    promises: &Promises,
) {
    if groups::finished_elsewhere(history, group, value, (partition, offset)) {
        return;
    }
    let promised = promises.covers(Property::KeyOrder, value.client(), partition.topic)
        && promises.covers_group(Property::KeyOrder, group);
    let names = &history.names;
    history.key_order.broke(promised, || {
        let later = RecordId::new(value.client(), newest);
        Finding {
            property: Property::KeyOrder,
            step: *step,
            partition: Some(partition),
            evidence: format!(
                "group {} finished {} at offset {offset} behind {} of the same key, which was sent later",
                names.group(group),
                record_name(names, value),
                record_name(names, later)
            ),
        }
    });
}
