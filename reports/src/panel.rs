//! All judges of one run, and the report that they come to.
//!
//! One panel is made for each seed, thousands a second, so what they all share stands behind [`Arc`]s.

use std::collections::BTreeMap;
use std::sync::Arc;

use highwater_model::config::ClusterConfig;
use highwater_model::event::{Event, EventKind, Step};
use highwater_model::ids::TopicId;
use highwater_model::names::Names;
use highwater_model::protocol::{Protocol, Switches};
use highwater_model::view::ClusterView;
use strum::IntoEnumIterator;

use crate::behaviour::Behaviour;
use crate::clients::{Reader, Writer};
use crate::counts::{Counter, Counts};
use crate::coverage::Coverage;
use crate::end::RunEnd;
use crate::expect::Expect;
use crate::faults::FaultsReport;
use crate::finding::{Finding, Tally};
use crate::first_broken::Verdicts;
use crate::groups::{GroupReport, Groups};
use crate::history::History;
use crate::judge::Judge;
use crate::latency::Samples;
use crate::liveness;
use crate::outages::Outages;
use crate::outcome;
use crate::promises::{Needs, Promises};
use crate::property::Property;
use crate::report::{Evidence, Fingerprint, PropertyReport, RunReport, VERSION, millis};
use crate::signature::{Shapes, Signature, Stage};
use crate::standing::{PartitionStanding, Standings, standings};
use crate::swarm::Drawn;
use crate::switches::Differing;
use crate::verdict::{Verdict, broke_only_on};

/// What is known before a run begins. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelSetup {
    /// The scenario's name.
    pub scenario: Arc<str>,
    /// Its story.
    pub story: Arc<str>,
    /// The protocol's switches.
    pub protocol: Protocol,
    /// Those that the scenario sets itself.
    pub switches: Switches,
    /// `K=V` as given with `--set`, in their order.
    pub overrides: Arc<[String]>,
    /// The seed.
    pub seed: u64,
    /// What the numbers are called.
    pub names: Arc<Names>,
    /// What all machines share.
    pub config: Arc<ClusterConfig>,
    /// The producers, their settings, and where they write.
    pub producers: Arc<[Writer]>,
    /// The groups, what they read, and their members' settings.
    pub groups: Arc<[Reader]>,
    /// What must come of it.
    pub expect: Arc<Expect>,
    /// What was drawn for this seed, where the scenario is a swarm.
    pub swarm: Option<Drawn>,
}

/// All judges of one run.
pub struct Panel {
    setup: PanelSetup,
    /// None: it looks at nothing.
    eyes: Option<Box<Eyes>>,
}

struct Eyes {
    judge: Judge,
    history: History,
    promises: Promises,
    coverage: Coverage,
    counter: Counter,
    faults: FaultsReport,
    outages: Outages,
    groups: Groups,
    shapes: Shapes,
    behaviour: Behaviour,
    as_the_faults_ended: Vec<PartitionStanding>,
}

/// How far a run went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// A hash of all that happened.
    pub fingerprint: u64,
    /// How many inputs machines took.
    pub steps: u64,
    /// How many events came of them.
    pub events: u64,
    /// How many messages left nodes.
    pub messages: u64,
}

impl Panel {
    /// A panel that looks at everything.
    pub fn new(setup: PanelSetup) -> Self {
        let eyes = Eyes {
            judge: Judge::new(
                Arc::clone(&setup.config),
                Arc::clone(&setup.names),
                Arc::clone(&setup.producers),
                Arc::clone(&setup.groups),
            ),
            history: History::new(Arc::clone(&setup.names)).of_producers(&setup.producers),
            promises: Promises::new(&setup.config, &setup.producers, &setup.groups),
            coverage: Coverage::default(),
            counter: Counter::default(),
            faults: FaultsReport::new(&setup.names),
            outages: Outages::default(),
            groups: Groups::new(&setup.groups),
            shapes: Shapes::default(),
            behaviour: Behaviour::default(),
            as_the_faults_ended: Vec::new(),
        };
        Self { setup, eyes: Some(Box::new(eyes)) }
    }

    /// A panel that looks at nothing, so that a benchmark can tell what judging costs. In its report everything is
    /// *not exercised*, nothing is counted, and nothing but the run's end was expected.
    pub fn off(setup: PanelSetup) -> Self {
        Self { setup: PanelSetup { expect: Arc::default(), ..setup }, eyes: None }
    }

    /// Looks at one step: what happened in it, and the true state after it.
    #[inline]
    pub fn look(&mut self, step: &Step, events: &[Event], view: &ClusterView) {
        let Some(eyes) = &mut self.eyes else { return };
        eyes.judge.look(step, events, view, &eyes.promises);
        for event in events {
            let kind = event.kind();
            eyes.coverage.count(kind);
            if !is_of_the_walk(kind) {
                eyes.hear(step, event, view, &self.setup);
            }
            eyes.history.hear(step, event, &eyes.promises);
        }
    }

