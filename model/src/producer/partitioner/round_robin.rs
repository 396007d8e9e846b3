//! Records go round the available partitions.

use crate::client::metadata::ClusterMetadata;
use crate::defects::Defect;
use crate::ids::TopicId;
use crate::murmur2::to_positive;

/// A counter a topic. Source: 0.11.0.2 `DefaultPartitioner.nextValue`, 2.4.0 `RoundRobinPartitioner`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RoundRobin {
    /// Where each topic's counter begins.
    start: u32,
    /// By topic.
    counters: Vec<u32>,
}

impl RoundRobin {
    pub(super) fn new(start: u32) -> Self {
        Self { start, counters: Vec::new() }
    }

    /// The next partition that has a leader, or the next of all if none has. The topic has `count` of them, at least one.
    pub(super) fn next(&mut self, topic: TopicId, count: u32, metadata: &ClusterMetadata) -> u16 {
        let turn = to_positive(self.count(topic).cast_signed());
        let available = metadata.available(topic);
        match available.len() as u32 {
            0 => (turn % count) as u16,
            with_leader => available[(turn % with_leader) as usize],
        }
    }

    fn count(&mut self, topic: TopicId) -> u32 {
        let place = usize::from(topic.0);
        if self.counters.len() <= place {
            self.counters.resize(place + 1, self.start);
        }
        let turn = self.counters[place];
        self.counters[place] = turn.wrapping_add(1 + u32::from(Defect::MissesTurns.is_on()));
        turn
    }
}
