//! Records that wait until their topic is known, as `KafkaProducer.send` blocks the application.

use std::sync::Arc;

use crate::event::Event;
use crate::ids::{TopicId, TopicPartition};
use crate::machine::Effects;
use crate::message::ErrorCode;
use crate::producer::Producer;
use crate::record::Record;
use crate::time::Instant;

/// A record that waits until its topic is known. Source: 0.11.0.2 `KafkaProducer.waitOnMetadata`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Waiting {
    topic: TopicId,
    partition: Option<u16>,
    record: Record,
    since: Instant,
    /// Which metadata did not do.
    version: u32,
}

impl Producer {
    pub(super) fn wait(
        &mut self,
        now: Instant,
        topic: TopicId,
        partition: Option<u16>,
        record: Record,
        out: &mut Effects,
    ) {
        let version = self.net.metadata.version();
        self.waiting.push_back(Waiting { topic, partition, record, since: now, version });
        self.net.wake.by(now + self.max_block);
        self.net.metadata.want();
        self.net.refresh(now, out);
    }

    /// Lets the records go on that waited for this metadata. A partition that is still not there is refused:
    /// 0.11.0.2 `KafkaProducer.waitOnMetadata` looks for it once more and no longer. Later clients go on until max.block.ms
    /// is over (3.9.0), which makes a difference only where a topic has just grown.
    pub(super) fn release_waiting(&mut self, now: Instant, out: &mut Effects) {
        while let Some(first) = self.waiting.pop_front() {
            if let Some(chosen) = self.choose(first.topic, first.partition, &first.record) {
                self.accept(now, chosen, first.partition, first.record, out);
            } else if self.net.metadata.partition_count(first.topic) > 0
                && self.net.metadata.version() > first.version
            {
                self.refuse(first, ErrorCode::UnknownTopicOrPartition, out);
            } else {
                self.waiting.push_front(first);
                self.net.metadata.want();
                return;
            }
        }
    }

    /// Gives up the records that have waited for max.block.ms.
    pub(super) fn give_up_waiting(&mut self, now: Instant, out: &mut Effects) {
        while let Some(first) = self.waiting.front() {
            let limit = first.since + self.max_block;
            if limit > now {
                self.net.wake.by(limit);
                return;
            }
            if let Some(first) = self.waiting.pop_front() {
                self.refuse(first, ErrorCode::RequestTimedOut, out);
            }
        }
    }

    /// Gives up all records that wait.
    pub(super) fn refuse_waiting(&mut self, error: ErrorCode, out: &mut Effects) {
        while let Some(Waiting { topic, partition, record, .. }) = self.waiting.pop_front() {
            self.pending -= 1;
            self.refuse_record(topic, partition, record, error, out);
        }
    }

    /// Refuses a record that the application hands over though nothing can come of it.
    pub(super) fn refuse_record(
        &mut self,
        topic: TopicId,
        partition: Option<u16>,
        record: Record,
        error: ErrorCode,
        out: &mut Effects,
    ) {
        self.pending += 1;
        let chosen = self.choose(topic, partition, &record);
        let partition = chosen.map(|chosen| chosen.partition).or(partition);
        self.refuse(Waiting { topic, partition, record, since: Instant::START, version: 0 }, error, out);
    }

    /// Fails a record that never got a partition. It is told of as sent to the partition that was named, or to the
    /// first, so that nobody misses it.
    fn refuse(&mut self, refused: Waiting, error: ErrorCode, out: &mut Effects) {
        let Waiting { topic, partition, record, .. } = refused;
        let partition = TopicPartition { topic, partition: partition.unwrap_or(0) };
        self.pending -= 1;
        self.unseen = true;
        out.event(Event::RecordSent { client: self.node, partition, record: record.clone() });
        out.event(Event::SendFailed {
            client: self.node,
            partition,
            records: Arc::from([record]),
            error,
            definite: true,
        });
        self.transaction_failed(error, false, out);
    }
}
