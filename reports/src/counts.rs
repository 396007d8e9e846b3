//! The numbers of a run, and their sums over a sweep.

use highwater_model::config::ClusterConfig;
use highwater_model::event::{Event, EventKind, TruncationReason};
use highwater_model::ids::{Offset, RecordId};
use highwater_model::view::{ClusterView, PartitionView, ReplicaView};
use serde::{Deserialize, Serialize};

use crate::coverage::Coverage;
use crate::history::{Fate, History};

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// The numbers of a run, or their sums over many.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Counts { $($(#[$doc])* pub $name: u64),+ }

        impl Counts {
            /// Adds those of another run.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)+
            }
        }
    };
}

counts! {
    /// Records handed to producers.
    sent,
    /// Records whose leader answered with success: acks=1 and -1.
    acknowledged,
    /// Records that a producer with acks=0 called done without an answer.
    unconfirmed,
    /// Records that a producer gave up. They may be in a log all the same.
    failed,
    /// Records of applications below the high watermark of their partition's true leader at the end. Transactions' markers are
    /// not among them.
    committed,
    /// Records that polls returned, each as often as it was returned.
    delivered,
    /// Extra copies: places beyond the first at which a value was acknowledged, polled, or stands in the log of the
    /// true leader at the end.
    duplicated,
    /// Acknowledged records that the true leader's log does not hold at the end.
    lost,
    /// The same for records sent with acks=0, which nobody promised to keep.
    lost_unconfirmed,
    /// Leaders elected from the ISR.
    elections_clean,
    /// Leaders elected from outside it.
    elections_unclean,
    /// ISR changes that removed members.
    isr_shrinks,
    /// ISR changes that added members.
    isr_expands,
    /// Logs that replicas cut.
    truncations,
    /// Records that these cuts removed.
    records_truncated,
    /// Records that logs lost with the power.
    records_lost_to_power,
    /// Produces sent again.
    produce_retries,
    /// Produces that a leader knew already and did not write again.
    duplicates_discarded,
    /// Produces that a leader refused before it wrote anything.
    produce_refusals,
    /// Transactions that applications began.
    transactions_begun,
    /// Those that they were told are committed.
    transactions_committed,
    /// Those that they were told are aborted, as they had asked.
    transactions_aborted,
    /// Those that they were told failed.
    transactions_failed,
    /// How often a producer learned that a newer session of its transactional id has taken its place.
    producers_fenced,
}

/// Counts while a run goes on what the kinds of events alone do not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counter {
    elections_unclean: u64,
    truncations: u64,
    records_truncated: u64,
    records_lost_to_power: u64,
    transactions_committed: u64,
}

impl Counter {
    /// Hears one event.
    #[inline]
    pub(crate) fn hear(&mut self, event: &Event) {
        if let Event::LeaderElected { unclean, .. } = event {
            self.elections_unclean += u64::from(*unclean);
        } else if let Event::TransactionEnded { commit, .. } = event {
            self.transactions_committed += u64::from(*commit);
        } else if let Event::LogTruncated { from, to, reason, .. } = event {
            let records = from.0.saturating_sub(to.0);
            match reason {
                TruncationReason::PowerLoss => self.records_lost_to_power += records,
                TruncationReason::BecameFollower
                | TruncationReason::EpochEnd
                | TruncationReason::UnknownEpoch
                | TruncationReason::OutOfRange
                | TruncationReason::Diverged => {
                    self.truncations += u64::from(records > 0);
                    self.records_truncated += records;
                }
            }
        }
    }

