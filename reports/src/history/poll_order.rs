//! `poll-skip`, `nonmonotonic-poll`, `int-poll-skip`, `int-nonmonotonic-poll`: a member's successive polls of a partition
//! jump over records, or go back. Source: Jepsen's Kafka workload, `poll-skip`, `nonmonotonic-poll` and their `int-` pair.
//!
//! Two polls are compared only within one assignment: one that newly gives the partition, a position that is reset, and a
//! restart of the member begin anew. `int-` is what one step returned: inside one poll. A jump is a skip only if an offset
//! that it left out is known to hold a record, by anyone's poll or acknowledgement, now or at the end. Promised always.
//!
//! A member with `isolation.level=read_committed` is owed no record of a transaction that is not known to be committed, and
//! nobody is owed the markers of transactions.
//!
//! Looked at: what polls returned of a partition of which the member had polled before. Broken at each that goes wrong.

use highwater_model::event::{Step, StepId};
use highwater_model::ids::{NodeId, Offset, RecordId, TopicPartition};

use super::anomaly::Anomaly;
use super::by_partition::ByPartition;
use super::offsets::Offsets;
use super::transactions::Transactions;
use super::{Ledger, record_name};
use crate::finding::Finding;
use crate::property::Property;
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

/// From one offset to a later one.
#[derive(Clone, Copy, Debug)]
struct Jump {
    step: Step,
    client: NodeId,
    partition: TopicPartition,
    from: Offset,
    to: Offset,
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
        let Jump { step, client, partition, from, to, inside, .. } = jump;
        let names = known.names;
        if to > from {
            if !self.skipped(&jump, known) {
                self.jumps.push(jump);
            }
            return;
        }
        let property = if inside { Property::IntNonmonotonicPoll } else { Property::NonmonotonicPoll };
        self.backwards[usize::from(inside)].broke(true, || Finding {
            property,
            step,
            partition: Some(partition),
            evidence: format!(
                "{} polled {} from offset {to} after it had come to {from}",
                names.node(client),
                names.partition(partition)
            ),
        });
    }

    /// Whether a jump is known to have left a record out.
    fn skipped(&mut self, jump: &Jump, known: Known<'_>) -> bool {
        let Jump { step, client, partition, from, to, inside, committed_only } = *jump;
        let (offsets, names) = (known.offsets, known.names);
        let counts = |value| !committed_only || known.must_be_given(value);
        let Some((offset, value)) = offsets.first_known(partition, (from, to), counts) else { return false };
        let property = if inside { Property::IntPollSkip } else { Property::PollSkip };
        self.skips[usize::from(inside)].broke(true, || Finding {
            property,
            step,
            partition: Some(partition),
            evidence: format!(
                "{} polled {} from offset {to} after it had come to {from}: {} at offset {offset} is left out",
                names.node(client),
                names.partition(partition),
                record_name(names, value)
            ),
        });
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
