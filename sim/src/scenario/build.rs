//! Makes the plan of a valid scenario.

use std::sync::Arc;

use highwater_model::config::{ClusterConfig, CommitPoint, Topic};
use highwater_model::ids::{BrokerId, GroupId, NodeId};
use highwater_model::names::Names;
use highwater_model::time::{Instant, Micros};
use serde_json::Value;

use super::errors::Problem;
use super::format::{
    Action, Before, Fault, GroupSpec, Millis, OutputSpec, ProducerSpec, Scenario, TopicSpec,
    TransactionsSpec, When,
};
use super::lookup::{Lookup, Miss};
use super::path::JsonPath;
use super::plan::{
    Plan, PlannedAction, PlannedFault, PlannedGroup, PlannedOutput, PlannedProducer, PlannedTarget,
    PlannedTransactions, PlannedWhen,
};
use super::target::Target;
use super::{offsets_topic, transactions_topic};

/// The plan of `scenario`.
///
/// # Errors
/// If a name in it means nothing. [`super::validate::validate`] finds that first, and says where.
pub fn build(name: &str, scenario: &Scenario, overrides: &[String]) -> Result<Plan, Box<Problem>> {
    let lookup = Lookup::new(scenario);
    plan(name, scenario, overrides, &lookup).map_err(|miss| Box::new(miss.at(JsonPath::ROOT)))
}

fn plan(name: &str, scenario: &Scenario, overrides: &[String], lookup: &Lookup<'_>) -> Result<Plan, Miss> {
    let producers = scenario.producers.iter().zip(lookup.first_client()..);
    let mut next = lookup.first_client() + scenario.producers.len() as u16;
    let mut groups = Vec::new();
    for (index, group) in scenario.groups.iter().enumerate() {
        groups.push(planned_group(scenario, GroupId(index as u16), next, lookup)?);
        next += group.members + group.joining;
    }
    let faults = scenario.faults.iter().enumerate();
    Ok(Plan {
        name: name.to_owned(),
        story: scenario.story.clone(),
        overrides: overrides.to_vec(),
        names: names(scenario, lookup),
        config: Arc::new(cluster(scenario)),
        switches: scenario.switches,
        latency: span(scenario.network.latency_ms),
        producers: producers
            .map(|(producer, node)| planned_producer(scenario, producer, node, lookup))
            .collect::<Result<_, _>>()?,
        groups,
        faults: faults.map(|(index, fault)| planned_fault(index, fault, lookup)).collect::<Result<_, _>>()?,
        random: scenario.random_faults.clone(),
        variants: Vec::new(),
        duration: Instant::from_millis(scenario.duration_ms),
        liveness: Micros::from_millis(scenario.liveness_ms),
        events_max: scenario.events_max,
        memory_max: scenario.memory_max_bytes,
        expect: scenario.expect.clone(),
    })
}

fn names(scenario: &Scenario, lookup: &Lookup<'_>) -> Names {
    let brokers = (1..=scenario.cluster.brokers).map(|id| format!("broker-{id}"));
    let nodes =
        std::iter::once("controller".to_owned()).chain(brokers).chain(lookup.clients().iter().cloned());
    let topics = scenario.topics.iter().map(|topic| topic.name.as_str());
    let offsets = offsets_topic::id(scenario).map(|_| offsets_topic::NAME);
    let transactions = transactions_topic::id(scenario).map(|_| transactions_topic::NAME);
    Names {
        topics: topics.chain(offsets).chain(transactions).map(ToOwned::to_owned).collect(),
        groups: scenario.groups.iter().map(|group| group.name.clone()).collect(),
        nodes: nodes.collect(),
        faults: scenario.faults.iter().map(|fault| words(&fault.action)).collect(),
        brokers: scenario.cluster.brokers,
    }
}

/// What a fault does, as the file says it: `crash leader of orders-0, ending process, restart_after_ms 9000`.
fn words(action: &Action) -> Arc<str> {
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let said = serde_json::to_value(action).unwrap_or_default();
    let said = said.as_object().into_iter().flatten().map(|(key, value)| format!("{key} {}", word(value)));
    said.collect::<Vec<_>>().join(", ").into()
}

