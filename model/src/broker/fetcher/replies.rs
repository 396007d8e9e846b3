//! What a follower does with the answers to its fetches.

use crate::event::{Event, TruncationReason};
use crate::ids::{BrokerId, CorrelationId, NodeId, Offset, TopicPartition};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, FetchedPartition, Fetcher as Who, ListOffset};
use crate::partition::follower::OutOfRange;
use crate::time::{Instant, Micros};

use super::{Asked, Broker, Fetcher, InFlight, Question, Stage, socket_timeout};

/// Whether a partition is fetched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It is; perhaps after a while.
    Goes,
    /// Not before the controller says something new. Source: 2.3.0 `AbstractFetcherThread.markPartitionFailed`.
    Failed,
}

impl Broker {
    pub(in crate::broker) fn on_fetch_reply(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: CorrelationId,
        answers: &[FetchedPartition],
        out: &mut Effects,
    ) {
        let Some((place, asked)) = self.take_question(from, correlation, Question::Fetch) else { return };
        let mut failed = Vec::new();
        // Answers come in the order of the questions.
        for (answer, asked) in answers.iter().zip(&asked) {
            assert_eq!(answer.partition, asked.partition, "a leader answers what it was asked");
            if self.on_fetched(now, place, asked, answer, out) == Outcome::Failed {
                failed.push(answer.partition);
            }
            if self.fetchers[place].dead {
                break;
            }
        }
        for partition in failed {
            self.stop_fetching(partition);
        }
    }

    /// The fetcher whose question this answers, and what was asked; none if it waits for the answer no more.
    pub(super) fn take_question(
        &mut self,
        from: NodeId,
        correlation: CorrelationId,
        question: Question,
    ) -> Option<(usize, Vec<Asked>)> {
        let is_answered =
            |in_flight: &InFlight| in_flight.correlation == correlation && in_flight.question == question;
        let asked_this = |fetcher: &Fetcher| {
            NodeId::from(fetcher.leader) == from && fetcher.in_flight.as_ref().is_some_and(is_answered)
        };
        let place = self.fetchers.iter().position(asked_this)?;
        let in_flight = self.fetchers[place].in_flight.take()?;
        Some((place, in_flight.asked))
    }

    /// One partition's answer. It counts only if the log still ends where it did when it was asked for; where a majority decides,
    /// and where fetches are fenced, also only within one epoch.
    ///
    /// Source: 2.1.0 `AbstractFetcherThread.processFetchRequest`, where a partition whose epoch is new is truncated first, and so takes
    /// no answer to an older fetch. From 2.8 on it is not, and up to 3.9.0 only the offset is compared; here the epoch is, as it
    /// was before.
    fn on_fetched(
        &mut self,
        now: Instant,
        place: usize,
        asked: &Asked,
        answer: &FetchedPartition,
        out: &mut Effects,
    ) -> Outcome {
        let partition = answer.partition;
        let flush_every = self.config.broker.log_flush_interval_messages;
        let (me, leader, protocol) = (self.me, self.fetchers[place].leader, self.config.protocol);
        let fetched = self.fetchers[place].find(partition);
        if fetched.is_none_or(|fetched| fetched.stage != Stage::Fetching)
            || self.minded_epoch(partition) != asked.epoch
        {
            return Outcome::Goes;
        }
        let by_majority = self.by_majority(partition);
        let Some(replica) = self.replica_mut(partition) else { return Outcome::Goes };
        if replica.log.end_offset() != asked.offset {
            return Outcome::Goes;
        }
        if let Some((epoch, leader_end)) = answer.diverging {
            if by_majority {
                replica.parted(epoch, leader_end, protocol.high_watermark_clamped, out);
            } else {
                self.parted(partition, epoch, leader_end, out);
            }
            return Outcome::Goes;
        }
        if answer.error != ErrorCode::None {
            return self.on_fetch_error(now, place, partition, answer.error, out);
        }
        if by_majority && answer.batches.is_empty() {
            replica.is_level();
        }
        if replica.fetched(&answer.batches, answer.high_watermark, flush_every, out).is_ok() {
            return Outcome::Goes;
        }
        out.event(Event::FetcherDied { partition, broker: me, leader, offset: asked.offset });
        self.fetchers[place].dead = protocol.misfit_kills_fetcher;
        Outcome::Failed
    }

    /// The leader refused. One that has moved on to another epoch is not asked again before the controller has told of it.
    /// Source: 2.1.0 `AbstractFetcherThread.processFetchRequest`, `onPartitionFenced`.
    fn on_fetch_error(
        &mut self,
        now: Instant,
        place: usize,
        partition: TopicPartition,
        error: ErrorCode,
        out: &mut Effects,
    ) -> Outcome {
        if error == ErrorCode::FencedLeaderEpoch {
            return Outcome::Failed;
        }
        let backed_off = now + Micros::from_millis(self.config.broker.replica_fetch_backoff_ms);
        let timeout = socket_timeout(&self.config);
        let leader = self.fetchers[place].leader;
        let question =
            (error == ErrorCode::OffsetOutOfRange).then(|| self.ask_for_end(partition, leader, out));
        if let Some(fetched) = self.fetchers[place].find(partition) {
            fetched.out_of_range = question;
            fetched.ready_at = if question.is_some() { now + timeout } else { backed_off };
        }
        Outcome::Goes
    }

    fn ask_for_end(
        &mut self,
        partition: TopicPartition,
        leader: BrokerId,
        out: &mut Effects,
    ) -> CorrelationId {
        let fetcher = Who::Replica(self.me);
        let current_epoch = self.told_epoch(partition);
        let position = ListOffset::Latest;
        self.ask(
            leader,
            Body::ListOffsetsRequest {
                fetcher,
                partition,
                position,
                current_epoch,
                isolation: crate::config::IsolationLevel::ReadUncommitted,
            },
            out,
        )
    }

    /// The leader says where its log ends, after it did not have what was asked for.
    pub(in crate::broker) fn on_list_offsets_reply(
        &mut self,
        now: Instant,
        correlation: CorrelationId,
        partition: TopicPartition,
        leader_end: Result<Offset, ErrorCode>,
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
        match leader_end {
            Ok(leader_end) => self.out_of_range(now, partition, leader_end, out),
            Err(ErrorCode::FencedLeaderEpoch) => self.stop_fetching(partition),
            Err(_) => fetched.ready_at = backed_off,
        }
    }

    fn out_of_range(
        &mut self,
        now: Instant,
        partition: TopicPartition,
        leader_end: Offset,
        out: &mut Effects,
    ) {
        let unclean = self.topic(partition).unclean_leader_election_enable;
        let (broker, protocol) = (self.me, self.config.protocol);
        let Some(replica) = self.replica_mut(partition) else { return };
        match replica.out_of_range(leader_end, unclean, &protocol) {
            OutOfRange::FetchOn => {}
            OutOfRange::TruncateTo(to) => {
                replica.truncate(to, TruncationReason::OutOfRange, protocol.high_watermark_clamped, out);
            }
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
