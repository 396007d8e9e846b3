use highwater_model::config::{AutoOffsetReset, Topic};
use highwater_model::event::EventKind;
use highwater_model::ids::{BrokerId, NodeId, TopicId, TopicPartition};
use highwater_model::machine::Ending;
use highwater_model::time::{Instant, Micros};
use highwater_reports::end::RunEnd;
use highwater_reports::outcome::Unexpected;

use super::*;
use crate::scenario::format::{RandomFault, RandomFaults};
use crate::scenario::plan::{Plan, PlannedAction, PlannedTarget};
use crate::testing::{ORDERS_0, at, crash, plan, prepared, upon};

/// With `__consumer_offsets`, on all brokers and led by the last, so that groups can be coordinated; they form at once.
fn coordinated(mut plan: Plan) -> Plan {
    let config = std::sync::Arc::make_mut(&mut plan.config);
    let offsets = TopicId(config.topics.len() as u16);
    let brokers = (1..=config.brokers).rev().map(BrokerId).collect();
    config.topics.push(Topic::new(1, false, vec![brokers]));
    (config.offsets_topic, config.offsets_partitions) = (Some(offsets), vec![0; plan.groups.len()]);
    config.broker.group_initial_rebalance_delay_ms = 0;
    plan.names.topics.push("__consumer_offsets".into());
    plan
}

/// On both drivers, with judges and without.
fn run_everywhere(plan: Plan, seeds: std::ops::Range<u64>) -> Vec<RunReport> {
    let prepared = prepared(coordinated(plan));
    seeds
        .map(|seed| {
            let bare = run_bare(&prepared, seed, RunOptions::default());
            let simulated = run(&prepared, seed, RunOptions::default());
            assert_eq!(bare, simulated, "seed {seed}");
            let unjudged = run_bare(&prepared, seed, RunOptions { judges: false, ..RunOptions::default() });
            assert_eq!(bare.fingerprint, unjudged.fingerprint, "seed {seed}: judges only look");
            bare
        })
        .collect()
}

fn seen(report: &RunReport, kind: EventKind) -> u64 {
    report.seen.get(&kind).copied().unwrap_or(0)
}

#[test]
fn a_quiet_cluster_converges_at_the_heal_with_everything_sent_and_seen() {
    for report in run_everywhere(plan(vec![]), 0..5) {
        assert_eq!(report.end, RunEnd::Converged, "seed {}", report.seed);
        assert_eq!(seen(&report, EventKind::RecordSent), 40);
        assert_eq!(seen(&report, EventKind::SendAcknowledged), 40);
        assert_eq!(seen(&report, EventKind::LeaderElected), 0);
    }
}

#[test]
fn a_crashed_leader_is_replaced_and_comes_back() {
    let mut plan = plan(vec![at(1_000, crash(PlannedTarget::Leader(ORDERS_0), Ending::Process))]);
    plan.duration = Instant::from_millis(20_000);
    plan.liveness = Micros::from_millis(60_000);
    for report in run_everywhere(plan, 0..5) {
        assert_eq!(report.end, RunEnd::Converged, "seed {}", report.seed);
        assert_eq!(seen(&report, EventKind::NodeStopped), 1);
    }
}

#[test]
fn a_leader_that_dies_before_it_answers_is_struck_at_that_very_step() {
    let PlannedAction::Crash { target, ending, .. } = crash(PlannedTarget::EventBroker, Ending::Process)
    else {
        panic!()
    };
    let crash = PlannedAction::Crash { target, ending, keeps: None, restart_after: None };
    let mut when = upon(EventKind::ProduceAcknowledged);
    if let crate::scenario::plan::PlannedWhen::Upon { before_send, occurrence, .. } = &mut when {
        (*before_send, *occurrence) = (true, 5);
    }
    let mut plan = plan(vec![(when, crash)]);
    plan.duration = Instant::from_millis(20_000);
    plan.liveness = Micros::from_millis(60_000);
    for report in run_everywhere(plan, 0..5) {
        assert_eq!(report.end, RunEnd::Converged, "seed {}", report.seed);
        assert!(seen(&report, EventKind::LeaderElected) >= 1);
        assert!(seen(&report, EventKind::ProduceRetried) >= 1);
    }
}

/// `orders` with a keyless producer that asks for metadata each second, and behind it `refunds`; `billing` has two
/// members that read both.
fn growing(faults: Vec<(crate::scenario::plan::PlannedWhen, PlannedAction)>) -> Plan {
    let mut plan = plan(faults);
    plan.names.topics.push("refunds".into());
    plan.names.nodes.push("billing-1".into());
    let config = std::sync::Arc::make_mut(&mut plan.config);
    config.topics.push(config.topics[0].clone());
    plan.groups[0].topics.push(TopicId(1));
    plan.groups[0].members.push(NodeId(6));
    plan.groups[0].settings.metadata_max_age_ms = 1_000;
    plan.groups[0].settings.auto_offset_reset = AutoOffsetReset::Earliest;
    let shop = &mut plan.producers[0];
    (shop.keys, shop.records, shop.settings.metadata_max_age_ms) = (None, 100, 1_000);
    plan.duration = Instant::from_millis(10_000);
    plan.liveness = Micros::from_millis(20_000);
    plan
}

