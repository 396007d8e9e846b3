//! The slice: what broke, what had become of its record, and backwards from there all that brought it about.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use highwater_model::event::{Event, StepId};
use highwater_model::names::Names;

use super::notable::{Subject, takes_part};
use super::reasons::Why;
use super::shorten::Line;
use super::story::Story;
use super::{Cause, Part};
use crate::finding::Finding;
use crate::property::Property;
use crate::render::trace;
use crate::report::millis;

/// How many events a slice has at most.
const EVENTS_MAX: usize = 300;

/// Events by their places in the story.
pub(super) struct Slice {
    nodes: BTreeMap<usize, Node>,
    seeds: Vec<usize>,
    /// What the client noticed came of.
    noticed: Vec<usize>,
    /// By event of the slice: its step.
    steps: BTreeMap<usize, StepId>,
}

#[derive(Debug)]
struct Node {
    /// How many reasons lie between it and what broke.
    depth: u32,
    because: Vec<usize>,
}

impl Slice {
    /// The slice of a finding, and of what happened between it and the event that a client noticed.
    pub(super) fn of(finding: &Finding, noticed: Option<usize>, story: &Story, names: &Names) -> Self {
        let subject = Subject::of(finding, story, names);
        let why = Why { story, subject: &subject, names };
        let seeds = seeds(finding, &why);
        let mut nodes = BTreeMap::new();
        grow(&mut nodes, &why, &seeds, 0);
        let noticed = noticed.map(|place| why.of(place)).unwrap_or_default();
        let later = story.after(finding.step.id);
        let onward: Vec<usize> = noticed.iter().copied().filter(|&place| place >= later).collect();
        grow(&mut nodes, &why, &onward, later);
        let steps = nodes.keys().map(|&place| (place, story.step_of(place))).collect();
        Self { nodes, seeds, noticed, steps }
    }

    /// The steps that what a client noticed came of, as far as they are lines.
    pub(super) fn noticed(&self) -> Vec<StepId> {
        let steps: BTreeSet<StepId> =
            self.noticed.iter().filter_map(|place| self.steps.get(place).copied()).collect();
        steps.into_iter().collect()
    }

    /// The steps that what broke came of directly.
    pub(super) fn sinks(&self) -> Vec<StepId> {
        let steps: BTreeSet<StepId> =
            self.seeds.iter().filter_map(|place| self.steps.get(place).copied()).collect();
        steps.into_iter().collect()
    }

    /// A line a step, ascending.
    pub(super) fn lines(&self, story: &Story, names: &Names) -> Vec<Line> {
        let mut by_step: BTreeMap<StepId, Vec<usize>> = BTreeMap::new();
        for (&place, &step) in &self.steps {
            by_step.entry(step).or_default().push(place);
        }
        let line = |(step, places): (&StepId, &Vec<usize>)| self.line(*step, places, story, names);
        by_step.iter().filter_map(line).collect()
    }

    fn line(&self, id: StepId, places: &[usize], story: &Story, names: &Names) -> Option<Line> {
        let step = story.step(id)?;
        let events: Vec<&Event> = places.iter().map(|&place| story.event(place)).collect();
        let nodes = places.iter().filter_map(|place| self.nodes.get(place));
        let because = nodes.clone().flat_map(|node| &node.because).filter_map(|place| self.steps.get(place));
        let because: BTreeSet<StepId> = because.copied().filter(|&step| step != id).collect();
        Some(Line {
            cause: Cause {
                at_ms: millis(step.at),
                step: id,
                actor: trace::actor(names, step, events.first()?).to_owned(),
                text: in_words(&events, names),
                because_of: because.into_iter().collect(),
                part: Part::Led,
            },
            depth: nodes.map(|node| node.depth).min().unwrap_or_default(),
            is_fault: events.iter().any(|event| matches!(event, Event::FaultStruck { .. })),
        })
    }
}

/// Goes backwards from these events, no further than to `earliest`.
fn grow(nodes: &mut BTreeMap<usize, Node>, why: &Why<'_>, from: &[usize], earliest: usize) {
    let mut open: VecDeque<(usize, u32)> =
        from.iter().map(|&place| (place, u32::from(earliest > 0))).collect();
    while let Some((place, depth)) = open.pop_front() {
        if nodes.len() >= EVENTS_MAX || nodes.contains_key(&place) {
            continue;
        }
        let because = why.of(place);
        open.extend(because.iter().filter(|&&reason| reason >= earliest).map(|&reason| (reason, depth + 1)));
        nodes.insert(place, Node { depth, because });
    }
}

