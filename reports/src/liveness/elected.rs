//! `elected`: a partition with a live ISR member has a leader, and it has taken office.
//!
//! Source: P1 of `kafka-behaviour.md`.
//!
//! Looked at: partitions, but those without a leader by configuration. Broken once for each.

use super::{Last, availability};
use crate::finding::Tally;
use crate::property::Property;

/// Judges the last state.
pub(super) fn judge(last: &Last<'_>, tally: &mut Tally) {
    for partition in &last.view.partitions {
        if availability::may_be_leaderless(last, partition) {
            continue;
        }
        tally.looked += 1;
        if partition.true_leader().is_some() {
            continue;
        }
        tally.broke(|| {
            let name = last.names.partition(partition.id());
            let controller = &partition.controller;
            let evidence = match controller.leader {
                Some(leader) => format!(
                    "broker {leader}, chosen to lead {name} in epoch {}, has not taken office",
                    controller.leader_epoch
                ),
                None => format!(
                    "{name} has no leader though of its ISR {} brokers {} are alive",
                    controller.isr,
                    availability::live(last.view, partition)
                        .intersection(availability::candidates(controller))
                ),
            };
            last.pending(Property::Elected, Some(partition.id()), evidence)
        });
    }
}
