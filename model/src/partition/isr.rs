//! Who is in sync: a leader's clock for each follower, and what follows from it. Computes; the leader decides.

use crate::ids::{BrokerEpoch, BrokerId, BrokerSet, Offset};
use crate::message::Metadata;
use crate::protocol::{IsrEligibility, Protocol};
use crate::time::{Instant, Micros};

/// What a leader knows of a follower. Source: 0.11.0.2 `Replica`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Remote {
    /// Which broker.
    pub broker: BrokerId,
    /// The offset of its last fetch; none since it was reset.
    pub log_end: Option<Offset>,
    /// When it was last known to have everything; none since it was reset outside the ISR.
    pub caught_up: Option<Instant>,
    /// Whether its log is a beginning of the leader's and has reached the leader's epoch. Asked for by ack strategy `majority` only.
    pub in_step: bool,
    /// The high watermark that its last fetch was answered with, at least. Kept where [`Protocol::high_watermark_pushed`].
    ///
    /// [`Protocol::high_watermark_pushed`]: crate::protocol::Protocol::high_watermark_pushed
    pub told: Offset,
    /// The registration of its broker when it last fetched, where it tells. Source: KIP-903.
    pub broker_epoch: Option<BrokerEpoch>,
    /// When it last fetched, and where the leader's log ended then.
    last_fetch: Option<(Instant, Offset)>,
}

impl Remote {
    /// As the leader takes office: members of the ISR have caught up by definition, nothing else is known.
    /// Source: 0.11.0.2 `Partition.makeLeader`, which in the end applies `LogReadResult.UnknownLogReadResult`.
    pub fn new(broker: BrokerId, in_isr: bool, now: Instant) -> Self {
        let caught_up = in_isr.then_some(now);
        let (told, broker_epoch) = (Offset::ZERO, None);
        Self { broker, log_end: None, caught_up, in_step: false, told, broker_epoch, last_fetch: None }
    }

    /// As the leader stays and only the epoch is new: it keeps what it knows of the follower's log, and takes this moment
    /// for the last fetch. Source: 0.11.0.2 `Replica.resetLastCaughtUpTime`.
    pub fn reset_clock(&mut self, in_isr: bool, now: Instant, leader_end: Offset) {
        self.caught_up = in_isr.then_some(now);
        self.in_step = false;
        self.last_fetch = Some((now, leader_end));
    }

    /// It asked for an offset that the leader does not have: where it stands is unknown again, and holds the high
    /// watermark. Source: 0.11.0.2 `ReplicaManager.updateFollowerLogReadResults`, KAFKA-8400.
    pub fn fetched_out_of_range(&mut self) {
        self.log_end = None;
        self.in_step = false;
        self.last_fetch = None;
    }

    /// It fetched at `offset` while the leader's log ended at `leader_end`.
    ///
    /// Having asked for the present end, it has caught up now; having asked for what was the end at its previous fetch,
    /// it had caught up then. Source: 0.11.0.2 `Replica.updateLogReadResult`.
    pub fn fetched(&mut self, now: Instant, offset: Offset, leader_end: Offset) {
        if offset >= leader_end {
            self.caught_up = self.caught_up.max(Some(now));
        } else if let Some((then, _)) = self.last_fetch.filter(|(_, end)| offset >= *end) {
            self.caught_up = self.caught_up.max(Some(then));
        }
        self.log_end = Some(offset);
        self.last_fetch = Some((now, leader_end));
    }

    /// Whether it may join the ISR, however far its log has come, as far as this broker has heard of the cluster.
    ///
    /// Source: KIP-841, 3.3.0 `Partition.isReplicaIsrEligible`; KIP-903, 3.5.0 `Partition.isBrokerEpochIsrEligible`.
    pub fn is_eligible(&self, protocol: &Protocol, metadata: &Metadata) -> bool {
        let unfenced =
            || metadata.live_brokers.contains(self.broker) && !metadata.shutting_down.contains(self.broker);
        match protocol.isr_eligibility {
            IsrEligibility::Anyone => true,
            IsrEligibility::Unfenced => unfenced(),
            IsrEligibility::BrokerEpoch => {
                let registered = metadata.broker_epoch(self.broker);
                let same = self.broker_epoch.is_none_or(|fetched| Some(fetched) == registered);
                unfenced() && self.log_end.is_some() && registered.is_some() && same
            }
        }
    }

