//! Records stick to one partition until one of them would open a new batch there (KIP-480).

use crate::client::metadata::ClusterMetadata;
use crate::ids::TopicId;
use crate::producer::chance::Chance;

/// The partition that each topic's records stick to. Source: 2.4.0 `StickyPartitionCache`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sticky {
    chance: Chance,
    /// By topic; none before the first record.
    current: Vec<Option<u16>>,
}

impl Sticky {
    pub(super) fn new(chance: Chance) -> Self {
        Self { chance, current: Vec::new() }
    }

    /// The partition that a topic's records stick to. The topic has `count` of them, at least one.
    pub(super) fn partition(&mut self, topic: TopicId, count: u32, metadata: &ClusterMetadata) -> u16 {
        if let Some(current) = *self.current(topic) {
            return current;
        }
        let first = self.draw(None, count, metadata.available(topic));
        *self.current(topic) = Some(first);
        first
    }

    /// A record was about to open a batch in partition `opened`, whoever chose it: if records stick to it, they go on to
    /// another. Source: 2.4.0 `StickyPartitionCache.nextPartition`.
    pub(super) fn on_new_batch(
        &mut self,
        topic: TopicId,
        opened: u16,
        count: u32,
        metadata: &ClusterMetadata,
    ) {
        let old = *self.current(topic);
        if old.is_none() || old == Some(opened) {
            let next = self.draw(old, count, metadata.available(topic));
            *self.current(topic) = Some(next);
        }
    }

    /// An available partition other than `old` if there is one, any of all if none is available.
    fn draw(&mut self, old: Option<u16>, count: u32, available: &[u16]) -> u16 {
        match available {
            [] => self.chance.below(count) as u16,
            [only] => *only,
            _ => loop {
                let drawn = available[self.chance.below(available.len() as u32) as usize];
                if Some(drawn) != old {
                    return drawn;
                }
            },
        }
    }

    fn current(&mut self, topic: TopicId) -> &mut Option<u16> {
        let place = usize::from(topic.0);
        if self.current.len() <= place {
            self.current.resize(place + 1, None);
        }
        &mut self.current[place]
    }
}
