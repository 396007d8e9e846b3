//! `answered`: every produce was answered or expired.
//!
//! Source: P2 of `kafka-behaviour.md`. While a partition is unavailable as configured, a producer may go on trying for
//! ever (with idempotence `retries` has no bound in 0.11), and nothing is demanded.
//!
//! Looked at: producers. Broken once for each that has records pending.

use super::{Last, availability};
use crate::finding::Tally;
use crate::property::Property;

/// Judges the last state.
pub(super) fn judge(last: &Last<'_>, tally: &mut Tally) {
    let view = last.view;
    if view.partitions.iter().any(|partition| availability::of(view, partition, last.config).is_some()) {
        return;
    }
    for producer in &view.producers {
        tally.looked += 1;
        if producer.pending > 0 {
            tally.broke(|| {
                let evidence = format!(
                    "{} has {} records neither answered nor given up",
                    last.names.node(producer.node),
                    producer.pending
                );
                last.pending(Property::Answered, None, evidence)
            });
        }
    }
}
