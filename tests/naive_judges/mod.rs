//! The judge of true state against one without any art.
//!
//! The judge looks only where a step changed something, and remembers how far logs agree. [`Naive`] takes nothing over from it: it keeps
//! what was exposed, acknowledged and read as plain lists, and after every step reads every log from its beginning. Its predicates are
//! written from the table of properties and from sections 3 and 11 of the notes on Kafka's behaviour: [`state`] has those on what is
//! there, [`heard`] those on what is said. Both must find each property broken first at the same step, on histories made up by chance
//! ([`made_up`]) and on runs ([`real_runs`]).
//!
//! A partition that a step did not touch must be as it was: that is held against the whole view too.

mod ghosts;
mod heard;
mod made_up;
mod real_runs;
mod state;

use std::collections::BTreeMap;
use std::sync::Arc;

use highwater_model::config::ClusterConfig;
use highwater_model::event::{Event, Step, StepId};
use highwater_model::view::ClusterView;
use highwater_reports::judge::Judge;
use highwater_reports::panel::PanelSetup;
use highwater_reports::promises::Promises;
use highwater_reports::property::Property;

use ghosts::Ghosts;

/// What both judges look for.
const COMPARED: [Property; 19] = [
    Property::WeakIsr,
    Property::StrongIsr,
    Property::LeaderInIsr,
    Property::MaximalIsr,
    Property::OneLeaderPerEpoch,
    Property::LogMatching,
    Property::CandidateCompleteness,
    Property::LeaderCompleteness,
    Property::AckedDurable,
    Property::HighWatermarkBound,
    Property::HighWatermarkMonotone,
    Property::TruncationSparesCommitted,
    Property::MinIsrRespected,
    Property::VisibleBelowHighWatermark,
    Property::IdempotentDedup,
    Property::AckHonesty,
    Property::CommittedDurable,
    Property::EpochOrder,
    Property::RepeatableRead,
];

/// At which step each property was first found broken.
type Firsts = BTreeMap<Property, StepId>;

/// A judge that reads everything after every step.
struct Naive {
    config: Arc<ClusterConfig>,
    partitions: BTreeMap<usize, Ghosts>,
    firsts: Firsts,
}

impl Naive {
    fn look(&mut self, step: &Step, events: &[Event], view: &ClusterView) {
        for (place, partition) in view.partitions.iter().enumerate() {
            let said: Vec<&Event> =
                events.iter().filter(|event| event.partition() == Some(partition.id())).collect();
            let ghosts = self.partitions.entry(place).or_insert_with(|| Ghosts::new(partition));
            let changed = ghosts.before != *partition;
            assert!(
                !changed || view.touched.contains(&place) || ghosts.is_new(),
                "step {}: {:?} changed and nobody touched it",
                step.id.0,
                partition.id()
            );
            if !changed && said.is_empty() && !ghosts.is_new() {
                continue;
            }
            let mut broken = heard::broken(ghosts, &self.config, &said, partition);
            ghosts.take_over(&said, partition);
            broken.extend(state::broken(ghosts, &self.config, &said, partition));
            ghosts.before = partition.clone();
            for property in broken {
                self.firsts.entry(property).or_insert(step.id);
            }
        }
    }
}

/// The judge and the naive one, looking at the same.
struct Both {
    judge: Judge,
    promises: Promises,
    naive: Naive,
}

impl Both {
    fn new(setup: &PanelSetup) -> Self {
        let PanelSetup { config, names, producers, groups, .. } = setup;
        let judge =
            Judge::new(Arc::clone(config), Arc::clone(names), Arc::clone(producers), Arc::clone(groups));
        let promises = Promises::new(config, producers, groups);
        let naive = Naive { config: Arc::clone(config), partitions: BTreeMap::new(), firsts: Firsts::new() };
        Self { judge, promises, naive }
    }

    fn look(&mut self, step: &Step, events: &[Event], view: &ClusterView) {
        self.judge.look(step, events, view, &self.promises);
        events.iter().for_each(|event| self.promises.hear(event));
        self.naive.look(step, events, view);
    }

    /// On which properties they disagree, with the step at which each of them found it broken first.
    fn disagreements(&self) -> Vec<String> {
        let told =
            |step: Option<StepId>| step.map_or_else(|| String::from("never"), |it| format!("at {}", it.0));
        let differing = COMPARED.iter().filter_map(|property| {
            let first = self.judge.tally(*property).findings.first();
            let (judge, naive) = (first.map(|it| it.step.id), self.naive.firsts.get(property).copied());
            (judge != naive).then(|| {
                let evidence = first.map_or("", |it| it.evidence.as_str());
                format!("{}: naive {}, judge {} {evidence}", property.name(), told(naive), told(judge))
            })
        });
        differing.collect()
    }
}
