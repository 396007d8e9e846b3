//! Which events can be lines of a chain, and what a chain is about.

use highwater_model::event::{Event, EventKind};
use highwater_model::ids::{BrokerId, GroupId, NodeId, Offset, RecordId, TopicPartition, TransactionalId};
use highwater_model::names::Names;
use highwater_model::record::Record;

use super::story::Story;
use crate::finding::Finding;
use crate::property::Property;

/// What a chain is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    /// The partition on which something broke.
    pub(super) partition: Option<TopicPartition>,
    /// The record that the evidence names.
    pub(super) record: Option<RecordId>,
    /// Where it was written first.
    pub(super) offset: Option<Offset>,
    /// Whether what groups do matters.
    pub(super) groups: bool,
    /// The transaction's id, where transactions matter.
    pub(super) transaction: Option<TransactionalId>,
}

impl Subject {
    pub(super) fn of(finding: &Finding, story: &Story, names: &Names) -> Self {
        let mut subject = Self {
            partition: finding.partition,
            record: finding.record(names).or_else(|| hanging(finding, story)),
            groups: is_of_groups(finding.property),
            ..Self::default()
        };
        let appended = story.first(0..story.len(), |event| subject.writes(event));
        subject.offset = appended.and_then(|place| subject.offset_in(story.event(place)));
        let client = subject.record.map(RecordId::client);
        if is_of_transactions(finding.property) {
            let begun = story.first(
                0..story.len(),
                |event| matches!(event, Event::TransactionBegun { client: by, .. } if Some(*by) == client),
            );
            if let Some(Event::TransactionBegun { transaction, .. }) = begun.map(|place| story.event(place)) {
                subject.transaction = Some(*transaction);
            }
        }
        subject
    }

    /// Whether it is about the partition, or about none.
    pub(super) fn concerns(&self, event: &Event) -> bool {
        self.partition.is_none()
            || event.partition().is_none_or(|partition| Some(partition) == self.partition)
    }

    /// Whether the record is among these.
    pub(super) fn is_among(&self, records: &[Record]) -> bool {
        records.iter().any(|record| Some(record.value) == self.record)
    }

    /// Whether a leader writes the record.
    pub(super) fn writes(&self, event: &Event) -> bool {
        matches!(event, Event::RecordsAppended { partition, batch, .. }
            if Some(*partition) == self.partition && self.is_among(&batch.records))
    }

    /// Where a leader writes the record.
    pub(super) fn offset_in(&self, event: &Event) -> Option<Offset> {
        let Event::RecordsAppended { batch, .. } = event else { return None };
        let place = batch.records.iter().position(|record| Some(record.value) == self.record)?;
        Some(batch.base_offset.plus(place as u64))
    }

    /// Whether a replica of the partition loses the record from its log.
    pub(super) fn cuts(&self, event: &Event) -> bool {
        let Event::LogTruncated { partition, from, to, .. } = event else { return false };
        Some(*partition) == self.partition
            && self.offset.is_some_and(|offset| *to <= offset && offset < *from)
    }

    /// Whether an event that a message came of can be a line of the chain.
    pub(super) fn is_notable(&self, event: &Event) -> bool {
        if let Event::RecordsAppended { batch, .. } = event {
            return self.is_among(&batch.records);
        }
        if let Event::ProduceAcknowledged { records, .. } | Event::SendFailed { records, .. } = event {
            return self.is_among(records);
        }
        if let Event::HighWatermarkAdvanced { from, to, .. } = event {
            return self.offset.is_some_and(|offset| *from <= offset && offset < *to);
        }
        let kind = event.kind();
        if is_of_a_group(kind) {
            return self.groups;
        }
        if is_of_a_transaction(kind) {
            return self.transaction.is_some() && self.is_of_the_transaction(event);
        }
        !is_routine(kind)
    }

    fn is_of_the_transaction(&self, event: &Event) -> bool {
        transaction_of(event).is_none_or(|transaction| Some(transaction) == self.transaction)
    }
}

/// The first record of the transaction that nobody ends in the partition, where that is what broke.
fn hanging(finding: &Finding, story: &Story) -> Option<RecordId> {
    if finding.property != Property::LastStableOffsetReached {
        return None;
    }
    let here = |event: &Event| event.partition() == finding.partition;
    let is_open = |place: &usize| {
        let Event::RecordsAppended { batch, .. } = story.event(*place) else { return false };
        let producer = batch.producer.filter(|stamp| stamp.transactional).map(|stamp| stamp.id);
        let ends = |event: &Event| {
            matches!(event, Event::MarkerAppended { marker, .. } if Some(marker.producer) == producer)
                && here(event)
        };
        producer.is_some() && story.first(*place..story.len(), ends).is_none()
    };
    let open = story.all(0..story.len(), here).into_iter().find(is_open)?;
    let Event::RecordsAppended { batch, .. } = story.event(open) else { return None };
    batch.records.first().map(|record| record.value)
}

