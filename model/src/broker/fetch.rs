//! Fetch requests of followers and consumers: read, learn how far the follower is, answer or park.
//!
//! Source: 0.11.0.2 `ReplicaManager.fetchMessages`, `readFromLocalLog`, `DelayedFetch`.

use std::collections::BTreeMap;

use crate::config::IsolationLevel;
use crate::event::Event;
use crate::ids::{BrokerId, CorrelationId, NodeId, Offset, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, FetchPartition, FetchedPartition, Fetcher, ListOffset};
use crate::partition::Replica;
use crate::time::{Instant, Micros};

use super::{Broker, Parked};

/// A parked fetch, within its broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FetchId(u64);

/// A fetch request that may wait.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ParkedFetch {
    pub from: NodeId,
    pub correlation: CorrelationId,
    pub fetcher: Fetcher,
    pub min_bytes: u64,
    pub isolation: IsolationLevel,
    pub partitions: Vec<FetchPartition>,
}

/// All parked fetches of a broker, and who watches which partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ParkedFetches {
    fetches: BTreeMap<FetchId, (Instant, ParkedFetch)>,
    watchers: BTreeMap<TopicPartition, Vec<FetchId>>,
    next: u64,
}

impl ParkedFetches {
    fn park(&mut self, deadline: Instant, fetch: ParkedFetch) -> FetchId {
        let id = FetchId(self.next);
        self.next += 1;
        for asked in &fetch.partitions {
            self.watchers.entry(asked.partition).or_default().push(id);
        }
        self.fetches.insert(id, (deadline, fetch));
        id
    }

    fn take(&mut self, id: FetchId) -> Option<(Instant, ParkedFetch)> {
        let parked = self.fetches.remove(&id)?;
        for asked in &parked.1.partitions {
            if let Some(watchers) = self.watchers.get_mut(&asked.partition) {
                watchers.retain(|&watcher| watcher != id);
            }
        }
        Some(parked)
    }
}

/// Who reads, and what it wants to see.
pub(super) type Reader = (Fetcher, IsolationLevel);

impl Replica {
    /// How far this fetcher may read: a follower to the log's end, a consumer to the high watermark, or to the last stable
    /// offset if it wants to see only what is committed.
    fn read_bound(&self, (fetcher, isolation): Reader) -> Offset {
        match (fetcher, isolation) {
            (Fetcher::Replica(_), _) => self.log.end_offset(),
            (Fetcher::Consumer, IsolationLevel::ReadUncommitted) => self.high_watermark,
            (Fetcher::Consumer, IsolationLevel::ReadCommitted) => self.last_stable_offset(),
        }
    }
}

impl Broker {
    /// A fetch came in. What it reads is read before the leader learns the follower's log end from it; so the fetch that
    /// moves the high watermark is answered with the old one.
    pub(super) fn on_fetch(
        &mut self,
        now: Instant,
        max_wait: Micros,
        request: ParkedFetch,
        out: &mut Effects,
    ) {
        let answers = self.read_all(&request);
        let mut at_once = max_wait == Micros::ZERO;
        if let Fetcher::Replica(follower) = request.fetcher {
            for (asked, answer) in request.partitions.iter().zip(&answers) {
                if answer.error == ErrorCode::None && answer.diverging.is_none() {
                    at_once |= self.follower_is_at(now, follower, asked, out);
                } else if (answer.error == ErrorCode::OffsetOutOfRange || answer.diverging.is_some())
                    && let Some(replica) = self.replica_mut(asked.partition)
                {
                    replica.follower_out_of_range(follower);
                }
            }
        }
        at_once |= answers.iter().any(|answer| answer.error != ErrorCode::None || answer.diverging.is_some());
        let bytes: u64 =
            answers.iter().flat_map(|answer| &answer.batches).map(|batch| batch.size_bytes()).sum();
        if at_once || bytes >= request.min_bytes {
            self.answer_fetch(request, answers, out);
        } else {
            let deadline = now + max_wait;
            let id = self.parked_fetches.park(deadline, request);
            self.expiries.insert((deadline, Parked::Fetch(id)));
        }
    }

    /// Learns how far the follower is. True if it is to be answered at once even if there is nothing to read.
    fn follower_is_at(
        &mut self,
        now: Instant,
        follower: BrokerId,
        asked: &FetchPartition,
        out: &mut Effects,
    ) -> bool {
        let FetchPartition { partition, offset, last_epoch, .. } = *asked;
        let Some(replica) = self.replica_mut(partition) else { return false };
        let owed = replica.owes_epoch(follower, offset, last_epoch);
        if replica.follower_fetched(now, follower, offset, last_epoch, out)
            && let Some(isr) = replica.propose_expand(follower, out)
        {
            self.propose_isr(now, partition, isr, out);
        }
        self.high_watermark_may_rise(now, partition, out);
        owed
    }

    fn read_all(&self, request: &ParkedFetch) -> Vec<FetchedPartition> {
        request
            .partitions
            .iter()
            .map(|asked| self.read((request.fetcher, request.isolation), asked))
            .collect()
    }

