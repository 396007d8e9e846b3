//! Runs that many threads play in any order, added in ascending order of seeds.
//!
//! A thread hands in what it played; whoever hands in the chunk that is next adds it, and those behind it that waited. No
//! thread begins a chunk too far beyond the next one, so that a slow seed does not let finished ones pile up.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};

use highwater_reports::outcome::Outcome;
use highwater_reports::report::RunReport;
use highwater_reports::sweep::SweepReport;

use super::{Listener, Progress};

/// How many chunks may wait for one before them, for each thread.
const WAITING_MAX: u64 = 16;

/// Where all threads of a sweep meet.
pub(super) struct Order<'a, 'l> {
    state: Mutex<State<'a, 'l>>,
    moved: Condvar,
    /// Nothing more is added. Beside the lock, so that threads can look between two seeds.
    closed: AtomicBool,
    ahead: u64,
    progress: &'a dyn Progress,
}

struct State<'a, 'l> {
    sum: SweepReport,
    /// The chunk that is added next.
    next: u64,
    waiting: BTreeMap<u64, Chunk>,
    /// How many more failures until the sweep ends.
    failures_left: Option<u64>,
    listener: &'a mut Listener<'l>,
}

/// Some seeds in a row.
struct Chunk {
    runs: Vec<RunReport>,
    /// False if it was broken off: no later seed counts.
    whole: bool,
}

impl<'a, 'l> Order<'a, 'l> {
    pub(super) fn new(
        sum: SweepReport,
        failures: Option<u64>,
        jobs: u64,
        progress: &'a dyn Progress,
        listener: &'a mut Listener<'l>,
    ) -> Self {
        let state = State { sum, next: 0, waiting: BTreeMap::new(), failures_left: failures, listener };
        Self {
            state: Mutex::new(state),
            moved: Condvar::new(),
            closed: AtomicBool::new(failures == Some(0)),
            ahead: WAITING_MAX * jobs,
            progress,
        }
    }

    /// Closes the sweep if the thread that holds this panics: nobody may wait for its chunk.
    pub(super) fn guard(&self) -> impl Drop {
        Guard { order: self }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Waits until this chunk may begin; false if the sweep is over.
    pub(super) fn awaits(&self, chunk: u64) -> bool {
        let waits = |state: &mut State<'_, '_>| !self.is_closed() && chunk >= state.next + self.ahead;
        let waited = self.moved.wait_while(self.lock(), waits);
        drop(waited);
        !self.is_closed()
    }

    /// Takes in a chunk, and adds it and those behind it if it is the next.
    pub(super) fn take(&self, chunk: u64, runs: Vec<RunReport>, whole: bool) {
        let mut state = self.lock();
        state.waiting.insert(chunk, Chunk { runs, whole });
        let next = state.next;
        while !self.is_closed() {
            let next = state.next;
            let Some(chunk) = state.waiting.remove(&next) else { break };
            state.next += 1;
            if self.add(&mut state, chunk).is_break() {
                self.close();
                // Nobody needs what lies beyond.
                state.waiting.clear();
            }
        }
        if state.next != next {
            self.moved.notify_all();
        }
    }

    fn add(&self, state: &mut State<'_, '_>, chunk: Chunk) -> ControlFlow<()> {
        let (mut seeds, mut unexpected) = (0, 0);
        let mut flow = if chunk.whole { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
        for run in chunk.runs {
            let failed = run.outcome != Outcome::AsExpected;
            seeds += 1;
            unexpected += u64::from(failed);
            let heard = (state.listener)(&run);
            state.sum.add(run);
            if let Some(left) = state.failures_left.as_mut().filter(|_| failed) {
                *left -= 1;
            }
            if heard.is_break() || state.failures_left == Some(0) {
                flow = ControlFlow::Break(());
                break;
            }
        }
        self.progress.done(seeds, unexpected);
        flow
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State<'a, 'l>> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What was added.
    pub(super) fn into_sum(self) -> SweepReport {
        self.state.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).sum
    }
}

struct Guard<'o, 'a, 'l> {
    order: &'o Order<'a, 'l>,
}

impl Drop for Guard<'_, '_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let state = self.order.lock();
            self.order.close();
            drop(state);
            self.order.moved.notify_all();
        }
    }
}
