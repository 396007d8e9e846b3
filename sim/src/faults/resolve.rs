//! Whom a fault strikes: roles turned into nodes, as the fault strikes.

use highwater_model::ids::{BrokerId, NodeId, TopicPartition};
use highwater_model::view::ClusterView;
use rand_chacha::ChaCha8Rng;

use super::{Act, Witness};
use crate::scenario::plan::{PlannedAction, PlannedTarget};
use crate::seed::{Share, even};
use crate::wire::{Degraded, DropRule, Wire};

/// What a fault needs to know to find its targets.
pub(super) struct Resolver<'a> {
    pub(super) view: &'a ClusterView,
    pub(super) wire: &'a Wire,
    /// Whom the event was about that the fault waited for.
    pub(super) witness: Witness,
    /// The fault's own chance.
    pub(super) stream: ChaCha8Rng,
}

impl Resolver<'_> {
    /// The action with nodes in place of roles; none if a role is taken by nobody.
    pub(super) fn act(&mut self, action: &PlannedAction) -> Option<Act> {
        Some(match *action {
            PlannedAction::Crash { target, ending, keeps, restart_after } => {
                Act::Crash { node: self.node(target)?, ending, keeps, restart_after }
            }
            PlannedAction::Shutdown { target, controlled, restart_after } => {
                Act::Shutdown { node: self.node(target)?, controlled, restart_after }
            }
            PlannedAction::Leave { target } => Act::Leave { node: self.node(target)? },
            PlannedAction::Join { target } => Act::Join { node: self.node(target)? },
            PlannedAction::Pause { target, lasts } => Act::Pause { node: self.node(target)?, lasts },
            PlannedAction::Partition { ref groups, lasts } => {
                Act::Cut { links: between(&self.groups(groups)?), lasts }
            }
            PlannedAction::Cut { from, to, lasts } => {
                Act::Cut { links: vec![(self.node(from)?, self.node(to)?)], lasts }
            }
            PlannedAction::Degrade { from, to, latency, loss, duplicate, reorder, lasts } => Act::Degrade {
                from: self.node(from)?,
                to: self.node(to)?,
                degraded: Degraded {
                    latency,
                    loss: Share::new(loss),
                    duplicate: Share::new(duplicate),
                    reorder: Share::new(reorder),
                },
                lasts,
            },
            PlannedAction::Lag { target, delay, lasts } => {
                Act::Lag { broker: self.broker(target)?, delay, lasts }
            }
            PlannedAction::Drop { kind, from, to, count } => {
                Act::Drop(DropRule { kind, from: self.filter(from)?, to: self.filter(to)?, left: count })
            }
            PlannedAction::ElectPreferred { partition } => Act::ElectPreferred(partition),
            PlannedAction::CreatePartitions { topic, count } => Act::CreatePartitions { topic, count },
        })
    }

    /// The node that a target stands for now.
    pub(super) fn node(&mut self, target: PlannedTarget) -> Option<NodeId> {
        match target {
            PlannedTarget::Node(node) => Some(node),
            PlannedTarget::Leader(partition) => self.leader(partition),
            PlannedTarget::Follower { number, partition } => self.follower(number, partition),
            PlannedTarget::AnyBroker => self.any_broker(),
            PlannedTarget::EventBroker => self.witness.broker.map(NodeId::from),
            PlannedTarget::EventClient => self.witness.client,
            PlannedTarget::Rest => None,
        }
    }

    fn broker(&mut self, target: PlannedTarget) -> Option<BrokerId> {
        self.node(target)?.as_broker(self.view.brokers.len() as u8)
    }

    /// No filter, or the node that it names; none if it names a role that nobody has.
    #[expect(clippy::option_option, reason = "the outer one says whether there is a target at all")]
    fn filter(&mut self, target: Option<PlannedTarget>) -> Option<Option<NodeId>> {
        target.map_or(Some(None), |target| self.node(target).map(Some))
    }

    fn leader(&self, partition: TopicPartition) -> Option<NodeId> {
        self.view.partition(partition)?.controller.leader.map(NodeId::from)
    }

    fn follower(&self, number: u8, partition: TopicPartition) -> Option<NodeId> {
        let state = &self.view.partition(partition)?.controller;
        let live = || {
            let followers = state.replicas.iter().filter(|&&replica| Some(replica) != state.leader);
            followers.copied().filter(|&replica| self.wire.is_running(replica.into()))
        };
        let place = usize::from(number).checked_sub(1)?;
        let in_sync = live().filter(|&replica| state.isr.contains(replica)).nth(place);
        in_sync.or_else(|| live().nth(place)).map(NodeId::from)
    }

    fn any_broker(&mut self) -> Option<NodeId> {
        let live = live_brokers(self.view, self.wire);
        let last = live.len().checked_sub(1)?;
        Some(live[even(&mut self.stream, 0, last as u64) as usize].into())
    }

    /// Nodes by group. Whoever stands in two groups, because one node has two roles, is in the first.
    fn groups(&mut self, groups: &[Vec<PlannedTarget>]) -> Option<Vec<Vec<NodeId>>> {
        let mut named = Vec::new();
        let mut resolved = Vec::new();
        for group in groups {
            let mut nodes = Vec::new();
            for &target in group.iter().filter(|&&target| target != PlannedTarget::Rest) {
                let node = self.node(target)?;
                if !named.contains(&node) {
                    named.push(node);
                    nodes.push(node);
                }
            }
            resolved.push(nodes);
        }
        if let Some(rest) = groups.iter().position(|group| group.contains(&PlannedTarget::Rest)) {
            resolved[rest].extend(self.wire.nodes().filter(|node| !named.contains(node)));
        }
        Some(resolved)
    }
}

/// Both directions between every two nodes of different groups.
fn between(groups: &[Vec<NodeId>]) -> Vec<(NodeId, NodeId)> {
    let mut links = Vec::new();
    for (place, group) in groups.iter().enumerate() {
        for other in groups.iter().skip(place + 1) {
            for &one in group {
                links.extend(other.iter().flat_map(|&two| [(one, two), (two, one)]));
            }
        }
    }
    links
}

/// Producers and members whose processes run, ascending.
pub(super) fn live_clients(view: &ClusterView, wire: &Wire) -> Vec<NodeId> {
    wire.nodes().skip(1 + view.brokers.len()).filter(|&client| wire.is_running(client)).collect()
}

/// Brokers whose processes run, ascending.
pub(super) fn live_brokers(view: &ClusterView, wire: &Wire) -> Vec<BrokerId> {
    let all = (1..=view.brokers.len() as u8).map(BrokerId);
    all.filter(|&broker| wire.is_running(broker.into())).collect()
}
