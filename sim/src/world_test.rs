use highwater_model::event::EventKind;
use highwater_model::ids::BrokerId;
use highwater_model::message::MessageKind;
use highwater_model::time::Micros;

use super::*;
use crate::scenario::format::{RandomFault, RandomFaults};
use crate::scenario::plan::{Plan, PlannedAction, PlannedTarget, PlannedWhen};
use crate::testing::{Chatters, Notebook, Notes, at, broker, crash, plan, prepared, upon};
use crate::{actors, bare};

fn run(plan: Plan) -> Notes {
    run_seed(plan, 1)
}

/// On both drivers, which must agree.
fn run_seed(plan: Plan, seed: u64) -> Notes {
    run_with(plan, seed, &Notebook::default(), Chatters::default)
}

fn run_with(plan: Plan, seed: u64, notebook: &Notebook, crew: impl Fn() -> Chatters) -> Notes {
    let prepared = prepared(plan);
    let world = || World::new(&prepared, seed, notebook.clone(), None);
    let bare = bare::drive(world(), crew());
    let simulated = actors::drive(world(), crew(), seed);
    assert_eq!(bare, simulated);
    bare
}

#[test]
fn a_quiet_run_converges_at_the_heal() {
    let notes = run(plan(vec![]));
    assert_eq!(notes.ended.end, RunEnd::Converged);
    assert_eq!(notes.ended.step.at, Instant::from_millis(5_000));
    assert_eq!(notes.told(), [EventKind::HealStarted, EventKind::Converged]);
    assert_eq!(notes.times(EventKind::ControlledShutdownStarted).len(), 40, "one command a record");
}

#[test]
fn steps_count_from_one_without_gaps_and_causes_come_before() {
    let notes = run(plan(vec![at(1_000, crash(broker(1), Ending::Process))]));
    for (place, (step, _)) in notes.steps.iter().enumerate() {
        assert_eq!(step.id.0, place as u64 + 1);
        assert!(step.cause < step.id);
    }
    assert!(notes.steps.is_sorted_by_key(|(step, _)| step.at));
    assert_eq!(notes.ended.steps, notes.steps.len() as u64);
}

