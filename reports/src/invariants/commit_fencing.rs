//! `commit-fencing`: a coordinator lets a commit in only from a member, of the generation that the group is in, and not
//! while it waits for the leader's assignment.
//!
//! Source: R1 of the requirements; I22 of `kafka-behaviour.md`; 0.11.0.2 `GroupCoordinator.doCommitOffsets`. What a
//! coordinator knows of a group is kept here from what it tells; and where it took over a partition of
//! `__consumer_offsets`, from the latest metadata in that log (0.11.0.2 `GroupMetadataManager.loadGroupsAndOffsets`).
//!
//! Looked at: commits that coordinators let in. Broken at each that should have been refused.

use std::collections::{BTreeMap, BTreeSet};

use highwater_model::event::Event;
use highwater_model::ids::{BrokerId, Generation, GroupId, MemberId, NodeId};
use highwater_model::record::{Content, GroupRecord};

use super::scene::Scene;
use super::whole::Whole;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct CommitFencing {
    pub(crate) tally: Tally,
    known: BTreeMap<(BrokerId, GroupId), Known>,
}

/// What a coordinator knows of a group.
#[derive(Clone, Debug, Default)]
struct Known {
    generation: Generation,
    /// Whether it waits for the leader's assignment: CompletingRebalance.
    completing: bool,
    members: BTreeSet<MemberId>,
}

impl CommitFencing {
    /// Hears an event that is of no partition.
    pub(crate) fn hear(&mut self, whole: &Whole<'_>, event: &Event) {
        if let Event::MemberJoined { broker, group, member, .. } = *event {
            self.of(broker, group).members.insert(member);
        } else if let Event::MemberLeft { broker, group, member, .. }
        | Event::MemberExpired { broker, group, member, .. } = *event
        {
            self.of(broker, group).members.remove(&member);
        } else if let Event::RebalanceStarted { broker, group, .. } = *event {
            self.of(broker, group).completing = false;
        } else if let Event::GroupStabilized { broker, group, .. } = *event {
            self.of(broker, group).completing = false;
        } else if let Event::GenerationStarted { broker, group, generation, members } = *event {
            let known = self.of(broker, group);
            (known.generation, known.completing) = (generation, members > 0);
        } else if let Event::CommitAccepted { broker, group, client, generation, .. } = *event {
            self.accepted(whole, broker, group, client, generation);
        } else if let Event::NodeStopped { node, .. } = *event {
            self.known.retain(|(broker, _), _| NodeId::from(*broker) != node);
        }
    }

    /// A broker leads a partition of `__consumer_offsets` no more: it forgets the groups there. One that goes on leading in
    /// another epoch goes on knowing them.
    pub(crate) fn changed_hands(&mut self, scene: &Scene<'_>, broker: BrokerId) {
        let partition = scene.partition.id();
        if scene.config.is_internal(partition.topic) {
            let there = |group| scene.config.offsets_partition(group) == Some(partition);
            self.known.retain(|(on, group), _| *on != broker || !there(*group));
        }
    }

    /// A coordinator has read a partition of `__consumer_offsets`.
    pub(crate) fn loaded(&mut self, scene: &Scene<'_>, broker: BrokerId) {
        self.changed_hands(scene, broker);
        let Some((_, replica)) = scene.replica(broker) else { return };
        for record in replica.log.iter().flat_map(|batch| batch.records.iter()) {
            let Some(Content::Group(GroupRecord::Metadata { group, generation, members, .. })) =
                record.content.as_deref()
            else {
                continue;
            };
            let members = members.iter().map(|stored| stored.member).collect();
            *self.of(broker, *group) = Known { generation: *generation, completing: false, members };
        }
    }

    fn of(&mut self, broker: BrokerId, group: GroupId) -> &mut Known {
        self.known.entry((broker, group)).or_default()
    }

    fn accepted(
        &mut self,
        whole: &Whole<'_>,
        broker: BrokerId,
        group: GroupId,
        client: NodeId,
        generation: Generation,
    ) {
        self.tally.looked += 1;
        let wrong = match self.known.get(&(broker, group)) {
            None => String::from("of which it knows nothing"),
            Some(known) if known.generation != generation => {
                format!("which is in generation {}", known.generation)
            }
            Some(known) if known.completing => String::from("which waits for its leader's assignment"),
            Some(known) if known.members.iter().any(|member| member.client == client) => return,
            Some(_) => String::from("of which it is no member"),
        };
        self.tally.broke(|| {
            let evidence = format!(
                "broker {broker} let in a commit of {} in generation {generation} of group {}, {wrong}",
                whole.names.node(client),
                whole.names.group(group)
            );
            whole.finding(Property::CommitFencing, evidence)
        });
    }
}
