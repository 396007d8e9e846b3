//! Fetch requests of followers and consumers: read, learn how far the follower is, answer or park.
//!
//! Source: 0.11.0.2 `ReplicaManager.fetchMessages`, `readFromLocalLog`, `DelayedFetch`.

use std::collections::BTreeMap;

use crate::config::IsolationLevel;
use crate::defects::Defect;
use crate::event::Event;
use crate::ids::{BrokerEpoch, BrokerId, CorrelationId, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, FetchPartition, FetchedPartition, Fetcher, ListOffset};
use crate::partition::Replica;
use crate::time::{Instant, Micros};

use super::epochs::is_fence;
use super::{Broker, Parked};

/// A parked fetch, within its broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FetchId(u64);

/// A follower that fetches.
#[derive(Clone, Copy, Debug)]
struct Follower {
    id: BrokerId,
    /// The registration of its broker, where it tells.
    broker_epoch: Option<BrokerEpoch>,
}

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

/// A request for one end of a log.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListOffsets {
    pub reader: Reader,
    pub partition: TopicPartition,
    pub position: ListOffset,
    pub current_epoch: Option<LeaderEpoch>,
}

/// Who reads, and what it wants to see.
pub(super) type Reader = (Fetcher, IsolationLevel);

impl Replica {
    /// How far this fetcher may read: a follower to the log's end, a consumer to the high watermark, or to the last stable
    /// offset if it wants to see only what is committed.
    fn read_bound(&self, (fetcher, isolation): Reader) -> Offset {
        if Defect::ServesUncommitted.is_on() {
            return self.log.end_offset();
        }
        match (fetcher, isolation) {
            (Fetcher::Replica(_), _) => self.log.end_offset(),
            (Fetcher::Consumer, crate::config::IsolationLevel::ReadUncommitted) => self.high_watermark,
            (Fetcher::Consumer, IsolationLevel::ReadCommitted) if Defect::StableUpToHighWatermark.is_on() => {
                self.high_watermark
            }
            (Fetcher::Consumer, IsolationLevel::ReadCommitted) => self.last_stable_offset(),
        }
    }

    /// The high watermark that a follower was last told, while this replica leads. Source: 2.4.0
    /// `Replica.lastSentHighWatermark`.
    fn told(&mut self, follower: BrokerId) -> Option<&mut Offset> {
        let remote = self.as_leader_mut()?.remotes.iter_mut().find(|remote| remote.broker == follower)?;
        Some(&mut remote.told)
    }

    /// Whether the high watermark has risen above the one that a follower was last told.
    fn has_news_for(&self, follower: BrokerId) -> bool {
        let remotes = self.as_leader().map_or(&[][..], |leader| &leader.remotes);
        remotes.iter().any(|remote| remote.broker == follower && remote.told < self.high_watermark)
    }

