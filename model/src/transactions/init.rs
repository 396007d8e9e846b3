//! A producer starts, or starts over: it gets a session, and the one before is fenced.
//! Source: 2.0.0 and 3.9.0 `TransactionCoordinator.handleInitProducerId`, `prepareInitProducerIdTransit`.

use std::collections::BTreeSet;

use crate::coordinator::Asker;
use crate::ids::{ProducerEpoch, ProducerId, TransactionalId};
use crate::machine::Effects;
use crate::message::{ErrorCode, TransactionState, TransactionalInit};
use crate::time::Micros;

use super::metadata::{Metadata, Standing};
use super::{Owed, Transactions};

impl Transactions {
    /// Whether an id needs a PID that nobody has: it is new, or has used up its epochs.
    pub fn wants_producer_id(&self, id: TransactionalId) -> bool {
        self.ids.get(&id).is_none_or(Metadata::is_exhausted)
    }

    pub(super) fn on_init(
        &mut self,
        asker: Asker,
        init: TransactionalInit,
        fresh: Option<ProducerId>,
        out: &mut Effects,
    ) {
        let owed = Owed::Init(asker);
        let longest = Micros::from_millis(self.config.broker.transaction_max_timeout_ms);
        if init.timeout == Micros::ZERO || init.timeout > longest {
            return self.answer(init.id, owed, ErrorCode::InvalidTransactionTimeout, out);
        }
        match self.prepare_init(init, fresh) {
            Ok(Some(next)) => self.write(init.id, next, owed, out),
            Ok(None) => self.fence(init.id, Owed::Fence(asker), out),
            Err(error) => self.answer(init.id, owed, error, out),
        }
    }

    /// How the id will stand; none if a transaction is open, which has to be aborted first.
    fn prepare_init(
        &mut self,
        init: TransactionalInit,
        fresh: Option<ProducerId>,
    ) -> Result<Option<Standing>, ErrorCode> {
        let fenced = self.fenced();
        if !self.ids.contains_key(&init.id) {
            let stored_in = self.config.transactions_partition(init.id).ok_or(ErrorCode::NotCoordinator)?;
            let producer = fresh.ok_or(ErrorCode::CoordinatorNotAvailable)?;
            self.ids.insert(init.id, Metadata::new(stored_in, producer, init.timeout));
        }
        let known = &self.ids[&init.id];
        if known.pending.is_some() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        let stands_for_it =
            |(producer, _)| known.standing.epoch.is_none() || producer == known.standing.producer;
        if !init.current.is_none_or(stands_for_it) {
            return Err(fenced);
        }
        match known.standing.state {
            TransactionState::PrepareAbort | TransactionState::PrepareCommit => {
                Err(ErrorCode::ConcurrentTransactions)
            }
            TransactionState::Ongoing => Ok(None),
            TransactionState::Empty | TransactionState::CompleteAbort | TransactionState::CompleteCommit => {
                let current = init.current.map(|(_, epoch)| epoch);
                let next = known.next_session(init.timeout, current, fresh).ok_or(fenced)?;
                Ok(Some(next))
            }
            TransactionState::PrepareEpochFence => {
                unreachable!("an id is never stored while it fences an epoch")
            }
        }
    }
}

impl Metadata {
    /// The next session; the present one again, if its own producer raised the epoch and did not hear of it. None if the
    /// producer that asks is not the last.
    ///
    /// Source: 3.9.0 `TransactionMetadata.prepareIncrementProducerEpoch`, `prepareProducerIdRotation`; KIP-360.
    fn next_session(
        &self,
        timeout: Micros,
        current: Option<ProducerEpoch>,
        fresh: Option<ProducerId>,
    ) -> Option<Standing> {
        let now = &self.standing;
        let (mut producer, mut epoch, mut last_epoch) = (now.producer, self.next_epoch(), None);
        if self.is_exhausted() && current.is_none_or(|current| Some(current) == now.epoch) {
            (producer, epoch) = (fresh?, ProducerEpoch(0));
        } else if let Some(current) = current {
            if now.epoch.is_none() || now.epoch == Some(current) {
                last_epoch = now.epoch;
            } else if now.last_epoch == Some(current) {
                (epoch, last_epoch) = (now.epoch?, now.last_epoch);
            } else {
                return None;
            }
        }
        Some(Standing {
            producer,
            epoch: Some(epoch),
            last_epoch,
            timeout,
            state: TransactionState::Empty,
            partitions: BTreeSet::new(),
            started: None,
        })
    }
}
