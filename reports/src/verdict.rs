//! From what was seen and what was promised to a verdict.

use serde::Serialize;
use strum::IntoStaticStr;

use crate::finding::Tally;
use crate::history::Anomaly;
use crate::promises::Promise;

/// What became of one property in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It could have broken, and did not.
    #[strum(serialize = "held")]
    Held,
    /// It was promised, and it broke.
    #[strum(serialize = "VIOLATED")]
    Violated,
    /// It broke, and this configuration never promised otherwise.
    #[strum(serialize = "allowed")]
    Allowed,
    /// Nothing in the run could have broken it.
    #[strum(serialize = "not exercised")]
    NotExercised,
    /// The run did not get to where it could be judged, or the evidence does not say whose promise broke.
    #[strum(serialize = "unknown")]
    Unknown,
}

impl Verdict {
    /// `held`, `VIOLATED`, `allowed`, `not exercised`, `unknown`.
    pub fn words(self) -> &'static str {
        self.into()
    }

    /// The verdict on a tally that was kept for all topics together.
    pub fn on(tally: &Tally, promise: &Promise) -> Self {
        if tally.broken == 0 {
            return Self::unbroken(tally.looked);
        }
        match promise {
            Promise::Made => Self::Violated,
            Promise::NotMade => Self::Allowed,
            Promise::Some(topics) => Self::on_some(tally, topics),
        }
    }

    /// Where some topics have the promise: it is broken if a finding is theirs, and spared if every finding is known
    /// and none is.
    fn on_some(tally: &Tally, topics: &[bool]) -> Self {
        let theirs = tally.findings.iter().any(|finding| {
            let topic = finding.partition.and_then(|id| topics.get(usize::from(id.topic.0)));
            topic.copied().unwrap_or(true)
        });
        if theirs {
            Self::Violated
        } else if tally.broken as usize == tally.findings.len() {
            Self::Allowed
        } else {
            Self::Unknown
        }
    }

    /// The verdict on an anomaly, whose tally knows itself which instances were promised away.
    pub fn on_anomaly(anomaly: &Anomaly, promise: &Promise) -> Self {
        if anomaly.promised.broken > 0 && *promise != Promise::NotMade {
            Self::Violated
        } else if anomaly.promised.broken + anomaly.unpromised.broken > 0 {
            Self::Allowed
        } else {
            Self::unbroken(anomaly.looked)
        }
    }

    fn unbroken(looked: u64) -> Self {
        if looked == 0 { Self::NotExercised } else { Self::Held }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Finding;
    use crate::property::Property;
    use highwater_model::event::Step;
    use highwater_model::ids::{TopicId, TopicPartition};

    fn broken_on(topics: &[u16]) -> Tally {
        let mut tally = Tally { looked: 9, ..Tally::default() };
        for topic in topics {
            tally.broke(|| Finding {
                property: Property::StrongIsr,
                step: Step::default(),
                partition: Some(TopicPartition { topic: TopicId(*topic), partition: 0 }),
                evidence: String::new(),
            });
        }
        tally
    }

    #[test]
    fn a_break_is_violated_where_promised_and_allowed_where_not() {
        let broken = broken_on(&[0]);
        assert_eq!(Verdict::on(&broken, &Promise::Made), Verdict::Violated);
        assert_eq!(Verdict::on(&broken, &Promise::NotMade), Verdict::Allowed);
        assert_eq!(Verdict::on(&broken, &Promise::Some(vec![true, false])), Verdict::Violated);
        assert_eq!(Verdict::on(&broken, &Promise::Some(vec![false, true])), Verdict::Allowed);
    }

    #[test]
    fn more_breaks_than_were_kept_leave_it_unknown_whose_they_were() {
        let promise = Promise::Some(vec![false, true]);
        assert_eq!(Verdict::on(&broken_on(&[0, 0, 0, 1]), &promise), Verdict::Unknown);
        assert_eq!(Verdict::on(&broken_on(&[0, 0, 1, 0]), &promise), Verdict::Violated);
    }

    #[test]
    fn what_was_never_looked_at_is_not_exercised() {
        assert_eq!(Verdict::on(&Tally::default(), &Promise::Made), Verdict::NotExercised);
        assert_eq!(Verdict::on(&broken_on(&[]), &Promise::NotMade), Verdict::Held);
    }
}