#[test]
fn a_seed_is_a_run_and_another_seed_is_another() {
    let of = |seed| run_seed(plan(vec![]), seed).ended.fingerprint;
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

#[test]
fn a_crash_is_told_and_its_node_restarts_in_time() {
    let notes = run(plan(vec![at(1_000, crash(broker(2), Ending::Process))]));
    assert_eq!(notes.told()[..3], [EventKind::FaultStruck, EventKind::NodeStopped, EventKind::NodeRestarted]);
    assert_eq!(notes.times(EventKind::NodeStopped), [1_000]);
    assert_eq!(notes.times(EventKind::NodeRestarted), [1_500]);
    assert!(notes.times(EventKind::BrokerFenced).len() >= 5, "peers hear of it");
    let silent = notes.steps.iter().filter(|(step, _)| {
        step.node == NodeId(2)
            && (Instant::from_millis(1_000)..Instant::from_millis(1_500)).contains(&step.at)
    });
    assert_eq!(silent.count(), 0);
}

#[test]
fn a_power_failure_tells_what_it_took_in_the_same_step() {
    let notes = run(plan(vec![at(1_000, crash(broker(2), Ending::Power))]));
    let (_, events) = notes
        .steps
        .iter()
        .find(|(_, events)| events.iter().any(|e| e.kind() == EventKind::NodeStopped))
        .unwrap();
    let kinds: Vec<_> = events.iter().map(Event::kind).collect();
    assert_eq!(kinds, [EventKind::FaultStruck, EventKind::NodeStopped, EventKind::HighWatermarkLearned]);
    assert!(notes.times(EventKind::BrokerFenced)[0] >= 1_500, "nobody hears before it is back");
}

#[test]
fn a_fault_without_a_target_is_missed() {
    let crash = |millis| at(millis, crash(broker(2), Ending::Process));
    let notes = run(plan(vec![crash(1_000), crash(1_100)]));
    assert_eq!(notes.times(EventKind::FaultMissed), [1_100]);
}

#[test]
fn a_node_that_stops_itself_is_restarted_after_the_time_of_its_shutdown() {
    let shutdown = PlannedAction::Shutdown {
        target: broker(3),
        controlled: true,
        restart_after: Some(Micros::from_millis(300)),
    };
    let notes = run(plan(vec![at(1_000, shutdown)]));
    assert_eq!(notes.times(EventKind::NodeStopped), [1_000]);
    assert_eq!(notes.times(EventKind::NodeRestarted), [1_300]);
}

#[test]
fn a_paused_node_takes_no_step_until_it_goes_on() {
    let pause = PlannedAction::Pause { target: broker(1), lasts: Some(Micros::from_millis(700)) };
    let notes = run(plan(vec![at(1_000, pause)]));
    assert_eq!(notes.times(EventKind::NodePaused), [1_000]);
    assert_eq!(notes.times(EventKind::NodeResumed), [1_700]);
    let between = Instant::from_millis(1_000)..Instant::from_millis(1_700);
    assert!(notes.steps.iter().all(|(step, _)| step.node != NodeId(1) || !between.contains(&step.at)));
    let caught_up = notes
        .steps
        .iter()
        .filter(|(step, _)| step.node == NodeId(1) && step.at == Instant::from_millis(1_700));
    assert!(caught_up.count() > 80, "what came meanwhile is delivered at once");
}

#[test]
fn a_crash_ends_a_pause() {
    let pause = PlannedAction::Pause { target: broker(1), lasts: Some(Micros::from_millis(700)) };
    let notes = run(plan(vec![at(1_000, pause), at(1_100, crash(broker(1), Ending::Power))]));
    assert!(notes.times(EventKind::NodeResumed).is_empty());
    assert_eq!(notes.times(EventKind::NodeRestarted), [1_600]);
}

#[test]
fn a_partition_cuts_both_ways_between_groups_and_heals() {
    let groups = vec![vec![broker(1)], vec![PlannedTarget::Rest]];
    let partition = PlannedAction::Partition { groups, lasts: None };
    let notes = run(plan(vec![at(1_000, partition)]));
    assert_eq!(notes.times(EventKind::LinkCut), [1_000; 10]);
    assert_eq!(
        notes.times(EventKind::LinkHealed),
        [5_000; 10],
        "without an end of its own it lasts until the heal"
    );
}

#[test]
fn the_heal_mends_everything_and_restarts_the_dead() {
    let forever =
        |target| PlannedAction::Crash { target, ending: Ending::Process, keeps: None, restart_after: None };
    let pause = PlannedAction::Pause { target: broker(2), lasts: None };
    let lag = PlannedAction::Lag { target: broker(3), delay: None, lasts: None };
    let cut = PlannedAction::Cut { from: broker(3), to: broker(2), lasts: None };
    let notes =
        run(plan(vec![at(1_000, forever(broker(1))), at(1_000, pause), at(1_000, lag), at(1_000, cut)]));
    let told = notes.told();
    let healed = told.iter().position(|&kind| kind == EventKind::HealStarted).unwrap();
    assert_eq!(
        told[healed..],
        [
            EventKind::HealStarted,
            EventKind::NodeResumed,
            EventKind::FollowerLagEnded,
            EventKind::LinkHealed,
            EventKind::NodeRestarted,
            EventKind::Converged
        ]
    );
    assert_eq!(notes.ended.step.at, Instant::from_millis(5_000));
}

#[test]
fn nothing_strikes_after_the_heal() {
    let mut plan = plan(vec![
        at(6_000, crash(broker(1), Ending::Process)),
        (
            PlannedWhen::Upon {
                event: EventKind::HealStarted,
                partition: None,
                broker: None,
                group: None,
                client: None,
                after: Instant::START,
                occurrence: 1,
                delay: None,
                before_send: false,
            },
            crash(broker(1), Ending::Process),
        ),
    ]);
    plan.duration = Instant::from_millis(2_000);
    let notes = run_with(
        plan,
        1,
        &Notebook { well_at: Instant::from_millis(3_050), ..Notebook::default() },
        Chatters::default,
    );
    assert!(notes.times(EventKind::FaultStruck).is_empty());
    assert_eq!(notes.times(EventKind::Converged), [3_100], "looked at every 100 ms");
}

#[test]
fn a_run_that_does_not_converge_in_time_stalls_and_says_what_is_pending() {
    let never = Notebook { well_at: Instant::from_millis(1_000_000), ..Notebook::default() };
    let notes = run_with(plan(vec![]), 1, &never, Chatters::default);
    assert_eq!(notes.ended.end, RunEnd::Stalled { pending: vec!["well_at".to_owned()] });
}

#[test]
fn a_run_that_takes_too_many_steps_is_stopped() {
    let mut plan = plan(vec![]);
    plan.events_max = 500;
    let notes = run(plan);
    assert_eq!(notes.ended.end, RunEnd::EventsExhausted);
    assert_eq!(notes.ended.steps, 500);
}

#[test]
fn a_panic_in_a_machine_ends_the_run_alike_on_both_drivers() {
    let tired = || Chatters { panics_at: Some((NodeId(2), 20)), ..Chatters::default() };
    let notes = run_with(plan(vec![]), 1, &Notebook::default(), tired);
    let RunEnd::Panicked { message } = &notes.ended.end else { panic!("{:?}", notes.ended) };
    assert!(message.starts_with("sim/src/testing.rs:"), "{message}");
    assert!(message.contains("chatter is tired"), "{message}");
}

#[test]
fn a_fault_strikes_upon_its_event_of_the_right_broker_and_occurrence() {
    let when = PlannedWhen::Upon {
        event: EventKind::LogFlushed,
        partition: None,
        broker: Some(broker(3)),
        group: None,
        client: None,
        after: Instant::from_millis(500),
        occurrence: 4,
        delay: None,
        before_send: false,
    };
    let notes = run(plan(vec![(when, crash(PlannedTarget::EventBroker, Ending::Process))]));
    let awaited: Vec<&Step> = notes
        .events()
        .filter(|(step, event)| {
            event.kind() == EventKind::LogFlushed
                && event.broker() == Some(BrokerId(3))
                && step.at >= Instant::from_millis(500)
        })
        .map(|(step, _)| step)
        .collect();
    let struck = notes.first(EventKind::FaultStruck).unwrap();
    assert_eq!(struck.0, awaited[3].id.0 + 1, "the very next step");
    let (step, events) = &notes.steps[struck.0 as usize - 1];
    assert_eq!(step.cause, awaited[3].id);
    assert_eq!(events[1], Event::NodeStopped { node: NodeId(3), ending: Ending::Process });
}

#[test]
fn a_delayed_fault_strikes_that_much_later() {
    let PlannedWhen::Upon { event, partition, broker: who, client, after, occurrence, before_send, .. } =
        upon(EventKind::BrokerRegistered)
    else {
        panic!()
    };
    let delay = Some(Micros::from_millis(40));
    let when = PlannedWhen::Upon {
        event,
        partition,
        broker: who,
        client,
        group: None,
        after,
        occurrence,
        delay,
        before_send,
    };
    let notes = run(plan(vec![(when, crash(broker(1), Ending::Process))]));
    assert_eq!(notes.times(EventKind::FaultStruck), [40]);
}

fn before_send(event: EventKind, on: u16) -> PlannedWhen {
    PlannedWhen::Upon {
        event,
        partition: None,
        broker: Some(broker(on)),
        group: None,
        client: None,
        after: Instant::from_millis(500),
        occurrence: 1,
        delay: None,
        before_send: true,
    }
}

/// The steps that what `step` sent set off.
fn set_off(notes: &Notes, step: StepId) -> Vec<&Step> {
    let is_machine = |events: &[Event]| events.iter().all(|e| e.kind() < EventKind::FaultStruck);
    notes
        .steps
        .iter()
        .filter(|(later, events)| later.cause == step && later.node != NodeId(1) && is_machine(events))
        .map(|(later, _)| later)
        .collect()
}

#[test]
fn a_node_that_dies_before_its_answer_leaves_never_sends_it() {
    let crash = crash(PlannedTarget::EventBroker, Ending::Process);
    let notes = run(plan(vec![(before_send(EventKind::LogFlushed, 1), crash)]));
    let struck = notes.first(EventKind::FaultStruck).unwrap();
    let answered = notes.steps[struck.0 as usize - 1].0.cause;
    assert_eq!(answered.0 + 1, struck.0);
    assert!(set_off(&notes, answered).is_empty());
}

#[test]
fn a_node_that_is_paused_before_its_answer_leaves_sends_it_as_it_goes_on() {
    let pause = PlannedAction::Pause { target: broker(1), lasts: Some(Micros::from_millis(900)) };
    let sends_nothing = (0..40).all(|seed| {
        let notes = run_seed(plan(vec![(before_send(EventKind::LogFlushed, 1), pause.clone())]), seed);
        let struck = notes.first(EventKind::FaultStruck).unwrap();
        let (step, _) = notes.steps[struck.0 as usize - 1];
        let later = set_off(&notes, step.cause);
        assert!(later.iter().all(|later| later.at > step.at + Micros::from_millis(900)));
        later.is_empty()
    });
    assert!(!sends_nothing, "some of them had something to answer");
}

#[test]
fn a_dropped_message_is_told_and_faults_may_wait_for_it() {
    let drop =
        PlannedAction::Drop { kind: MessageKind::MetadataRequest, from: Some(broker(2)), to: None, count: 3 };
    let crash = crash(broker(3), Ending::Process);
    let notes = run(plan(vec![at(1_000, drop), (upon(EventKind::MessageDropped), crash)]));
    let dropped = notes.times(EventKind::MessageDropped);
    assert_eq!(dropped.len(), 3);
    assert_eq!(notes.times(EventKind::NodeStopped), [dropped[0]]);
}

#[test]
fn a_fault_more_moves_no_chance_of_others_before_it_strikes() {
    let lone = run(plan(vec![at(4_000, crash(broker(1), Ending::Power))]));
    let pause = PlannedAction::Pause { target: PlannedTarget::AnyBroker, lasts: None };
    let both = run(plan(vec![at(4_000, crash(broker(1), Ending::Power)), at(4_900, pause)]));
    let until = lone.steps.partition_point(|(step, _)| step.at < Instant::from_millis(4_900));
    assert_eq!(lone.steps[..until], both.steps[..until]);
}

fn with_chance(seed: u64) -> Notes {
    let mut plan = plan(vec![]);
    plan.duration = Instant::from_millis(60_000);
    plan.events_max = 1_000_000;
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
        every_ms: 400,
        budget: 100,
        lasts_ms: 3_000,
        weights,
        swarm: false,
        swarm_settings: Default::default(),
    });
    run_seed(plan, seed)
}

