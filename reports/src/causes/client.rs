//! What a client could notice first of what broke.

use highwater_model::event::{Event, StepId};
use highwater_model::names::Names;
use highwater_model::record::Record;

use super::notable::Subject;
use super::story::Story;
use super::{Cause, Part};
use crate::finding::{Finding, record_named};
use crate::property::{Judge, Property};
use crate::render::trace;
use crate::report::{Evidence, RunReport, millis};

/// What a client noticed.
pub(super) struct Noticed {
    cause: Cause,
    /// The event that told it, if one did.
    pub(super) event: Option<usize>,
    /// Whether it is about the record that the break is about, as far as both name one.
    is_of_the_break: bool,
}

impl Noticed {
    /// As a line that came of these steps; of the break, if of none that is known and it is about the same record.
    pub(super) fn because_of(self, steps: Vec<StepId>, broke: StepId) -> Cause {
        let of_the_break = steps.is_empty() && self.cause.text != NOTHING && self.is_of_the_break;
        Cause { because_of: if of_the_break { vec![broke] } else { steps }, ..self.cause }
    }
}

const NOTHING: &str = "no client could notice in this run: none was told or read anything that shows it";
const WAITS: &str = "clients can only notice that they wait: none was told or read anything that shows it";

/// The first thing, from the step of the finding on, that a client could notice. None if what broke is such a thing itself.
pub(super) fn first_noticed(
    report: &RunReport,
    finding: &Finding,
    story: &Story,
    names: &Names,
) -> Option<Noticed> {
    if finding.property.judge() == Judge::BlackBox {
        return None;
    }
    let told = told(finding, story, names);
    let shown = anomaly(report, finding, names, false);
    let first = match (told, shown) {
        (Some(told), Some(shown)) => {
            Some(if told.cause.step < shown.0.step { told } else { at(shown, finding, story) })
        }
        (told, shown) => told.or_else(|| shown.map(|shown| at(shown, finding, story))),
    };
    let at_the_end = || {
        let shown = anomaly(report, finding, names, true);
        let (cause, is_of_the_break) = shown.unwrap_or_else(|| (nothing(report, finding), true));
        Noticed { cause, event: None, is_of_the_break }
    };
    Some(first.unwrap_or_else(at_the_end))
}

/// An anomaly, and what a client was told or read at its step.
fn at((cause, is_of_the_break): (Cause, bool), finding: &Finding, story: &Story) -> Noticed {
    let is_told = |event: &Event| {
        matches!(event, Event::SendAcknowledged { .. } | Event::RecordsPolled { .. })
            && event.partition() == finding.partition
    };
    Noticed { event: story.first(story.of_step(cause.step), is_told), cause, is_of_the_break }
}

/// What a client is told that cannot be, of the partition: that its log was cut, or that another record is where this one was.
fn told(finding: &Finding, story: &Story, names: &Names) -> Option<Noticed> {
    let subject = Subject::of(finding, story, names);
    let tells = |event: &Event| match_partition(event, &subject) && contradicts(event, &subject, names);
    let begins = story.of_step(finding.step.id).start;
    let place = story.first(begins..story.len(), tells)?;
    let step = story.step(story.step_of(place))?;
    let cause = Cause {
        at_ms: millis(step.at),
        step: step.id,
        actor: trace::actor(names, step, story.event(place)).to_owned(),
        text: trace::describe(names, story.event(place)),
        because_of: Vec::new(),
        part: Part::Noticed,
    };
    Some(Noticed { cause, event: Some(place), is_of_the_break: true })
}

fn match_partition(event: &Event, subject: &Subject) -> bool {
    subject.partition.is_some() && event.partition() == subject.partition
}

fn contradicts(event: &Event, subject: &Subject, names: &Names) -> bool {
    let Some(offset) = subject.offset else {
        return matches!(event, Event::TruncationDetected { .. });
    };
    let is_another =
        |record: Option<&Record>| record.is_some_and(|record| Some(record.value) != subject.record);
    if let Event::SendAcknowledged { base_offset: Some(base), records, .. } = event {
        let place = offset.0.checked_sub(base.0).and_then(|place| usize::try_from(place).ok());
        is_another(place.and_then(|place| records.get(place)))
    } else if let Event::RecordsPolled { from, batch, .. } = event {
        *from <= offset && is_another(batch.record_at(offset))
    } else if let Event::FetchOutOfRange { fetcher, .. } = event {
        fetcher.as_broker(names.brokers).is_none()
    } else {
        matches!(event, Event::TruncationDetected { .. })
    }
}

/// The first anomaly of the black box on the partition: one that showed as it happened, or one that only the end shows. And
/// whether it is about the record that the finding is about, as it is if possible.
fn anomaly(report: &RunReport, finding: &Finding, names: &Names, at_the_end: bool) -> Option<(Cause, bool)> {
    let partition = finding.partition.map(|partition| names.partition(partition));
    let fits = |property: Property, evidence: &Evidence| {
        property.judge() == Judge::BlackBox
            // A group may be given a record twice at any time: it says nothing of what broke.
            && property != Property::Reprocessed
            && property.judged_at_the_end() == at_the_end
            && evidence.step >= finding.step.id
            && (partition.is_none() || evidence.partition.is_none() || evidence.partition == partition)
    };
    let all =
        report.properties.iter().flat_map(|(property, told)| told.evidence.iter().map(|it| (*property, it)));
    let of_the_break = |property: Property, evidence: &Evidence| {
        let record = record_named(&evidence.text, property, names);
        record.zip(finding.record(names)).is_none_or(|(record, of_the_break)| record == of_the_break)
    };
    let (property, first) = all
        .filter(|(property, it)| fits(*property, it))
        .min_by_key(|(property, it)| (it.step, !of_the_break(*property, it), *property))?;
    let cause = Cause {
        at_ms: first.at_ms,
        step: first.step,
        actor: first.actor.clone(),
        text: format!("{} shows: {}", property.name(), first.text),
        because_of: Vec::new(),
        part: Part::Noticed,
    };
    Some((cause, of_the_break(property, first)))
}

fn nothing(report: &RunReport, finding: &Finding) -> Cause {
    Cause {
        at_ms: report.simulated_ms,
        step: StepId(report.steps),
        actor: "at the end".to_owned(),
        text: if keeps_waiting(finding.property) { WAITS } else { NOTHING }.to_owned(),
        because_of: Vec::new(),
        part: Part::Noticed,
    }
}

/// Whether clients wait for ever where it is broken.
fn keeps_waiting(property: Property) -> bool {
    matches!(
        property,
        Property::Elected
            | Property::Answered
            | Property::HighWatermarkReached
            | Property::LastStableOffsetReached
            | Property::GroupStable
            | Property::AllSeen
    )
}
