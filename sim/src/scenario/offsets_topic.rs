//! `__consumer_offsets`, the topic that a scenario never names among its own: it is there as soon as there is a group.

use highwater_model::config::{AckStrategy, Topic};
use highwater_model::ids::{BrokerId, GroupId, TopicId};

use super::format::Scenario;

/// Its name. Source: 0.11.0.2 `Topic.GROUP_METADATA_TOPIC_NAME`.
pub const NAME: &str = "__consumer_offsets";

/// Its id, the one after the scenario's topics; none without a group.
pub fn id(scenario: &Scenario) -> Option<TopicId> {
    (!scenario.groups.is_empty()).then_some(TopicId(scenario.topics.len() as u16))
}

/// How many replicas each of its partitions has: `offsets.topic.replication.factor`, or all brokers if there are fewer, as
/// while a cluster is being formed. Source: 0.11.0.2 `KafkaApis.createInternalTopic`, which waits for that many instead.
pub fn replication(scenario: &Scenario) -> u8 {
    scenario.cluster.config.offsets_topic_replication_factor.min(scenario.cluster.brokers)
}

/// How many partitions it has.
pub fn partitions(scenario: &Scenario) -> u16 {
    scenario.cluster.config.offsets_topic_num_partitions
}

/// The topic itself. Commits wait for every in-sync replica whatever other topics do.
///
/// Partition p begins at the last broker but p and goes round downwards, so that with few partitions a group's coordinator is not
/// the broker that leads the first partition of the scenario's topics.
pub fn topic(scenario: &Scenario) -> Topic {
    let config = &scenario.cluster.config;
    let (brokers, replication) = (u16::from(scenario.cluster.brokers), u16::from(replication(scenario)));
    let down = |first: u16| {
        (0..replication).map(move |step| BrokerId(((first + brokers - step) % brokers) as u8 + 1)).collect()
    };
    Topic {
        min_insync_replicas: config.min_insync_replicas.min(u32::from(replication)),
        unclean_leader_election_enable: config.unclean_leader_election_enable,
        ack_strategy: AckStrategy::Isr,
        service_rate: None,
        assignment: (0..partitions(scenario)).map(|p| down(brokers - 1 - p % brokers)).collect(),
    }
}

/// The partition that keeps each group's offsets. Source: 0.11.0.2 `GroupMetadataManager.partitionFor`.
pub fn partition_of(scenario: &Scenario, group: GroupId) -> Option<u16> {
    let name = &scenario.groups.get(usize::from(group.0))?.name;
    Some(partition_for(name, partitions(scenario)))
}

/// Which of a topic's partitions keeps what belongs to a name. Source: as before, `TransactionStateManager.partitionFor`.
pub(super) fn partition_for(name: &str, partitions: u16) -> u16 {
    (positive(hash_code(name)) % u32::from(partitions).max(1)) as u16
}

/// Java's `String.hashCode`, over UTF-16 as Java has it.
fn hash_code(text: &str) -> i32 {
    text.encode_utf16().fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// The number without its sign; 0 for the one whose opposite is no `int`. Source: 0.11.0.2 `Utils.abs`.
fn positive(hash: i32) -> u32 {
    hash.checked_abs().map_or(0, i32::unsigned_abs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the documentation of `String.hashCode`'s formula, and words whose hashes are widely printed.
    #[test]
    fn names_hash_as_in_java() {
        assert_eq!(hash_code(""), 0);
        assert_eq!(hash_code("a"), 97);
        assert_eq!(hash_code("Aa"), hash_code("BB"));
        assert_eq!(hash_code("hello"), 99_162_322);
        assert_eq!(hash_code("polygenelubricants"), i32::MIN);
    }

    #[test]
    fn the_one_hash_without_an_opposite_counts_as_nothing() {
        assert_eq!(positive(i32::MIN), 0);
        assert_eq!(positive(-7), 7);
        assert_eq!(positive(i32::MAX), i32::MAX.unsigned_abs());
    }
}
