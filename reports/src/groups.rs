//! What became of each group.

use std::collections::BTreeMap;

use highwater_model::event::{Event, Step};
use highwater_model::ids::{GroupId, NodeId, TopicPartition};
use highwater_model::time::{Instant, Micros};
use highwater_model::view::{ClusterView, PartitionView};
use serde::{Deserialize, Serialize};

use crate::clients::Reader;
use crate::history::GroupTold;

/// The numbers of one group in one run, or over many: sums, but for the largest generation and lag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupReport {
    /// How often the group began to rebalance.
    pub rebalances: u64,
    /// The largest generation that it came to.
    pub last_generation: u32,
    /// Members of which the coordinator heard nothing any more.
    pub members_expired: u64,
    /// Commits that coordinators let in.
    pub commits: u64,
    /// Commits that they refused.
    pub commits_refused: u64,
    /// Records that polls returned, each as often as it was returned.
    pub delivered: u64,
    /// Those that the group had been delivered before.
    pub reprocessed: u64,
    /// Records below its committed offsets that it never finished. Known of runs that converged.
    pub skipped: u64,
    /// How often members found that records before their position are gone from the log (KIP-320).
    pub truncations_detected: u64,
    /// How often members began at an offset: committed, by their reset policy, or after it was out of range.
    pub positions_reset: u64,
    /// The largest lag in a partition, in records, as high watermarks rose, until the faults were over.
    pub max_lag: u64,
    /// How long partitions had no owner, in milliseconds and summed over them, from the first stable generation until
    /// the faults were over.
    pub unowned_ms: u64,
}

impl GroupReport {
    /// Adds those of another run.
    pub(crate) fn add(&mut self, other: &Self) {
        self.rebalances += other.rebalances;
        self.last_generation = self.last_generation.max(other.last_generation);
        self.members_expired += other.members_expired;
        self.commits += other.commits;
        self.commits_refused += other.commits_refused;
        self.delivered += other.delivered;
        self.reprocessed += other.reprocessed;
        self.skipped += other.skipped;
        self.truncations_detected += other.truncations_detected;
        self.positions_reset += other.positions_reset;
        self.max_lag = self.max_lag.max(other.max_lag);
        self.unowned_ms += other.unowned_ms;
    }
}

/// `rebalances 2, last generation 3, ...`
impl std::fmt::Display for GroupReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { rebalances, last_generation, members_expired, commits, commits_refused, .. } = self;
        let Self { delivered, reprocessed, skipped, max_lag, unowned_ms, .. } = self;
        let Self { truncations_detected, positions_reset, .. } = self;
        write!(
            f,
            "rebalances {rebalances}, last generation {last_generation}, members expired {members_expired}, \
             commits {commits}, refused {commits_refused}, delivered {delivered}, reprocessed {reprocessed}, \
             skipped {skipped}, positions reset {positions_reset}, truncations detected {truncations_detected}, max lag {max_lag} records, unowned {unowned_ms} ms, summed over partitions"
        )
    }
}

/// Watches all groups of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups {
    /// In the order of the readers.
    watched: Vec<Watched>,
}

#[derive(Clone, Debug, Default)]
struct Watched {
    group: GroupId,
    report: GroupReport,
    owners: BTreeMap<TopicPartition, Vec<NodeId>>,
    /// Partitions without an owner, and since when.
    unowned: BTreeMap<TopicPartition, Instant>,
    unowned_in_all: Micros,
    /// Whether the group was stable once.
    begun: bool,
    over: bool,
}

impl Groups {
    pub(crate) fn new(readers: &[Reader]) -> Self {
        let watched = |reader: &Reader| Watched { group: reader.group, ..Watched::default() };
        Self { watched: readers.iter().map(watched).collect() }
    }