    /// What broke first so far, of everything or of one property; what only the end shows is not among it before
    /// [`Panel::close`].
    pub fn broken(&self, sought: Option<Property>) -> Option<&Finding> {
        let verdicts = self.eyes.as_ref()?.verdicts(&self.setup.expect);
        match sought {
            Some(property) => verdicts.of(property).map(|(_, finding)| finding),
            None => verdicts.first_broken(),
        }
    }

    /// What kind of failure a finding makes the run.
    pub fn signature(&self, finding: &Finding, view: &ClusterView) -> Option<Signature> {
        Some(self.eyes.as_ref()?.signature(finding, view, &self.setup))
    }

    /// Ends the run at `step`, so that what only the end shows can be asked for. Nothing is to be looked at afterwards.
    pub fn close(&mut self, step: &Step, view: &ClusterView, end: &RunEnd) {
        if let Some(eyes) = &mut self.eyes {
            eyes.close(step, view, end);
        }
    }

    /// Ends the run at `step` and reports.
    pub fn finish(self, step: &Step, view: &ClusterView, end: RunEnd, extent: &Extent) -> RunReport {
        match self.eyes {
            Some(eyes) => eyes.found(step, view, &end, &self.setup),
            None => Found::nothing(&self.setup.names),
        }
        .report(self.setup, step, end, extent)
    }
}

/// Whether events of this kind come with every record, and only judges and the history hear them.
pub(crate) fn is_of_the_walk(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::RecordSent
            | EventKind::ProduceSent
            | EventKind::RecordsAppended
            | EventKind::FollowerFetched
            | EventKind::RecordsFetched
            | EventKind::Replicated
            | EventKind::HighWatermarkAdvanced
            | EventKind::HighWatermarkLearned
            | EventKind::ProduceAcknowledged
            | EventKind::SendAcknowledged
            | EventKind::RecordsServed
            | EventKind::RecordsPolled
    )
}

impl Eyes {
    /// Hears an event that does not come with every record.
    fn hear(&mut self, step: &Step, event: &Event, view: &ClusterView, setup: &PanelSetup) {
        if *event == Event::HealStarted {
            self.as_the_faults_ended = standings(view, &setup.names);
        }
        self.counter.hear(event);
        self.faults.hear(event);
        self.outages.hear(step, event, view, &setup.config);
        self.groups.hear(step, event, view, &setup.groups);
        self.promises.hear(event);
        self.behaviour.hear(event.kind(), step, view, &setup.names);
        self.shapes.hear(step, event, view);
        if self.shapes.is_full() {
            let broken = self.verdicts(&setup.expect).first_broken().is_some();
            self.shapes.make_room(broken);
        }
    }

    fn verdicts<'a>(&'a self, expect: &'a Expect) -> Verdicts<'a> {
        let Self { judge, history, promises, .. } = self;
        Verdicts { judge, history, promises, expect }
    }

    /// What broke first, and what kind of failure that makes the run.
    fn first_broken(&self, view: &ClusterView, setup: &PanelSetup) -> Option<(Finding, Signature)> {
        let finding = self.verdicts(&setup.expect).first_broken()?;
        Some((finding.clone(), self.signature(finding, view, setup)))
    }

    fn signature(&self, finding: &Finding, view: &ClusterView, setup: &PanelSetup) -> Signature {
        let is_internal = finding.partition.is_some_and(|it| setup.config.is_internal(it.topic));
        let stage = Stage { view, groups: &setup.groups, is_internal };
        self.shapes.signature(finding, &stage)
    }

    fn close(&mut self, step: &Step, view: &ClusterView, end: &RunEnd) {
        self.judge.finish(step, view, end);
        self.history.close();
        if *end == RunEnd::Converged {
            self.history.finish(step, &self.promises);
        }
    }

    fn found(mut self, step: &Step, view: &ClusterView, end: &RunEnd, setup: &PanelSetup) -> Found {
        let names = &setup.names;
        self.close(step, view, end);
        let report = |property| (property, self.property(property, end, setup));
        let properties = Property::iter().map(report).collect();
        let behaviour = self.behaviour.hash();
        let counts = self.counter.counts(&self.coverage, &self.history, view, &setup.config);
        let groups = self.groups(step, setup);
        let (first_broken, signature) = self.first_broken(view, setup).unzip();
        let (latencies, by_topic_id) = self.history.into_latencies();
        Found {
            properties,
            first_broken,
            signature,
            counts,
            groups,
            behaviour,
            unavailable_ms: self.outages.millis(step.at),
            latencies,
            latencies_by_topic: by_topic(by_topic_id, names),
            coverage: self.coverage,
            faults: self.faults,
            replicas: Standings {
                as_the_faults_ended: self.as_the_faults_ended,
                at_the_end: standings(view, names),
            },
            unavailable: liveness::unavailable(view, names, &setup.config),
        }
    }

