//! Many seeds of one scenario, over all cores. What comes out does not depend on how many there are.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use highwater_reports::sweep::SweepReport;

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

/// Plays every seed and adds up what comes of it. Once `stop` is set no further seed is begun, and what was found so far
/// is returned; [`SweepReport::seeds`] tells how many there were.
pub fn sweep(
    prepared: &Arc<Prepared>,
    options: &SweepOptions,
    progress: &dyn Progress,
    stop: &AtomicBool,
) -> SweepReport {
    // Counted from the first seed, so that no range runs over the last number there is.
    let (first, count) = (options.seeds.start, options.seeds.end - options.seeds.start);
    let next = AtomicU64::new(0);
    let work = || {
        let mut sum = SweepReport::new(&prepared.panel);
        while !stop.load(Ordering::Relaxed) {
            let begin = next.fetch_add(1, Ordering::Relaxed).saturating_mul(SEEDS_AT_A_TIME);
            if begin >= count {
                break;
            }
            let before = sum.expected_runs();
            let seeds = SEEDS_AT_A_TIME.min(count - begin);
            for place in 0..seeds {
                sum.add(run::run(prepared, first + begin + place, RunOptions::default()));
            }
            progress.done(seeds, seeds - (sum.expected_runs() - before));
        }
        sum
    };
    // Never more threads than chunks: an idle thread is still made.
    let chunks = count.div_ceil(SEEDS_AT_A_TIME);
    let others = (options.jobs as u64).min(chunks).saturating_sub(1);
    thread::scope(|scope| {
        let others: Vec<_> = (0..others).map(|_| scope.spawn(work)).collect();
        let mut sum = work();
        for other in others {
            match other.join() {
                Ok(part) => sum.merge(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        sum
    })
}
