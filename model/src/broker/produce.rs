//! Produce requests: append, answer at once or wait for the ISR. Source: 0.11.0.2 `ReplicaManager.appendRecords`.
//!
//! A broker reads the next request of a connection only when it has answered the one before
//! (0.11.0.2 `SocketServer.Processor.processCompletedReceives` mutes the channel). So of a producer's requests in
//! flight one is at work and the others wait unread.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::config::Acks;
use crate::ids::{CorrelationId, NodeId, TopicPartition, TransactionalId};
use crate::machine::Effects;
use crate::message::{ErrorCode, ProducePartition};
use crate::partition::Replica;
use crate::partition::pending_acks::{ParkedId, Part, Produce};
use crate::time::{Instant, Micros};

use super::verification::Verified;
use super::{Broker, Parked};

/// A produce request as it came in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ProduceRequest {
    pub correlation: CorrelationId,
    pub acks: Acks,
    pub timeout: Micros,
    pub transactional: Option<TransactionalId>,
    pub partitions: Vec<ProducePartition>,
}

/// The connections with a request at work, and what has come on each since and is not read yet.
pub(super) type Muted = BTreeMap<NodeId, VecDeque<ProduceRequest>>;

impl Broker {
    pub(super) fn on_produce(
        &mut self,
        now: Instant,
        client: NodeId,
        request: ProduceRequest,
        out: &mut Effects,
    ) {
        match self.muted.get_mut(&client) {
            Some(unread) => unread.push_back(request),
            None => self.begin(now, client, request, out),
        }
    }

    pub(super) fn work_on(
        &mut self,
        now: Instant,
        client: NodeId,
        request: ProduceRequest,
        out: &mut Effects,
    ) {
        if request.transactional.is_some() {
            self.verify_produce(now, client, request, out);
        } else {
            self.work_on_verified(now, client, request, &Verified::default(), out);
        }
    }

    /// Works on a produce of which is known whether its transaction is open.
    pub(super) fn work_on_verified(
        &mut self,
        now: Instant,
        client: NodeId,
        request: ProduceRequest,
        verified: &Verified,
        out: &mut Effects,
    ) {
        let ProduceRequest { correlation, acks, timeout, transactional, partitions } = request;
        let append = |asked: ProducePartition| match self.unverified(asked.partition, &asked.batch, verified)
        {
            Some(error) => {
                self.tell_unverified(client, transactional, error, out);
                Part::refused(asked, error)
            }
            None => self.append(now, client, acks, asked, out),
        };
        let parts = partitions.into_iter().map(append).collect();
        let produce = Produce { client, correlation, acks, parts, then: None };
        if produce.parts.iter().all(|part| part.answer.is_some()) {
            self.answer(produce, out);
        } else {
            self.muted.entry(client).or_default();
            self.park_produce(now + timeout, produce);
        }
    }

    /// Works on a request for which its connection was muted, and reads on there unless it has to wait still.
    pub(super) fn resume(&mut self, client: NodeId, work: impl FnOnce(&mut Self)) {
        let unread = self.muted.remove(&client).unwrap_or_default();
        work(self);
        match self.muted.get_mut(&client) {
            Some(still_muted) => *still_muted = unread,
            None => {
                self.muted.insert(client, unread);
                self.unmuted.push(client);
            }
        }
    }

    /// Answers a produce that was parked. Its connection may be read again.
    fn answer_parked(&mut self, produce: Produce, out: &mut Effects) {
        if produce.then.is_none() {
            self.unmuted.push(produce.client);
        }
        self.answer(produce, out);
    }

    /// Answers a produce, or remembers to tell the coordinator.
    pub(super) fn answer(&mut self, produce: Produce, out: &mut Effects) {
        self.stored.extend(produce.answer(self.me, out));
    }

    /// Reads on where a parked produce was answered. Runs at the end of a step: by then no partition is half changed.
    pub(super) fn read_on(&mut self, now: Instant, out: &mut Effects) {
        while let Some(client) = self.unmuted.pop() {
            let mut unread = self.muted.remove(&client).unwrap_or_default();
            while let Some(request) = unread.pop_front() {
                self.begin(now, client, request, out);
                if let Some(muted) = self.muted.get_mut(&client) {
                    *muted = unread;
                    break;
                }
            }
        }
    }

