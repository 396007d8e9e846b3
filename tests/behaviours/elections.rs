//! Who leads: elections clean and unclean, shutdowns in good order, and leaders that do not know yet that they are none.

use highwater_model::config::Acks;
use highwater_model::event::{Event, EventKind};
use highwater_model::ids::{BrokerId, BrokerSet, LeaderEpoch};
use highwater_model::machine::Ending;
use highwater_reports::property::Property;
use serde_json::{Value, json};

use crate::support::{Fact, LATENCY_MAX, ONE, Run, THREE, TWO, at, facts, ms, on_each_seed, shop};

/// Who was elected, in which epoch, and whether from outside the ISR, in order.
fn elections(run: &Run) -> Vec<(Fact<'_>, (BrokerId, LeaderEpoch, bool))> {
    facts!(run, Event::LeaderElected { broker, epoch, unclean, .. } => (*broker, *epoch, *unclean))
}

/// Both followers lag and are evicted, then the leader dies: it alone was in the ISR.
fn last_of_the_isr_dies(unclean: bool) -> Value {
    let lag = |broker: u8| json!({ "when": { "at_ms": 2000 }, "do": { "lag": broker, "for_ms": 12000 } });
    json!({
        "cluster": { "config": {
            "min.insync.replicas": 1, "replica.lag.time.max.ms": 3000, "unclean.leader.election.enable": unclean
        } },
        "producers": [shop(100, 100, json!({ "acks": "1", "request.timeout.ms": 2000 }))],
        "faults": [
            lag(2), lag(3),
            { "when": { "at_ms": 8000 }, "do": { "crash": 1, "restart_after_ms": 15000 } }
        ],
        "duration_ms": 40_000
    })
}

#[test]
fn a_dead_leader_is_noticed_when_its_session_ends_and_the_first_living_isr_member_takes_over() {
    let dead = json!({
        "cluster": { "config": { "zookeeper.session.timeout.ms": 6000 } },
        "producers": [shop(100, 100, json!({}))],
        "faults": [{ "when": { "at_ms": 5000 }, "do": { "crash": 1 } }]
    });
    on_each_seed(&dead, |run| {
        run.assert_converged();
        let (elected, who) = elections(run)[0];
        assert_eq!(who, (TWO, LeaderEpoch(1), false));
        let stopped = run.first_of(EventKind::NodeStopped);
        let silent = elected.at.since(stopped.at);
        // The last heartbeat left within a third of the timeout before the death.
        assert!(silent >= ms(4_000) && silent <= ms(6_000) + LATENCY_MAX, "elected after {silent} ms");
        assert!(
            matches!(*elected.event, Event::LeaderElected { isr, .. } if isr == [TWO, THREE].into_iter().collect())
        );
        let took_office = facts!(run, Event::BecameLeader { broker: TWO, .. } => ());
        assert_eq!(took_office[0].0.taken.step.cause, elected.taken.step.id);
    });
}

#[test]
fn without_a_living_isr_member_and_unclean_election_off_the_partition_waits_for_one() {
    on_each_seed(&last_of_the_isr_dies(false), |run| {
        run.assert_converged();
        let offline = run.first_of(EventKind::PartitionOffline);
        assert!(matches!(*offline.event, Event::PartitionOffline { isr, .. } if isr == BrokerSet::one(ONE)));
        let back = run.first("broker 1 registers again", |event| {
            matches!(event, Event::BrokerRegistered { broker: ONE, .. })
        });
        let elections = elections(run);
        let (elected, (who, _, unclean)) = elections[0];
        assert_eq!((who, unclean), (ONE, false));
        assert!(elected.at >= back.at, "nobody leads before it is back");
        assert_eq!(run.report.counts.lost, 0);
    });
}

#[test]
fn without_a_living_isr_member_and_unclean_election_on_another_leads_and_acknowledged_records_are_lost() {
    on_each_seed(&last_of_the_isr_dies(true), |run| {
        run.assert_converged();
        let (elected, (who, _, unclean)) = elections(run)[0];
        assert_eq!((who, unclean), (TWO, true));
        assert!(matches!(*elected.event, Event::LeaderElected { isr, .. } if isr == BrokerSet::one(TWO)));
        assert!(run.report.counts.lost > 0);
        assert!(run.report.counts.elections_unclean > 0);
    });
}

#[test]
fn a_controlled_shutdown_moves_the_leadership_before_the_broker_stops_and_loses_nothing() {
    let shutdown = json!({
        "producers": [shop(100, 100, json!({}))],
        "faults": [{ "when": { "at_ms": 5000 }, "do": { "shutdown": 1, "restart_after_ms": 5000 } }]
    });
    on_each_seed(&shutdown, |run| {
        run.assert_converged();
        let started = run.first_of(EventKind::ControlledShutdownStarted);
        let completed = run.first_of(EventKind::ControlledShutdownCompleted);
        let stopped = run.first_of(EventKind::NodeStopped);
        let (elected, (who, _, unclean)) = elections(run)[0];
        assert_eq!((who, unclean), (TWO, false));
        assert!(started.before(&elected) && elected.before(&completed) && completed.at <= stopped.at);
        assert!(stopped.at.since(started.at) < ms(100), "nobody waits for a session to end");
        assert_eq!((run.report.counts.lost, run.report.counts.failed), (0, 0));
        assert_eq!(run.report.counts.acknowledged, 100);
    });
}