#[test]
fn random_faults_of_all_kinds_come_and_both_drivers_agree() {
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 0..5 {
        let notes = with_chance(seed);
        assert_eq!(notes.ended.end, RunEnd::Converged);
        let faults = notes.times(EventKind::FaultStruck).len() + notes.times(EventKind::FaultMissed).len();
        assert_eq!(faults, 100, "the budget is spent");
        kinds.extend(notes.told());
    }
    let wanted = [
        EventKind::NodeStopped,
        EventKind::NodePaused,
        EventKind::LinkCut,
        EventKind::LinkDegraded,
        EventKind::FollowerLagged,
        EventKind::FollowerLagEnded,
    ];
    assert!(wanted.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
}

#[test]
fn a_trace_is_shown_every_step_with_what_came_in_and_what_goes_out() {
    let prepared = prepared(plan(vec![at(1_000, crash(broker(1), Ending::Process))]));
    let (tell, told) = std::sync::mpsc::channel();
    let trace = move |seen: Seen<'_>| {
        let _ = tell.send((*seen.step, seen.input.cloned(), seen.events.to_vec(), seen.sends.len()));
    };
    let world = World::new(&prepared, 1, Notebook::default(), Some(Box::new(trace)));
    let notes = actors::drive(world, Chatters::default(), 1);
    let traced: Vec<_> = told.iter().collect();
    assert_eq!(traced.len(), notes.steps.len());
    for ((step, input, events, sends), noted) in traced.iter().zip(&notes.steps) {
        assert_eq!((step, events), (&noted.0, &noted.1));
        assert!(*sends == 0 || input.is_some());
    }
    let without_input = traced.iter().filter(|(_, input, ..)| input.is_none());
    assert_eq!(without_input.count(), 4, "crash, restart, heal, convergence");
}

#[test]
fn nothing_of_a_run_outlives_it() {
    let crashes =
        vec![at(1_000, crash(broker(1), Ending::Process)), at(1_000, crash(broker(2), Ending::Power))];
    let prepared = prepared(plan(crashes));
    let world = World::new(&prepared, 1, Notebook::default(), None);
    actors::drive(world, Chatters::default(), 1);
    assert_eq!(Arc::strong_count(&prepared), 1, "no task is left behind");
}
