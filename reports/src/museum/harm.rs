//! In one word, what came of a scenario under one version.

use serde::Serialize;
use strum::{EnumIter, IntoStaticStr};

use super::Stated;
use crate::liveness::DIFFERS;
use crate::outcome::Outcome;
use crate::property::Property;
use crate::sweep::{PropertySweep, SweepReport};

/// The worst that broke of what was promised. Ascending by gravity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, EnumIter, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Harm {
    /// The version refuses the file: it has no idempotent producers, say.
    #[serde(rename = "-")]
    #[strum(serialize = "-")]
    Refused,
    /// Every promise was kept.
    Holds,
    /// No property broke, but what the file is there to show came.
    Seen,
    /// A group lagged too far, or a record went to the wrong partition.
    Late,
    /// The cluster or a group did not recover.
    Stuck,
    /// Records stand or are worked on in another order than they were sent.
    Order,
    /// A record is in the log twice.
    Dup,
    /// A member was given records again without need.
    Reread,
    /// Members or commits of a group that should not be.
    Group,
    /// An ISR, or a leader, that should not be.
    Isr,
    /// A high watermark that is not what it says, or data beyond it.
    Hw,
    /// A replica cut off what was committed.
    Cut,
    /// An answer to a producer that is not true.
    Ack,
    /// Part of a transaction is seen, or one that was not committed.
    Torn,
    /// A group passed over records.
    Skipped,
    /// Two replicas, or two readers, hold different records for committed at one place.
    Diverged,
    /// Committed or acknowledged records are gone.
    Lost,
    /// A machine of Highwater panicked.
    #[serde(rename = "panic")]
    #[strum(serialize = "panic")]
    Panicked,
}

impl Harm {
    /// `lost`.
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// What it means.
    pub fn says(self) -> &'static str {
        match self {
            Self::Refused => "this version refuses the file",
            Self::Holds => "every promise was kept",
            Self::Seen => "no promise broke, but what the bug does came to pass",
            Self::Late => "a group lagged too far, or a record went astray",
            Self::Stuck => "the cluster or a group did not recover",
            Self::Order => "records stand in another order than they were sent",
            Self::Dup => "a record is in the log twice",
            Self::Reread => "a member went back",
            Self::Group => "two owners, or a commit of another generation",
            Self::Isr => "an ISR or a leader that should not be",
            Self::Hw => "a high watermark that is not true",
            Self::Cut => "a replica cut off committed records",
            Self::Ack => "an answer to a producer that is not true",
            Self::Torn => "a transaction is seen in part, or before it was committed",
            Self::Skipped => "a group passed over records",
            Self::Diverged => "two committed records at one offset",
            Self::Lost => "committed or acknowledged records are gone",
            Self::Panicked => "a defect of Highwater itself",
        }
    }

    /// What it is to break this.
    pub fn of(property: Property) -> Self {
        match property {
            Property::AckedDurable
            | Property::LeaderCompleteness
            | Property::LostWrite
            | Property::CommittedDurable
            | Property::Unseen => Self::Lost,
            Property::LogMatching
            | Property::EpochOrder
            | Property::RepeatableRead
            | Property::InconsistentOffsets => Self::Diverged,
            Property::PrecommittedRead | Property::AtomicTransactions => Self::Torn,
            Property::PollSkip | Property::IntPollSkip | Property::Skipped => Self::Skipped,
            Property::AckHonesty | Property::MinIsrRespected | Property::AbortedRead => Self::Ack,
            Property::TruncationSparesCommitted | Property::TruncationToHighWatermark => Self::Cut,
            Property::HighWatermarkBound
            | Property::HighWatermarkMonotone
            | Property::VisibleBelowHighWatermark => Self::Hw,
            Property::WeakIsr
            | Property::StrongIsr
            | Property::MaximalIsr
            | Property::CandidateCompleteness
            | Property::LeaderInIsr
            | Property::OneLeaderPerEpoch
            | Property::IsrEvictionTimely
            | Property::IsrRejoin => Self::Isr,
            Property::GroupExclusivity | Property::CommitFencing => Self::Group,
            Property::NonmonotonicPoll | Property::IntNonmonotonicPoll | Property::Reprocessed => {
                Self::Reread
            }
            Property::IdempotentDedup | Property::Duplicate => Self::Dup,
            Property::ProducerOrder | Property::NonmonotonicSend | Property::KeyOrder => Self::Order,
            Property::Converged
            | Property::Elected
            | Property::Answered
            | Property::HighWatermarkReached
            | Property::GroupStable
            | Property::LastStableOffsetReached
            | Property::AllSeen => Self::Stuck,
            Property::Routing | Property::PartitionsNeverShrink | Property::LagBounded => Self::Late,
        }
    }

    /// The worst of a sweep: of what was promised, and of what the scenario is there to break, promised or not.
    pub fn worst(report: &SweepReport, stated: &Stated) -> Self {
        let broke = report.properties.iter().filter(|(property, sweep)| {
            sweep.violated > 0 || sweep.broken_seeds > 0 && stated.expect.is_to_break(**property)
        });
        let broke = broke.map(|(&property, sweep)| Self::of_sweep(property, sweep));
        let stalled = (report.seeds_with.stalled > 0).then_some(Self::Stuck);
        let panicked = report.outcomes.contains_key(&Outcome::Panicked).then_some(Self::Panicked);
        let seen = stated.shows.is_some_and(|shows| report.seen.get(&shows).is_some_and(|&times| times > 0));
        let all = broke.chain(stalled).chain(panicked).chain(seen.then_some(Self::Seen));
        all.max().unwrap_or(Self::Holds)
    }

    /// Replicas that are no longer equal once all is mended stay so for good.
    fn of_sweep(property: Property, sweep: &PropertySweep) -> Self {
        let differ = |text: &str| property == Property::Converged && text.contains(DIFFERS);
        let diverged = sweep
            .first_broken
            .as_ref()
            .is_some_and(|first| first.evidence.as_ref().is_some_and(|it| differ(&it.text)));
        if diverged { Self::Diverged } else { Self::of(property) }
    }

    /// Whether records are gone that were acknowledged to acks=all, or exposed: though nothing promised against it, if they are.
    pub fn is_lossy(report: &SweepReport) -> bool {
        let lost = [Property::AckedDurable, Property::CommittedDurable];
        lost.iter()
            .any(|property| report.properties.get(property).is_some_and(|sweep| sweep.broken_seeds > 0))
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn the_words_are_short_and_each_its_own() {
        let mut words: Vec<_> = Harm::iter().map(Harm::word).collect();
        assert!(words.iter().all(|word| word.len() <= 8), "{words:?}");
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Harm::iter().count());
    }

    #[test]
    fn no_property_is_broken_and_holds() {
        assert!(Property::iter().all(|property| Harm::of(property) > Harm::Holds));
    }

    #[test]
    fn what_is_lost_is_worse_than_what_diverged() {
        assert!(Harm::of(Property::AckedDurable) > Harm::of(Property::LogMatching));
        assert!(Harm::of(Property::StrongIsr) < Harm::of(Property::InconsistentOffsets));
    }
}
