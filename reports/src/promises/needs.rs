//! What each property needs to be promised.

use crate::property::Property;

/// What a property needs to be promised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// No unclean election on the topic, unless `unclean.leader.election.enable=false` forbade it.
    pub clean_election: bool,
    /// No power failure over logs that were not flushed.
    pub lasting_disks: bool,
    /// Few such power failures do no harm, where KIP-966 is in force.
    pub bears_few: bool,
    /// The same for `__consumer_offsets`.
    pub clean_groups: bool,
    /// A producer with `acks=-1`, on a topic where that means more than the leader.
    pub acks_all: bool,
    /// A producer with `enable.idempotence=true`.
    pub idempotence: bool,
    /// A producer that is idempotent or has one request in flight at a time.
    pub ordered_sends: bool,
    /// A producer that was not restarted.
    pub one_session: bool,
    /// A producer whose keys stay on their partitions, on a topic that does not grow.
    pub fixed_keys: bool,
    /// A group that commits what it has worked on, and not before.
    pub commit_after: bool,
    /// A group with `auto.offset.reset=earliest`.
    pub from_start: bool,
    /// What nothing here gives.
    pub exactly_once: bool,
}

impl Needs {
    const NOTHING: Self = Self {
        clean_election: false,
        lasting_disks: false,
        bears_few: false,
        clean_groups: false,
        acks_all: false,
        idempotence: false,
        ordered_sends: false,
        one_session: false,
        fixed_keys: false,
        commit_after: false,
        from_start: false,
        exactly_once: false,
    };
    const LASTING_DISKS: Self = Self { lasting_disks: true, ..Self::NOTHING };
    const LASTING_LOGS: Self = Self { clean_election: true, ..Self::LASTING_DISKS };
    const LASTING_ACKS: Self = Self { acks_all: true, bears_few: true, ..Self::LASTING_LOGS };
    const LASTING_GROUPS: Self = Self { clean_groups: true, ..Self::LASTING_DISKS };
    const IDEMPOTENCE: Self = Self { idempotence: true, one_session: true, ..Self::LASTING_LOGS };
    const ORDER: Self = Self { ordered_sends: true, one_session: true, ..Self::LASTING_LOGS };
    /// Acknowledgements tell which life of the producer they answer, so a restart takes nothing away.
    const ACKNOWLEDGED_ORDER: Self = Self { acks_all: true, one_session: false, ..Self::ORDER };
    const KEY_ORDER: Self = Self { fixed_keys: true, commit_after: true, ..Self::ORDER };
    const AT_LEAST_ONCE: Self = Self { commit_after: true, from_start: true, ..Self::LASTING_LOGS };
    const NEVER: Self = Self { exactly_once: true, ..Self::NOTHING };

    /// What `property` needs.
    pub fn of(property: Property) -> Self {
        match property {
            Property::WeakIsr
            | Property::StrongIsr
            | Property::LogMatching
            | Property::CandidateCompleteness
            | Property::LeaderCompleteness
            | Property::TruncationSparesCommitted
            | Property::CommittedDurable
            | Property::RepeatableRead
            | Property::InconsistentOffsets
            | Property::PrecommittedRead
            | Property::AtomicTransactions => Self::LASTING_LOGS,
            Property::AckedDurable | Property::LostWrite | Property::Unseen => Self::LASTING_ACKS,
            Property::Duplicate => Self::IDEMPOTENCE,
            Property::ProducerOrder => Self::ORDER,
            Property::NonmonotonicSend => Self::ACKNOWLEDGED_ORDER,
            Property::KeyOrder => Self::KEY_ORDER,
            Property::Skipped => Self::AT_LEAST_ONCE,
            Property::Reprocessed => Self::NEVER,
            // A generation that the coordinator's log has lost is given out again.
            Property::GroupExclusivity => Self::LASTING_GROUPS,
            // An in-sync follower whose disk lost its end is below its leader's HW, whatever anyone does.
            // A leader whose disk lost its end, and that goes on in its epoch, writes there once more.
            Property::HighWatermarkBound | Property::EpochOrder => Self::LASTING_DISKS,
            Property::LeaderInIsr
            | Property::MaximalIsr
            | Property::OneLeaderPerEpoch
            | Property::HighWatermarkMonotone
            | Property::TruncationToHighWatermark
            | Property::IsrEvictionTimely
            | Property::IsrRejoin
            | Property::MinIsrRespected
            | Property::VisibleBelowHighWatermark
            | Property::IdempotentDedup
            | Property::AckHonesty
            | Property::CommitFencing
            | Property::Routing
            | Property::PartitionsNeverShrink
            | Property::LagBounded
            | Property::Converged
            | Property::Elected
            | Property::Answered
            | Property::HighWatermarkReached
            | Property::LastStableOffsetReached
            | Property::GroupStable
            | Property::AllSeen
            | Property::AbortedRead
            | Property::PollSkip
            | Property::NonmonotonicPoll
            | Property::IntPollSkip
            | Property::IntNonmonotonicPoll => Self::NOTHING,
        }
    }

    /// Whether it is asked of single producers.
    pub(super) fn asks_clients(&self) -> bool {
        self.acks_all || self.idempotence || self.ordered_sends || self.one_session || self.fixed_keys
    }

    /// Whether it is asked of single groups.
    pub(super) fn asks_groups(&self) -> bool {
        self.commit_after || self.from_start
    }

    /// Whether a coordinator that writes to `__consumer_offsets` does what is asked of producers: it waits for all
    /// replicas, and writes in order. It is no idempotent producer and has no keys.
    pub(super) fn coordinators_do(&self) -> bool {
        !self.idempotence && !self.fixed_keys
    }

    /// In words: `acks=-1, clean election, no unflushed log lost with the power`.
    pub fn words(self) -> String {
        let words = [
            (self.acks_all, "acks=-1"),
            (self.idempotence, "enable.idempotence=true"),
            (self.ordered_sends, "enable.idempotence=true or max.in.flight.requests.per.connection=1"),
            (self.one_session, "a producer that is not restarted"),
            (self.fixed_keys, "keys over all partitions of a topic that does not grow"),
            (self.commit_after, "commits of what is worked on already"),
            (self.from_start, "auto.offset.reset=earliest"),
            (self.clean_election, "no unclean election"),
            (self.clean_groups, "no unclean election for __consumer_offsets"),
            (self.lasting_disks, "no power failure over unflushed logs"),
            (self.exactly_once, "exactly-once processing, which no setting here gives"),
        ];
        words.iter().filter(|(needed, _)| *needed).map(|(_, word)| *word).collect::<Vec<_>>().join(", ")
    }
}
