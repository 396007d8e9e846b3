//! The smallest scenario so far, and the search for a smaller one.
//!
//! Candidates are tried in order, on several threads; the first in order that fails alike is taken, so that the way down is the
//! same whatever the number of threads. Those that were tried for nothing beside it do not count.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::edit;
use super::measure::{Cost, cost};
use super::trial::Bench;

/// Who is told how the search goes on: how many candidates were tried, and the best so far.
pub(crate) type Listener<'a> = dyn Fn(u64, &Value) + Sync + 'a;

/// A search.
pub(super) struct Search<'a> {
    pub(super) bench: &'a Bench,
    pub(super) best: Value,
    /// The seed on which it fails.
    pub(super) seed: u64,
    /// On which seeds besides a candidate may fail.
    pub(super) others: Vec<u64>,
    pub(super) jobs: usize,
    pub(super) tries: u64,
    pub(super) tried: u64,
    pub(super) stop: &'a (dyn Fn() -> bool + Sync),
    pub(super) listener: &'a Listener<'a>,
    /// Hashes of what was tried.
    pub(super) seen: BTreeSet<u64>,
    pub(super) cost: Cost,
    /// Whether one fault may strike what another holds.
    pub(super) overlaps: bool,
}

/// A scenario on a seed.
struct Candidate {
    file: Value,
    seed: u64,
    hash: u64,
    cost: Cost,
}

impl Search<'_> {
    /// Whether nothing more is to be tried.
    pub(super) fn is_over(&self) -> bool {
        self.tried >= self.tries || (self.stop)()
    }

    /// Takes the first of these that is smaller and fails alike. Says whether there was one.
    pub(super) fn improve(&mut self, files: impl IntoIterator<Item = Value>) -> bool {
        if self.is_over() {
            return false;
        }
        let candidates = self.candidates(files);
        let (jobs, overlaps) = (self.jobs, self.overlaps);
        let fails = |it: &Candidate| self.bench.fails(&it.file, it.seed, overlaps).is_some();
        let found = first(&candidates, jobs, self.stop, fails);
        let tried = found.map_or(candidates.len(), |place| place + 1);
        self.tried += tried as u64;
        self.seen.extend(candidates[..tried].iter().map(|it| it.hash));
        if let Some(taken) = found.and_then(|place| candidates.into_iter().nth(place)) {
            (self.best, self.seed, self.cost) = (taken.file, taken.seed, taken.cost);
        }
        (self.listener)(self.tried, &self.best);
        found.is_some()
    }

    /// Takes from the list that `make` makes of the best as long as that helps.
    pub(super) fn exhaust(&mut self, make: impl Fn(&Value) -> Vec<Value>) -> bool {
        let mut helped = false;
        while self.improve(make(&self.best)) {
            helped = true;
        }
        helped
    }

    /// Those that are worth trying: the seed on which the best fails first.
    fn candidates(&self, files: impl IntoIterator<Item = Value>) -> Vec<Candidate> {
        let mut smaller: Vec<(Value, Cost, String)> = Vec::new();
        for mut file in files {
            edit::tidy(&mut file);
            let cost = cost(&file);
            if cost < self.cost {
                let text = file.to_string();
                smaller.push((file, cost, text));
            }
        }
        let mut queued = BTreeSet::new();
        let mut candidates = Vec::new();
        let others = self.others.iter().copied().filter(|&other| other != self.seed);
        for seed in std::iter::once(self.seed).chain(others) {
            for (file, cost, text) in &smaller {
                let hash = xxh3_64(format!("{seed} {} {text}", self.overlaps).as_bytes());
                if !self.seen.contains(&hash) && queued.insert(hash) {
                    candidates.push(Candidate { file: file.clone(), seed, hash, cost: *cost });
                }
            }
        }
        candidates.truncate(usize::try_from(self.tries - self.tried).unwrap_or(usize::MAX));
        candidates
    }
}

/// The place of the first that passes the test. None is begun beyond one that has passed, and none once `stop` says so.
fn first<T: Sync>(
    items: &[T],
    jobs: usize,
    stop: &(dyn Fn() -> bool + Sync),
    passes: impl Fn(&T) -> bool + Sync,
) -> Option<usize> {
    let next = AtomicUsize::new(0);
    let found = AtomicUsize::new(usize::MAX);
    let work = || {
        while !stop() {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else { break };
            if place > found.load(Ordering::Relaxed) {
                break;
            }
            if passes(item) {
                found.fetch_min(place, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..jobs.min(items.len()) {
            scope.spawn(work);
        }
        work();
    });
    Some(found.into_inner()).filter(|&place| place < items.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_in_order_is_found_whatever_the_number_of_threads() {
        let items: Vec<u32> = (0..200).collect();
        for jobs in [1, 2, 7] {
            assert_eq!(first(&items, jobs, &|| false, |&item| item % 41 == 40), Some(40));
            assert_eq!(first(&items, jobs, &|| false, |_| false), None);
            assert_eq!(first(&items, jobs, &|| true, |_| true), None);
        }
        assert_eq!(first::<u32>(&[], 2, &|| false, |_| true), None);
    }
}
