//! `nonmonotonic-send`: a producer's successive acknowledged sends to a partition land at falling offsets.
//! Source: Jepsen's Kafka workload, `nonmonotonic-send`.
//!
//! Acknowledgements may come in another order than the sends, so each is compared with the latest one and with that of
//! the latest send. A producer that was restarted begins anew. Promised with acks=-1 to idempotent producers and to those
//! with one request in flight: what acks=1 acknowledged may be lost, and its offset go to a later record.
//!
//! Looked at: acknowledgements after the first of a producer and partition. Broken at each that lands out of order.

use highwater_model::event::Step;
use highwater_model::ids::{NodeId, Offset, RecordId, TopicPartition};
use highwater_model::names::Names;
use highwater_model::record::Record;

use super::anomaly::Anomaly;
use super::by_partition::ByPartition;
use super::record_name;
use crate::finding::Finding;
use crate::promises::Promises;
use crate::property::Property;

/// Where producers' records were acknowledged.
#[derive(Clone, Debug, Default)]
pub(super) struct NonmonotonicSend {
    pub(super) anomaly: Anomaly,
    /// By node.
    producers: Vec<ByPartition<Option<Acknowledged>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Acknowledged {
    /// Of the latest send that was acknowledged: its last record.
    newest: (RecordId, Offset),
    /// Of the latest acknowledgement.
    latest: (RecordId, Offset),
}

impl NonmonotonicSend {
    /// A producer learned that its records begin at an offset.
    #[inline]
    pub(super) fn acknowledged(
        &mut self,
        (step, client): (&Step, NodeId),
        partition: TopicPartition,
        (base, records): (Offset, &[Record]),
        promises: &Promises,
        names: &Names,
    ) {
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return };
        let place = usize::from(client.0);
        if place >= self.producers.len() {
            self.producers.resize_with(place + 1, ByPartition::default);
        }
        let now = (last.value, base.plus(records.len() as u64 - 1));
        let known = self.producers[place].at(partition);
        let Some(before) = known else {
            *known = Some(Acknowledged { newest: now, latest: now });
            return;
        };
        let Acknowledged { newest, latest } = *before;
        before.latest = now;
        if last.value > newest.0 {
            before.newest = now;
        }
        self.anomaly.looked();
        let crosses = |(value, at): (RecordId, Offset)| {
            (first.value > value && base < at) || (last.value < value && base > at)
        };
        let Some(other) = [newest, latest].into_iter().find(|other| crosses(*other)) else { return };
        let promised = promises.covers(Property::NonmonotonicSend, client, partition.topic);
        let mut both = [other, (first.value, base)];
        both.sort();
        let [(earlier, above), (later, below)] = both;
        self.anomaly.broke(promised, || Finding {
            property: Property::NonmonotonicSend,
            step: *step,
            partition: Some(partition),
            evidence: format!(
                "{} was acknowledged at offset {above}, and {}, which was sent later, at offset {below}",
                record_name(names, earlier),
                record_name(names, later)
            ),
        });
    }

    /// A producer begins another life.
    pub(super) fn restarted(&mut self, node: NodeId) {
        if let Some(producer) = self.producers.get_mut(usize::from(node.0)) {
            *producer = ByPartition::default();
        }
    }
}
