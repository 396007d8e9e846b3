//! A leader's answers about epochs: where one ends in its log, and whether an asker is in its own.
//!
//! Source: KIP-101, KIP-320; 0.11.0.2 `ReplicaManager.lastOffsetForLeaderEpoch`, 2.1.0 `Partition.checkCurrentLeaderEpoch`.

use crate::event::Event;
use crate::ids::{CorrelationId, LeaderEpoch, NodeId, Offset};
use crate::machine::Effects;
use crate::message::{Body, EpochEnd, EpochQuery, ErrorCode};
use crate::partition::Replica;
use crate::protocol::TruncationRule;

use super::Broker;

impl Replica {
    /// Whether it leads, in the epoch that the asker knows of; one that does not say is not fenced. The epoch is looked at
    /// first. Source: 2.1.0 `Partition.getLocalReplica`.
    pub(super) fn leads_in(&self, current_epoch: Option<LeaderEpoch>) -> Result<(), ErrorCode> {
        if let (Some(asker), Some(mine)) = (current_epoch, self.leader_epoch) {
            if asker < mine {
                return Err(ErrorCode::FencedLeaderEpoch);
            }
            if asker > mine {
                return Err(ErrorCode::UnknownLeaderEpoch);
            }
        }
        if self.leads() { Ok(()) } else { Err(ErrorCode::NotLeaderForPartition) }
    }
}

/// Whether an error is about the asker's leader epoch.
pub(super) fn is_fence(error: ErrorCode) -> bool {
    matches!(error, ErrorCode::FencedLeaderEpoch | ErrorCode::UnknownLeaderEpoch)
}

impl Broker {
    /// A follower, or a consumer, asks where epochs end.
    pub(super) fn on_epoch_queries(
        &self,
        from: NodeId,
        correlation: CorrelationId,
        queries: &[EpochQuery],
        out: &mut Effects,
    ) {
        let partitions = queries.iter().map(|query| self.end_of_epoch(from, query, out)).collect();
        out.send(from, correlation, Body::OffsetForLeaderEpochReply { partitions });
    }

    fn end_of_epoch(&self, fetcher: NodeId, query: &EpochQuery, out: &mut Effects) -> EpochEnd {
        let EpochQuery { partition, current_epoch, epoch: asked } = *query;
        let broker = self.me;
        let replica = self.replicas.get(&partition).ok_or(ErrorCode::UnknownTopicOrPartition);
        match replica.and_then(|replica| replica.leads_in(current_epoch).map(|()| replica)) {
            Ok(replica) => {
                let (epoch, end_offset): (Option<LeaderEpoch>, Option<Offset>) =
                    replica.log.end_of_epoch(asked).unzip();
                // Until KIP-279 the answer has no place for the epoch.
                let tells_epoch = self.config.protocol.truncation != TruncationRule::EpochQuery;
                let epoch = epoch.filter(|_| tells_epoch);
                out.event(Event::EpochEndTold { partition, broker, fetcher, asked, epoch, end_offset });
                EpochEnd { partition, error: ErrorCode::None, epoch, end_offset }
            }
            Err(error) => {
                if is_fence(error) {
                    out.event(Event::FetchFenced { partition, broker, fetcher, error });
                }
                EpochEnd { partition, error, epoch: None, end_offset: None }
            }
        }
    }
}

#[cfg(test)]
#[path = "epochs_test.rs"]
mod epochs_test;
