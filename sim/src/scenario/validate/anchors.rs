//! What an event of each kind tells: only that can be filtered by, and only those can be struck.

use highwater_model::event::EventKind;

/// Which of its accessors answer for events of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tells {
    /// `Event::partition`.
    pub(super) partition: bool,
    /// `Event::broker`.
    pub(super) broker: bool,
    /// `Event::client`.
    pub(super) client: bool,
    /// `Event::group`.
    pub(super) group: bool,
}

const NOTHING: Tells = Tells { partition: false, broker: false, client: false, group: false };
const PARTITION: Tells = Tells { partition: true, ..NOTHING };
const BROKER: Tells = Tells { broker: true, ..NOTHING };
const CLIENT: Tells = Tells { client: true, ..NOTHING };
const PARTITION_AND_BROKER: Tells = Tells { partition: true, ..BROKER };
const PARTITION_AND_CLIENT: Tells = Tells { partition: true, ..CLIENT };
const PARTITION_BROKER_AND_CLIENT: Tells = Tells { broker: true, ..PARTITION_AND_CLIENT };
const BROKER_AND_CLIENT: Tells = Tells { broker: true, ..CLIENT };
const OF_MEMBER: Tells = Tells { group: true, ..CLIENT };
const OF_MEMBER_AND_PARTITION: Tells = Tells { group: true, ..PARTITION_AND_CLIENT };
const OF_COORDINATOR: Tells = Tells { group: true, ..BROKER };
const OF_COORDINATOR_AND_MEMBER: Tells = Tells { client: true, ..OF_COORDINATOR };
const ALL: Tells = Tells { group: true, ..PARTITION_BROKER_AND_CLIENT };

/// What events of this kind tell.
pub(super) fn tells(kind: EventKind) -> Tells {
    match kind {
        EventKind::ProduceSent
        | EventKind::ProduceRetried
        | EventKind::RecordsAppended
        | EventKind::DuplicateDiscarded
        | EventKind::ProduceRefused
        | EventKind::Replicated
        | EventKind::ProduceAcknowledged
        | EventKind::ProduceFailed
        | EventKind::RecordsServed => PARTITION_BROKER_AND_CLIENT,
        EventKind::OffsetCommitted => ALL,
        EventKind::RecordsPolled
        | EventKind::RecordsProcessed
        | EventKind::PositionValidated
        | EventKind::TruncationDetected
        | EventKind::PositionReset => OF_MEMBER_AND_PARTITION,
        EventKind::PartitionsAssigned
        | EventKind::PartitionsRevoked
        | EventKind::PartitionsKept
        | EventKind::MemberFenced
        | EventKind::PollExpired => OF_MEMBER,
        EventKind::MemberJoined
        | EventKind::MemberLeft
        | EventKind::MemberExpired
        | EventKind::CommitAccepted
        | EventKind::CommitRefused => OF_COORDINATOR_AND_MEMBER,
        EventKind::RebalanceStarted | EventKind::GenerationStarted | EventKind::GroupStabilized => {
            OF_COORDINATOR
        }
        EventKind::ProducerEpochBumped
        | EventKind::TransactionBegun
        | EventKind::TransactionEnded
        | EventKind::TransactionFailed
        | EventKind::ProducerFenced => CLIENT,
        EventKind::ProducerInitialized | EventKind::TransactionRefused => BROKER_AND_CLIENT,
        EventKind::RecordSent | EventKind::SendAcknowledged | EventKind::SendFailed => PARTITION_AND_CLIENT,
        EventKind::FollowerFetched
        | EventKind::RecordsFetched
        | EventKind::HighWatermarkAdvanced
        | EventKind::HighWatermarkLearned
        | EventKind::BecameLeader
        | EventKind::BecameFollower
        | EventKind::LogTruncated
        | EventKind::FetchOutOfRange
        | EventKind::FetcherDied
        | EventKind::IsrShrinkProposed
        | EventKind::IsrExpandProposed
        | EventKind::IsrUpdateRefused
        | EventKind::MarkerAppended
        | EventKind::LastStableOffsetAdvanced
        | EventKind::EpochEndTold
        | EventKind::DivergenceTold
        | EventKind::FetchFenced
        | EventKind::IsrUpdated
        | EventKind::LeaderRecovered
        | EventKind::LogFlushed
        | EventKind::BrokerHalted
        | EventKind::CoordinatorLoaded
        | EventKind::VoteGiven
        | EventKind::LeaderElected => PARTITION_AND_BROKER,
        EventKind::PartitionOffline
        | EventKind::IsrShrunk
        | EventKind::ElrChanged
        | EventKind::IsrExpanded
        | EventKind::PartitionsCreated
        | EventKind::PartitionsRefused => PARTITION,
        EventKind::BrokerStarted
        | EventKind::HighWatermarksCheckpointed
        | EventKind::ControlledShutdownStarted
        | EventKind::ControlledShutdownCompleted
        | EventKind::BrokerRegistered
        | EventKind::BrokerFenced
        | EventKind::TransactionMoved
        | EventKind::TransactionTimedOut
        | EventKind::BrokerUnfenced
        | EventKind::UncleanShutdownDetected
        | EventKind::BounceOverlooked
        | EventKind::FollowerLagged
        | EventKind::FollowerLagEnded => BROKER,
        EventKind::FaultStruck
        | EventKind::FaultMissed
        | EventKind::NodeStopped
        | EventKind::NodeRestarted
        | EventKind::NodePaused
        | EventKind::NodeResumed
        | EventKind::LinkCut
        | EventKind::LinkHealed
        | EventKind::LinkDegraded
        | EventKind::MessageDropped
        | EventKind::HealStarted
        | EventKind::Converged => NOTHING,
    }
}

/// Whether events of this kind come only once the faults are over.
pub(super) fn is_after_the_faults(kind: EventKind) -> bool {
    matches!(kind, EventKind::HealStarted | EventKind::Converged)
}
