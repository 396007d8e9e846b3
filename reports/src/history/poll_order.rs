//! Where members stand in partitions, and where what a poll returned does not begin there: what [`poll_skip`],
//! [`nonmonotonic_poll`], [`int_poll_skip`] and [`int_nonmonotonic_poll`] are asked of.
//!
//! Two polls are compared only within one assignment: one that newly gives the partition, a position that is reset, and a
//! restart of the member begin anew. What one step returned is inside one poll.

use highwater_model::event::{Step, StepId};
use highwater_model::ids::{NodeId, Offset, RecordId, TopicPartition};

use super::anomaly::Anomaly;
use super::by_partition::ByPartition;
use super::offsets::Offsets;
use super::transactions::Transactions;
use super::{Ledger, int_nonmonotonic_poll, int_poll_skip, nonmonotonic_poll, poll_skip};
use highwater_model::names::Names;

/// Where members stand.
#[derive(Clone, Debug, Default)]
pub(super) struct PollOrder {
    /// By node.
    members: Vec<ByPartition<Position>>,
    /// Jumps over offsets of which nobody has told anything so far.
    jumps: Vec<Jump>,
    /// From poll to poll, and inside one.
    pub(super) skips: [Anomaly; 2],
    /// From poll to poll, and inside one.
    pub(super) backwards: [Anomaly; 2],
}

/// Where a member stands in a partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Position {
    owned: bool,
    /// Behind what it last returned, and when that was.
    next: Option<(Offset, StepId)>,
}

/// From the offset at which a member should have gone on to the one at which it did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jump {
    pub(super) step: Step,
    pub(super) client: NodeId,
    pub(super) partition: TopicPartition,
    pub(super) from: Offset,
    pub(super) to: Offset,
    /// Inside one poll.
    inside: bool,
    /// The member is given nothing of transactions that are not committed.
    committed_only: bool,
}

/// What is known of records.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) offsets: &'a Offsets,
    pub(super) records: &'a Ledger,
    pub(super) transactions: &'a Transactions,
    pub(super) names: &'a Names,
}

impl Known<'_> {
    fn must_be_given(&self, value: RecordId) -> bool {
        self.records.get(value).is_none_or(|entry| self.transactions.must_be_given(entry))
    }
}

impl PollOrder {
    /// A poll returned `[from, to)` of a partition.
    #[inline]
    pub(super) fn polled(
        &mut self,
        (step, client): (&Step, NodeId),
        partition: TopicPartition,
        (from, to): (Offset, Offset),
        committed_only: bool,
        known: Known<'_>,
    ) {
        let position = member(&mut self.members, client).at(partition);
        let before = position.next.replace((to, step.id));
        let Some((next, at)) = before else { return };
        let inside = at == step.id;
        self.skips[usize::from(inside)].looked();
        self.backwards[usize::from(inside)].looked();
        if from != next {
            let jump = Jump { step: *step, client, partition, from: next, to: from, inside, committed_only };
            self.jumped(jump, known);
        }
    }

    #[cold]
    fn jumped(&mut self, jump: Jump, known: Known<'_>) {
        if jump.to > jump.from {
            if !self.skipped(&jump, known) {
                self.jumps.push(jump);
            }
            return;
        }
        let [from_poll_to_poll, inside] = &mut self.backwards;
        if jump.inside {
            int_nonmonotonic_poll::broke(inside, &jump, known.names);
        } else {
            nonmonotonic_poll::broke(from_poll_to_poll, &jump, known.names);
        }
    }

    /// Whether a jump is known to have left a record out.
    fn skipped(&mut self, jump: &Jump, known: Known<'_>) -> bool {
        let Jump { partition, from, to, committed_only, .. } = *jump;
        let counts = |value| !committed_only || known.must_be_given(value);
        let Some(left_out) = known.offsets.first_known(partition, (from, to), counts) else { return false };
        let [from_poll_to_poll, inside] = &mut self.skips;
        if jump.inside {
            int_poll_skip::broke(inside, jump, left_out, known.names);
        } else {
            poll_skip::broke(from_poll_to_poll, jump, left_out, known.names);
        }
        true
    }

    /// The run is over: what was told of offsets since then counts too.
    pub(super) fn close(&mut self, known: Known<'_>) {
        for jump in std::mem::take(&mut self.jumps) {
            self.skipped(&jump, known);
        }
    }

    /// A member owns these partitions from now on. In those that it did not own it begins anew.
    pub(super) fn assigned(&mut self, client: NodeId, partitions: &[TopicPartition]) {
        let positions = member(&mut self.members, client);
        for (partition, position) in positions.iter_mut() {
            if !partitions.contains(&partition) {
                *position = Position::default();
            }
        }
        for partition in partitions {
            let position = positions.at(*partition);
            if !position.owned {
                *position = Position { owned: true, next: None };
            }
        }
    }

    /// A member has given these partitions away, or lost them.
    pub(super) fn lost(&mut self, client: NodeId, partitions: &[TopicPartition]) {
        for partition in partitions {
            *member(&mut self.members, client).at(*partition) = Position::default();
        }
    }

    /// A member's position in a partition was set.
    pub(super) fn reset(&mut self, client: NodeId, partition: TopicPartition) {
        member(&mut self.members, client).at(partition).next = None;
    }

    /// A node's life ended or begins.
    pub(super) fn restarted(&mut self, node: NodeId) {
        if let Some(positions) = self.members.get_mut(usize::from(node.0)) {
            *positions = ByPartition::default();
        }
    }
}

fn member(members: &mut Vec<ByPartition<Position>>, client: NodeId) -> &mut ByPartition<Position> {
    let place = usize::from(client.0);
    if place >= members.len() {
        members.resize_with(place + 1, ByPartition::default);
    }
    &mut members[place]
}
