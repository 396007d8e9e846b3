//! How a member reads: one fetch in flight a broker, with all partitions that it owns there.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::client::network::Ask;
use crate::defects::Defect;
use crate::event::Event;
use crate::group::isolation::Sieve;
use crate::group::member::application::Work;
use crate::group::member::{Member, Position, Request};
use crate::ids::{BrokerId, CorrelationId, Offset, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, FetchPartition, FetchedPartition, Fetcher};
use crate::record::Batch;
use crate::time::{Instant, Micros};

/// What was fetched of a partition and has not been returned yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Buffered {
    pub(super) partition: TopicPartition,
    error: ErrorCode,
    batches: VecDeque<Arc<Batch>>,
    sieve: Sieve,
}

impl Member {
    /// Fetches all partitions that this broker leads, unless a fetch to it is in flight. A partition whose fetch from its
    /// former leader is still unanswered is fetched from the new one; the late answer is passed over.
    /// Source: 0.11.0.2 `Fetcher.createFetchRequests`.
    pub(super) fn fetch_from(&mut self, broker: BrokerId, now: Instant, out: &mut Effects) {
        let slot = usize::from(broker.0) - 1;
        if self.stopped || self.fetches[slot].is_some() {
            return;
        }
        let correlation = self.net.next_correlation();
        let mut partitions = Vec::new();
        for owned in &mut self.owned {
            let Position::At(offset) = owned.position else { continue };
            if owned.buffered
                || owned.retry_at > now
                || self.net.metadata.leader(owned.partition) != Some(broker)
            {
                continue;
            }
            if partitions.is_empty() && !self.net.ready(broker, now, out) {
                return;
            }
            if Defect::FetchesOnePartition.is_on() && !partitions.is_empty() {
                break;
            }
            owned.fetch = Some(correlation);
            let max_bytes = self.settings.max_partition_fetch_bytes;
            partitions.push(FetchPartition {
                partition: owned.partition,
                offset,
                max_bytes,
                last_epoch: None,
                current_epoch: owned.leader.map(|(_, epoch)| epoch),
            });
        }
        if partitions.is_empty() {
            return;
        }
        let body = Body::FetchRequest {
            fetcher: Fetcher::Consumer,
            max_wait: Micros::from_millis(self.settings.fetch_max_wait_ms),
            min_bytes: self.settings.fetch_min_bytes,
            partitions,
            broker_epoch: None,
            isolation: self.settings.isolation_level,
        };
        self.fetches[slot] = Some(self.net.send(broker, now, Ask::Own(Request::Fetch), body, out));
    }

    /// Takes an answer. Mostly the application is in `poll` and needs no time for its work; then the poll commits what
    /// earlier ones returned, returns what was fetched, and fetches on. Otherwise the answer waits for a poll.
    /// Source: 0.11.0.2 `KafkaConsumer.pollOnce`.
    pub(super) fn on_fetch_reply(
        &mut self,
        broker: BrokerId,
        correlation: CorrelationId,
        fetched: Vec<FetchedPartition>,
        now: Instant,
        out: &mut Effects,
    ) {
        self.fetches[usize::from(broker.0) - 1] = None;
        if !self.direct || !self.buffer.is_empty() || !self.may_read() {
            self.keep(correlation, fetched);
            self.run_application(now, out);
            return;
        }
        if !self.commits_fetched {
            self.auto_commit(now, out);
        }
        let mut all_well = true;
        for answer in &fetched {
            all_well &= self.on_fetched(answer, correlation, now, out);
        }
        if self.commits_fetched {
            self.auto_commit(now, out);
        }
        if all_well {
            self.fetch_from(broker, now, out);
        } else {
            self.sweep(now, out);
        }
    }

    /// Takes one partition's part of a fetch reply. False if it brought an error.
    /// Source: 0.11.0.2 `Fetcher.parseCompletedFetch`.
    fn on_fetched(
        &mut self,
        answer: &FetchedPartition,
        correlation: CorrelationId,
        now: Instant,
        out: &mut Effects,
    ) -> bool {
        let Some(place) = self.place(answer.partition) else { return true };
        let owned = &mut self.owned[place];
        if owned.fetch.take_if(|fetch| *fetch == correlation).is_none() {
            return true;
        }
        let Position::At(position) = owned.position else { return true };
        if answer.error == ErrorCode::None {
            self.return_all(place, position, answer, out);
            return true;
        }
        self.fetch_refused(place, answer.error, now);
        false
    }

    /// Source: 2.4.0 `Fetcher.initializeCompletedFetch`.
    fn fetch_refused(&mut self, place: usize, error: ErrorCode, now: Instant) {
        if error == ErrorCode::OffsetOutOfRange {
            self.reset(place);
        } else {
            self.owned[place].retry_at = now + self.retry_backoff;
            // The leader that says UNKNOWN_LEADER_EPOCH is the one that is behind.
            if error != ErrorCode::UnknownLeaderEpoch {
                self.net.metadata.want();
            }
        }
    }

    /// Returns the fetched records from `position` on to the application.
    fn return_all(&mut self, place: usize, position: Offset, answer: &FetchedPartition, out: &mut Effects) {
        let (mut next, mut epoch) = (position, None);
        let mut sieve = Sieve::new(self.settings.isolation_level, &answer.aborted);
        let told_before = out.events.len();
        for batch in answer.batches.iter().filter(|batch| batch.end_offset() > position) {
            if sieve.lets_through(batch) {
                out.event(Event::RecordsPolled {
                    client: self.node,
                    group: self.group,
                    partition: answer.partition,
                    from: next.max(batch.base_offset),
                    batch: batch.clone(),
                });
            }
            next = batch.end_offset();
            epoch = Some(batch.leader_epoch);
        }
        misread(&mut out.events, told_before, &mut next);
        if next != position {
            self.owned[place].position = Position::At(next);
            self.owned[place].epoch = epoch;
            self.unseen = true;
        }
    }

