//! The first batch of a transaction on a partition waits until the transaction's coordinator has said that the partition belongs
//! to it: so nothing that comes late opens a transaction that nobody will end.
//!
//! With `transaction.version=2` the leader does not ask but adds the partition (KIP-890 part 2; 4.0 is not among the versions that
//! were read).
//!
//! Source: KIP-890; 3.7.0 and 3.9.0 `ReplicaManager.maybeStartTransactionVerificationForPartitions`,
//! `AddPartitionsToTxnManager`.

use std::collections::BTreeMap;

use crate::coordinator::{Asker, Request, TransactionalCommit};
use crate::event::Event;
use crate::ids::{
    CorrelationId, NodeId, ProducerEpoch, ProducerId, Sequence, TopicPartition, TransactionalId,
};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, TransactionalProducer};
use crate::open_transactions::Guard;
use crate::partition::Replica;
use crate::producer_state::Verdict;
use crate::protocol::Transactions as Version;
use crate::record::{ProducerStamp, RecordBatch};
use crate::time::Instant;

use super::produce::ProduceRequest;
use super::{Broker, socket_timeout};

/// What waits for the word of a coordinator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Verifications(BTreeMap<CorrelationId, Waiting>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Waiting {
    /// Who was asked.
    coordinator: NodeId,
    /// Until when it may answer.
    until: Instant,
    what: What,
    guards: Guards,
}

/// The partitions on which the transaction would begin.
type Guards = Vec<(TopicPartition, Guard)>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum What {
    Produce(NodeId, ProduceRequest),
    Offsets(Asker, TransactionalCommit),
}

/// What is known of a produce's partitions when it is worked on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Verified {
    guards: Guards,
    /// What the coordinator said of those.
    error: ErrorCode,
}

impl Verifications {
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.0.values().map(|waiting| waiting.until).min()
    }
}

impl Broker {
    fn verifies(&self) -> bool {
        match self.config.protocol.transactions {
            Version::None | Version::V1 => false,
            Version::Verified | Version::V2 => true,
        }
    }

    /// Works on a produce, at once or when its transaction is verified. Its connection is muted meanwhile.
    pub(super) fn verify_produce(
        &mut self,
        now: Instant,
        client: NodeId,
        request: ProduceRequest,
        out: &mut Effects,
    ) {
        let Some(id) = request.transactional.filter(|_| self.verifies()) else {
            return self.work_on_verified(now, client, request, &Verified::default(), out);
        };
        let stamps =
            request.partitions.iter().filter_map(|asked| Some((asked.partition, asked.batch.producer?)));
        let stamps: Vec<_> = stamps.filter(|(_, stamp)| stamp.transactional).collect();
        let mut guards = Guards::new();
        for (partition, stamp) in &stamps {
            guards.extend(self.start_verification(*partition, stamp).map(|guard| (*partition, guard)));
        }
        let Some((_, stamp)) = stamps.first().filter(|_| !guards.is_empty()) else {
            return self.work_on_verified(now, client, request, &Verified::default(), out);
        };
        let producer = TransactionalProducer { id, producer: stamp.id, epoch: stamp.epoch };
        let Some(coordinator) = self.transactions_coordinator(id) else {
            let verified = Verified { guards, error: ErrorCode::NotEnoughReplicas };
            return self.work_on_verified(now, client, request, &verified, out);
        };
        self.muted.entry(client).or_default();
        self.ask_to_verify(now, coordinator.into(), producer, What::Produce(client, request), guards, out);
    }

    /// A group's offsets belong to a transaction as records do.
    pub(super) fn verify_offsets(
        &mut self,
        now: Instant,
        asker: Asker,
        commit: TransactionalCommit,
        out: &mut Effects,
    ) {
        let producer = commit.producer;
        let partition = self.config.offsets_partition(commit.group).filter(|_| self.verifies());
        let stamp = unsequenced(producer.producer, producer.epoch);
        let guard = partition.and_then(|it| Some((it, self.start_verification(it, &stamp)?)));
        let Some(guard) = guard else { return self.on_offsets_of_transaction(now, asker, commit, out) };
        match self.transactions_coordinator(producer.id) {
            Some(coordinator) => {
                let what = What::Offsets(asker, commit);
                self.ask_to_verify(now, coordinator.into(), producer, what, vec![guard], out);
            }
            None => {
                Request::TransactionalCommit(commit).refuse(asker, ErrorCode::CoordinatorNotAvailable, out);
            }
        }
    }

    fn start_verification(&mut self, partition: TopicPartition, stamp: &ProducerStamp) -> Option<Guard> {
        let replica = self.replica_mut(partition).filter(|replica| replica.leads())?;
        replica.log.transactions_mut().get_or_insert_default().start_verification(stamp)
    }

    fn ask_to_verify(
        &mut self,
        now: Instant,
        coordinator: NodeId,
        producer: TransactionalProducer,
        what: What,
        guards: Guards,
        out: &mut Effects,
    ) {
        let mut partitions: Vec<_> = guards.iter().map(|&(partition, _)| partition).collect();
        partitions.sort_unstable();
        let verify_only = self.config.protocol.transactions != Version::V2;
        let body = Body::AddPartitionsToTxnRequest { producer, partitions, verify_only };
        let correlation = self.ask(coordinator, body, out);
        let until = now + socket_timeout(&self.config);
        self.verifications.0.insert(correlation, Waiting { coordinator, until, what, guards });
    }