#[test]
fn a_topic_before_another_grows_and_producers_and_members_take_to_its_new_partitions() {
    let grow = |count| PlannedAction::CreatePartitions { topic: TopicId(0), count };
    let mut plan = growing(vec![at(1_000, grow(2)), at(2_000, grow(4)), at(3_000, grow(3))]);
    for partition in 1..4 {
        let mut when = upon(EventKind::RecordsPolled);
        let created = TopicPartition { partition, ..ORDERS_0 };
        if let crate::scenario::plan::PlannedWhen::Upon { partition, .. } = &mut when {
            *partition = Some(created);
        }
        plan.faults.push(crate::scenario::plan::PlannedFault {
            index: 2 + u32::from(partition),
            when,
            action: PlannedAction::ElectPreferred { partition: created },
        });
    }
    for report in run_everywhere(plan, 0..20) {
        assert_eq!(report.end, RunEnd::Converged, "seed {}", report.seed);
        assert_eq!(seen(&report, EventKind::PartitionsCreated), 2);
        assert_eq!(seen(&report, EventKind::PartitionsRefused), 1, "four are not made three");
        assert_eq!(
            seen(&report, EventKind::FaultStruck),
            6,
            "each new partition was read, seed {}",
            report.seed
        );
        assert_eq!(report.counts.committed, 100);
        assert!(report.unexpected.is_empty(), "{:?}", report.unexpected);
    }
}

#[test]
fn a_topic_may_grow_while_brokers_come_and_go() {
    let grow = |count| PlannedAction::CreatePartitions { topic: TopicId(0), count };
    let mut plan =
        growing(vec![at(1_000, grow(3)), at(4_000, grow(6)), (upon(EventKind::BrokerFenced), grow(9))]);
    plan.duration = Instant::from_millis(40_000);
    plan.liveness = Micros::from_millis(60_000);
    let kinds =
        [RandomFault::CrashProcess, RandomFault::CrashPower, RandomFault::Pause, RandomFault::Isolate];
    let weights = kinds.map(|kind| (kind, 1)).into();
    plan.random = Some(RandomFaults {
        every_ms: 2_000,
        budget: 20,
        lasts_ms: 9_000,
        weights,
        swarm: false,
        swarm_settings: Default::default(),
    });
    for report in run_everywhere(plan, 0..50) {
        // In this era a follower that is ahead of its leader stops its broker or its fetcher, and never comes back in.
        let gone = seen(&report, EventKind::BrokerHalted) + seen(&report, EventKind::FetcherDied) > 0;
        assert!(report.end == RunEnd::Converged || gone, "seed {}: {:?}", report.seed, report.end);
    }
}

#[test]
fn random_faults_on_a_real_cluster_end_alike_on_both_drivers() {
    let mut plan = plan(vec![]);
    plan.duration = Instant::from_millis(60_000);
    plan.liveness = Micros::from_millis(120_000);
    plan.events_max = 1_000_000;
    plan.producers[0].records = 1_000;
    let kinds = [
        RandomFault::CrashProcess,
        RandomFault::CrashPower,
        RandomFault::Shutdown,
        RandomFault::Pause,
        RandomFault::Isolate,
        RandomFault::Cut,
        RandomFault::Degrade,
        RandomFault::Lag,
        RandomFault::DropAck,
        RandomFault::ElectPreferred,
    ];
    let weights = kinds.map(|kind| (kind, 1)).into();
    plan.random = Some(RandomFaults {
        every_ms: 3_000,
        budget: 30,
        lasts_ms: 5_000,
        weights,
        swarm: false,
        swarm_settings: Default::default(),
    });
    for report in run_everywhere(plan, 0..20) {
        assert!(!matches!(report.end, RunEnd::Panicked { .. } | RunEnd::EventsExhausted), "{:?}", report.end);
    }
}

/// Time enough to write so many.
fn long(records: u32) -> Plan {
    let mut plan = plan(vec![]);
    plan.duration = Instant::from_millis(60_000);
    plan.producers[0].records = records;
    plan
}

#[test]
fn a_run_that_holds_more_than_it_may_is_stopped_at_the_same_step_everywhere() {
    let whole = run_everywhere(long(300), 0..1).remove(0);
    let mut plan = long(300);
    plan.memory_max = Some(60_000);
    let report = run_everywhere(plan.clone(), 0..1).remove(0);
    let RunEnd::MemoryExhausted { held } = report.end else { panic!("{:?}", report.end) };
    assert!(held > 60_000 && report.steps < whole.steps, "{held} bytes, {} steps", report.steps);
    assert_eq!(report.unexpected, [Unexpected::MemoryExhausted { held }]);
    assert_eq!(report.outcome.exit_code(), 3);
    plan.memory_max = Some(100_000_000);
    assert_eq!(run_everywhere(plan, 0..1), [whole], "a bound that is not met changes nothing");
}

#[test]
fn a_run_that_is_interrupted_ends_soon_and_what_it_lacks_is_not_held_against_it() {
    let prepared = prepared(coordinated(long(300)));
    let whole = run_bare(&prepared, 0, RunOptions::default());
    let stop = Arc::new(AtomicBool::new(false));
    let (set, seen) = (Arc::clone(&stop), 300);
    let trace = move |it: crate::trace::Seen<'_>| {
        if it.step.id.0 == seen {
            set.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    };
    let options = RunOptions { trace: Some(Box::new(trace)), stop: Some(stop), ..RunOptions::default() };
    let report = run(&prepared, 0, options);
    assert_eq!(report.end, RunEnd::Interrupted);
    assert_eq!(report.unexpected, [Unexpected::Interrupted]);
    assert!(report.steps >= seen && report.steps < whole.steps / 2, "{} of {}", report.steps, whole.steps);
}
