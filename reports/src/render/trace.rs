//! A run as a timeline: one line an event, in fixed columns that people can scan.
//!
//! ```text
//!     1204.250      #381  broker-2    became leader of orders-0 in epoch 3 (HW 90, LEO 95)
//! ```
//!
//! Milliseconds, the step, whose step it was (`-` for what the simulation itself does), and what happened.

mod words;

use std::fmt::Write as _;

use highwater_model::event::{Event, Step, TruncationReason};
use highwater_model::machine::Ending;
use highwater_model::names::Names;

use words::{Words, span};

/// Writes lines of a timeline.
#[derive(Clone, Debug)]
pub struct Trace<'a> {
    names: &'a Names,
    /// The width of the column of nodes.
    width: usize,
}

impl<'a> Trace<'a> {
    /// A timeline of a run with these names.
    pub fn new(names: &'a Names) -> Self {
        let width = names.nodes.iter().map(|name| name.chars().count()).max().unwrap_or(1);
        Self { names, width }
    }

    /// Adds an event's line to `text`, with its line feed.
    pub fn write(&self, step: &Step, event: &Event, text: &mut String) {
        let actor = actor(self.names, step, event);
        let (number, width) = (format!("#{}", step.id.0), self.width);
        writeln!(text, "{:>12}{number:>10}  {actor:<width$}  {}", step.at, describe(self.names, event))
            .expect("a String takes all that is written");
    }

    /// An event's line, without a line feed.
    pub fn line(&self, step: &Step, event: &Event) -> String {
        let mut text = String::new();
        self.write(step, event, &mut text);
        text.truncate(text.trim_end().len());
        text
    }
}

/// Whose an event is: the node of its step; `-` for what the simulation itself does.
pub(crate) fn actor<'a>(names: &'a Names, step: &Step, event: &Event) -> &'a str {
    // What a disk lost is told by the driver, and is about the broker.
    if let Event::LogTruncated { broker, reason: TruncationReason::PowerLoss, .. } = event {
        names.node((*broker).into())
    } else if told_by_the_driver(event) {
        "-"
    } else {
        names.node(step.node)
    }
}

pub(crate) fn told_by_the_driver(event: &Event) -> bool {
    matches!(
        event,
        Event::FaultStruck { .. }
            | Event::FaultMissed { .. }
            | Event::NodeStopped { .. }
            | Event::NodeRestarted { .. }
            | Event::NodePaused { .. }
            | Event::NodeResumed { .. }
            | Event::LinkCut { .. }
            | Event::LinkHealed { .. }
            | Event::LinkDegraded { .. }
            | Event::FollowerLagged { .. }
            | Event::FollowerLagEnded { .. }
            | Event::MessageDropped { .. }
            | Event::HealStarted
            | Event::Converged
    )
}

