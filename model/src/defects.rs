//! Defects made on purpose, so that the judges can be judged: a property that no defect breaks proves nothing.
//!
//! The code of a machine asks [`Defect::is_on`] where the defect would sit. Without the feature `defects`, which only the
//! workspace's tests turn on, the answer is a constant `false` and nothing of it is compiled in. With the feature a defect is on
//! for the thread that plays a run inside `Defect::during`, and off everywhere else.

use strum::{EnumIter, IntoStaticStr};

/// Something that a machine does wrong. One at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Defect {
    // ---- replicas ----
    /// A leader takes one offset more for committed than its ISR holds.
    CommitsOneTooFar,
    /// A leader takes its own log's end for committed, whoever has it.
    CommitsAtOwnEnd,
    /// A leader never takes the last record that its ISR holds for committed.
    CommitsOneTooFew,
    /// A leader passes over followers that have not told it yet where their logs end.
    CommitsWithoutTheUnknown,
    /// A leader counts what it sends a follower as written there.
    CountsWhatItSends,
    /// A leader lets its high watermark fall where a follower is found to have less.
    HighWatermarkFalls,
    /// A follower takes over its leader's high watermark, however short its own log is.
    TakesLeadersHighWatermark,
    /// A leader answers acks=-1 as it has appended.
    AcknowledgesWhenAppended,
    /// A leader answers acks=1 and has not appended.
    AcknowledgesUnwritten,
    /// A leader forgets produces that it has parked.
    ForgetsParkedProduces,
    /// A leader does not ask for `min.insync.replicas`.
    AsksForNoMinIsr,
    /// A leader shows consumers what is not committed yet.
    ServesUncommitted,
    /// A leader drops followers that are behind from the ISR, and does not look at the clock.
    EvictsWithoutClock,
    /// A leader drops nobody from the ISR.
    NeverEvicts,
    /// A leader takes a follower into the ISR at its first fetch, however far its log reaches.
    JoinsAtFirstFetch,
    /// A leader takes nobody into the ISR again.
    NeverExpands,
    /// A leader reckons with the ISR that it knows of, and not with a member whose joining is under way.
    MaximalIsrForgetsPending,
    /// A leader stamps what it writes with the epoch before its own.
    StampsEpochBefore,
    /// A leader does not look whether a follower's log parts from its own.
    NeverFindsDivergence,
    /// A follower is to cut its log and does not.
    NeverTruncates,
    /// A follower cuts one offset below its own high watermark, where that is where it cuts.
    TruncatesBelowHighWatermark,
    /// A follower cuts one offset below where its log parts from its leader's.
    TruncatesBelowDivergence,
    /// The controller elects the first replica that lives, in the ISR or not.
    ElectsFirstReplica,
    /// The controller elects nobody once a leader has died.
    ElectsNobody,
    /// The controller elects another leader in the same epoch.
    KeepsEpochAtElection,
    /// The controller forgets whom it elects in the ISR.
    IsrForgetsLeader,
    /// The controller takes the number of partitions that are new for the number that a topic has.
    CountsNewPartitionsOnly,
    // ---- producers, groups, transactions ----
    /// A leader does not look whether it has a producer's batch already.
    SkipsDeduplication,
    /// A follower learns nothing of producers from what it appends.
    FollowersForgetProducers,
    /// A leader tells a producer an offset that is one too large.
    AnswersOneOffsetOn,
    /// A leader looks whether its ISR is large enough when it has appended already.
    LooksAtIsrTooLate,
    /// A producer stamps what it sends again as if it were new.
    RenumbersRetries,
    /// A producer puts what it has to send again behind all that waits.
    RetriesLast,
    /// A producer drops what it has to send again, and says nothing.
    DropsRetries,
    /// A producer takes for written what the leader surely did not write.
    TakesRefusalsForSuccess,
    /// A producer takes for written what it has heard nothing of.
    TakesSilenceForSuccess,
    /// A producer says of all that it gives up that it was surely not written.
    CallsFailuresDefinite,
    /// A producer places keys by another hash.
    HashesOtherwise,
    /// A producer passes over every other turn of its round.
    MissesTurns,
    /// A producer sends to the partition behind the one that its application names.
    OverridesNamedPartitions,
    /// A group's leader gives the first partition to everybody.
    SharesOneTwice,
    /// A coordinator does not look whose commit it is, nor of which generation.
    AcceptsAnyCommit,
    /// A member reads on in partitions that are not in its share any more.
    KeepsWhatItLost,
    /// A coordinator does not notice that all members have come to a rebalance.
    WaitsForEver,
    /// A coordinator tells its share to nobody but the group's leader.
    TellsOnlyTheLeader,
    /// A coordinator that takes a group over does not read its offsets.
    ForgetsOffsets,
    /// A member commits one offset too far.
    CommitsOnePast,
    /// A member commits for each of its partitions how far it is in the next.
    CommitsToNeighbours,
    /// An application commits what a poll returned before it has worked on it, though it is to do so afterwards.
    CommitsBeforeWork,
    /// A member begins at the end where it is to begin at the start.
    BeginsAtTheEnd,
    /// A member asks a broker for one partition only, always the first.
    FetchesOnePartition,
    /// A member forgets, of what it asks for next, the first record.
    SkipsBetweenPolls,
    /// A member asks once more for the last batch of those that it was sent.
    GoesBackABatch,
    /// A poll leaves out a batch between two others.
    SkipsInsideAPoll,
    /// A poll returns the last two batches in the wrong order.
    SwapsInsideAPoll,
    /// An application works on what a poll returned from its end to its beginning.
    WorksBackwards,
    /// An application needs ten times as long as its service rate says.
    WorksSlowly,
    /// A coordinator has a transaction's end written to its first partition only.
    MarksOnePartition,
    /// A coordinator has a transaction's end written nowhere.
    MarksNoPartition,
    /// A coordinator has a commit written to even partitions and an abort to the odd ones.
    MarksUnevenly,
    /// A coordinator has every transaction marked as committed.
    MarksAbortsAsCommits,
    /// A leader takes everything below the high watermark for stable.
    StableUpToHighWatermark,
    /// A leader does not say which of the transactions that it sends were aborted.
    NamesNoAborted,
    /// A coordinator answers a commit before its decision is replicated.
    AnswersBeforeDecision,
    /// A coordinator takes offsets of a transaction for committed before the transaction is.
    CommitsOffsetsAtOnce,
}

