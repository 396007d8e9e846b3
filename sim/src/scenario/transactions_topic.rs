//! `__transaction_state`, the topic that a scenario never names among its own: it is there as soon as there is a transactional
//! producer. And the numbers of transactional ids.

use highwater_model::config::{AckStrategy, Topic};
use highwater_model::ids::{BrokerId, TopicId, TransactionalId};

use super::format::{GroupSpec, Scenario};
use super::offsets_topic;

/// Its name. Source: 0.11.0.2 `Topic.TRANSACTION_STATE_TOPIC_NAME`.
pub const NAME: &str = "__transaction_state";

/// The transactional ids of a scenario, by number: in the order in which they first stand in the file, those of members that
/// write last.
pub fn ids(scenario: &Scenario) -> Vec<String> {
    let of_producers = scenario.producers.iter().filter_map(|it| it.config.transactional_id.as_deref());
    let writers = scenario.groups.iter().filter(|group| group.output.is_some());
    let of_members = writers.flat_map(GroupSpec::member_names);
    let mut ids = Vec::new();
    for id in of_producers.map(ToOwned::to_owned).chain(of_members) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// The number of a transactional id.
pub fn number(scenario: &Scenario, id: &str) -> Option<TransactionalId> {
    ids(scenario).iter().position(|known| *known == id).map(|place| TransactionalId(place as u16))
}

/// Its id, the one after the scenario's topics and `__consumer_offsets`; none without a transactional producer.
pub fn id(scenario: &Scenario) -> Option<TopicId> {
    let before = scenario.topics.len() + usize::from(offsets_topic::id(scenario).is_some());
    let produces = scenario.producers.iter().any(|producer| producer.config.transactional_id.is_some());
    let processes = scenario.groups.iter().any(|group| group.output.is_some());
    (produces || processes).then_some(TopicId(before as u16))
}

/// How many replicas each of its partitions has: `transaction.state.log.replication.factor`, or all brokers if there are fewer.
pub fn replication(scenario: &Scenario) -> u8 {
    scenario.cluster.config.transactions_topic_replication_factor.min(scenario.cluster.brokers)
}

/// How many partitions it has.
pub fn partitions(scenario: &Scenario) -> u16 {
    scenario.cluster.config.transactions_topic_num_partitions
}

/// The topic itself. Its records wait for every in-sync replica whatever other topics do.
///
/// Partition p begins at the last broker but p + 1 and goes round downwards, so that with few partitions the coordinators of groups
/// and of transactions are on different brokers.
pub fn topic(scenario: &Scenario) -> Topic {
    let config = &scenario.cluster.config;
    let (brokers, replication) = (u16::from(scenario.cluster.brokers), u16::from(replication(scenario)));
    let down = |first: u16| {
        (0..replication).map(move |step| BrokerId(((first + brokers - step) % brokers) as u8 + 1)).collect()
    };
    let first = |partition: u16| (2 * brokers - 2 - partition % brokers) % brokers;
    Topic {
        min_insync_replicas: config.transactions_topic_min_isr.min(u32::from(replication)),
        unclean_leader_election_enable: config.unclean_leader_election_enable,
        ack_strategy: AckStrategy::Isr,
        service_rate: None,
        assignment: (0..partitions(scenario)).map(|partition| down(first(partition))).collect(),
    }
}

/// The partition that keeps a transactional id's state. Source: 0.11.0.2 `TransactionStateManager.partitionFor`.
pub fn partition_of(scenario: &Scenario, id: &str) -> u16 {
    offsets_topic::partition_for(id, partitions(scenario))
}
