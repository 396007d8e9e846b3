//! The application around a member: it polls, works on what it got, and may commit before or after.

use crate::config::CommitPoint;
use crate::defects::Defect;
use crate::event::Event;
use crate::group::member::commits::Purpose;
use crate::group::member::{Member, Position};
use crate::ids::{Offset, TopicPartition};
use crate::machine::Effects;
use crate::time::{Instant, Micros};

/// What the application's thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Application {
    /// It is in `poll`.
    Polling,
    /// It is in `commitSync`.
    Committing,
    /// It is at work.
    Working { until: Instant },
    /// It waits for the end of a transaction of its own producer.
    InTransaction,
}

impl Application {
    pub(super) fn is_polling(self) -> bool {
        self == Self::Polling
    }
}

/// What a poll returned of a partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::group) struct Work {
    pub(in crate::group) partition: TopicPartition,
    pub(in crate::group) from: Offset,
    pub(in crate::group) to: Offset,
    pub(in crate::group) bytes: u64,
}

impl Member {
    /// Lets the application's thread go as far as it can.
    pub(in crate::group) fn run_application(&mut self, now: Instant, out: &mut Effects) {
        while !self.stopped {
            let goes_on = match self.application {
                Application::Polling => self.poll(now, out),
                Application::Committing => self.go_on_with_sync_commit(now, out),
                Application::Working { until } if until <= now => {
                    self.work_done(now, out);
                    true
                }
                Application::Working { until } => {
                    self.net.wake.by(until);
                    false
                }
                Application::InTransaction => false,
            };
            if !goes_on {
                return;
            }
        }
    }

    /// One round of `poll`. True if it returned records. Before it does it sends off the next fetches.
    /// Source: 0.11.0.2 `KafkaConsumer.poll`, `pollOnce`; in 0.9.0.0 auto commit may run in between, with positions beyond what is
    /// about to be returned (KAFKA-2942).
    fn poll(&mut self, now: Instant, out: &mut Effects) -> bool {
        self.coordinate(now, out);
        if self.stopped || !self.may_read() {
            return false;
        }
        if !self.commits_fetched {
            self.auto_commit(now, out);
        }
        if self.validates {
            self.validate_positions(now, out);
        }
        let returned = self.return_buffered(now, out);
        if self.commits_fetched {
            self.auto_commit(now, out);
        }
        self.ask_for_committed_offsets(now, out);
        self.ask_for_resets(now, out);
        for broker in self.net.brokers() {
            self.fetch_from(broker, now, out);
        }
        if returned {
            self.poll_returned(now, out);
        }
        returned
    }

    fn poll_returned(&mut self, now: Instant, out: &mut Effects) {
        self.polled_at = now;
        let generation = self.membership.generation;
        self.polled_as = self.membership.member.map(|member| (member, generation));
        self.net.wake.by(self.poll_expires_at());
        let too_early = Defect::CommitsBeforeWork.is_on();
        match self.commit_point {
            CommitPoint::AfterProcessing | CommitPoint::Never if !too_early => self.start_work(now),
            CommitPoint::AfterProcessing | CommitPoint::Never | CommitPoint::BeforeProcessing => {
                self.application = Application::Committing;
                self.begin_sync_commit(Purpose::BeforeWork, now, out);
            }
        }
    }

    /// It works on one record after another, or on its partitions side by side.
    fn start_work(&mut self, now: Instant) {
        let time_for = |work: &Work| {
            let rate = self.service_rate?;
            Some(rate.time_for(work.to.0 - work.from.0, work.bytes))
        };
        let times = self.work.iter().filter_map(time_for);
        let together = if self.side_by_side {
            times.fold(Micros::ZERO, Ord::max)
        } else {
            times.fold(Micros::ZERO, |sum, time| sum + time)
        };
        let together = if Defect::WorksSlowly.is_on() { Micros(together.0 * 10) } else { together };
        self.application = Application::Working { until: now + together };
    }

    fn work_done(&mut self, now: Instant, out: &mut Effects) {
        let (client, group) = (self.node, self.group);
        let takes_time = self.service_rate.is_some();
        self.unseen = true;
        for &Work { partition, from, to, .. } in self.work.iter().filter(|_| takes_time) {
            if Defect::WorksBackwards.is_on() {
                for offset in (from.0..to.0).rev().map(Offset) {
                    let (from, to) = (offset, offset.plus(1));
                    out.event(Event::RecordsProcessed { client, group, partition, from, to });
                }
                continue;
            }
            out.event(Event::RecordsProcessed { client, group, partition, from, to });
        }
        if self.hands_over.is_some() {
            self.application = Application::InTransaction;
            return;
        }
        self.work.clear();
        if self.commit_point == CommitPoint::AfterProcessing {
            self.application = Application::Committing;
            self.begin_sync_commit(Purpose::AfterWork, now, out);
        } else {
            self.back_to_poll();
        }
    }

    /// An application that commits first wants every record worked on at most once. If the commit was refused, another
    /// member will get the records: it drops them.
    pub(super) fn committed_before_work(&mut self, success: bool, now: Instant) {
        if success {
            self.start_work(now);
        } else {
            self.work.clear();
            self.unseen = true;
            self.back_to_poll();
        }
    }

    pub(super) fn back_to_poll(&mut self) {
        self.application = Application::Polling;
    }

    /// The application gives up what it is at work on, as if the poll had not returned it.
    pub(super) fn take_back_work(&mut self) {
        self.unseen = true;
        for Work { partition, from, .. } in std::mem::take(&mut self.work) {
            let Some(place) = self.place(partition) else { continue };
            if matches!(self.owned[place].position, Position::At(_)) {
                self.owned[place].position = Position::At(from);
            }
        }
    }
}
