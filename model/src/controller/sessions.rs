//! Which brokers have a session, and until when.
//!
//! In 0.11 a broker is alive for the controller as long as its ephemeral node `/brokers/ids/<id>` exists, and the node
//! exists as long as the ZooKeeper session that created it. A [`BrokerEpoch`] stands for the session's id.
//!
//! Under KRaft a registration stays. A broker is registered *fenced*, is unfenced by a heartbeat, and is fenced again when it
//! has been silent for too long, or when it was allowed to shut down. Source: 3.3.2 `ClusterControlManager`,
//! `BrokerHeartbeatManager`.

use crate::ids::{BrokerEpoch, BrokerId, BrokerSet};
use crate::time::{Instant, Micros};

/// A deadline that comes later than this shows that the controller itself stood still.
const STANDSTILL: Micros = Micros::from_millis(1_000);

/// The latest session of one broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Session {
    epoch: BrokerEpoch,
    /// Which life of the broker opened it.
    incarnation: u32,
    last_heard: Instant,
    /// KRaft: when it asked to shut down and still led something.
    shutdown_began: Option<Instant>,
}

impl Session {
    fn new(epoch: BrokerEpoch, incarnation: u32, last_heard: Instant) -> Self {
        Self { epoch, incarnation, last_heard, shutdown_began: None }
    }
}

/// What came of a request to register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registration {
    /// A new session began.
    Opened(BrokerEpoch),
    /// This life of the broker has a session already: the request is a repetition.
    Known(BrokerEpoch),
    /// The session of an earlier life still lasts, or the request itself comes from an earlier life.
    Refused,
}

/// The sessions of all brokers. Broker `b` is at `b - 1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sessions {
    timeout: Micros,
    latest: Vec<Session>,
    last_epoch: BrokerEpoch,
    registered: BrokerSet,
    /// KRaft: those of the registered that are not taken for alive.
    fenced: BrokerSet,
    shutting_down: BrokerSet,
    relieved: BrokerSet,
    next_expiry: Option<Instant>,
}

impl Sessions {
    /// A formed cluster: every broker in its first life, under the epoch that equals its id.
    pub(super) fn formed(brokers: u8, timeout: Micros) -> Self {
        let first = |id| Session::new(BrokerEpoch(id), 0, Instant::START);
        let mut sessions = Self {
            timeout,
            latest: (1..=u64::from(brokers)).map(first).collect(),
            last_epoch: BrokerEpoch(u64::from(brokers)),
            registered: (1..=brokers).map(BrokerId).collect(),
            fenced: BrokerSet::EMPTY,
            shutting_down: BrokerSet::EMPTY,
            relieved: BrokerSet::EMPTY,
            next_expiry: None,
        };
        sessions.find_next_expiry();
        sessions
    }

    /// Brokers that the controller knows and tells of its decisions: with ZooKeeper those that have a session, under KRaft
    /// also the fenced ones. Source: 0.11.0.2 `ControllerContext.liveOrShuttingDownBrokerIds`.
    pub(super) fn registered(&self) -> BrokerSet {
        self.registered
    }

    /// Registered brokers that are not taken for alive. None with ZooKeeper.
    pub(super) fn fenced(&self) -> BrokerSet {
        self.fenced
    }

    /// Brokers that are taken for alive.
    pub(super) fn live(&self) -> BrokerSet {
        self.registered.difference(self.fenced)
    }

    /// Those of them that have not asked to shut down. Source: 0.11.0.2 `ControllerContext.liveBrokerIds`, 3.3.2
    /// `ClusterControlManager.isActive`.
    pub(super) fn electable(&self) -> BrokerSet {
        self.live().difference(self.shutting_down)
    }

    /// Brokers that have asked to shut down and still have a session. Under KRaft those that are known to be in controlled
    /// shutdown, fenced or not, until they register again.
    pub(super) fn shutting_down(&self) -> BrokerSet {
        self.shutting_down
    }

