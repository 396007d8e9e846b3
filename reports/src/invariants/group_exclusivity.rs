//! `group-exclusivity`: within a generation of a group, a partition has at most one owner.
//!
//! Source: R1 of the requirements; I21 of `kafka-behaviour.md`; 0.11.0.2 `GroupCoordinator.doSyncGroup`, KIP-429. Asked
//! twice: of what the coordinator shares out, and of what members say that they own in a generation. A member that gave
//! a partition away, was fenced, or died owns it no more. Two members of different generations may believe that they own
//! the same partition: the older one is a zombie, and only its commits are refused.
//!
//! Looked at: assignments that coordinators share out, and those that members take over. Broken once for each of them.

use std::collections::{BTreeMap, BTreeSet};

use highwater_model::event::Event;
use highwater_model::ids::{BrokerId, Generation, GroupId, MemberId, NodeId, TopicPartition};

use super::whole::Whole;
use crate::finding::{Finding, Tally};
use crate::property::Property;

/// So many generations of a group are remembered: a member may take the last but one over late.
const REMEMBERED: usize = 4;

#[derive(Clone, Debug, Default)]
pub(crate) struct GroupExclusivity {
    pub(crate) tally: Tally,
    groups: BTreeMap<GroupId, Vec<Owners>>,
}

/// Who says in one generation that it owns what.
#[derive(Clone, Debug)]
struct Owners {
    generation: Generation,
    owners: BTreeMap<TopicPartition, NodeId>,
}

impl GroupExclusivity {
    /// Hears an event that is of no partition.
    pub(crate) fn hear(&mut self, whole: &Whole<'_>, event: &Event) {
        if let Event::GroupStabilized { broker, group, generation, assignment } = event {
            self.shared_out(whole, *broker, (*group, *generation), assignment);
        } else if let Event::PartitionsAssigned { client, group, generation, partitions } = event {
            self.taken_over(whole, *client, (*group, *generation), partitions);
        } else if let Event::PartitionsRevoked { client, group, partitions, .. }
        | Event::MemberFenced { client, group, partitions, .. } = event
        {
            self.given_away(*client, *group, partitions);
        } else if let Event::NodeStopped { node, .. } = event {
            self.died(*node);
        }
    }

    fn shared_out(
        &mut self,
        whole: &Whole<'_>,
        broker: BrokerId,
        (group, generation): (GroupId, Generation),
        assignment: &[(MemberId, Vec<TopicPartition>)],
    ) {
        self.tally.looked += u64::from(assignment.len() > 1);
        let mut given = BTreeSet::new();
        let all = assignment.iter().flat_map(|(_, partitions)| partitions);
        let twice = all.into_iter().find(|partition| !given.insert(**partition));
        if let Some(twice) = twice {
            self.tally.broke(|| {
                let has = |partitions: &Vec<TopicPartition>| partitions.contains(twice);
                let owners = assignment.iter().filter(|(_, partitions)| has(partitions));
                let owners: Vec<&str> = owners.map(|(member, _)| whole.names.node(member.client)).collect();
                let evidence = format!(
                    "broker {broker} gives {} in generation {generation} of group {} to {}",
                    whole.names.partition(*twice),
                    whole.names.group(group),
                    owners.join(" and to ")
                );
                finding(whole, *twice, evidence)
            });
        }
    }

    fn taken_over(
        &mut self,
        whole: &Whole<'_>,
        client: NodeId,
        (group, generation): (GroupId, Generation),
        partitions: &[TopicPartition],
    ) {
        let generations = self.groups.entry(group).or_default();
        let known = generations.iter().position(|it| it.generation == generation);
        // The first member of a generation takes nothing from anybody.
        self.tally.looked += u64::from(known.is_some());
        let place = known.unwrap_or_else(|| {
            if generations.len() >= REMEMBERED {
                generations.remove(0);
            }
            generations.push(Owners { generation, owners: BTreeMap::new() });
            generations.len() - 1
        });
        let owners = &mut generations[place].owners;
        owners.retain(|_, owner| *owner != client);
        let mut contested = None;
        for partition in partitions {
            if let Some(other) = owners.insert(*partition, client) {
                contested = contested.or(Some((*partition, other)));
            }
        }
        if let Some((partition, other)) = contested.filter(|(_, other)| *other != client) {
            self.tally.broke(|| {
                let evidence = format!(
                    "{} and {} both own {} in generation {generation} of group {}",
                    whole.names.node(other),
                    whole.names.node(client),
                    whole.names.partition(partition),
                    whole.names.group(group)
                );
                finding(whole, partition, evidence)
            });
        }
    }

    fn given_away(&mut self, client: NodeId, group: GroupId, partitions: &[TopicPartition]) {
        for Owners { owners, .. } in self.groups.entry(group).or_default() {
            for partition in partitions {
                if owners.get(partition) == Some(&client) {
                    owners.remove(partition);
                }
            }
        }
    }

    fn died(&mut self, node: NodeId) {
        for Owners { owners, .. } in self.groups.values_mut().flatten() {
            owners.retain(|_, owner| *owner != node);
        }
    }
}

fn finding(whole: &Whole<'_>, partition: TopicPartition, evidence: String) -> Finding {
    Finding { partition: Some(partition), ..whole.finding(Property::GroupExclusivity, evidence) }
}
