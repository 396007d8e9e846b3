//! Liveness: what must have come right once the faults are over. One property a file, each citing its source.
//!
//! | property | file | says |
//! |---|---|---|
//! | `converged` | `converged` | all replicas are back in the ISR, and their logs are equal |
//! | `elected` | `elected` | a partition with a live ISR member has a leader |
//! | `answered` | `answered` | every produce was answered or expired |
//! | `high-watermark-reached` | `high_watermark_reached` | the leader's high watermark is its log's end |
//! | `group-stable` | `group_stable` | a group is in one generation, each partition has one owner that knows where it stands |
//! | `all-seen` | `all_seen` | every owner has read up to the high watermark |
//!
//! What is not promised is not demanded: see [`unavailable`].

mod all_seen;
mod answered;
mod availability;
mod converged;
mod elected;
mod group_stable;
mod high_watermark_reached;
mod last_stable_offset_reached;

#[cfg(test)]
mod liveness_test;

pub use availability::unavailable;
pub(crate) use converged::DIFFERS;
pub use converged::{Pending, converged};

use highwater_model::config::ClusterConfig;
use highwater_model::event::Step;
use highwater_model::ids::TopicPartition;
use highwater_model::names::Names;
use highwater_model::view::ClusterView;

use crate::end::RunEnd;
use crate::finding::{Finding, Tally};
use crate::property::Property;

/// All liveness properties.
#[derive(Clone, Debug, Default)]
pub(crate) struct Liveness {
    converged: Tally,
    elected: Tally,
    answered: Tally,
    high_watermark_reached: Tally,
    last_stable_offset_reached: Tally,
    group_stable: Tally,
    all_seen: Tally,
}

/// What a liveness property is shown: the cluster after the run's last step.
#[derive(Clone, Copy)]
pub(crate) struct Last<'a> {
    pub(crate) step: &'a Step,
    pub(crate) view: &'a ClusterView,
    pub(crate) names: &'a Names,
    pub(crate) config: &'a ClusterConfig,
}

impl Last<'_> {
    /// What is still pending.
    pub(crate) fn pending(
        &self,
        property: Property,
        partition: Option<TopicPartition>,
        evidence: String,
    ) -> Finding {
        Finding { property, step: *self.step, partition, evidence }
    }
}

impl Liveness {
    /// Judges the last state. A run that was cut short says nothing about liveness, and nothing is counted.
    pub(crate) fn judge(&mut self, last: &Last<'_>, end: &RunEnd) {
        match end {
            RunEnd::Converged | RunEnd::Stalled { .. } => {}
            RunEnd::EventsExhausted
            | RunEnd::MemoryExhausted { .. }
            | RunEnd::Interrupted
            | RunEnd::Panicked { .. } => return,
        }
        converged::judge(last, &mut self.converged);
        elected::judge(last, &mut self.elected);
        answered::judge(last, &mut self.answered);
        high_watermark_reached::judge(last, &mut self.high_watermark_reached);
        last_stable_offset_reached::judge(last, &mut self.last_stable_offset_reached);
        group_stable::judge(last, &mut self.group_stable);
        all_seen::judge(last, &mut self.all_seen);
    }

    /// What a property has seen, if it is one of liveness.
    pub(crate) fn tally(&self, property: Property) -> Option<&Tally> {
        [
            (Property::Converged, &self.converged),
            (Property::Elected, &self.elected),
            (Property::Answered, &self.answered),
            (Property::HighWatermarkReached, &self.high_watermark_reached),
            (Property::LastStableOffsetReached, &self.last_stable_offset_reached),
            (Property::GroupStable, &self.group_stable),
            (Property::AllSeen, &self.all_seen),
        ]
        .into_iter()
        .find_map(|(name, tally)| (name == property).then_some(tally))
    }
}