/// What happened, in words that follow the actor's name. A table: one row an event.
pub fn describe(names: &Names, event: &Event) -> String {
    let n = Words(names);
    match event {
        Event::RecordSent { partition, record, .. } => {
            format!("was asked to send {} to {}", n.value(record.value), n.partition(*partition))
        }
        Event::ProduceSent { partition, broker, first, count, .. } => {
            format!("sent {} for {} to {}", n.run(*first, *count), n.partition(*partition), n.broker(*broker))
        }
        Event::ProduceRetried { partition, broker, first, count, attempt, .. } => format!(
            "sent {} for {} to {} again (attempt {attempt})",
            n.run(*first, *count),
            n.partition(*partition),
            n.broker(*broker)
        ),
        Event::RecordsAppended { partition, batch, .. } => format!(
            "appended {} to {} at {} in epoch {}",
            n.records(&batch.records),
            n.partition(*partition),
            span(batch.base_offset, batch.end_offset()),
            batch.leader_epoch
        ),
        Event::DuplicateDiscarded { partition, client, producer, base_sequence, offset, .. } => format!(
            "discarded a duplicate from {} on {} (PID {producer}, sequence {base_sequence}; it is at offset {offset})",
            n.node(*client),
            n.partition(*partition)
        ),
        Event::ProduceRefused { partition, client, error, .. } => format!(
            "refused a produce from {} to {}: {}",
            n.node(*client),
            n.partition(*partition),
            error.name()
        ),
        Event::FollowerFetched { partition, replica, offset, leader_end, .. } => format!(
            "answered {}, whose log of {} ends at {offset} (own LEO {leader_end})",
            n.broker(*replica),
            n.partition(*partition)
        ),
        Event::RecordsFetched { partition, from, to, .. } => {
            format!("copied {} of {}", span(*from, *to), n.partition(*partition))
        }
        Event::Replicated { partition, client, base_offset, end_offset, .. } => format!(
            "knows {} of {} from {} on every in-sync replica",
            span(*base_offset, *end_offset),
            n.partition(*partition),
            n.node(*client)
        ),
        Event::HighWatermarkAdvanced { partition, from, to, .. } => {
            format!("raised the HW of {} from {from} to {to}", n.partition(*partition))
        }
        Event::HighWatermarkLearned { partition, from, to, .. } => {
            format!("learned the HW of {}: {to} (was {from})", n.partition(*partition))
        }
        Event::ProduceAcknowledged { partition, client, acks, base_offset, records, .. } => format!(
            "acknowledged {} to {} on {} at {} (acks={acks})",
            n.records(records),
            n.node(*client),
            n.partition(*partition),
            span(*base_offset, base_offset.plus(records.len() as u64))
        ),
        Event::ProduceFailed { partition, client, base_offset, error, .. } => format!(
            "answered {} with {} for what it wrote to {} at {base_offset}",
            n.node(*client),
            error.name(),
            n.partition(*partition)
        ),
        Event::SendAcknowledged { partition, base_offset: Some(base), records, .. } => format!(
            "was told that {} is in {} at {}",
            n.records(records),
            n.partition(*partition),
            span(*base, base.plus(records.len() as u64))
        ),
        Event::SendAcknowledged { partition, base_offset: None, records, .. } => {
            format!("called {} for {} done without an offset", n.records(records), n.partition(*partition))
        }
        Event::SendFailed { partition, records, error, definite, .. } => format!(
            "gave up {} for {}: {} ({})",
            n.records(records),
            n.partition(*partition),
            error.name(),
            if *definite { "surely not written" } else { "perhaps written" }
        ),
        Event::RecordsServed { partition, client, from, to, high_watermark, .. } => format!(
            "served {} of {} to {} (HW {high_watermark})",
            span(*from, *to),
            n.partition(*partition),
            n.node(*client)
        ),
        Event::RecordsPolled { partition, from, batch, .. } => {
            let skipped = from.0.saturating_sub(batch.base_offset.0) as usize;
            format!(
                "read {} from {} at {}",
                n.records(batch.records.get(skipped..).unwrap_or_default()),
                n.partition(*partition),
                span(*from, batch.end_offset())
            )
        }
        Event::OffsetCommitted { partition, client, group, offset, .. } => format!(
            "stored offset {offset} of {} for group {}, as {} asked",
            n.partition(*partition),
            names.group(*group),
            n.node(*client)
        ),
        Event::RecordsProcessed { partition, from, to, .. } => {
            format!("finished with {} of {}", span(*from, *to), n.partition(*partition))
        }
        Event::PartitionsAssigned { generation, partitions, .. } => {
            format!("owns {} in generation {generation}", n.partitions(partitions))
        }
        Event::PartitionsRevoked { generation, partitions, .. } => {
            format!("gives {} away, of generation {generation}", n.partitions(partitions))
        }
        Event::PartitionsKept { generation, partitions, .. } => {
            format!("rebalances and keeps {}, of generation {generation}", n.partitions(partitions))
        }
        Event::MemberFenced { group, error, partitions, .. } => {
            let (group, lost) = (names.group(*group), n.partitions(partitions));
            format!("learned that group {group} went on without it: {}; it lost {lost}", error.name())
        }
        Event::PollExpired { group, .. } => {
            format!("has not polled for max.poll.interval.ms and leaves group {}", names.group(*group))
        }
        Event::MemberJoined { group, client, .. } => {
            format!("took {} into group {}", n.node(*client), names.group(*group))
        }
        Event::MemberLeft { group, client, .. } => {
            format!("let {} go from group {}", n.node(*client), names.group(*group))
        }
        Event::MemberExpired { group, client, .. } => {
            format!("takes {} of group {} for dead", n.node(*client), names.group(*group))
        }
        Event::RebalanceStarted { group, generation, .. } => {
            format!("group {} prepares to rebalance after generation {generation}", names.group(*group))
        }
        Event::GenerationStarted { group, generation, members, .. } => {
            format!("group {} is in generation {generation}, with {members} members", names.group(*group))
        }
        Event::GroupStabilized { group, generation, .. } => {
            format!("group {} is stable in generation {generation}", names.group(*group))
        }
        Event::CoordinatorLoaded { partition, groups, .. } => {
            let (what, them) = if *groups == 1 { ("group", "it") } else { ("groups", "them") };
            format!("read {groups} {what} from {} and coordinates {them}", n.partition(*partition))
        }
        Event::CommitAccepted { group, client, generation, .. } => format!(
            "lets {} commit for group {} in generation {generation}",
            n.node(*client),
            names.group(*group)
        ),
        Event::CommitRefused { group, client, generation, error, .. } => format!(
            "refused {} a commit for group {} in generation {generation}: {}",
            n.node(*client),
            names.group(*group),
            error.name()
        ),
        Event::VoteGiven { partition, epoch, last_epoch, end_offset, .. } => format!(
            "votes in epoch {epoch} of {}: its log ends at {end_offset} in epoch {last_epoch}",
            n.partition(*partition)
        ),
        Event::ProducerEpochBumped { producer, epoch, .. } => {
            format!("raises its epoch: PID {producer}, epoch {epoch}")
        }
        Event::PositionValidated { partition, offset, .. } => {
            format!("finds that its position {offset} in {} stands", n.partition(*partition))
        }
        Event::TruncationDetected { partition, from, to, .. } => format!(
            "finds that {} was cut below its position {from}: the logs part at {to}",
            n.partition(*partition)
        ),
        Event::PositionReset { partition, to, .. } => {
            format!("begins to read {} at {to}", n.partition(*partition))
        }
        Event::BecameLeader { partition, epoch, high_watermark, end_offset, .. } => format!(
            "became leader of {} in epoch {epoch} (HW {high_watermark}, LEO {end_offset})",
            n.partition(*partition)
        ),
        Event::BecameFollower { partition, leader, epoch, high_watermark, end_offset, .. } => format!(
            "follows {} on {} in epoch {epoch} (HW {high_watermark}, LEO {end_offset})",
            n.broker(*leader),
            n.partition(*partition)
        ),
        Event::LogTruncated { partition, broker, from, to, high_watermark, reason } => {
            let why = match reason {
                TruncationReason::BecameFollower => "it became a follower",
                TruncationReason::EpochEnd => "its last epoch ends there at the leader's",
                TruncationReason::UnknownEpoch => {
                    "it knows no epoch to ask for, or the leader did not know it"
                }
                TruncationReason::Diverged => "the leader's log is another",
                TruncationReason::OutOfRange => "the leader's log is shorter",
                TruncationReason::PowerLoss => "the power failed",
            };
            format!(
                "cut the log of {} on {} from {from} to {to}: {why} (HW {high_watermark})",
                n.partition(*partition),
                n.broker(*broker)
            )
        }
        Event::EpochEndTold { partition, fetcher, asked, epoch, end_offset, .. } => match (epoch, end_offset)
        {
            (Some(epoch), Some(end)) => format!(
                "told {} that epoch {asked} of {} is {epoch} here and ends at {end}",
                n.node(*fetcher),
                n.partition(*partition)
            ),
            (None, Some(end)) => format!(
                "told {} that epoch {asked} of {} ends at {end}",
                n.node(*fetcher),
                n.partition(*partition)
            ),
            (_, None) => format!(
                "told {} that it does not know epoch {asked} of {}",
                n.node(*fetcher),
                n.partition(*partition)
            ),
        },
        Event::DivergenceTold { partition, fetcher, offset, epoch, end_offset, .. } => format!(
            "answered {} a fetch of {} at {offset}: the logs part, epoch {epoch} ends at {end_offset} here",
            n.node(*fetcher),
            n.partition(*partition)
        ),
        Event::FetchFenced { partition, fetcher, error, .. } => {
            format!("refused {} a fetch of {}: {}", n.node(*fetcher), n.partition(*partition), error.name())
        }
        Event::FetchOutOfRange { partition, fetcher, offset, .. } => format!(
            "refused {} a fetch of {} at {offset}: out of range",
            n.node(*fetcher),
            n.partition(*partition)
        ),
        Event::FetcherDied { partition, leader, offset, .. } => format!(
            "cannot fetch from {} any more: it was sent {} from offset {offset}, below its own end",
            n.broker(*leader),
            n.partition(*partition)
        ),
        Event::IsrShrinkProposed { partition, removed, isr, .. } => {
            format!("proposes to drop {removed} from the ISR of {}: {isr}", n.partition(*partition))
        }
        Event::IsrExpandProposed { partition, added, isr, end_offset, high_watermark, .. } => format!(
            "proposes to take {} into the ISR of {}: {isr} (its LEO {end_offset}, HW {high_watermark})",
            n.broker(*added),
            n.partition(*partition)
        ),
        Event::TransactionBegun { number, .. } => format!("begins transaction {number}"),
        Event::TransactionEnded { number, commit: true, .. } => format!("committed transaction {number}"),
        Event::TransactionEnded { number, commit: false, .. } => format!("aborted transaction {number}"),
        Event::TransactionFailed { number, error, .. } => {
            format!("gives up transaction {number}: {}", error.name())
        }
        Event::ProducerFenced { error, .. } => format!("is fenced: {}", error.name()),
        Event::ProducerInitialized { client, producer, epoch, .. } => {
            format!("gave {} the PID {producer} in epoch {epoch}", n.node(*client))
        }
        Event::TransactionMoved { producer, epoch, state, .. } => {
            format!("has the transaction of PID {producer} in epoch {epoch} in {state:?}")
        }
        Event::TransactionTimedOut { transaction, .. } => {
            format!("aborts transaction {transaction}, which has been open for too long")
        }
        Event::MarkerAppended { partition, marker, offset, .. } => format!(
            "wrote to {} at {offset} that PID {} {} in epoch {}",
            n.partition(*partition),
            marker.producer,
            if marker.commit { "committed" } else { "aborted" },
            marker.epoch
        ),
        Event::TransactionRefused { client, error, .. } => {
            format!("refused {} something of its transaction: {}", n.node(*client), error.name())
        }
        Event::LastStableOffsetAdvanced { partition, from, to, .. } => {
            format!("has {} stable from {from} up to {to}", n.partition(*partition))
        }
        Event::IsrUpdated { partition, isr, version, .. } => {
            format!("hears that the ISR of {} is {isr} (version {version})", n.partition(*partition))
        }
        Event::LeaderRecovered { partition, .. } => {
            format!("takes {} for recovered after an unclean election", n.partition(*partition))
        }
        Event::IsrUpdateRefused { partition, error, .. } => {
            format!("was refused its ISR of {}: {}", n.partition(*partition), error.name())
        }
        Event::BrokerStarted { unclean: false, .. } => "started".to_owned(),
        Event::BrokerStarted { unclean: true, .. } => "started after an unclean end".to_owned(),
        Event::HighWatermarksCheckpointed { .. } => "wrote its high watermarks to disk".to_owned(),
        Event::LogFlushed { partition, to, .. } => {
            format!("flushed {} up to {to}", n.partition(*partition))
        }
        Event::BrokerHalted { partition, leader_end, .. } => format!(
            "halts itself: its log of {} may not be cut to the leader's end {leader_end}",
            n.partition(*partition)
        ),
        Event::ControlledShutdownStarted { .. } => "begins a controlled shutdown".to_owned(),
        Event::ControlledShutdownCompleted { .. } => "leads nothing any more and stops".to_owned(),
        Event::BrokerRegistered { broker, epoch } => {
            format!("registered {} with broker epoch {epoch}", n.broker(*broker))
        }
        Event::BrokerFenced { broker } => format!("takes {} for dead", n.broker(*broker)),
        Event::BrokerUnfenced { broker } => format!("takes {} for alive", n.broker(*broker)),
        Event::UncleanShutdownDetected { broker } => {
            format!("finds that {} did not stop in good order", n.broker(*broker))
        }
        Event::BounceOverlooked { broker } => {
            format!("does not notice that {} was gone and is back", n.broker(*broker))
        }
        Event::ElrChanged { partition, elr } => {
            format!("holds {elr} eligible to lead {}", n.partition(*partition))
        }
        Event::LeaderElected { partition, broker, epoch, isr, unclean } => format!(
            "elected {} leader of {} in epoch {epoch}{} (ISR {isr})",
            n.broker(*broker),
            n.partition(*partition),
            if *unclean { " from outside the ISR" } else { "" }
        ),
        Event::PartitionOffline { partition, epoch, isr } => {
            format!("finds no leader for {} in epoch {epoch} (ISR {isr})", n.partition(*partition))
        }
        Event::IsrShrunk { partition, removed, isr, version } => {
            n.isr("dropped", *partition, *removed, *isr, version.0)
        }
        Event::IsrExpanded { partition, added, isr, version } => {
            n.isr("took in", *partition, *added, *isr, version.0)
        }
        Event::PartitionsCreated { partition, count } => {
            format!("gave {} {count} partitions", names.topic(partition.topic))
        }
        Event::PartitionsRefused { partition, count, error } => {
            format!("refused {} {count} partitions: {}", names.topic(partition.topic), error.name())
        }
        Event::FaultStruck { fault, random } => format!("{} strikes", n.fault(*fault, *random)),
        Event::FaultMissed { fault, random } => format!("{} finds no target", n.fault(*fault, *random)),
        Event::NodeStopped { node, ending } => {
            let how = match ending {
                Ending::Clean => "stopped in good order",
                Ending::Process if node.as_broker(names.brokers).is_some() => "died; its log survives",
                Ending::Process => "died",
                Ending::Power => "lost its power",
            };
            format!("{} {how}", n.node(*node))
        }
        Event::NodeRestarted { node } => format!("{} is started", n.node(*node)),
        Event::NodePaused { node } => format!("{} stands still", n.node(*node)),
        Event::NodeResumed { node } => format!("{} goes on", n.node(*node)),
        Event::LinkCut { from, to } => {
            format!("messages from {} to {} are held back", n.node(*from), n.node(*to))
        }
        Event::LinkHealed { from, to } => {
            format!("messages from {} to {} flow again", n.node(*from), n.node(*to))
        }
        Event::LinkDegraded { from, to } => {
            format!("the link from {} to {} is degraded", n.node(*from), n.node(*to))
        }
        Event::FollowerLagged { broker, delay: Some(delay) } => {
            format!("fetches of {} are slowed by {delay} ms", n.broker(*broker))
        }
        Event::FollowerLagged { broker, delay: None } => {
            format!("fetches of {} are stopped", n.broker(*broker))
        }
        Event::FollowerLagEnded { broker } => format!("fetches of {} flow again", n.broker(*broker)),
        Event::MessageDropped { from, to, kind } => {
            format!("a {} from {} to {} vanished", kind.name(), n.node(*from), n.node(*to))
        }
        Event::HealStarted => "the faults are over: everything is mended".to_owned(),
        Event::Converged => "the cluster converged".to_owned(),
    }
}

#[cfg(test)]
#[path = "trace_test.rs"]
mod trace_test;
