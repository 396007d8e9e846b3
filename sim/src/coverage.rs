//! What scenarios reach: each is played on the same seeds, and heard out.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use highwater_model::event::Event;
use highwater_model::machine::Ending;
use highwater_model::message::ErrorCode;
use highwater_model::protocol::Switch;
use highwater_reports::end::RunEnd;
use highwater_reports::reach::{Item, Reach, Sort};
use strum::IntoEnumIterator;

use crate::faults::Chance;
use crate::prepared::Prepared;
use crate::run::{RunOptions, run_bare};
use crate::scenario::format::RandomFault;
use crate::scenario::plan::{PlannedAction, PlannedFault, PlannedWhen};
use crate::scenario::shape::{Shape, choices};
use crate::seed::Seed;
use crate::sweep::Progress;
use crate::trace::Seen;

/// How many seeds are played at a time.
const SEEDS_AT_A_TIME: u64 = 8;

/// Plays every scenario on these seeds and says what they reach. Once `stop` is set no more is begun and what is
/// under way is given up. What comes out does not depend
/// on `jobs`.
pub fn coverage(
    scenarios: &[(String, Arc<Prepared>)],
    seeds: &Range<u64>,
    jobs: usize,
    progress: &dyn Progress,
    stop: &Arc<AtomicBool>,
) -> Reach {
    let names = scenarios.iter().map(|(name, _)| name.clone()).collect();
    let count = seeds.end - seeds.start;
    let reach = Mutex::new(Reach::new(names, seeds.start, count, everything()));
    // Counted and not listed: of many seeds even the list would be long.
    let chunks = count.div_ceil(SEEDS_AT_A_TIME);
    let parts = chunks.saturating_mul(scenarios.len() as u64);
    let (next, whole) = (AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let part = next.fetch_add(1, Ordering::Relaxed);
            if part >= parts {
                break;
            }
            let (place, begin) = ((part / chunks) as usize, part % chunks * SEEDS_AT_A_TIME);
            let played = SEEDS_AT_A_TIME.min(count - begin);
            let first = seeds.start + begin;
            let found: Vec<_> = (first..first + played)
                .filter_map(|seed| reached(&scenarios[place].1, seed, Some(stop)))
                .collect();
            progress.done(played, 0);
            whole.fetch_add(found.len() as u64, Ordering::Relaxed);
            // Sums, which the order of threads does not change.
            let mut reach = reach.lock().unwrap_or_else(PoisonError::into_inner);
            for item in found.into_iter().flatten() {
                reach.add(place, item, 1);
            }
        }
    };
    thread::scope(|scope| {
        let others = (1..(jobs as u64).min(parts).max(1)).map(|_| scope.spawn(work));
        let others: Vec<_> = others.collect();
        work();
        for other in others {
            if let Err(panic) = other.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    let mut reach = reach.into_inner().unwrap_or_else(PoisonError::into_inner);
    let whole = whole.into_inner();
    if whole < count.saturating_mul(scenarios.len() as u64) {
        reach.interrupt(whole);
    }
    reach
}

/// All that there is to be reached.
fn everything() -> impl Iterator<Item = Item> {
    let errors = ErrorCode::iter().filter(|&error| error != ErrorCode::None);
    Item::of_reports()
        .chain(
            ACTIONS
                .iter()
                .flat_map(|action| WHENS.map(|when| Item::new(Sort::Fault, format!("{action}, {when}")))),
        )
        .chain(RandomFault::iter().map(by_chance))
        .chain(errors.map(|error| Item::new(Sort::Error, error.name())))
        .chain(switches())
}

/// Every value that a switch may have, as the schema says.
fn switches() -> Vec<Item> {
    let shape = Shape::default();
    let values = |switch: Switch| -> Vec<Item> {
        let schema = &shape.definition("Switches")["properties"][switch.name()];
        let mut words = choices(shape.resolve(schema).0);
        if words.is_empty() {
            words = vec!["false", "true"];
        }
        words.into_iter().map(|word| value(switch, word)).collect()
    };
    Switch::iter().flat_map(values).collect()
}

fn value(switch: Switch, word: &str) -> Item {
    Item::new(Sort::Switch, format!("{}={word}", switch.name()))
}

/// What one seed reaches; none if it was given up.
fn reached(prepared: &Arc<Prepared>, seed: u64, stop: Option<&Arc<AtomicBool>>) -> Option<BTreeSet<Item>> {
    let heard = Arc::new(Mutex::new(Heard::default()));
    let hearing = Arc::clone(&heard);
    let trace = move |seen: Seen<'_>| hearing.lock().unwrap_or_else(PoisonError::into_inner).hear(&seen);
    let options = RunOptions { trace: Some(Box::new(trace)), stop: stop.cloned(), ..RunOptions::default() };
    let report = run_bare(prepared, seed, options);
    if report.end == RunEnd::Interrupted {
        return None;
    }
    let heard = std::mem::take(&mut *heard.lock().unwrap_or_else(PoisonError::into_inner));
    let protocol = &prepared.plan.config.protocol;
    let mut items: BTreeSet<Item> = Item::reached_by(&report).collect();
    items.extend(heard.errors.iter().map(|error| Item::new(Sort::Error, error.name())));
    items.extend(Switch::iter().map(|switch| value(switch, protocol.value(switch))));
    let kinds = Chance::new(&prepared.plan, &Seed::new(seed)).map(Chance::kinds).unwrap_or_default();
    items.extend(heard.faults.iter().filter_map(|&(fault, random)| {
        let place = fault as usize;
        if random {
            kinds.get(place).copied().map(by_chance)
        } else {
            prepared.plan.faults.get(place).map(planned)
        }
    }));
    Some(items)
}

/// What a run tells beside its report.
#[derive(Default)]
struct Heard {
    errors: BTreeSet<ErrorCode>,
    /// Which fault struck, and whether by chance.
    faults: BTreeSet<(u32, bool)>,
}

impl Heard {
    fn hear(&mut self, seen: &Seen<'_>) {
        for event in seen.events {
            self.errors.extend(event.error());
            if let Event::FaultStruck { fault, random } = *event {
                self.faults.insert((fault, random));
            }
        }
        for sent in seen.sends {
            sent.message.body.each_error(&mut |error| {
                if error != ErrorCode::None {
                    self.errors.insert(error);
                }
            });
        }
    }
}

/// What a fault of a scenario may do.
const ACTIONS: [&str; 13] = [
    "crash",
    "power failure",
    "shutdown",
    "leave",
    "join",
    "pause",
    "partition",
    "cut",
    "degrade",
    "lag",
    "drop",
    "elect_preferred",
    "create_partitions",
];
/// And when.
const WHENS: [&str; 2] = ["at a set time", "upon an event"];

fn by_chance(kind: RandomFault) -> Item {
    Item::new(Sort::Fault, format!("{}, by chance", kind.name()))
}

fn planned(fault: &PlannedFault) -> Item {
    let [timed, anchored] = WHENS;
    let when = if matches!(fault.when, PlannedWhen::At(_)) { timed } else { anchored };
    Item::new(Sort::Fault, format!("{}, {when}", action(&fault.action)))
}

/// As [`ACTIONS`] has it.
pub(crate) fn action(action: &PlannedAction) -> &'static str {
    match action {
        PlannedAction::Crash { ending: Ending::Power, .. } => "power failure",
        PlannedAction::Crash { .. } => "crash",
        PlannedAction::Shutdown { .. } => "shutdown",
        PlannedAction::Leave { .. } => "leave",
        PlannedAction::Join { .. } => "join",
        PlannedAction::Pause { .. } => "pause",
        PlannedAction::Partition { .. } => "partition",
        PlannedAction::Cut { .. } => "cut",
        PlannedAction::Degrade { .. } => "degrade",
        PlannedAction::Lag { .. } => "lag",
        PlannedAction::Drop { .. } => "drop",
        PlannedAction::ElectPreferred { .. } => "elect_preferred",
        PlannedAction::CreatePartitions { .. } => "create_partitions",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::load::load_str;

    fn scenario(random: &str) -> Arc<Prepared> {
        let text = format!(
            r#"{{ "story": "A broker stands still.", "cluster": {{ "brokers": 3 }}, "topics": [{{ "name": "orders", "replication": 3 }}],
              "producers": [{{ "name": "shop", "topic": "orders", "records": 5, "every_ms": 50 }}],
              "faults": [{{ "when": {{ "at_ms": 1600 }}, "do": {{ "pause": 2, "for_ms": 100 }} }}],
              {random} "duration_ms": 6000 }}"#
        );
        let loaded = load_str("still.json", &text, &[]).expect("the scenario is valid");
        Arc::new(Prepared::new(loaded.plan))
    }

    #[test]
    fn a_random_fault_is_known_by_its_kind_though_its_event_does_not_tell() {
        let random = r#""random_faults": { "every_ms": 500, "budget": 8, "lasts_ms": 300, "weights": { "drop_ack": 1, "elect_preferred": 1, "pause": 1 } },"#;
        let prepared = scenario(random);
        for seed in 0..10 {
            let items = reached(&prepared, seed, None).unwrap();
            let paused = Mutex::new(0u32);
            let count = Arc::new(paused);
            let counting = Arc::clone(&count);
            let trace = move |seen: Seen<'_>| {
                let chance =
                    seen.events.iter().any(|event| matches!(event, Event::FaultStruck { random: true, .. }));
                let pauses = seen.events.iter().any(|event| matches!(event, Event::NodePaused { .. }));
                *counting.lock().unwrap() += u32::from(chance && pauses);
            };
            run_bare(&prepared, seed, RunOptions { trace: Some(Box::new(trace)), ..RunOptions::default() });
            assert_eq!(
                items.contains(&by_chance(RandomFault::Pause)),
                *count.lock().unwrap() > 0,
                "seed {seed}"
            );
        }
    }

    #[test]
    fn what_is_reached_is_among_what_there_is_and_does_not_depend_on_the_number_of_threads() {
        let scenarios = [("still".to_owned(), scenario(""))];
        let all: BTreeSet<Item> = everything().collect();
        let items = reached(&scenarios[0].1, 3, None).unwrap();
        assert!(items.is_subset(&all), "{:?}", items.difference(&all).collect::<Vec<_>>());
        assert!(items.contains(&Item::new(Sort::Fault, "pause, at a set time")));
        assert!(items.contains(&Item::new(Sort::Switch, "controller=zookeeper")));
        let with = |jobs| coverage(&scenarios, &(0..20), jobs, &(), &Arc::default());
        assert_eq!(with(1), with(3));
    }
}
