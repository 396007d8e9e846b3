//! What a run holds in memory at most, with all judges and without: by how long its log is, and by how much happens.
//!
//! Bytes are counted by the allocator, so they repeat exactly. Without `--bench`, which `cargo bench` passes, only the smallest run
//! is measured.

#![expect(clippy::print_stdout, reason = "a table is what it makes")]

#[allow(dead_code, reason = "the benchmarks share their workloads, and each needs some of them")]
mod workloads;

use std::sync::Arc;

use highwater_reports::end::RunEnd;
use highwater_sim::prepared::Prepared;
use highwater_sim::run::{RunOptions, run};
use highwater_sim::scenario::plan::Plan;
use peak_alloc::PeakAlloc;

use crate::workloads::{SCALES, Workload, lasting};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// For how long a run goes on that stands idle once all is written: followers and members ask on, and the log does not grow.
const IDLE_MS: u32 = 2 * 3_600_000;

/// The most bytes that a run held at once, and how many events it told.
fn peak(workload: &Workload, judges: bool) -> (usize, u64) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let report = run(&workload.prepared, 0, RunOptions { judges, ..RunOptions::default() });
    (ALLOCATOR.peak_usage() - before, report.events)
}

/// What `--memory-max` takes the run to hold at most, to the percent: the smallest bound that it does not meet.
fn estimated(workload: &Workload) -> u64 {
    let meets = |most: u64| {
        let plan = Plan { memory_max: Some(most), ..(*workload.prepared.plan).clone() };
        let options = RunOptions { judges: false, ..RunOptions::default() };
        run(&Arc::new(Prepared::new(Arc::new(plan))), 0, options).end != RunEnd::Converged
    };
    let (mut low, mut high) = (1, 1);
    while meets(high) {
        (low, high) = (high, high * 2);
    }
    while high - low > high / 100 {
        let middle = low.midpoint(high);
        *(if meets(middle) { &mut low } else { &mut high }) = middle;
    }
    high
}

fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    println!(
        "{:>8} {:>12} {:>9} {:>12} {:>12} {:>12} {:>10} {:>12}",
        "records",
        "simulated s",
        "events",
        "kB unjudged",
        "kB judged",
        "kB judges",
        "B a record",
        "kB estimated"
    );
    for records in SCALES.into_iter().take(if full { SCALES.len() } else { 1 }) {
        for idle_ms in [0, IDLE_MS] {
            let duration_ms = records * 10 + 100 + idle_ms;
            let workload = lasting(records, duration_ms);
            // What is made once, for the first run of a process, is no part of a run.
            peak(&workload, true);
            let ((unjudged, _), (judged, events)) = (peak(&workload, false), peak(&workload, true));
            let judges = judged.saturating_sub(unjudged);
            let kilo = |bytes: usize| bytes as f64 / 1e3;
            println!(
                "{records:>8} {:>12.1} {events:>9} {:>12.1} {:>12.1} {:>12.1} {:>10.0} {:>12.1}",
                f64::from(duration_ms) / 1e3,
                kilo(unjudged),
                kilo(judged),
                kilo(judges),
                judges as f64 / f64::from(records),
                estimated(&workload) as f64 / 1e3,
            );
        }
    }
}
