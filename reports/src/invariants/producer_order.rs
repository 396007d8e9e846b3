//! `producer-order`: in a leader's log the records of one producer stand in the order in which they were sent.
//!
//! Source: R6 of the requirements; I18 of `kafka-behaviour.md`; 0.11.0.2 `RecordAccumulator.mutePartition` (one request
//! in flight), KIP-98 (sequences). An application numbers its records as it sends them. What counts is the first copy of
//! a record: a second one, which a retry without idempotence may write, stands wherever it comes. A producer that was
//! restarted sends again what it was not told of, so each of its lives is judged by itself, from where the log ended.
//! Markers of transactions are no records that anyone sent: a broker may write one while what it wrote before as a group's
//! coordinator is still on its way to the log.
//!
//! Looked at: batches that the true leader appended, of a producer that has records there already. Broken at each in
//! which the first copy of a record comes behind a later one.

use highwater_model::ids::{BrokerId, NodeId, Offset};
use highwater_model::record::Batch;
use highwater_model::view::ReplicaView;

use super::scene::Scene;
use super::slots::BySlot;
use crate::history::Anomaly;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct ProducerOrder {
    pub(crate) anomaly: Anomaly,
    /// By node.
    partitions: BySlot<Vec<Sent>>,
    /// How often each node was restarted.
    restarts: Vec<u32>,
}

/// What a producer's life has in a partition.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    /// One past the largest number.
    end: u32,
    restarts: u32,
    /// Where the log ended as the life began.
    since: Offset,
}

impl ProducerOrder {
    /// A node begins another life.
    pub(crate) fn restarted(&mut self, node: NodeId) {
        let place = usize::from(node.0);
        if place >= self.restarts.len() {
            self.restarts.resize(place + 1, 0);
        }
        self.restarts[place] += 1;
    }

    /// A leader appended a batch, which its log in the view holds.
    #[inline]
    pub(crate) fn appended(&mut self, scene: &Scene<'_>, broker: BrokerId, client: NodeId, batch: &Batch) {
        if batch.marker().is_some() {
            return;
        }
        let restarts = self.restarts.get(usize::from(client.0)).copied().unwrap_or_default();
        let sent = Self::sent(self.partitions.at(scene.slot), client);
        if sent.restarts != restarts {
            *sent = Sent { end: 0, restarts, since: batch.base_offset };
        }
        self.anomaly.looked += u64::from(sent.end > 0);
        let mut in_order = true;
        for record in batch.records.iter() {
            let number = record.value.number();
            in_order &= number >= sent.end;
            sent.end = sent.end.max(number + 1);
        }
        if !in_order {
            self.behind(scene, broker, client, batch);
        }
    }

    fn sent(clients: &mut Vec<Sent>, client: NodeId) -> &mut Sent {
        let place = usize::from(client.0);
        if place >= clients.len() {
            clients.resize(place + 1, Sent::default());
        }
        &mut clients[place]
    }

    /// A number came that is not above all that came before: was it there already, or do the logs say that it is late?
    #[cold]
    fn behind(&mut self, scene: &Scene<'_>, broker: BrokerId, client: NodeId, batch: &Batch) {
        let Some((_, leader)) = scene.replica(broker) else { return };
        let sent = Self::sent(self.partitions.at(scene.slot), client);
        let wanted = batch.records.iter().map(|record| record.value.number()).min().unwrap_or_default();
        let held = held(leader, client, sent.since, batch.end_offset(), wanted);
        // Cuts have taken away what the log lacks by now; it may come again.
        sent.end = held.iter().map(|(number, _)| number + 1).max().unwrap_or_default();
        let is_true = scene.partition.true_leader().is_some_and(|it| it.broker == broker);
        let Some(((late, at), (later, before))) = late(&held, batch.base_offset).filter(|_| is_true) else {
            return;
        };
        let promised = scene.promises.covers(Property::ProducerOrder, client, scene.partition.id().topic);
        self.anomaly.broke(promised, || {
            let node = scene.names.node(client);
            let evidence = format!(
                "broker {broker}, leader of {}, has record {late} of {node} at offset {at}, behind record {later}, which \
                 was sent later and is at offset {before}",
                scene.name()
            );
            scene.finding(Property::ProducerOrder, evidence)
        });
    }
}

/// The numbers from `wanted` on that a log holds of a producer between two offsets, and where.
fn held(leader: &ReplicaView, client: NodeId, from: Offset, to: Offset, wanted: u32) -> Vec<(u32, Offset)> {
    let first = leader.place_of(from);
    let batches = leader.log[first..].iter().take_while(|batch| batch.base_offset < to);
    let batches = batches.filter(|batch| batch.marker().is_none());
    let records = batches.flat_map(|batch| {
        (0..).zip(batch.records.iter()).map(|(place, record)| (batch.base_offset.plus(place), record.value))
    });
    let theirs = records.filter(|(_, value)| value.client() == client && value.number() >= wanted);
    theirs.map(|(offset, value)| (value.number(), offset)).collect()
}

type Numbered = (u32, Offset);

/// The first record from `from` on that is a first copy and has a later one before it; and that later one.
fn late(held: &[Numbered], from: Offset) -> Option<(Numbered, Numbered)> {
    let appended = held.iter().enumerate().filter(|(_, (_, offset))| *offset >= from);
    appended.into_iter().find_map(|(place, &(number, offset))| {
        let before = &held[..place];
        let is_copy = before.iter().any(|(other, _)| *other == number);
        let later = before.iter().filter(|_| !is_copy).find(|(other, _)| *other > number)?;
        Some(((number, offset), *later))
    })
}
