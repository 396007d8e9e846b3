//! Work on many things at once, whose results come in the order of the things.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// What `work` makes of each of `items`, on so many threads. Once `stop` is set nothing more is begun; what was not begun comes to
/// nothing.
pub fn each<T: Sync, R: Send>(
    items: &[T],
    jobs: usize,
    stop: &AtomicBool,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<Option<R>> {
    let next = AtomicUsize::new(0);
    let share = || {
        let mut done = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else { break };
            done.push((place, work(item)));
        }
        done
    };
    let others = jobs.min(items.len()).saturating_sub(1);
    let mut results: Vec<Option<R>> = items.iter().map(|_| None).collect();
    thread::scope(|scope| {
        let others: Vec<_> = (0..others).map(|_| scope.spawn(share)).collect();
        let mine = share();
        let theirs = others.into_iter().flat_map(|other| match other.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        for (place, result) in mine.into_iter().chain(theirs) {
            results[place] = Some(result);
        }
    });
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_whatever_the_number_of_threads() {
        let items: Vec<u32> = (0..100).collect();
        for jobs in [1, 2, 7, 200] {
            let squares = each(&items, jobs, &AtomicBool::new(false), |item| item * item);
            assert!(squares.iter().zip(&items).all(|(square, item)| *square == Some(item * item)));
        }
    }

    #[test]
    fn once_stopped_nothing_more_is_begun() {
        let stop = AtomicBool::new(false);
        let done = each(&[1, 2, 3], 1, &stop, |&item| {
            stop.store(true, Ordering::Relaxed);
            item
        });
        assert_eq!(done, [Some(1), None, None]);
    }
}
