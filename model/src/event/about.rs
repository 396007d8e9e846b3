//! What an event is about.

use crate::event::Event;
use crate::ids::{BrokerId, GroupId, NodeId, TopicPartition};
use crate::message::ErrorCode;

impl Event {
    /// The partition that it is about.
    pub fn partition(&self) -> Option<TopicPartition> {
        match self {
            Self::RecordSent { partition, .. }
            | Self::ProduceSent { partition, .. }
            | Self::ProduceRetried { partition, .. }
            | Self::RecordsAppended { partition, .. }
            | Self::DuplicateDiscarded { partition, .. }
            | Self::ProduceRefused { partition, .. }
            | Self::FollowerFetched { partition, .. }
            | Self::RecordsFetched { partition, .. }
            | Self::Replicated { partition, .. }
            | Self::HighWatermarkAdvanced { partition, .. }
            | Self::HighWatermarkLearned { partition, .. }
            | Self::ProduceAcknowledged { partition, .. }
            | Self::ProduceFailed { partition, .. }
            | Self::SendAcknowledged { partition, .. }
            | Self::SendFailed { partition, .. }
            | Self::RecordsServed { partition, .. }
            | Self::RecordsPolled { partition, .. }
            | Self::OffsetCommitted { partition, .. }
            | Self::PositionReset { partition, .. }
            | Self::BecameLeader { partition, .. }
            | Self::BecameFollower { partition, .. }
            | Self::LogTruncated { partition, .. }
            | Self::FetchOutOfRange { partition, .. }
            | Self::FetcherDied { partition, .. }
            | Self::IsrShrinkProposed { partition, .. }
            | Self::IsrExpandProposed { partition, .. }
            | Self::EpochEndTold { partition, .. }
            | Self::DivergenceTold { partition, .. }
            | Self::FetchFenced { partition, .. }
            | Self::IsrUpdated { partition, .. }
            | Self::LeaderRecovered { partition, .. }
            | Self::ElrChanged { partition, .. }
            | Self::PositionValidated { partition, .. }
            | Self::TruncationDetected { partition, .. }
            | Self::MarkerAppended { partition, .. }
            | Self::LastStableOffsetAdvanced { partition, .. }
            | Self::IsrUpdateRefused { partition, .. }
            | Self::LogFlushed { partition, .. }
            | Self::BrokerHalted { partition, .. }
            | Self::LeaderElected { partition, .. }
            | Self::PartitionOffline { partition, .. }
            | Self::IsrShrunk { partition, .. }
            | Self::IsrExpanded { partition, .. }
            | Self::PartitionsCreated { partition, .. }
            | Self::PartitionsRefused { partition, .. }
            | Self::RecordsProcessed { partition, .. }
            | Self::CoordinatorLoaded { partition, .. }
            | Self::VoteGiven { partition, .. } => Some(*partition),
            Self::BrokerStarted { .. }
            | Self::HighWatermarksCheckpointed { .. }
            | Self::ControlledShutdownStarted { .. }
            | Self::ControlledShutdownCompleted { .. }
            | Self::BrokerRegistered { .. }
            | Self::BrokerUnfenced { .. }
            | Self::UncleanShutdownDetected { .. }
            | Self::BounceOverlooked { .. }
            | Self::TransactionBegun { .. }
            | Self::TransactionEnded { .. }
            | Self::TransactionFailed { .. }
            | Self::ProducerFenced { .. }
            | Self::ProducerInitialized { .. }
            | Self::TransactionRefused { .. }
            | Self::TransactionMoved { .. }
            | Self::TransactionTimedOut { .. }
            | Self::BrokerFenced { .. }
            | Self::FaultStruck { .. }
            | Self::FaultMissed { .. }
            | Self::NodeStopped { .. }
            | Self::NodeRestarted { .. }
            | Self::NodePaused { .. }
            | Self::NodeResumed { .. }
            | Self::LinkCut { .. }
            | Self::LinkHealed { .. }
            | Self::LinkDegraded { .. }
            | Self::FollowerLagged { .. }
            | Self::FollowerLagEnded { .. }
            | Self::MessageDropped { .. }
            | Self::HealStarted
            | Self::ProducerEpochBumped { .. }
            | Self::PartitionsAssigned { .. }
            | Self::PartitionsRevoked { .. }
            | Self::PartitionsKept { .. }
            | Self::MemberFenced { .. }
            | Self::PollExpired { .. }
            | Self::MemberJoined { .. }
            | Self::MemberLeft { .. }
            | Self::MemberExpired { .. }
            | Self::RebalanceStarted { .. }
            | Self::GenerationStarted { .. }
            | Self::GroupStabilized { .. }
            | Self::CommitAccepted { .. }
            | Self::CommitRefused { .. }
            | Self::Converged => None,
        }
    }

