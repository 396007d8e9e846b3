//! Topics: their names, replicas and assignments.

use highwater_model::config::{AckStrategy, Acks};

use super::super::errors::Problem;
use super::super::format::{ProducerSpec, TopicSpec};
use super::super::path::{JsonPath, at};
use super::super::suggest::count;
use super::super::{offsets_topic, transactions_topic};
use super::Check;

/// Source: 0.11.0.2 `Topic.MAX_NAME_LENGTH`.
const NAME_LENGTH_MAX: usize = 249;
/// How many partitions there may be in all: each has its own state on every replica, in every step's view.
pub(super) const PARTITIONS_MAX: u64 = 100_000;
/// What names may consist of. Source: 0.11.0.2 `Topic.LEGAL_CHARS`.
pub(super) const NAME: &str = "letters, digits, `.`, `_` and `-`";

pub(super) fn check(check: &mut Check<'_>) {
    let topics = &check.scenario.topics;
    for (index, topic) in topics.iter().enumerate() {
        let path = at!["topics", index];
        name(check, &path, topic);
        if let Some(first) = topics[..index].iter().position(|other| other.name == topic.name) {
            let problem = Problem::new(path.key("name"), format!("there are two topics `{}`", topic.name));
            check.report(
                problem.allowed("a name of its own").because(at!["topics", first, "name"], "first here"),
            );
        }
        replication(check, &path, topic);
        assignment(check, &path, topic);
        in_sync(check, index, topic);
    }
    let partitions: u64 = topics.iter().map(|topic| u64::from(topic.partitions)).sum();
    if partitions > PARTITIONS_MAX || topics.len() > usize::from(u16::MAX) {
        let message = format!("{} have {partitions} partitions in all", count(topics.len() as u64, "topic"));
        let allowed = format!("at most {PARTITIONS_MAX} partitions, and {} topics", u16::MAX);
        check.report(Problem::new(at!["topics"], message).allowed(allowed));
    }
}

pub(super) fn is_name(name: &str) -> bool {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    !name.is_empty() && name != "." && name != ".." && name.chars().all(legal)
}

fn name(check: &mut Check<'_>, path: &JsonPath, topic: &TopicSpec) {
    if topic.name == offsets_topic::NAME {
        let message =
            format!("`{}` is the cluster's own topic: it is there as soon as there is a group", topic.name);
        let allowed = "another name; `offsets.topic.num.partitions` and `offsets.topic.replication.factor` in \
                       cluster.config shape it";
        check.report(Problem::new(path.key("name"), message).allowed(allowed));
    } else if topic.name == transactions_topic::NAME {
        let message = format!(
            "`{}` is the cluster's own topic: it is there as soon as there is a transactional producer",
            topic.name
        );
        let allowed = "another name; `transaction.state.log.num.partitions` and \
                       `transaction.state.log.replication.factor` in cluster.config shape it";
        check.report(Problem::new(path.key("name"), message).allowed(allowed));
    } else if !is_name(&topic.name) || topic.name.len() > NAME_LENGTH_MAX {
        let message = format!("`{}` is no name for a topic", topic.name);
        let allowed = format!("1 to {NAME_LENGTH_MAX} {NAME}, but not `.` or `..` alone");
        check.report(Problem::new(path.key("name"), message).allowed(allowed));
    }
}

fn replication(check: &mut Check<'_>, path: &JsonPath, topic: &TopicSpec) {
    let brokers = check.scenario.cluster.brokers;
    if topic.replication > brokers {
        let path = path.key("replication");
        let message = format!("{path} is {}, more than the {}", topic.replication, count(brokers, "broker"));
        let problem = Problem::new(path, message).allowed(format!("1 to {brokers}"));
        check.report(problem.because(at!["cluster", "brokers"], count(brokers, "broker")));
    }
}

fn assignment(check: &mut Check<'_>, path: &JsonPath, topic: &TopicSpec) {
    let Some(assignment) = &topic.assignment else { return };
    let path = path.key("assignment");
    if assignment.len() != usize::from(topic.partitions) {
        let (lists, partitions) = (assignment.len(), count(topic.partitions, "partition"));
        let message =
            format!("{path} has {} of replicas, and the topic {partitions}", count(lists as u64, "list"));
        let problem = Problem::new(path.clone(), message).allowed("one list a partition");
        check.report(problem.because(sibling(&path, "partitions"), partitions));
    }
    for (partition, replicas) in assignment.iter().enumerate() {
        let path = path.index(partition);
        if replicas.len() != usize::from(topic.replication) {
            let (found, replication) = (count(replicas.len() as u64, "replica"), topic.replication);
            let message = format!("{path} has {found}, and the topic's replication is {replication}");
            let problem = Problem::new(path.clone(), message).allowed("as many brokers as replication says");
            let because = at_topic(&path, "replication");
            check.report(problem.because(because, format!("replication {replication}")));
        }
        for (place, &broker) in replicas.iter().enumerate() {
            if let Err(miss) = check.lookup.broker(broker) {
                let because =
                    (at!["cluster", "brokers"], format!("{} brokers", check.scenario.cluster.brokers));
                check.report(miss.at(path.index(place)).because(because.0, because.1));
            } else if let Some(first) = replicas[..place].iter().position(|&other| other == broker) {
                let problem = Problem::new(path.index(place), format!("{path} names broker {broker} twice"));
                check.report(problem.allowed("each broker once").because(path.index(first), "first here"));
            }
        }
    }
}

/// More in-sync replicas than there are replicas: with acks=-1 nothing could ever be acknowledged.
/// Source: 0.11.0.2 `Partition.appendRecordsToLeader`.
fn in_sync(check: &mut Check<'_>, index: usize, topic: &TopicSpec) {
    let setting = "min.insync.replicas";
    let own = topic.config.min_insync_replicas;
    let wanted = own.unwrap_or(check.scenario.cluster.config.min_insync_replicas);
    let waits = |producer: &&ProducerSpec| producer.topic == topic.name && producer.config.acks == Acks::All;
    if topic.ack_strategy != AckStrategy::Isr || wanted <= u32::from(topic.replication) {
        return;
    }
    let Some(producer) = check.scenario.producers.iter().find(waits) else { return };
    let path = match own {
        Some(_) => at!["topics", index, "config", setting],
        None => at!["cluster", "config", setting],
    };
    let message = format!(
        "{path} is {wanted}, and `{}` has {}: nothing that `{}` writes with acks=-1 could ever be acknowledged",
        topic.name,
        count(topic.replication, "replica"),
        producer.name
    );
    let problem =
        Problem::new(path, message).allowed(format!("1 to {}, or a larger replication", topic.replication));
    check.report(problem.because(at!["topics", index, "replication"], count(topic.replication, "replica")));
}

/// `topics[0].partitions` beside `topics[0].assignment`.
fn sibling(path: &JsonPath, key: &str) -> JsonPath {
    path.parent().unwrap_or_default().key(key)
}

/// `topics[0].replication` beside the list around `topics[0].assignment[1]`.
fn at_topic(path: &JsonPath, key: &str) -> JsonPath {
    sibling(&path.parent().unwrap_or_default(), key)
}
