//! How far a replica is stable: what a consumer may read that wants to see only what is committed.
//! Source: KIP-98, 0.11.0.2 `Log.read`, `ReplicaManager.readFromLocalLog`.

use std::sync::Arc;

use crate::config::IsolationLevel;
use crate::defects::Defect;
use crate::event::Event;
use crate::ids::Offset;
use crate::machine::Effects;
use crate::message::{AbortedTransaction, Fetcher};
use crate::partition::Replica;
use crate::record::Batch;

impl Replica {
    /// Below the high watermark, up to where no transaction is open (LSO).
    pub fn last_stable_offset(&self) -> Offset {
        self.log.last_stable_offset(self.high_watermark)
    }

    /// Which of the transactions that have records among these batches were aborted, for a consumer that leaves those out.
    pub fn aborted_among(
        &self,
        (fetcher, isolation): (Fetcher, IsolationLevel),
        from: Offset,
        batches: &[Arc<Batch>],
    ) -> Vec<AbortedTransaction> {
        match (fetcher, isolation, batches.last()) {
            (Fetcher::Consumer, IsolationLevel::ReadCommitted, Some(last))
                if !Defect::NamesNoAborted.is_on() =>
            {
                self.log.aborted(from, last.end_offset())
            }
            (Fetcher::Consumer | Fetcher::Replica(_), _, _) => Vec::new(),
        }
    }

    /// Sets the high watermark, and returns from where the last stable offset moved if transactions have touched the log.
    pub(super) fn set_high_watermark(&mut self, to: Offset) -> Option<Offset> {
        let stable = self.log.transactions().is_some().then(|| self.last_stable_offset());
        self.high_watermark = to;
        if let Some(transactions) = self.log.transactions_mut() {
            transactions.replicated_up_to(to);
        }
        stable
    }

    /// Says that the last stable offset rose, if it did.
    pub(super) fn tell_stable(&self, from: Option<Offset>, out: &mut Effects) {
        let (partition, broker, to) = (self.id, self.me, self.last_stable_offset());
        if let Some(from) = from.filter(|&from| from < to) {
            out.event(Event::LastStableOffsetAdvanced { partition, broker, from, to });
        }
    }
}
