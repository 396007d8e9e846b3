//! What a broker does by the clock: look after ISRs, write the high watermarks down, let parked requests expire, fetch.

use crate::event::Event;
use crate::ids::TopicPartition;
use crate::machine::Effects;
use crate::partition::Role;
use crate::time::{Instant, Micros};

use super::{Broker, Parked};

/// When the periodic tasks are due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Ticks {
    /// Source: 0.11.0.2 `ReplicaManager.startup`: "isr-expiration".
    isr: Option<Instant>,
    /// Source: 0.11.0.2 `ReplicaManager.startHighWaterMarksCheckPointThread`.
    checkpoint: Option<Instant>,
    /// When to look for proposals that are to be sent again.
    proposals: Option<Instant>,
}

impl Ticks {
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        Instant::first(Instant::first(self.isr, self.checkpoint), self.proposals)
    }

    /// A proposal is to be looked at by then.
    pub(super) fn repropose_by(&mut self, at: Instant) {
        self.proposals = Instant::first(self.proposals, Some(at));
    }
}

fn is_due(tick: &mut Option<Instant>, now: Instant, period: Micros) -> bool {
    let due = tick.is_some_and(|at| at <= now);
    if due {
        *tick = Some(now + period);
    }
    due
}

impl Broker {
    fn isr_period(&self) -> Micros {
        Micros::from_millis(self.config.broker.replica_lag_time_max_ms).half()
    }

    fn checkpoint_period(&self) -> Micros {
        Micros::from_millis(self.config.broker.high_watermark_checkpoint_interval_ms)
    }

    pub(super) fn start_ticks(&mut self, now: Instant) {
        self.ticks.isr = Some(now + self.isr_period());
        self.ticks.checkpoint = Some(now + self.checkpoint_period());
    }

    /// Whatever is due by now. Runs after each input, so that a late call catches up.
    pub(super) fn on_time(&mut self, now: Instant, out: &mut Effects) {
        self.write_what_is_due(now, out);
        while let Some(&(at, parked)) = self.expiries.first()
            && at <= now
        {
            self.expiries.remove(&(at, parked));
            match parked {
                Parked::Produce(id) => self.expire_produce(id, out),
                Parked::Fetch(id) => self.complete_fetch(id, out),
            }
        }
        if self.ticks.next_deadline().is_some_and(|at| at <= now) {
            self.on_ticks(now, out);
        }
        self.coordinator.on_time(now, out);
        self.transactions.on_time(now, out);
        self.verification_on_time(now, out);
        self.membership_on_time(now, out);
        self.send_fetches(now, out);
    }

    fn on_ticks(&mut self, now: Instant, out: &mut Effects) {
        let (isr_period, checkpoint_period) = (self.isr_period(), self.checkpoint_period());
        if is_due(&mut self.ticks.isr, now, isr_period) {
            self.shrink_isrs(now, out);
        }
        if is_due(&mut self.ticks.checkpoint, now, checkpoint_period) {
            self.checkpoint_high_watermarks();
            out.event(Event::HighWatermarksCheckpointed { broker: self.me });
        }
        if self.ticks.proposals.is_some_and(|at| at <= now) {
            self.ticks.proposals = None;
            self.propose_again(now, out);
        }
    }

    pub(super) fn led(&self) -> Vec<TopicPartition> {
        self.replicas.values().filter(|replica| replica.leads()).map(|replica| replica.id).collect()
    }

    /// Writes the high watermarks to disk: those of all replicas; up to 0.8.1 only of those that have been told what they are,
    /// which are all that the file then holds. Source: KAFKA-1647, 0.8.1.1 `ReplicaManager.checkpointHighWatermarks`.
    pub(super) fn checkpoint_high_watermarks(&mut self) {
        let keeps_untold = self.config.protocol.checkpoint_keeps_untold;
        if !keeps_untold {
            self.storage.high_watermarks.clear();
        }
        for (&id, replica) in &self.replicas {
            if replica.role == Role::Offline && !keeps_untold {
                continue;
            }
            self.storage.high_watermarks.insert(id, replica.high_watermark);
        }
    }
}