/// What happened in one step: of each kind the first, and how many more like it.
fn in_words(events: &[&Event], names: &Names) -> String {
    let mut told: Vec<(&Event, usize)> = Vec::new();
    for &event in events {
        match told.iter_mut().find(|(first, _)| first.kind() == event.kind()) {
            Some((_, more)) => *more += 1,
            None => told.push((event, 0)),
        }
    }
    let words = told.into_iter().map(|(event, more)| {
        let words = trace::describe(names, event);
        if more == 0 { words } else { format!("{words} (and {more} more like it)") }
    });
    words.collect::<Vec<_>>().join("; ")
}

/// Where the slice begins: what happened at the step of the finding, what had become of the record until then, and the
/// parts that brokers played.
fn seeds(finding: &Finding, why: &Why<'_>) -> Vec<usize> {
    let (story, subject) = (why.story, why.subject);
    let end = if finding.property.judged_at_the_end() { story.len() } else { story.after(finding.step.id) };
    let mut seeds = Vec::new();
    if !finding.property.judged_at_the_end() {
        let of_step = story.of_step(finding.step.id);
        let fits = |event: &Event| subject.concerns(event) && subject.is_notable(event);
        seeds.extend(story.all(of_step.clone(), fits));
        if seeds.is_empty() {
            let first =
                story.first(of_step, |event| subject.partition.is_some() && match_partition(event, subject));
            seeds.extend(first.map(|it| why.of(it)).into_iter().flatten());
        }
        if let Some(broker) = finding.step.node.as_broker(why.names.brokers) {
            seeds.extend(why.part(end, broker).filter(|&it| is_news(story.event(it))));
        }
    }
    if is_of_the_isr(finding.property) {
        let changed = |event: &Event| {
            matches!(event, Event::IsrShrunk { .. } | Event::IsrExpanded { .. })
                && match_partition(event, subject)
        };
        seeds.extend(story.latest(end, changed));
    }
    seeds.extend(of_record(end, why));
    if subject.groups {
        seeds.extend(of_groups(end, why));
    }
    if subject.transaction.is_some() {
        seeds.extend(of_transaction(end, why));
    }
    if seeds.is_empty() {
        seeds.extend(latest_news(finding, end, why));
    }
    seeds.sort_unstable();
    seeds.dedup();
    seeds
}

/// Whether a property asks which replicas are in the ISR.
fn is_of_the_isr(property: Property) -> bool {
    matches!(
        property,
        Property::WeakIsr
            | Property::StrongIsr
            | Property::LeaderInIsr
            | Property::MaximalIsr
            | Property::CandidateCompleteness
            | Property::LeaderCompleteness
            | Property::CommittedDurable
            | Property::AckedDurable
            | Property::MinIsrRespected
            | Property::IsrRejoin
            | Property::IsrEvictionTimely
    )
}

/// A first part in the first epoch says nothing.
fn is_news(event: &Event) -> bool {
    !matches!(event, Event::BecameLeader { epoch, .. } | Event::BecameFollower { epoch, .. } if epoch.0 == 0)
}

/// What became of the record: who wrote it, who called it safe, and who lost it.
fn of_record(end: usize, why: &Why<'_>) -> Vec<usize> {
    let (story, subject) = (why.story, why.subject);
    if subject.record.is_none() || subject.partition.is_none() {
        return Vec::new();
    }
    let written = story.all(0..end, |event| subject.writes(event));
    let Some(&first) = written.first() else { return Vec::new() };
    let (begins, end) = (first, end.max(first));
    let told = |event: &Event| {
        match_partition(event, subject)
            && matches!(event, Event::ProduceAcknowledged { .. })
            && subject.is_notable(event)
    };
    let exposed = |event: &Event| {
        match_partition(event, subject)
            && matches!(event, Event::HighWatermarkAdvanced { .. })
            && subject.is_notable(event)
    };
    let safe = story.first(begins..end, told).or_else(|| story.first(begins..end, exposed));
    let refused = story.first(
        begins..end,
        |event| matches!(event, Event::SendFailed { records, .. } if subject.is_among(records)),
    );
    let lost = story.all(begins..end, |event| subject.cuts(event));
    let mut found = written;
    found.extend(safe.into_iter().chain(refused));
    // Who led last before the record was gone for good: where several lost it, the elections between matter.
    if let Some(&last) = lost.last() {
        let elected = story.latest(end, |event| {
            matches!(event, Event::LeaderElected { .. }) && match_partition(event, subject)
        });
        found.extend(elected.filter(|&it| it > begins && it < last));
    }
    found.extend(lost);
    found
}

