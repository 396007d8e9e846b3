//! A broker takes transactional ids over with their partition of `__transaction_state`, and gives them up with it.
//! Source: 2.0.0 and 3.9.0 `TransactionStateManager.loadTransactionsForTxnTopicPartition`,
//! `TransactionCoordinator.onElection`, `onResignation`.

use std::collections::BTreeMap;

use crate::event::Event;
use crate::ids::{CoordinatorEpoch, LeaderEpoch, Offset, TopicPartition, TransactionalId};
use crate::log::Log;
use crate::machine::Effects;
use crate::message::TransactionState;
use crate::record::Content;
use crate::time::Instant;

use super::Transactions;
use super::metadata::Metadata;

impl Transactions {
    /// The broker leads this partition of `__transaction_state`, most often in a new epoch: what its log holds is how its ids stand, and what
    /// was decided there is carried out. As groups' logs it is read to its end, replicated or not.
    pub fn load(
        &mut self,
        now: Instant,
        partition: TopicPartition,
        epoch: LeaderEpoch,
        log: &Log,
        out: &mut Effects,
    ) {
        self.unload(partition);
        self.led.insert(partition, CoordinatorEpoch(epoch.0));
        let interval = self.scan_interval();
        self.scan_at.get_or_insert(now + interval);
        let mut loaded: BTreeMap<TransactionalId, Metadata> = BTreeMap::new();
        for batch in log.read(Offset::ZERO, log.end_offset(), u64::MAX) {
            for record in batch.records.iter() {
                match record.content.as_deref() {
                    Some(Content::Transaction(stored)) => {
                        loaded.insert(stored.id, Metadata::loaded(partition, stored));
                    }
                    Some(Content::Key(_) | Content::Group(_) | Content::Marker(_) | Content::Output(_))
                    | None => {}
                }
            }
        }
        if log.end_offset() > Offset::ZERO {
            let groups = loaded.len() as u32;
            out.event(Event::CoordinatorLoaded { partition, broker: self.me, groups });
        }
        let is_decided = |known: &Metadata| {
            matches!(known.standing.state, TransactionState::PrepareCommit | TransactionState::PrepareAbort)
        };
        let decided: Vec<_> =
            loaded.iter().filter(|(_, known)| is_decided(known)).map(|(&id, _)| id).collect();
        self.ids.append(&mut loaded);
        for id in decided {
            self.send_markers(id);
        }
    }

    /// The broker leads this partition, and will load it once all of its log is replicated. Until then it is not its coordinator.
    pub fn postpone(&mut self, partition: TopicPartition) {
        self.unload(partition);
        self.postponed.insert(partition);
    }

    /// Whether this partition is to be loaded once all of its log is replicated.
    pub fn is_postponed(&self, partition: TopicPartition) -> bool {
        self.postponed.contains(&partition)
    }

    /// Another broker leads this partition now: its ids are forgotten. Whoever waits hears as what was written for it fails.
    pub fn unload(&mut self, partition: TopicPartition) {
        self.postponed.remove(&partition);
        if self.led.remove(&partition).is_none() {
            return;
        }
        let Self { ids, markers, .. } = self;
        markers.forget(|id| ids.get(&id).is_some_and(|known| known.stored_in == partition));
        ids.retain(|_, known| known.stored_in != partition);
        if self.led.is_empty() {
            self.scan_at = None;
        }
    }

    /// Whether it looks after the ids that are kept in this partition.
    pub fn leads(&self, partition: TopicPartition) -> bool {
        self.led.contains_key(&partition)
    }
}
