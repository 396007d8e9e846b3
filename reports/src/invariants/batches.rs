//! Finding and comparing batches at a cost that does not grow with the log.
//!
//! Two records are the same if value and epoch are, as in kafka-specification (`FiniteReplicatedLog`).

use std::sync::Arc;

use highwater_model::ids::Offset;
use highwater_model::record::{self, Batch};

/// The place of the batch that holds `offset`, looked for at `near` and just behind it first.
pub(crate) fn place_of(log: &[Arc<Batch>], near: usize, offset: Offset) -> Option<usize> {
    let holds = |place: usize| {
        log.get(place).is_some_and(|batch| batch.base_offset <= offset && offset < batch.end_offset())
    };
    if holds(near) {
        return Some(near);
    }
    if holds(near + 1) {
        return Some(near + 1);
    }
    let place = record::place_of(log, offset);
    holds(place).then_some(place)
}

/// How far two batches hold the same records of the same epoch from `from` on, looking no further than `to`.
/// Both must reach to `to`.
pub(crate) fn agree_to(one: &Arc<Batch>, other: &Arc<Batch>, from: Offset, to: Offset) -> Offset {
    if Arc::ptr_eq(one, other) {
        return to;
    }
    if one.leader_epoch != other.leader_epoch {
        return from;
    }
    if one.base_offset == other.base_offset && Arc::ptr_eq(&one.records, &other.records) {
        return to;
    }
    let value = |batch: &Batch, offset| batch.record_at(offset).map(|record| record.value);
    let differs = |offset: &u64| value(one, Offset(*offset)) != value(other, Offset(*offset));
    (from.0..to.0).find(differs).map_or(to, Offset)
}

/// How many batches two states of one log have in common, where one came of the other by cutting and appending.
/// The cost is that of the batches behind the common ones.
pub(crate) fn common_len(before: &[Arc<Batch>], after: &[Arc<Batch>]) -> usize {
    let same = |place: usize| {
        let (one, other) = (&before[place], &after[place]);
        Arc::ptr_eq(one, other) || one == other
    };
    let mut len = before.len().min(after.len());
    while len > 0 && !same(len - 1) {
        len -= 1;
    }
    len
}
