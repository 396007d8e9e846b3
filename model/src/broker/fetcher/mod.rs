//! The follower's side of fetching: one request in flight to each leader. Source: 0.11.0.2 `AbstractFetcherThread`,
//! `ReplicaFetcherThread`; `num.replica.fetchers` is 1.
//!
//! A partition that is new to a fetcher may have to be cut first ([`truncating`]); then it is fetched, and what comes back is
//! written ([`replies`]).

mod replies;
mod truncating;

use crate::ids::{BrokerId, CorrelationId, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, FetchPartition, Fetcher as Who};
use crate::protocol::TruncationRule;
use crate::time::{Instant, Micros};

use super::{Broker, socket_timeout};

/// What a broker fetches from one leader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fetcher {
    pub leader: BrokerId,
    /// Ascending by partition.
    partitions: Vec<Fetched>,
    in_flight: Option<InFlight>,
    /// It has asked about epochs; before it asks again, what can be fetched is fetched.
    asked_epochs: bool,
    /// There was nothing to fetch: it looks again then, or when it gets another partition.
    idle_until: Instant,
    /// Its thread has died of a batch that does not fit; see [`Event::FetcherDied`](crate::event::Event::FetcherDied).
    dead: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Fetched {
    partition: TopicPartition,
    /// Not before this: after an error, or while it asks where the leader's log ends.
    ready_at: Instant,
    /// The request that asks where the leader's log ends.
    out_of_range: Option<CorrelationId>,
    stage: Stage,
}