    /// Where the log begins or ends, for this fetcher. A consumer is not told the end before the high watermark has reached
    /// where the leader's epoch begins, if `waits`: it might lie below what was told before.
    ///
    /// Source: 0.11.0.2 `KafkaApis.handleListOffsetRequest`; KIP-207, 2.2.0 `Partition.fetchOffsetForTimestamp`.
    fn listed(&self, reader: Reader, position: ListOffset, waits: bool) -> Result<Offset, ErrorCode> {
        let epoch_start = self.leader_epoch.and_then(|epoch| self.log.start_of_epoch(epoch));
        let behind = epoch_start.is_some_and(|start| start > self.high_watermark);
        match position {
            ListOffset::Earliest => Ok(self.log.start_offset()),
            ListOffset::Latest if waits && behind && reader.0 == Fetcher::Consumer => {
                Err(ErrorCode::OffsetNotAvailable)
            }
            ListOffset::Latest => Ok(self.read_bound(reader)),
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
        broker_epoch: Option<BrokerEpoch>,
        request: ParkedFetch,
        out: &mut Effects,
    ) {
        let mut answers = self.read_all(&request);
        self.refuse_stale(&request, broker_epoch, &mut answers, out);
        let mut at_once = max_wait == Micros::ZERO;
        if let Fetcher::Replica(follower) = request.fetcher {
            let asker = Follower { id: follower, broker_epoch };
            for (asked, answer) in request.partitions.iter().zip(&answers) {
                at_once |= self.learn(now, asker, asked, answer, out);
            }
        }
        at_once |= answers.iter().any(|answer| answer.error != ErrorCode::None || answer.diverging.is_some());
        let bytes: u64 =
            answers.iter().flat_map(|answer| &answer.batches).map(|batch| batch.size_bytes()).sum();
        at_once |= bytes >= request.min_bytes;
        if !at_once && self.owes_high_watermark(&request) {
            answers = self.read_all(&request);
            at_once = true;
        }
        if at_once {
            self.answer_fetch(request, answers, out);
        } else {
            let deadline = now + max_wait;
            let id = self.parked_fetches.park(deadline, request);
            self.expiries.insert((deadline, Parked::Fetch(id)));
        }
    }

    /// What a follower's fetch says of the follower. True if it is to be answered at once even if there is nothing to read.
    fn learn(
        &mut self,
        now: Instant,
        follower: Follower,
        asked: &FetchPartition,
        answer: &FetchedPartition,
        out: &mut Effects,
    ) -> bool {
        let FetchPartition { partition, .. } = *asked;
        match (answer.error, answer.diverging) {
            (ErrorCode::None, None) => {
                let end = answer.batches.last().filter(|_| Defect::CountsWhatItSends.is_on());
                let counted = end.map(|last| FetchPartition { offset: last.end_offset(), ..asked.clone() });
                let asked = counted.as_ref().unwrap_or(asked);
                let owed = self.follower_is_at(now, follower, asked, out);
                let pushed = self.config.protocol.high_watermark_pushed;
                pushed && self.tell_high_watermark(follower.id, answer) || owed
            }
            // What a follower has that is to cut its log says nothing; 2.7.0 and 2.8.0 take it for its log end all the same.
            // Source: KAFKA-13141, 2.8.0 `ReplicaManager.updateFollowerFetchState`.
            (ErrorCode::None, Some(_)) if self.by_majority(partition) => {
                self.follower_out_of_range(follower.id, partition);
                true
            }
            (ErrorCode::None, Some(_)) => {
                if self.config.protocol.diverging_fetch_counted {
                    self.follower_is_at(now, follower, asked, out);
                }
                true
            }
            (error, _) => {
                // Source: KAFKA-8400, 2.4.0 `ReplicaManager.updateFollowerFetchState`.
                let failed = error == ErrorCode::OffsetOutOfRange || is_fence(error);
                if failed && self.config.protocol.failed_read_forgets_end {
                    self.follower_out_of_range(follower.id, partition);
                }
                true
            }
        }
    }

    fn follower_out_of_range(&mut self, follower: BrokerId, partition: TopicPartition) {
        if let Some(replica) = self.replica_mut(partition) {
            replica.follower_out_of_range(follower);
        }
    }

    /// Notes which high watermark the answer tells. True if it is higher than the one before. Source: 2.4.0
    /// `ReplicaManager.readFromLocalLog`, `Replica.updateFetchState`.
    fn tell_high_watermark(&mut self, follower: BrokerId, answer: &FetchedPartition) -> bool {
        let Some(replica) = self.replica_mut(answer.partition) else { return false };
        let Some(told) = replica.told(follower) else { return false };
        let before = std::mem::replace(told, answer.high_watermark);
        before < answer.high_watermark
    }

    /// Whether a follower waits that does not know how far the high watermark has risen, in the releases where it need not
    /// wait. Source: 2.4.0 `DelayedFetch.tryComplete` (KIP-392), until KAFKA-9952 (2.6).
    fn owes_high_watermark(&self, fetch: &ParkedFetch) -> bool {
        let Fetcher::Replica(follower) = fetch.fetcher else { return false };
        self.config.protocol.high_watermark_pushed
            && fetch.partitions.iter().any(|asked| {
                self.replicas.get(&asked.partition).is_some_and(|replica| replica.has_news_for(follower))
            })
    }

    /// Learns how far the follower is. True if it is to be answered at once even if there is nothing to read.
    fn follower_is_at(
        &mut self,
        now: Instant,
        follower: Follower,
        asked: &FetchPartition,
        out: &mut Effects,
    ) -> bool {
        let Follower { id: follower, broker_epoch } = follower;
        let FetchPartition { partition, offset, last_epoch, .. } = *asked;
        let Some(replica) = self.replica_mut(partition) else { return false };
        let owed = replica.owes_epoch(follower, offset, last_epoch);
        replica.note_broker_epoch(follower, broker_epoch);
        let learned = replica.follower_fetched(now, follower, offset, last_epoch, out);
        if learned.may_join && self.is_eligible(partition, follower) {
            self.take_in(now, partition, follower, out);
        }
        if learned.end_moved || self.config.protocol.high_watermark_each_fetch {
            self.high_watermark_may_rise(now, partition, out);
        }
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
        let FetchPartition { partition, offset, max_bytes, current_epoch, last_epoch } = *asked;
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
        if let Err(error) = replica.leads_in(current_epoch) {
            return failed(error);
        }
        match last_epoch.map_or(Ok(None), |epoch| replica.compare(epoch, offset)) {
            Ok(None) => {}
            Ok(diverging) => {
                let high_watermark = replica.high_watermark;
                return FetchedPartition { high_watermark, diverging, ..failed(ErrorCode::None) };
            }
            Err(error) => return failed(error),
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
            if is_fence(answer.error) {
                let error = answer.error;
                out.event(Event::FetchFenced { partition, broker, fetcher: from, error });
            }
            if let Some((epoch, end_offset)) = answer.diverging.filter(|_| !self.by_majority(partition)) {
                let offset = asked.offset;
                out.event(Event::DivergenceTold {
                    partition,
                    broker,
                    fetcher: from,
                    offset,
                    epoch,
                    end_offset,
                });
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
            let replica = self.replicas.get(&asked.partition);
            let Some(replica) = replica.filter(|replica| replica.leads_in(asked.current_epoch).is_ok())
            else {
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
        bytes >= fetch.min_bytes || self.owes_high_watermark(fetch)
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
        asked: ListOffsets,
        out: &mut Effects,
    ) {
        let ListOffsets { reader, partition, position, current_epoch } = asked;
        let waits = self.config.protocol.offset_not_available;
        let replica = self.replicas.get(&partition).ok_or(ErrorCode::UnknownTopicOrPartition);
        let listed = replica.and_then(|replica| {
            replica.leads_in(current_epoch)?;
            replica.listed(reader, position, waits)
        });
        let (error, offset) = match listed {
            Ok(offset) => (ErrorCode::None, offset),
            Err(error) => (error, Offset::ZERO),
        };
        if is_fence(error) {
            out.event(Event::FetchFenced { partition, broker: self.me, fetcher: from, error });
        }
        out.send(from, correlation, Body::ListOffsetsReply { partition, error, offset });
    }
}
