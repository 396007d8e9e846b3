//! `group-stable`: each partition of a group has one owner that knows where it stands.
//!
//! Source: P5 and I21 of `kafka-behaviour.md`. A group's topics are those of which it owns a partition. One that was
//! added late counts like any other: a run comes right only once the members' metadata was refreshed.
//!
//! Looked at: partitions of groups' topics, and groups of which no member owns anything. Broken once for each.

use std::collections::{BTreeMap, BTreeSet};

use highwater_model::ids::{GroupId, NodeId, Offset, TopicPartition};

use super::{Last, availability, converged};
use crate::finding::Tally;
use crate::property::Property;

type Owners = Vec<(NodeId, Option<Offset>)>;

/// Judges the last state.
pub(super) fn judge(last: &Last<'_>, tally: &mut Tally) {
    let groups: BTreeSet<GroupId> = last.view.consumers.iter().map(|member| member.group).collect();
    for group in groups.into_iter().filter(|&group| converged::is_idle(last.view, group)) {
        tally.looked += 1;
        tally.broke(|| {
            let evidence = format!("no member of group {} owns a partition", last.names.group(group));
            last.pending(Property::GroupStable, None, evidence)
        });
    }
    for ((group, partition), owners) in owners(last) {
        let known = last.view.partition(partition);
        let waits = known.is_some_and(|partition| availability::may_be_leaderless(last.view, partition));
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

/// Who owns each partition of each group's topics.
fn owners(last: &Last<'_>) -> BTreeMap<(GroupId, TopicPartition), Owners> {
    let mut owners: BTreeMap<(GroupId, TopicPartition), Owners> = BTreeMap::new();
    for consumer in &last.view.consumers {
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
