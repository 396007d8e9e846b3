//! How a trace names things.

use highwater_model::ids::{BrokerId, BrokerSet, NodeId, Offset, RecordId, TopicPartition};
use highwater_model::names::Names;
use highwater_model::record::Record;

use crate::history::record_name;

/// `offset 5`, `offsets 5 to 7`; ends are exclusive where they come in.
pub(super) fn span(from: Offset, to: Offset) -> String {
    match to.0.saturating_sub(from.0) {
        0 => format!("nothing at offset {from}"),
        1 => format!("offset {from}"),
        count => format!("offsets {from} to {}", from.0 + count - 1),
    }
}

/// Names in place of numbers.
pub(super) struct Words<'a>(pub(super) &'a Names);

impl Words<'_> {
    /// `fault 2 (crash leader of orders-0)`, `random fault 2`.
    pub(super) fn fault(&self, fault: u32, random: bool) -> String {
        match self.0.fault(fault, random) {
            Some(does) => format!("fault {fault} ({does})"),
            None if random => format!("random fault {fault}"),
            None => format!("fault {fault}"),
        }
    }

    pub(super) fn node(&self, node: NodeId) -> &str {
        self.0.node(node)
    }

    pub(super) fn broker(&self, broker: BrokerId) -> &str {
        self.0.node(broker.into())
    }

    /// `orders-0, orders-2`; `nothing` if there is none.
    pub(super) fn partitions(&self, partitions: &[TopicPartition]) -> String {
        if partitions.is_empty() {
            return "nothing".to_owned();
        }
        partitions.iter().map(|&partition| self.0.partition(partition)).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn partition(&self, partition: TopicPartition) -> String {
        self.0.partition(partition)
    }

    pub(super) fn value(&self, value: RecordId) -> String {
        record_name(self.0, value)
    }

    /// `count` values from `first` on. A batch's values need not be consecutive, so only the first has a name.
    pub(super) fn run(&self, first: RecordId, count: u32) -> String {
        match count {
            0 | 1 => self.value(first),
            more => format!("{} and {} more", self.value(first), more - 1),
        }
    }

    pub(super) fn records(&self, records: &[Record]) -> String {
        let first = records.first().map(|record| self.run(record.value, records.len() as u32));
        first.unwrap_or_else(|| "nothing".to_owned())
    }

    pub(super) fn isr(
        &self,
        verb: &str,
        partition: TopicPartition,
        changed: BrokerSet,
        isr: BrokerSet,
        version: u32,
    ) -> String {
        format!("the ISR of {} {verb} {changed}: {isr} (version {version})", self.0.partition(partition))
    }
}