    /// Keeps what was fetched for a poll. An error counts only then too.
    /// Source: 0.11.0.2 `Fetcher.sendFetches` (`completedFetches`).
    fn keep(&mut self, correlation: CorrelationId, fetched: Vec<FetchedPartition>) {
        for FetchedPartition { partition, error, batches, aborted, .. } in fetched {
            let Some(place) = self.place(partition) else { continue };
            let owned = &mut self.owned[place];
            let is_awaited = owned.fetch.take_if(|fetch| *fetch == correlation).is_some();
            if is_awaited && (error != ErrorCode::None || !batches.is_empty()) {
                owned.buffered = true;
                let sieve = Sieve::new(self.settings.isolation_level, &aborted);
                self.buffer.push_back(Buffered { partition, error, batches: batches.into(), sieve });
            }
        }
    }

    /// Returns at most max.poll.records of what has been kept to the application; all of it, if work and commits take no
    /// time anyway. False if that was nothing. Source: 0.11.0.2 `Fetcher.fetchedRecords`.
    pub(super) fn return_buffered(&mut self, now: Instant, out: &mut Effects) -> bool {
        let all = if self.direct { u64::MAX } else { self.settings.max_poll_records.max(1) };
        let mut room = all;
        while room > 0 {
            let Some(mut buffered) = self.buffer.pop_front() else { break };
            let Some(place) = self.place(buffered.partition) else { continue };
            if buffered.error == ErrorCode::None {
                self.return_from(place, &mut buffered, &mut room, out);
                if !buffered.batches.is_empty() {
                    self.buffer.push_front(buffered);
                    break;
                }
            } else {
                self.fetch_refused(place, buffered.error, now);
                self.net.wake.by(now + self.retry_backoff);
                self.net.refresh(now, out);
            }
            self.owned[place].buffered = false;
        }
        room < all
    }

    /// Returns of one partition as much as there is room for.
    fn return_from(&mut self, place: usize, buffered: &mut Buffered, room: &mut u64, out: &mut Effects) {
        let Position::At(first) = self.owned[place].position else {
            buffered.batches.clear();
            return;
        };
        let (mut next, mut bytes, mut epoch, mut returned) = (first, 0, None, false);
        while let Some(batch) = buffered.batches.front().filter(|_| *room > 0) {
            let end = batch.end_offset();
            if end > next && !buffered.sieve.lets_through(batch) {
                next = end;
            } else if end > next {
                let from = next.max(batch.base_offset);
                let to = end.min(Offset(from.0.saturating_add(*room)));
                *room -= to.0 - from.0;
                let (client, group, partition) = (self.node, self.group, buffered.partition);
                epoch = Some(batch.leader_epoch);
                let batch = if to == end { Arc::clone(batch) } else { head(batch, to) };
                bytes += bytes_from(&batch, from);
                out.event(Event::RecordsPolled { client, group, partition, from, batch });
                self.note_inputs(partition, from, to);
                next = to;
                returned = true;
            }
            if end <= next {
                buffered.batches.pop_front();
            }
        }
        if next != first {
            self.owned[place].position = Position::At(next);
            self.owned[place].epoch = epoch;
            self.unseen = true;
            if !self.direct && returned {
                self.note_work(Work { partition: buffered.partition, from: first, to: next, bytes });
            }
        }
    }

    /// A partition may have been fetched from two leaders.
    fn note_work(&mut self, work: Work) {
        match self.work.iter_mut().find(|noted| noted.partition == work.partition) {
            Some(noted) => {
                noted.to = work.to;
                noted.bytes += work.bytes;
            }
            None => self.work.push(work),
        }
    }
}

/// What defects make of a poll: of what it returned, told in `events` from `start` on, and of where the next begins.
#[inline]
fn misread(events: &mut Vec<Event>, start: usize, next: &mut Offset) {
    let (count, end) = (events.len() - start, events.len());
    if Defect::SkipsBetweenPolls.is_on()
        && let Some(Event::RecordsPolled { from, batch, .. }) = events.get_mut(start)
        && from.plus(1) < batch.end_offset()
    {
        *from = from.plus(1);
    }
    if Defect::SkipsInsideAPoll.is_on() && count > 2 {
        events.remove(start + 1);
    }
    if Defect::SwapsInsideAPoll.is_on() && count > 1 {
        events.swap(end - 2, end - 1);
    }
    if Defect::GoesBackABatch.is_on()
        && count > 1
        && let Some(Event::RecordsPolled { batch, .. }) = events.last()
    {
        *next = batch.base_offset;
    }
}

/// The records of a batch before `to`: where a poll had no room for more.
fn head(batch: &Batch, to: Offset) -> Arc<Batch> {
    let count = (to.0 - batch.base_offset.0) as usize;
    Arc::new(Batch { records: batch.records[..count].into(), ..batch.clone() })
}

/// The size of a batch's records from `from` on.
fn bytes_from(batch: &Batch, from: Offset) -> u64 {
    let first = (from.0 - batch.base_offset.0) as usize;
    batch.records[first..].iter().map(|record| u64::from(record.size_bytes)).sum()
}