fn cluster(scenario: &Scenario) -> ClusterConfig {
    let broker = &scenario.cluster.config;
    let topic = |topic: &TopicSpec| Topic {
        min_insync_replicas: topic.config.min_insync_replicas.unwrap_or(broker.min_insync_replicas),
        unclean_leader_election_enable: topic
            .config
            .unclean_leader_election_enable
            .unwrap_or(broker.unclean_leader_election_enable),
        ack_strategy: topic.ack_strategy,
        service_rate: topic.service_rate,
        assignment: assignment(topic, scenario.cluster.brokers),
    };
    let offsets = offsets_topic::id(scenario).map(|_| offsets_topic::topic(scenario));
    let transactions = transactions_topic::id(scenario).map(|_| transactions_topic::topic(scenario));
    let ids = transactions_topic::ids(scenario).into_iter();
    let groups = (0..scenario.groups.len() as u16).map(GroupId);
    ClusterConfig {
        protocol: scenario.protocol.protocol().with(scenario.switches),
        brokers: scenario.cluster.brokers,
        broker: broker.clone(),
        topics: scenario.topics.iter().map(topic).chain(offsets).chain(transactions).collect(),
        offsets_topic: offsets_topic::id(scenario),
        offsets_partitions: groups.filter_map(|group| offsets_topic::partition_of(scenario, group)).collect(),
        transactions_topic: transactions_topic::id(scenario),
        transactions_partitions: ids.map(|id| transactions_topic::partition_of(scenario, &id)).collect(),
    }
}

/// The replicas of each partition: as given, or partition p from broker 1 + p mod brokers round.
fn assignment(topic: &TopicSpec, brokers: u8) -> Vec<Vec<BrokerId>> {
    if let Some(given) = &topic.assignment {
        return given.iter().map(|replicas| replicas.iter().copied().map(BrokerId).collect()).collect();
    }
    let around = |partition: u16| {
        let first = partition % u16::from(brokers);
        (0..u16::from(topic.replication))
            .map(move |step| BrokerId(((first + step) % u16::from(brokers)) as u8 + 1))
    };
    (0..topic.partitions).map(|partition| around(partition).collect()).collect()
}

fn planned_producer(
    scenario: &Scenario,
    producer: &ProducerSpec,
    node: u16,
    lookup: &Lookup<'_>,
) -> Result<PlannedProducer, Miss> {
    Ok(PlannedProducer {
        node: NodeId(node),
        topic: lookup.topic(&producer.topic)?,
        settings: producer.config.clone(),
        records: producer.records,
        every: micros(producer.every_ms),
        start: Instant::from_millis(producer.start_ms),
        partition: producer.partition,
        keys: producer.keys,
        record_bytes: producer.record_bytes,
        transactions: planned_transactions(scenario, producer),
    })
}

fn planned_transactions(scenario: &Scenario, producer: &ProducerSpec) -> Option<PlannedTransactions> {
    let id = transactions_topic::number(scenario, producer.config.transactional_id.as_deref()?)?;
    let TransactionsSpec { records, abort_every } = producer.transactions?;
    Some(PlannedTransactions { id, records, abort_every })
}

fn planned_group(
    scenario: &Scenario,
    group: GroupId,
    first: u16,
    lookup: &Lookup<'_>,
) -> Result<PlannedGroup, Miss> {
    let spec = &scenario.groups[usize::from(group.0)];
    let mut topics = spec.topics.iter().map(|topic| lookup.topic(topic)).collect::<Result<Vec<_>, _>>()?;
    topics.sort_unstable();
    let members = (first..).take(usize::from(spec.members + spec.joining)).map(NodeId).collect();
    Ok(PlannedGroup {
        group,
        topics,
        members,
        joining: spec.joining,
        static_membership: spec.static_membership,
        commit: if spec.output.is_some() { CommitPoint::Never } else { spec.commit.unwrap_or_default() },
        service_rate: spec.service_rate,
        side_by_side: spec.side_by_side,
        max_lag: spec.max_lag,
        settings: spec.config.clone(),
        output: spec
            .output
            .as_ref()
            .map(|output| planned_output(scenario, spec, output, lookup))
            .transpose()?,
    })
}

fn planned_output(
    scenario: &Scenario,
    spec: &GroupSpec,
    output: &OutputSpec,
    lookup: &Lookup<'_>,
) -> Result<PlannedOutput, Miss> {
    let ids = spec.member_names().filter_map(|name| transactions_topic::number(scenario, &name));
    Ok(PlannedOutput {
        topic: lookup.topic(&output.topic)?,
        record_bytes: output.record_bytes,
        ids: ids.collect(),
        settings: output.config.clone(),
    })
}

