//! What became of all groups of one combination together.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::groups::GroupReport;

/// The numbers of all groups over all seeds: sums, but for the largest lag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GroupSums {
    /// How often groups began to rebalance.
    pub rebalances: u64,
    /// Members of which coordinators heard nothing any more.
    pub members_expired: u64,
    /// Commits that coordinators refused.
    pub commits_refused: u64,
    /// Records that a group was delivered more than once: every time but the first.
    pub reprocessed: u64,
    /// Records below a group's committed offsets that it never finished. Known of runs that converged.
    pub skipped: u64,
    /// The largest lag of any group in a partition, in records, until the faults were over.
    pub max_lag: u64,
    /// How long partitions had no owner, in milliseconds: summed over groups and partitions, until the faults were over.
    pub unowned_ms: u64,
}

impl GroupSums {
    /// Those of the groups; none if there are no groups.
    pub(super) fn of(groups: &BTreeMap<String, GroupReport>) -> Option<Self> {
        groups.values().map(Self::of_one).reduce(Self::with)
    }

    fn of_one(group: &GroupReport) -> Self {
        let &GroupReport { rebalances, members_expired, commits_refused, .. } = group;
        let &GroupReport { reprocessed, skipped, max_lag, unowned_ms, .. } = group;
        Self { rebalances, members_expired, commits_refused, reprocessed, skipped, max_lag, unowned_ms }
    }

    fn with(self, other: Self) -> Self {
        Self {
            rebalances: self.rebalances + other.rebalances,
            members_expired: self.members_expired + other.members_expired,
            commits_refused: self.commits_refused + other.commits_refused,
            reprocessed: self.reprocessed + other.reprocessed,
            skipped: self.skipped + other.skipped,
            max_lag: self.max_lag.max(other.max_lag),
            unowned_ms: self.unowned_ms + other.unowned_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_summed_and_the_largest_lag_is_kept() {
        let one =
            GroupReport { rebalances: 1, reprocessed: 2, max_lag: 9, unowned_ms: 4, ..Default::default() };
        let other =
            GroupReport { rebalances: 3, skipped: 5, max_lag: 7, unowned_ms: 6, ..Default::default() };
        let groups = BTreeMap::from([("billing".to_owned(), one), ("mail".to_owned(), other)]);
        let sums = GroupSums {
            rebalances: 4,
            reprocessed: 2,
            skipped: 5,
            max_lag: 9,
            unowned_ms: 10,
            ..Default::default()
        };
        assert_eq!(GroupSums::of(&groups), Some(sums));
        assert_eq!(GroupSums::of(&BTreeMap::new()), None);
    }
}
