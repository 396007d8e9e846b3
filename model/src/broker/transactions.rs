//! A broker and transactions: whom its [`Transactions`](crate::transactions::Transactions) answer for, what they write, and the
//! markers that it is sent as a leader. Source: 2.0.0 `KafkaApis`.

use std::sync::Arc;

use crate::config::Acks;
use crate::coordinator::{self, Asker};
use crate::event::Event;
use crate::ids::{BrokerId, CorrelationId, GroupId, NodeId, Sequence, TopicPartition, TransactionalId};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, Marker, ProducePartition, ProducedPartition, TransactionalProducer};
use crate::partition::Replica;
use crate::partition::pending_acks::{Part, Produce, Then};
use crate::protocol::Transactions as Version;
use crate::record::{Content, ProducerStamp, Record, RecordBatch};
use crate::time::Instant;
use crate::transactions::{Append, Request};

use super::{Broker, socket_timeout};

/// What a marker takes, key and value.
const MARKER_BYTES: u32 = 10;

impl Broker {
    /// Whether there are transactions in this era.
    pub(super) fn knows_transactions(&self) -> bool {
        self.config.protocol.transactions != Version::None
    }

    /// Only the leader of the id's partition of `__transaction_state` coordinates it.
    pub(super) fn on_transaction_request(
        &mut self,
        now: Instant,
        asker: Asker,
        request: Request,
        out: &mut Effects,
    ) {
        if !self.knows_transactions() {
            return request.refuse(asker, ErrorCode::InvalidRequest, out);
        }
        let id = request.id();
        let partition = self.config.transactions_partition(id);
        let leads = |partition| {
            self.transactions.leads(partition) && self.replicas.get(&partition).is_some_and(Replica::leads)
        };
        if !partition.is_some_and(leads) {
            return request.refuse(asker, ErrorCode::NotCoordinator, out);
        }
        let fresh = match request {
            Request::Init(_) if self.transactions.wants_producer_id(id) => self.next_producer_id(),
            Request::Init(_)
            | Request::AddPartitions { .. }
            | Request::AddOffsets { .. }
            | Request::End { .. } => None,
        };
        self.transactions.handle(now, asker, request, fresh, out);
    }

    /// A partition that it leads from now on, or again in a new epoch: if transactions are kept there, they are its own.
    pub(super) fn load_transactions(&mut self, now: Instant, partition: TopicPartition, out: &mut Effects) {
        if self.config.transactions_topic == Some(partition.topic)
            && let Some(replica) = self.replicas.get(&partition)
            && let Some(epoch) = replica.leader_epoch
        {
            let waits = !self.config.protocol.transactions_loaded_uncommitted
                && replica.high_watermark < replica.log.end_offset();
            if waits {
                self.transactions.postpone(partition);
                return;
            }
            self.transactions.load(now, partition, epoch, &replica.log, out);
        }
    }

    /// Appends the next thing that the coordinator of transactions has to write. False if there is none.
    pub(super) fn store_transaction(&mut self, now: Instant, out: &mut Effects) -> bool {
        let Some(Append { partition, batch, timeout, then }) = self.transactions.next_write() else {
            return false;
        };
        let client = NodeId::from(self.me);
        let part = self.append(now, client, Acks::All, ProducePartition { partition, batch }, out);
        self.settle_own(now + timeout, vec![part], Then::Transactions(then), out);
        true
    }

    /// Sends the next markers. False if there are none.
    pub(super) fn send_markers(&mut self, now: Instant, out: &mut Effects) -> bool {
        let Some(request) = self.transactions.next_markers(now, &self.metadata) else { return false };
        let (marker, partitions) = (request.marker, request.partitions.clone());
        let body = Body::WriteTxnMarkersRequest { marker, partitions };
        let correlation = self.ask(request.to, body, out);
        self.transactions.markers_sent(now, correlation, request);
        true
    }

    /// Something of its own was written: goes on at once, or when the in-sync replicas have it.
    pub(super) fn settle_own(&mut self, deadline: Instant, parts: Vec<Part>, then: Then, out: &mut Effects) {
        let client = NodeId::from(self.me);
        let is_answered = parts.iter().all(|part| part.answer.is_some());
        let (correlation, acks, then) = (CorrelationId(0), Acks::All, Some(Box::new(then)));
        let produce = Produce { client, correlation, acks, parts, then };
        if is_answered {
            self.answer(produce, out);
        } else {
            self.park_produce(deadline, produce);
        }
    }

