//! Who may be in an ISR at all, as far as this broker has heard of the cluster: not who is fenced or shuts down (KIP-841), nor
//! who has been restarted since it fetched (KIP-903).

use crate::event::Event;
use crate::ids::{BrokerEpoch, BrokerId, TopicPartition};
use crate::machine::Effects;
use crate::message::{ErrorCode, FetchedPartition, Fetcher};
use crate::protocol::IsrEligibility;

use super::Broker;
use super::fetch::ParkedFetch;

impl Broker {
    /// Under which registration this broker says that it fetches. Source: KIP-903, 3.5.0 `RemoteLeaderEndPoint.buildFetch`.
    pub(super) fn fetches_as(&self) -> Option<BrokerEpoch> {
        match self.config.protocol.isr_eligibility {
            IsrEligibility::Anyone | IsrEligibility::Unfenced => None,
            IsrEligibility::BrokerEpoch => self.membership.epoch(),
        }
    }

    /// Whether a follower that has come far enough may join the ISR.
    pub(super) fn is_eligible(&self, partition: TopicPartition, follower: BrokerId) -> bool {
        let protocol = &self.config.protocol;
        if protocol.isr_eligibility == IsrEligibility::Anyone {
            return true;
        }
        let leader = self.replicas.get(&partition).and_then(|replica| replica.as_leader());
        let remote = leader.and_then(|leader| leader.remotes.iter().find(|remote| remote.broker == follower));
        remote.is_some_and(|remote| remote.is_eligible(protocol, &self.metadata))
    }

    /// A fetch that a broker sent in a life before the one that is registered counts for nothing, and is answered so wherever
    /// it would have counted: not where the logs part. Source: KAFKA-15221, 3.7.0 `Replica.updateFetchStateOrThrow`,
    /// `Partition.fetchRecords`.
    pub(super) fn refuse_stale(
        &self,
        request: &ParkedFetch,
        broker_epoch: Option<BrokerEpoch>,
        answers: &mut [FetchedPartition],
        out: &mut Effects,
    ) {
        let (Fetcher::Replica(follower), Some(epoch)) = (request.fetcher, broker_epoch) else { return };
        let lives = self.metadata.live_brokers.contains(follower);
        let is_stale = lives && self.metadata.broker_epoch(follower).is_some_and(|known| known > epoch);
        if !self.config.protocol.stale_fetch_refused || !is_stale {
            return;
        }
        let counts =
            |answer: &&mut FetchedPartition| answer.error == ErrorCode::None && answer.diverging.is_none();
        for answer in answers.iter_mut().filter(counts) {
            let error = ErrorCode::NotLeaderForPartition;
            *answer = FetchedPartition { error, batches: Vec::new(), ..answer.clone() };
            let (partition, broker, fetcher) = (answer.partition, self.me, request.from);
            out.event(Event::FetchFenced { partition, broker, fetcher, error });
        }
    }
}
