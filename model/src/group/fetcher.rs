//! How a member reads: one fetch in flight a broker, with all partitions that it owns there.

use crate::client::network::Ask;
use crate::event::Event;
use crate::group::member::{Member, Position, Request};
use crate::ids::{BrokerId, CorrelationId, Offset};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, FetchPartition, FetchedPartition, Fetcher};
use crate::time::{Instant, Micros};

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
            if owned.retry_at > now || self.net.metadata.leader(owned.partition) != Some(broker) {
                continue;
            }
            if partitions.is_empty() && !self.net.ready(broker, now, out) {
                return;
            }
            owned.fetch = Some(correlation);
            let max_bytes = self.settings.max_partition_fetch_bytes;
            partitions.push(FetchPartition {
                partition: owned.partition,
                offset,
                max_bytes,
                last_epoch: None,
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
        };
        self.fetches[slot] = Some(self.net.send(broker, now, Ask::Own(Request::Fetch), body, out));
    }

    /// A poll: commits what earlier polls returned, then returns what was fetched, and fetches on.
    /// Source: 0.11.0.2 `KafkaConsumer.pollOnce`.
    pub(super) fn on_fetch_reply(
        &mut self,
        broker: BrokerId,
        correlation: CorrelationId,
        fetched: &[FetchedPartition],
        now: Instant,
        out: &mut Effects,
    ) {
        self.fetches[usize::from(broker.0) - 1] = None;
        self.auto_commit(now, out);
        let mut all_well = true;
        for answer in fetched {
            all_well &= self.on_fetched(answer, correlation, now, out);
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
            self.poll(place, position, answer, out);
            return true;
        }
        if answer.error == ErrorCode::OffsetOutOfRange {
            self.reset(place);
        } else {
            owned.retry_at = now + self.retry_backoff;
            self.net.metadata.want();
        }
        false
    }

    /// Returns the fetched records from `position` on to the application.
    fn poll(&mut self, place: usize, position: Offset, answer: &FetchedPartition, out: &mut Effects) {
        let mut next = position;
        for batch in answer.batches.iter().filter(|batch| batch.end_offset() > position) {
            out.event(Event::RecordsPolled {
                client: self.node,
                group: self.group,
                partition: answer.partition,
                from: next.max(batch.base_offset),
                batch: batch.clone(),
            });
            next = batch.end_offset();
        }
        if next != position {
            self.owned[place].position = Position::At(next);
            self.unseen = true;
        }
    }
}
