//! Which errors a reply tells.

use super::{Body, ErrorCode};

impl Body {
    /// Hands over every error code that it carries, success among them.
    pub fn each_error(&self, hear: &mut dyn FnMut(ErrorCode)) {
        match self {
            Self::InitProducerIdReply { error, .. }
            | Self::ListOffsetsReply { error, .. }
            | Self::FindCoordinatorReply { error, .. }
            | Self::JoinGroupReply { error, .. }
            | Self::SyncGroupReply { error, .. }
            | Self::HeartbeatReply { error }
            | Self::LeaveGroupReply { error }
            | Self::OffsetCommitReply { error }
            | Self::OffsetFetchReply { error, .. }
            | Self::AddPartitionsToTxnReply { error }
            | Self::AddOffsetsToTxnReply { error }
            | Self::TxnOffsetCommitReply { error }
            | Self::EndTxnReply { error, .. }
            | Self::BrokerRegistrationReply { error, .. }
            | Self::BrokerHeartbeatReply { error, .. }
            | Self::ControlledShutdownReply { error, .. }
            | Self::AlterPartitionReply { error, .. } => hear(*error),
            Self::ProduceReply { partitions } => {
                partitions.iter().for_each(|told| hear(told.error));
            }
            Self::FetchReply { partitions } => {
                partitions.iter().for_each(|told| hear(told.error));
            }
            Self::OffsetForLeaderEpochReply { partitions } => {
                partitions.iter().for_each(|told| hear(told.error));
            }
            Self::WriteTxnMarkersReply { errors } => {
                errors.iter().for_each(|&(_, error)| hear(error));
            }
            Self::MetadataRequest
            | Self::MetadataReply(_)
            | Self::InitProducerIdRequest { .. }
            | Self::ProduceRequest { .. }
            | Self::FetchRequest { .. }
            | Self::OffsetForLeaderEpochRequest { .. }
            | Self::ListOffsetsRequest { .. }
            | Self::FindCoordinatorRequest { .. }
            | Self::JoinGroupRequest { .. }
            | Self::SyncGroupRequest { .. }
            | Self::HeartbeatRequest { .. }
            | Self::LeaveGroupRequest { .. }
            | Self::OffsetCommitRequest { .. }
            | Self::OffsetFetchRequest { .. }
            | Self::AddPartitionsToTxnRequest { .. }
            | Self::AddOffsetsToTxnRequest { .. }
            | Self::TxnOffsetCommitRequest { .. }
            | Self::EndTxnRequest { .. }
            | Self::WriteTxnMarkersRequest { .. }
            | Self::BrokerRegistrationRequest { .. }
            | Self::BrokerHeartbeatRequest { .. }
            | Self::ControlledShutdownRequest { .. }
            | Self::SessionClosed { .. }
            | Self::LeaderAndIsrRequest { .. }
            | Self::UpdateMetadataRequest(_)
            | Self::AlterPartitionRequest { .. }
            | Self::VoteRequest { .. }
            | Self::VoteReply { .. } => {}
        }
    }
}
