//! Clients that crash, stop, leave, join and stand still: what the world does, under both drivers.

use highwater_model::event::{Event, EventKind, Step};
use highwater_model::ids::NodeId;
use highwater_model::machine::Ending;
use highwater_model::time::{Instant, Micros};
use highwater_model::view::ClusterView;
use highwater_reports::end::RunEnd;

use crate::driver::{Ended, Observer};
use crate::scenario::format::{RandomFault, RandomFaults};
use crate::scenario::plan::{Plan, PlannedAction, PlannedTarget};
use crate::testing::{Chatters, Notebook, Notes, at, crash, plan, prepared};
use crate::world::World;
use crate::{actors, bare};

const SHOP: PlannedTarget = PlannedTarget::Node(NodeId(4));
const BILLING_0: PlannedTarget = PlannedTarget::Node(NodeId(5));

/// On both drivers, which must agree.
fn run(plan: Plan) -> Notes {
    let prepared = prepared(plan);
    let notebook = Notebook { well_at: Instant::from_millis(5_100), ..Notebook::default() };
    let world = || World::new(&prepared, 1, notebook.clone(), None);
    let bare = bare::drive(world(), Chatters::default());
    assert_eq!(bare, actors::drive(world(), Chatters::default(), 1));
    bare
}

/// How many steps a node took after `from` and before `to`, in milliseconds.
fn steps_of(notes: &Notes, node: u16, from: u64, to: u64) -> usize {
    let between = Instant::from_millis(from) + Micros(1)..Instant::from_millis(to);
    notes.steps.iter().filter(|(step, _)| step.node == NodeId(node) && between.contains(&step.at)).count()
}

fn leave() -> PlannedAction {
    PlannedAction::Leave { target: BILLING_0 }
}

fn join() -> PlannedAction {
    PlannedAction::Join { target: BILLING_0 }
}

#[test]
fn a_client_that_crashes_is_silent_until_it_restarts() {
    for (target, node) in [(SHOP, 4), (BILLING_0, 5)] {
        let notes = run(plan(vec![at(1_000, crash(target, Ending::Process))]));
        assert_eq!(notes.times(EventKind::NodeStopped), [1_000]);
        assert_eq!(notes.times(EventKind::NodeRestarted), [1_500]);
        assert_eq!(steps_of(&notes, node, 1_000, 1_500), 0);
        assert!(steps_of(&notes, node, 1_500, 2_000) > 50);
        assert!(notes.times(EventKind::BrokerFenced).len() >= 5, "its connections broke");
        assert_eq!(notes.ended.end, RunEnd::Converged);
    }
}

#[test]
fn after_a_producers_restart_it_is_asked_again_for_everything_unanswered_and_then_goes_on() {
    let notes = run(plan(vec![at(1_000, crash(SHOP, Ending::Process))]));
    let asked = notes.times(EventKind::ControlledShutdownStarted);
    // Records are due at 100, 150, ...; chatters never answer, and the one of 1000 ms comes after the fault.
    assert_eq!(asked[..18], (0..18).map(|number| 100 + 50 * number).collect::<Vec<u64>>());
    assert_eq!(asked[18..18 + 29], [1_500; 29], "18 again, and those of 1000 to 1500 ms");
    assert_eq!(asked[47..], (29..40).map(|number| 100 + 50 * number).collect::<Vec<u64>>());
}

#[test]
fn a_crashed_client_that_nobody_restarts_comes_back_at_the_heal() {
    let crash =
        PlannedAction::Crash { target: BILLING_0, ending: Ending::Process, keeps: None, restart_after: None };
    let notes = run(plan(vec![at(1_000, crash)]));
    assert_eq!(notes.times(EventKind::NodeRestarted), [5_000]);
}

#[test]
fn a_member_that_is_shut_down_closes_and_starts_again() {
    let restart_after = Some(Micros::from_millis(300));
    let notes = run(plan(vec![at(
        1_000,
        PlannedAction::Shutdown { target: BILLING_0, controlled: true, restart_after },
    )]));
    let stopped = notes.events().find(|(_, event)| event.kind() == EventKind::NodeStopped).unwrap();
    assert_eq!(*stopped.1, Event::NodeStopped { node: NodeId(5), ending: Ending::Clean });
    assert_eq!(notes.times(EventKind::NodeRestarted), [1_300]);
}

#[test]
fn a_producer_cannot_be_asked_to_stop_or_to_leave() {
    let shutdown = PlannedAction::Shutdown { target: SHOP, controlled: true, restart_after: None };
    let notes = run(plan(vec![at(1_000, shutdown), at(1_100, PlannedAction::Leave { target: SHOP })]));
    assert_eq!(notes.times(EventKind::FaultMissed), [1_000, 1_100]);
}

#[test]
fn a_member_that_left_stays_away_through_the_heal() {
    let notes = run(plan(vec![at(1_000, leave())]));
    assert_eq!(notes.times(EventKind::NodeStopped), [1_000]);
    assert!(notes.times(EventKind::NodeRestarted).is_empty());
    assert_eq!(steps_of(&notes, 5, 1_000, 9_000), 0);
    assert_eq!(notes.ended.end, RunEnd::Converged);
}

