//! Where every replica stands: its role, its epoch, its high watermark and the end of its log.

use highwater_model::ids::{BrokerId, BrokerSet, LeaderEpoch, Offset};
use highwater_model::names::Names;
use highwater_model::view::{ClusterView, PartitionView, ReplicaView, Role};
use serde::Serialize;

/// All partitions, at the two moments that a report shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Standings {
    /// As the faults ended and before anything was mended; none if the run did not come so far.
    pub as_the_faults_ended: Vec<PartitionStanding>,
    /// When the run was over.
    pub at_the_end: Vec<PartitionStanding>,
}

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartitionStanding {
    /// `orders-0`.
    pub partition: String,
    /// Whom the controller takes for its leader.
    pub leader: Option<BrokerId>,
    /// In which epoch.
    pub leader_epoch: LeaderEpoch,
    /// The in-sync replicas, by the controller.
    pub isr: BrokerSet,
    /// In order of preference.
    pub replicas: Vec<ReplicaStanding>,
}

/// One replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplicaStanding {
    /// On which broker.
    pub broker: BrokerId,
    /// What it takes itself for; offline if its broker is down.
    pub role: Role,
    /// The epoch that it knows.
    pub leader_epoch: LeaderEpoch,
    /// HW: records below are committed, as far as it knows.
    pub high_watermark: Offset,
    /// LEO: the offset that the next record gets.
    pub log_end: Offset,
}

/// Where every replica stands by now.
pub(crate) fn standings(view: &ClusterView, names: &Names) -> Vec<PartitionStanding> {
    view.partitions.iter().map(|partition| standing(partition, names)).collect()
}

fn standing(view: &PartitionView, names: &Names) -> PartitionStanding {
    PartitionStanding {
        partition: names.partition(view.id()),
        leader: view.controller.leader,
        leader_epoch: view.controller.leader_epoch,
        isr: view.controller.isr,
        replicas: view.replicas.iter().map(replica).collect(),
    }
}

fn replica(view: &ReplicaView) -> ReplicaStanding {
    ReplicaStanding {
        broker: view.broker,
        role: view.role,
        leader_epoch: view.leader_epoch,
        high_watermark: view.high_watermark,
        log_end: view.log_end,
    }
}

/// `orders-0  epoch 1  ISR {2,3}  1: offline 20/21  2: leader 25/25  3: follower 24/25`
impl std::fmt::Display for PartitionStanding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}  epoch {}  ISR {}", self.partition, self.leader_epoch, self.isr)?;
        for ReplicaStanding { broker, role, high_watermark, log_end, .. } in &self.replicas {
            let role = match role {
                Role::Offline => "offline",
                Role::Follower => "follower",
                Role::Leader => "leader",
            };
            write!(f, "  {broker}: {role} {high_watermark}/{log_end}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_both_marks_of_every_replica() {
        let replica = |broker, role, high_watermark, log_end| ReplicaStanding {
            broker: BrokerId(broker),
            role,
            leader_epoch: LeaderEpoch(1),
            high_watermark: Offset(high_watermark),
            log_end: Offset(log_end),
        };
        let standing = PartitionStanding {
            partition: "orders-0".to_owned(),
            leader: Some(BrokerId(2)),
            leader_epoch: LeaderEpoch(1),
            isr: [BrokerId(2), BrokerId(3)].into_iter().collect(),
            replicas: vec![
                replica(1, Role::Offline, 20, 21),
                replica(2, Role::Leader, 25, 26),
                replica(3, Role::Follower, 24, 25),
            ],
        };
        assert_eq!(
            standing.to_string(),
            "orders-0  epoch 1  ISR {2,3}  1: offline 20/21  2: leader 25/26  3: follower 24/25"
        );
    }
}
