//! What survives a broker: its logs and its high-watermark checkpoint.
//!
//! A life ends in one of three ways ([`Ending`]); the storage is handed to the next life. Source: 0.11.0.2 `LogManager`,
//! `ReplicaManager.checkpointHighWatermarks`.

use std::collections::BTreeMap;

use crate::event::{Event, TruncationReason};
use crate::ids::{BrokerEpoch, BrokerId, Offset, TopicPartition};
use crate::log::Log;
use crate::machine::Ending;

/// A broker's disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Storage {
    /// How many lives there were before.
    pub incarnation: u32,
    /// How the last life ended; none before the first.
    pub last_ending: Option<Ending>,
    /// The epoch under which the last life was registered, if it stopped in good order. Kept in the file that marks a clean
    /// shutdown. Source: KIP-966, 3.9.0 `CleanShutdownFileHandler`.
    pub previous_epoch: Option<BrokerEpoch>,
    /// The logs, as the page cache or the disk holds them.
    pub logs: BTreeMap<TopicPartition, Log>,
    /// `replication-offset-checkpoint`: the high watermarks when they were last written.
    pub high_watermarks: BTreeMap<TopicPartition, Offset>,
}

impl Storage {
    /// The power failed: of each log, some suffix after its last flush is gone. `keep(n)` chooses how many of `n` batches
    /// survive. The high watermarks are those of the checkpoint.
    pub fn lose_power(&mut self, me: BrokerId, keep: &mut dyn FnMut(u64) -> u64) -> Vec<Event> {
        let mut events = Vec::new();
        for (&partition, log) in &mut self.logs {
            if let Some(from) = log.lose_power(keep) {
                events.push(Event::LogTruncated {
                    partition,
                    broker: me,
                    from,
                    to: log.end_offset(),
                    high_watermark: self.high_watermarks.get(&partition).copied().unwrap_or_default(),
                    reason: TruncationReason::PowerLoss,
                });
            }
        }
        events
    }

    /// The high watermark that a replica starts with: the checkpoint's, 0 if absent, at most the log's end.
    /// Source: 0.11.0.2 `Partition.getOrCreateReplica`.
    pub fn loaded_high_watermark(&self, partition: TopicPartition, log: &Log) -> Offset {
        self.high_watermarks.get(&partition).copied().unwrap_or_default().min(log.end_offset())
    }
}
