//! `isr-eviction-timely`: a follower that has not caught up for `replica.lag.time.max.ms` leaves the ISR within 1.5
//! times that, and none sooner than its clock allows.
//!
//! Source: R8 of the requirements; `kafka-behaviour.md` section 3; 0.11.0.2 `Partition.getOutOfSyncReplicas`,
//! `ReplicaManager.startup` (the task that looks runs every half of that time).
//!
//! Too soon: the leader proposes to drop a follower whose clock, as kept here from its fetches, does not allow it.
//! Too late: the follower is still in a running leader's ISR, [`SLACK`] after 1.5 times that time since the latest of:
//! the follower caught up or joined the ISR; the leader proposed to drop it; the leader's broker started, was paused or
//! went on; a change of the ISR was on its way, while no other may be proposed. A deposed leader whose proposals are
//! refused keeps proposing, and has done its part.
//!
//! Since 2.1 a follower whose log ends where the leader's does is spared: dropping it is too soon, and it counts as having been
//! in order until the log goes on without it (KAFKA-7152, 2.1.0 `Partition.isFollowerOutOfSync`).
//!
//! Looked at: followers that were proposed for removal, and those found late. Broken at each removal that is too
//! soon, and once for each follower that stays too long.

use highwater_model::ids::{BrokerId, BrokerSet, NodeId, Offset};
use highwater_model::time::{Instant, Micros};
use highwater_model::view::Role;

use super::fetches::Fetches;
use super::scene::Scene;
use super::slots::BySlot;
use crate::finding::Tally;
use crate::property::Property;

/// What a late look is granted beyond the 1.5 times.
const SLACK: Micros = Micros::from_millis(100);

#[derive(Clone, Debug, Default)]
pub(crate) struct IsrEvictionTimely {
    pub(crate) tally: Tally,
    /// By broker id: when its broker was last known to start, stand still or go on.
    disturbed: Vec<Instant>,
    partitions: BySlot<Lateness>,
}

#[derive(Clone, Debug, Default)]
struct Lateness {
    /// Nobody can be late before this.
    not_before: Instant,
    /// By the leader's place: followers that were reported and are still late.
    late: Vec<BrokerSet>,
}

impl IsrEvictionTimely {
    /// A broker started, was paused or goes on.
    pub(crate) fn disturbed(&mut self, broker: BrokerId, now: Instant) {
        let place = usize::from(broker.0);
        if place >= self.disturbed.len() {
            self.disturbed.resize(place + 1, Instant::START);
        }
        self.disturbed[place] = now;
    }

    /// A node was paused or goes on.
    pub(crate) fn node_disturbed(&mut self, node: NodeId, brokers: u8, now: Instant) {
        if let Some(broker) = node.as_broker(brokers) {
            self.disturbed(broker, now);
        }
    }

    /// A leader proposed to drop followers.
    pub(crate) fn proposed(
        &mut self,
        scene: &Scene<'_>,
        fetches: &mut Fetches,
        leader: BrokerId,
        removed: BrokerSet,
    ) {
        let Some(place) = scene.place_of(leader) else { return };
        let max = Micros::from_millis(scene.config.broker.replica_lag_time_max_ms);
        for follower in removed.iter() {
            let Some(follower_place) = scene.place_of(follower) else { continue };
            self.tally.looked += 1;
            fetches.proposed(place, follower_place, scene.step.at);
            let clock = *fetches.clock(place, follower_place);
            if clock.level {
                self.spared(scene, leader, follower, clock.offset.unwrap_or_default());
                continue;
            }
            let Some(caught_up) = clock.caught_up.filter(|at| scene.step.at.since(*at) <= max) else {
                continue;
            };
            self.tally.broke(|| {
                let evidence = format!(
                    "broker {leader} proposes to drop broker {follower} from the ISR of {} though it had caught up at \
                     {caught_up} ms, {} ms ago; replica.lag.time.max.ms is {}",
                    scene.name(),
                    scene.step.at.since(caught_up),
                    max.as_millis()
                );
                scene.finding(Property::IsrEvictionTimely, evidence)
            });
        }
    }

