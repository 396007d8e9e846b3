//! What one run comes to: the versioned report, whose faces are in [`crate::render`].
//!
//! It is made from the scenario and the seed alone: nothing in it depends on the machine, the number of threads, the
//! wall clock or a path.

use std::collections::BTreeMap;
use std::sync::Arc;

use highwater_model::event::{EventKind, Step, StepId};
use highwater_model::names::Names;
use highwater_model::protocol::Preset;
use highwater_model::time::{Instant, Micros};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::causes::Cause;
use crate::counts::Counts;
use crate::end::RunEnd;
use crate::expect::Expect;
use crate::faults::FaultsReport;
use crate::finding::Finding;
use crate::groups::GroupReport;
use crate::latency::{Millis, Samples};
use crate::outcome::{Outcome, Unexpected};
use crate::property::{Judge, Property};
use crate::signature::Signature;
use crate::standing::Standings;
use crate::swarm::Drawn;
use crate::switches::Differing;
use crate::verdict::Verdict;

/// The version of the reports' shape. Grows when a field changes its meaning or goes.
pub const VERSION: u32 = 1;

/// The report on one seed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunReport {
    /// [`VERSION`].
    pub version: u32,
    /// The scenario's name.
    pub scenario: Arc<str>,
    /// Its story.
    pub story: Arc<str>,
    /// The Kafka version.
    pub protocol: Preset,
    /// Its switches that the scenario has set otherwise.
    #[serde(skip_serializing_if = "Differing::is_empty")]
    pub switches: Differing,
    /// `K=V` as given with `--set`, in their order.
    pub overrides: Arc<[String]>,
    /// The seed.
    pub seed: u64,
    /// What was drawn for this seed, where the scenario is a swarm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swarm: Option<Drawn>,
    /// Whether it went as expected.
    pub outcome: Outcome,
    /// Why not.
    pub unexpected: Vec<Unexpected>,
    /// How the run ended: `end`, and what belongs to it.
    #[serde(flatten)]
    pub end: RunEnd,
    /// Partitions that could make no progress at the end by their own settings, and why: of them nothing is demanded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unavailable: Vec<String>,
    /// How many inputs machines took.
    pub steps: u64,
    /// How many events came of them.
    pub events: u64,
    /// How many messages left nodes, whatever became of them on the network.
    pub messages: u64,
    /// When the run ended, in simulated milliseconds.
    pub simulated_ms: Millis,
    /// A hash of all that happened, in 16 hexadecimal digits.
    pub fingerprint: Fingerprint,
    /// What kind of failure it is, if a promise broke or something broke that was to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// What led to the first of those, and on to what a client could notice. Empty unless someone played the seed again to
    /// find it out: [`crate::causes`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// What broke first.
    #[serde(skip)]
    pub first_broken: Option<Finding>,
    /// What became of each property.
    pub properties: BTreeMap<Property, PropertyReport>,
    /// The events that every run must show, and how often they came.
    pub must_see: BTreeMap<EventKind, u64>,
    /// Which faults struck.
    pub faults: FaultsReport,
    /// Where every replica stood: HW and LEO.
    pub replicas: Standings,
    /// The numbers.
    pub counts: Counts,
    /// From a record's sending to its acknowledgement; null if none was acknowledged.
    #[serde(rename = "ack_latency")]
    pub latencies: Samples,
    /// The same by topic, if producers write to several and records of more than one were acknowledged.
    #[serde(rename = "ack_latency_by_topic", skip_serializing_if = "are_few")]
    pub latencies_by_topic: BTreeMap<String, Samples>,
    /// For how long a write with acks=-1 could not have been acknowledged, in milliseconds: a partition had no leader that was
    /// up, or, by its `ack_strategy`, `isr`: its ISR was too small or a member of it was down or stood still; `majority`:
    /// too few of its replicas were up. Summed over the partitions of applications' topics, until the faults were over.
    /// What a live follower holds up whose fetches are stopped or whose link is cut is not seen.
    pub unavailable_ms: u64,
    /// What became of each group.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, GroupReport>,
    /// What it was like, without times and numbers: a hash of what gave way, and in which role.
    #[serde(skip)]
    pub behaviour: u64,
    /// Every kind of event that came, and how often.
    pub seen: BTreeMap<EventKind, u64>,
    /// What the scenario expects of each property that it is meant to break.
    #[serde(skip)]
    pub expect: Arc<Expect>,
}

/// What became of one property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PropertyReport {
    /// Who judged it.
    pub judge: Judge,
    /// The verdict.
    pub verdict: Verdict,
    /// How often something happened that could have broken it.
    pub looked: u64,
    /// How often it broke.
    pub broken: u64,
    /// What the property needs to be promised, if it broke without a promise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promised_with: Option<String>,
    /// Whether the promise broke on `__consumer_offsets` and on nothing else.
    #[serde(skip)]
    pub only_on_offsets: bool,
    /// The first few breaks.
    pub evidence: Vec<Evidence>,
}

/// A finding in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When.
    pub at_ms: Millis,
    /// At which step.
    pub step: StepId,
    /// The step that brought it about; 0 for none.
    pub cause: StepId,
    /// Whose step it was: `broker-2`; `at the end` for what is judged when the run is over.
    pub actor: String,
    /// On which partition, if on one: `orders-0`.
    pub partition: Option<String>,
    /// What was there and what should have been.
    pub text: String,
}

/// Whether the total says it all.
pub(crate) fn are_few<T>(by_topic: &BTreeMap<String, T>) -> bool {
    by_topic.len() < 2
}

/// A hash of a run; prints as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint(pub u64);

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        u64::from_str_radix(&digits, 16).map(Self).map_err(D::Error::custom)
    }
}

impl Evidence {
    /// The finding with names in place of numbers.
    pub fn new(finding: &Finding, names: &Names) -> Self {
        let Step { id, cause, at, node } = finding.step;
        Self {
            at_ms: millis(at),
            step: id,
            cause,
            // What the end shows is nobody's step.
            actor: if finding.property.judged_at_the_end() { "at the end" } else { names.node(node) }
                .to_owned(),
            partition: finding.partition.map(|partition| names.partition(partition)),
            text: finding.evidence.clone(),
        }
    }
}

/// `at 1204.250 ms, step 381, broker-2, orders-0: ...`
impl std::fmt::Display for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "at {} ms, step {}, {}", self.at_ms, self.step.0, self.actor)?;
        if let Some(partition) = &self.partition {
            write!(f, ", {partition}")?;
        }
        write!(f, ": {}", self.text)
    }
}

/// A moment as a report writes it.
pub(crate) fn millis(at: Instant) -> Millis {
    Millis(Micros(at.0))
}
