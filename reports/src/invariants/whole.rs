//! The whole cluster after one step, as the properties are shown it that are of no single partition.
//!
//! Source: none of its own; it is what [`Scene`](super::scene::Scene) is for a partition.

use highwater_model::config::ClusterConfig;
use highwater_model::event::Step;
use highwater_model::names::Names;

use crate::finding::Finding;
use crate::property::Property;

/// The cluster after one step.
#[derive(Clone, Copy)]
pub(crate) struct Whole<'a> {
    /// The step.
    pub(crate) step: &'a Step,
    /// The settings.
    pub(crate) config: &'a ClusterConfig,
    /// What the numbers are called.
    pub(crate) names: &'a Names,
}

impl Whole<'_> {
    /// What is found at this step.
    pub(crate) fn finding(&self, property: Property, evidence: String) -> Finding {
        Finding { property, step: *self.step, partition: None, evidence }
    }
}
