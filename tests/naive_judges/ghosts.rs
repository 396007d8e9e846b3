//! What the naive judge remembers of a partition: plain lists, never cut, never compared with anything here.

use std::collections::{BTreeMap, BTreeSet};

use highwater_model::config::Acks;
use highwater_model::event::{Event, TruncationReason};
use highwater_model::ids::{BrokerId, BrokerSet, LeaderEpoch, NodeId, Offset, RecordId};
use highwater_model::view::{PartitionView, ReplicaView, Role};

/// A record as it lies in a log. Two are the same if value and epoch are.
pub(super) type Held = (RecordId, LeaderEpoch);

pub(super) struct Ghosts {
    /// The partition after the step before.
    pub(super) before: PartitionView,
    looked: bool,
    /// By offset: what a presumed leader's high watermark came to cover first.
    pub(super) exposed: Vec<Held>,
    /// The largest high watermark that a leader of the controller's epoch ever had.
    pub(super) true_high_watermark: usize,
    /// What was acknowledged to acks=all, and where.
    pub(super) acked: BTreeSet<(usize, RecordId)>,
    /// By offset: what the latest poll returned.
    pub(super) read: BTreeMap<usize, RecordId>,
    /// Whose disk lost its end, and who has not held all below the true high watermark since.
    pub(super) lossy: BrokerSet,
    /// Every decision of the controller, in order.
    pub(super) decisions: Vec<(Option<BrokerId>, LeaderEpoch)>,
    /// Who took office, in order.
    pub(super) offices: Vec<(LeaderEpoch, BrokerId)>,
    /// Where leaders wrote, and in which epochs.
    pub(super) written: BTreeSet<(LeaderEpoch, usize)>,
    /// Replicas as they were when they decided to answer success, until they do.
    pub(super) successes: Vec<(BrokerId, NodeId, Offset, ReplicaView)>,
    /// The controller has had an ISR.
    pub(super) begun: bool,
}

/// A log, record by record; its places are offsets.
pub(super) fn records(replica: &ReplicaView) -> Vec<Held> {
    let mut records = Vec::new();
    for batch in &replica.log {
        assert_eq!(batch.base_offset.0 as usize, records.len(), "logs have no gaps");
        records.extend(batch.records.iter().map(|record| (record.value, batch.leader_epoch)));
    }
    assert_eq!(replica.log_end.0 as usize, records.len());
    records
}

/// Up to where a replica claims that its records are committed, and has them.
pub(super) fn committed(replica: &ReplicaView) -> usize {
    replica.high_watermark.min(replica.log_end).0 as usize
}

impl Ghosts {
    pub(super) fn new(partition: &PartitionView) -> Self {
        Self {
            before: partition.clone(),
            looked: false,
            exposed: Vec::new(),
            true_high_watermark: 0,
            acked: BTreeSet::new(),
            read: BTreeMap::new(),
            lossy: BrokerSet::EMPTY,
            decisions: Vec::new(),
            offices: Vec::new(),
            written: BTreeSet::new(),
            successes: Vec::new(),
            begun: false,
        }
    }

    /// The controller decided, or goes on as it did.
    pub(super) fn decided(&mut self, decision: (Option<BrokerId>, LeaderEpoch)) {
        if self.decisions.last() != Some(&decision) {
            self.decisions.push(decision);
        }
    }

    pub(super) fn is_new(&self) -> bool {
        !self.looked
    }

    /// Takes over what a step brought. What polls returned is taken over as it is heard.
    pub(super) fn take_over(&mut self, said: &[&Event], now: &PartitionView) {
        self.looked = true;
        for event in said {
            if let Event::ProduceAcknowledged { acks: Acks::All, base_offset, records, .. } = event {
                let offsets = base_offset.0 as usize..;
                self.acked.extend(offsets.zip(records.iter().map(|record| record.value)));
            } else if let Event::LogTruncated { broker, reason: TruncationReason::PowerLoss, .. } = event {
                self.lossy = self.lossy.with(*broker);
            }
        }
        for leader in now.replicas.iter().filter(|replica| replica.role == Role::Leader) {
            let log = records(leader);
            let unexposed = self.exposed.len()..committed(leader);
            self.exposed.extend(unexposed.map(|offset| log[offset]));
        }
        if let Some(leader) = now.true_leader() {
            let high_watermark = (leader.high_watermark.0 as usize).min(self.exposed.len());
            self.true_high_watermark = self.true_high_watermark.max(high_watermark);
        }
        for replica in &now.replicas {
            if records(replica).starts_with(&self.exposed[..self.true_high_watermark]) {
                self.lossy = self.lossy.without(replica.broker);
            }
        }
        let decision = (now.controller.leader, now.controller.leader_epoch);
        self.decided(decision);
        self.begun |= now.controller.leader.is_some() || !now.controller.isr.is_empty();
        let offline = |broker| now.replica(broker).is_none_or(|replica| replica.role == Role::Offline);
        self.successes.retain(|(broker, ..)| !offline(*broker));
    }
}
