//! Where the high watermark stands. Computes; the leader decides when.

use crate::defects::Defect;
use crate::ids::Offset;

/// What a leader's high watermark becomes, given the log ends of everyone that counts: the smallest of them, but never
/// less than it was. A member whose log end is unknown holds it where it is.
///
/// Source: 0.11.0.2 `Partition.maybeIncrementLeaderHW`.
pub fn advance(current: Offset, log_ends: impl IntoIterator<Item = Option<Offset>>) -> Offset {
    let smallest = log_ends.into_iter().min().flatten();
    if Defect::HighWatermarkFalls.is_on() {
        return smallest.unwrap_or(current);
    }
    smallest.map_or(current, |smallest| smallest.max(current))
}

/// The same where more than half of all replicas decide: the largest offset up to which more than half hold the log. Of an
/// unknown log end nothing is assumed.
///
/// Source: 3.9.0 `LeaderState.maybeUpdateHighWatermark`.
pub fn advance_by_majority(
    current: Offset,
    log_ends: impl Iterator<Item = Option<Offset>> + Clone,
) -> Offset {
    let (each, replicas) = (log_ends.clone(), log_ends.clone().count());
    let holding = move |offset| log_ends.clone().flatten().filter(|end| *end >= offset).count();
    let held = each.flatten().filter(|&end| 2 * holding(end) > replicas);
    held.max().map_or(current, |held| held.max(current))
}

/// What a follower's becomes when its leader's stood at `leader`: the same, as far as its own log reaches. It may fall.
///
/// Source: 0.11.0.2 `ReplicaFetcherThread.processPartitionData`.
pub fn follow(log_end: Offset, leader: Offset) -> Offset {
    if Defect::TakesLeadersHighWatermark.is_on() { leader } else { log_end.min(leader) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends<const N: usize>(ends: [u64; N]) -> [Option<Offset>; N] {
        ends.map(|end| Some(Offset(end)))
    }

    #[test]
    fn the_slowest_that_counts_decides() {
        assert_eq!(advance(Offset(2), ends([9, 5, 7])), Offset(5));
    }

    #[test]
    fn it_never_falls_within_a_term() {
        assert_eq!(advance(Offset(6), ends([9, 5, 7])), Offset(6));
    }

    #[test]
    fn an_unknown_log_end_holds_it() {
        assert_eq!(advance(Offset(2), [Some(Offset(9)), None]), Offset(2));
    }

    #[test]
    fn more_than_half_of_three_are_two_and_of_five_are_three() {
        let by_majority = |ends: &[Option<Offset>]| advance_by_majority(Offset(1), ends.iter().copied());
        assert_eq!(by_majority(&ends([9, 5, 7])), Offset(7));
        assert_eq!(by_majority(&ends([9, 8, 7, 2, 1])), Offset(7));
        assert_eq!(by_majority(&ends([9, 8, 7, 2])), Offset(7), "of four it takes three");
        assert_eq!(by_majority(&ends([9, 5])), Offset(5));
        assert_eq!(by_majority(&ends([9])), Offset(9));
    }

    #[test]
    fn an_unknown_log_end_counts_among_all_but_holds_nothing() {
        let unknown = [Some(Offset(9)), None, None];
        assert_eq!(advance_by_majority(Offset(1), unknown.into_iter()), Offset(1));
        let known = [Some(Offset(9)), Some(Offset(4)), None];
        assert_eq!(advance_by_majority(Offset(1), known.into_iter()), Offset(4));
        assert_eq!(advance_by_majority(Offset(6), known.into_iter()), Offset(6), "it does not fall");
    }

    #[test]
    fn a_follower_takes_its_leaders_as_far_as_its_log_reaches() {
        assert_eq!(follow(Offset(4), Offset(9)), Offset(4));
        assert_eq!(follow(Offset(4), Offset(3)), Offset(3));
    }
}
