//! What requests that append and read records carry.

use std::sync::Arc;

use crate::ids::{BrokerId, LeaderEpoch, Offset, TopicPartition};
use crate::record::{Batch, RecordBatch};

use super::{AbortedTransaction, ErrorCode};

/// One partition's part of a produce request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProducePartition {
    /// Where to append.
    pub partition: TopicPartition,
    /// What to append.
    pub batch: RecordBatch,
}

/// One partition's part of a produce reply.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProducedPartition {
    /// Which.
    pub partition: TopicPartition,
    /// How it went.
    pub error: ErrorCode,
    /// The first record's offset on success. A discarded duplicate gets the original's.
    pub base_offset: Option<Offset>,
}

/// Who fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fetcher {
    /// A follower: may read up to the log's end, and its offset tells the leader how far it is.
    Replica(BrokerId),
    /// A consumer: may read up to the high watermark.
    Consumer,
}

/// One partition's part of a fetch request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FetchPartition {
    /// Which.
    pub partition: TopicPartition,
    /// The first offset wanted; a follower's own log end offset.
    pub offset: Offset,
    /// At most this many bytes, but always one whole batch.
    pub max_bytes: u64,
    /// The leader epoch that the asker knows of, from one that is to be fenced by it. Source: KIP-320.
    pub current_epoch: Option<LeaderEpoch>,
    /// The epoch of the last record before `offset`, or a later one that the log has reached, from a follower that truncates as
    /// its fetches are answered; see [`FetchedPartition::diverging`].
    pub last_epoch: Option<LeaderEpoch>,
}

/// One partition's part of a fetch reply.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FetchedPartition {
    /// Which.
    pub partition: TopicPartition,
    /// How it went.
    pub error: ErrorCode,
    /// The leader's high watermark when it read.
    pub high_watermark: Offset,
    /// The leader's log start offset.
    pub log_start: Offset,
    /// Up to here no transaction is open: as far as a `read_committed` consumer may read.
    pub last_stable_offset: Offset,
    /// Aborted transactions among the batches, for a `read_committed` consumer; ascending by first offset.
    pub aborted: Vec<AbortedTransaction>,
    /// Whole batches; the first may begin before the offset that a consumer asked for.
    pub batches: Vec<Arc<Batch>>,
    /// The follower's log is another from here on: the leader's largest epoch that is not above the follower's, and where it
    /// ends. Only to a follower that told its last epoch. Source: KIP-595 `DivergingEpoch`.
    pub diverging: Option<(LeaderEpoch, Offset)>,
}

/// One partition's part of a question about epochs. Source: KIP-101 `OffsetForLeaderEpochRequest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EpochQuery {
    /// Which.
    pub partition: TopicPartition,
    /// The leader epoch that the asker knows of, from one that is to be fenced by it. Source: KIP-320.
    pub current_epoch: Option<LeaderEpoch>,
    /// The epoch whose end is wanted.
    pub epoch: LeaderEpoch,
}

/// One partition's part of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EpochEnd {
    /// Which.
    pub partition: TopicPartition,
    /// How it went.
    pub error: ErrorCode,
    /// The leader's largest epoch that is not above the one asked for; none if it knows of none, and from a leader of before
    /// KIP-279.
    pub epoch: Option<LeaderEpoch>,
    /// Where that one ends; none if the leader knows of none.
    pub end_offset: Option<Offset>,
}

/// What ListOffsets asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListOffset {
    /// The log's start.
    Earliest,
    /// The high watermark for a consumer, the log's end for a replica.
    Latest,
}
