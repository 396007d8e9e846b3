//! From what was seen and what was promised to a verdict.

use highwater_model::ids::TopicId;
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

    /// Where some topics have the promise: it is broken if any break is theirs, or about no topic at all.
    fn on_some(tally: &Tally, topics: &[bool]) -> Self {
        let theirs = tally.broken_by_topic.keys().any(|&topic| is_promised(topics, topic));
        if theirs || !are_all_of_topics(tally) { Self::Violated } else { Self::Allowed }
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

/// Whether the promise broke on this topic and on nothing else. Of anomalies that is not known, and not said.
pub fn broke_only_on(tally: &Tally, promise: &Promise, only: TopicId) -> bool {
    let counts = |topic| match promise {
        Promise::Made => true,
        Promise::NotMade => false,
        Promise::Some(topics) => is_promised(topics, topic),
    };
    let mut broken = tally.broken_by_topic.keys().copied().filter(|&topic| counts(topic)).peekable();
    broken.peek().is_some() && broken.all(|topic| topic == only) && are_all_of_topics(tally)
}

fn is_promised(topics: &[bool], topic: TopicId) -> bool {
    topics.get(usize::from(topic.0)).copied().unwrap_or(true)
}

/// Whether no break is about no topic at all.
fn are_all_of_topics(tally: &Tally) -> bool {
    tally.broken_by_topic.values().sum::<u64>() == tally.broken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Finding;
    use crate::property::Property;
    use highwater_model::event::Step;
    use highwater_model::ids::TopicPartition;

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
    fn a_promised_topics_break_counts_though_it_came_after_those_that_are_kept() {
        let promise = Promise::Some(vec![false, true]);
        assert_eq!(Verdict::on(&broken_on(&[0, 0, 0, 1]), &promise), Verdict::Violated);
        assert_eq!(Verdict::on(&broken_on(&[0, 0, 0, 0]), &promise), Verdict::Allowed);
    }

    #[test]
    fn a_promise_that_broke_on_one_topic_alone_is_known() {
        let only = |broken: &Tally, promise| broke_only_on(broken, &promise, TopicId(1));
        assert!(only(&broken_on(&[1, 1]), Promise::Made));
        assert!(!only(&broken_on(&[1, 0]), Promise::Made));
        assert!(only(&broken_on(&[1, 0]), Promise::Some(vec![false, true])), "the other had no promise");
        assert!(!only(&broken_on(&[]), Promise::Made) && !only(&broken_on(&[1]), Promise::NotMade));
        let of_no_topic = Tally { broken: 2, ..broken_on(&[1]) };
        assert!(!only(&of_no_topic, Promise::Made));
    }

    #[test]
    fn what_was_never_looked_at_is_not_exercised() {
        assert_eq!(Verdict::on(&Tally::default(), &Promise::Made), Verdict::NotExercised);
        assert_eq!(Verdict::on(&broken_on(&[]), &Promise::NotMade), Verdict::Held);
    }
}