    fn groups(&mut self, step: &Step, setup: &PanelSetup) -> BTreeMap<String, GroupReport> {
        let mut reports = BTreeMap::new();
        for group in setup.groups.iter().map(|reader| reader.group) {
            let (told, max_lag) = (self.history.told_to(group), self.judge.largest_lag(group));
            let report = self.groups.report(group, told, max_lag, step.at);
            reports.insert(setup.names.group(group).to_owned(), report);
        }
        reports
    }

    fn property(&self, property: Property, end: &RunEnd, setup: &PanelSetup) -> PropertyReport {
        let promise = self.promises.of(property);
        let (tally, verdict) = match self.history.anomaly(property).or_else(|| self.judge.anomaly(property)) {
            Some(anomaly) => (anomaly.tally(), Verdict::on_anomaly(anomaly, &promise)),
            None => {
                let tally = self.judge.tally(property);
                (tally.clone(), Verdict::on(tally, &promise))
            }
        };
        let verdict = if property.judged_at_the_end() && *end != RunEnd::Converged && tally.broken == 0 {
            Verdict::Unknown
        } else {
            verdict
        };
        let offsets = setup.config.offsets_topic;
        let only_on_offsets = offsets.is_some_and(|topic| broke_only_on(&tally, &promise, topic));
        PropertyReport { only_on_offsets, ..property_report(property, verdict, &tally, &setup.names) }
    }
}

fn by_topic(samples: Vec<Samples>, names: &Names) -> BTreeMap<String, Samples> {
    let topics = (0..).map(TopicId).zip(samples).filter(|(_, samples)| !samples.is_empty());
    topics.map(|(topic, samples)| (names.topic(topic).to_owned(), samples)).collect()
}

fn property_report(property: Property, verdict: Verdict, tally: &Tally, names: &Names) -> PropertyReport {
    PropertyReport {
        judge: property.judge(),
        verdict,
        looked: tally.looked,
        broken: tally.broken,
        only_on_offsets: false,
        promised_with: (verdict == Verdict::Allowed).then(|| Needs::of(property).words()),
        evidence: tally.findings.iter().map(|finding| Evidence::new(finding, names)).collect(),
    }
}

/// What a panel found.
struct Found {
    properties: BTreeMap<Property, PropertyReport>,
    first_broken: Option<Finding>,
    signature: Option<Signature>,
    counts: Counts,
    latencies: Samples,
    latencies_by_topic: BTreeMap<String, Samples>,
    unavailable_ms: u64,
    groups: BTreeMap<String, GroupReport>,
    behaviour: u64,
    coverage: Coverage,
    faults: FaultsReport,
    replicas: Standings,
    unavailable: Vec<String>,
}

impl Found {
    /// What a panel finds that looks at nothing.
    fn nothing(names: &Names) -> Self {
        let unseen = |property| {
            let report = property_report(property, Verdict::NotExercised, &Tally::default(), names);
            (property, report)
        };
        Self {
            properties: Property::iter().map(unseen).collect(),
            first_broken: None,
            signature: None,
            counts: Counts::default(),
            latencies: Samples::default(),
            latencies_by_topic: BTreeMap::new(),
            unavailable_ms: 0,
            groups: BTreeMap::new(),
            behaviour: 0,
            coverage: Coverage::default(),
            faults: FaultsReport::default(),
            replicas: Standings::default(),
            unavailable: Vec::new(),
        }
    }

    /// Measures what was found by what was expected.
    fn report(self, setup: PanelSetup, step: &Step, end: RunEnd, extent: &Extent) -> RunReport {
        let must_see = setup.expect.must_see.iter();
        let must_see = must_see.map(|(kind, _)| (kind, self.coverage.times(kind))).collect();
        let unexpected = outcome::unexpected(&setup.expect, &end, &self.properties, &must_see);
        RunReport {
            version: VERSION,
            scenario: setup.scenario,
            story: setup.story,
            protocol: setup.protocol.preset,
            switches: Differing::new(setup.protocol.preset, setup.switches),
            overrides: setup.overrides,
            seed: setup.seed,
            swarm: setup.swarm,
            outcome: outcome::outcome(&end, &unexpected),
            unexpected,
            end,
            unavailable: self.unavailable,
            steps: extent.steps,
            events: extent.events,
            messages: extent.messages,
            simulated_ms: millis(step.at),
            fingerprint: Fingerprint(extent.fingerprint),
            signature: self.signature,
            causes: Vec::new(),
            first_broken: self.first_broken,
            properties: self.properties,
            must_see,
            faults: self.faults,
            replicas: self.replicas,
            counts: self.counts,
            latencies: self.latencies,
            latencies_by_topic: self.latencies_by_topic,
            unavailable_ms: self.unavailable_ms,
            groups: self.groups,
            behaviour: self.behaviour,
            seen: self.coverage.seen().collect(),
            expect: setup.expect,
        }
    }
}

#[cfg(test)]
#[path = "panel_test.rs"]
mod panel_test;