    /// The connection is gone, and what came on it unread.
    pub(super) fn forget_unread(&mut self, peer: NodeId) {
        if let Some(unread) = self.muted.get_mut(&peer) {
            unread.clear();
        }
    }

    /// Appends one partition's batch. Its answer is still open if it has to wait for the ISR.
    pub(super) fn append(
        &mut self,
        now: Instant,
        client: NodeId,
        acks: Acks,
        asked: ProducePartition,
        out: &mut Effects,
    ) -> Part {
        let ProducePartition { partition, batch } = asked;
        let acks = self.acks_in_force(partition, acks);
        let flush_every = self.config.broker.log_flush_interval_messages;
        let result = match self.replica_mut(partition) {
            None => Err(ErrorCode::UnknownTopicOrPartition),
            Some(replica) => replica.append(client, acks == Acks::All, &batch, flush_every, out),
        };
        let (written, answer) = match result {
            Err(error) => (None, Some(error)),
            Ok(written) => {
                self.wake_fetches(partition, out);
                self.high_watermark_may_rise(now, partition, out);
                let answer = if acks == Acks::All {
                    self.replicas.get(&partition).and_then(|replica| replica.ack_for(written.end))
                } else {
                    Some(ErrorCode::None)
                };
                (Some(written), answer)
            }
        };
        let part = Part { partition, records: Arc::clone(&batch.records), written, answer };
        if acks == Acks::All && part.answer == Some(ErrorCode::None) {
            part.say_replicated(self.me, client, out);
        }
        part
    }

    pub(super) fn park_produce(&mut self, deadline: Instant, produce: Produce) {
        let waiting: Vec<_> = produce
            .parts
            .iter()
            .filter(|part| part.answer.is_none())
            .filter_map(|part| Some((part.partition, part.written?.end)))
            .collect();
        let id = self.pending_acks.park(deadline, produce);
        self.expiries.insert((deadline, Parked::Produce(id)));
        for (partition, end) in waiting {
            if let Some(replica) = self.replica_mut(partition) {
                replica.wait_for(end, id);
            }
        }
    }

    /// Answers the produces that a risen high watermark has set free.
    pub(super) fn release_produces(&mut self, partition: TopicPartition, out: &mut Effects) {
        let mut released = std::mem::take(&mut self.released);
        if let Some(replica) = self.replica_mut(partition) {
            replica.release(&mut released);
        }
        for (id, error) in released.drain(..) {
            self.settle(id, partition, error, out);
        }
        self.released = released;
    }

    /// The partition is led elsewhere now: what waits on it is answered NOT_LEADER_FOR_PARTITION. It may live or die.
    pub(super) fn refuse_waiting(&mut self, partition: TopicPartition, out: &mut Effects) {
        let Some(leader) = self.replica_mut(partition).and_then(Replica::as_leader_mut) else { return };
        for (_, id) in std::mem::take(&mut leader.waiting) {
            self.settle(id, partition, ErrorCode::NotLeaderForPartition, out);
        }
    }

    fn settle(&mut self, id: ParkedId, partition: TopicPartition, error: ErrorCode, out: &mut Effects) {
        if error == ErrorCode::None
            && let Some((client, part)) = self.pending_acks.waiting_part(id, partition)
        {
            part.say_replicated(self.me, client, out);
        }
        if let Some((deadline, produce)) = self.pending_acks.settle(id, partition, error) {
            self.expiries.remove(&(deadline, Parked::Produce(id)));
            self.answer_parked(produce, out);
        }
    }

    /// A parked produce has waited for `request.timeout.ms`. Source: 0.11.0.2 `DelayedProduce.onExpiration`.
    pub(super) fn expire_produce(&mut self, id: ParkedId, out: &mut Effects) {
        let Some(produce) = self.pending_acks.expire(id) else { return };
        for part in &produce.parts {
            if let Some(replica) = self.replica_mut(part.partition) {
                replica.forget(id);
            }
        }
        self.answer_parked(produce, out);
    }
}
