//! What broke first: the finding from which a run's signature and its chain of causes are told.
//!
//! A broken promise that the scenario does not expect comes before all that it does; then the earlier step before the later,
//! what was judged as it happened before what the end shows, and the order of [`Property`].

use highwater_model::event::StepId;
use highwater_model::ids::TopicId;
use strum::IntoEnumIterator;

use crate::expect::Expect;
use crate::finding::{Finding, Tally};
use crate::history::{Anomaly, History};
use crate::judge::Judge;
use crate::promises::{Promise, Promises};
use crate::property::Property;

/// All that judges of one run have found so far, and what was promised and expected.
pub(crate) struct Verdicts<'a> {
    pub(crate) judge: &'a Judge,
    pub(crate) history: &'a History,
    pub(crate) promises: &'a Promises,
    pub(crate) expect: &'a Expect,
}

impl<'a> Verdicts<'a> {
    /// The first broken promise that nobody expects; else the first break of all that are expected, promised or not.
    pub(crate) fn first_broken(&self) -> Option<&'a Finding> {
        let found = Property::iter().filter_map(|property| self.of(property));
        found.min_by_key(|&(expected, finding)| rank(expected, finding)).map(|(_, finding)| finding)
    }

    /// The first finding of a property that counts, and whether it is expected.
    pub(crate) fn of(&self, property: Property) -> Option<(bool, &'a Finding)> {
        let promise = self.promises.of(property);
        let expected = self.expect.breaks.contains_key(&property);
        let first = match self.history.anomaly(property).or_else(|| self.judge.anomaly(property)) {
            Some(anomaly) => of_anomaly(anomaly, &promise, expected),
            None => of_tally(self.judge.tally(property), &promise, expected),
        };
        first.map(|first| (expected, first))
    }
}

fn rank(expected: bool, finding: &Finding) -> (bool, StepId, bool, Property) {
    (expected, finding.step.id, finding.property.judged_at_the_end(), finding.property)
}

fn of_anomaly<'a>(anomaly: &'a Anomaly, promise: &Promise, expected: bool) -> Option<&'a Finding> {
    let Anomaly { promised, unpromised, .. } = anomaly;
    let violated = promised.findings.first().filter(|_| expected || *promise != Promise::NotMade);
    violated.or_else(|| unpromised.findings.first().filter(|_| expected))
}

fn of_tally<'a>(tally: &'a Tally, promise: &Promise, expected: bool) -> Option<&'a Finding> {
    let first = tally.findings.first();
    match promise {
        Promise::Made => first,
        Promise::NotMade => first.filter(|_| expected),
        Promise::Some(topics) => {
            let is_promised = |topic: TopicId| topics.get(usize::from(topic.0)).copied().unwrap_or(true);
            let theirs = |finding: &&Finding| finding.partition.is_none_or(|it| is_promised(it.topic));
            tally.findings.iter().find(theirs).or_else(|| first.filter(|_| expected))
        }
    }
}
