//! By which ack strategy a topic goes.

use highwater_model::config::{AckStrategy, ClusterConfig};
use highwater_model::ids::TopicId;

/// The topic's ack strategy; Kafka's own for a topic that nobody knows.
pub(crate) fn of(config: &ClusterConfig, topic: TopicId) -> AckStrategy {
    config.topics.get(usize::from(topic.0)).map_or(AckStrategy::Isr, |topic| topic.ack_strategy)
}
