//! What is remembered of one partition from step to step; each part names its source.

use highwater_model::config::AckStrategy;

use super::acked::Acked;
use super::agreement::Agreement;
use super::decisions::Decisions;
use super::fetches::Fetches;
use super::ghosts::Ghost;

/// What is remembered of one partition and asked by several properties.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    pub(super) ghost: Ghost,
    pub(super) agreement: Agreement,
    pub(super) acked: Acked,
    pub(super) fetches: Fetches,
    pub(super) decisions: Decisions,
    pub(super) strategy: AckStrategy,
}

impl Memory {
    /// Of a partition with this many replicas, on a topic of this ack strategy.
    pub(crate) fn new(replicas: usize, strategy: AckStrategy) -> Self {
        Self {
            strategy,
            ghost: Ghost::new(replicas),
            agreement: Agreement::new(replicas),
            acked: Acked::new(replicas),
            fetches: Fetches::new(replicas),
            decisions: Decisions::default(),
        }
    }

    /// Whether the ISR decides what is committed and who may lead.
    pub(super) fn by_isr(&self) -> bool {
        match self.strategy {
            AckStrategy::Isr | AckStrategy::Leader => true,
            AckStrategy::Majority => false,
        }
    }
}
