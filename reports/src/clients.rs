//! What the judges are told of producers and groups before a run begins.

use highwater_model::config::{CommitPoint, ConsumerConfig, ProducerConfig};
use highwater_model::ids::{GroupId, NodeId, TopicId};

/// A producer.
#[derive(Clone, Debug, PartialEq)]
pub struct Writer {
    /// Its node.
    pub node: NodeId,
    /// Its settings.
    pub settings: ProducerConfig,
    /// Where it writes.
    pub topic: TopicId,
    /// The partition that it names for every record; none if it leaves the choice to its partitioner.
    pub partition: Option<u16>,
}

/// A consumer group.
#[derive(Clone, Debug, PartialEq)]
pub struct Reader {
    /// Which.
    pub group: GroupId,
    /// What it reads.
    pub topics: Vec<TopicId>,
    /// Its members' settings.
    pub settings: ConsumerConfig,
    /// Its members' nodes, also of those that join later.
    pub members: Vec<NodeId>,
    /// When its application commits by itself; of account only without auto commit.
    pub commit: CommitPoint,
    /// Whether its application needs time for a record. If not, what a poll returned is finished at once.
    pub takes_time: bool,
    /// The scenario says that the group never lags further behind than so many records a partition.
    pub max_lag: Option<u64>,
}