    /// Hears one event; `view` is as its step left it.
    #[inline]
    pub(crate) fn hear(&mut self, step: &Step, event: &Event, view: &ClusterView, readers: &[Reader]) {
        if let Event::RebalanceStarted { group, .. } = event {
            self.of(*group, |it| it.report.rebalances += 1);
        } else if let Event::GenerationStarted { group, generation, .. } = event {
            self.of(*group, |it| it.report.last_generation = it.report.last_generation.max(generation.0));
        } else if let Event::MemberExpired { group, .. } = event {
            self.of(*group, |it| it.report.members_expired += 1);
        } else if let Event::CommitAccepted { group, .. } = event {
            self.of(*group, |it| it.report.commits += 1);
        } else if let Event::CommitRefused { group, .. } = event {
            self.of(*group, |it| it.report.commits_refused += 1);
        } else if let Event::TruncationDetected { group, .. } = event {
            self.of(*group, |it| it.report.truncations_detected += 1);
        } else if let Event::PositionReset { group, .. } = event {
            self.of(*group, |it| it.report.positions_reset += 1);
        } else if let Event::PartitionsAssigned { client, group, partitions, .. } = event {
            self.of(*group, |it| it.owns(*client, partitions, step.at));
        } else if let Event::PartitionsRevoked { client, group, partitions, .. }
        | Event::MemberFenced { client, group, partitions, .. } = event
        {
            self.of(*group, |it| partitions.iter().for_each(|lost| it.loses(*client, *lost, step.at)));
        } else if let Event::NodeStopped { node, .. } = event {
            self.watched.iter_mut().for_each(|it| it.owns(*node, &[], step.at));
        } else if let Event::GroupStabilized { group, .. } = event {
            self.of(*group, |it| it.begun = true);
            self.find_unowned(step.at, view, readers);
        } else if let Event::PartitionsCreated { .. } = event {
            self.find_unowned(step.at, view, readers);
        } else if *event == Event::HealStarted {
            self.watched.iter_mut().for_each(|it| it.end(step.at));
        }
    }

    /// One group's report. A run that was cut short before the heal ended at `at`.
    pub(crate) fn report(
        &mut self,
        group: GroupId,
        told: GroupTold,
        max_lag: u64,
        at: Instant,
    ) -> GroupReport {
        let Some(watched) = self.watched.iter_mut().find(|it| it.group == group) else {
            return GroupReport::default();
        };
        watched.end(at);
        let GroupTold { delivered, reprocessed, skipped } = told;
        let unowned_ms = watched.unowned_in_all.0 / 1_000;
        GroupReport { delivered, reprocessed, skipped, max_lag, unowned_ms, ..watched.report }
    }

    fn of(&mut self, group: GroupId, what: impl FnOnce(&mut Watched)) {
        if let Some(watched) = self.watched.iter_mut().find(|it| it.group == group) {
            what(watched);
        }
    }

    /// A group is stable, or a topic has grown: who owns nothing of it shows from now on.
    fn find_unowned(&mut self, at: Instant, view: &ClusterView, readers: &[Reader]) {
        for (watched, reader) in self.watched.iter_mut().zip(readers) {
            if !watched.begun || watched.over {
                continue;
            }
            let read = |id: &TopicPartition| reader.topics.contains(&id.topic);
            for id in view.partitions.iter().map(PartitionView::id).filter(read) {
                if !watched.owners.contains_key(&id) {
                    watched.unowned.entry(id).or_insert(at);
                }
            }
        }
    }
}

impl Watched {
    /// A member owns just these from now on.
    fn owns(&mut self, client: NodeId, partitions: &[TopicPartition], at: Instant) {
        let of_client = self.owners.iter().filter(|(_, owners)| owners.contains(&client));
        let before: Vec<TopicPartition> = of_client.map(|(id, _)| *id).collect();
        for lost in before.iter().filter(|id| !partitions.contains(id)) {
            self.loses(client, *lost, at);
        }
        for id in partitions {
            let owners = self.owners.entry(*id).or_default();
            if !owners.contains(&client) {
                owners.push(client);
            }
            if let Some(since) = self.unowned.remove(id) {
                self.unowned_in_all.0 += at.since(since).0;
            }
        }
    }

    fn loses(&mut self, client: NodeId, partition: TopicPartition, at: Instant) {
        let Some(owners) = self.owners.get_mut(&partition) else { return };
        owners.retain(|owner| *owner != client);
        if owners.is_empty() {
            self.owners.remove(&partition);
            if self.begun && !self.over {
                self.unowned.entry(partition).or_insert(at);
            }
        }
    }

    fn end(&mut self, at: Instant) {
        for (_, since) in std::mem::take(&mut self.unowned) {
            self.unowned_in_all.0 += at.since(since).0;
        }
        self.over = true;
    }
}

#[cfg(test)]
#[path = "groups_test.rs"]
mod groups_test;
