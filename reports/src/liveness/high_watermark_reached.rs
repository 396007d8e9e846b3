//! `high-watermark-reached`: the leader's high watermark is its log's end.
//!
//! Source: P3 of `kafka-behaviour.md`; nothing is demanded of a partition that is unavailable as configured.
//!
//! Looked at: partitions with a leader in the controller's epoch. Broken once for each.

use super::{Last, availability};
use crate::finding::Tally;
use crate::property::Property;

/// Judges the last state.
pub(super) fn judge(last: &Last<'_>, tally: &mut Tally) {
    for partition in &last.view.partitions {
        let promised = availability::of(last.view, partition, last.config).is_none();
        let Some(leader) = partition.true_leader().filter(|_| promised) else { continue };
        tally.looked += 1;
        if leader.high_watermark >= leader.log_end {
            continue;
        }
        tally.broke(|| {
            let evidence = format!(
                "the high watermark of {} on its leader, broker {}, stays at {} while the log ends at {}; the ISR is {}",
                last.names.partition(partition.id()),
                leader.broker,
                leader.high_watermark,
                leader.log_end,
                leader.isr
            );
            last.pending(Property::HighWatermarkReached, Some(partition.id()), evidence)
        });
    }
}
