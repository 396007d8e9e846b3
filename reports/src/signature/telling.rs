//! From what was noted to a shape in words.

use highwater_model::event::StepId;
use highwater_model::ids::{BrokerId, BrokerSet, NodeId};
use highwater_model::view::PartitionView;

use super::shapes::{FENCING, Note, Stage, What};
use super::{Role, Signature};
use crate::finding::Finding;
use crate::property::{Judge, Property};

/// A shape as it is told.
pub(super) struct Telling<'a> {
    stage: &'a Stage<'a>,
    replicas: Option<&'a PartitionView>,
    /// Who was seen breaking the property, and when.
    seen: (NodeId, StepId),
    /// Whether what strikes clients can have a part in it.
    clients_matter: bool,
    /// The brokers that take themselves for the leader.
    leaders: BrokerSet,
    parts: Vec<Part>,
}

/// A part of a shape.
struct Part {
    text: String,
    /// Whom it struck, and when, if it is a fault.
    fault: Option<(NodeId, Option<NodeId>, StepId)>,
    /// The broker that the controller took for dead.
    fenced: Option<NodeId>,
}

impl<'a> Telling<'a> {
    pub(super) fn new(stage: &'a Stage<'a>, replicas: Option<&'a PartitionView>, finding: &Finding) -> Self {
        Self {
            stage,
            replicas,
            seen: (finding.step.node, finding.step.id),
            clients_matter: clients_matter(finding.property),
            leaders: BrokerSet::EMPTY,
            parts: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, note: &Note, may_be_whole: bool) {
        let (node, other) = note.nodes;
        if self.has_no_part(node, note.what) || other.is_some_and(|other| self.has_no_part(other, note.what))
        {
            return;
        }
        let broker = node.as_broker(self.brokers());
        match note.what {
            What::Part { word, whose: false } => self.add(note, word.to_owned()),
            What::Part { word, whose: true } => {
                let whose = [Some(node), other].into_iter().flatten().map(|it| self.role(it));
                let mut whose: Vec<_> = whose.collect();
                whose.sort_unstable();
                let whose: Vec<_> = whose.into_iter().map(Role::word).collect();
                self.add(note, format!("{word} of {}", whose.join(" and ")));
            }
            What::Stopped(word) => {
                self.add(note, format!("{word} of {}", self.role(node).word()));
                self.leaders = broker.map_or(self.leaders, |broker| self.leaders.without(broker));
            }
            What::Expanded { whole: true } if may_be_whole => self.parts.clear(),
            What::Expanded { .. } => self.add(note, "ISR expanded".to_owned()),
            What::BecameLeader => {
                self.leaders = broker.map_or(self.leaders, |broker| self.leaders.with(broker));
            }
            What::BecameFollower => {
                self.leaders = broker.map_or(self.leaders, |broker| self.leaders.without(broker));
            }
            What::HealStarted => {}
        }
    }

    /// The part that someone plays by now.
    pub(super) fn role(&self, node: NodeId) -> Role {
        match node.as_broker(self.brokers()) {
            Some(broker) if !self.leaders.contains(broker) => Role::Follower,
            Some(_) if self.stage.is_internal => Role::Coordinator,
            Some(_) => Role::Leader,
            None if node == NodeId::CONTROLLER => Role::Controller,
            None if self.stage.groups.iter().any(|group| group.members.contains(&node)) => Role::Member,
            None => Role::Producer,
        }
    }

    /// The parts in their order: of faults only those that had a hand in it, and of all only the latest.
    pub(super) fn shape(self) -> Vec<String> {
        let (telling, others) = (0..self.parts.len()).partition::<Vec<_>, _>(|&place| self.tells(place));
        // Where nothing else is known, the latest fault.
        let kept = if telling.is_empty() { others.last().copied().into_iter().collect() } else { telling };
        let first = kept.len().saturating_sub(Signature::LONGEST);
        kept[first..].iter().map(|&place| self.parts[place].text.clone()).collect()
    }

    /// What is no fault does; and a fault that struck as it broke, or that was the last to strike the one who was seen, or a
    /// broker that was taken for dead since.
    fn tells(&self, place: usize) -> bool {
        let Some((node, other, step)) = self.parts[place].fault else { return true };
        let strikes = |part: &Part, whom: NodeId| {
            part.fault.is_some_and(|(node, other, _)| node == whom || other == Some(whom))
        };
        let has_a_hand = |whom: NodeId| {
            let since = &self.parts[place + 1..];
            let is_last = !since.iter().any(|part| strikes(part, whom));
            (whom == self.seen.0 && is_last) || since.iter().any(|part| part.fenced == Some(whom))
        };
        step == self.seen.1 || has_a_hand(node) || other.is_some_and(has_a_hand)
    }

    /// Brokers without a replica have none in anything, and clients none in faults that cannot matter.
    fn has_no_part(&self, node: NodeId, what: What) -> bool {
        match node.as_broker(self.brokers()) {
            Some(broker) => !self.has_replica(broker),
            None => node != NodeId::CONTROLLER && !self.clients_matter && what.strikes_clients(),
        }
    }

    fn brokers(&self) -> u8 {
        self.stage.view.brokers.len() as u8
    }

    fn has_replica(&self, broker: BrokerId) -> bool {
        self.replicas.is_none_or(|replicas| replicas.replica(broker).is_some())
    }

    /// A kind stands once, where it happened last.
    fn add(&mut self, note: &Note, text: String) {
        let (node, other) = note.nodes;
        self.parts.retain(|before| before.text != text);
        let fenced = matches!(note.what, What::Part { word: FENCING, whose: false }).then_some(node);
        let fault = note.what.is_a_fault().then_some((node, other, note.step));
        self.parts.push(Part { text, fault, fenced });
    }
}

/// Whether what strikes clients can break a property: not those of logs and of the ISR.
fn clients_matter(property: Property) -> bool {
    property.judge() == Judge::BlackBox
        || matches!(
            property,
            Property::GroupExclusivity
                | Property::CommitFencing
                | Property::LagBounded
                | Property::GroupStable
                | Property::AllSeen
                | Property::ProducerOrder
                | Property::IdempotentDedup
                | Property::Routing
                | Property::Answered
                | Property::LastStableOffsetReached
        )
}