    /// Whether the broker asked to shut down and was told that it leads nothing any more.
    pub(super) fn is_relieved(&self, broker: BrokerId) -> bool {
        self.relieved.contains(broker)
    }

    /// The broker's latest epoch, whether or not the session lasts.
    pub(super) fn epoch(&self, broker: BrokerId) -> BrokerEpoch {
        self.latest[place(broker)].epoch
    }

    /// The latest epochs of all brokers, by id.
    pub(super) fn epochs(&self) -> Vec<BrokerEpoch> {
        self.latest.iter().map(|session| session.epoch).collect()
    }

    /// When the first session ends unless its broker is heard before.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.next_expiry
    }

    /// Opens a session for this life of the broker, if no earlier one lasts.
    pub(super) fn register(&mut self, now: Instant, broker: BrokerId, incarnation: u32) -> Registration {
        let session = &mut self.latest[place(broker)];
        if incarnation < session.incarnation {
            return Registration::Refused;
        }
        if self.registered.contains(broker) {
            if incarnation > session.incarnation {
                return Registration::Refused;
            }
            let epoch = session.epoch;
            session.last_heard = now;
            self.find_next_expiry();
            return Registration::Known(epoch);
        }
        self.last_epoch = BrokerEpoch(self.last_epoch.0 + 1);
        *session = Session::new(self.last_epoch, incarnation, now);
        self.registered = self.registered.with(broker);
        self.find_next_expiry();
        Registration::Opened(self.last_epoch)
    }

    /// A new session for this life of the broker, in place of one that was closed unnoticed.
    pub(super) fn reopen(&mut self, now: Instant, broker: BrokerId, incarnation: u32) -> BrokerEpoch {
        self.last_epoch = BrokerEpoch(self.last_epoch.0 + 1);
        self.latest[place(broker)] = Session::new(self.last_epoch, incarnation, now);
        self.find_next_expiry();
        self.last_epoch
    }

    /// Whether the broker's session under this epoch lasts.
    pub(super) fn is_current(&self, broker: BrokerId, epoch: BrokerEpoch) -> bool {
        self.registered.contains(broker) && self.epoch(broker) == epoch
    }

    /// Renews the session and says whether there was one under this epoch.
    pub(super) fn hear(&mut self, now: Instant, broker: BrokerId, epoch: BrokerEpoch) -> bool {
        let current = self.is_current(broker, epoch);
        if current {
            self.latest[place(broker)].last_heard = now;
            self.find_next_expiry();
        }
        current
    }

    /// Renews every session that lasts.
    pub(super) fn renew_all(&mut self, now: Instant) {
        for broker in self.registered.iter() {
            self.latest[place(broker)].last_heard = now;
        }
        self.find_next_expiry();
    }

    /// Notes that the broker asked to shut down; only the end of its session undoes it.
    pub(super) fn begin_shutdown(&mut self, broker: BrokerId) {
        self.shutting_down = self.shutting_down.with(broker);
    }

    /// Notes what the broker was told: whether it leads nothing any more.
    pub(super) fn set_relieved(&mut self, broker: BrokerId, relieved: bool) {
        self.relieved = if relieved { self.relieved.with(broker) } else { self.relieved.without(broker) };
    }

    /// KRaft: registers this life of the broker, fenced, unless the session of an earlier one is valid. A repeated request of
    /// one life changes nothing. Source: 3.9.0 `ClusterControlManager.registerBroker`, `BrokerHeartbeatManager.hasValidSession`.
    pub(super) fn admit(&mut self, now: Instant, broker: BrokerId, incarnation: u32) -> Registration {
        let session = &mut self.latest[place(broker)];
        if incarnation == session.incarnation {
            session.last_heard = now;
            let epoch = session.epoch;
            self.find_next_expiry();
            return Registration::Known(epoch);
        }
        if incarnation < session.incarnation || self.live().contains(broker) {
            return Registration::Refused;
        }
        self.last_epoch = BrokerEpoch(self.last_epoch.0 + 1);
        self.latest[place(broker)] = Session::new(self.last_epoch, incarnation, now);
        self.shutting_down = self.shutting_down.without(broker);
        Registration::Opened(self.last_epoch)
    }

    /// KRaft: the broker is not taken for alive any more.
    pub(super) fn fence(&mut self, broker: BrokerId) {
        self.fenced = self.fenced.with(broker);
        self.find_next_expiry();
    }

    /// KRaft: the broker is taken for alive.
    pub(super) fn unfence(&mut self, broker: BrokerId) {
        self.fenced = self.fenced.without(broker);
        self.find_next_expiry();
    }

    /// KRaft: the broker that has been silent for longest, if that is too long. As with [`Self::expire`], a controller that stood
    /// still itself gives every session a fresh start, as a newly elected one does.
    /// Source: 3.3.2 `BrokerHeartbeatManager.findOneStaleBroker`.
    pub(super) fn stalest(&mut self, now: Instant) -> Option<BrokerId> {
        let due = self.next_expiry.filter(|due| *due <= now)?;
        if now.since(due) > STANDSTILL {
            self.renew_all(now);
            return None;
        }
        self.live().iter().min_by_key(|broker| self.latest[place(*broker)].last_heard)
    }

    /// KRaft: when the broker, in the life that is registered, asked to shut down and still led something.
    pub(super) fn shutdown_began(&self, broker: BrokerId) -> Option<Instant> {
        self.latest[place(broker)].shutdown_began
    }

    /// KRaft: the broker wants to shut down and still leads something.
    pub(super) fn note_shutdown(&mut self, now: Instant, broker: BrokerId) {
        self.latest[place(broker)].shutdown_began = Some(now);
    }

    /// Whether all brokers that may be elected have been heard after this time.
    pub(super) fn all_heard_since(&self, since: Instant) -> bool {
        self.electable().iter().all(|broker| self.latest[place(broker)].last_heard > since)
    }

    /// Ends the sessions that were not renewed in time and names their brokers.
    ///
    /// If the controller finds out much later than it had asked to be woken, it stood still itself, and pings may be
    /// waiting unread. Then every session starts afresh, as it does under a newly elected ZooKeeper leader.
    pub(super) fn expire(&mut self, now: Instant) -> BrokerSet {
        let Some(due) = self.next_expiry.filter(|due| *due <= now) else { return BrokerSet::EMPTY };
        if now.since(due) > STANDSTILL {
            self.renew_all(now);
            return BrokerSet::EMPTY;
        }
        let silent = |broker: &BrokerId| self.latest[place(*broker)].last_heard + self.timeout <= now;
        let ended: BrokerSet = self.registered.iter().filter(silent).collect();
        self.end(ended);
        ended
    }

    /// Ends these sessions.
    pub(super) fn end(&mut self, brokers: BrokerSet) {
        self.registered = self.registered.difference(brokers);
        self.shutting_down = self.shutting_down.difference(brokers);
        self.relieved = self.relieved.difference(brokers);
        self.find_next_expiry();
    }

    fn find_next_expiry(&mut self) {
        let expiry = |broker| self.latest[place(broker)].last_heard + self.timeout;
        self.next_expiry = self.live().iter().map(expiry).min();
    }

    /// What must hold between the sets.
    pub(super) fn assert_invariants(&self) {
        assert!(self.shutting_down.is_subset(self.registered), "a broker shuts down without a session");
        assert!(self.fenced.is_subset(self.registered), "a broker is fenced that is not known");
        assert!(self.relieved.is_subset(self.shutting_down), "a broker was relieved that did not ask for it");
    }
}

