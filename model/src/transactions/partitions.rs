//! What belongs to a transaction: AddPartitionsToTxn, AddOffsetsToTxn, and the question of a leader whether it does.
//! Source: 2.0.0 `TransactionCoordinator.handleAddPartitionsToTransaction`; 3.9.0 `handleVerifyPartitionsInTransaction`.

use crate::coordinator::Asker;
use crate::ids::TopicPartition;
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, TransactionState, TransactionalProducer};
use crate::protocol::Transactions as Version;
use crate::time::Instant;

use super::metadata::{Metadata, Standing};
use super::{Owed, Transactions};

impl Transactions {
    /// Opens a transaction with the first partitions, and takes further ones in.
    pub(super) fn on_add(
        &mut self,
        now: Instant,
        owed: Owed,
        producer: TransactionalProducer,
        partitions: Vec<TopicPartition>,
        out: &mut Effects,
    ) {
        match self.prepare_add(now, producer, partitions) {
            Ok(Some(next)) => self.write(producer.id, next, owed, out),
            Ok(None) => self.answer(producer.id, owed, ErrorCode::None, out),
            Err(error) => self.answer(producer.id, owed, error, out),
        }
    }

    /// The session that asks, if it is the id's last.
    pub(super) fn session_of(&self, producer: TransactionalProducer) -> Result<&Metadata, ErrorCode> {
        let known = self.ids.get(&producer.id).ok_or(ErrorCode::InvalidProducerIdMapping)?;
        if known.standing.producer != producer.producer {
            return Err(ErrorCode::InvalidProducerIdMapping);
        }
        if known.standing.epoch != Some(producer.epoch) {
            return Err(self.fenced());
        }
        Ok(known)
    }

    fn prepare_add(
        &self,
        now: Instant,
        producer: TransactionalProducer,
        partitions: Vec<TopicPartition>,
    ) -> Result<Option<Standing>, ErrorCode> {
        let known = self.session_of(producer)?;
        let standing = &known.standing;
        if known.pending.is_some() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        let is_open = match standing.state {
            TransactionState::PrepareCommit | TransactionState::PrepareAbort => {
                return Err(ErrorCode::ConcurrentTransactions);
            }
            TransactionState::Ongoing | TransactionState::PrepareEpochFence => true,
            TransactionState::Empty | TransactionState::CompleteCommit | TransactionState::CompleteAbort => {
                false
            }
        };
        if is_open && partitions.iter().all(|partition| standing.partitions.contains(partition)) {
            return Ok(None);
        }
        let mut next = Standing { state: TransactionState::Ongoing, ..standing.clone() };
        if !is_open {
            next.started = Some(now);
        }
        next.partitions.extend(partitions);
        Ok(Some(next))
    }

    /// Whether these partitions belong to the producer's open transaction. Whether that is about to change is not looked at: the
    /// leader looks once more as it appends.
    pub(super) fn on_verify(
        &self,
        asker: Asker,
        producer: TransactionalProducer,
        partitions: &[TopicPartition],
        out: &mut Effects,
    ) {
        let error = self.verify(producer, partitions).err().unwrap_or_default();
        self.tell_refused(producer.id, asker, error, out);
        asker.send(Body::AddPartitionsToTxnReply { error }, out);
    }

    fn verify(
        &self,
        producer: TransactionalProducer,
        partitions: &[TopicPartition],
    ) -> Result<(), ErrorCode> {
        let standing = &self.session_of(producer)?.standing;
        if matches!(standing.state, TransactionState::PrepareCommit | TransactionState::PrepareAbort) {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        if partitions.iter().all(|partition| standing.partitions.contains(partition)) {
            return Ok(());
        }
        // Until 3.7.0 INVALID_TXN_STATE; 3.8.0 tells producers that know of it to abort and begin anew.
        Err(match self.config.protocol.transactions {
            Version::None | Version::V1 | Version::Verified => ErrorCode::InvalidTxnState,
            Version::V2 => ErrorCode::TransactionAbortable,
        })
    }
}
