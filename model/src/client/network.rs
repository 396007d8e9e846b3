//! Connections to the brokers and the requests in flight on them.
//!
//! A connection has to be made before it carries data, and only a data request that left counts as an attempt: so a
//! producer does not spend its retries on a broker that refuses connections. Kafka opens a connection with an
//! ApiVersionsRequest; here a MetadataRequest whose answer is not looked at takes its place.
//! Source: 0.11.0.2 `NetworkClient.handleInitiateApiVersionRequests`.

use std::collections::VecDeque;

use crate::client::metadata::ClusterMetadata;
use crate::client::wake::Wake;
use crate::ids::{BrokerId, CorrelationId, NodeId};
use crate::machine::Effects;
use crate::message::{Body, Metadata};
use crate::time::{Instant, Micros};

/// `reconnect.backoff.ms` and `reconnect.backoff.max.ms` of 0.11; the wait doubles with each failure in a row.
/// Kafka adds up to 20 % of chance, which has no place in a model. Source: KIP-144,
/// 0.11.0.2 `ClusterConnectionStates.updateReconnectBackoff`.
const RECONNECT_BACKOFF: Micros = Micros::from_millis(50);
/// See [`RECONNECT_BACKOFF`].
const RECONNECT_BACKOFF_MAX: Micros = Micros::from_millis(1_000);

/// A life of a client has 2 to the power of this many correlations, more than a run can use up.
const LIFE_BITS: u32 = 22;

/// Which of a client's lives a request belongs to.
pub(crate) fn life_of(correlation: CorrelationId) -> u32 {
    correlation.0 >> LIFE_BITS
}

/// What is asked on a connection; `T` is what producers and consumers ask in particular.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ask<T> {
    /// Opens the connection.
    Handshake,
    /// Asks for metadata.
    Metadata,
    /// Asks for something of the client's own.
    Own(T),
}

/// A request that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct InFlight<T> {
    correlation: CorrelationId,
    /// When its connection counts as broken.
    expires: Instant,
    /// It may wait for longer than request.timeout.ms.
    patient: bool,
    ask: Ask<T>,
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    /// It may be opened from this moment on.
    Closed { retry_at: Instant },
    /// Its first request is in flight.
    Connecting,
    /// It carries data.
    Ready,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Connection<T> {
    state: State,
    /// Failures in a row.
    failures: u32,
    /// In the order in which they left.
    in_flight: VecDeque<InFlight<T>>,
}

/// What a client's network needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NetworkSettings {
    /// How many lives the client has had before. Each has numbers of its own: a broker that still owes an earlier life an answer
    /// may send it to this one, which must not take it for one to a request of its own.
    pub(crate) life: u32,
    /// How many brokers there are; all of them are in bootstrap.servers.
    pub(crate) brokers: u8,
    /// Metadata of an older leader epoch than is known changes nothing.
    pub(crate) keeps_newer: bool,
    /// request.timeout.ms.
    pub(crate) request_timeout: Micros,
    /// retry.backoff.ms.
    pub(crate) retry_backoff: Micros,
    /// metadata.max.age.ms.
    pub(crate) metadata_max_age: Micros,
    /// max.in.flight.requests.per.connection; requests of every kind count.
    /// Source: 0.11.0.2 `InFlightRequests.canSendMore`.
    pub(crate) max_in_flight: usize,
}

/// A client's connections, one a broker, and its metadata.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Network<T> {
    settings: NetworkSettings,
    /// Broker `b` is at `b - 1`.
    connections: Vec<Connection<T>>,
    /// The correlation of the next request.
    next: CorrelationId,
    /// Where the search for the least loaded broker begins.
    first: usize,
    /// What is known of the cluster.
    pub(crate) metadata: ClusterMetadata,
    /// All of the client's deadlines.
    pub(crate) wake: Wake,
}

impl<T: Copy + PartialEq> Network<T> {
    /// No connection is open, nothing is known, and the client wants to be called at once.
    pub(crate) fn new(settings: NetworkSettings) -> Self {
        let NetworkSettings { life, brokers, retry_backoff, metadata_max_age, .. } = settings;
        let connection = || Connection {
            state: State::Closed { retry_at: Instant::START },
            failures: 0,
            in_flight: VecDeque::new(),
        };
        Self {
            settings,
            connections: (0..brokers).map(|_| connection()).collect(),
            next: CorrelationId(life.wrapping_shl(LIFE_BITS) | 1),
            first: 0,
            metadata: ClusterMetadata::new(brokers, retry_backoff, metadata_max_age, settings.keeps_newer),
            wake: Wake::default(),
        }
    }

