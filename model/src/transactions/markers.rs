//! What was decided is written to every partition of the transaction, tried again for ever; then the transaction is complete.
//! Source: 2.0.0 and 3.9.0 `TransactionMarkerChannelManager`, `TransactionMarkerRequestCompletionHandler`.

use std::collections::{BTreeMap, BTreeSet};

use crate::defects::Defect;
use crate::ids::{BrokerId, CoordinatorEpoch, CorrelationId, TopicPartition, TransactionalId};
use crate::message::{ErrorCode, Marker, Metadata as Cluster, TransactionState};
use crate::time::{Instant, Micros};

use super::metadata::Standing;
use super::{Owed, RETRY_BACKOFF, Transactions};

/// How long a request may stay unanswered, `request.timeout.ms` of a broker.
const REQUEST_TIMEOUT: Micros = Micros::from_millis(30_000);

/// The markers that are not written yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Markers {
    /// To be sent in this step.
    unsent: BTreeSet<(TransactionalId, TopicPartition)>,
    /// To be sent then.
    later: BTreeSet<(Instant, TransactionalId, TopicPartition)>,
    /// Sent, and not answered.
    in_flight: BTreeMap<CorrelationId, InFlight>,
    /// Of these transactions all markers are written, which is to be stored then.
    completions: BTreeSet<(Instant, TransactionalId)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct InFlight {
    id: TransactionalId,
    to: BrokerId,
    epoch: CoordinatorEpoch,
    partitions: Vec<TopicPartition>,
    until: Instant,
}

/// Markers for the partitions of one transaction that one broker leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MarkerRequest {
    /// Who leads them.
    pub to: BrokerId,
    /// What to write.
    pub marker: Marker,
    /// Where, ascending.
    pub partitions: Vec<TopicPartition>,
    id: TransactionalId,
}

impl Markers {
    #[inline]
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        // Every step of every broker asks.
        if self.later.is_empty() && self.completions.is_empty() && self.in_flight.is_empty() {
            return None;
        }
        let later = self.later.first().map(|&(at, ..)| at);
        let completion = self.completions.first().map(|&(at, _)| at);
        let unanswered = self.in_flight.values().map(|sent| sent.until).min();
        Instant::first(Instant::first(later, completion), unanswered)
    }

    /// Forgets all that concerns these ids.
    pub(super) fn forget(&mut self, is_gone: impl Fn(TransactionalId) -> bool) {
        self.unsent.retain(|&(id, _)| !is_gone(id));
        self.later.retain(|&(_, id, _)| !is_gone(id));
        self.in_flight.retain(|_, sent| !is_gone(sent.id));
        self.completions.retain(|&(_, id)| !is_gone(id));
    }

    fn again(&mut self, at: Instant, sent: InFlight) {
        self.later.extend(sent.partitions.into_iter().map(|partition| (at, sent.id, partition)));
    }
}

impl Transactions {
    /// It is decided how a transaction ends: it has it written everywhere. Nothing else may be asked of the id meanwhile.
    pub(super) fn send_markers(&mut self, id: TransactionalId) {
        let Some(known) = self.ids.get_mut(&id) else { return };
        known.pending = completed(known.standing.state);
        if Defect::MarksNoPartition.is_on() {
            known.standing.partitions.clear();
        } else if Defect::MarksOnePartition.is_on() {
            let first = known.standing.partitions.first().copied();
            known.standing.partitions.retain(|partition| Some(*partition) == first);
        }
        self.markers.unsent.extend(known.standing.partitions.iter().map(|&partition| (id, partition)));
        self.complete_if_written(id);
    }

    /// The next markers to send, as far as it is known who leads. Where nobody does, it is tried again later.
    pub fn next_markers(&mut self, now: Instant, cluster: &Cluster) -> Option<MarkerRequest> {
        loop {
            let &(id, first) = self.markers.unsent.first()?;
            let leader = |partition| {
                let leader = cluster.partition(partition)?.leader?;
                cluster.live_brokers.contains(leader).then_some(leader)
            };
            let mut marker = self.marker(id);
            if Defect::MarksUnevenly.is_on()
                && let Some(marker) = &mut marker
            {
                marker.commit &= first.partition % 2 == 0;
            }
            let at_once = |it: TopicPartition| !Defect::MarksUnevenly.is_on() || it == first;
            let (Some(to), Some(marker)) = (leader(first), marker) else {
                self.markers.unsent.remove(&(id, first));
                if marker.is_some() {
                    self.markers.later.insert((now + RETRY_BACKOFF, id, first));
                }
                continue;
            };
            let of_id = self.markers.unsent.range((id, first)..).take_while(|(other, _)| *other == id);
            let partitions: Vec<_> =
                of_id.map(|&(_, it)| it).filter(|&it| leader(it) == Some(to) && at_once(it)).collect();
            for &partition in &partitions {
                self.markers.unsent.remove(&(id, partition));
            }
            return Some(MarkerRequest { to, marker, partitions, id });
        }
    }

