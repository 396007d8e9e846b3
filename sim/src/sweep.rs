//! Many seeds of one scenario, over all cores. What comes out does not depend on how many there are.
//!
//! Threads take seeds a few at a time. What they played is added in ascending order of seeds ([`order`]), so that whoever
//! listens hears one seed after the other, and a sweep that ends early ends after a seed: all before it are in the report
//! and none beyond. With the same seeds played, the report is the same.

mod order;

use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use highwater_reports::end::RunEnd;
use highwater_reports::report::RunReport;
use highwater_reports::sweep::SweepReport;

use self::order::Order;
use crate::prepared::Prepared;
use crate::run::{self, RunOptions};

/// How many seeds a thread takes at a time: few enough that all threads end together.
const SEEDS_AT_A_TIME: u64 = 8;

/// Which seeds, and on how many threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepOptions {
    /// Every seed in this range is run once.
    pub seeds: Range<u64>,
    /// How many threads; at least one is used.
    pub jobs: usize,
}

/// Is told how a sweep goes on, from many threads.
pub trait Progress: Sync {
    /// So many more seeds are done, of which so many did not go as expected.
    fn done(&self, seeds: u64, unexpected: u64);
}

/// Nobody watches.
impl Progress for () {
    fn done(&self, _seeds: u64, _unexpected: u64) {}
}

/// Hears each run, in ascending order of seeds. Who breaks off ends the sweep after that seed.
pub type Listener<'a> = dyn FnMut(&RunReport) -> ControlFlow<()> + Send + 'a;

/// When a sweep ends before its last seed.
pub struct Bounds<'a> {
    /// After so many seeds that did not go as expected.
    pub failures: Option<u64>,
    /// Once this says so, no further seed is begun.
    pub stop: &'a (dyn Fn() -> bool + Sync),
    /// Once this is set the seeds under way are given up, and no further one is begun.
    pub give_up: Option<&'a Arc<AtomicBool>>,
}

/// Plays every seed and adds up what comes of it. Once `stop` is set the seeds under way are given up, and what was found
/// in those before them is returned; [`SweepReport::seeds`] tells how many there were.
pub fn sweep(
    prepared: &Arc<Prepared>,
    options: &SweepOptions,
    progress: &dyn Progress,
    stop: &Arc<AtomicBool>,
) -> SweepReport {
    let bounds = Bounds { failures: None, stop: &|| stop.load(Ordering::Relaxed), give_up: Some(stop) };
    sweep_within(prepared, options, &bounds, progress, &mut |_| ControlFlow::Continue(()))
}

/// Plays seeds in ascending order until the last one or until one of the bounds, and lets `listener` hear each.
pub fn sweep_within(
    prepared: &Arc<Prepared>,
    options: &SweepOptions,
    bounds: &Bounds<'_>,
    progress: &dyn Progress,
    listener: &mut Listener<'_>,
) -> SweepReport {
    // Counted from the first seed, so that no range runs over the last number there is.
    let (first, count) = (options.seeds.start, options.seeds.end - options.seeds.start);
    let next = AtomicU64::new(0);
    // Never more threads than chunks: an idle thread is still made.
    let chunks = count.div_ceil(SEEDS_AT_A_TIME);
    let jobs = (options.jobs as u64).min(chunks).max(1);
    let order = Order::new(SweepReport::new(&prepared.panel), bounds.failures, jobs, progress, listener);
    let work = || {
        let _open = order.guard();
        loop {
            let chunk = next.fetch_add(1, Ordering::Relaxed);
            let begin = chunk.saturating_mul(SEEDS_AT_A_TIME);
            if begin >= count || !order.awaits(chunk) {
                break;
            }
            let seeds = SEEDS_AT_A_TIME.min(count - begin);
            let mut runs = Vec::with_capacity(seeds as usize);
            for place in 0..seeds {
                if (bounds.stop)() || order.is_closed() {
                    break;
                }
                let options = RunOptions { stop: bounds.give_up.cloned(), ..RunOptions::default() };
                let run = run::run(prepared, first + begin + place, options);
                if run.end == RunEnd::Interrupted {
                    break;
                }
                runs.push(run);
            }
            let whole = runs.len() as u64 == seeds;
            order.take(chunk, runs, whole);
        }
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..jobs).map(|_| scope.spawn(work)).collect();
        work();
        for other in others {
            if let Err(panic) = other.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    order.into_sum()
}

#[cfg(test)]
#[path = "sweep_test.rs"]
mod sweep_test;
