//! `group-stable`: every group with an active member has reached Stable, and each partition of its topics has one owner
//! that knows where it stands.
//!
//! Source: P5 and I21 of `kafka-behaviour.md`. A group has reached Stable when all its active members have their share of
//! one and the same generation. Its topics are those of which it owns a partition. A partition that was added late counts
//! like any other: a run comes right only once the members' metadata was refreshed. Of a group without an active member
//! nothing is demanded.
//!
//! Looked at: groups with an active member, and the partitions of their topics. Broken once for each.

use std::collections::{BTreeMap, BTreeSet};

use highwater_model::ids::{GroupId, NodeId, Offset, TopicPartition};

use super::{Last, availability, converged};
use crate::finding::Tally;
use crate::property::Property;

type Owners = Vec<(NodeId, Option<Offset>)>;

/// Judges the last state.
pub(super) fn judge(last: &Last<'_>, tally: &mut Tally) {
    let active = last.view.consumers.iter().filter(|member| member.active);
    let groups: BTreeSet<GroupId> = active.map(|member| member.group).collect();
    for group in groups {
        tally.looked += 1;
        if let Some(unstable) = unstable(last, group) {
            tally.broke(|| last.pending(Property::GroupStable, None, unstable));
        }
    }
    for ((group, partition), owners) in owners(last) {
        let known = last.view.partition(partition);
        let waits = known.is_some_and(|known| availability::may_be_leaderless(last, known));
        let wrong = match owners.as_slice() {
            [] => String::from("has no owner"),
            [(_, Some(_))] => String::new(),
            [(_, None)] if waits => continue,
            [(owner, None)] => {
                format!("is owned by {}, which does not know where it stands", last.names.node(*owner))
            }
            [(one, _), (other, _), ..] => {
                format!("is owned by {} and by {}", last.names.node(*one), last.names.node(*other))
            }
        };
        tally.looked += 1;
        if !wrong.is_empty() {
            tally.broke(|| {
                let (name, group) = (last.names.partition(partition), last.names.group(group));
                last.pending(
                    Property::GroupStable,
                    Some(partition),
                    format!("{name} in group {group} {wrong}"),
                )
            });
        }
    }
}

/// Why a group has not reached Stable, if it has not.
fn unstable(last: &Last<'_>, group: GroupId) -> Option<String> {
    let name = last.names.group(group);
    let members = || converged::members(last.view, group);
    if let Some(outside) = members().find(|member| !member.stable) {
        let node = last.names.node(outside.node);
        return Some(format!("{node} is active and has no share of a generation of group {name}"));
    }
    let first = members().next()?;
    if let Some(other) = members().find(|member| member.generation != first.generation) {
        return Some(format!(
            "{} is in generation {} of group {name} and {} in generation {}",
            last.names.node(first.node),
            first.generation,
            last.names.node(other.node),
            other.generation
        ));
    }
    converged::is_idle(last.view, group).then(|| format!("no member of group {name} owns a partition"))
}

/// Who owns each partition of each group's topics.
fn owners(last: &Last<'_>) -> BTreeMap<(GroupId, TopicPartition), Owners> {
    let mut owners: BTreeMap<(GroupId, TopicPartition), Owners> = BTreeMap::new();
    for consumer in last.view.consumers.iter().filter(|consumer| consumer.active) {
        for (partition, position) in &consumer.positions {
            let topic = partition.topic;
            let of_topic = last.view.partitions.iter().filter(|it| it.id().topic == topic);
            for each in of_topic {
                owners.entry((consumer.group, each.id())).or_default();
            }
            owners.entry((consumer.group, *partition)).or_default().push((consumer.node, *position));
        }
    }
    owners
}