fn match_partition(event: &Event, subject: &Subject) -> bool {
    event.partition() == subject.partition
}

/// What had become of the partition among the members of groups.
fn of_groups(end: usize, why: &Why<'_>) -> Vec<usize> {
    let (story, subject) = (why.story, why.subject);
    let shares = |event: &Event| {
        let (Event::PartitionsAssigned { partitions, .. }
        | Event::PartitionsRevoked { partitions, .. }
        | Event::MemberFenced { partitions, .. }) = event
        else {
            return false;
        };
        subject.partition.is_none_or(|partition| partitions.contains(&partition))
    };
    let mut found = Vec::new();
    let mut before = end;
    for _ in 0..3 {
        let Some(place) = story.latest(before, shares) else { break };
        found.push(place);
        before = place;
    }
    let committed = story.latest(end, |event| {
        matches!(event, Event::OffsetCommitted { .. }) && match_partition(event, subject)
    });
    let begun = story
        .latest(end, |event| matches!(event, Event::PositionReset { .. }) && match_partition(event, subject));
    found.extend(committed.into_iter().chain(begun));
    found
}

/// What had become of the transaction: from its beginning to its latest state.
fn of_transaction(end: usize, why: &Why<'_>) -> Vec<usize> {
    let (story, subject) = (why.story, why.subject);
    let sent = story.first(
        0..end,
        |event| matches!(event, Event::RecordSent { record, .. } if Some(record.value) == subject.record),
    );
    let begins = sent.and_then(|sent| {
        story.latest(sent, |event| matches!(event, Event::TransactionBegun { transaction, .. } if Some(*transaction) == subject.transaction))
    });
    let Some(begins) = begins else { return Vec::new() };
    let next = story.first(begins + 1..end, |event| {
        matches!(event, Event::TransactionBegun { transaction, .. } if Some(*transaction) == subject.transaction)
    });
    let is_its = |event: &Event| {
        subject.concerns(event)
            && super::notable::transaction_of(event).is_some()
            && subject.is_notable(event)
    };
    let mut found = story.all(begins..next.unwrap_or(end), is_its);
    found.extend(
        story
            .all(begins..end, |event| {
                matches!(event, Event::MarkerAppended { .. }) && match_partition(event, subject)
            })
            .into_iter()
            .take(4),
    );
    found
}

/// Where nothing else is known: the latest of each kind of news of the partition.
fn latest_news(finding: &Finding, end: usize, why: &Why<'_>) -> Vec<usize> {
    let (story, subject) = (why.story, why.subject);
    let until = story.latest(end, |event| *event == Event::HealStarted).unwrap_or(end);
    let end = if finding.property.judged_at_the_end() { end } else { until.min(end) };
    let news: [fn(&Event) -> bool; 7] = [
        |event| matches!(event, Event::FetcherDied { .. }),
        |event| matches!(event, Event::BrokerHalted { .. }),
        |event| matches!(event, Event::LeaderElected { .. } | Event::PartitionOffline { .. }),
        |event| matches!(event, Event::IsrShrunk { .. }),
        |event| matches!(event, Event::LogTruncated { .. }),
        |event| matches!(event, Event::IsrUpdateRefused { .. }),
        |event| matches!(event, Event::FaultStruck { .. }),
    ];
    let latest = news.iter().filter_map(|is| story.latest(end, |event| is(event) && subject.concerns(event)));
    let mut found: Vec<usize> = latest.collect();
    if let Some(broker) = finding.step.node.as_broker(why.names.brokers) {
        let part = story.latest(end, |event| takes_part(event, broker, subject.partition));
        found.extend(part.filter(|&it| is_news(story.event(it))));
    }
    found
}