/// The transactional id that an event is about.
pub(super) fn transaction_of(event: &Event) -> Option<TransactionalId> {
    if let Event::TransactionBegun { transaction, .. }
    | Event::TransactionEnded { transaction, .. }
    | Event::TransactionFailed { transaction, .. }
    | Event::ProducerFenced { transaction, .. }
    | Event::ProducerInitialized { transaction, .. }
    | Event::TransactionMoved { transaction, .. }
    | Event::TransactionTimedOut { transaction, .. }
    | Event::TransactionRefused { transaction, .. } = event
    {
        Some(*transaction)
    } else {
        None
    }
}

/// Whether it is something that keeps a node from its work, or made it forget; of links only those with `peer`, if one
/// is named.
pub(super) fn troubles(event: &Event, node: NodeId, peer: Option<NodeId>) -> bool {
    if let Event::NodeStopped { node: struck, .. } | Event::NodePaused { node: struck } = event {
        *struck == node
    } else if let Event::LinkCut { from, to }
    | Event::LinkDegraded { from, to }
    | Event::MessageDropped { from, to, .. } = event
    {
        let is_between = |a: &NodeId, b: &NodeId| *a == node && peer.is_none_or(|peer| peer == *b);
        is_between(from, to) || is_between(to, from)
    } else if let Event::FollowerLagged { broker, .. } | Event::ControlledShutdownStarted { broker } = event {
        NodeId::from(*broker) == node
    } else {
        false
    }
}

/// Whether the second event ends what the first began.
pub(super) fn mends(trouble: &Event, event: &Event) -> bool {
    match (trouble, event) {
        (Event::NodeStopped { node, .. }, Event::NodeRestarted { node: other })
        | (Event::NodePaused { node }, Event::NodeResumed { node: other }) => node == other,
        (
            Event::LinkCut { from, to } | Event::LinkDegraded { from, to },
            Event::LinkHealed { from: source, to: goal },
        ) => (from, to) == (source, goal),
        (Event::FollowerLagged { broker, .. }, Event::FollowerLagEnded { broker: other }) => broker == other,
        (_, _) => false,
    }
}

/// Whether it is the broker's taking or leaving office on the partition.
pub(super) fn takes_part(event: &Event, broker: BrokerId, partition: Option<TopicPartition>) -> bool {
    matches!(event, Event::BecameLeader { partition: on, broker: by, .. } | Event::BecameFollower { partition: on, broker: by, .. }
        if *by == broker && Some(*on) == partition)
}

/// Whether it is about this group.
pub(super) fn of_group(event: &Event, group: GroupId) -> bool {
    event.group() == Some(group)
}

fn is_of_groups(property: Property) -> bool {
    matches!(
        property,
        Property::GroupExclusivity
            | Property::CommitFencing
            | Property::LagBounded
            | Property::GroupStable
            | Property::AllSeen
            | Property::PollSkip
            | Property::NonmonotonicPoll
            | Property::Reprocessed
            | Property::Skipped
            | Property::KeyOrder
    )
}

fn is_of_transactions(property: Property) -> bool {
    matches!(
        property,
        Property::PrecommittedRead
            | Property::AtomicTransactions
            | Property::AbortedRead
            | Property::LastStableOffsetReached
            | Property::Unseen
            | Property::LostWrite
            | Property::AllSeen
    )
}

fn is_of_a_group(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::PartitionsAssigned
            | EventKind::PartitionsRevoked
            | EventKind::PartitionsKept
            | EventKind::MemberFenced
            | EventKind::PollExpired
            | EventKind::MemberJoined
            | EventKind::MemberLeft
            | EventKind::MemberExpired
            | EventKind::RebalanceStarted
            | EventKind::GenerationStarted
            | EventKind::GroupStabilized
            | EventKind::CoordinatorLoaded
            | EventKind::CommitAccepted
            | EventKind::CommitRefused
            | EventKind::OffsetCommitted
            | EventKind::PositionReset
            | EventKind::RecordsProcessed
    )
}

fn is_of_a_transaction(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::TransactionBegun
            | EventKind::TransactionEnded
            | EventKind::TransactionFailed
            | EventKind::ProducerFenced
            | EventKind::ProducerInitialized
            | EventKind::TransactionMoved
            | EventKind::TransactionTimedOut
            | EventKind::MarkerAppended
            | EventKind::TransactionRefused
    )
}

/// What happens all the time, and says nothing by itself.
fn is_routine(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::RecordSent
            | EventKind::ProduceSent
            | EventKind::FollowerFetched
            | EventKind::RecordsFetched
            | EventKind::Replicated
            | EventKind::HighWatermarkLearned
            | EventKind::SendAcknowledged
            | EventKind::RecordsServed
            | EventKind::RecordsPolled
            | EventKind::LastStableOffsetAdvanced
            | EventKind::HighWatermarksCheckpointed
            | EventKind::LogFlushed
            | EventKind::PositionValidated
            | EventKind::FaultMissed
            | EventKind::IsrUpdated
            | EventKind::ProduceRefused
            | EventKind::Converged
    )
}