#[test]
fn a_member_that_left_joins_again_if_it_is_told_to() {
    let notes = run(plan(vec![at(1_000, leave()), at(2_000, join()), at(2_500, join())]));
    assert_eq!(notes.times(EventKind::NodeRestarted), [2_000]);
    assert_eq!(notes.times(EventKind::FaultMissed), [2_500], "it is there already");
    assert!(steps_of(&notes, 5, 2_000, 3_000) > 100);
}

#[test]
fn a_member_that_is_to_join_does_not_run_before_and_not_by_the_heal() {
    let joining = |faults| {
        let mut plan = plan(faults);
        plan.groups[0].joining = 1;
        run(plan)
    };
    let never = joining(vec![]);
    assert!(never.steps.iter().all(|(step, _)| step.node != NodeId(5)));
    assert_eq!(never.ended.end, RunEnd::Converged);
    let joined = joining(vec![at(2_000, join())]);
    assert_eq!(joined.times(EventKind::NodeRestarted), [2_000]);
    assert_eq!(steps_of(&joined, 5, 0, 2_000), 0);
    assert!(steps_of(&joined, 5, 2_000, 3_000) > 100);
    let crash =
        PlannedAction::Crash { target: BILLING_0, ending: Ending::Process, keeps: None, restart_after: None };
    let crashed = joining(vec![at(2_000, join()), at(3_000, crash)]);
    assert_eq!(crashed.times(EventKind::NodeRestarted), [2_000, 5_000], "it had been running");
}

#[test]
fn a_restart_that_was_due_does_not_bring_back_who_left_meanwhile() {
    let crash = crash(BILLING_0, Ending::Process);
    let notes = run(plan(vec![at(1_000, crash), at(1_100, join()), at(1_200, leave())]));
    assert_eq!(notes.times(EventKind::NodeRestarted), [1_100]);
    assert_eq!(steps_of(&notes, 5, 1_200, 9_000), 0);
}

#[test]
fn a_zombie_that_is_asked_to_leave_does_so_when_it_wakes() {
    let pause = PlannedAction::Pause { target: BILLING_0, lasts: None };
    let notes = run(plan(vec![at(1_000, pause), at(2_000, leave())]));
    assert_eq!(notes.times(EventKind::NodeStopped), [5_000]);
    assert!(notes.times(EventKind::NodeRestarted).is_empty());
}

#[test]
fn a_crash_ends_a_clients_pause() {
    let pause = PlannedAction::Pause { target: SHOP, lasts: Some(Micros::from_millis(700)) };
    let notes = run(plan(vec![at(1_000, pause), at(1_100, crash(SHOP, Ending::Process))]));
    assert!(notes.times(EventKind::NodeResumed).is_empty());
    assert_eq!(notes.times(EventKind::NodeRestarted), [1_600]);
}

/// Sees which members take part.
#[derive(Clone, Default)]
struct Register {
    active: Vec<(u64, bool)>,
}

impl Observer for Register {
    type Report = Vec<(u64, bool)>;

    fn look(&mut self, step: &Step, _events: &[Event], view: &ClusterView) {
        let member = &view.consumers[0];
        assert!(member.active || !member.stable && member.positions.is_empty());
        if self.active.last().is_none_or(|&(_, active)| active != member.active) {
            self.active.push((step.at.0 / 1_000, member.active));
        }
    }

    fn converged(&self, _view: &ClusterView) -> bool {
        true
    }

    fn pending(&self, _view: &ClusterView) -> Vec<String> {
        Vec::new()
    }

    fn finish(self, _view: &ClusterView, _ended: Ended) -> Vec<(u64, bool)> {
        self.active
    }
}

#[test]
fn the_view_shows_who_takes_part() {
    let register = |joining, faults| {
        let mut plan = plan(faults);
        plan.groups[0].joining = joining;
        bare::drive(World::new(&prepared(plan), 1, Register::default(), None), Chatters::default())
    };
    assert_eq!(register(0, vec![]), [(0, true)]);
    assert_eq!(register(1, vec![]), [(0, false)]);
    assert_eq!(register(1, vec![at(2_000, join())]), [(0, false), (2_000, true)]);
    let crash = crash(BILLING_0, Ending::Process);
    assert_eq!(register(0, vec![at(1_000, crash)]), [(0, true), (1_000, false), (1_500, true)]);
    assert_eq!(register(0, vec![at(1_000, leave())]), [(0, true), (1_000, false)]);
}

#[test]
fn chance_strikes_clients_and_nobody_else() {
    let mut plan = plan(vec![]);
    let weights = [(RandomFault::CrashClient, 1), (RandomFault::PauseClient, 1)].into();
    plan.random = Some(RandomFaults {
        every_ms: 200,
        budget: 20,
        lasts_ms: 400,
        weights,
        swarm: false,
        swarm_settings: Default::default(),
    });
    let notes = run(plan);
    let mut struck = Vec::new();
    for (_, event) in notes.events() {
        if let Event::NodeStopped { node, .. } | Event::NodePaused { node } = *event {
            struck.push((event.kind(), node));
        }
    }
    for kind in [EventKind::NodeStopped, EventKind::NodePaused] {
        for node in [NodeId(4), NodeId(5)] {
            assert!(struck.contains(&(kind, node)), "{kind:?} {node} in {struck:?}");
        }
    }
    assert!(struck.iter().all(|&(_, node)| node > NodeId(3)));
    assert_eq!(notes.ended.end, RunEnd::Converged);
}
