//! What broke first: the finding from which a run's signature and its chain of causes are told.
//!
//! A broken promise that the scenario does not expect comes before those that it does and what it is there to break, promised
//! or not; these come before what was never promised and merely may break; then the earlier step before the later, what was judged as it happened before what the end shows, and the order of
//! [`Property`].

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
    /// The first broken promise that nobody expects; else the first that the scenario expects, or what it is there to break; else
    /// the first break that it lets pass of what was not promised.
    pub(crate) fn first_broken(&self) -> Option<&'a Finding> {
        let found = Property::iter().filter_map(|property| self.of(property));
        found.min_by_key(|&(standing, finding)| rank(standing, finding)).map(|(_, finding)| finding)
    }

    /// The first finding of a property that counts, and how much.
    pub(crate) fn of(&self, property: Property) -> Option<(Standing, &'a Finding)> {
        let promise = self.promises.of(property);
        let expected = self.expect.breaks.contains_key(&property);
        let (violated, finding) =
            match self.history.anomaly(property).or_else(|| self.judge.anomaly(property)) {
                Some(anomaly) => of_anomaly(anomaly, &promise, expected),
                None => of_tally(self.judge.tally(property), &promise, expected),
            }?;
        let standing = match (violated, expected) {
            (true, false) => Standing::Unexpected,
            (true, true) => Standing::Expected,
            (false, _) if self.expect.is_to_break(property) => Standing::Expected,
            (false, _) => Standing::LetPass,
        };
        Some((standing, finding))
    }
}

/// How much a break counts, the most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// A promise that nobody expects to break.
    Unexpected,
    /// A promise that the scenario expects to break, or what it is there to break.
    Expected,
    /// It was not promised, and the scenario lets it break.
    LetPass,
}

fn rank(standing: Standing, finding: &Finding) -> (Standing, StepId, bool, Property) {
    (standing, finding.step.id, finding.property.judged_at_the_end(), finding.property)
}

/// The finding that counts, and whether a promise broke by it.
fn of_anomaly<'a>(anomaly: &'a Anomaly, promise: &Promise, expected: bool) -> Option<(bool, &'a Finding)> {
    let Anomaly { promised, unpromised, .. } = anomaly;
    let made = *promise != Promise::NotMade;
    let violated = promised.findings.first().filter(|_| expected || made).map(|finding| (made, finding));
    violated.or_else(|| unpromised.findings.first().filter(|_| expected).map(|finding| (false, finding)))
}

fn of_tally<'a>(tally: &'a Tally, promise: &Promise, expected: bool) -> Option<(bool, &'a Finding)> {
    let allowed = || tally.findings.first().filter(|_| expected).map(|finding| (false, finding));
    match promise {
        Promise::Made => tally.findings.first().map(|finding| (true, finding)),
        Promise::NotMade => allowed(),
        Promise::Some(topics) => {
            let is_promised = |topic: TopicId| topics.get(usize::from(topic.0)).copied().unwrap_or(true);
            let theirs = |finding: &&Finding| finding.partition.is_none_or(|it| is_promised(it.topic));
            tally.findings.iter().find(theirs).map(|finding| (true, finding)).or_else(allowed)
        }
    }
}