/// What is done with a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// It is to be cut before it is fetched. `again`: it has been, and is to be looked at once more.
    Truncating { again: bool },
    /// It is fetched.
    Fetching,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct InFlight {
    correlation: CorrelationId,
    timeout: Instant,
    question: Question,
    /// What was asked, to tell whether the answer still fits.
    asked: Vec<Asked>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Question {
    Fetch,
    Epochs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Asked {
    partition: TopicPartition,
    offset: Offset,
    /// In which epoch the follower then was, where that is minded.
    epoch: Option<LeaderEpoch>,
}

impl Fetcher {
    fn new(leader: BrokerId) -> Self {
        Self {
            leader,
            partitions: Vec::new(),
            in_flight: None,
            asked_epochs: false,
            idle_until: Instant::START,
            dead: false,
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        if self.dead {
            return None;
        }
        match &self.in_flight {
            Some(in_flight) => Some(in_flight.timeout),
            None => {
                let ready_at = self.partitions.iter().map(|fetched| fetched.ready_at).min();
                ready_at.map(|at| at.max(self.idle_until))
            }
        }
    }

    fn follows(&self, partition: TopicPartition) -> bool {
        self.place(partition).is_ok()
    }

    /// Whether it may ask for something.
    fn is_idle(&self, now: Instant) -> bool {
        !self.dead && self.in_flight.is_none() && self.idle_until <= now
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
    pub(super) fn follow(&mut self, now: Instant, partition: TopicPartition, leader: BrokerId, stage: Stage) {
        self.stop_fetching(partition);
        let place = match self.fetchers.iter().position(|fetcher| fetcher.leader == leader) {
            Some(place) => place,
            None => {
                self.fetchers.push(Fetcher::new(leader));
                self.fetchers.len() - 1
            }
        };
        let fetcher = &mut self.fetchers[place];
        fetcher.idle_until = now;
        let fetched = Fetched { partition, ready_at: now, out_of_range: None, stage };
        let at = fetcher.partitions.partition_point(|other| other.partition < partition);
        fetcher.partitions.insert(at, fetched);
    }

    /// Whether a partition is fetched from anybody.
    pub(super) fn is_fetching(&self, partition: TopicPartition) -> bool {
        self.fetchers.iter().any(|fetcher| fetcher.follows(partition))
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

    /// Sends what is due, to each leader that has nothing to answer: a question about epochs, or a fetch.
    pub(super) fn send_fetches(&mut self, now: Instant, out: &mut Effects) {
        for place in 0..self.fetchers.len() {
            self.expire_fetch(now, place, out);
            if !self.fetchers[place].is_idle(now) {
                continue;
            }
            self.truncate_before_fetch(now, place, out);
            if self.fetchers[place].in_flight.is_none() {
                self.send_fetch(now, place, out);
            }
        }
    }

    fn send_fetch(&mut self, now: Instant, place: usize, out: &mut Effects) {
        let partitions = self.wanted(now, &self.fetchers[place]);
        let asked_epochs = std::mem::take(&mut self.fetchers[place].asked_epochs);
        if partitions.is_empty() {
            if asked_epochs {
                // Source: 0.11.0.2 `AbstractFetcherThread.doWork`.
                let idle = Micros::from_millis(self.config.broker.replica_fetch_backoff_ms);
                self.fetchers[place].idle_until = now + idle;
            }
            return;
        }
        let asked = partitions
            .iter()
            .map(|&FetchPartition { partition, offset, .. }| Asked {
                partition,
                offset,
                epoch: self.minded_epoch(partition),
            })
            .collect();
        let config = &self.config.broker;
        let request = Body::FetchRequest {
            fetcher: Who::Replica(self.me),
            max_wait: Micros::from_millis(config.replica_fetch_wait_max_ms),
            min_bytes: config.replica_fetch_min_bytes,
            partitions,
            broker_epoch: self.fetches_as(),
            isolation: crate::config::IsolationLevel::ReadUncommitted,
        };
        self.ask_leader(now, place, Question::Fetch, asked, request, out);
    }

    fn ask_leader(
        &mut self,
        now: Instant,
        place: usize,
        question: Question,
        asked: Vec<Asked>,
        request: Body,
        out: &mut Effects,
    ) {
        let timeout = now + socket_timeout(&self.config);
        let correlation = self.ask(self.fetchers[place].leader, request, out);
        self.fetchers[place].in_flight = Some(InFlight { correlation, timeout, question, asked });
    }

    /// The epoch in which an answer must find the follower, if that is minded: where fetches are fenced, and where a majority
    /// decides.
    fn minded_epoch(&self, partition: TopicPartition) -> Option<LeaderEpoch> {
        let minded = self.config.protocol.fetches_fenced || self.by_majority(partition);
        if minded { self.replicas.get(&partition)?.leader_epoch } else { None }
    }

    /// The epoch that a request tells, to be fenced by it. Source: KAFKA-7395, 2.1.0 `ReplicaFetcherThread.buildFetch`.
    fn told_epoch(&self, partition: TopicPartition) -> Option<LeaderEpoch> {
        if self.config.protocol.fetches_fenced { self.replicas.get(&partition)?.leader_epoch } else { None }
    }

    /// Whether followers tell the epoch of their last record as they fetch. Source: KIP-595, 2.8.0
    /// `ReplicaFetcherThread.buildFetch`.
    fn truncates_on_fetch(&self, partition: TopicPartition) -> bool {
        self.config.protocol.truncation == TruncationRule::OnFetch || self.by_majority(partition)
    }

    /// What is to be asked of a leader: for each partition that is not backing off, what follows the own log.
    fn wanted(&self, now: Instant, fetcher: &Fetcher) -> Vec<FetchPartition> {
        let want = |fetched: &Fetched| {
            let partition = fetched.partition;
            let replica = self.replicas.get(&partition)?;
            let tells = self.truncates_on_fetch(partition);
            Some(FetchPartition {
                partition,
                offset: replica.log.end_offset(),
                max_bytes: self.config.broker.replica_fetch_max_bytes,
                last_epoch: if tells { replica.log.last_epoch() } else { None },
                current_epoch: replica.leader_epoch.filter(|_| self.config.protocol.fetches_fenced),
            })
        };
        let ready = |fetched: &&Fetched| fetched.ready_at <= now && fetched.stage == Stage::Fetching;
        fetcher.partitions.iter().filter(ready).filter_map(want).collect()
    }

    /// How long a fetcher waits after its connection failed: once for itself, and once more for each partition.
    /// Source: 0.11.0.2 `AbstractFetcherThread.processFetchRequest`.
    fn connection_backoff(&self) -> Micros {
        let once = Micros::from_millis(self.config.broker.replica_fetch_backoff_ms);
        once + once
    }

    /// A fetch was not answered in time: its connection is closed. Source: 0.11.0.2 `ReplicaFetcherBlockingSend.sendRequest`.
    fn expire_fetch(&mut self, now: Instant, place: usize, out: &mut Effects) {
        let fetcher = &self.fetchers[place];
        if fetcher.in_flight.as_ref().is_some_and(|in_flight| in_flight.timeout <= now) {
            out.closes.push(fetcher.leader.into());
            self.back_off(now, place);
        }
    }

    /// The connection to a leader broke. Source: 0.11.0.2 `AbstractFetcherThread.processFetchRequest`.
    pub(super) fn on_leader_lost(&mut self, now: Instant, peer: NodeId) {
        for place in 0..self.fetchers.len() {
            if NodeId::from(self.fetchers[place].leader) == peer {
                self.back_off(now, place);
            }
        }
    }

    fn back_off(&mut self, now: Instant, place: usize) {
        let backed_off = now + self.connection_backoff();
        self.fetchers[place].back_off(backed_off);
    }
}