fn place(broker: BrokerId) -> usize {
    usize::from(broker.0) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: BrokerId = BrokerId(1);
    const TWO: BrokerId = BrokerId(2);

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn two_brokers() -> Sessions {
        Sessions::formed(2, Micros::from_millis(6_000))
    }

    #[test]
    fn a_formed_cluster_knows_each_broker_under_its_id() {
        let sessions = two_brokers();
        assert!(sessions.is_current(ONE, BrokerEpoch(1)));
        assert!(sessions.is_current(TWO, BrokerEpoch(2)));
        assert_eq!(sessions.next_expiry(), Some(at(6_000)));
    }

    #[test]
    fn a_session_ends_exactly_one_timeout_after_the_last_heartbeat() {
        let mut sessions = two_brokers();
        assert!(sessions.hear(at(2_000), TWO, BrokerEpoch(2)));
        assert_eq!(sessions.expire(Instant(5_999_999)), BrokerSet::EMPTY);
        assert_eq!(sessions.expire(at(6_000)), BrokerSet::one(ONE));
        assert_eq!(sessions.next_expiry(), Some(at(8_000)));
    }

    #[test]
    fn a_heartbeat_under_another_epoch_renews_nothing() {
        let mut sessions = two_brokers();
        assert!(!sessions.hear(at(3_000), ONE, BrokerEpoch(7)));
        assert_eq!(sessions.next_expiry(), Some(at(6_000)));
    }

    #[test]
    fn a_restarted_broker_is_refused_while_its_old_session_lasts() {
        let mut sessions = two_brokers();
        assert_eq!(sessions.register(at(100), ONE, 1), Registration::Refused);
        assert_eq!(sessions.expire(at(6_000)).len(), 2);
        assert_eq!(sessions.register(at(6_100), ONE, 1), Registration::Opened(BrokerEpoch(3)));
    }

    #[test]
    fn a_repeated_request_of_one_life_keeps_its_epoch_and_renews_the_session() {
        let mut sessions = two_brokers();
        sessions.end(BrokerSet::one(ONE));
        assert_eq!(sessions.register(at(100), ONE, 1), Registration::Opened(BrokerEpoch(3)));
        assert_eq!(sessions.register(at(300), ONE, 1), Registration::Known(BrokerEpoch(3)));
        sessions.end(BrokerSet::one(TWO));
        assert_eq!(sessions.next_expiry(), Some(at(6_300)));
    }

    #[test]
    fn a_late_request_of_an_earlier_life_is_refused_though_no_session_lasts() {
        let mut sessions = two_brokers();
        sessions.end(BrokerSet::one(ONE));
        sessions.register(at(100), ONE, 2);
        sessions.end(BrokerSet::one(ONE));
        assert_eq!(sessions.register(at(200), ONE, 1), Registration::Refused);
    }

    #[test]
    fn a_life_that_was_only_cut_off_registers_again_under_a_larger_epoch() {
        let mut sessions = two_brokers();
        sessions.end(BrokerSet::one(TWO));
        assert!(!sessions.hear(at(9_000), TWO, BrokerEpoch(2)));
        assert_eq!(sessions.register(at(9_100), TWO, 0), Registration::Opened(BrokerEpoch(3)));
    }

    #[test]
    fn a_controller_that_stood_still_gives_every_session_a_fresh_start() {
        let mut sessions = two_brokers();
        assert_eq!(sessions.expire(at(7_001)), BrokerSet::EMPTY);
        assert_eq!(sessions.next_expiry(), Some(at(13_001)));
        assert_eq!(sessions.expire(at(14_001)).len(), 2, "one second late is not a standstill");
    }

    #[test]
    fn a_broker_that_shuts_down_stays_registered_but_is_not_electable() {
        let mut sessions = two_brokers();
        sessions.begin_shutdown(ONE);
        sessions.set_relieved(ONE, true);
        assert!(sessions.registered().contains(ONE));
        assert!(!sessions.electable().contains(ONE));
        sessions.end(BrokerSet::one(ONE));
        assert!(!sessions.is_relieved(ONE));
        sessions.assert_invariants();
    }

    #[test]
    fn without_sessions_nothing_expires() {
        let mut sessions = two_brokers();
        sessions.expire(at(6_000));
        assert_eq!(sessions.next_expiry(), None);
        assert_eq!(sessions.expire(at(99_000)), BrokerSet::EMPTY);
    }
}