    /// The broker that it happened on, or that it is about.
    pub fn broker(&self) -> Option<BrokerId> {
        match self {
            Self::ProduceSent { broker, .. }
            | Self::ProduceRetried { broker, .. }
            | Self::RecordsAppended { broker, .. }
            | Self::DuplicateDiscarded { broker, .. }
            | Self::ProduceRefused { broker, .. }
            | Self::FollowerFetched { broker, .. }
            | Self::RecordsFetched { broker, .. }
            | Self::Replicated { broker, .. }
            | Self::HighWatermarkAdvanced { broker, .. }
            | Self::HighWatermarkLearned { broker, .. }
            | Self::ProduceAcknowledged { broker, .. }
            | Self::ProduceFailed { broker, .. }
            | Self::RecordsServed { broker, .. }
            | Self::OffsetCommitted { broker, .. }
            | Self::BecameLeader { broker, .. }
            | Self::BecameFollower { broker, .. }
            | Self::LogTruncated { broker, .. }
            | Self::FetchOutOfRange { broker, .. }
            | Self::FetcherDied { broker, .. }
            | Self::IsrShrinkProposed { broker, .. }
            | Self::IsrExpandProposed { broker, .. }
            | Self::EpochEndTold { broker, .. }
            | Self::DivergenceTold { broker, .. }
            | Self::FetchFenced { broker, .. }
            | Self::IsrUpdated { broker, .. }
            | Self::LeaderRecovered { broker, .. }
            | Self::BrokerUnfenced { broker, .. }
            | Self::UncleanShutdownDetected { broker, .. }
            | Self::BounceOverlooked { broker, .. }
            | Self::MarkerAppended { broker, .. }
            | Self::LastStableOffsetAdvanced { broker, .. }
            | Self::ProducerInitialized { broker, .. }
            | Self::TransactionRefused { broker, .. }
            | Self::TransactionMoved { broker, .. }
            | Self::TransactionTimedOut { broker, .. }
            | Self::IsrUpdateRefused { broker, .. }
            | Self::BrokerStarted { broker, .. }
            | Self::HighWatermarksCheckpointed { broker, .. }
            | Self::LogFlushed { broker, .. }
            | Self::BrokerHalted { broker, .. }
            | Self::ControlledShutdownStarted { broker, .. }
            | Self::ControlledShutdownCompleted { broker, .. }
            | Self::BrokerRegistered { broker, .. }
            | Self::BrokerFenced { broker, .. }
            | Self::LeaderElected { broker, .. }
            | Self::FollowerLagged { broker, .. }
            | Self::FollowerLagEnded { broker, .. }
            | Self::MemberJoined { broker, .. }
            | Self::MemberLeft { broker, .. }
            | Self::MemberExpired { broker, .. }
            | Self::RebalanceStarted { broker, .. }
            | Self::GenerationStarted { broker, .. }
            | Self::GroupStabilized { broker, .. }
            | Self::CoordinatorLoaded { broker, .. }
            | Self::CommitAccepted { broker, .. }
            | Self::CommitRefused { broker, .. }
            | Self::VoteGiven { broker, .. } => Some(*broker),
            Self::RecordSent { .. }
            | Self::SendAcknowledged { .. }
            | Self::SendFailed { .. }
            | Self::RecordsPolled { .. }
            | Self::PositionReset { .. }
            | Self::PartitionOffline { .. }
            | Self::IsrShrunk { .. }
            | Self::IsrExpanded { .. }
            | Self::PartitionsCreated { .. }
            | Self::PartitionsRefused { .. }
            | Self::FaultStruck { .. }
            | Self::FaultMissed { .. }
            | Self::NodeStopped { .. }
            | Self::NodeRestarted { .. }
            | Self::NodePaused { .. }
            | Self::NodeResumed { .. }
            | Self::LinkCut { .. }
            | Self::LinkHealed { .. }
            | Self::LinkDegraded { .. }
            | Self::MessageDropped { .. }
            | Self::HealStarted
            | Self::ProducerEpochBumped { .. }
            | Self::RecordsProcessed { .. }
            | Self::PartitionsAssigned { .. }
            | Self::PartitionsRevoked { .. }
            | Self::PartitionsKept { .. }
            | Self::MemberFenced { .. }
            | Self::PollExpired { .. }
            | Self::ElrChanged { .. }
            | Self::PositionValidated { .. }
            | Self::TruncationDetected { .. }
            | Self::TransactionBegun { .. }
            | Self::TransactionEnded { .. }
            | Self::TransactionFailed { .. }
            | Self::ProducerFenced { .. }
            | Self::Converged => None,
        }
    }