    /// All numbers, once the run is over.
    pub(crate) fn counts(
        self,
        coverage: &Coverage,
        history: &History,
        view: &ClusterView,
        config: &ClusterConfig,
    ) -> Counts {
        let told = history.told();
        let kept = Kept::new(history, view, config);
        Counts {
            sent: told.sent,
            acknowledged: told.acknowledged,
            unconfirmed: told.unconfirmed,
            failed: told.failed,
            committed: of_applications(view, config).map(committed).sum(),
            delivered: told.delivered,
            duplicated: history.copies().len() as u64 + kept.copies,
            lost: kept.lost(history, view, Fate::Acknowledged),
            lost_unconfirmed: kept.lost(history, view, Fate::Unconfirmed),
            elections_clean: coverage.times(EventKind::LeaderElected) - self.elections_unclean,
            elections_unclean: self.elections_unclean,
            isr_shrinks: coverage.times(EventKind::IsrShrunk),
            isr_expands: coverage.times(EventKind::IsrExpanded),
            truncations: self.truncations,
            records_truncated: self.records_truncated,
            records_lost_to_power: self.records_lost_to_power,
            produce_retries: coverage.times(EventKind::ProduceRetried),
            duplicates_discarded: coverage.times(EventKind::DuplicateDiscarded),
            produce_refusals: coverage.times(EventKind::ProduceRefused),
            transactions_begun: coverage.times(EventKind::TransactionBegun),
            transactions_committed: self.transactions_committed,
            transactions_aborted: coverage.times(EventKind::TransactionEnded) - self.transactions_committed,
            transactions_failed: coverage.times(EventKind::TransactionFailed),
            producers_fenced: coverage.times(EventKind::ProducerFenced),
        }
    }
}

/// The partitions of topics to which applications write.
fn of_applications<'a>(
    view: &'a ClusterView,
    config: &'a ClusterConfig,
) -> impl Iterator<Item = &'a PartitionView> {
    view.partitions.iter().filter(|partition| !config.is_internal(partition.id().topic))
}

fn committed(partition: &PartitionView) -> u64 {
    partition.true_leader().map_or(0, |leader| {
        let below = leader.log.iter().filter(|batch| batch.base_offset < leader.high_watermark);
        let markers = below.filter(|batch| batch.marker().is_some()).count() as u64;
        leader.high_watermark.0.saturating_sub(leader.log_start.0) - markers
    })
}

/// Which values the true leaders' logs hold at the end. By client and number, as the history's ledger.
struct Kept {
    values: Vec<Vec<bool>>,
    /// Copies that only logs hold: no client was told of them.
    copies: u64,
}

impl Kept {
    fn new(history: &History, view: &ClusterView, config: &ClusterConfig) -> Self {
        let mut kept = Self { values: Vec::new(), copies: 0 };
        for (value, _) in history.records().iter() {
            let client = usize::from(value.client().0);
            kept.values.resize(kept.values.len().max(client + 1), Vec::new());
            kept.values[client].resize(value.number() as usize + 1, false);
        }
        for partition in of_applications(view, config) {
            if let Some(leader) = partition.true_leader() {
                kept.take(history, partition, leader);
            }
        }
        kept
    }

    fn take(&mut self, history: &History, partition: &PartitionView, leader: &ReplicaView) {
        for batch in &leader.log {
            for (place, record) in (0..).zip(batch.records.iter()) {
                self.take_record(history, partition, batch.base_offset.plus(place), record.value);
            }
        }
    }

    fn take_record(&mut self, history: &History, partition: &PartitionView, offset: Offset, value: RecordId) {
        let records = self.values.get_mut(usize::from(value.client().0));
        let Some(held) = records.and_then(|records| records.get_mut(value.number() as usize)) else { return };
        let again = std::mem::replace(held, true);
        let told = history.records().get(value).and_then(|entry| entry.first);
        let here = (partition.id(), offset);
        let known = told == Some(here) || history.copies().contains(&(value, here.0, here.1));
        let first = told.is_none() && !again;
        self.copies += u64::from(!known && !first);
    }

    fn holds(&self, value: RecordId) -> bool {
        let records = self.values.get(usize::from(value.client().0));
        records.and_then(|records| records.get(value.number() as usize)).is_some_and(|held| *held)
    }

    /// Of the records of this fate, those that the logs lack. Where nobody leads at the end, nobody knows.
    fn lost(&self, history: &History, view: &ClusterView, fate: Fate) -> u64 {
        let led = |partition| view.partition(partition).is_some_and(|view| view.true_leader().is_some());
        let lost = history
            .records()
            .iter()
            .filter(|(value, entry)| entry.fate == fate && !self.holds(*value) && led(entry.partition));
        lost.count() as u64
    }
}

#[cfg(test)]
#[path = "counts_test.rs"]
mod counts_test;