    /// The brokers' ids.
    pub(crate) fn brokers(&self) -> impl Iterator<Item = BrokerId> + use<T> {
        (1..=self.settings.brokers).map(BrokerId)
    }

    /// The broker at a node.
    pub(crate) fn broker(&self, node: NodeId) -> Option<BrokerId> {
        node.as_broker(self.settings.brokers)
    }

    /// The correlation that the next request will carry.
    pub(crate) fn next_correlation(&self) -> CorrelationId {
        self.next
    }

    /// Whether a data request may leave for `broker` now; opens the connection if need and back-off allow.
    /// Source: 0.11.0.2 `NetworkClient.ready`.
    pub(crate) fn ready(&mut self, broker: BrokerId, now: Instant, out: &mut Effects) -> bool {
        let connection = &self.connections[place(broker)];
        match connection.state {
            State::Ready => connection.in_flight.len() < self.settings.max_in_flight,
            State::Connecting => false,
            State::Closed { retry_at } if retry_at <= now => {
                self.send(broker, now, Ask::Handshake, Body::MetadataRequest, out);
                false
            }
            State::Closed { retry_at } => {
                self.wake.by(retry_at);
                false
            }
        }
    }

    /// Sends a request that will be answered.
    pub(crate) fn send(
        &mut self,
        broker: BrokerId,
        now: Instant,
        ask: Ask<T>,
        body: Body,
        out: &mut Effects,
    ) -> CorrelationId {
        let expires = now + self.settings.request_timeout;
        self.send_until(broker, expires, false, ask, body, out)
    }

    /// Sends a request that may stay unanswered for `timeout`, if that is longer than request.timeout.ms: JoinGroup.
    /// Source: 2.3.0 `AbstractCoordinator.sendJoinGroupRequest` (`joinGroupTimeoutMs`).
    pub(crate) fn send_patiently(
        &mut self,
        broker: BrokerId,
        now: Instant,
        timeout: Micros,
        ask: Ask<T>,
        body: Body,
        out: &mut Effects,
    ) -> CorrelationId {
        let expires = now + timeout.max(self.settings.request_timeout);
        self.send_until(broker, expires, true, ask, body, out)
    }

    fn send_until(
        &mut self,
        broker: BrokerId,
        expires: Instant,
        patient: bool,
        ask: Ask<T>,
        body: Body,
        out: &mut Effects,
    ) -> CorrelationId {
        let correlation = self.send_unanswered(broker, body, out);
        let connection = &mut self.connections[place(broker)];
        if matches!(connection.state, State::Closed { .. }) {
            connection.state = State::Connecting;
        }
        connection.in_flight.push_back(InFlight { correlation, expires, patient, ask });
        self.wake.by(expires);
        correlation
    }

    /// Asks the least loaded broker; the next question goes elsewhere, for this broker may be cut off from the controller
    /// and not know it. False if none can be asked now.
    pub(crate) fn ask_anyone(&mut self, now: Instant, ask: Ask<T>, body: Body, out: &mut Effects) -> bool {
        let Some(broker) = self.least_loaded(now) else { return false };
        self.send(broker, now, ask, body, out);
        self.first = (place(broker) + 1) % self.connections.len();
        true
    }

    /// Sends a request that will not be answered: a produce with acks=0.
    pub(crate) fn send_unanswered(
        &mut self,
        broker: BrokerId,
        body: Body,
        out: &mut Effects,
    ) -> CorrelationId {
        let correlation = self.next;
        self.next = CorrelationId(correlation.0.wrapping_add(1));
        out.send(broker.into(), correlation, body);
        correlation
    }

    /// Takes the request that an answer from `broker` belongs to; none if the answer is stale.
    pub(crate) fn answered(&mut self, broker: BrokerId, correlation: CorrelationId) -> Option<Ask<T>> {
        let connection = &mut self.connections[place(broker)];
        let at = connection.in_flight.iter().position(|request| request.correlation == correlation)?;
        let request = connection.in_flight.remove(at)?;
        connection.state = State::Ready;
        connection.failures = 0;
        Some(request.ask)
    }