    /// The client that it is about.
    pub fn client(&self) -> Option<NodeId> {
        match self {
            Self::RecordSent { client, .. }
            | Self::ProduceSent { client, .. }
            | Self::ProduceRetried { client, .. }
            | Self::RecordsAppended { client, .. }
            | Self::DuplicateDiscarded { client, .. }
            | Self::ProduceRefused { client, .. }
            | Self::Replicated { client, .. }
            | Self::ProduceAcknowledged { client, .. }
            | Self::ProduceFailed { client, .. }
            | Self::SendAcknowledged { client, .. }
            | Self::SendFailed { client, .. }
            | Self::RecordsServed { client, .. }
            | Self::RecordsPolled { client, .. }
            | Self::OffsetCommitted { client, .. }
            | Self::PositionValidated { client, .. }
            | Self::TruncationDetected { client, .. }
            | Self::TransactionBegun { client, .. }
            | Self::TransactionEnded { client, .. }
            | Self::TransactionFailed { client, .. }
            | Self::ProducerFenced { client, .. }
            | Self::ProducerInitialized { client, .. }
            | Self::TransactionRefused { client, .. }
            | Self::PositionReset { client, .. }
            | Self::ProducerEpochBumped { client, .. }
            | Self::RecordsProcessed { client, .. }
            | Self::PartitionsAssigned { client, .. }
            | Self::PartitionsRevoked { client, .. }
            | Self::PartitionsKept { client, .. }
            | Self::MemberFenced { client, .. }
            | Self::PollExpired { client, .. }
            | Self::MemberJoined { client, .. }
            | Self::MemberLeft { client, .. }
            | Self::MemberExpired { client, .. }
            | Self::CommitAccepted { client, .. }
            | Self::CommitRefused { client, .. } => Some(*client),
            Self::FollowerFetched { .. }
            | Self::RecordsFetched { .. }
            | Self::HighWatermarkAdvanced { .. }
            | Self::HighWatermarkLearned { .. }
            | Self::BecameLeader { .. }
            | Self::BecameFollower { .. }
            | Self::LogTruncated { .. }
            | Self::FetchOutOfRange { .. }
            | Self::FetcherDied { .. }
            | Self::IsrShrinkProposed { .. }
            | Self::IsrExpandProposed { .. }
            | Self::EpochEndTold { .. }
            | Self::DivergenceTold { .. }
            | Self::FetchFenced { .. }
            | Self::IsrUpdated { .. }
            | Self::LeaderRecovered { .. }
            | Self::ElrChanged { .. }
            | Self::BrokerUnfenced { .. }
            | Self::UncleanShutdownDetected { .. }
            | Self::BounceOverlooked { .. }
            | Self::MarkerAppended { .. }
            | Self::LastStableOffsetAdvanced { .. }
            | Self::TransactionMoved { .. }
            | Self::TransactionTimedOut { .. }
            | Self::IsrUpdateRefused { .. }
            | Self::BrokerStarted { .. }
            | Self::HighWatermarksCheckpointed { .. }
            | Self::LogFlushed { .. }
            | Self::BrokerHalted { .. }
            | Self::ControlledShutdownStarted { .. }
            | Self::ControlledShutdownCompleted { .. }
            | Self::BrokerRegistered { .. }
            | Self::BrokerFenced { .. }
            | Self::LeaderElected { .. }
            | Self::PartitionOffline { .. }
            | Self::IsrShrunk { .. }
            | Self::IsrExpanded { .. }
            | Self::PartitionsCreated { .. }
            | Self::PartitionsRefused { .. }
            | Self::FaultStruck { .. }
            | Self::FaultMissed { .. }
            | Self::NodeStopped { .. }
            | Self::NodeRestarted { .. }
            | Self::NodePaused { .. }
            | Self::NodeResumed { .. }
            | Self::LinkCut { .. }
            | Self::LinkHealed { .. }
            | Self::LinkDegraded { .. }
            | Self::FollowerLagged { .. }
            | Self::FollowerLagEnded { .. }
            | Self::MessageDropped { .. }
            | Self::HealStarted
            | Self::RebalanceStarted { .. }
            | Self::GenerationStarted { .. }
            | Self::GroupStabilized { .. }
            | Self::CoordinatorLoaded { .. }
            | Self::VoteGiven { .. }
            | Self::Converged => None,
        }
    }

