//! `converged`: all live replicas are back in the ISR, and their logs are equal.
//!
//! Source: P4 of `kafka-behaviour.md`: every live assigned replica rejoins the ISR. Once they do, their logs must not
//! merely be of one length.
//!
//! Looked at: partitions, but those without a leader by configuration. Broken once for each partition, and once for each
//! broker that is down though the heal restarted everything: it has stopped itself again.

use highwater_model::ids::{BrokerId, BrokerSet, Generation, GroupId, NodeId, Offset, TopicPartition};
use highwater_model::names::Names;
use highwater_model::view::{BrokerView, ClusterView, ConsumerView, PartitionView, ReplicaView};

use super::{Last, availability, last_stable_offset_reached};
use crate::finding::Tally;
use crate::property::Property;

/// What keeps the cluster from having come right. Cheap to make; [`Pending::in_words`] says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// A broker is down, stands still, or is not known to the controller.
    Broker(BrokerId),
    /// A partition has no leader in the controller's epoch.
    Leader(TopicPartition),
    /// The controller's ISR, or the one that the leader believes in, lacks replicas; the smaller is told.
    Isr(TopicPartition, BrokerSet),
    /// A replica's log ends elsewhere than the leader's.
    LogEnd(TopicPartition, BrokerId, Offset),
    /// A replica's high watermark is not the log's end.
    HighWatermark(TopicPartition, BrokerId, Offset),
    /// A transaction is open in a log from here on.
    Transaction(TopicPartition, Offset),
    /// A producer has this many records neither answered nor given up.
    Producer(NodeId, u64),
    /// A consumer does not know its position, or stands elsewhere than at the high watermark.
    Consumer(NodeId, TopicPartition, Option<Offset>),
    /// No member of a group that reads the topic owns this partition: it was added, and they have yet to notice.
    Unowned(GroupId, TopicPartition),
    /// No member of the group owns anything: none has heard of its topics yet.
    Idle(GroupId),
    /// A member that takes part has no share of a generation, or its group is in a rebalance.
    Unstable(NodeId),
    /// A member's application is at work on the last records.
    Busy(NodeId),
    /// Two members of one group are in different generations.
    Generations(GroupId, Generation, Generation),
}

impl Pending {
    /// For people.
    pub fn in_words(&self, names: &Names) -> String {
        match self {
            Self::Broker(broker) => format!("broker {broker} is down, paused or not registered"),
            Self::Leader(partition) => format!("{} has no leader", names.partition(*partition)),
            Self::Isr(partition, isr) => format!("the ISR of {} is {isr}", names.partition(*partition)),
            Self::LogEnd(partition, broker, end) => {
                let name = names.partition(*partition);
                format!("the log of {name} on broker {broker} ends at {end}, elsewhere than its leader's")
            }
            Self::HighWatermark(partition, broker, at) => {
                let name = names.partition(*partition);
                format!("the high watermark of {name} on broker {broker} is {at} and not the log's end")
            }
            Self::Transaction(partition, from) => {
                format!("a transaction is open in {} from offset {from} on", names.partition(*partition))
            }
            Self::Producer(node, pending) => {
                format!("{} has {pending} records neither answered nor given up", names.node(*node))
            }
            Self::Consumer(node, partition, position) => {
                let (node, name) = (names.node(*node), names.partition(*partition));
                match position {
                    Some(at) => format!("{node} stands at {at} of {name} and not at the high watermark"),
                    None => format!("{node} does not know where it stands in {name}"),
                }
            }
            Self::Unowned(group, partition) => {
                format!("{} in group {} has no owner", names.partition(*partition), names.group(*group))
            }
            Self::Idle(group) => format!("no member of group {} owns a partition", names.group(*group)),
            Self::Busy(node) => format!("{} has yet to finish what a poll returned", names.node(*node)),
            Self::Unstable(node) => format!("{} has no share of a generation", names.node(*node)),
            Self::Generations(group, one, other) => {
                format!("group {} has members in generation {one} and in {other}", names.group(*group))
            }
        }
    }
}

/// Whether all has come right: every broker up and known, every partition led, replicated and committed to its end,
/// every record of a producer answered or given up, no transaction open, every group with an active member in one generation, every
/// partition of its topics owned, every consumer at the high watermark. A group without an active member demands
/// nothing. Allocates nothing unless there are transactions.
///
/// # Errors
///
/// The first thing found that is still pending.
pub fn converged(view: &ClusterView) -> Result<(), Pending> {
    for (place, broker) in view.brokers.iter().enumerate() {
        let BrokerView { alive, paused, registered, .. } = *broker;
        if !alive || paused || !registered {
            return Err(Pending::Broker(BrokerId(place as u8 + 1)));
        }
    }
    view.partitions.iter().try_for_each(partition_converged)?;
    for producer in &view.producers {
        if producer.pending > 0 {
            return Err(Pending::Producer(producer.node, producer.pending));
        }
    }
    if last_stable_offset_reached::has_transactions(view) {
        view.partitions.iter().try_for_each(transactions_over)?;
    }
    let mut active = view.consumers.iter().filter(|consumer| consumer.active);
    active.try_for_each(|consumer| consumer_converged(view, consumer))
}

