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
}

const ALL: Tells = Tells { partition: true, broker: true, client: true };
const PARTITION: Tells = Tells { partition: true, broker: false, client: false };
const PARTITION_AND_BROKER: Tells = Tells { partition: true, broker: true, client: false };
const PARTITION_AND_CLIENT: Tells = Tells { partition: true, broker: false, client: true };
const BROKER: Tells = Tells { partition: false, broker: true, client: false };
const NOTHING: Tells = Tells { partition: false, broker: false, client: false };

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
        | EventKind::RecordsServed
        | EventKind::OffsetCommitted => ALL,
        EventKind::RecordSent
        | EventKind::SendAcknowledged
        | EventKind::SendFailed
        | EventKind::RecordsPolled
        | EventKind::PositionReset => PARTITION_AND_CLIENT,
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
        | EventKind::LogFlushed
        | EventKind::BrokerHalted
        | EventKind::LeaderElected => PARTITION_AND_BROKER,
        EventKind::PartitionOffline
        | EventKind::IsrShrunk
        | EventKind::IsrExpanded
        | EventKind::PartitionsCreated
        | EventKind::PartitionsRefused => PARTITION,
        EventKind::BrokerStarted
        | EventKind::HighWatermarksCheckpointed
        | EventKind::ControlledShutdownStarted
        | EventKind::ControlledShutdownCompleted
        | EventKind::BrokerRegistered
        | EventKind::BrokerFenced
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
