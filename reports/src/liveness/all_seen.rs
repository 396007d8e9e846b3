//! `all-seen`: every owner of a partition has read up to the high watermark.
//!
//! Source: P-unseen of the requirements; I23 of `kafka-behaviour.md`. No acknowledged record is then still unread but
//! those that a group's reset policy left out.
//!
//! Looked at: partitions that a group's active member owns and that have a leader. Broken once for each.

use highwater_model::view::PartitionView;

use super::Last;
use crate::finding::Tally;
use crate::property::Property;

/// Judges the last state.
pub(super) fn judge(last: &Last<'_>, tally: &mut Tally) {
    for consumer in last.view.consumers.iter().filter(|consumer| consumer.active) {
        for (partition, position) in &consumer.positions {
            let Some(leader) = last.view.partition(*partition).and_then(PartitionView::true_leader) else {
                continue;
            };
            tally.looked += 1;
            if position.is_some_and(|position| position >= leader.high_watermark) {
                continue;
            }
            tally.broke(|| {
                let stands = match position {
                    Some(at) => format!("stands at {at}"),
                    None => String::from("does not know where it stands"),
                };
                let evidence = format!(
                    "{} {stands} in {}, whose high watermark is {}",
                    last.names.node(consumer.node),
                    last.names.partition(*partition),
                    leader.high_watermark
                );
                last.pending(Property::AllSeen, Some(*partition), evidence)
            });
        }
    }
}