fn planned_fault(index: usize, fault: &Fault, lookup: &Lookup<'_>) -> Result<PlannedFault, Miss> {
    Ok(PlannedFault {
        index: index as u32,
        when: planned_when(&fault.when, lookup)?,
        action: planned_action(&fault.action, lookup)?,
    })
}

fn planned_when(when: &When, lookup: &Lookup<'_>) -> Result<PlannedWhen, Miss> {
    let Some(event) = when.event else {
        return Ok(PlannedWhen::At(Instant::START + when.at_ms.unwrap_or_default().0));
    };
    Ok(PlannedWhen::Upon {
        event,
        partition: when.partition.as_deref().map(|name| lookup.partition(name)).transpose()?,
        broker: optional(when.broker.as_ref(), lookup)?,
        client: when.client.as_deref().map(|name| lookup.client(name)).transpose()?,
        group: when.group.as_deref().map(|name| lookup.group(name)).transpose()?,
        after: Instant::from_millis(when.after_ms.unwrap_or_default()),
        occurrence: when.occurrence.unwrap_or(1),
        delay: when.delay_ms.map(micros),
        before_send: when.before == Some(Before::Ack),
    })
}

fn planned_action(action: &Action, lookup: &Lookup<'_>) -> Result<PlannedAction, Miss> {
    let target = |target: &Target| lookup.target(target);
    Ok(match action {
        Action::Crash(crash) => PlannedAction::Crash {
            target: target(&crash.crash)?,
            ending: crash.ending,
            keeps: crash.keeps,
            restart_after: span_of(crash.restart_after_ms),
        },
        Action::Shutdown(shutdown) => PlannedAction::Shutdown {
            target: target(&shutdown.shutdown)?,
            controlled: shutdown.controlled,
            restart_after: span_of(shutdown.restart_after_ms),
        },
        Action::Leave(leave) => PlannedAction::Leave { target: target(&leave.leave)? },
        Action::Join(join) => PlannedAction::Join { target: target(&join.join)? },
        Action::Pause(pause) => {
            PlannedAction::Pause { target: target(&pause.pause)?, lasts: span_of(pause.for_ms) }
        }
        Action::Partition(partition) => PlannedAction::Partition {
            groups: partition
                .partition
                .iter()
                .map(|group| group.iter().map(target).collect())
                .collect::<Result<_, _>>()?,
            lasts: span_of(partition.for_ms),
        },
        Action::Cut(cut) => PlannedAction::Cut {
            from: target(&cut.cut.from)?,
            to: target(&cut.cut.to)?,
            lasts: span_of(cut.for_ms),
        },
        Action::Degrade(degrade) => PlannedAction::Degrade {
            from: target(&degrade.degrade.from)?,
            to: target(&degrade.degrade.to)?,
            latency: degrade.latency_ms.map(span),
            loss: degrade.loss,
            duplicate: degrade.duplicate,
            reorder: degrade.reorder,
            lasts: span_of(degrade.for_ms),
        },
        Action::Lag(lag) => PlannedAction::Lag {
            target: target(&lag.lag)?,
            delay: millis(lag.delay_ms),
            lasts: span_of(lag.for_ms),
        },
        Action::Drop(drop) => PlannedAction::Drop {
            kind: drop.drop,
            from: optional(drop.from.as_ref(), lookup)?,
            to: optional(drop.to.as_ref(), lookup)?,
            count: drop.count,
        },
        Action::ElectPreferred(elect) => {
            PlannedAction::ElectPreferred { partition: lookup.partition(&elect.elect_preferred)? }
        }
        Action::CreatePartitions(create) => PlannedAction::CreatePartitions {
            topic: lookup.topic(&create.create_partitions)?,
            count: create.count,
        },
    })
}

fn optional(target: Option<&Target>, lookup: &Lookup<'_>) -> Result<Option<PlannedTarget>, Miss> {
    target.map(|target| lookup.target(target)).transpose()
}

fn span_of(millis: Option<Millis>) -> Option<Micros> {
    millis.map(|millis| millis.0)
}

fn millis(millis: Option<u64>) -> Option<Micros> {
    millis.map(Micros::from_millis)
}

/// Rounded to the nearest microsecond.
fn micros(millis: f64) -> Micros {
    Micros((millis * 1_000.0).round() as u64)
}

fn span([low, high]: [f64; 2]) -> (Micros, Micros) {
    (micros(low), micros(high))
}