    fn spared(&mut self, scene: &Scene<'_>, leader: BrokerId, follower: BrokerId, end: Offset) {
        self.tally.broke(|| {
            let evidence = format!(
                "broker {leader} proposes to drop broker {follower} from the ISR of {} though the logs of both end at {end}",
                scene.name()
            );
            scene.finding(Property::IsrEvictionTimely, evidence)
        });
    }

    /// Looks for followers that stay too long.
    pub(crate) fn look(&mut self, scene: &Scene<'_>, fetches: &Fetches) {
        let now = scene.step.at;
        if now <= self.partitions.at(scene.slot).not_before {
            return;
        }
        let patience = patience(scene);
        let mut not_before = now + patience;
        for (place, leader) in scene.partition.replicas.iter().enumerate() {
            let broker = scene.view.broker(leader.broker);
            let runs = broker.is_some_and(|broker| broker.alive && !broker.paused);
            let mut late = BrokerSet::EMPTY;
            if leader.role == Role::Leader {
                for member in leader.isr.without(leader.broker).iter() {
                    let Some(since) = self.waited_since(scene, fetches, place, member) else { continue };
                    if now <= since + patience {
                        not_before = not_before.min(since + patience);
                    } else if runs && !leader.isr_change_pending {
                        late = late.with(member);
                        self.report(scene, place, member, since);
                    }
                }
            }
            self.remember(scene, place, late);
        }
        let any_late = self.partitions.at(scene.slot).late.iter().any(|late| !late.is_empty());
        self.partitions.at(scene.slot).not_before = if any_late { now } else { not_before };
    }

    /// Since when the leader could have been counting.
    fn waited_since(
        &self,
        scene: &Scene<'_>,
        fetches: &Fetches,
        leader: usize,
        member: BrokerId,
    ) -> Option<Instant> {
        let clock = fetches.clock(leader, scene.place_of(member)?);
        let broker = usize::from(scene.partition.replicas[leader].broker.0);
        let disturbed = self.disturbed.get(broker).copied().unwrap_or_default();
        let caught_up = clock.caught_up.unwrap_or_default();
        let pending = fetches.terms[leader].change_pending_at;
        if clock.level {
            return Some(scene.step.at);
        }
        Some(clock.level_at.max(caught_up).max(clock.joined).max(clock.proposed).max(disturbed).max(pending))
    }

    fn report(&mut self, scene: &Scene<'_>, leader: usize, member: BrokerId, since: Instant) {
        let reported = self.partitions.at(scene.slot).late.get(leader).is_some_and(|it| it.contains(member));
        if reported {
            return;
        }
        self.tally.looked += 1;
        self.tally.broke(|| {
            let leader = &scene.partition.replicas[leader];
            let evidence = format!(
                "broker {member} is still in the ISR {} of broker {}, leader of {} in epoch {}, {} ms after it last \
                 caught up or could be judged; replica.lag.time.max.ms is {}",
                leader.isr,
                leader.broker,
                scene.name(),
                leader.leader_epoch,
                scene.step.at.since(since),
                scene.config.broker.replica_lag_time_max_ms
            );
            scene.finding(Property::IsrEvictionTimely, evidence)
        });
    }

    fn remember(&mut self, scene: &Scene<'_>, leader: usize, late: BrokerSet) {
        let memory = &mut self.partitions.at(scene.slot).late;
        memory.resize(scene.partition.replicas.len(), BrokerSet::EMPTY);
        memory[leader] = late;
    }
}

/// 1.5 times `replica.lag.time.max.ms`, and [`SLACK`].
fn patience(scene: &Scene<'_>) -> Micros {
    let max = Micros::from_millis(scene.config.broker.replica_lag_time_max_ms);
    max + max.half() + SLACK
}