    /// The coordinator has answered.
    pub(super) fn on_verified(
        &mut self,
        now: Instant,
        correlation: CorrelationId,
        error: ErrorCode,
        out: &mut Effects,
    ) {
        let Some(Waiting { what, guards, .. }) = self.verifications.0.remove(&correlation) else { return };
        match what {
            What::Produce(client, request) => {
                let verified = Verified { guards, error: produce_error(error) };
                self.resume(client, |broker| broker.work_on_verified(now, client, request, &verified, out));
            }
            What::Offsets(asker, commit) => {
                let producer = commit.producer;
                let stamp = unsequenced(producer.producer, producer.epoch);
                let checked = guards
                    .iter()
                    .try_for_each(|&(partition, guard)| self.check_verified(partition, &stamp, Some(guard)));
                match offsets_error(error).result().and(checked) {
                    Ok(()) => self.on_offsets_of_transaction(now, asker, commit, out),
                    Err(error) => Request::TransactionalCommit(commit).refuse(asker, error, out),
                }
            }
        }
    }

    /// The connection to a broker is gone, and with it what it was asked.
    pub(super) fn verification_lost(&mut self, now: Instant, peer: NodeId, out: &mut Effects) {
        self.give_up_verifying(now, |waiting| waiting.coordinator == peer, out);
    }

    /// Gives up what was not answered in time.
    pub(super) fn verification_on_time(&mut self, now: Instant, out: &mut Effects) {
        if self.verifications.next_deadline().is_some_and(|at| at <= now) {
            self.give_up_verifying(now, |waiting| waiting.until <= now, out);
        }
    }

    fn give_up_verifying(&mut self, now: Instant, is_lost: impl Fn(&Waiting) -> bool, out: &mut Effects) {
        let lost = self.verifications.0.iter().filter(|(_, waiting)| is_lost(waiting));
        let lost: Vec<CorrelationId> = lost.map(|(&correlation, _)| correlation).collect();
        for correlation in lost {
            self.on_verified(now, correlation, ErrorCode::NetworkException, out);
        }
    }

    /// Why a batch may not be appended though all else is well; none if it may. It is looked at once more here, for a marker
    /// may have been written since the coordinator was asked.
    pub(super) fn unverified(
        &self,
        partition: TopicPartition,
        batch: &RecordBatch,
        verified: &Verified,
    ) -> Option<ErrorCode> {
        let stamp = batch.producer.as_ref().filter(|stamp| stamp.transactional && self.verifies())?;
        let guard = verified.guards.iter().find(|(of, _)| *of == partition).map(|&(_, guard)| guard);
        if guard.is_some() && verified.error != ErrorCode::None {
            return Some(verified.error);
        }
        let is_known = |replica: &Replica| replica.log.check(batch) != Verdict::Append;
        if self.replicas.get(&partition).is_some_and(is_known) {
            return None;
        }
        self.check_verified(partition, stamp, guard).err()
    }

    /// Says that a batch was refused for its transaction.
    pub(super) fn tell_unverified(
        &self,
        client: NodeId,
        transaction: Option<TransactionalId>,
        error: ErrorCode,
        out: &mut Effects,
    ) {
        if let Some(transaction) = transaction {
            out.event(Event::TransactionRefused { broker: self.me, client, transaction, error });
        }
    }

    fn check_verified(
        &self,
        partition: TopicPartition,
        stamp: &ProducerStamp,
        guard: Option<Guard>,
    ) -> Result<(), ErrorCode> {
        // Who does not lead refuses the batch for that.
        let Some(replica) = self.replicas.get(&partition).filter(|replica| replica.leads()) else {
            return Ok(());
        };
        match replica.log.transactions() {
            Some(transactions) => transactions.check_verified(stamp, guard),
            None => Err(ErrorCode::InvalidTxnState),
        }
    }
}

/// What stands for a batch that bears no sequence: the lowest.
fn unsequenced(id: ProducerId, epoch: ProducerEpoch) -> ProducerStamp {
    ProducerStamp { id, epoch, base_sequence: Sequence(0), transactional: true }
}

/// What a producer is told of a transaction that could not be verified: what it may try again becomes an error that it tries again
/// without looking for another leader. Source: 3.9.0 `ReplicaManager.handleProduceAppend`.
fn produce_error(error: ErrorCode) -> ErrorCode {
    let try_again = [
        ErrorCode::ConcurrentTransactions,
        ErrorCode::NetworkException,
        ErrorCode::CoordinatorNotAvailable,
        ErrorCode::NotCoordinator,
    ];
    if try_again.contains(&error) {
        ErrorCode::NotEnoughReplicas
    } else if error == ErrorCode::ProducerFenced {
        ErrorCode::InvalidProducerEpoch
    } else {
        error
    }
}

/// The same of offsets. The group's coordinator is not to blame, so the producer need not look for another.
/// Source: 3.9.0 `GroupMetadataManager.maybeConvertOffsetCommitError`.
fn offsets_error(error: ErrorCode) -> ErrorCode {
    let try_again = [ErrorCode::NetworkException, ErrorCode::NotCoordinator];
    if try_again.contains(&error) {
        ErrorCode::CoordinatorNotAvailable
    } else if error == ErrorCode::ProducerFenced {
        ErrorCode::InvalidProducerEpoch
    } else {
        error
    }
}