impl Defect {
    /// `commits_one_too_far`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether this thread's run has it.
    #[cfg(not(feature = "defects"))]
    #[inline]
    pub const fn is_on(self) -> bool {
        false
    }

    /// Whether this thread's run has it.
    #[cfg(feature = "defects")]
    pub fn is_on(self) -> bool {
        on::PRESENT.get() == Some(self)
    }

    /// Does `work` with this defect, on this thread.
    #[cfg(feature = "defects")]
    pub fn during<R>(self, work: impl FnOnce() -> R) -> R {
        let _removed_at_the_end = on::Present::put(self);
        work()
    }
}

#[cfg(feature = "defects")]
mod on {
    use std::cell::Cell;

    use super::Defect;

    thread_local! {
        pub(super) static PRESENT: Cell<Option<Defect>> = const { Cell::new(None) };
    }

    /// While it lives, this thread has a defect. A panic takes it away, too.
    pub(super) struct Present(Option<Defect>);

    impl Present {
        pub(super) fn put(defect: Defect) -> Self {
            Self(PRESENT.replace(Some(defect)))
        }
    }

    impl Drop for Present {
        fn drop(&mut self) {
            PRESENT.set(self.0);
        }
    }
}

#[cfg(all(test, feature = "defects"))]
mod tests {
    use super::*;

    #[test]
    fn a_defect_is_there_while_the_work_lasts() {
        assert!(!Defect::CommitsOneTooFar.is_on());
        Defect::CommitsOneTooFar.during(|| {
            assert!(Defect::CommitsOneTooFar.is_on() && !Defect::SkipsDeduplication.is_on());
        });
        assert!(!Defect::CommitsOneTooFar.is_on());
    }
}