    /// The group that it is about.
    pub fn group(&self) -> Option<GroupId> {
        match self {
            Self::RecordsPolled { group, .. }
            | Self::OffsetCommitted { group, .. }
            | Self::PositionValidated { group, .. }
            | Self::TruncationDetected { group, .. }
            | Self::PositionReset { group, .. }
            | Self::RecordsProcessed { group, .. }
            | Self::PartitionsAssigned { group, .. }
            | Self::PartitionsRevoked { group, .. }
            | Self::PartitionsKept { group, .. }
            | Self::MemberFenced { group, .. }
            | Self::PollExpired { group, .. }
            | Self::MemberJoined { group, .. }
            | Self::MemberLeft { group, .. }
            | Self::MemberExpired { group, .. }
            | Self::RebalanceStarted { group, .. }
            | Self::GenerationStarted { group, .. }
            | Self::GroupStabilized { group, .. }
            | Self::CommitAccepted { group, .. }
            | Self::CommitRefused { group, .. } => Some(*group),
            Self::RecordSent { .. }
            | Self::ProduceSent { .. }
            | Self::ProduceRetried { .. }
            | Self::RecordsAppended { .. }
            | Self::DuplicateDiscarded { .. }
            | Self::ProduceRefused { .. }
            | Self::FollowerFetched { .. }
            | Self::RecordsFetched { .. }
            | Self::Replicated { .. }
            | Self::HighWatermarkAdvanced { .. }
            | Self::HighWatermarkLearned { .. }
            | Self::ProduceAcknowledged { .. }
            | Self::ProduceFailed { .. }
            | Self::SendAcknowledged { .. }
            | Self::SendFailed { .. }
            | Self::RecordsServed { .. }
            | Self::BecameLeader { .. }
            | Self::BecameFollower { .. }
            | Self::LogTruncated { .. }
            | Self::FetchOutOfRange { .. }
            | Self::FetcherDied { .. }
            | Self::IsrShrinkProposed { .. }
            | Self::IsrExpandProposed { .. }
            | Self::EpochEndTold { .. }
            | Self::DivergenceTold { .. }
            | Self::FetchFenced { .. }
            | Self::IsrUpdated { .. }
            | Self::LeaderRecovered { .. }
            | Self::ElrChanged { .. }
            | Self::BrokerUnfenced { .. }
            | Self::UncleanShutdownDetected { .. }
            | Self::BounceOverlooked { .. }
            | Self::MarkerAppended { .. }
            | Self::LastStableOffsetAdvanced { .. }
            | Self::TransactionBegun { .. }
            | Self::TransactionEnded { .. }
            | Self::TransactionFailed { .. }
            | Self::ProducerFenced { .. }
            | Self::ProducerInitialized { .. }
            | Self::TransactionRefused { .. }
            | Self::TransactionMoved { .. }
            | Self::TransactionTimedOut { .. }
            | Self::IsrUpdateRefused { .. }
            | Self::LogFlushed { .. }
            | Self::BrokerHalted { .. }
            | Self::LeaderElected { .. }
            | Self::PartitionOffline { .. }
            | Self::IsrShrunk { .. }
            | Self::IsrExpanded { .. }
            | Self::PartitionsCreated { .. }
            | Self::PartitionsRefused { .. }
            | Self::BrokerStarted { .. }
            | Self::HighWatermarksCheckpointed { .. }
            | Self::ControlledShutdownStarted { .. }
            | Self::ControlledShutdownCompleted { .. }
            | Self::BrokerRegistered { .. }
            | Self::BrokerFenced { .. }
            | Self::FaultStruck { .. }
            | Self::FaultMissed { .. }
            | Self::NodeStopped { .. }
            | Self::NodeRestarted { .. }
            | Self::NodePaused { .. }
            | Self::NodeResumed { .. }
            | Self::LinkCut { .. }
            | Self::LinkHealed { .. }
            | Self::LinkDegraded { .. }
            | Self::FollowerLagged { .. }
            | Self::FollowerLagEnded { .. }
            | Self::MessageDropped { .. }
            | Self::HealStarted
            | Self::Converged
            | Self::ProducerEpochBumped { .. }
            | Self::CoordinatorLoaded { .. }
            | Self::VoteGiven { .. } => None,
        }
    }

    /// The error that it tells of.
    pub fn error(&self) -> Option<ErrorCode> {
        if let Self::ProduceRefused { error, .. }
        | Self::ProduceFailed { error, .. }
        | Self::SendFailed { error, .. }
        | Self::MemberFenced { error, .. }
        | Self::CommitRefused { error, .. }
        | Self::TransactionFailed { error, .. }
        | Self::ProducerFenced { error, .. }
        | Self::TransactionRefused { error, .. }
        | Self::FetchFenced { error, .. }
        | Self::IsrUpdateRefused { error, .. }
        | Self::PartitionsRefused { error, .. } = self
        {
            return Some(*error);
        }
        None
    }
}