    fn read(&self, reader: Reader, asked: &FetchPartition) -> FetchedPartition {
        let FetchPartition { partition, offset, max_bytes, last_epoch, .. } = *asked;
        let failed = |error| FetchedPartition {
            partition,
            error,
            high_watermark: Offset::ZERO,
            log_start: Offset::ZERO,
            batches: Vec::new(),
            diverging: None,
            aborted: Vec::new(),
            last_stable_offset: Offset::ZERO,
        };
        let Some(replica) = self.replicas.get(&partition) else {
            return failed(ErrorCode::UnknownTopicOrPartition);
        };
        if !replica.leads() {
            return failed(ErrorCode::NotLeaderForPartition);
        }
        if let Some(diverging) = last_epoch.and_then(|epoch| replica.diverging(epoch, offset)) {
            let high_watermark = replica.high_watermark;
            return FetchedPartition {
                high_watermark,
                diverging: Some(diverging),
                ..failed(ErrorCode::None)
            };
        }
        if offset < replica.log.start_offset() || offset > replica.log.end_offset() {
            return failed(ErrorCode::OffsetOutOfRange);
        }
        let batches = replica.log.read(offset, replica.read_bound(reader), max_bytes);
        FetchedPartition {
            partition,
            error: ErrorCode::None,
            high_watermark: replica.high_watermark,
            log_start: replica.log.start_offset(),
            last_stable_offset: replica.last_stable_offset(),
            aborted: replica.aborted_among(reader, offset, &batches),
            batches,
            diverging: None,
        }
    }

    fn answer_fetch(&self, request: ParkedFetch, answers: Vec<FetchedPartition>, out: &mut Effects) {
        let ParkedFetch { from, correlation, fetcher, partitions, .. } = request;
        for (asked, answer) in partitions.iter().zip(&answers) {
            let (partition, broker) = (asked.partition, self.me);
            if answer.error == ErrorCode::OffsetOutOfRange {
                out.event(Event::FetchOutOfRange { partition, broker, fetcher: from, offset: asked.offset });
            }
            if fetcher == Fetcher::Consumer
                && let Some(last) = answer.batches.last()
            {
                out.event(Event::RecordsServed {
                    partition,
                    broker,
                    client: from,
                    from: asked.offset,
                    to: last.end_offset(),
                    high_watermark: answer.high_watermark,
                });
            }
        }
        out.send(from, correlation, Body::FetchReply { partitions: answers });
    }

    /// Something changed on a partition: answers the parked fetches that have enough now.
    ///
    /// A risen high watermark brings bytes to consumers only; a follower's fetch waits on. So on an idle partition
    /// followers learn the high watermark when their fetch times out. Source: 0.11.0.2 `DelayedFetch.tryComplete`.
    pub(super) fn wake_fetches(&mut self, partition: TopicPartition, out: &mut Effects) {
        let Some(watchers) = self.parked_fetches.watchers.get(&partition) else { return };
        let ready: Vec<FetchId> = watchers.iter().copied().filter(|&id| self.has_enough(id)).collect();
        for id in ready {
            self.complete_fetch(id, out);
        }
    }

    fn has_enough(&self, id: FetchId) -> bool {
        let Some((_, fetch)) = self.parked_fetches.fetches.get(&id) else { return false };
        let mut bytes = 0;
        for asked in &fetch.partitions {
            let Some(replica) = self.replicas.get(&asked.partition).filter(|replica| replica.leads()) else {
                return true;
            };
            if asked.offset > replica.log.end_offset() {
                return true;
            }
            bytes += replica.log.readable_bytes(
                asked.offset,
                replica.read_bound((fetch.fetcher, fetch.isolation)),
                fetch.min_bytes,
            );
        }
        bytes >= fetch.min_bytes
    }

    /// Reads again and answers. The follower's log end and clock stay as they were.
    pub(super) fn complete_fetch(&mut self, id: FetchId, out: &mut Effects) {
        let Some((deadline, fetch)) = self.parked_fetches.take(id) else { return };
        self.expiries.remove(&(deadline, Parked::Fetch(id)));
        let answers = self.read_all(&fetch);
        self.answer_fetch(fetch, answers, out);
    }

    /// Where does a led log begin or end? Source: 0.11.0.2 `KafkaApis.handleListOffsetRequest`.
    pub(super) fn on_list_offsets(
        &self,
        from: NodeId,
        correlation: CorrelationId,
        reader: Reader,
        partition: TopicPartition,
        position: ListOffset,
        out: &mut Effects,
    ) {
        let (error, offset) = match self.replicas.get(&partition) {
            None => (ErrorCode::UnknownTopicOrPartition, Offset::ZERO),
            Some(replica) if !replica.leads() => (ErrorCode::NotLeaderForPartition, Offset::ZERO),
            Some(replica) => match position {
                ListOffset::Earliest => (ErrorCode::None, replica.log.start_offset()),
                ListOffset::Latest => (ErrorCode::None, replica.read_bound(reader)),
            },
        };
        out.send(from, correlation, Body::ListOffsetsReply { partition, error, offset });
    }
}
