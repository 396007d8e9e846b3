//! How fast a leader writes: the service rate of a topic's partitions. Not Kafka's; it stands for what a disk or a core can do,
//! so that throughput grows with partitions.
//!
//! The leader works on the produces to a partition one after another. A request is written, whole, once its partitions have
//! worked off what came before and it itself. Until then its connection stays muted, as behind any request at work. A request
//! that was read is written even if its connection breaks meanwhile; if the leader loses office, it is refused then.

use std::collections::BTreeMap;

use crate::config::{AckStrategy, Acks, ClusterConfig};
use crate::ids::{NodeId, TopicPartition};
use crate::machine::Effects;
use crate::message::ProducePartition;
use crate::time::Instant;

use super::Broker;
use super::produce::ProduceRequest;

/// What leaders are busy with. Empty for ever if no topic has a rate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Service {
    /// Whether any topic has a rate.
    is_limited: bool,
    /// Until when each partition works on what was read.
    busy_until: BTreeMap<TopicPartition, Instant>,
    /// By when they are to be written; those due at one time in the order in which they came.
    at_work: BTreeMap<(Instant, u64), (NodeId, ProduceRequest)>,
    /// How many have come.
    count: u64,
}

impl Service {
    pub(super) fn new(config: &ClusterConfig) -> Self {
        let is_limited = config.topics.iter().any(|topic| topic.service_rate.is_some());
        Self { is_limited, ..Self::default() }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.at_work.first_key_value().map(|(&(at, _), _)| at)
    }
}

impl Broker {
    /// What acks=-1 comes to on this partition: with ack strategy `leader`, acks=1.
    pub(super) fn acks_in_force(&self, partition: TopicPartition, acks: Acks) -> Acks {
        let topic = self.config.topics.get(usize::from(partition.topic.0));
        let leader_only = topic.is_some_and(|topic| topic.ack_strategy == AckStrategy::Leader);
        if leader_only && acks == Acks::All { Acks::Leader } else { acks }
    }

    /// Starts on a request whose connection has none at work: at once, or when its partitions come to it.
    pub(super) fn begin(&mut self, now: Instant, client: NodeId, request: ProduceRequest, out: &mut Effects) {
        match self.busy_with(now, &request) {
            None => self.work_on(now, client, request, out),
            Some(done) => {
                self.muted.entry(client).or_default();
                self.service.count += 1;
                self.service.at_work.insert((done, self.service.count), (client, request));
            }
        }
    }

    /// Lets each partition work on its part of the request. When all have done so; none if nothing of it takes time.
    fn busy_with(&mut self, now: Instant, request: &ProduceRequest) -> Option<Instant> {
        if !self.service.is_limited {
            return None;
        }
        let done = request.partitions.iter().filter_map(|asked| self.busy_with_part(now, asked)).max();
        done.filter(|done| *done > now)
    }

    fn busy_with_part(&mut self, now: Instant, asked: &ProducePartition) -> Option<Instant> {
        let ProducePartition { partition, ref batch } = *asked;
        if !self.replicas.get(&partition)?.leads() {
            return None;
        }
        let rate = self.topic(partition).service_rate?;
        let time = rate.time_for(batch.records.len() as u64, batch.size_bytes());
        let busy_until = self.service.busy_until.entry(partition).or_default();
        *busy_until = now.max(*busy_until) + time;
        Some(*busy_until)
    }

    /// Writes the requests that are due, and reads on where none of them has to wait for an answer.
    pub(super) fn write_what_is_due(&mut self, now: Instant, out: &mut Effects) {
        while let Some(entry) = self.service.at_work.first_entry()
            && entry.key().0 <= now
        {
            let (client, request) = entry.remove();
            self.resume(client, |broker| broker.work_on(now, client, request, out));
        }
    }
}

#[cfg(test)]
#[path = "service_test.rs"]
mod service_test;