    /// Whether it had everything within the last `lag_max`.
    pub fn is_caught_up(&self, now: Instant, lag_max: Micros) -> bool {
        self.caught_up.is_some_and(|then| now.since(then) <= lag_max)
    }
}

/// The members that have not caught up for longer than `lag_max`. Source: 0.11.0.2 `Partition.getOutOfSyncReplicas`.
///
/// Those whose log ends at `spared` stay, however long they have been silent. Source: KAFKA-7152, 2.1.0
/// `Partition.isFollowerOutOfSync`.
pub fn out_of_sync(
    isr: BrokerSet,
    remotes: &[Remote],
    now: Instant,
    lag_max: Micros,
    spared: Option<Offset>,
) -> BrokerSet {
    let is_level = |remote: &Remote| spared.is_some() && remote.log_end == spared;
    let late = |remote: &&Remote| {
        isr.contains(remote.broker) && !remote.is_caught_up(now, lag_max) && !is_level(remote)
    };
    remotes.iter().filter(late).map(|remote| remote.broker).collect()
}

/// Whether a follower may join: its log has reached `bound`, the high watermark or, where it lies further, the beginning of the
/// leader's epoch. Source: 0.11.0.2 and 2.0.1 `Partition.maybeExpandIsr`.
pub fn may_join(isr: BrokerSet, remote: &Remote, bound: Offset) -> bool {
    !isr.contains(remote.broker) && remote.log_end.is_some_and(|end| end >= bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: Micros = Micros::from_millis(10_000);

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn member() -> Remote {
        Remote::new(BrokerId(2), true, at(0))
    }

    fn evicted(remote: &Remote, now: Instant) -> bool {
        let isr = [BrokerId(1), BrokerId(2)].into_iter().collect();
        !out_of_sync(isr, std::slice::from_ref(remote), now, MAX, None).is_empty()
    }

    #[test]
    fn a_fetch_at_the_end_counts_from_now() {
        let mut remote = member();
        remote.fetched(at(4_000), Offset(7), Offset(7));
        assert_eq!(remote.caught_up, Some(at(4_000)));
        assert!(!evicted(&remote, at(14_000)));
        assert!(evicted(&remote, at(14_001)));
    }

    #[test]
    fn a_fetch_at_what_was_the_end_counts_from_the_fetch_before() {
        let mut remote = member();
        remote.fetched(at(1_000), Offset(5), Offset(8));
        remote.fetched(at(2_000), Offset(8), Offset(11));
        assert_eq!(remote.caught_up, Some(at(1_000)));
    }

    #[test]
    fn a_follower_that_fetches_but_never_catches_up_is_evicted() {
        let mut remote = member();
        for second in 1..=11 {
            remote.fetched(at(second * 1_000), Offset(second), Offset(second * 10));
        }
        assert_eq!(remote.caught_up, Some(at(0)));
        assert!(evicted(&remote, at(11_000)));
    }

    #[test]
    fn a_reset_outsider_has_never_caught_up() {
        let remote = Remote::new(BrokerId(2), false, at(3));
        assert!(!remote.is_caught_up(at(3), MAX));
    }

    #[test]
    fn a_follower_joins_at_the_high_watermark_and_not_below() {
        let mut remote = Remote::new(BrokerId(2), false, at(0));
        let isr = BrokerSet::one(BrokerId(1));
        assert!(!may_join(isr, &remote, Offset(0)), "its log end is unknown");
        remote.fetched(at(1), Offset(4), Offset(9));
        assert!(!may_join(isr, &remote, Offset(5)));
        assert!(may_join(isr, &remote, Offset(4)));
        assert!(!may_join(isr.with(BrokerId(2)), &remote, Offset(4)));
    }
}