    /// The connection broke: adds the client's own requests that were in flight to `failed`, in order.
    /// Source: 0.11.0.2 `NetworkClient.processDisconnection`, `handleDisconnections` (asks for new metadata).
    pub(crate) fn disconnected(&mut self, broker: BrokerId, now: Instant, failed: &mut Vec<T>) {
        let at = place(broker);
        let connection = &mut self.connections[at];
        if matches!(connection.state, State::Closed { .. }) {
            return;
        }
        let wait = (RECONNECT_BACKOFF.0 << connection.failures.min(5)).min(RECONNECT_BACKOFF_MAX.0);
        connection.state = State::Closed { retry_at: now + Micros(wait) };
        connection.failures += 1;
        for request in connection.in_flight.drain(..) {
            match request.ask {
                Ask::Handshake => {}
                Ask::Metadata => self.metadata.failed(),
                Ask::Own(own) => failed.push(own),
            }
        }
        self.metadata.want();
        if self.first == at {
            self.first = (at + 1) % self.connections.len();
        }
    }

    /// A broker that has left a request unanswered for as long as that one may wait, mostly request.timeout.ms: its
    /// connection counts as broken.
    /// Source: 0.11.0.2 `NetworkClient.handleTimedOutRequests`.
    pub(crate) fn timed_out(&self, now: Instant) -> Option<BrokerId> {
        self.brokers().find(|&broker| self.timeout_at(broker).is_some_and(|at| at <= now))
    }

    /// Adds the deadlines of all requests in flight; for a client that has cleared its [`Wake`].
    pub(crate) fn arm(&mut self) {
        for broker in self.brokers() {
            if let Some(at) = self.timeout_at(broker) {
                self.wake.by(at);
            }
        }
    }

    /// Takes an answer to a metadata request. False if it says nothing.
    pub(crate) fn take_metadata(&mut self, broker: BrokerId, metadata: &Metadata, now: Instant) -> bool {
        let useful = self.metadata.take(metadata, now);
        if !useful && self.first == place(broker) {
            self.first = (self.first + 1) % self.connections.len();
        }
        useful
    }

    /// Asks for metadata if it is time. Source: 0.11.0.2 `DefaultMetadataUpdater.maybeUpdate`.
    pub(crate) fn refresh(&mut self, now: Instant, out: &mut Effects) {
        let Some(due) = self.metadata.due_at() else { return };
        if due > now {
            self.wake.by(due);
            return;
        }
        if self.ask_anyone(now, Ask::Metadata, Body::MetadataRequest, out) {
            self.metadata.asked();
        }
    }

    /// The broker with the fewest requests in flight that can take another one. If all wait for their back-off, the
    /// client wakes when the first of them is over. Among equals Kafka begins at a random broker and prefers open
    /// connections; this one begins at broker 1 and moves on with each metadata request.
    /// Source: 0.11.0.2 `NetworkClient.leastLoadedNode`.
    pub(crate) fn least_loaded(&mut self, now: Instant) -> Option<BrokerId> {
        let count = self.connections.len();
        let mut found: Option<(usize, usize)> = None;
        for at in (self.first..count).chain(0..self.first) {
            let connection = &self.connections[at];
            let load = connection.in_flight.len();
            let usable = match connection.state {
                State::Ready => load < self.settings.max_in_flight,
                State::Connecting => false,
                State::Closed { retry_at } => {
                    if retry_at > now {
                        self.wake.by(retry_at);
                    }
                    retry_at <= now
                }
            };
            if usable && found.is_none_or(|(fewest, _)| load < fewest) {
                found = Some((load, at));
            }
        }
        found.map(|(_, at)| BrokerId(at as u8 + 1))
    }

    /// The oldest ordinary request expires before the younger ones, also before the patient among them; only a patient
    /// one that is older has to be looked at besides.
    fn timeout_at(&self, broker: BrokerId) -> Option<Instant> {
        let mut earliest = None;
        for request in &self.connections[place(broker)].in_flight {
            earliest = Instant::first(earliest, Some(request.expires));
            if !request.patient {
                break;
            }
        }
        earliest
    }
}

fn place(broker: BrokerId) -> usize {
    usize::from(broker.0) - 1
}