#[test]
fn a_preferred_election_gives_the_leadership_back_to_the_first_replica_once_it_is_in_sync() {
    let back = json!({
        "producers": [shop(150, 100, json!({}))],
        "faults": [
            { "when": { "at_ms": 3000 }, "do": { "shutdown": 1, "restart_after_ms": 4000 } },
            { "when": { "at_ms": 5000 }, "do": { "elect_preferred": "orders-0" } },
            { "when": { "at_ms": 14000 }, "do": { "elect_preferred": "orders-0" } }
        ],
        "duration_ms": 25_000
    });
    on_each_seed(&back, |run| {
        run.assert_converged();
        let leaders: Vec<_> = elections(run)
            .into_iter()
            .map(|(fact, (who, ..))| (who, fact.at >= crate::support::at(14_000)))
            .collect();
        assert_eq!(leaders, [(TWO, false), (ONE, true)], "the first request finds it down");
        assert_eq!(run.report.counts.lost, 0);
    });
}

#[test]
fn a_leader_cut_off_from_brokers_and_controller_answers_acks_1_and_loses_it_while_acks_all_waits() {
    // Both producers reach broker 1 all the time; the other brokers and the controller do not.
    let careless = json!({
        "name": "web", "topic": "orders", "records": 80, "every_ms": 250, "start_ms": 1000, "config": { "acks": "1" }
    });
    let cut_off = json!({
        "producers": [shop(40, 500, json!({})), careless],
        "faults": [{
            "when": { "at_ms": 5000 },
            "do": { "partition": [[1], ["controller", 2, 3]], "for_ms": 20000 }
        }],
        "duration_ms": 40_000
    });
    on_each_seed(&cut_off, |run| {
        run.assert_converged();
        let (cut, healed) = (run.first_of(EventKind::LinkCut), run.first_of(EventKind::LinkHealed));
        let (elected, (who, ..)) = elections(run)[0];
        assert_eq!(who, TWO);
        assert!(elected.before(&healed), "two brokers take themselves for the leader");
        let answered = facts!(run, Event::ProduceAcknowledged { broker: ONE, acks, .. } => *acks);
        let by_then = |fact: &Fact<'_>| elected.before(fact) && fact.before(&healed);
        assert!(answered.iter().any(|(fact, acks)| *acks == Acks::Leader && by_then(fact)));
        let alone = |fact: &Fact<'_>| fact.at > cut.at + ms(20) && fact.before(&healed);
        assert!(
            !answered.iter().any(|(fact, acks)| *acks == Acks::All && alone(fact)),
            "it cannot commit alone"
        );
        assert!(run.report.counts.lost > 0, "what it answered alone is cut off when it learns of the other");
        let lost = &run.report.properties[&Property::AckedDurable];
        assert_eq!(lost.broken, 0, "of acks=-1 nothing is lost");
    });
}

#[test]
fn two_brokers_that_stood_still_as_they_were_about_to_stop_both_stop_when_they_go_on() {
    let pause = |broker: u8| {
        json!({
            "when": { "event": "controlled_shutdown_completed", "broker": broker, "before": "ack" },
            "do": { "pause": broker }
        })
    };
    let both = json!({
        "cluster": { "brokers": 5, "config": { "min.insync.replicas": 1 } },
        "faults": [
            { "when": { "at_ms": 4000 }, "do": { "shutdown": 2 } },
            { "when": { "at_ms": 4000 }, "do": { "shutdown": 3 } },
            pause(2),
            pause(3)
        ],
        "duration_ms": 9000
    });
    on_each_seed(&both, |run| {
        let stopped = run.all(EventKind::NodeStopped);
        assert_eq!(stopped.len(), 2);
        assert!(stopped.iter().all(|stop| stop.at == at(9_000)));
        run.assert_converged();
    });
}

/// Broker 1 stops in good order in the middle of the traffic and stays away.
fn leader_stops(controlled: bool) -> Value {
    json!({
        "producers": [shop(60, 100, json!({}))],
        "faults": [{ "when": { "at_ms": 4_000 }, "do": { "shutdown": 1, "controlled": controlled } }],
        "duration_ms": 15_000
    })
}

#[test]
fn a_broker_that_stops_without_asking_closes_its_session_and_the_next_leads_at_once() {
    on_each_seed(&leader_stops(false), |run| {
        run.assert_converged();
        assert_eq!(run.count(EventKind::ControlledShutdownStarted), 0, "it asks for nothing");
        let stopped = run.first_of(EventKind::NodeStopped);
        assert!(matches!(*stopped.event, Event::NodeStopped { ending: Ending::Clean, .. }));
        let (elected, who) = elections(run)[0];
        assert_eq!(who, (TWO, LeaderEpoch(1), false));
        assert!(stopped.before(&elected), "the controller hears of it only as the session ends");
        let heard_and_looked = LATENCY_MAX + ms(50);
        assert!(elected.at.since(stopped.at) <= heard_and_looked, "and does not wait until it expires");
    });
    on_each_seed(&leader_stops(true), |run| {
        let stopped = run.first_of(EventKind::NodeStopped);
        assert!(elections(run)[0].0.before(&stopped), "asked, the controller moves the leadership first");
    });
}

#[test]
fn a_closed_session_lets_the_broker_return_without_waiting_for_it_to_expire() {
    let bounce = json!({
        "faults": [{ "when": { "at_ms": 4_000 }, "do": { "shutdown": 3, "controlled": false, "restart_after_ms": 100 } }],
    });
    on_each_seed(&bounce, |run| {
        run.assert_converged();
        let back = run.first("broker 3 is registered", |event| {
            matches!(event, Event::BrokerRegistered { broker: THREE, .. })
        });
        assert!(back.at <= at(4_000) + ms(100) + ms(40), "registered at {}", back.at);
    });
}