fn partition_converged(partition: &PartitionView) -> Result<(), Pending> {
    let name = partition.id();
    let leader = partition.true_leader().ok_or(Pending::Leader(name))?;
    let full = partition.replicas.len();
    for isr in [partition.controller.isr, leader.isr] {
        if isr.len() < full {
            return Err(Pending::Isr(name, isr));
        }
    }
    for replica in &partition.replicas {
        if replica.log_end != leader.log_end {
            return Err(Pending::LogEnd(name, replica.broker, replica.log_end));
        }
        if replica.high_watermark != leader.log_end {
            return Err(Pending::HighWatermark(name, replica.broker, replica.high_watermark));
        }
    }
    Ok(())
}

fn transactions_over(partition: &PartitionView) -> Result<(), Pending> {
    let open = partition.true_leader().and_then(last_stable_offset_reached::first_open).flatten();
    open.map_or(Ok(()), |(_, from)| Err(Pending::Transaction(partition.id(), from)))
}

fn consumer_converged(view: &ClusterView, consumer: &ConsumerView) -> Result<(), Pending> {
    if !consumer.stable {
        return Err(Pending::Unstable(consumer.node));
    }
    if is_idle(view, consumer.group) {
        return Err(Pending::Idle(consumer.group));
    }
    if let Some(first) = members(view, consumer.group).next()
        && first.generation != consumer.generation
    {
        return Err(Pending::Generations(consumer.group, first.generation, consumer.generation));
    }
    for (partition, position) in &consumer.positions {
        let leader = view.partition(*partition).and_then(PartitionView::true_leader);
        let end = leader.map(|leader| leader.high_watermark);
        if position.is_none() || *position != end {
            return Err(Pending::Consumer(consumer.node, *partition, *position));
        }
        neighbours(*partition).into_iter().flatten().try_for_each(|next| owned(view, consumer, next))?;
    }
    if consumer.busy { Err(Pending::Busy(consumer.node)) } else { Ok(()) }
}

/// The members of a group that take part.
pub(super) fn members(view: &ClusterView, group: GroupId) -> impl Iterator<Item = &ConsumerView> {
    view.consumers.iter().filter(move |member| member.active && member.group == group)
}

/// Whether no active member of a group owns anything. Every group reads a topic, and every topic has a partition.
pub(super) fn is_idle(view: &ClusterView, group: GroupId) -> bool {
    members(view, group).all(|member| member.positions.is_empty())
}

/// The partitions of the topic with the next lower and the next higher number. Who owns some of a topic's partitions
/// and not all has an owned one beside one that is not.
fn neighbours(partition: TopicPartition) -> [Option<TopicPartition>; 2] {
    let TopicPartition { topic, partition } = partition;
    [partition.checked_sub(1), partition.checked_add(1)]
        .map(|number| number.map(|partition| TopicPartition { topic, partition }))
}

/// A partition, if it exists, has an owner in this consumer's group.
fn owned(view: &ClusterView, consumer: &ConsumerView, partition: TopicPartition) -> Result<(), Pending> {
    let owns = |one: &ConsumerView| one.positions.binary_search_by_key(&partition, |(id, _)| *id).is_ok();
    if owns(consumer) || view.place(partition).is_none() || members(view, consumer.group).any(owns) {
        Ok(())
    } else {
        Err(Pending::Unowned(consumer.group, partition))
    }
}

/// Judges the last state.
pub(super) fn judge(last: &Last<'_>, tally: &mut Tally) {
    for (place, broker) in last.view.brokers.iter().enumerate() {
        if !broker.alive || !broker.registered {
            tally.looked += 1;
            tally.broke(|| {
                let evidence = format!(
                    "broker {} is down, or not known to the controller, long after the heal",
                    place + 1
                );
                last.pending(Property::Converged, None, evidence)
            });
        }
    }
    for partition in &last.view.partitions {
        if availability::may_be_leaderless(last, partition) {
            continue;
        }
        tally.looked += 1;
        let Some(leader) = partition.true_leader() else { continue };
        let live = availability::live(last.view, partition);
        let outside = live.difference(partition.controller.isr);
        let is_live = |replica: &&ReplicaView| live.contains(replica.broker);
        let differing = partition.replicas.iter().filter(is_live).find(|replica| !equal(replica, leader));
        if outside.is_empty() && differing.is_none() {
            continue;
        }
        tally.broke(|| {
            let name = last.names.partition(partition.id());
            let evidence = match differing {
                Some(replica) if outside.is_empty() => format!(
                    "the log of {name} on broker {} {DIFFERS} of its leader, broker {}: they end at {} and \
                     {}, and first differ at offset {}",
                    replica.broker,
                    leader.broker,
                    replica.log_end,
                    leader.log_end,
                    first_difference(replica, leader)
                ),
                Some(_) | None => format!(
                    "brokers {outside} are alive and outside the ISR {} of {name}",
                    partition.controller.isr
                ),
            };
            last.pending(Property::Converged, Some(partition.id()), evidence)
        });
    }
}

/// What is said of two logs only.
pub(crate) const DIFFERS: &str = "differs from that";

fn equal(replica: &ReplicaView, leader: &ReplicaView) -> bool {
    replica.log_end == leader.log_end && replica.log == leader.log
}

/// The first offset at which two logs have not the same record of the same epoch.
fn first_difference(one: &ReplicaView, other: &ReplicaView) -> Offset {
    let held = |replica: &ReplicaView, offset| {
        let batch = replica.batch_at(offset)?;
        Some((batch.leader_epoch, batch.record_at(offset)?.value))
    };
    let end = one.log_end.max(other.log_end);
    (0..end.0).map(Offset).find(|offset| held(one, *offset) != held(other, *offset)).unwrap_or(end)
}
