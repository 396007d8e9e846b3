//! `last-stable-offset-reached`: no transaction is open in a leader's log, so readers with `read_committed` come to its end.
//!
//! Source: P6 of `kafka-behaviour.md`; KIP-98, KIP-890 (hanging transactions). The log itself is looked at, not what its
//! leader makes of it.
//!
//! Looked at: partitions with a leader in the controller's epoch whose logs hold records of transactions. Broken once for each.

use highwater_model::ids::{Offset, ProducerId};
use highwater_model::view::{ClusterView, ReplicaView};

use super::{Last, availability};
use crate::finding::Tally;
use crate::property::Property;

/// Whether anybody may write transactions.
pub(super) fn has_transactions(view: &ClusterView) -> bool {
    view.producers.iter().any(|producer| producer.transactional)
}

/// The transactions that a log holds: none, or the first of those that are open.
#[expect(clippy::option_option, reason = "the outer one says whether there are any")]
pub(super) fn first_open(replica: &ReplicaView) -> Option<Option<(ProducerId, Offset)>> {
    let mut open: Vec<(ProducerId, Offset)> = Vec::new();
    let mut any = false;
    for batch in &replica.log {
        let Some(stamp) = batch.producer.filter(|stamp| stamp.transactional) else { continue };
        any = true;
        let known = open.iter().position(|(producer, _)| *producer == stamp.id);
        match (known, batch.marker().is_some()) {
            (Some(place), true) => {
                open.remove(place);
            }
            (None, false) => open.push((stamp.id, batch.base_offset)),
            (Some(_), false) | (None, true) => {}
        }
    }
    any.then(|| open.first().copied())
}

/// Judges the last state.
pub(super) fn judge(last: &Last<'_>, tally: &mut Tally) {
    if !has_transactions(last.view) {
        return;
    }
    for partition in &last.view.partitions {
        let promised = availability::of(last.view, partition, last.config).is_none();
        let Some(leader) = partition.true_leader().filter(|_| promised) else { continue };
        let Some(open) = first_open(leader) else { continue };
        tally.looked += 1;
        let Some((producer, offset)) = open else { continue };
        tally.broke(|| {
            let evidence = format!(
                "PID {producer} has a transaction open in {} from offset {offset} on, and nobody ends it: readers with \
                 isolation.level=read_committed stop there, while the log ends at {}",
                last.names.partition(partition.id()),
                leader.log_end
            );
            last.pending(Property::LastStableOffsetReached, Some(partition.id()), evidence)
        });
    }
}
