//! The follower's side of fetching: one request in flight to each leader. Source: 0.11.0.2 `AbstractFetcherThread`,
//! `ReplicaFetcherThread`; `num.replica.fetchers` is 1.

use crate::event::{Event, TruncationReason};
use crate::ids::{BrokerId, CorrelationId, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, FetchPartition, FetchedPartition, Fetcher as Who, ListOffset};
use crate::partition::follower::OutOfRange;
use crate::time::{Instant, Micros};

use super::{Broker, socket_timeout};

/// What a broker fetches from one leader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fetcher {
    pub leader: BrokerId,
    /// Ascending by partition.
    partitions: Vec<Fetched>,
    in_flight: Option<InFlight>,
    /// Its thread has died of a batch that does not fit; see [`Event::FetcherDied`].
    dead: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Fetched {
    partition: TopicPartition,
    /// Not before this: after an error, or while it asks where the leader's log ends.
    ready_at: Instant,
    /// The request that asks where the leader's log ends.
    out_of_range: Option<CorrelationId>,
    /// It is to be cut before it is fetched.
    truncating: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct InFlight {
    correlation: CorrelationId,
    timeout: Instant,
    /// What was asked, to tell whether the answer still fits.
    asked: Vec<Asked>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Asked {
    partition: TopicPartition,
    offset: Offset,
    /// In which epoch the follower then was, where a majority decides.
    epoch: Option<LeaderEpoch>,
}

impl Fetcher {
    fn new(leader: BrokerId) -> Self {
        Self { leader, partitions: Vec::new(), in_flight: None, dead: false }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        if self.dead {
            return None;
        }
        match &self.in_flight {
            Some(in_flight) => Some(in_flight.timeout),
            None => self.partitions.iter().map(|fetched| fetched.ready_at).min(),
        }
    }

    fn follows(&self, partition: TopicPartition) -> bool {
        self.place(partition).is_ok()
    }

    fn find(&mut self, partition: TopicPartition) -> Option<&mut Fetched> {
        let place = self.place(partition).ok()?;
        self.partitions.get_mut(place)
    }

    fn place(&self, partition: TopicPartition) -> Result<usize, usize> {
        self.partitions.binary_search_by_key(&partition, |fetched| fetched.partition)
    }

    /// Leaves all that was asked alone until `ready_at`.
    fn back_off(&mut self, ready_at: Instant) {
        self.in_flight = None;
        for fetched in &mut self.partitions {
            let asks = fetched.out_of_range.take().is_some();
            fetched.ready_at = if asks { ready_at } else { fetched.ready_at.max(ready_at) };
        }
    }
}

impl Broker {
    /// Fetches a partition from `leader` and from nobody else.
    pub(super) fn follow(
        &mut self,
        now: Instant,
        partition: TopicPartition,
        leader: BrokerId,
        truncating: bool,
    ) {
        self.stop_fetching(partition);
        let place = match self.fetchers.iter().position(|fetcher| fetcher.leader == leader) {
            Some(place) => place,
            None => {
                self.fetchers.push(Fetcher::new(leader));
                self.fetchers.len() - 1
            }
        };
        let fetched = Fetched { partition, ready_at: now, out_of_range: None, truncating };
        let partitions = &mut self.fetchers[place].partitions;
        let at = partitions.partition_point(|other| other.partition < partition);
        partitions.insert(at, fetched);
    }

    /// Fetches a partition no more. A fetcher without partitions ends. Source: 0.11.0.2 `AbstractFetcherManager`.
    pub(super) fn stop_fetching(&mut self, partition: TopicPartition) {
        for fetcher in &mut self.fetchers {
            if let Ok(place) = fetcher.place(partition) {
                fetcher.partitions.remove(place);
            }
        }
        self.fetchers.retain(|fetcher| !fetcher.partitions.is_empty());
    }

    /// Sends what is due: a fetch to each leader that has none in flight.
    pub(super) fn send_fetches(&mut self, now: Instant, out: &mut Effects) {
        for place in 0..self.fetchers.len() {
            self.expire_fetch(now, place, out);
            self.truncate_before_fetch(place, out);
            let fetcher = &self.fetchers[place];
            if fetcher.dead || fetcher.in_flight.is_some() {
                continue;
            }
            let asked = self.wanted(now, fetcher);
            if asked.is_empty() {
                continue;
            }
            let epoch_of = |partition| match self.by_majority(partition) {
                true => self.replicas.get(&partition)?.leader_epoch,
                false => None,
            };
            let config = &self.config.broker;
            let noted = asked
                .iter()
                .map(|&FetchPartition { partition, offset, .. }| Asked {
                    partition,
                    offset,
                    epoch: epoch_of(partition),
                })
                .collect();
            let request = Body::FetchRequest {
                fetcher: Who::Replica(self.me),
                max_wait: Micros::from_millis(config.replica_fetch_wait_max_ms),
                min_bytes: config.replica_fetch_min_bytes,
                partitions: asked,
                broker_epoch: self.fetches_as(),
            };
            let (leader, timeout) = (fetcher.leader, now + socket_timeout(&self.config));
            let correlation = self.ask(leader, request, out);
            self.fetchers[place].in_flight = Some(InFlight { correlation, timeout, asked: noted });
        }
    }

    /// What is to be asked of a leader: for each partition that is not backing off, what follows the own log.
    fn wanted(&self, now: Instant, fetcher: &Fetcher) -> Vec<FetchPartition> {
        let want = |fetched: &Fetched| {
            let partition = fetched.partition;
            let log = &self.replicas.get(&partition)?.log;
            let last_epoch = if self.by_majority(partition) { log.last_epoch() } else { None };
            let max_bytes = self.config.broker.replica_fetch_max_bytes;
            Some(FetchPartition {
                partition,
                offset: log.end_offset(),
                max_bytes,
                last_epoch,
                current_epoch: None,
            })
        };
        fetcher.partitions.iter().filter(|fetched| fetched.ready_at <= now).filter_map(want).collect()
    }

    /// Cuts what is to be cut, unless a fetch is under way. Source: 0.11.0.2 `AbstractFetcherThread.maybeTruncate`.
    fn truncate_before_fetch(&mut self, place: usize, out: &mut Effects) {
        let fetcher = &mut self.fetchers[place];
        if fetcher.dead
            || fetcher.in_flight.is_some()
            || !fetcher.partitions.iter().any(|fetched| fetched.truncating)
        {
            return;
        }
        let mut due = Vec::new();
        for fetched in fetcher.partitions.iter_mut().filter(|fetched| fetched.truncating) {
            fetched.truncating = false;
            due.push(fetched.partition);
        }
        let rule = self.config.protocol.truncation;
        for partition in due {
            if let Some(replica) = self.replica_mut(partition) {
                replica.truncate_as_follower(rule, out);
            }
        }
    }

    /// How long a fetcher waits after its connection failed: once for itself, and once more for each partition.
    /// Source: 0.11.0.2 `AbstractFetcherThread.processFetchRequest`.
    fn connection_backoff(&self) -> Micros {
        let once = Micros::from_millis(self.config.broker.replica_fetch_backoff_ms);
        once + once
    }

    /// A fetch was not answered in time: its connection is closed. Source: 0.11.0.2 `ReplicaFetcherBlockingSend.sendRequest`.
    fn expire_fetch(&mut self, now: Instant, place: usize, out: &mut Effects) {
        let backed_off = now + self.connection_backoff();
        let fetcher = &mut self.fetchers[place];
        if fetcher.in_flight.as_ref().is_some_and(|in_flight| in_flight.timeout <= now) {
            fetcher.back_off(backed_off);
            out.closes.push(fetcher.leader.into());
        }
    }

    /// The connection to a leader broke. Source: 0.11.0.2 `AbstractFetcherThread.processFetchRequest`.
    pub(super) fn on_leader_lost(&mut self, now: Instant, peer: NodeId) {
        let backed_off = now + self.connection_backoff();
        let lost = self.fetchers.iter_mut().filter(|fetcher| NodeId::from(fetcher.leader) == peer);
        for fetcher in lost {
            fetcher.back_off(backed_off);
        }
    }

    pub(super) fn on_fetch_reply(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: CorrelationId,
        answers: &[FetchedPartition],
        out: &mut Effects,
    ) {
        let asked_this = |fetcher: &Fetcher| {
            NodeId::from(fetcher.leader) == from
                && fetcher.in_flight.as_ref().is_some_and(|in_flight| in_flight.correlation == correlation)
        };
        let Some(place) = self.fetchers.iter().position(asked_this) else { return };
        let Some(in_flight) = self.fetchers[place].in_flight.take() else { return };
        // Answers come in the order of the questions.
        for (answer, asked) in answers.iter().zip(&in_flight.asked) {
            assert_eq!(answer.partition, asked.partition, "a leader answers what it was asked");
            self.on_fetched(now, place, asked, answer, out);
            if self.fetchers[place].dead {
                break;
            }
        }
    }

    /// One partition's answer. It counts only if the log still ends where it did when it was asked for; where a majority decides,
    /// also only within one epoch (source: 3.9.0 `AbstractFetcherThread.processFetchRequest`).
    fn on_fetched(
        &mut self,
        now: Instant,
        place: usize,
        asked: &Asked,
        answer: &FetchedPartition,
        out: &mut Effects,
    ) {
        let partition = answer.partition;
        let backed_off = now + Micros::from_millis(self.config.broker.replica_fetch_backoff_ms);
        let flush_every = self.config.broker.log_flush_interval_messages;
        let timeout = socket_timeout(&self.config);
        let (me, leader) = (self.me, self.fetchers[place].leader);
        if self.fetchers[place].find(partition).is_none_or(|fetched| fetched.truncating) {
            return;
        }
        let by_majority = self.by_majority(partition);
        let Some(replica) = self.replica_mut(partition) else { return };
        if replica.log.end_offset() != asked.offset || (by_majority && replica.leader_epoch != asked.epoch) {
            return;
        }
        if let Some((epoch, leader_end)) = answer.diverging {
            replica.diverged(epoch, leader_end, out);
            return;
        }
        if answer.error == ErrorCode::None {
            if by_majority && answer.batches.is_empty() {
                replica.is_level();
            }
            if replica.fetched(&answer.batches, answer.high_watermark, flush_every, out).is_err() {
                out.event(Event::FetcherDied { partition, broker: me, leader, offset: asked.offset });
                self.fetchers[place].dead = true;
            }
            return;
        }
        let question = (answer.error == ErrorCode::OffsetOutOfRange).then(|| {
            let position = ListOffset::Latest;
            self.ask(leader, Body::ListOffsetsRequest { fetcher: Who::Replica(me), partition, position }, out)
        });
        if let Some(fetched) = self.fetchers[place].find(partition) {
            fetched.out_of_range = question;
            fetched.ready_at = if question.is_some() { now + timeout } else { backed_off };
        }
    }

    /// The leader says where its log ends, after it did not have what was asked for.
    pub(super) fn on_list_offsets_reply(
        &mut self,
        now: Instant,
        correlation: CorrelationId,
        partition: TopicPartition,
        error: ErrorCode,
        leader_end: Offset,
        out: &mut Effects,
    ) {
        let backed_off = now + Micros::from_millis(self.config.broker.replica_fetch_backoff_ms);
        let asked = self.fetchers.iter_mut().filter_map(|fetcher| fetcher.find(partition));
        let Some(fetched) = asked.into_iter().find(|fetched| fetched.out_of_range == Some(correlation))
        else {
            return;
        };
        fetched.out_of_range = None;
        fetched.ready_at = now;
        if error != ErrorCode::None {
            fetched.ready_at = backed_off;
            return;
        }
        let unclean = self.topic(partition).unclean_leader_election_enable;
        let broker = self.me;
        let Some(replica) = self.replica_mut(partition) else { return };
        match replica.out_of_range(leader_end, unclean) {
            OutOfRange::FetchOn => {}
            OutOfRange::TruncateTo(to) => replica.truncate(to, TruncationReason::OutOfRange, out),
            OutOfRange::Halt => {
                out.event(Event::BrokerHalted { partition, broker, leader_end });
                if let Some(fetcher) = self.fetchers.iter_mut().find(|fetcher| fetcher.follows(partition)) {
                    fetcher.dead = true;
                }
                // The process exits through its shutdown hook, which stops it in good order.
                // Source: 0.11.0.2 `ShutdownableThread.run`, `Kafka.main`.
                self.start_controlled_shutdown(now, out);
            }
        }
    }
}