    /// A coordinator has it written how a transaction ended: answered once all in-sync replicas have it.
    /// Source: 2.0.0 `KafkaApis.handleWriteTxnMarkersRequest`.
    pub(super) fn on_write_markers(
        &mut self,
        now: Instant,
        asker: Asker,
        marker: Marker,
        partitions: Vec<TopicPartition>,
        out: &mut Effects,
    ) {
        let parts: Vec<Part> =
            partitions.into_iter().map(|partition| self.append_marker(now, marker, partition, out)).collect();
        let deadline = now + socket_timeout(&self.config);
        self.settle_own(deadline, parts, Then::Markers(asker, marker), out);
    }

    fn append_marker(
        &mut self,
        now: Instant,
        marker: Marker,
        partition: TopicPartition,
        out: &mut Effects,
    ) -> Part {
        let stamp = ProducerStamp {
            id: marker.producer,
            epoch: marker.epoch,
            base_sequence: Sequence(0),
            transactional: true,
        };
        let value = self.transactions.next_record_id();
        let content = Some(Arc::new(Content::Marker(marker)));
        let records = Arc::new([Record { value, content, size_bytes: MARKER_BYTES }]);
        let batch = RecordBatch { producer: Some(stamp), records };
        let client = NodeId::from(self.me);
        let part = self.append(now, client, Acks::All, ProducePartition { partition, batch }, out);
        if let Some(written) = part.written {
            let (broker, offset) = (self.me, written.base);
            out.event(Event::MarkerAppended { partition, broker, marker, offset });
        }
        part
    }

    /// Markers are replicated, or not. A group's offsets that were pending hold from now on, or are dropped.
    pub(super) fn markers_written(
        &mut self,
        asker: Asker,
        marker: Marker,
        answers: &[ProducedPartition],
        out: &mut Effects,
    ) {
        for answer in answers {
            if answer.error == ErrorCode::None && self.config.offsets_topic == Some(answer.partition.topic) {
                self.coordinator.transaction_ended(answer.partition, marker.producer, marker.commit, out);
            }
        }
        let errors = answers.iter().map(|answer| (answer.partition, answer.error)).collect();
        asker.send(Body::WriteTxnMarkersReply { errors }, out);
    }

    /// A connection to a broker is gone.
    pub(super) fn transactions_lost(&mut self, now: Instant, peer: NodeId, out: &mut Effects) {
        if let Some(broker) = peer.as_broker(self.config.brokers) {
            self.transactions.disconnected(now, broker);
            self.verification_lost(now, peer, out);
        }
    }

    /// Who coordinates an id, as far as this broker knows.
    pub(super) fn transactions_coordinator(&self, id: TransactionalId) -> Option<BrokerId> {
        self.live_leader(self.config.transactions_partition(id)?)
    }

    /// A group's offsets are to belong to a transaction: their partition of `__consumer_offsets` does.
    /// Source: 2.0.0 `KafkaApis.handleAddOffsetsToTxnRequest`.
    pub(super) fn on_add_offsets(
        &mut self,
        now: Instant,
        asker: Asker,
        producer: TransactionalProducer,
        group: GroupId,
        out: &mut Effects,
    ) {
        match self.config.offsets_partition(group) {
            Some(partition) => {
                self.on_transaction_request(now, asker, Request::AddOffsets { producer, partition }, out);
            }
            None => asker.send(Body::AddOffsetsToTxnReply { error: ErrorCode::InvalidRequest }, out),
        }
    }

    /// A group's offsets are to hold once the producer's transaction is committed.
    pub(super) fn on_offsets_of_transaction(
        &mut self,
        now: Instant,
        asker: Asker,
        commit: coordinator::TransactionalCommit,
        out: &mut Effects,
    ) {
        let group = commit.group;
        let request = coordinator::Request::TransactionalCommit(commit);
        if self.knows_transactions() {
            self.on_group_request(now, asker, group, request, out);
        } else {
            request.refuse(asker, ErrorCode::InvalidRequest, out);
        }
    }
}
