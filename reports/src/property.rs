//! The names of everything that is judged: properties, liveness checks, and Jepsen's anomalies.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

/// Something that a run may keep or break. Sources and exact meanings stand at each judge.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    EnumIter,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Property {
    // ---- white box, after every step ----
    /// What a presumed leader calls committed is equal on every replica of the ISR that it believes in.
    WeakIsr,
    /// What a presumed leader calls committed is equal on every replica of the controller's ISR: whoever may be elected holds
    /// all that was exposed.
    StrongIsr,
    /// The controller's leader is none or in the controller's ISR; the ISR is never empty without eligible leader replicas, and those
    /// are outside of it and none while it is large enough.
    LeaderInIsr,
    /// The leader's ISR with members whose joining or leaving is not confirmed contains the controller's ISR.
    MaximalIsr,
    /// Leader epochs are unique and grow.
    OneLeaderPerEpoch,
    /// Two replicas agree below the smaller of their high watermarks.
    LogMatching,
    /// Whoever may be elected cleanly, in the ISR or eligible, holds all below the true HW, unless its disk lost its end.
    CandidateCompleteness,
    /// A new leader holds everything committed and everything acknowledged to acks=all.
    LeaderCompleteness,
    /// An acknowledged acks=all record is on the leader, and on some replica.
    AckedDurable,
    /// HW ≤ LEO on each replica; a leader's HW ≤ the smallest LEO in the ISR.
    HighWatermarkBound,
    /// A leader's HW never falls within its term.
    HighWatermarkMonotone,
    /// A restarted follower, and a new leader's follower, cut exactly at their own HW.
    TruncationToHighWatermark,
    /// No truncation removes a record below the true HW.
    TruncationSparesCommitted,
    /// A follower that has not caught up leaves the ISR within 1.5 times replica.lag.time.max.ms, and none sooner.
    IsrEvictionTimely,
    /// A replica enters the ISR only with LEO ≥ HW, and past the beginning of the leader's epoch where the era asks for it.
    IsrRejoin,
    /// No acks=all success with fewer than min.insync.replicas.
    MinIsrRespected,
    /// No consumer reads at or above the serving replica's HW.
    VisibleBelowHighWatermark,
    /// One (PID, epoch, partition, sequence) at most once in a leader's log.
    IdempotentDedup,
    /// Success means committed for acks=all, appended for acks=1.
    AckHonesty,
    /// Within a generation of a group, a partition has one owner.
    GroupExclusivity,
    /// An accepted commit is of the group's generation, and of a member.
    CommitFencing,
    /// A record goes where its sender says, where its key says, or where it is its turn.
    Routing,
    /// In a leader's log the records of one producer stand in the order in which they were sent.
    ProducerOrder,
    /// The true leader holds every record that was ever exposed, and some replica does.
    CommittedDurable,
    /// Epochs in a log never fall, and an offset has one record an epoch.
    EpochOrder,
    /// What was read at an offset never changes or vanishes.
    RepeatableRead,
    /// A topic never has fewer partitions than before.
    PartitionsNeverShrink,
    /// A group never stands further behind than its scenario says.
    LagBounded,

    // ---- at the end, after the heal ----
    /// All live replicas are back in the ISR, and their logs are equal.
    Converged,
    /// A partition with a live ISR member has a leader.
    Elected,
    /// Every produce was answered or expired.
    Answered,
    /// The high watermark reached the log's end.
    HighWatermarkReached,
    /// No transaction is open in a log for ever: the last stable offset reached the high watermark.
    LastStableOffsetReached,
    /// Each partition of a group has one owner that knows where it stands.
    GroupStable,
    /// Every group that reads from the start has read up to the high watermark.
    AllSeen,

    // ---- black box, in Jepsen's words ----
    /// One offset, two values.
    InconsistentOffsets,
    /// One value at two offsets.
    Duplicate,
    /// Acknowledged, below the highest offset that anyone read, and read by nobody.
    LostWrite,
    /// Acknowledged, and read by nobody at the end.
    Unseen,
    /// A send that surely failed, and that is read.
    AbortedRead,
    /// A member's next poll jumps over records.
    PollSkip,
    /// A member's next poll goes back.
    NonmonotonicPoll,
    /// One poll jumps over records, inside itself.
    IntPollSkip,
    /// One poll goes back, inside itself.
    IntNonmonotonicPoll,
    /// A producer's later send lands before an earlier one.
    NonmonotonicSend,
    /// Delivered to a group that had it already.
    Reprocessed,
    /// Below a group's committed offset, and finished by no member.
    Skipped,
    /// A reader with `read_committed` is given a record whose transaction nobody has decided to commit.
    PrecommittedRead,
    /// Readers with `read_committed` are given all of a transaction or nothing.
    AtomicTransactions,
    /// A group finishes the records of one key and one producer in the order in which they were sent.
    KeyOrder,
}

/// Which judge speaks, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judge {
    /// Sees true state, after every step.
    WhiteBox,
    /// Sees true state, once the faults are over.
    Liveness,
    /// Sees only what clients sent, were told and read.
    BlackBox,
}

impl Property {
    /// `strong-isr`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether it is judged once, when the run is over.
    pub fn judged_at_the_end(self) -> bool {
        self.judge() == Judge::Liveness
            || matches!(self, Self::LostWrite | Self::Unseen | Self::Skipped | Self::AtomicTransactions)
    }

    /// Which judge decides it.
    pub fn judge(self) -> Judge {
        if self >= Self::InconsistentOffsets {
            Judge::BlackBox
        } else if self >= Self::Converged {
            Judge::Liveness
        } else {
            Judge::WhiteBox
        }
    }
}