    /// What is to be written of a transaction that is decided.
    fn marker(&self, id: TransactionalId) -> Option<Marker> {
        let known = self.ids.get(&id)?;
        let (producer, epoch) = known.session()?;
        let coordinator_epoch = *self.led.get(&known.stored_in)?;
        let commit =
            known.standing.state == TransactionState::PrepareCommit || Defect::MarksAbortsAsCommits.is_on();
        Some(Marker { producer, epoch, commit, coordinator_epoch })
    }

    /// Markers have left under this number.
    pub fn markers_sent(&mut self, now: Instant, correlation: CorrelationId, request: MarkerRequest) {
        let MarkerRequest { to, marker, partitions, id } = request;
        let (epoch, until) = (marker.coordinator_epoch, now + REQUEST_TIMEOUT);
        self.markers.in_flight.insert(correlation, InFlight { id, to, epoch, partitions, until });
    }

    /// A leader says which markers are replicated.
    pub fn on_markers_written(
        &mut self,
        now: Instant,
        correlation: CorrelationId,
        errors: &[(TopicPartition, ErrorCode)],
    ) {
        let Some(InFlight { id, epoch, .. }) = self.markers.in_flight.remove(&correlation) else { return };
        let Some(known) = self.ids.get_mut(&id) else { return };
        if self.led.get(&known.stored_in) != Some(&epoch) {
            return;
        }
        let fenced = [ErrorCode::InvalidProducerEpoch, ErrorCode::TransactionCoordinatorFenced];
        for &(partition, error) in errors {
            if error == ErrorCode::None {
                known.standing.partitions.remove(&partition);
            } else if fenced.contains(&error) {
                // Somebody knows better how it stands: it is left as it is.
                return self.markers.forget(|other| other == id);
            } else {
                self.markers.later.insert((now + RETRY_BACKOFF, id, partition));
            }
        }
        self.complete_if_written(id);
    }

    /// The connection to a broker is gone: what it was sent may or may not be written there.
    pub fn disconnected(&mut self, now: Instant, peer: BrokerId) {
        self.send_again(now + RETRY_BACKOFF, |sent| sent.to == peer);
    }

    /// Sends again what is due, and what was not answered in time.
    pub(super) fn try_again(&mut self, now: Instant) {
        while let Some(&(at, id, partition)) = self.markers.later.first()
            && at <= now
        {
            self.markers.later.remove(&(at, id, partition));
            self.markers.unsent.insert((id, partition));
        }
        self.send_again(now, |sent| sent.until <= now);
        while let Some(&(at, id)) = self.markers.completions.first()
            && at <= now
        {
            self.markers.completions.remove(&(at, id));
            self.complete(id);
        }
    }

    fn send_again(&mut self, at: Instant, is_lost: impl Fn(&InFlight) -> bool) {
        let lost = self.markers.in_flight.iter().filter(|(_, sent)| is_lost(sent));
        let lost: Vec<CorrelationId> = lost.map(|(&correlation, _)| correlation).collect();
        for correlation in lost {
            if let Some(sent) = self.markers.in_flight.remove(&correlation) {
                self.markers.again(at, sent);
            }
        }
    }

    fn complete_if_written(&mut self, id: TransactionalId) {
        let Some(known) = self.ids.get(&id) else { return };
        if known.standing.partitions.is_empty() && completed(known.standing.state).is_some() {
            self.complete(id);
        }
    }

    pub(super) fn complete_later(&mut self, now: Instant, id: TransactionalId) {
        self.markers.completions.insert((now + RETRY_BACKOFF, id));
    }

    fn complete(&mut self, id: TransactionalId) {
        let Some(known) = self.ids.get(&id) else { return };
        let Some(state) = completed(known.standing.state) else { return };
        let next = Standing { state, ..known.standing.clone() };
        self.enqueue(id, next, Owed::Nobody);
    }
}

/// What becomes of a transaction that is decided, once all markers are written.
fn completed(state: TransactionState) -> Option<TransactionState> {
    match state {
        TransactionState::PrepareCommit => Some(TransactionState::CompleteCommit),
        TransactionState::PrepareAbort => Some(TransactionState::CompleteAbort),
        TransactionState::Empty
        | TransactionState::Ongoing
        | TransactionState::CompleteCommit
        | TransactionState::CompleteAbort
        | TransactionState::PrepareEpochFence => None,
    }
}
